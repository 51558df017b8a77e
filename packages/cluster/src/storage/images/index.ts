/**
 * Images: complete, stopped PostgreSQL data directories that are copied instead of made.
 *
 * `ImageCache` keeps those that cost time to make in the user's cache folder, for every later start of any process.
 *
 * Always true
 * - An image has its name only when it is complete, and is used only when it holds what it held when it was made.
 * - An image holds no secret: no key, no password, no certificate. They belong to one cluster and are made with it.
 * - A cache that cannot be used costs time and nothing else.
 */
export { copyTree, treeEntries } from "./copy-tree.ts";
export { ImageCache, type ImageKey } from "./image-cache.ts";
export { Snapshots } from "./snapshots.ts";

/**
 * What is published, and of which workspace it is made, with the bounds that docs/releasing.md states. Doors are those of the workspace's `exports`; a program is started by
 * its path, so it is a file of its own.
 */
export const published = [
  {
    name: "dsql-toolkit",
    workspace: "packages/toolkit",
    programs: [],
    assets: [],
    bin: {},
    // Types speak of `pg` and of Node: without these they would be `any` for who has not installed them.
    typesOf: ["@types/node", "@types/pg"],
    optionalPeers: ["postgres"],
    kibibytesMax: 320,
    packagesMax: 50,
  },
  {
    name: "dsql-local",
    workspace: "packages/cli",
    programs: [
      "packages/cli/dist/src/dsql.js",
      "packages/cli/dist/src/helper.js",
      "packages/cluster/dist/src/storage/postmaster/guardian.js",
      "packages/cloud/dist/src/lambda/worker/main.js",
      "packages/load/dist/src/threads/thread.js",
    ],
    // A folder comes with all that is in it.
    assets: ["packages/cloud/dist/src/preload/dsql-local-preload.cjs", "packages/console/dist/src/page"],
    bin: { dsql: "cli/dsql.js", helper: "cli/helper.js" },
    typesOf: ["@types/node", "@types/pg"],
    optionalPeers: [],
    kibibytesMax: 1300,
    packagesMax: 96,
  },
];

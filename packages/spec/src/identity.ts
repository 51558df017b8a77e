/** What the service says of itself. Source: recorded answers of 2026-09, https://github.com/Dreamescaper/dsql-emulator. */
export const identity = {
  serverVersion: "16.15",
  serverVersionNum: "160015",
  /** What SHOW answers; the real bound is `limits.connectionsPerClusterMax`. */
  maxConnections: "20",
} as const;

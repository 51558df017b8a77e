/**
 * SQLSTATEs of notices in which functions of the system schema tell the cluster what a statement does to its backend. They
 * travel with the answer, ahead of its end, and no client sees them.
 */
export const announcement = {
  /** set_config() is about to change a setting. */
  settings: "DQ001",
  /** setseed() has run: random() gives what follows from it. */
  seed: "DQ002",
} as const;

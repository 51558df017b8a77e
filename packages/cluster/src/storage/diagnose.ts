/** Turns PostgreSQL's own words about a failed start into a problem and a remedy. */
import { StorageError } from "./storage-error.ts";

interface Diagnosis {
  readonly seen: RegExp;
  readonly problem: (postgresDir: string, match: RegExpMatchArray) => string;
  readonly remedy: string;
}

const startElsewhere =
  "Bring back a copy of the data directory, or start with another one; nothing was changed in this one.";

/** The first that matches counts. */
const diagnoses: readonly Diagnosis[] = [
  {
    seen: /No space left on device|Disk quota exceeded|could not resize shared memory/i,
    problem: (dir) => `The disk that holds ${dir} is full.`,
    remedy: "Free some space, then start again; nothing that was committed is lost.",
  },
  {
    seen: /Read-only file system/i,
    problem: (dir) => `The disk that holds ${dir} is read-only.`,
    remedy: "Mount it for writing, or choose another data directory.",
  },
  {
    seen: /error while loading shared libraries: (\S+):|Library not loaded: (\S+)/,
    problem: (_, match) =>
      `PostgreSQL's programs need the library ${match[1] ?? match[2] ?? ""}, which this system lacks.`,
    remedy:
      "Install it with the system's package manager (on Debian and Ubuntu: apt-get install libstdc++6).",
  },
  {
    // The loader that the programs name is missing where the C library is not glibc; the system then calls the program
    // itself missing.
    seen: /spawn \S+ ENOENT|Error relocating/,
    problem: () => "PostgreSQL's programs need glibc, and this system has another C library.",
    remedy:
      "Run on a distribution with glibc; in a container take an image such as node:22-slim, not node:22-alpine.",
  },
  {
    seen: /spawn \S+ E(ACCES|PERM|INVAL)/,
    problem: () => "The system does not let PostgreSQL's programs run, or not as an unprivileged user.",
    remedy:
      "Install where programs may be executed (a mount without noexec), and do not start as root in a user namespace that has no other users.",
  },
  {
    seen: /pre-existing shared memory block/,
    problem: (dir) => `Processes of an earlier PostgreSQL still work in ${dir}.`,
    remedy: "Wait until they have ended, then start again.",
  },
  {
    seen: /lock file "postmaster.pid" already exists/,
    problem: (dir) => `Another PostgreSQL works in ${dir}.`,
    remedy: "Stop it, then start again.",
  },
  {
    seen: /could not create (shared memory segment|semaphores)|could not map anonymous shared memory/,
    problem: () => "The system gives PostgreSQL no shared memory.",
    remedy: "Give the machine or container more memory, or raise its limits of shared memory and semaphores.",
  },
  {
    seen: /could not (create any|bind) .*socket|Unix-domain socket path .* is too long/i,
    problem: () => "PostgreSQL could not make its socket.",
    remedy: "Set TMPDIR to a folder that is writable and has a short path.",
  },
  {
    seen: /has (wrong ownership|invalid permissions)/,
    problem: (dir) => `${dir} belongs to another user, or others may read it.`,
    remedy: "Start as the user who made it, or restore its permissions (chmod 0700).",
  },
  {
    seen: /pg_control|control file|checkpoint record|WAL file is from different|could not find redo location/i,
    problem: (dir) =>
      `The data in ${dir} is damaged: PostgreSQL's control file or log does not fit the rest.`,
    remedy: startElsewhere,
  },
  {
    seen: /could not (open|read|access|stat|find) (file|directory|the database system).*|invalid page|could not access status/i,
    problem: (dir) => `The data in ${dir} is damaged or incomplete.`,
    remedy: startElsewhere,
  },
  {
    seen: /Permission denied|Operation not permitted/i,
    problem: (dir) => `PostgreSQL's user has no permission for something in ${dir}.`,
    remedy: "Start as the user who made the data directory, or restore its owner and permissions.",
  },
];

export function diagnose(
  log: readonly string[],
  { postgresDir, doing, cause }: { postgresDir: string; doing: string; cause?: unknown },
): StorageError {
  const text = [...log, cause instanceof Error ? cause.message : ""].join("\n");
  for (const { seen, problem, remedy } of diagnoses) {
    const match = seen.exec(text);
    if (match !== null)
      return new StorageError({ problem: problem(postgresDir, match), remedy, cause, postgresLog: log });
  }
  const last = log.findLast((line) => /FATAL|PANIC|error|could not/i.test(line)) ?? log.at(-1);
  return new StorageError({
    problem: `${doing} failed${last === undefined ? "" : `: ${last.replace(/^\[\d+\] /, "")}`}.`,
    remedy: `Its log may say why; the data is in ${postgresDir}.`,
    cause,
    postgresLog: log,
  });
}

/** What a transaction works with; made once by the coordinator. */
import type { Clock, ClusterEvents, Events, Faults, LimitValues, Log } from "../base/index.ts";
import type {
  BackendPool,
  LockWatch,
  Requester,
  SequenceValues,
  Settings,
  TextCatalogue,
} from "../backend/index.ts";
import type { Catalog, CatalogVersions } from "../catalog/index.ts";
import type { CommitHistory } from "./history/commit-history.ts";
import type { Looks } from "./history/looks.ts";
import type { RecentCommits } from "./history/recent-commits.ts";
import type { HeldAnswers } from "./exchange/held-answers.ts";
import type { PlanCache } from "./plan/plan.ts";

/** A session as far as its statements need it. */
export interface SessionView {
  readonly role: string;
  readonly settings: Settings;
  /** As those of a transaction; absent where nothing is run for a client. */
  readonly session?: object;
  readonly sequences?: SequenceValues;
}

export interface TransactionServices {
  readonly clock: Clock;
  readonly log: Log;
  readonly events: Events<ClusterEvents>;
  readonly pool: BackendPool;
  readonly watch: LockWatch;
  readonly texts: TextCatalogue;
  readonly catalog: Catalog;
  readonly catalogVersions: CatalogVersions;
  readonly history: CommitHistory;
  readonly commits: RecentCommits;
  readonly looks: Looks;
  readonly faults: Faults;
  readonly held: HeldAnswers;
  /** Runs the system's own statements, outside any transaction. */
  readonly system: Requester;
  /** Lends a backend of the role's for statements that see what is committed now, with that role's rights. */
  readonly outside: <Result>(
    session: SessionView,
    use: (requester: Requester) => Promise<Result>,
  ) => Promise<Result>;
  readonly plans: PlanCache;
  readonly limits: LimitValues;
  /** 40001 has a DETAIL that says on what and to whom; the service's has none. */
  readonly explainsConflicts: boolean;
}

/**
 * Transactions as lanes, side by side, with what happened in them from top to bottom in the order of time.
 *
 * The distance between two steps is not their time: the steps are what is to be read. The time stands at the left.
 */
import type { ComponentChildren } from "preact";
import { duration } from "./format.ts";

export type StepKind = "begin" | "statement" | "commit" | "lost" | "rollback" | "note";

export interface Lane {
  readonly id: string;
  readonly title: string;
  readonly detail?: string;
  readonly tone?: "winner" | "loser";
}

export interface Step {
  readonly lane: string;
  /** Undefined where it is known to be between its neighbours only. */
  readonly atMs: number | undefined;
  readonly kind: StepKind;
  /** SQL, or words. */
  readonly text: string;
  readonly detail?: ComponentChildren;
  /** It is what the lanes have met on. */
  readonly isMeeting?: boolean;
}

export function Timeline({ lanes, steps }: { lanes: readonly Lane[]; steps: readonly Step[] }) {
  const firstMs = steps.find(({ atMs }) => atMs !== undefined)?.atMs ?? 0;
  return (
    <div class="timeline" style={{ "--lanes": String(lanes.length) }} role="table" aria-label="Timeline">
      <div class="timeline-head" role="row">
        <span class="timeline-time" role="columnheader">
          <span class="visually-hidden">Time</span>
        </span>
        {lanes.map((lane) => (
          <div key={lane.id} class={`lane-head ${lane.tone ?? ""}`} role="columnheader">
            <strong>{lane.title}</strong>
            {lane.detail !== undefined && <span class="muted">{lane.detail}</span>}
          </div>
        ))}
      </div>
      {steps.map((step, index) => (
        <div class={`timeline-row ${step.isMeeting === true ? "meeting" : ""}`} role="row" key={index}>
          <span class="timeline-time" role="cell">
            {step.atMs === undefined ? "" : step.atMs === firstMs ? "0" : `+${duration(step.atMs - firstMs)}`}
          </span>
          {lanes.map((lane) => (
            <Cell key={lane.id} lane={lane} step={step} part={partOf(lane.id, index, steps)} />
          ))}
        </div>
      ))}
    </div>
  );
}

type Part = "outside" | "inside" | "first" | "last" | "only";

/** Where a row stands in the life of a lane. */
function partOf(lane: string, index: number, steps: readonly Step[]): Part {
  const first = steps.findIndex((step) => step.lane === lane);
  const last = steps.findLastIndex((step) => step.lane === lane);
  if (first === -1 || index < first || index > last) return "outside";
  if (first === last) return "only";
  if (index === first) return "first";
  return index === last ? "last" : "inside";
}

function Cell({ lane, step, part }: { lane: Lane; step: Step; part: Part }) {
  const isHere = step.lane === lane.id;
  return (
    <div class={`lane-cell ${lane.tone ?? ""} line-${part}`} role="cell">
      {isHere && (
        <div class={`step step-${step.kind}`}>
          <span class="dot" aria-hidden="true" />
          <div class="step-body">
            {step.kind === "statement" || step.kind === "commit" || step.kind === "rollback" ? (
              <code>{step.text}</code>
            ) : (
              <span class="words">{step.text}</span>
            )}
            {step.detail !== undefined && <div class="step-detail">{step.detail}</div>}
          </div>
        </div>
      )}
    </div>
  );
}

/** A part of a view with a title; and what stands where there is nothing. */
import type { ComponentChildren } from "preact";

interface PanelProps {
  readonly title: string;
  readonly note?: ComponentChildren;
  readonly tools?: ComponentChildren;
  readonly testId?: string;
  readonly children: ComponentChildren;
}

export function Panel({ title, note, tools, testId, children }: PanelProps) {
  return (
    <section class="panel" data-testid={testId}>
      <header class="panel-head">
        <h2>{title}</h2>
        {note !== undefined && <span class="muted">{note}</span>}
        <span class="grow" />
        {tools}
      </header>
      {children}
    </section>
  );
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <h2>{title}</h2>
      {children}
    </div>
  );
}

/** Nothing while it is being asked for; the words of the stack where it has refused. */
export function Failed({ error }: { error: string | undefined }) {
  return error === undefined ? null : (
    <p class="failed" role="alert">
      {error}
    </p>
  );
}

/** The page: which view is open, and what stands around it. */
import { type ComponentType, render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { connect, linkState } from "./live.ts";
import { isTyping } from "./parts/use-list-keys.ts";
import { useStore } from "./store.ts";
import { applyTheme, nextTheme, theme } from "./theme.ts";
import { Cloud } from "./views/cloud.tsx";
import { Conflicts } from "./views/conflicts.tsx";
import { Faults } from "./views/faults.tsx";
import { Jobs } from "./views/jobs.tsx";
import { Overview } from "./views/overview.tsx";
import { Sessions } from "./views/activity.tsx";
import { Schema } from "./views/schema.tsx";
import { SqlView } from "./views/sql-view.tsx";
import { TwoSessions } from "./views/two-sessions.tsx";

interface View {
  readonly path: string;
  readonly name: string;
  readonly component: ComponentType;
}

/** In the order of the menu; the keys 1 to 9 and 0 open them. */
const views: readonly View[] = [
  { path: "conflicts", name: "Conflicts", component: Conflicts },
  { path: "two-sessions", name: "Two sessions", component: TwoSessions },
  { path: "overview", name: "Overview", component: Overview },
  { path: "sessions", name: "Sessions", component: Sessions },
  { path: "sql", name: "SQL", component: SqlView },
  { path: "faults", name: "Faults", component: Faults },
  { path: "cloud", name: "Cloud", component: Cloud },
  { path: "jobs", name: "Jobs", component: Jobs },
  { path: "schema", name: "Schema", component: Schema },
];

function viewOfAddress(): View {
  const path = window.location.hash.replace(/^#\/?/, "").split("/")[0];
  return views.find((view) => view.path === path) ?? (views[0] as View);
}

function Page() {
  const [view, setView] = useState(viewOfAddress);
  useEffect(() => {
    const onHash = (): void => {
      setView(viewOfAddress());
    };
    const onKey = (event: KeyboardEvent): void => {
      if (isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
      const chosen = /^\d$/.test(event.key) ? views[(Number(event.key) + 9) % 10] : undefined;
      if (chosen !== undefined) window.location.hash = `#/${chosen.path}`;
    };
    window.addEventListener("hashchange", onHash);
    window.addEventListener("keydown", onKey);
    return () => {
      window.removeEventListener("hashchange", onHash);
      window.removeEventListener("keydown", onKey);
    };
  }, []);
  const Shown = view.component;
  return (
    <div class="shell">
      <nav class="menu" aria-label="Views">
        <a class="brand" href="#/">
          <img src="icon.svg" width="18" height="18" alt="" />
          <b>dsql-local</b>
        </a>
        <div class="menu-views">
          {views.map(({ path, name }, index) => (
            <a key={path} href={`#/${path}`} aria-current={path === view.path ? "page" : undefined}>
              {name}
              <kbd>{(index + 1) % 10}</kbd>
            </a>
          ))}
        </div>
        <Foot />
      </nav>
      <main data-view={view.path}>
        <Shown />
      </main>
    </div>
  );
}

const linkWords = {
  connecting: "connecting",
  live: "live",
  lost: "the stack does not answer; trying again",
} as const;

function Foot() {
  const link = useStore(linkState);
  const chosen = useStore(theme);
  return (
    <div class="menu-foot">
      <span class={`link link-${link}`} data-testid="link" role="status">
        {linkWords[link]}
      </span>
      <button class="quiet" onClick={nextTheme} title="Light, dark, or as the system has it">
        {chosen}
      </button>
    </div>
  );
}

applyTheme();
connect();
render(<Page />, document.getElementById("page") as HTMLElement);

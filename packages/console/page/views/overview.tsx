/** How the cluster is doing: rates of the last quarter of an hour, counted from its events while the page is open. */
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { clock, count } from "../parts/format.ts";
import { Panel } from "../parts/panel.tsx";
import { eventCount } from "../live.ts";
import { rates } from "../rates.ts";
import { useStore } from "../store.ts";
import { theme } from "../theme.ts";

const figures = [
  ["committed", "commits a second"],
  ["lost", "conflicts a second"],
  ["rolledBack", "rollbacks a second"],
  ["begun", "open transactions"],
] as const;

export function Overview() {
  useStore(eventCount);
  const now = rates.latest();
  return (
    <>
      <div class="figures">
        {figures.map(([name, label]) => (
          <div class="figure" key={name} data-testid={`figure-${name}`}>
            <b>{count(name === "begun" ? rates.openTransactions : now[name])}</b>
            <span>{label}</span>
          </div>
        ))}
        <div class="figure">
          <b>{count(rates.totals.lost)}</b>
          <span>lost since the page opened</span>
        </div>
      </div>
      <div class="columns">
        <Plot title="Commits" note="a second" series="committed" colour="--winner" />
        <Plot title="Conflicts" note="a second, 40001" series="lost" colour="--loser" />
        <Plot title="Rolled back" note="a second" series="rolledBack" colour="--warn" />
        <Plot title="Parked" note="a second: locks given up for another" series="parked" colour="--accent" />
      </div>
    </>
  );
}

interface PlotProps {
  readonly title: string;
  readonly note: string;
  readonly series: "committed" | "lost" | "rolledBack" | "parked";
  readonly colour: string;
}

const plotHeight = 150;

function Plot({ title, note, series, colour }: PlotProps) {
  const box = useRef<HTMLDivElement>(null);
  const chosen = useStore(theme);
  useEffect(() => {
    const { current } = box;
    if (current === null) return undefined;
    const plot = new uPlot(optionsFor(current, colour), rates.series(series), current);
    const timer = window.setInterval(() => {
      plot.setData(rates.series(series));
    }, 1_000);
    const watch = new ResizeObserver(() => {
      plot.setSize({ width: current.clientWidth, height: plotHeight });
    });
    watch.observe(current);
    return () => {
      window.clearInterval(timer);
      watch.disconnect();
      plot.destroy();
    };
  }, [series, colour, chosen]);
  return (
    <Panel title={title} note={note}>
      <div ref={box} class="plot" style={{ minHeight: `${plotHeight}px` }} />
    </Panel>
  );
}

function hourOf(second: number): string {
  return clock(second * 1_000).slice(0, 5);
}

function optionsFor(box: HTMLElement, colour: string): uPlot.Options {
  const style = getComputedStyle(box);
  const line = style.getPropertyValue("--line");
  const axis = {
    stroke: style.getPropertyValue("--muted"),
    grid: { stroke: line, width: 1 },
    ticks: { show: false },
  };
  const stroke = style.getPropertyValue(colour);
  return {
    width: box.clientWidth,
    height: plotHeight,
    legend: { show: false },
    cursor: { y: false },
    scales: { y: { range: (_plot, _min, max) => [0, Math.max(1, max * 1.1)] } },
    axes: [
      { ...axis, size: 26, values: (_plot, ticks) => ticks.map(hourOf) },
      { ...axis, size: 44 },
    ],
    series: [
      {},
      { stroke, width: 1.5, fill: `color-mix(in srgb, ${stroke} 14%, transparent)`, points: { show: false } },
    ],
  };
}

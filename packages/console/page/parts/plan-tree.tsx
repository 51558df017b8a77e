/** A plan of EXPLAIN's text as a tree: nodes with what is said of them, and of the whole, DPU among it. */

interface PlanNode {
  readonly title: string;
  readonly figures: string;
  readonly details: string[];
  readonly children: PlanNode[];
  readonly indent: number;
}

export interface Plan {
  readonly roots: readonly PlanNode[];
  /** What stands after the tree: times, the estimate of DPU. */
  readonly summary: readonly string[];
}

const nodeLine = /^(\s*)(?:->\s+)?(\S.*?)\s+(\(.*cost=.*\).*)$/;

/** Reads by indentation, as the text is made; what is no node belongs to the node above it. */
export function readPlan(lines: readonly string[]): Plan {
  const roots: PlanNode[] = [];
  const summary: string[] = [];
  const open: PlanNode[] = [];
  for (const line of lines) {
    const found = nodeLine.exec(line);
    const indent = line.search(/\S/);
    if (found === null) {
      const owner = open.findLast((node) => node.indent < indent);
      if (owner === undefined || indent <= 0) {
        open.length = 0;
        summary.push(line);
      } else owner.details.push(line.trim());
      continue;
    }
    const [, , title = "", figures = ""] = found;
    const node: PlanNode = { title: title.replace(/^->\s*/, ""), figures, details: [], children: [], indent };
    while ((open.at(-1)?.indent ?? -1) >= indent) open.pop();
    (open.at(-1)?.children ?? roots).push(node);
    open.push(node);
  }
  return { roots, summary };
}

export function PlanTree({ lines }: { lines: readonly string[] }) {
  const { roots, summary } = readPlan(lines);
  return (
    <div class="plan" data-testid="plan">
      <ul class="plan-nodes">
        {roots.map((node, index) => (
          <NodeView key={index} node={node} />
        ))}
      </ul>
      {summary.length > 0 && <pre class="plan-summary">{summary.join("\n")}</pre>}
    </div>
  );
}

function NodeView({ node }: { node: PlanNode }) {
  const isDpu = (text: string): boolean => /DPU/.test(text);
  return (
    <li>
      <details open>
        <summary>
          <b>{node.title}</b> <span class="muted mono">{node.figures}</span>
          {node.details.filter(isDpu).map((text) => (
            <span class="tag" key={text}>
              {text}
            </span>
          ))}
        </summary>
        <div class="mono muted plan-details">
          {node.details
            .filter((text) => !isDpu(text))
            .map((text) => (
              <div key={text}>{text}</div>
            ))}
        </div>
        {node.children.length > 0 && (
          <ul class="plan-nodes">
            {node.children.map((child, index) => (
              <NodeView key={index} node={child} />
            ))}
          </ul>
        )}
      </details>
    </li>
  );
}

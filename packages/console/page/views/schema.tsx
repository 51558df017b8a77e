/** Tables, their columns, keys and indexes. */
import { useState } from "preact/hooks";
import { count } from "../parts/format.ts";
import { Empty, Failed, Panel } from "../parts/panel.tsx";
import { useData } from "../parts/use-data.ts";

export interface Table {
  readonly schema: string;
  readonly name: string;
  readonly kind: "table" | "view";
  readonly columns: readonly {
    readonly name: string;
    readonly type: string;
    readonly isNullable: boolean;
    readonly isKey: boolean;
  }[];
  readonly indexes: readonly string[];
}

export function nameOf({ schema, name }: Table): string {
  return schema === "public" ? name : `${schema}.${name}`;
}

export function Schema() {
  const { data, error, reload } = useData<{ tables: readonly Table[] }>("schema");
  const [filter, setFilter] = useState("");
  const tables = data?.tables.filter((table) => nameOf(table).includes(filter)) ?? [];
  if (data?.tables.length === 0)
    return (
      <Empty title="No table yet">
        <p>
          Create one in <a href="#/sql">SQL</a>, or with <code>npx dsql migrate</code>.
        </p>
      </Empty>
    );
  return (
    <>
      <div class="actions filter">
        <input
          aria-label="Filter"
          placeholder="table"
          value={filter}
          onInput={(event) => setFilter(event.currentTarget.value)}
        />
        <span class="muted">{count(tables.length)} tables and views</span>
        <button class="button" onClick={reload}>
          Read again
        </button>
      </div>
      <Failed error={error} />
      <div class="columns">
        {tables.map((table) => (
          <Panel key={nameOf(table)} title={nameOf(table)} note={table.kind}>
            <table>
              <tbody>
                {table.columns.map((column) => (
                  <tr key={column.name}>
                    <td class="mono">{column.isKey ? <b>{column.name}</b> : column.name}</td>
                    <td class="mono muted">{column.type}</td>
                    <td class="muted">{column.isKey ? "key" : column.isNullable ? "null" : ""}</td>
                  </tr>
                ))}
              </tbody>
            </table>
            {table.indexes.map((index) => (
              <p key={index} class="mono muted index">
                {index}
              </p>
            ))}
          </Panel>
        ))}
      </div>
    </>
  );
}

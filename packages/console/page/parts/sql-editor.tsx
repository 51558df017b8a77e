/** An editor for SQL: completion of tables and columns, and the toolkit's findings under the text as one types. */
import { autocompletion, closeBrackets, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { PostgreSQL, sql } from "@codemirror/lang-sql";
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { type Diagnostic, linter, lintKeymap } from "@codemirror/lint";
import { Compartment, EditorState } from "@codemirror/state";
import { drawSelection, EditorView, keymap, lineNumbers, placeholder } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { useEffect, useRef } from "preact/hooks";
import { api } from "../api.ts";

interface Finding {
  readonly severity: string;
  readonly message: string;
  readonly remedy?: string;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

const highlighting = HighlightStyle.define([
  { tag: tags.keyword, class: "sql-keyword" },
  { tag: [tags.string, tags.special(tags.string)], class: "sql-string" },
  { tag: [tags.number, tags.bool, tags.null], class: "sql-number" },
  { tag: tags.comment, class: "sql-comment" },
]);

async function findingsIn(view: EditorView): Promise<Diagnostic[]> {
  const text = view.state.doc.toString();
  if (text.trim() === "") return [];
  const { findings } = await api.post<{ findings: readonly Finding[] }>("lint", { sql: text });
  const { doc } = view.state;
  const at = (line: number, column: number): number => {
    const { from, to } = doc.line(Math.min(line, doc.lines));
    return Math.min(to, from + column - 1);
  };
  return findings.map(({ severity, message, remedy, line, column, endLine, endColumn }) => ({
    from: at(line, column),
    to: Math.max(at(line, column), at(endLine, endColumn)),
    severity: severity === "error" ? "error" : severity === "warning" ? "warning" : "info",
    message: remedy === undefined ? message : `${message}\n${remedy}`,
  }));
}

interface SqlEditorProps {
  readonly initial: string;
  /** Tables to their columns. */
  readonly tables: Readonly<Record<string, readonly string[]>>;
  readonly onChange: (text: string) => void;
  readonly run: (text: string) => void;
}

export function SqlEditor({ initial, tables, onChange, run }: SqlEditorProps) {
  const box = useRef<HTMLDivElement>(null);
  const latest = useRef({ onChange, run });
  latest.current = { onChange, run };
  const language = useRef(new Compartment());
  const view = useRef<EditorView>(undefined);
  useEffect(() => {
    const { current } = box;
    if (current === null) return undefined;
    const editor = new EditorView({
      parent: current,
      state: EditorState.create({ doc: initial, extensions: extensions(language.current, latest) }),
    });
    view.current = editor;
    editor.focus();
    return () => {
      editor.destroy();
    };
  }, []);
  useEffect(() => {
    view.current?.dispatch({ effects: language.current.reconfigure(languageOf(tables)) });
  }, [tables]);
  return <div ref={box} class="editor" data-testid="editor" />;
}

function languageOf(tables: SqlEditorProps["tables"]) {
  const schema = Object.fromEntries(Object.entries(tables).map(([name, columns]) => [name, [...columns]]));
  return sql({ dialect: PostgreSQL, schema, upperCaseKeywords: true });
}

function extensions(
  language: Compartment,
  latest: { readonly current: Pick<SqlEditorProps, "onChange" | "run"> },
) {
  const nonce = document.querySelector<HTMLMetaElement>('meta[name="style-nonce"]')?.content ?? "";
  const runAll = ({ state }: EditorView): boolean => {
    const { from, to } = state.selection.main;
    latest.current.run(from === to ? state.doc.toString() : state.sliceDoc(from, to));
    return true;
  };
  return [
    EditorView.cspNonce.of(nonce),
    lineNumbers(),
    history(),
    drawSelection(),
    closeBrackets(),
    autocompletion(),
    syntaxHighlighting(highlighting),
    linter(findingsIn, { delay: 300 }),
    EditorView.lineWrapping,
    EditorView.contentAttributes.of({ "aria-label": "SQL" }),
    placeholder("SELECT …; Ctrl-Enter runs it"),
    keymap.of([
      { key: "Mod-Enter", run: runAll },
      ...completionKeymap,
      ...lintKeymap,
      ...historyKeymap,
      ...defaultKeymap,
    ]),
    EditorView.updateListener.of(({ docChanged, state }) => {
      if (docChanged) latest.current.onChange(state.doc.toString());
    }),
    language.of(languageOf({})),
  ];
}

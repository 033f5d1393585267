// The SQL editor: CodeMirror with Oracle's dialect.

import { autocompletion, closeCompletion } from "@codemirror/autocomplete";
import { indentWithTab } from "@codemirror/commands";
import { PLSQL, sql } from "@codemirror/lang-sql";
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { lintGutter, setDiagnostics } from "@codemirror/lint";
import { Compartment, EditorState, Prec, StateField } from "@codemirror/state";
import { Decoration, EditorView, keymap } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { basicSetup } from "codemirror";

import { statementAt } from "./statements.js";

const colours = HighlightStyle.define([
  { tag: tags.keyword, color: "var(--keyword)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--string)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--number)" },
  { tag: tags.comment, color: "var(--comment)", fontStyle: "italic" },
  { tag: [tags.typeName, tags.standard(tags.name)], color: "var(--type)" },
]);

const theme = EditorView.theme({
  "&": { fontSize: "13.5px", color: "var(--text)" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.6" },
  ".cm-content": { padding: "8px 0", caretColor: "var(--text)" },
  ".cm-cursor": { borderLeftColor: "var(--text)", borderLeftWidth: "2px" },
  ".cm-gutters": {
    backgroundColor: "var(--panel)", color: "var(--faint)", border: "0", paddingLeft: "2px",
  },
  ".cm-activeLine": { backgroundColor: "transparent" },
  ".cm-activeLineGutter": { backgroundColor: "transparent", color: "var(--text)" },
  ".cm-current": { backgroundColor: "color-mix(in srgb, var(--accent) 6%, transparent)" },
  ".cm-current:before": {
    content: '""', position: "absolute", left: "0", width: "3px", height: "1.6em",
    backgroundColor: "var(--accent)",
  },
  ".cm-line": { padding: "0 12px", position: "relative" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground":
    { backgroundColor: "var(--selection) !important" },
  ".cm-lintRange-error": {
    backgroundImage: "none", textDecoration: "underline wavy var(--danger) 1.5px",
    textUnderlineOffset: "4px", backgroundColor: "var(--danger-soft)",
  },
  ".cm-tooltip": {
    backgroundColor: "var(--panel)", color: "var(--text)", border: "1px solid var(--border-strong)",
    borderRadius: "7px", overflow: "hidden",
  },
  ".cm-diagnostic": { fontFamily: "var(--mono)", fontSize: "12px", padding: "6px 10px", whiteSpace: "pre-wrap" },
  ".cm-diagnostic-error": { borderLeft: "4px solid var(--danger)" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": {
    backgroundColor: "var(--accent)", color: "var(--accent-text)",
  },
  ".cm-panels": { backgroundColor: "var(--panel-2)", color: "var(--text)" },
});

// Marks the lines of the statement that would run.
const current = StateField.define({
  create: mark,
  update: (marks, transaction) =>
    transaction.docChanged || transaction.selection ? mark(transaction.state) : marks,
  provide: (field) => EditorView.decorations.from(field),
});

function mark(state) {
  const statement = statementAt(state.doc.toString(), state.selection.main.head);
  if (!statement) return Decoration.none;
  const line = Decoration.line({ class: "cm-current" });
  const marks = [];
  const last = state.doc.lineAt(statement.to).number;
  for (let number = state.doc.lineAt(statement.from).number; number <= last; number++) {
    marks.push(line.range(state.doc.line(number).from));
  }
  return Decoration.set(marks);
}

/** The editor in `parent`; `onRun` is called for Ctrl+Enter, `onStop` for Escape. */
export class Editor {
  #view;
  #language = new Compartment();

  constructor(parent, { text, onRun, onStop }) {
    const keys = Prec.highest(
      keymap.of([
        { key: "Mod-Enter", run: () => (onRun(), true) },
        { key: "Escape", run: () => onStop() },
      ]),
    );
    this.#view = new EditorView({
      parent,
      state: EditorState.create({
        doc: text,
        selection: { anchor: text.length },
        extensions: [
          keys,
          basicSetup,
          keymap.of([indentWithTab]),
          this.#language.of(sql({ dialect: PLSQL })),
          autocompletion({ icons: false, selectOnOpen: false }),
          syntaxHighlighting(colours),
          lintGutter(),
          current,
          theme,
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({ "aria-label": "SQL" }),
        ],
      }),
    });
  }

  /** The selection if there is one, else the statement at the cursor. */
  toRun() {
    closeCompletion(this.#view);
    const { state } = this.#view;
    const { from, to, head } = state.selection.main;
    const text = state.doc.toString();
    if (from === to) return statementAt(text, head);
    const inside = statementAt(text.slice(from, to), 0);
    return inside && { ...inside, from: from + inside.from, to: from + inside.to };
  }

  /** Offers these names while one types: `Map<table, [name, type][]>`. */
  offer(tables) {
    const schema = {};
    for (const [table, columns] of tables) {
      schema[table] = columns.map(([label, detail]) => ({ label, detail, type: "property" }));
    }
    const language = sql({ dialect: PLSQL, schema });
    this.#view.dispatch({ effects: this.#language.reconfigure(language) });
  }

  /** Underlines a range with its error, and goes there. */
  showError(from, to, message) {
    const { state } = this.#view;
    const end = Math.min(to, state.doc.length);
    const diagnostic = { from: Math.min(from, end), to: end, severity: "error", message };
    this.#view.dispatch(setDiagnostics(state, [diagnostic]));
    this.goTo(diagnostic.from);
  }

  clearErrors() {
    this.#view.dispatch(setDiagnostics(this.#view.state, []));
  }

  goTo(position) {
    this.#view.dispatch({ selection: { anchor: position }, scrollIntoView: true });
    this.#view.focus();
  }

  /** Line and column of a position, both from 1. */
  place(position) {
    const line = this.#view.state.doc.lineAt(Math.min(position, this.#view.state.doc.length));
    return { line: line.number, column: position - line.from + 1 };
  }

  /** Puts a statement at the end and the cursor in it. */
  append(statement) {
    const { state } = this.#view;
    const text = state.doc.toString().trimEnd();
    const open = text !== "" && !/(;|^\/)$/m.test(text.slice(-1)) ? ";" : "";
    const insert = `${open}${text === "" ? "" : "\n\n"}${statement};`;
    this.#view.dispatch({
      changes: { from: text.length, to: state.doc.length, insert },
      selection: { anchor: text.length + insert.length - 1 },
      scrollIntoView: true,
    });
    this.#view.focus();
  }

  focus() {
    this.#view.focus();
  }
}

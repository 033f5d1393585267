// Running statements: what the tool bar, the editor, the status line and the grid do together.

import { PAGE } from "./database.js";
import { count, duration, plainMessage, toCsv, toTsv, typeText, valueText } from "./format.js";
import { Grid } from "./grid.js";
import { errorRange } from "./positions.js";

const $ = (id) => document.getElementById(id);
// Rows that "Fetch all" takes at a time, and after how many it stops by itself.
const STRIDE = 5000;
const FETCH_ALL_MAX = 1_000_000;
const HELP = "https://docs.oracle.com/error-help/db/";
const CHANGES = /^(insert|update|delete|merge)\b/i;
const DONE = { insert: "inserted", update: "updated", delete: "deleted", merge: "merged" };
const SCHEMA_CHANGE = /^(create|drop|alter|rename|truncate)\b/i;

/** Everything below the header but the side; works on one `Database` at a time. */
export class Console {
  #editor;
  #grid;
  #database;
  #execution;
  #statement;
  #busy = false;
  #begin = 0;
  #milliseconds = 0;
  #clock;
  #callbacks;

  /** @param {{ onSchemaChange: () => void, onLost: () => void }} callbacks */
  constructor(callbacks) {
    this.#callbacks = callbacks;
    this.#grid = new Grid($("grid"), {
      onMore: () => this.#fetchMore(),
      onOpen: (column, value) => showCell(column, value),
    });
    $("run").addEventListener("click", () => this.run());
    $("stop").addEventListener("click", () => this.stop());
    $("commit").addEventListener("click", () => this.#end("commit", "Committed"));
    $("rollback").addEventListener("click", () => this.#end("rollback", "Rolled back"));
    $("more").addEventListener("click", () => this.#fetchMore());
    $("all").addEventListener("click", () => this.#fetchAll());
    $("copy").addEventListener("click", () => this.#copy());
    $("csv").addEventListener("click", () => this.#save());
  }

  set editor(editor) {
    this.#editor = editor;
  }

  /** Works on this connection from now on; on none if it is undefined. */
  use(database) {
    this.#database = database;
    this.#execution = undefined;
    this.#busy = false;
    this.#tick(false);
    $("pending").hidden = true;
    this.#buttons();
    if (database) {
      this.#clear();
      this.#status("idle", "Ready");
    }
  }

  /** Runs the selection, or the statement at the cursor. */
  async run() {
    const statement = this.#editor.toRun();
    if (!this.#database || this.#busy) return;
    if (!statement) {
      this.#status("idle", "There is no statement at the cursor");
      return;
    }
    const database = this.#database;
    this.#statement = statement;
    this.#clear();
    await this.#working(async () => {
      await this.#execution?.close();
      const execution = database.run(statement.sql, { autoCommit: $("autocommit").checked });
      this.#execution = execution;
      await execution.started;
      if (execution.columns) {
        $("empty").hidden = true;
        this.#grid.show(execution.columns);
        this.#grid.append(await execution.fetch(PAGE));
      }
      this.#milliseconds = performance.now() - this.#begin;
    });
    if (this.#execution?.columns) {
      this.#rowsStatus();
    } else if (this.#execution && $("error").hidden && !this.#execution.stopped) {
      this.#changed(statement, this.#execution);
    }
    this.#editor.focus();
  }

  /** Cancels what runs; says whether anything did. */
  stop() {
    if (!this.#busy) return false;
    this.#execution?.stop();
    return true;
  }

  async #fetchMore() {
    const execution = this.#execution;
    if (!execution?.more || this.#busy) return;
    await this.#working(async () => {
      this.#grid.append(await execution.fetch(PAGE));
      this.#milliseconds += performance.now() - this.#begin;
    });
    this.#rowsStatus();
  }

  async #fetchAll() {
    const execution = this.#execution;
    await this.#working(async () => {
      while (execution.more && this.#grid.rows.length < FETCH_ALL_MAX) {
        this.#grid.append(await execution.fetch(STRIDE));
      }
      this.#milliseconds += performance.now() - this.#begin;
    });
    this.#rowsStatus();
  }

  async #end(call, done) {
    if (!this.#database || this.#busy) return;
    const database = this.#database;
    let ended = false;
    await this.#working(async () => {
      await this.#execution?.close();
      this.#execution = undefined;
      await database[call]();
      ended = true;
      $("pending").hidden = true;
    });
    if (ended) this.#status("idle", done, duration(performance.now() - this.#begin));
    this.#buttons();
  }

  // Runs `work` with clock, progress and Stop, and shows its error.
  async #working(work) {
    const database = this.#database;
    this.#busy = true;
    this.#begin = performance.now();
    this.#tick(true);
    this.#buttons();
    try {
      await work();
    } catch (error) {
      if (this.#database === database) this.#failed(error);
    } finally {
      if (this.#database === database) {
        this.#busy = false;
        this.#tick(false);
        this.#buttons();
        if (database && !database.isHealthy) this.#callbacks.onLost();
      }
    }
  }

  #failed(error) {
    this.#milliseconds = performance.now() - this.#begin;
    const execution = this.#execution;
    if (execution) execution.more = false;
    if (execution?.stopped) {
      const rows = this.#grid.rows.length;
      this.#status("idle", "Stopped", `${count(rows, "row")} · ${duration(this.#milliseconds)}`);
      return;
    }
    this.#status("error", error.code ?? error.name, duration(this.#milliseconds));
    this.#showError(error);
  }

  #showError(error) {
    const { from: start, sql } = this.#statement ?? { from: 0, sql: "" };
    const message = plainMessage(error);
    const code = document.createElement("span");
    code.className = "code";
    code.textContent = error.code ?? error.name;
    const head = document.createElement("header");
    head.append(code);
    const range = errorRange(sql, error);
    if (range) {
      const [from, to] = [start + range.from, start + range.to];
      this.#editor.showError(from, to, message);
      const { line, column } = this.#editor.place(from);
      const place = document.createElement("button");
      place.type = "button";
      place.className = "place";
      place.textContent = `line ${line}, column ${column}`;
      place.addEventListener("click", () => this.#editor.goTo(from));
      head.append(place);
    }
    if (/^ORA-\d{5}$/.test(error.code ?? "")) {
      const help = document.createElement("a");
      help.href = `${HELP}${error.code.toLowerCase()}/`;
      help.target = "_blank";
      help.rel = "noopener";
      help.textContent = "what it means";
      head.append(help);
    }
    const text = document.createElement("pre");
    text.textContent = message;
    $("error").replaceChildren(head, text);
    $("error").hidden = false;
    $("empty").hidden = true;
  }

  // A statement that gave no rows.
  #changed({ sql, plsql }, { rowsAffected, warning }) {
    const verb = /^\w+/.exec(sql)?.[0].toLowerCase() ?? "";
    let text = "Done";
    if (plsql) text = "PL/SQL block executed";
    if (CHANGES.test(sql)) {
      text = `${count(rowsAffected ?? 0, "row")} ${DONE[verb]}`;
      if (rowsAffected > 0) $("pending").hidden = $("autocommit").checked;
    } else if (plsql) {
      // A block may have changed something; only the database knows.
    } else if (verb === "commit" || verb === "rollback") {
      text = verb === "commit" ? "Committed" : "Rolled back";
      $("pending").hidden = true;
    } else if (verb) {
      text = `${verb.toUpperCase()} executed`;
    }
    if (SCHEMA_CHANGE.test(sql)) {
      $("pending").hidden = true;
      this.#callbacks.onSchemaChange();
    }
    $("message").textContent = warning ? `${text}. ${warning.message}` : text;
    $("message").dataset.kind = warning ? "warning" : "done";
    $("message").hidden = false;
    $("empty").hidden = true;
    this.#status("idle", text, duration(this.#milliseconds));
  }

  #rowsStatus() {
    if (!this.#execution?.columns || this.#execution.stopped || !$("error").hidden) return;
    const rows = count(this.#grid.rows.length, "row");
    const tail = this.#execution.more ? "more on the server" : "complete";
    this.#status("idle", rows, `${duration(this.#milliseconds)} · ${tail}`);
    this.#buttons();
  }

  #status(kind, main, rest = "") {
    const bold = document.createElement("b");
    bold.textContent = main;
    $("status").replaceChildren(bold, rest ? ` · ${rest}` : "");
    $("status").dataset.kind = kind;
  }

  #tick(on) {
    clearInterval(this.#clock);
    $("progress").hidden = !on;
    if (!on) return;
    const show = () => {
      const rows = this.#grid.rows.length;
      const tail = rows > 0 ? `${count(rows, "row")} · ` : "";
      this.#status("running", "Running", tail + duration(performance.now() - this.#begin));
    };
    show();
    this.#clock = setInterval(show, 100);
  }

  #clear() {
    this.#editor?.clearErrors();
    this.#grid.hide();
    $("error").hidden = true;
    $("message").hidden = true;
    $("empty").hidden = false;
  }

  #buttons() {
    const ready = this.#database !== undefined && !this.#busy;
    for (const id of ["run", "commit", "rollback"]) $(id).disabled = !ready;
    $("stop").disabled = !this.#busy;
    const rows = this.#grid.columns.length > 0;
    const more = rows && this.#execution?.more === true;
    $("more").hidden = !more;
    $("all").hidden = !more;
    for (const id of ["more", "all"]) $(id).disabled = !ready;
    $("copy").hidden = !rows;
    $("csv").hidden = !rows;
  }

  async #copy() {
    await navigator.clipboard.writeText(toTsv(this.#grid.columns, this.#grid.rows));
    this.#status("idle", `${count(this.#grid.rows.length, "row")} copied`);
  }

  #save() {
    const text = toCsv(this.#grid.columns, this.#grid.rows);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
    link.download = "rows.csv";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }
}

function showCell(column, value) {
  $("cell-name").textContent = column.name;
  $("cell-type").textContent = typeText(column);
  $("cell-value").textContent = value === null ? "NULL" : valueText(value);
  $("cell").showModal();
}

// The side: the connect form while there is no connection, else the session and its tables.

import { plainMessage } from "./format.js";

const $ = (id) => document.getElementById(id);

/** Shows the way to the database in the header, and the session's facts at the side. */
export function showSession({ user, version, hop }) {
  const { address, tls } = hop;
  const target = address ? `${address.host}:${address.port}` : "database";
  const bridge = new URL(hop.bridge);
  const secure = bridge.protocol === "wss:";
  const byBridge = address?.protocol === "tcps";
  const tlsText = tls ? tls.protocol.replace("TLSv", "TLS ") : byBridge ? "TLS" : "TCP";
  $("hops").replaceChildren(
    span("hop", "this page"),
    span(`link ${secure ? "secure" : "plain"}`, secure ? "wss" : "ws"),
    span("hop", `bridge ${bridge.host}`),
    span(`link ${byBridge ? "secure" : "plain"}`, tlsText),
    span("hop", target),
  );
  $("hops").title =
    "Where a hop is plain, whoever is on the network between can read statements and rows. " +
    (byBridge ? "The bridge ends TLS to the database." : "");
  $("session-user").textContent = user;
  const facts = [
    ["Server", version ?? "unknown"],
    ["Target", target],
    ["TLS", tls ? `${tls.protocol}, ${tls.cipherSuite}` : byBridge ? "yes" : "none to the database"],
    ["Bridge", hop.name ?? bridge.host],
  ];
  $("session-facts").replaceChildren(
    ...facts.flatMap(([name, value]) => {
      const [term, text] = [document.createElement("dt"), document.createElement("dd")];
      term.textContent = name;
      text.textContent = value;
      return [term, text];
    }),
  );
}

/** Shows why a log-on failed; nothing for undefined. */
export function showConnectError(error) {
  const box = $("connect-error");
  box.hidden = error === undefined;
  if (error === undefined) return;
  const code = document.createElement("b");
  code.textContent = error.bridgeCode ?? error.code ?? error.name;
  box.replaceChildren(code, plainMessage(error));
}

/** The list of tables; `onSelect(table)` when one is to be queried. */
export class SchemaList {
  #onSelect;

  constructor(onSelect) {
    this.#onSelect = onSelect;
    $("schema-filter").addEventListener("input", () => this.#filter());
  }

  note(text) {
    const item = document.createElement("li");
    item.className = "note";
    item.textContent = text;
    $("schema-list").replaceChildren(item);
  }

  /** @param {Map<string, [string, string][]>} tables */
  show(tables) {
    if (tables.size === 0) {
      this.note("This user has no tables.");
      return;
    }
    $("schema-list").replaceChildren(...Array.from(tables, ([table, columns]) => this.#item(table, columns)));
    this.#filter();
  }

  #item(table, columns) {
    const item = document.createElement("li");
    item.dataset.name = table.toLowerCase();
    const details = document.createElement("details");
    const summary = document.createElement("summary");
    const name = span("", table);
    name.title = table;
    const query = document.createElement("button");
    query.type = "button";
    query.textContent = "Query";
    query.addEventListener("click", (event) => {
      event.preventDefault();
      this.#onSelect(table);
    });
    summary.append(name, query);
    const list = document.createElement("table");
    for (const [column, type] of columns) {
      const row = list.insertRow();
      row.insertCell().textContent = column;
      row.insertCell().textContent = type;
    }
    details.append(summary, list);
    item.append(details);
    return item;
  }

  #filter() {
    const wanted = $("schema-filter").value.trim().toLowerCase();
    for (const item of $("schema-list").children) {
      item.hidden = item.dataset.name !== undefined && !item.dataset.name.includes(wanted);
    }
  }
}

function span(className, text) {
  const made = document.createElement("span");
  made.className = className;
  made.textContent = text;
  return made;
}

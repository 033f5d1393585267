// The page: connects, and hands the connection to the console.

import "./style.css";
import { Console } from "./console.js";
import { connect } from "./database.js";
import { Editor } from "./editor.js";
import { plainMessage } from "./format.js";
import { setUpSplitter, setUpTheme } from "./layout.js";
import { firstValues, remember, remembered } from "./preferences.js";
import { SchemaList, showConnectError, showSession } from "./side.js";

const $ = (id) => document.getElementById(id);
const FIRST_TEXT = "select * from emp order by empno;\n\nselect banner_full from v$version;\n";

setUpTheme();
setUpSplitter();

const form = $("connect");
let database;
let attempt;

const sqlConsole = new Console({ onSchemaChange: () => readSchema(), onLost: () => lost() });
const editor = new Editor($("editor"), {
  text: FIRST_TEXT,
  onRun: () => sqlConsole.run(),
  onStop: () => sqlConsole.stop(),
});
sqlConsole.editor = editor;
editor.goTo(0);
const schema = new SchemaList((table) => {
  const plain = /^[A-Z][A-Z0-9_$#]*$/.test(table);
  editor.append(`select * from ${plain ? table.toLowerCase() : `"${table}"`}`);
  sqlConsole.run();
});

for (const [name, value] of Object.entries(firstValues(location.search, location))) {
  form.elements[name].value = value;
}
$("autocommit").checked = remembered("autoCommit") === true;
$("autocommit").addEventListener("change", ({ target }) => remember({ autoCommit: target.checked }));
const firstEmpty = [...form.elements].find(({ name, value }) => name && value === "");
firstEmpty?.focus();

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (attempt) attempt.abort();
  else logOn();
});
$("disconnect").addEventListener("click", () => logOff());
$("schema-refresh").addEventListener("click", () => readSchema());
addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !$("cell").open) sqlConsole.stop();
});

async function logOn() {
  const values = Object.fromEntries(new FormData(form));
  for (const name of ["bridge", "connectString", "user"]) values[name] = values[name].trim();
  const { password: _, ...kept } = values;
  remember(kept);
  showConnectError(undefined);
  attempt = new AbortController();
  state("connecting");
  try {
    database = await connect(values, attempt.signal);
  } catch (error) {
    state("disconnected");
    if (!attempt.signal.aborted) showConnectError(error);
    return;
  } finally {
    attempt = undefined;
  }
  form.elements.password.value = "";
  showSession(database);
  state("connected");
  sqlConsole.use(database);
  editor.focus();
  await readSchema();
}

async function logOff() {
  const leaving = database;
  database = undefined;
  sqlConsole.stop();
  sqlConsole.use(undefined);
  $("hops").replaceChildren();
  state("disconnected");
  form.elements.password.focus();
  try {
    await leaving?.close();
  } catch {
    // A connection that is gone cannot be logged off, and need not.
  }
}

// The connection broke: what is on the screen stays, and one can connect again.
function lost() {
  state("lost");
  sqlConsole.use(undefined);
  $("session-user").textContent = "Connection lost";
}

function state(name) {
  document.body.dataset.state = name;
  const connected = name === "connected" || name === "lost";
  form.hidden = connected;
  $("session").hidden = !connected;
  form.querySelector("#connect-button .label").textContent =
    name === "connecting" ? "Cancel" : "Connect";
  $("disconnect").textContent = name === "lost" ? "Connect again" : "Disconnect";
}

async function readSchema() {
  const asked = database;
  if (!asked) return;
  try {
    const tables = await asked.schema();
    if (database !== asked) return;
    schema.show(tables);
    editor.offer(tables);
  } catch (error) {
    if (database === asked) schema.note(`The tables cannot be listed: ${plainMessage(error)}`);
  }
}

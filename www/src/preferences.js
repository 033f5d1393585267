// What the page remembers between visits. Never the password, never statements or rows.

const KEY = "oraedge.console";
const REMEMBERED = ["bridge", "connectString", "user", "theme", "autoCommit", "editorHeight"];

function read() {
  try {
    const stored = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    return typeof stored === "object" && stored !== null ? stored : {};
  } catch {
    // Storage is switched off, or somebody else's value is there.
    return {};
  }
}

/** What is remembered under `name`. */
export function remembered(name) {
  return read()[name];
}

/** Remembers some of the values above; others are left out. */
export function remember(values) {
  const kept = read();
  for (const name of REMEMBERED) if (name in values) kept[name] = values[name];
  try {
    localStorage.setItem(KEY, JSON.stringify(kept));
  } catch {
    // Without storage the page works, and forgets.
  }
}

/** The form's first values: from the page's address, else from the last visit. */
export function firstValues(search, location) {
  const parameters = new URLSearchParams(search);
  const given = (name) => parameters.get(name) ?? remembered(name) ?? "";
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  return {
    bridge: given("bridge") || `${scheme}://${location.hostname || "localhost"}:8521/`,
    connectString: given("connectString"),
    user: given("user"),
  };
}

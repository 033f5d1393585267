// Opens the page in Chromium and uses it as a person would, against a real bridge and database.
//
// Environment: ORAEDGE_PAGE_URL, ORAEDGE_BRIDGE_URL, ORAEDGE_CONNECT_STRING, ORAEDGE_USER,
// ORAEDGE_PASSWORD; ORAEDGE_CHROMIUM (path of the browser), ORAEDGE_SHOTS (folder for pictures).
// The database has the sample tables EMP and DEPT.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";

function needed(name) {
  const value = process.env[name];
  if (value) return value;
  console.error(`${name} is not set; test/page.mjs needs a running page, bridge and database`);
  process.exit(2);
}

const pageUrl = needed("ORAEDGE_PAGE_URL");
const bridge = needed("ORAEDGE_BRIDGE_URL");
const connectString = needed("ORAEDGE_CONNECT_STRING");
const user = needed("ORAEDGE_USER");
const password = needed("ORAEDGE_PASSWORD");
const executablePath =
  process.env.ORAEDGE_CHROMIUM ??
  ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);

const PATIENCE = 20_000;
let folder;
let browser;
let page;
const complaints = [];

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "oraedge-page-"));
  browser = await chromium.launchPersistentContext(folder, {
    executablePath,
    headless: true,
    viewport: { width: 1280, height: 820 },
    args: [
      "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
      "--disable-background-networking", "--disable-component-update", "--disable-sync",
    ],
  });
  browser.setDefaultTimeout(PATIENCE);
  page = await browser.newPage();
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  await page.goto(pageUrl);
});

after(async () => {
  await browser?.close();
  if (folder) await rm(folder, { recursive: true, force: true });
});

async function shot(name) {
  if (process.env.ORAEDGE_SHOTS) {
    await page.screenshot({ path: join(process.env.ORAEDGE_SHOTS, `${name}.png`) });
  }
}

async function fillIn(values) {
  for (const [name, value] of Object.entries(values)) await page.fill(`[name=${name}]`, value);
}

async function connect(values) {
  await fillIn({ bridge, connectString, user, password, ...values });
  await page.click("#connect-button");
}

// Puts `text` into the editor in one piece, cursor at the end.
async function write(text) {
  await page.click(".cm-content");
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.insertText(text);
}

async function run(text) {
  await write(text);
  await page.keyboard.press("ControlOrMeta+Enter");
  await page.waitForSelector("#stop:disabled");
  // The grid draws with the next frame.
  await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
}

const status = () => page.textContent("#status");
const cells = () =>
  page.$$eval(".grid-row", (rows) =>
    rows
      .toSorted((a, b) => a.ariaRowIndex - b.ariaRowIndex)
      .map((row) => [...row.children].slice(1).map(({ textContent }) => textContent)),
  );

test("a bridge that is not there is named", async () => {
  await connect({ bridge: "ws://127.0.0.1:9/" });
  await page.waitForSelector("#connect-error:visible");
  assert.match(await page.textContent("#connect-error"), /127\.0\.0\.1:9/);
});

test("a target that the bridge does not allow is told with its remedy", async () => {
  await connect({ connectString: "tcp://not-listed.example:1521/x" });
  await page.waitForFunction(() =>
    document.querySelector("#connect-error").textContent.includes("TARGET_NOT_ALLOWED"),
  );
  assert.match(await page.textContent("#connect-error"), /--allow not-listed\.example:1521/);
});

test("a wrong password is the database's own error", async () => {
  await connect({ password: `${password}-wrong` });
  await page.waitForFunction(() =>
    document.querySelector("#connect-error").textContent.includes("ORA-01017"),
  );
  await shot("wrong-password");
  complaints.length = 0; // the browser notes the refused WebSocket, which was meant to fail
});

test("it connects, shows the way there, and forgets the password", async () => {
  await connect({});
  await page.waitForSelector("#session:visible");
  assert.equal(await page.textContent("#session-user"), user);
  assert.match(await page.textContent("#session-facts"), /Server\d+\.\d+/);
  assert.match(await page.textContent("#hops"), /this page.*bridge/s);
  assert.equal(await page.inputValue("[name=password]"), "");
  const stored = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }));
  assert.ok(stored.includes(user) && !stored.includes(password), stored);
});

test("the tables are listed", async () => {
  await page.waitForSelector("#schema-list [data-name=emp]");
  await page.waitForSelector("#schema-list [data-name=dept]");
});

test("the statement at the cursor runs, and its rows are in the grid", async () => {
  await run("select 1 from dual;\nselect empno, ename, comm, hiredate from emp order by empno");
  const rows = await cells();
  assert.equal(rows[0][0], "7369");
  assert.equal(rows[0][1], "SMITH");
  assert.equal(rows[0][2], "NULL");
  assert.match(rows[0][3], /^1980-12-17/);
  assert.match(await status(), /^14 rows · .* s · complete$/);
  const align = (selector) =>
    page.$eval(selector, (cell) => getComputedStyle(cell).textAlign);
  assert.equal(await align(".grid-row > div:nth-child(2)"), "right");
  assert.notEqual(await align(".grid-row > div:nth-child(3)"), "right");
  assert.equal(await page.$$eval(".grid-row .null", ({ length }) => length > 0), true);
  await shot("rows");
});

test("the selection runs in place of the statement", async () => {
  await write("select 'whole' as a from dual; select 'other' as a from dual");
  await page.keyboard.press("ControlOrMeta+Home");
  for (let i = 0; i < 29; i++) await page.keyboard.press("Shift+ArrowRight");
  await page.keyboard.press("ControlOrMeta+Enter");
  await page.waitForFunction(() => document.querySelector(".grid-row")?.textContent.includes("whole"));
});

test("an error is underlined at its place, and the connection goes on", async () => {
  await run("select 1 from dual;\n\nselect 'ü', ename\n  from no_such_table");
  await page.waitForSelector("#error:visible");
  assert.match(await page.textContent("#error"), /ORA-00942/);
  assert.match(await page.textContent("#error .place"), /line 4, column 8/);
  await page.waitForSelector(".cm-lintRange-error");
  assert.equal(await page.textContent(".cm-lintRange-error"), "no_such_table");
  await shot("error");
  await run("select 'still here' from dual");
  assert.equal((await cells())[0][0], "still here");
  assert.equal(await page.$(".cm-lintRange-error"), null);
});

test("a change is not committed unless one says so", async () => {
  await run("update emp set comm = 1 where empno = 7369");
  assert.match(await status(), /^1 row updated/);
  await page.waitForSelector("#pending:visible");
  await page.click("#rollback");
  await page.waitForSelector("#pending:not(:visible)", { state: "attached" });
  await run("select comm from emp where empno = 7369");
  assert.equal((await cells())[0][0], "NULL");
});

test("rows come as one scrolls, and all of them when asked", async () => {
  await run("select level n, rpad('x', 50, 'x') pad from dual connect by level <= 20000");
  assert.match(await status(), /^\d[\d,]* rows · .* more on the server$/);
  const loaded = () => page.$eval(".grid", (grid) => Number(grid.ariaRowCount) - 1);
  const first = await loaded();
  assert.ok(first < 20_000, `${first} rows at once`);
  await page.$eval(".grid", (grid) => grid.scrollTo(0, grid.scrollHeight));
  await page.waitForFunction((n) => Number(document.querySelector(".grid").ariaRowCount) > n + 1, first);
  await page.waitForSelector("#all:enabled");
  await page.click("#all");
  await page.waitForFunction(() => document.querySelector("#status").textContent.includes("complete"));
  assert.match(await status(), /^20,000 rows/);
  await page.$eval(".grid", (grid) => grid.scrollTo(0, grid.scrollHeight));
  await page.waitForFunction(() =>
    [...document.querySelectorAll(".grid-row")].some((row) => row.ariaRowIndex === "20001"),
  );
  assert.equal((await cells()).at(-1)[0], "20000");
  await shot("many-rows");
});

test("Stop ends a statement on the server, and the connection goes on", async () => {
  await write("select level n from dual connect by level <= 100000000");
  await page.keyboard.press("ControlOrMeta+Enter");
  await page.waitForSelector("#all:enabled");
  await page.click("#all");
  await page.waitForSelector("#stop:enabled");
  await page.click("#stop");
  await page.waitForSelector("#stop:disabled");
  assert.match(await status(), /^Stopped/);
  await run("select 'after stop' from dual");
  assert.equal((await cells())[0][0], "after stop");
});

test("it disconnects, and remembers all but the password", async () => {
  await page.click("#disconnect");
  await page.waitForSelector("#connect:visible");
  await page.goto("about:blank");
  await page.goto(new URL(pageUrl).origin);
  assert.equal(await page.inputValue("[name=bridge]"), bridge);
  assert.equal(await page.inputValue("[name=connectString]"), connectString);
  assert.equal(await page.inputValue("[name=user]"), user);
  assert.equal(await page.inputValue("[name=password]"), "");
});

test("the page's address fills the form, but never the password", async () => {
  const parameters = new URLSearchParams({ bridge: "wss://b/", user: "u", password: "p" });
  await page.goto(`${new URL(pageUrl).origin}/?${parameters}`);
  assert.equal(await page.inputValue("[name=bridge]"), "wss://b/");
  assert.equal(await page.inputValue("[name=user]"), "u");
  assert.equal(await page.inputValue("[name=password]"), "");
});

test("nothing went wrong unnoticed", () => assert.deepEqual(complaints, []));

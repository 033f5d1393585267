// Installs the packed package in each kind of consumer, and runs the same scenarios there.
//
//   node run.mjs [typescript node seerdb workerd chromium bundler tokens] (all if none is named)
//
// | environment              | what                                                              |
// | ------------------------ | ----------------------------------------------------------------- |
// | ORAEDGE_TARBALL          | the packed package                                                |
// | ORAEDGE_TEST_TCP         | connect string of a server for plain TCP                          |
// | ORAEDGE_TEST_TCPS, _CA   | the same for TCPS, and the authority (PEM) to trust; optional     |
// | ORAEDGE_TEST_WS          | address of an oraedge-bridge                                      |
// | ORAEDGE_TEST_WS_TARGET   | connect string as the bridge sees it; ORAEDGE_TEST_TCP by default |
// | ORAEDGE_TEST_PAGE_PORT   | port for the pages; their Origin must be allowed by the bridge    |
// | ORAEDGE_TEST_USER, _PASSWORD | scott and tiger by default                                    |
// | ORAEDGE_TEST_SLOW        | a statement that takes long and can be interrupted                |
// | ORAEDGE_TEST_ROWS        | rows of the largest result; 1,000,000 by default                  |
// | ORAEDGE_SEERDB_PYTHON    | a Python with the package seerdb; without it, `seerdb` is skipped |
// | ORAEDGE_TEST_IDENTITY    | the simulator's environment.json; without it, `tokens` is skipped |
// | ORAEDGE_CHROMIUM         | the browser; /usr/bin/chromium by default                         |

import { execFileSync, spawn } from "node:child_process";
import { cp, mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import http from "node:http";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

import { Tally, copyExamples, getDatabaseToken, inNode, parametersAsText, world } from "./tokens.mjs";

const HERE = path.dirname(fileURLToPath(import.meta.url));
const WORK = path.join(HERE, ".work");
const env = process.env;

const setting = {
  options: { user: env.ORAEDGE_TEST_USER ?? "scott", password: env.ORAEDGE_TEST_PASSWORD ?? "tiger" },
  tcp: env.ORAEDGE_TEST_TCP,
  ws: env.ORAEDGE_TEST_WS,
  wsTarget: env.ORAEDGE_TEST_WS_TARGET ?? env.ORAEDGE_TEST_TCP,
  tcps: env.ORAEDGE_TEST_TCPS,
  ca: env.ORAEDGE_TEST_CA && path.resolve(env.ORAEDGE_TEST_CA),
  environment: env.ORAEDGE_TEST_IDENTITY && path.resolve(env.ORAEDGE_TEST_IDENTITY),
  slow: env.ORAEDGE_TEST_SLOW ?? "begin dbms_session.sleep(10); end;",
  rows: Number(env.ORAEDGE_TEST_ROWS ?? 1_000_000),
};

/** Makes the folder of a consumer, with the package installed from its tarball. */
async function install(name) {
  const folder = path.join(WORK, name);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await cp(path.join(HERE, "consumers", name), folder, { recursive: true });
  await cp(path.join(HERE, "scenarios.js"), path.join(folder, "scenarios.js"));
  const manifest = { name: `consumer-${name}`, private: true, type: "module" };
  await writeFile(path.join(folder, "package.json"), JSON.stringify(manifest));
  npm(["install", "--no-audit", "--no-fund", "--offline", "--silent", path.resolve(env.ORAEDGE_TARBALL)], folder);
  return folder;
}

function npm(args, folder) {
  execFileSync("npm", args, { cwd: folder, stdio: ["ignore", "inherit", "inherit"] });
}

function tool(name) {
  return path.join(HERE, "node_modules", ".bin", name);
}

const report = (name) => (line) => console.log(`${name}: ${line}`);

/** Runs a script in Node, and takes the counts from its last line. */
async function script(name, folder, given) {
  const child = spawn(process.execPath, ["main.js"], {
    cwd: folder,
    env: { ...env, ORAEDGE_SETTING: JSON.stringify(given) },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  let result;
  child.stdout.on("data", (bytes) => {
    output += bytes;
    const lines = output.split("\n");
    output = lines.pop();
    for (const line of lines) {
      if (line.startsWith("RESULT ")) result = JSON.parse(line.slice(7));
      else report(name)(line);
    }
  });
  const status = await new Promise((resolve) => child.on("close", resolve));
  if (!result) throw new Error(`node ended with status ${status} and no result`);
  return result;
}

async function node() {
  return script("node", await install("node"), setting);
}

// Those at which the layouts of 12.1, 12.2, 18c, 19c, 21c, 23ai and 26ai begin.
const FIELD_VERSIONS = [7, 8, 11, 12, 16, 17, 24];

async function seerdb() {
  const python = env.ORAEDGE_SEERDB_PYTHON;
  if (!python) {
    report("seerdb")("SKIPPED: ORAEDGE_SEERDB_PYTHON does not name a Python that has seerdb");
    return { passed: 0, failed: 0 };
  }
  const folder = await install("seerdb");
  const total = { passed: 0, failed: 0 };
  for (const fieldVersion of FIELD_VERSIONS) {
    const serve = path.join(HERE, "../tests/peers/seerdb/serve.py");
    // It ends when its standard input does.
    const server = spawn(python, [serve, String(fieldVersion)], { stdio: ["pipe", "pipe", "ignore"] });
    try {
      const port = await new Promise((resolve, reject) => {
        server.stdout.once("data", (bytes) => resolve(JSON.parse(bytes).port));
        server.once("close", (status) => reject(new Error(`seerdb ended with status ${status}`)));
      });
      const connectString = `127.0.0.1:${port}/seer`;
      const { passed, failed } = await script("seerdb", folder, { connectString, fieldVersion });
      total.passed += passed;
      total.failed += failed;
    } finally {
      server.stdin.end();
    }
  }
  return total;
}

/** A running Worker of a module, put together as wrangler does it. */
async function startWorker(folder, entry, bindings = {}) {
  const { build } = await import("esbuild");
  const { Miniflare } = await import("miniflare");
  // One module, with wasm files as modules of their own.
  await build({
    entryPoints: [path.join(folder, entry)],
    outfile: path.join(folder, "out/worker.js"),
    bundle: true,
    format: "esm",
    target: "es2022",
    conditions: ["workerd", "worker", "browser"],
    loader: { ".wasm": "copy" },
    assetNames: "[name]",
  });
  return new Miniflare({
    rootPath: path.join(folder, "out"),
    scriptPath: "worker.js",
    modules: true,
    modulesRules: [{ type: "CompiledWasm", include: ["**/*.wasm"] }],
    compatibilityDate: "2025-01-01",
    bindings,
  });
}

async function workerd() {
  const miniflare = await startWorker(await install("workerd"), "worker.js");
  try {
    const response = await miniflare.dispatchFetch("http://worker/", {
      method: "POST",
      body: JSON.stringify(setting),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`the worker answered ${response.status}: ${text}`);
    const { lines, result } = JSON.parse(text);
    lines.forEach(report("workerd"));
    return result;
  } finally {
    await miniflare.dispose();
  }
}

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".wasm": "application/wasm",
};

/** Serves a folder, as a web server does. */
async function serve(folder) {
  const server = http.createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://page/");
    const file = path.join(folder, pathname === "/" ? "index.html" : decodeURIComponent(pathname));
    try {
      if (!file.startsWith(folder) || !(await stat(file)).isFile()) throw new Error("not a file");
      response.setHeader("content-type", TYPES[path.extname(file)] ?? "application/octet-stream");
      // No code from strings, as a careful page has it.
      response.setHeader(
        "content-security-policy",
        "script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'",
      );
      response.end(await readFile(file));
    } catch {
      response.writeHead(404).end();
    }
  });
  const port = Number(env.ORAEDGE_TEST_PAGE_PORT ?? 0);
  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  return { server, url: `http://127.0.0.1:${server.address().port}/` };
}

/** Opens a folder as a page in Chromium, and runs the scenarios in it. */
function page(name, folder) {
  return withTab(name, folder, async (tab) => {
    await tab.waitForFunction(() => typeof window.runScenarios === "function");
    return tab.evaluate((given) => window.runScenarios(given), setting);
  });
}

/** Opens a folder as a page in Chromium, and hands it to `work`. */
async function withTab(name, folder, work) {
  const { chromium } = await import("playwright-core");
  const { server, url } = await serve(folder);
  const browser = await chromium.launch({
    executablePath: env.ORAEDGE_CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
      "--disable-background-networking", "--disable-component-update", "--disable-sync",
    ],
  });
  try {
    const tab = await browser.newPage();
    tab.setDefaultTimeout(30_000);
    tab.on("console", (message) => report(name)(message.text()));
    tab.on("pageerror", (error) => report(name)(`error in the page: ${error.message}`));
    await tab.goto(url);
    return await work(tab);
  } finally {
    await browser.close();
    server.close();
  }
}

async function chromium() {
  return page("chromium", await install("chromium"));
}

async function bundler() {
  const folder = await install("bundler");
  execFileSync(tool("vite"), ["build", "--logLevel", "warn"], { cwd: folder, stdio: "inherit" });
  return page("bundler", path.join(folder, "dist"));
}

async function typescript() {
  const folder = await install("typescript");
  const result = { passed: 0, failed: 0 };
  // With the types of a page, and with those of Node and no page's.
  for (const project of ["tsconfig.json", "tsconfig.node.json"]) {
    try {
      execFileSync(tool("tsc"), ["--project", path.join(folder, project)], { stdio: "inherit" });
      result.passed += 1;
    } catch {
      result.failed += 1;
    }
  }
  return result;
}

/** Log-on with tokens: the example programs everywhere, and in Node what can go wrong. */
async function tokens() {
  if (!setting.environment) {
    report("tokens")("SKIPPED: ORAEDGE_TEST_IDENTITY does not name the simulator's environment.json");
    return { passed: 0, failed: 0 };
  }
  const given = world(setting.environment, setting);
  const folder = await install("tokens");
  await copyExamples(folder);
  given.pair = await getDatabaseToken(folder, given);
  const results = [
    await inNode(folder, given, report("tokens: Node")),
    await script("tokens: Node", folder, setting),
    await tokensInWorkerd(folder, given),
    await tokensInPage(folder, given),
  ];
  const sum = (name) => results.reduce((total, result) => total + result[name], 0);
  return { passed: sum("passed"), failed: sum("failed") };
}

async function tokensInWorkerd(folder, given) {
  const tally = new Tally(report("tokens: workerd"));
  for (const [name, parameters] of Object.entries(parametersAsText(given))) {
    await tally.check(`worker/index.js ${name}`, async () => {
      const bindings = {
        AUTH: JSON.stringify(parameters), CONNECT_STRING: given.wsTarget, BRIDGE: given.ws,
        ...given.variables,
      };
      const miniflare = await startWorker(folder, "worker/index.js", bindings);
      try {
        const response = await miniflare.dispatchFetch("http://worker/");
        const text = await response.text();
        if (!response.ok) throw new Error(`the worker answered ${response.status}: ${text}`);
        return text;
      } finally {
        await miniflare.dispose();
      }
    });
  }
  return tally;
}

async function tokensInPage(folder, given) {
  const tally = new Tally(report("tokens: chromium"));
  const { config, simple, session, azure } = parametersAsText(given);
  await cp(path.join(folder, "page"), folder, { recursive: true });
  await withTab("tokens: chromium", folder, async (tab) => {
    await tally.check("page/index.html", async () => {
      const fields = { bridge: given.ws, connectString: given.wsTarget, ...config };
      delete fields.authType;
      for (const [name, value] of Object.entries(fields)) await tab.fill(`[name=${name}]`, value);
      await tab.click("button");
      await tab.waitForFunction(() => document.querySelector("output").textContent.length > 1);
      const shown = await tab.textContent("output");
      if (!shown.startsWith("VK23C, until")) throw new Error(shown);
      return shown;
    });
    const { ws: bridge, wsTarget: connectString, variables: environment } = given;
    for (const [name, extraAuthParams] of Object.entries({ simple, session, azure })) {
      const options = { extraAuthParams, environment };
      await tally.check(`${name}, through the bridge`, () =>
        tab.evaluate(whoAmI, { bridge, connectString, options }));
    }
    await tally.check("a token with its key", () =>
      tab.evaluate(whoAmI, { bridge, connectString, options: { accessToken: given.pair } }));
  });
  return tally;
}

/** Runs in the page. */
async function whoAmI({ bridge, connectString, options }) {
  const { getConnection, webSocket } = await import("oraedge");
  const connection = await getConnection({ connectString, transport: webSocket(bridge), ...options });
  const { rows } = await connection.execute("select user from dual");
  await connection.close();
  return rows[0][0];
}

const CONSUMERS = { typescript, node, seerdb, workerd, chromium, bundler, tokens };

async function main() {
  if (!env.ORAEDGE_TARBALL) throw new Error("ORAEDGE_TARBALL must name the packed package");
  const named = process.argv.slice(2);
  const unknown = named.filter((name) => !(name in CONSUMERS));
  if (unknown.length > 0) throw new Error(`no such consumer: ${unknown.join(", ")}`);
  const missing = await stat(path.join(HERE, "node_modules")).then(() => false, () => true);
  if (missing) npm(["ci", "--no-audit", "--no-fund", "--silent"], HERE);
  const totals = { passed: 0, failed: 0 };
  for (const name of named.length > 0 ? named : Object.keys(CONSUMERS)) {
    let result;
    try {
      result = await CONSUMERS[name]();
    } catch (error) {
      report(name)(`FAIL ${error.stack ?? error}`);
      result = { passed: 0, failed: 1 };
    }
    console.log(`${name}: ${result.passed} passed, ${result.failed} failed`);
    totals.passed += result.passed;
    totals.failed += result.failed;
  }
  console.log(`${totals.passed} passed, ${totals.failed} failed`);
  process.exitCode = totals.failed > 0 ? 1 : 0;
}

await main();

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import test from "node:test";

import { setPlatform } from "../platform.js";
import { flowProvider } from "../tokens/flow.js";

const SOON = () => Date.now() + 3_600_000;
let fresh = 0;
/** Parameters that no other test has, so that none shares its token. */
const parameters = (more) => ({ authType: "Fake", number: (fresh += 1), ...more });

/**
 * Puts a platform in place whose flows go through `outputs`, and returns what they were told.
 * An output may be a function, called with the last answer.
 */
function platform(outputs, more = {}) {
  const told = [];
  class TokenFlow {
    #left = [...outputs];
    freed = false;
    constructor(given, variables, home) {
      Object.assign(this, { given, variables, home });
      told.push({ given, variables, home });
      this.cacheKey = createHash("sha256").update(JSON.stringify([given, variables])).digest("hex");
      for (const name of ["start", "response", "noResponse", "file", "noFile", "keyPair", "noKeyPair",
        "signed", "notSigned", "waited"]) {
        this[name] = (now, ...answer) => {
          assert.ok(Math.abs(now - Date.now()) < 1000);
          told.push([name, ...answer]);
        };
      }
    }
    poll() {
      assert.equal(this.freed, false);
      const next = this.#left.shift();
      return typeof next === "function" ? next(told.at(-1)) : next;
    }
    free() {
      this.freed = true;
    }
  }
  setPlatform({ loadTokens: async () => ({ TokenFlow }), ...more });
  return told;
}

const names = (told) => told.filter(Array.isArray).map(([name]) => name);

test("a flow gets files, requests, keys, signatures and time, and its token signs with its key", async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), "oraedge-"));
  writeFileSync(path.join(folder, "config"), "[DEFAULT]");
  let message;
  const told = platform(
    [
      { kind: "readFile", path: path.join(folder, "config") },
      { kind: "readFile", path: path.join(folder, "absent") },
      { kind: "generateKeyPair", bits: 2048 },
      { kind: "sign", key: 1, message: Uint8Array.of(1) },
      { kind: "http", method: "GET", url: "https://x.example/", headers: [["date", "d"]], timeout: 1000 },
      { kind: "note", text: "a thing to know" },
      { kind: "wait", milliseconds: 1 },
      () => ({ kind: "done", token: "the token", expiresAt: SOON(), key: 1 }),
    ],
    { readFile, environment: () => ({ variables: { A: "1", B: undefined }, home: "/home/me" }) },
  );
  t.mock.method(process, "emitWarning", (text) => (message = text));
  const own = async (url, init) => new Response(`${init.method} ${url}`, { headers: { "x-a": "b" } });
  const provider = await flowProvider(parameters({ scopes: ["a", "b"], none: null }), {
    identityVia: own, environment: { C: "3", binding: {} },
  });
  const token = await provider.get();
  assert.deepEqual([token.token, (await token.sign(Uint8Array.of(5))).length], ["the token", 256]);
  const { given, variables, home } = told[0];
  assert.deepEqual(given, { authType: "Fake", number: "1", scopes: ["a", "b"] });
  assert.deepEqual([variables, home], [{ A: "1", C: "3" }, "/home/me"]);
  assert.deepEqual(names(told), [
    "start", "file", "noFile", "keyPair", "signed", "response", "waited",
  ]);
  const answers = Object.fromEntries(told.filter(Array.isArray).map(([name, ...rest]) => [name, rest]));
  assert.equal(String(answers.file[0]), "[DEFAULT]");
  assert.match(answers.noFile[0], /ENOENT/);
  assert.deepEqual([answers.keyPair[0], answers.keyPair[1].length], [1, 294]);
  assert.equal(answers.signed[0].length, 256);
  const [status, headers, body] = answers.response;
  assert.deepEqual([status, new Headers(headers).get("x-a"), String(Buffer.from(body))], [200, "b", "GET https://x.example/"]);
  assert.equal(message, "oraedge: a thing to know");
});

test("connections with the same parameters share a token, others do not", async () => {
  const told = platform([() => ({ kind: "done", token: `token ${fresh}`, expiresAt: SOON() })]);
  const same = parameters();
  const many = Array.from({ length: 10 }, async () => (await flowProvider(same, {})).get());
  assert.equal(new Set(await Promise.all(many)).size, 1);
  assert.equal(names(told).length, 1);
  await (await flowProvider(same, { environment: { A: "other" } })).get();
  await (await flowProvider({ ...same, profile: "X" }, {})).get();
  await (await flowProvider(same, { identityVia: "http://bridge.example" })).get();
  assert.equal(names(told).length, 4);
});

test("what the flow says is wrong is an error of the package, and the next log-on tries again", async () => {
  platform([{ kind: "failed", error: ["OED-AUTH", "401: no; do this", false] }]);
  const given = parameters();
  for (let i = 0; i < 2; i += 1) {
    const provider = await flowProvider(given, {});
    await assert.rejects(provider.get(), { name: "OraedgeError", code: "OED-AUTH", message: "401: no; do this" });
  }
});

test("a runtime without files says what to pass instead", async () => {
  const told = platform([
    { kind: "readFile", path: "~/.oci/config" },
    ([, reason]) => ({ kind: "failed", error: ["OED-AUTH", reason, false] }),
  ]);
  const provider = await flowProvider(parameters(), {});
  await assert.rejects(provider.get(), /no files; pass what is in it as configContent, keyContent/);
  assert.deepEqual(told[0].variables, {});
});

test("what a bridge refuses ends the flow at once", async () => {
  const refused = { type: "refused", code: "PATH_NOT_ALLOWED", message: "no", remedy: "" };
  platform([{ kind: "http", method: "GET", url: "https://x.example/", headers: [], timeout: 1000 }]);
  const realFetch = globalThis.fetch;
  globalThis.fetch = async () => new Response(JSON.stringify(refused), { status: 403 });
  try {
    const provider = await flowProvider(parameters(), { identityVia: "https://bridge.example/" });
    await assert.rejects(provider.get(), { code: "OED-TRANSPORT", bridgeCode: "PATH_NOT_ALLOWED" });
  } finally {
    globalThis.fetch = realFetch;
  }
});

test("parameters that are no text are refused by name, without their value", async () => {
  platform([]);
  const cases = [[{ profile: { secret: "geheim" } }, /"profile" must be text/], [{ scopes: [1] }, /"scopes"/]];
  for (const [more, message] of cases) {
    await assert.rejects(flowProvider(parameters(more), {}), ({ code, message: text }) => {
      assert.match(text, message);
      assert.ok(!text.includes("geheim"));
      return code === "OED-MISUSE";
    });
  }
  await assert.rejects(flowProvider(parameters(), { environment: "A=1" }), /"environment" must be an object/);
});

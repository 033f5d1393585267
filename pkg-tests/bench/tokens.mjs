// How long a log-on with a token takes in Node, and its work with RSA by WebCrypto and by the crate
// in wasm, side by side. `cargo xtask bench --only-tokens` starts what it needs, and runs it.
//
// Environment: ORAEDGE_TEST_TCPS (connect string), ORAEDGE_TEST_CA (PEM file), ORAEDGE_TEST_IDENTITY
// (the simulator's environment.json), as run.mjs has them. The package is ../../pkg.

import { readFileSync } from "node:fs";
import { performance } from "node:perf_hooks";

import { getConnection, tcp } from "../../pkg/node.js";

const ROUNDS = 15;
const { ORAEDGE_TEST_TCPS, ORAEDGE_TEST_CA, ORAEDGE_TEST_IDENTITY } = process.env;
const { config, endpoints, regionMetadata } = JSON.parse(readFileSync(ORAEDGE_TEST_IDENTITY, "utf8"));
const transport = tcp({ ca: readFileSync(ORAEDGE_TEST_CA) });
const environment = { OCI_REGION_METADATA: JSON.stringify(regionMetadata) };

/** Median and range of the milliseconds that `work` takes. */
async function measure(name, work, rounds = ROUNDS) {
  const times = [];
  for (let i = 0; i < rounds; i += 1) {
    const start = performance.now();
    const after = await work(i);
    times.push(performance.now() - start);
    await after?.();
  }
  times.sort((a, b) => a - b);
  const shown = [times[times.length >> 1], times[0], times.at(-1)].map((time) => time.toFixed(1));
  console.log(`| ${name} | ${shown[0]} | ${shown[1]} to ${shown[2]} |`);
}

/** Logs on; gives the way to log off, which is not measured. */
async function logOn(options) {
  const connection = await getConnection({ connectString: ORAEDGE_TEST_TCPS, transport, ...options });
  return () => connection.close();
}

// A different limit of time makes parameters that no log-on before had.
const byApiKey = (number) => ({
  environment,
  extraAuthParams: {
    authType: "ConfigFileAuthentication", configFile: config, endpoint: endpoints.auth,
    tokenTimeoutMs: 60_000 + number,
  },
});

console.log("| what | median ms | range |\n| --- | --- | --- |");
await measure("the first log-on with a token: both wasm files, key pair, request", () => logOn(byApiKey(0)), 1);
await measure("log-on with a new token (key pair, request)", (i) => logOn(byApiKey(i + 1)));
await measure("log-on with a kept token", () => logOn(byApiKey(0)));
await measure("log-on with a password, for comparison", () => logOn({ user: "scott", password: "tiger" }));

const tokens = await import("../../pkg/wasm/oraedge_tokens.js");
tokens.initSync({ module: readFileSync(new URL("../../pkg/wasm/oraedge_tokens_bg.wasm", import.meta.url)) });
const algorithm = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
const generate = (modulusLength) =>
  crypto.subtle.generateKey(
    { ...algorithm, modulusLength, publicExponent: Uint8Array.of(1, 0, 1) }, true, ["sign", "verify"],
  );
const message = new TextEncoder().encode("date: Thu, 05 Jan 2014 21:31:40 GMT\n(request-target): x\nhost: y");
for (const bits of [2048, 4096]) {
  const { privateKey } = await generate(bits);
  const der = Buffer.from(await crypto.subtle.exportKey("pkcs8", privateKey)).toString("base64");
  const key = tokens.RsaKey.fromPem(
    `-----BEGIN PRIVATE KEY-----\n${der.replace(/.{64}/g, "$&\n")}\n-----END PRIVATE KEY-----\n`,
  );
  await measure(`sign, ${bits} bits, WebCrypto`, async () => {
    await crypto.subtle.sign(algorithm.name, privateKey, message);
  });
  await measure(`sign, ${bits} bits, crate in wasm`, () => {
    key.sign(message);
  });
  await measure(`make a key pair, ${bits} bits, WebCrypto`, async () => {
    await generate(bits);
  });
  await measure(`make a key pair, ${bits} bits, crate in wasm`, () => {
    tokens.RsaKey.generate(bits);
  }, 5);
}
process.exit(0);

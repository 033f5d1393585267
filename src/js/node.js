// Entry for Node, Deno and Bun.

import { readFile } from "node:fs/promises";
import { homedir, hostname, userInfo } from "node:os";
import process from "node:process";

import { setPlatform } from "./platform.js";
import { requestTrusting } from "./tokens/https.js";
import { tcp } from "./transports/tcp.js";
import { Client, initSync } from "./wasm/oraedge.js";

function osUser() {
  try {
    return userInfo().username;
  } catch {
    // A process whose user id has no entry, as in many containers.
    return "unknown";
  }
}

setPlatform({
  async load() {
    const module = await readFile(new URL("./wasm/oraedge_bg.wasm", import.meta.url));
    return { memory: initSync({ module }).memory, Client };
  },
  async loadTokens() {
    const [tokens, module] = await Promise.all([
      import("./wasm/oraedge_tokens.js"),
      readFile(new URL("./wasm/oraedge_tokens_bg.wasm", import.meta.url)),
    ]);
    tokens.initSync({ module });
    return tokens;
  },
  environment: () => ({ variables: process.env, home: homedir() }),
  readFile: (path) => readFile(path),
  requestTrusting,
  tcp,
  // Code made from strings is allowed here, and makes rows faster.
  canCompile: true,
  defaultTransport: () => tcp(),
  identity: () => ({
    program: process.title || "node",
    machine: hostname(),
    osUser: osUser(),
    pid: process.pid,
  }),
});

export * from "./api.js";
export { default } from "./api.js";

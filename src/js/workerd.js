// Entry for Cloudflare Workers (workerd), where wasm must be a module of the worker.

import { misuse } from "./errors.js";
import { setPlatform } from "./platform.js";
import { Client, initSync } from "./wasm/oraedge.js";
import module from "./wasm/oraedge_bg.wasm";

setPlatform({
  load: () => ({ memory: initSync({ module }).memory, Client }),
  async loadTokens() {
    const [tokens, { default: compiled }] = await Promise.all([
      import("./wasm/oraedge_tokens.js"),
      import("./wasm/oraedge_tokens_bg.wasm"),
    ]);
    tokens.initSync({ module: compiled });
    return tokens;
  },
  // Filled where the compatibility flag nodejs_compat is set.
  environment: () => ({ variables: globalThis.process?.env ?? {} }),
  tcp: () => {
    throw misuse("workerd has no Node sockets; use webSocket() with an oraedge-bridge");
  },
  defaultTransport: () => {
    throw misuse("a worker has no default transport; name one: transport: webSocket(url)");
  },
  identity: () => ({ program: "oraedge", machine: "workerd" }),
});

export * from "./api.js";
export { default } from "./api.js";

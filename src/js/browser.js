// Entry for browsers and their workers, also through a bundler.

import { misuse } from "./errors.js";
import { setPlatform } from "./platform.js";
import { webSocket } from "./transports/websocket.js";
import init, { Client } from "./wasm/oraedge.js";

setPlatform({
  async load() {
    // Written out in one piece, so that bundlers see it and carry the file along.
    const url = new URL("./wasm/oraedge_bg.wasm", import.meta.url);
    return { memory: (await init({ module_or_path: url })).memory, Client };
  },
  async loadTokens() {
    const url = new URL("./wasm/oraedge_tokens_bg.wasm", import.meta.url);
    const tokens = await import("./wasm/oraedge_tokens.js");
    await tokens.default({ module_or_path: url });
    return tokens;
  },
  inPage: true,
  tcp: () => {
    throw misuse("a browser has no TCP sockets; use webSocket() with an oraedge-bridge");
  },
  // Where a page and its bridge are served by one host; see the README on placing the bridge.
  defaultTransport: () => webSocket("/oraedge"),
  identity: () => ({ program: "oraedge", machine: globalThis.location?.hostname || "browser" }),
});

export * from "./api.js";
export { default } from "./api.js";

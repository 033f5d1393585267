// What differs from one JavaScript runtime to the next. An entry module (node.js, browser.js,
// workerd.js) puts it here before anything else runs; the rest of the package is the same
// everywhere.

import { transportError } from "./errors.js";

let platform;
let loading;

/**
 * @param {object} chosen
 * @param {() => Promise<{memory: WebAssembly.Memory, Client: Function}>} chosen.load
 *   instantiates the one wasm file
 * @param {(options?: object) => Function} chosen.tcp makes a transport over the runtime's sockets
 * @param {() => Function} chosen.defaultTransport the transport when the caller names none
 * @param {() => object} chosen.identity program, machine and so on, as the database shows them
 */
export function setPlatform(chosen) {
  platform = chosen;
  loading = undefined;
}

export function currentPlatform() {
  return platform;
}

/** Loads the wasm file, once. */
export function loadWasm() {
  loading ??= Promise.resolve()
    .then(() => platform.load())
    .catch((error) => {
      loading = undefined;
      throw transportError(
        `the wasm file of oraedge could not be loaded (${error.message}); it belongs beside ` +
          "this package's JavaScript as wasm/oraedge_bg.wasm and must be served or bundled with it",
        error,
      );
    });
  return loading;
}

// What differs from one JavaScript runtime to the next. An entry module (node.js, browser.js,
// workerd.js) puts it here before anything else runs; the rest of the package is the same
// everywhere.

import { transportError } from "./errors.js";

let platform;
let loading;
let loadingTokens;

/**
 * @param {object} chosen
 * @param {() => Promise<{memory: WebAssembly.Memory, Client: Function}>} chosen.load
 *   instantiates the wasm file of the client
 * @param {() => Promise<{TokenFlow: Function, RsaKey: Function}>} [chosen.loadTokens] instantiates
 *   the wasm file of the log-on with tokens
 * @param {(options?: object) => Function} chosen.tcp makes a transport over the runtime's sockets
 * @param {() => Function} chosen.defaultTransport the transport when the caller names none
 * @param {() => object} chosen.identity program, machine and so on, as the database shows them
 * @param {boolean} [chosen.inPage] whether cross-origin requests need CORS headers, as in browsers
 * @param {() => {variables: object, home?: string}} [chosen.environment] the variables of the
 *   environment and the user's folder
 * @param {(path: string) => Promise<Uint8Array>} [chosen.readFile] where there are files
 * @param {(request: object) => Promise<object>} [chosen.requestTrusting] an HTTPS request that
 *   trusts the certificates that it brings
 */
export function setPlatform(chosen) {
  platform = chosen;
  loading = undefined;
  loadingTokens = undefined;
}

export function currentPlatform() {
  return platform;
}

/** Loads the client's wasm file, once. */
export function loadWasm() {
  loading ??= load(() => platform.load(), "oraedge_bg.wasm").catch((error) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

/** Loads the wasm file of the log-on with tokens, once; most programs never need it. */
export function loadTokens() {
  loadingTokens ??= load(() => platform.loadTokens(), "oraedge_tokens_bg.wasm").catch((error) => {
    loadingTokens = undefined;
    throw error;
  });
  return loadingTokens;
}

async function load(work, file) {
  try {
    return await work();
  } catch (error) {
    throw transportError(
      `the wasm file of oraedge could not be loaded (${error.message}); it belongs beside ` +
        `this package's JavaScript as wasm/${file} and must be served or bundled with it`,
      error,
    );
  }
}

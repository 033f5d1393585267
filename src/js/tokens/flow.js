// Runs the flow of a method: the wasm side says what to do next (a request, a file, a key pair, a
// signature, a pause), this side does it and tells what came, until there is a token.

import { OraedgeError, fromWasm, misuse } from "../errors.js";
import { loadTokens } from "../platform.js";
import { Host } from "./host.js";
import { generateKeyPair } from "./keys.js";
import { TokenProvider } from "./provider.js";

/** Providers by the hash of their parameters: connections with the same ones share a token. */
const providers = new Map();
/** Beyond this many sets of parameters, the one that was used longest ago is forgotten. */
const MOST_PROVIDERS = 100;

/**
 * @param {object} parameters of the method, as the caller gave them
 * @param {object} surroundings for {@link Host}
 * @returns {Promise<TokenProvider>}
 */
export async function flowProvider(parameters, surroundings) {
  const wasm = await loadTokens();
  const host = new Host(surroundings);
  const flow = makeFlow(wasm, parameters, host);
  const key = `${flow.cacheKey} ${host.cacheKey}`;
  flow.free();
  const provider = providers.get(key) ?? new TokenProvider(() => run(wasm, parameters, host));
  // Maps keep the order of insertion: the first is the one that was used longest ago.
  providers.delete(key);
  providers.set(key, provider);
  if (providers.size > MOST_PROVIDERS) providers.delete(providers.keys().next().value);
  return provider;
}

function makeFlow(wasm, parameters, host) {
  const { variables, home } = host.environment();
  try {
    return new wasm.TokenFlow(textual(parameters), variables, home);
  } catch (raw) {
    throw fromWasm(raw);
  }
}

/** Parameters with their values as text or lists of text, which is what the wasm side takes. */
function textual(parameters) {
  const pairs = Object.entries(parameters).filter(([, value]) => value !== undefined && value !== null);
  return Object.fromEntries(pairs.map(([name, value]) => [name, textOf(name, value)]));
}

function textOf(name, value) {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (Array.isArray(value) && value.every((part) => typeof part === "string")) return value;
  throw misuse(`the parameter "${name}" must be text, a number, or an array of texts`);
}

async function run(wasm, parameters, host) {
  const flow = makeFlow(wasm, parameters, host);
  const keys = new Map();
  try {
    flow.start(Date.now());
    for (;;) {
      const output = flow.poll();
      if (output.kind === "done") return logOnToken(output, keys);
      if (output.kind === "failed") throw fromWasm(output.error);
      await step(flow, output, keys, host);
    }
  } finally {
    flow.free();
  }
}

/** @returns {import("./provider.js").LogOnToken} */
function logOnToken({ token, expiresAt, key }, keys) {
  const made = { token, expiresAt };
  if (key !== undefined) made.sign = keys.get(key).sign;
  return made;
}

async function step(flow, output, keys, host) {
  switch (output.kind) {
    case "http":
      await answer(
        async () => host.request(output),
        ({ status, headers, body }) => flow.response(Date.now(), status, headers, body),
        (reason) => flow.noResponse(Date.now(), reason),
      );
      return;
    case "readFile":
      await answer(
        () => host.readFile(output.path),
        (bytes) => flow.file(Date.now(), bytes),
        (reason) => flow.noFile(Date.now(), reason),
      );
      return;
    case "generateKeyPair": {
      const id = keys.size + 1;
      await answer(
        async () => keys.set(id, await generateKeyPair(output.bits)).get(id),
        ({ publicKey }) => flow.keyPair(Date.now(), id, publicKey),
        (reason) => flow.noKeyPair(Date.now(), reason),
      );
      return;
    }
    case "sign":
      await answer(
        () => keys.get(output.key).sign(output.message),
        (signature) => flow.signed(Date.now(), signature),
        (reason) => flow.notSigned(Date.now(), reason),
      );
      return;
    case "wait":
      await new Promise((resolve) => setTimeout(resolve, output.milliseconds));
      flow.waited(Date.now());
      return;
    case "note":
      host.note(output.text);
      return;
    default:
      throw new OraedgeError("OED-INTERNAL", `the token flow stopped at "${output.kind}"`);
  }
}

/**
 * Tells the flow what `work` gave, or in words why it gave nothing. A request may be tried again
 * then; what a bridge refused stays refused.
 */
async function answer(work, give, fail) {
  let result;
  try {
    result = await work();
  } catch (error) {
    if (error instanceof OraedgeError) throw error;
    fail(error.message);
    return;
  }
  give(result);
}

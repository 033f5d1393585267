// The way of a flow's requests to the identity services: straight, or through a bridge. Identity
// services allow no page to call them (they send no CORS headers), so that in a browser the bridge
// relays the requests; crates/bridge/PROTOCOL.md says how, and to which hosts.

import { OraedgeError, misuse } from "../errors.js";

/** No answer of an identity service comes near this size. */
const LARGEST_ANSWER = 1 << 20;
/** An answer in base64, and what is around it. */
const LARGEST_ENVELOPE = 2 * LARGEST_ANSWER;
/** How much longer than the bridge this side waits. */
const BRIDGE_MARGIN_MS = 5000;
/** Made by the runtime from address and body, with the values that were signed. */
const IMPLIED_HEADERS = new Set(["host", "content-length"]);

/**
 * @param {"direct" | "bridge" | string | URL | Function} [via] the caller's choice
 * @param {{url: string, token?: string}} [bridge] the transport's bridge
 * @param {boolean} inPage whether this is a browser
 * @returns {{request: (request: object) => Promise<{status: number, headers: string[][],
 *   body: Uint8Array}>, name: string}}
 */
export function identityClient(via, bridge, inPage) {
  if (typeof via === "function") return { request: direct(via, inPage), name: "own" };
  const chosen = via ?? (inPage && bridge ? "bridge" : "direct");
  if (chosen === "direct") return { request: direct(globalThis.fetch, inPage), name: "direct" };
  if (chosen !== "bridge") return relayed(relayUrl(chosen), bridge);
  if (bridge) return relayed(relayUrl(bridge.url), bridge);
  throw misuse(
    'identityVia: "bridge" takes the bridge of webSocket(url), and this transport has none; ' +
      "name it: identityVia: url",
  );
}

/** Requests with `fetch`, that of the runtime or the caller's own. */
function direct(fetch, inPage) {
  return async ({ method, url, headers, body, timeout }) => {
    let response;
    try {
      response = await fetch(url, {
        method,
        headers: headers.filter(([name]) => !IMPLIED_HEADERS.has(name.toLowerCase())),
        body,
        // Not followed: what was signed is good for one address, and a secret goes to no other.
        redirect: "manual",
        signal: AbortSignal.timeout(timeout),
        // Not known everywhere outside of pages.
        ...(inPage && { cache: "no-store", credentials: "omit" }),
      });
    } catch (error) {
      throw new Error(whyNoAnswer(error, timeout, inPage));
    }
    if (response.type === "opaqueredirect") throw new Error("the answer was a redirect");
    return {
      status: response.status,
      headers: [...response.headers],
      body: await bodyOf(response),
    };
  };
}

function whyNoAnswer(error, timeout, inPage = false) {
  if (error?.name === "TimeoutError") return `no answer within ${timeout} ms`;
  // Node's fetch says "fetch failed", and why in the cause.
  const { message, cause } = error ?? {};
  const reason = cause?.message || cause?.code || message || String(error);
  if (!inPage) return reason;
  return (
    `${reason} (identity services answer no page, for want of CORS headers; let a bridge relay ` +
    'the requests: identityVia: "https://bridge.example/")'
  );
}

/** The whole body, unless it is larger than any good one. */
async function bodyOf(response, largest = LARGEST_ANSWER) {
  const parts = [];
  let size = 0;
  if (!response.body) return new Uint8Array();
  const reader = response.body.getReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    parts.push(value);
    size += value.length;
    if (size > largest) {
      await reader.cancel();
      throw new Error(`the answer has more than ${largest} bytes`);
    }
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Where a bridge takes identity requests: beside its WebSocket, whatever path that has. */
function relayUrl(bridge) {
  let url;
  try {
    url = new URL(bridge, globalThis.location?.href);
  } catch (error) {
    throw misuse(`"identityVia" must be "direct", "bridge", a bridge's address or a function: ${error.message}`);
  }
  url.protocol = url.protocol.replace(/^ws/, "http");
  if (!/^https?:$/.test(url.protocol)) {
    throw misuse(`a bridge's address begins with wss: or https:, not ${url.protocol}`);
  }
  return new URL("/identity", url).href;
}

/** Requests in an envelope to a bridge, which sends them and gives the answer back. */
function relayed(address, bridge) {
  // Its token is for its own bridge alone.
  const token = bridge && relayUrl(bridge.url) === address ? bridge.token : undefined;
  const headers = { "content-type": "application/json" };
  if (token !== undefined) headers.authorization = `Bearer ${token}`;
  const request = async ({ method, url, headers: signed, body, timeout }) => {
    const envelope = { method, url, headers: signed, timeoutMs: timeout };
    if (body) envelope.body = base64Of(body);
    const { status, answer } = await post(address, headers, JSON.stringify(envelope), timeout);
    if (answer?.type !== "answer") throw refusal(address, status, answer);
    return { status: answer.status, headers: answer.headers, body: bytesOf(answer.body ?? "") };
  };
  return { request, name: address };
}

async function post(address, headers, body, timeout) {
  try {
    const response = await fetch(address, {
      method: "POST",
      headers,
      body,
      redirect: "manual",
      // The bridge gives up first, and then says why.
      signal: AbortSignal.timeout(timeout + BRIDGE_MARGIN_MS),
    });
    const bytes = await bodyOf(response, LARGEST_ENVELOPE);
    return { status: response.status, answer: parsed(bytes) };
  } catch (error) {
    throw new Error(
      `no answer from the bridge at ${address}: ${whyNoAnswer(error, timeout)}; check that ` +
        "oraedge-bridge runs there, and that it allows this page's origin (--allow-origin)",
    );
  }
}

function parsed(bytes) {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}

/** What the bridge said when it did not send the request. No trying again changes its mind. */
function refusal(address, status, answer) {
  if (answer?.type !== "refused") {
    return new Error(`${address} answered ${status}, and not as an oraedge-bridge does`);
  }
  const { code, message, remedy } = answer;
  const error = new OraedgeError(
    "OED-TRANSPORT",
    `the bridge did not relay a request to an identity service: ${message}${remedy ? `; ${remedy}` : ""}`,
  );
  error.bridgeCode = code;
  return error;
}

function base64Of(bytes) {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

function bytesOf(base64) {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

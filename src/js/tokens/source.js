// From what getConnection() was told about tokens to a provider of them.

import { OraedgeError } from "../errors.js";
import { flowProvider } from "./flow.js";
import { expiryOf } from "./jwt.js";
import { signerOf } from "./keys.js";
import { tokenPair } from "./options.js";
import { TokenProvider } from "./provider.js";

/**
 * @param {object} source as `tokenOptions()` gives it
 * @param {object} surroundings of a flow: see `flowProvider()`
 * @returns {Promise<TokenProvider>}
 */
export async function tokenProvider(source, surroundings) {
  if (source.parameters) return flowProvider(source.parameters, surroundings);
  if (source.callback) return new TokenProvider((refresh) => fromCallback(source, refresh));
  return new TokenProvider(async () => {
    const token = await logOnToken(source.pair);
    if (isExpired(token)) throw expired("the access token", token, "get a new one");
    return token;
  });
}

async function logOnToken({ token, privateKey, passPhrase }) {
  const made = { token, expiresAt: expiryOf(token) };
  if (privateKey !== undefined) made.sign = await signerOf(privateKey, passPhrase);
  return made;
}

/** Asks the caller's function; once more, with `refresh`, if what it gave has expired already. */
async function fromCallback({ callback, config }, refresh) {
  let token = await ask(callback, config, refresh);
  if (isExpired(token) && !refresh) token = await ask(callback, config, true);
  if (!isExpired(token)) return token;
  throw expired(
    "the token that the accessToken function gave",
    token,
    "with refresh true it must get a new one",
  );
}

async function ask(callback, config, refresh) {
  let given;
  try {
    given = await callback(refresh, config);
  } catch (error) {
    throw new OraedgeError("OED-AUTH", `the accessToken function failed: ${error?.message ?? error}`, {
      cause: error,
    });
  }
  return logOnToken(tokenPair(given, "what the accessToken function gives"));
}

function isExpired({ expiresAt }) {
  return expiresAt !== undefined && expiresAt <= Date.now();
}

function expired(what, { expiresAt }, remedy) {
  const when = new Date(expiresAt).toISOString();
  return new OraedgeError("OED-AUTH", `${what} expired at ${when}; ${remedy}`);
}

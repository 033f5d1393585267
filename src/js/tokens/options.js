// Which options of getConnection() ask for a log-on with a token, and what they say.

import { misuse } from "../errors.js";

/** The parameters of a method, in this package's name and in those of node-oracledb's plug-ins. */
const METHOD_OPTIONS = ["extraAuthParams", "tokenAuthConfigOci", "tokenAuthConfigAzure"];

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * What the options say about tokens. Nothing of a value is ever shown: most of them are secrets.
 *
 * @returns {undefined | {pair: object} | {callback: Function, config: unknown} |
 *   {parameters: object}} undefined for a log-on with a password
 */
export function tokenOptions(options) {
  const named = ["accessToken", ...METHOD_OPTIONS].filter((name) => options[name] !== undefined);
  if (named.length === 0) {
    if (options.externalAuth) {
      throw misuse(
        "externalAuth without a token (Kerberos, a wallet) is not supported; " +
          "give accessToken or extraAuthParams",
      );
    }
    return undefined;
  }
  const [name] = named;
  if (named.length > 1) {
    throw misuse(`only one of ${named.map((each) => `"${each}"`).join(" and ")} can be used`);
  }
  refuseBoth(name, options);
  const value = options[name];
  if (name !== "accessToken") {
    if (isObject(value)) return { parameters: value };
    throw misuse(`"${name}" must be an object such as { authType: "ConfigFileAuthentication" }`);
  }
  if (typeof value === "function") return { callback: value, config: options.accessTokenConfig };
  return { pair: tokenPair(value, '"accessToken"') };
}

function refuseBoth(name, options) {
  for (const other of ["password", "newPassword"]) {
    if (options[other] !== undefined) throw misuse(`only one of "${name}" and "${other}" can be used`);
  }
  const user = options.user ?? options.username;
  // A name in brackets is whom to be after the log-on: proxy authentication.
  if (user !== undefined && user !== "" && !/^\[.+\]$/.test(user)) {
    throw misuse(
      `"user" goes with a password; with "${name}" the token says who logs on, and ` +
        `user: "[NAME]" whom to be by proxy`,
    );
  }
}

/** Checks a token that a caller gave: a string, or an object with its private key. */
export function tokenPair(value, what) {
  const pair = typeof value === "string" ? { token: value } : value;
  if (isObject(pair) && typeof pair.token === "string" && pair.token !== "") return pair;
  throw misuse(`${what} must be a token, or an object { token, privateKey }`);
}

// Checks what callers pass, and fills in the settings for what they leave out.

import { OUT_FORMAT_ARRAY, OUT_FORMAT_OBJECT } from "./constants.js";
import { misuse } from "./errors.js";
import { settings } from "./settings.js";

function check(ok, name, expected, value) {
  if (!ok) throw misuse(`"${name}" must be ${expected}, not ${show(value)}`);
}

function show(value) {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

const isBoolean = (value) => typeof value === "boolean";
const isFunction = (value) => typeof value === "function";
const isCount = (value) => Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff;
const isPositive = (value) => isCount(value) && value > 0;
const isObject = (value) => typeof value === "object" && value !== null;

const RULES = {
  autoCommit: [isBoolean, "a boolean"],
  batchErrors: [isBoolean, "a boolean"],
  bindDefs: [isObject, "an array or an object"],
  callTimeout: [isCount, "a number of milliseconds, 0 for no limit"],
  dmlRowCounts: [isBoolean, "a boolean"],
  extendedMetaData: [isBoolean, "a boolean"],
  fetchArraySize: [isPositive, "a positive integer"],
  fetchAsString: [Array.isArray, "an array of database types"],
  fetchInfo: [
    (value) => isObject(value) && !Array.isArray(value),
    "an object with column names as keys",
  ],
  fetchTypeHandler: [isFunction, "a function"],
  keepInStmtCache: [isBoolean, "a boolean"],
  maxRows: [isCount, "an integer, 0 for no limit"],
  numbers: [
    (value) => value === "number" || value === "string" || value === "bigint-when-needed",
    '"number", "string" or "bigint-when-needed"',
  ],
  outFormat: [
    (value) => value === OUT_FORMAT_ARRAY || value === OUT_FORMAT_OBJECT,
    "OUT_FORMAT_ARRAY or OUT_FORMAT_OBJECT",
  ],
  prefetchRows: [isCount, "an integer, 0 for none"],
  resultSet: [isBoolean, "a boolean"],
  signal: [(value) => isObject(value) && "aborted" in value, "an AbortSignal"],
  stmtCacheSize: [isCount, "an integer, 0 for no cache"],
  suspendOnSuccess: [isBoolean, "a boolean"],
};

const EXECUTE = [
  "autoCommit", "fetchArraySize", "fetchInfo", "fetchTypeHandler", "keepInStmtCache", "maxRows",
  "numbers", "outFormat", "prefetchRows", "resultSet", "signal", "extendedMetaData",
  "suspendOnSuccess",
];
const EXECUTE_MANY = [
  "autoCommit", "batchErrors", "bindDefs", "dmlRowCounts", "keepInStmtCache", "signal",
  "suspendOnSuccess",
];

function pick(options, names) {
  if (options === undefined) return {};
  check(isObject(options) && !Array.isArray(options), "options", "an object", options);
  const picked = {};
  for (const name of names) {
    const value = options[name];
    if (value === undefined) continue;
    checkOption(name, value);
    picked[name] = value;
  }
  return picked;
}

/** Fails unless `value` is one that the option or setting `name` can have. */
export function checkOption(name, value) {
  const [ok, expected] = RULES[name];
  check(ok(value), name, expected, value);
}

/** The options of `execute()` and `query()`, whole. */
export function executeOptions(options) {
  const picked = pick(options, EXECUTE);
  return { keepInStmtCache: true, resultSet: false, ...settings, ...picked };
}

/** The options of `executeMany()`, whole. */
export function executeManyOptions(options) {
  const picked = pick(options, EXECUTE_MANY);
  return {
    keepInStmtCache: true,
    batchErrors: false,
    dmlRowCounts: false,
    autoCommit: settings.autoCommit,
    ...picked,
  };
}

// Options of node-oracledb's getConnection() that change how a log-on is secured. Passing over
// them silently would connect in a way that the caller did not ask for.
const NOT_YET = [
  "walletLocation", "walletContent", "walletPassword", "httpsProxy", "poolAlias", "edition",
  "shardingKey", "superShardingKey", "tag",
];

/** Fails unless the options are an object; called before anything is read from them. */
export function checkObject(options) {
  check(isObject(options), "options", "an object", options);
}

const STRINGS = [
  "newPassword", "tnsNames", "program", "machine", "osUser", "terminal", "driverName",
];

/**
 * The options of `getConnection()`, in the names that the wasm side reads.
 *
 * @param {object} options of the caller
 * @param {object} identity of the program
 * @param {boolean} byToken whether a token takes the place of user and password
 */
export function connectOptions(options, identity, byToken) {
  for (const name of NOT_YET) {
    if (options[name] !== undefined && options[name] !== false) {
      throw misuse(`the option "${name}" of getConnection() is not supported`);
    }
  }
  const user = either(options, "user", "username");
  const connectString = either(options, "connectString", "connectionString");
  // What was given is not shown: a password must not get into an error's text.
  for (const [name, value] of [["user", user], ["password", options.password]]) {
    if (!byToken && (typeof value !== "string" || value === "")) {
      throw misuse(
        `"${name}" must be a string that is not empty; a log-on with a token has accessToken or ` +
          "extraAuthParams in the place of user and password",
      );
    }
  }
  check(
    typeof connectString === "string" && connectString.trim() !== "",
    "connectString",
    'a string such as "db.example:1521/service"',
    connectString,
  );
  for (const name of STRINGS) {
    const value = options[name];
    if (value !== undefined && typeof value !== "string") throw misuse(`"${name}" must be a string`);
  }
  for (const name of ["stmtCacheSize", "callTimeout"]) {
    if (options[name] !== undefined) checkOption(name, options[name]);
  }
  check(
    options.privilege === undefined || isCount(options.privilege),
    "privilege",
    "one of the constants SYSDBA, SYSOPER ...",
    options.privilege,
  );
  return {
    user,
    password: options.password,
    newPassword: options.newPassword,
    connectString,
    tnsNames: options.tnsNames,
    privilege: options.privilege ?? 0,
    stmtCacheSize: options.stmtCacheSize ?? settings.stmtCacheSize,
    callTimeout: options.callTimeout ?? 0,
    program: options.program ?? identity.program,
    machine: options.machine ?? identity.machine,
    osUser: options.osUser ?? identity.osUser,
    terminal: options.terminal,
    driverName: options.driverName,
    pid: identity.pid,
    // The session keeps the time zone that it is logged on with.
    zoneMinutes: -new Date().getTimezoneOffset(),
  };
}

function either(options, name, alias) {
  const value = options[name];
  const other = options[alias];
  if (value !== undefined && other !== undefined) {
    throw misuse(`only one of "${name}" and "${alias}" can be used`);
  }
  return value ?? other;
}

// What the package exports, whichever runtime it is in.

import { Connection } from "./connection.js";
import * as constants from "./constants.js";
import { DatabaseError, OraedgeError, fromWasm, misuse } from "./errors.js";
import { checkObject, checkOption, connectOptions } from "./options.js";
import { currentPlatform, loadWasm } from "./platform.js";
import { Session } from "./session.js";
import { settings } from "./settings.js";
import { sql } from "./sql.js";
import { opener } from "./streams.js";
import { descriptorTokens } from "./tokens/descriptor.js";
import { tokenOptions } from "./tokens/options.js";
import { tokenProvider } from "./tokens/source.js";
import { webSocket } from "./transports/websocket.js";
import * as types from "./types.js";

/** Logs on to a database; see types/connect.d.ts. */
export async function getConnection(options) {
  checkObject(options);
  const platform = currentPlatform();
  const tokens = tokenOptions(options) ?? (await connectStringTokens(options));
  const chosen = connectOptions(options, platform.identity(), tokens !== undefined);
  const { signal } = options;
  if (signal !== undefined) checkOption("signal", signal);
  const transport = options.transport ?? platform.defaultTransport();
  if (typeof transport !== "function") {
    throw misuse("transport must be a function, such as webSocket(url) or tcp()");
  }
  signal?.throwIfAborted();
  const provider = tokens && (await tokenProvider(tokens, { ...options, bridge: transport.bridge }));
  const [wasm, token] = await Promise.all([loadWasm(), provider?.get(signal)]);
  const logOn = token ? { ...chosen, accessToken: token.token, sign: token.sign } : chosen;
  // Aborts the log-on alone: the connection that comes of it must not end with a later abort.
  const loggingOn = new AbortController();
  const giveUp = () => loggingOn.abort(signal.reason);
  signal?.addEventListener("abort", giveUp, { once: true });
  const open = opener(transport, loggingOn.signal);
  try {
    signal?.throwIfAborted();
    const client = await wasm.Client.connect(logOn, open);
    return new Connection(new Session(client, wasm), chosen.callTimeout);
  } catch (raw) {
    if (signal?.aborted) throw signal.reason;
    const error = fromWasm(raw);
    // One that the database would not have is not used again.
    if (error instanceof DatabaseError) provider?.forget(token);
    if (error.code === "OED-TRANSPORT" && open.failure) {
      // Rust took over the words; what else the transport's own error knows goes along.
      error.cause = open.failure.cause ?? open.failure;
      if (open.failure.bridgeCode) error.bridgeCode = open.failure.bridgeCode;
    }
    throw error;
  } finally {
    signal?.removeEventListener("abort", giveUp);
  }
}

/** What the connect string says about tokens, where the options name neither user nor password. */
async function connectStringTokens(options) {
  const text = options.connectString ?? options.connectionString;
  const named = options.user ?? options.username ?? options.password;
  const source = `${text} ${options.tnsNames}`;
  if (named !== undefined || typeof text !== "string" || !/token_auth/i.test(source)) {
    return undefined;
  }
  const { Client } = await loadWasm();
  try {
    return descriptorTokens(Client.tokenSettings(text, options.tnsNames));
  } catch (raw) {
    throw raw instanceof OraedgeError ? raw : fromWasm(raw);
  }
}

/** How much memory the wasm module has, in bytes; it grows, and never shrinks. */
export async function wasmMemoryBytes() {
  return (await loadWasm()).memory.buffer.byteLength;
}

/** A transport over the runtime's own sockets; only where the runtime has them. */
export function tcp(options) {
  return currentPlatform().tcp(options);
}

export * from "./constants.js";
export { DatabaseError, OraedgeError } from "./errors.js";
export { Connection } from "./connection.js";
export { ResultSet } from "./cursor.js";
export { sql } from "./sql.js";
export { webSocket } from "./transports/websocket.js";
export {
  BLOB, BUFFER, CLOB, CURSOR, DATE, DB_TYPE_BFILE, DB_TYPE_BINARY_DOUBLE, DB_TYPE_BINARY_FLOAT,
  DB_TYPE_BINARY_INTEGER, DB_TYPE_BLOB, DB_TYPE_BOOLEAN, DB_TYPE_CHAR, DB_TYPE_CLOB,
  DB_TYPE_CURSOR, DB_TYPE_DATE, DB_TYPE_INTERVAL_DS, DB_TYPE_INTERVAL_YM, DB_TYPE_JSON,
  DB_TYPE_LONG, DB_TYPE_LONG_NVARCHAR, DB_TYPE_LONG_RAW, DB_TYPE_NCHAR, DB_TYPE_NCLOB,
  DB_TYPE_NUMBER, DB_TYPE_NVARCHAR, DB_TYPE_OBJECT, DB_TYPE_RAW, DB_TYPE_ROWID, DB_TYPE_TIMESTAMP,
  DB_TYPE_TIMESTAMP_LTZ, DB_TYPE_TIMESTAMP_TZ, DB_TYPE_UROWID, DB_TYPE_VARCHAR, DB_TYPE_VECTOR,
  DB_TYPE_XMLTYPE, DbType, IntervalDS, IntervalYM, NCLOB, NUMBER, STRING,
} from "./types.js";

const { dbTypeByNumber: _, ...publicTypes } = types;

/** All of the above in one object, with the settings as properties, as node-oracledb has it. */
const oraedge = {
  ...constants,
  ...publicTypes,
  DatabaseError,
  OraedgeError,
  getConnection,
  sql,
  tcp,
  wasmMemoryBytes,
  webSocket,
};
for (const name of Object.keys(settings)) {
  Object.defineProperty(oraedge, name, {
    enumerable: true,
    get: () => settings[name],
    set(value) {
      if (!(name === "fetchTypeHandler" && value === undefined)) checkOption(name, value);
      settings[name] = value;
    },
  });
}
export default Object.seal(oraedge);

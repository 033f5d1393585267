// The page's connection: log-on, one statement at a time, its rows piece by piece.

import { getConnection, webSocket } from "oraedge";
import { fetchTypeHandler } from "./format.js";

// Rows of one round trip, and rows that one call for more brings.
const FETCH_ARRAY_SIZE = 500;
export const PAGE = 500;

/**
 * Logs on.
 *
 * @param {{ bridge: string, connectString: string, user: string, password: string }} form
 * @param {AbortSignal} [signal] gives the log-on up
 */
export async function connect({ bridge, connectString, user, password }, signal) {
  const hop = { bridge: new URL(bridge, location.href).href };
  const overBridge = webSocket(bridge, { WebSocket: watched(hop) });
  const transport = (address) => {
    // The last address that was tried is the one that answered.
    hop.address = address;
    return overBridge(address);
  };
  const connection = await getConnection({ user, password, connectString, transport, signal });
  return new Database(connection, hop, user);
}

// A WebSocket that notes what the bridge says about itself and its TLS with the database.
function watched(hop) {
  return class extends WebSocket {
    constructor(...parameters) {
      super(...parameters);
      this.addEventListener("message", ({ data }) => {
        if (typeof data !== "string") return;
        try {
          const frame = JSON.parse(data);
          if (frame.type === "connected") Object.assign(hop, { name: frame.bridge, tls: frame.tls });
        } catch {
          // The transport reports a frame that cannot be read.
        }
      });
    }
  };
}

/** A session of the database. */
export class Database {
  #connection;

  constructor(connection, hop, user) {
    this.#connection = connection;
    this.hop = hop;
    this.user = user;
    this.version = connection.oracleServerVersionString;
  }

  get isHealthy() {
    return this.#connection.isHealthy();
  }

  /** Executes one statement. */
  run(sql, { autoCommit }) {
    const abort = new AbortController();
    const execution = new Execution(abort);
    execution.started = this.#connection
      .execute(sql, [], {
        autoCommit,
        resultSet: true,
        fetchArraySize: FETCH_ARRAY_SIZE,
        prefetchRows: FETCH_ARRAY_SIZE,
        fetchTypeHandler,
        signal: abort.signal,
      })
      .then((result) => execution.take(result));
    return execution;
  }

  commit() {
    return this.#connection.commit();
  }

  rollback() {
    return this.#connection.rollback();
  }

  close() {
    return this.#connection.close();
  }

  /** Tables and views of the user with their columns: `Map<table, [name, type][]>`. */
  async schema() {
    const { rows } = await this.#connection.execute(
      "select table_name, column_name, data_type from user_tab_columns " +
        "order by table_name, column_id",
    );
    const tables = new Map();
    for (const [table, column, type] of rows) {
      if (!tables.has(table)) tables.set(table, []);
      tables.get(table).push([column, type]);
    }
    return tables;
  }
}

/** One execution of a statement, until its last row. */
class Execution {
  #abort;
  #resultSet;
  /** Settles when the statement is executed. */
  started;
  stopped = false;
  /** Whether there may be more rows. */
  more = false;
  columns;
  rowsAffected;
  warning;

  constructor(abort) {
    this.#abort = abort;
  }

  take({ resultSet, metaData, rowsAffected, warning }) {
    this.#resultSet = resultSet;
    this.columns = resultSet ? metaData : undefined;
    this.more = resultSet !== undefined;
    this.rowsAffected = rowsAffected;
    this.warning = warning;
  }

  /** Up to `count` more rows. */
  async fetch(count = PAGE) {
    const rows = await this.#resultSet.getRows(count);
    if (rows.length < count) await this.close();
    return rows;
  }

  /** Cancels what runs, on the server as well. */
  stop() {
    this.stopped = true;
    this.more = false;
    this.#abort.abort();
  }

  /** Lets the server's cursor go. */
  async close() {
    this.more = false;
    const resultSet = this.#resultSet;
    this.#resultSet = undefined;
    try {
      await resultSet?.close();
    } catch {
      // It is closed already, because its last call failed or the connection is gone.
    }
  }
}

// A connection: node-oracledb's methods, and what JavaScript has learned since.

import {
  EXECUTE_AUTO_COMMIT, EXECUTE_BATCH_ERRORS, EXECUTE_KEEP_IN_CACHE, EXECUTE_MANY,
  EXECUTE_ROW_COUNTS, EXECUTE_SUSPEND,
} from "./border.js";
import { encodeBinds, encodeManyBinds } from "./binds.js";
import { Cursor, ResultSet, RowStream } from "./cursor.js";
import { DatabaseError, OraedgeError, closed, misuse } from "./errors.js";
import { checkOption, executeManyOptions, executeOptions } from "./options.js";
import { sessionlessOptions, transactionId } from "./sessionless.js";
import { SqlFragment, makeTag } from "./sql.js";

/** One session of the database. */
export class Connection {
  #session;
  #inTransaction = false;
  #serverVersion;
  #callTimeout;
  #currentSchema = "";

  /**
   * @param {import("./session.js").Session} session logged on
   * @param {number} callTimeout that it was logged on with
   */
  constructor(session, callTimeout) {
    this.#session = session;
    this.#callTimeout = callTimeout;
    const { client } = session;
    this.#serverVersion = { text: client.serverVersion, number: client.serverVersionNumber };
    this.sql = makeTag(this);
  }

  /** Executes a statement; see types/connection.d.ts for all of this class. */
  async execute(statement, binds, options) {
    const { sql, values } = readStatement(statement, binds);
    const chosen = this.#chosen(executeOptions(options));
    const all = !chosen.resultSet;
    const { outcome, cursor, rows } = await this.#run(sql, encodeBinds(values), chosen, { all });
    if (cursor) {
      const { metaData } = cursor;
      return all ? { metaData, rows } : { metaData, resultSet: new ResultSet(cursor) };
    }
    const result = { rowsAffected: outcome.rowsAffected };
    const { lastRowid, warning } = outcome;
    if (lastRowid !== undefined) result.lastRowid = lastRowid;
    if (warning !== undefined) result.warning = warningError(warning);
    outcome.free();
    return result;
  }

  /** Executes a query when its first row is asked for, and fetches as the rows are taken. */
  query(statement, binds, options) {
    const { sql, values } = readStatement(statement, binds);
    const chosen = this.#chosen(executeOptions(options));
    const encoded = encodeBinds(values);
    return new RowStream(async () => {
      const { outcome, cursor } = await this.#run(sql, encoded, chosen);
      if (cursor) return cursor;
      outcome.free();
      throw misuse("query() is for statements that give rows; use execute() for all others");
    });
  }

  /** Executes a statement once for each row of binds, in one go. */
  async executeMany(sql, rows, options) {
    if (typeof sql !== "string") throw misuse("the statement of executeMany() must be a string");
    const chosen = this.#chosen(executeManyOptions(options));
    const binds = encodeManyBinds(rows, chosen.bindDefs);
    let moreFlags = EXECUTE_MANY;
    if (chosen.batchErrors) moreFlags |= EXECUTE_BATCH_ERRORS;
    if (chosen.dmlRowCounts) moreFlags |= EXECUTE_ROW_COUNTS;
    const { outcome, cursor } = await this.#run(sql, binds, chosen, { moreFlags });
    if (cursor) {
      cursor.close();
      throw misuse("executeMany() cannot be used for queries; use execute()");
    }
    const result = { rowsAffected: outcome.rowsAffected };
    if (chosen.dmlRowCounts) result.dmlRowCounts = Array.from(outcome.rowCounts());
    if (chosen.batchErrors) {
      const errors = outcome.batchErrors();
      if (errors.length > 0) result.batchErrors = errors.map(batchError);
    }
    const { warning } = outcome;
    if (warning !== undefined) result.warning = warningError(warning);
    outcome.free();
    return result;
  }

  /** Commits the transaction. */
  async commit() {
    await this.#session.turn(undefined, ({ client }) => client.commit());
  }

  /** Rolls the transaction back. */
  async rollback() {
    await this.#session.turn(undefined, ({ client }) => client.rollback());
  }

  /** Makes a round trip to the database. */
  async ping() {
    await this.#session.turn(undefined, ({ client }) => client.ping());
  }

  /** Begins a transaction that belongs to no connection; gives the identifier to resume it by. */
  async beginSessionlessTransaction(options = {}) {
    const { timeout, deferRoundTrip } = sessionlessOptions(options);
    const id = transactionId(options.transactionId);
    await this.#startSessionless(false, id, timeout, deferRoundTrip);
    return id;
  }

  /** Goes on with a sessionless transaction that was suspended, here or anywhere else. */
  async resumeSessionlessTransaction(identifier, options = {}) {
    const { timeout, deferRoundTrip } = sessionlessOptions(options);
    if (identifier === undefined) throw misuse("the transaction's identifier is missing");
    const id = transactionId(identifier);
    await this.#startSessionless(true, id, timeout, deferRoundTrip);
    return id;
  }

  /** Suspends the sessionless transaction that is active on this connection. */
  async suspendSessionlessTransaction() {
    await this.#session.turn(undefined, ({ client }) => client.suspendSessionless());
  }

  #startSessionless(...given) {
    if (this.#inTransaction) {
      throw misuse("a sessionless transaction cannot begin inside of transaction()");
    }
    return this.#session.turn(undefined, ({ client }) => client.startSessionless(...given));
  }

  /** Interrupts the call that is running; that call fails with ORA-01013. */
  async break() {
    this.#session.interrupt();
  }

  /** node-oracledb's name of {@link Connection#break}. */
  async breakExecution() {
    this.#session.interrupt();
  }

  /** Logs off; an open transaction is rolled back. */
  async close() {
    await this.#session.close();
  }

  isHealthy() {
    return this.#session.isHealthy;
  }

  async [Symbol.asyncDispose]() {
    if (this.#session.isOpen) await this.#session.close();
  }

  /** Runs `work` in a transaction: commits when it returns, rolls back when it throws. */
  async transaction(work) {
    if (typeof work !== "function") throw misuse("transaction() takes a function");
    if (this.#inTransaction) {
      throw misuse("this connection is in transaction() already; transactions cannot be nested");
    }
    this.#inTransaction = true;
    try {
      const result = await work(this);
      await this.commit();
      return result;
    } catch (error) {
      try {
        await this.rollback();
      } catch {
        // A connection that is gone has rolled back; the first error says why it is gone.
      }
      throw error;
    } finally {
      this.#inTransaction = false;
    }
  }

  /** When the token of the log-on expires; undefined for a password, and where the token is mute. */
  get tokenExpiresAt() {
    const milliseconds = this.#session.isOpen ? this.#session.client.tokenExpiresAt : undefined;
    return milliseconds === undefined ? undefined : new Date(milliseconds);
  }

  get callTimeout() {
    return this.#session.isOpen ? this.#callTimeout : undefined;
  }

  set callTimeout(milliseconds) {
    checkOption("callTimeout", milliseconds);
    this.#session.client.setCallTimeout(milliseconds);
    this.#callTimeout = milliseconds;
  }

  get oracleServerVersion() {
    return this.#session.isOpen ? this.#serverVersion.number : undefined;
  }

  get oracleServerVersionString() {
    return this.#session.isOpen ? this.#serverVersion.text : undefined;
  }

  // End-to-end attributes, told to the database with the next call; write-only, as in node-oracledb.
  get module() {
    return null;
  }

  set module(value) {
    this.#setAttribute("module", value);
  }

  get action() {
    return null;
  }

  set action(value) {
    this.#setAttribute("action", value);
  }

  get clientId() {
    return null;
  }

  set clientId(value) {
    this.#setAttribute("clientId", value);
  }

  get clientInfo() {
    return null;
  }

  set clientInfo(value) {
    this.#setAttribute("clientInfo", value);
  }

  get dbOp() {
    return null;
  }

  set dbOp(value) {
    this.#setAttribute("dbOp", value);
  }

  /** The schema in which names without one are looked up, once it was set here. */
  get currentSchema() {
    return this.#session.isOpen ? this.#currentSchema : undefined;
  }

  set currentSchema(value) {
    this.#setAttribute("currentSchema", value);
    this.#currentSchema = value;
  }

  get dbName() {
    return this.#parameter("AUTH_DBNAME");
  }

  get dbDomain() {
    return this.#parameter("AUTH_SC_DB_DOMAIN");
  }

  get instanceName() {
    return this.#parameter("AUTH_INSTANCENAME");
  }

  get serviceName() {
    return this.#parameter("AUTH_SC_SERVICE_NAME");
  }

  get maxOpenCursors() {
    const value = this.#parameter("AUTH_MAX_OPEN_CURSORS");
    return value === undefined ? undefined : Number(value);
  }

  #parameter(name) {
    return this.#session.isOpen ? this.#session.client.parameter(name) : undefined;
  }

  #setAttribute(name, value) {
    if (typeof value !== "string") throw misuse(`"${name}" must be a string, not ${typeof value}`);
    if (!this.#session.isOpen) throw closed("connection");
    // In order with the calls around it; all it can fail of is a close in between.
    this.#session.turn(undefined, ({ client }) => client.setAttribute(name, value)).catch(() => {});
  }

  /** Always true: this package speaks the wire protocol itself. */
  get thin() {
    return true;
  }

  #chosen(options) {
    if (!this.#inTransaction || !options.autoCommit) return options;
    throw misuse("autoCommit would end the transaction() that this connection is in");
  }

  /**
   * Executes in one turn. Gives the outcome of what is no query; of a query the cursor, or with
   * `all` its rows as well.
   */
  #run(sql, binds, options, { all = false, moreFlags = 0 } = {}) {
    let flags = moreFlags;
    if (options.autoCommit) flags |= EXECUTE_AUTO_COMMIT;
    if (options.keepInStmtCache) flags |= EXECUTE_KEEP_IN_CACHE;
    if (options.suspendOnSuccess) flags |= EXECUTE_SUSPEND;
    const { prefetchRows = 0, fetchArraySize = 1 } = options;
    return this.#session.turn(options.signal, async ({ client, memory }) => {
      const outcome = await client.execute(sql, binds, flags, prefetchRows, fetchArraySize);
      if (!outcome.isQuery) return { outcome };
      const cursor = new Cursor(this.#session, outcome, options);
      return { cursor, rows: all ? await cursor.readAll(memory) : undefined };
    });
  }
}

/** A statement is a text with binds, or an object that has both, such as a `sql` fragment. */
function readStatement(statement, binds) {
  if (typeof statement === "string") return { sql: statement, values: binds };
  if (statement instanceof SqlFragment || typeof statement?.statement === "string") {
    if (binds !== undefined && !(Array.isArray(binds) && binds.length === 0)) {
      throw misuse("a sql`...` statement brings its own binds; pass undefined for them");
    }
    return { sql: statement.statement, values: statement.values };
  }
  throw misuse("the statement must be a string or made with sql`...`");
}

function batchError([errorNum, offset, message]) {
  const code = `ORA-${String(errorNum).padStart(5, "0")}`;
  return new DatabaseError({ code, message, errorNum, offset });
}

function warningError([errorNum, message]) {
  if (errorNum === 0) return new OraedgeError("OED-WARNING", message);
  const code = `ORA-${String(errorNum).padStart(5, "0")}`;
  return new DatabaseError({ code, message, errorNum });
}

/// <reference lib="esnext.disposable" />

// A connection.

import type {
  BeginSessionlessOptions, BindParameters, BindValue, ExecuteManyOptions, ExecuteOptions,
  ManyResult, Result, ResumeSessionlessOptions, Row, RowStream,
} from "./statements.js";
import type { SqlFragment, SqlTag } from "./sql.js";

/** A session of the database. Calls may overlap: they run one after the other, in order. */
export class Connection {
  private constructor();

  /**
   * Executes a statement.
   *
   * @example
   * ```js
   * const { rows } = await connection.execute("select * from emp where deptno = :d", { d: 30 });
   * ```
   */
  execute<T = Row>(
    statement: string,
    binds?: BindParameters,
    options?: ExecuteOptions,
  ): Promise<Result<T>>;
  execute<T = Row>(
    statement: SqlFragment | { statement: string; values?: BindParameters },
    binds?: undefined,
    options?: ExecuteOptions,
  ): Promise<Result<T>>;

  /** Executes a query when its first row is taken, and fetches further rows as they are taken. */
  query<T = Row>(statement: string, binds?: BindParameters, options?: ExecuteOptions): RowStream<T>;
  query<T = Row>(
    statement: SqlFragment | { statement: string; values?: BindParameters },
    binds?: undefined,
    options?: ExecuteOptions,
  ): RowStream<T>;

  /** Executes a statement for each row of binds, or that many times, in one round trip. */
  executeMany(
    statement: string,
    binds: ReadonlyArray<BindValue[] | { [name: string]: BindValue }> | number,
    options?: ExecuteManyOptions,
  ): Promise<ManyResult>;

  /**
   * Executes a template in which every value is bound.
   *
   * @example
   * ```js
   * const rows = await connection.sql`select ename from emp where deptno = ${30}`;
   * for await (const { ENAME } of connection.sql`select ename from emp`) console.log(ENAME);
   * ```
   */
  readonly sql: SqlTag;

  /** Runs `work` in a transaction: commits when it returns, rolls back when it throws. */
  transaction<T>(work: (connection: Connection) => T | Promise<T>): Promise<T>;

  commit(): Promise<void>;
  rollback(): Promise<void>;

  /**
   * Begins a sessionless transaction (Oracle Database 23.6 and later): suspended, it can be resumed
   * on any connection, in any process, by the identifier that this gives.
   *
   * @example
   * ```js
   * const id = await connection.beginSessionlessTransaction({ timeout: 120 });
   * await connection.execute("insert into emp (empno) values (1)", [], { suspendOnSuccess: true });
   * // Later, on another connection:
   * await other.resumeSessionlessTransaction(id);
   * await other.commit();
   * ```
   */
  beginSessionlessTransaction(options?: BeginSessionlessOptions): Promise<Uint8Array>;

  /** Goes on with a sessionless transaction that was suspended; gives its identifier as bytes. */
  resumeSessionlessTransaction(
    transactionId: string | Uint8Array,
    options?: ResumeSessionlessOptions,
  ): Promise<Uint8Array>;

  /** Suspends the sessionless transaction that is active on this connection. */
  suspendSessionlessTransaction(): Promise<void>;
  /** Makes a round trip to the database. */
  ping(): Promise<void>;
  /** Interrupts the call that is running; that call fails with ORA-01013. */
  break(): Promise<void>;
  /** node-oracledb's name of {@link Connection.break}. */
  breakExecution(): Promise<void>;
  /** Logs off; an open transaction is rolled back. */
  close(): Promise<void>;
  /** Whether nothing is known to be wrong with the connection; makes no round trip. */
  isHealthy(): boolean;
  [Symbol.asyncDispose](): Promise<void>;

  /** When the token of the log-on expires; undefined after a log-on with a password. */
  readonly tokenExpiresAt: Date | undefined;
  /** Milliseconds that each call may take; 0 for no limit, undefined once closed. */
  get callTimeout(): number | undefined;
  set callTimeout(milliseconds: number);
  /** 2304002405 for 23.4.0.24.05; undefined once closed. */
  readonly oracleServerVersion: number | undefined;
  /** `23.4.0.24.5`; undefined once closed. */
  readonly oracleServerVersionString: string | undefined;
  readonly thin: true;

  /**
   * Told to the database with the next call, for its monitoring (V$SESSION); can only be set, as in
   * node-oracledb.
   */
  get module(): null;
  set module(value: string);
  get action(): null;
  set action(value: string);
  get clientId(): null;
  set clientId(value: string);
  get clientInfo(): null;
  set clientInfo(value: string);
  get dbOp(): null;
  set dbOp(value: string);
  /** Where names without a schema are looked up, from the next call on; empty if never set here. */
  get currentSchema(): string | undefined;
  set currentSchema(schema: string);

  readonly dbName: string | undefined;
  readonly dbDomain: string | undefined;
  readonly instanceName: string | undefined;
  readonly serviceName: string | undefined;
  readonly maxOpenCursors: number | undefined;
}

/// <reference lib="esnext.disposable" />

/**
 * Oracle Database from a browser tab, an edge worker or Node, in Oracle's own wire protocol.
 *
 * Names, defaults and error texts are node-oracledb's wherever it has them.
 *
 * @example
 * ```js
 * import { getConnection, webSocket } from "oraedge";
 *
 * await using connection = await getConnection({
 *   user: "scott", password: "tiger", connectString: "db.example:2484/service",
 *   transport: webSocket("wss://bridge.example/"),
 * });
 * for await (const [name, salary] of connection.query("select ename, sal from emp")) {
 *   console.log(name, salary);
 * }
 * ```
 *
 * @packageDocumentation
 */

// ---------------------------------------------------------------------------------------------
// Database types and constants

/** A database type. Compare by identity: `column.dbType === DB_TYPE_NUMBER`. */
export class DbType {
  private constructor();
  /** node-oracledb's number of the type, 2001 and up. */
  readonly num: number;
  /** The name of the constant, `DB_TYPE_VARCHAR`. */
  readonly name: string;
  /** The name in SQL, `VARCHAR2`. */
  readonly columnTypeName: string;
}

export const DB_TYPE_BFILE: DbType;
export const DB_TYPE_BINARY_DOUBLE: DbType;
export const DB_TYPE_BINARY_FLOAT: DbType;
export const DB_TYPE_BINARY_INTEGER: DbType;
export const DB_TYPE_BLOB: DbType;
export const DB_TYPE_BOOLEAN: DbType;
export const DB_TYPE_CHAR: DbType;
export const DB_TYPE_CLOB: DbType;
export const DB_TYPE_CURSOR: DbType;
export const DB_TYPE_DATE: DbType;
export const DB_TYPE_INTERVAL_DS: DbType;
export const DB_TYPE_INTERVAL_YM: DbType;
export const DB_TYPE_JSON: DbType;
export const DB_TYPE_LONG: DbType;
export const DB_TYPE_LONG_NVARCHAR: DbType;
export const DB_TYPE_LONG_RAW: DbType;
export const DB_TYPE_NCHAR: DbType;
export const DB_TYPE_NCLOB: DbType;
export const DB_TYPE_NUMBER: DbType;
export const DB_TYPE_NVARCHAR: DbType;
export const DB_TYPE_OBJECT: DbType;
export const DB_TYPE_RAW: DbType;
export const DB_TYPE_ROWID: DbType;
export const DB_TYPE_TIMESTAMP: DbType;
export const DB_TYPE_TIMESTAMP_LTZ: DbType;
export const DB_TYPE_TIMESTAMP_TZ: DbType;
export const DB_TYPE_UROWID: DbType;
export const DB_TYPE_VARCHAR: DbType;
export const DB_TYPE_VECTOR: DbType;
export const DB_TYPE_XMLTYPE: DbType;

/** node-oracledb's older names. */
export const STRING: typeof DB_TYPE_VARCHAR;
export const NUMBER: typeof DB_TYPE_NUMBER;
/** DB_TYPE_TIMESTAMP, as in node-oracledb. */
export const DATE: typeof DB_TYPE_TIMESTAMP;
export const BUFFER: typeof DB_TYPE_RAW;
export const CURSOR: typeof DB_TYPE_CURSOR;
export const CLOB: typeof DB_TYPE_CLOB;
export const NCLOB: typeof DB_TYPE_NCLOB;
export const BLOB: typeof DB_TYPE_BLOB;

export const BIND_IN: 3001;
export const BIND_INOUT: 3002;
export const BIND_OUT: 3003;
/** Rows are arrays, in the order of the columns. */
export const OUT_FORMAT_ARRAY: 4001;
/** Rows are objects, with the column names as keys. */
export const OUT_FORMAT_OBJECT: 4002;
/** In `fetchInfo`: fetch this column as its type says, whatever other settings say. */
export const DEFAULT: 0;

/** Privileges to log on with, for {@link ConnectionOptions.privilege}. */
export const SYSASM: 0x8000;
export const SYSBACKUP: 0x20000;
export const SYSDBA: 0x2;
export const SYSDG: 0x40000;
export const SYSKM: 0x80000;
export const SYSOPER: 0x4;
export const SYSPRELIM: 0x8;
export const SYSRAC: 0x100000;

/** An INTERVAL YEAR TO MONTH; both fields have the same sign. */
export class IntervalYM {
  constructor(fields?: { years?: number; months?: number });
  years: number;
  /** Beyond the years, -11 to 11. */
  months: number;
}

/** An INTERVAL DAY TO SECOND; all fields have the same sign. */
export class IntervalDS {
  constructor(fields?: {
    days?: number;
    hours?: number;
    minutes?: number;
    seconds?: number;
    fseconds?: number;
  });
  days: number;
  hours: number;
  minutes: number;
  seconds: number;
  /** Fraction of the second, in nanoseconds. */
  fseconds: number;
}

// ---------------------------------------------------------------------------------------------
// Errors

/** The database's own answer to a statement. The connection goes on working. */
export class DatabaseError extends Error {
  /** `ORA-00942`. */
  readonly code: string;
  /** `942`. */
  readonly errorNum: number;
  /** Where in the statement's text, in bytes from 0; absent if the database did not say. */
  readonly offset?: number;
  /** Rows done before the error. */
  readonly rowsAffected?: number;
  /** The session is gone; connecting anew and trying again may work. */
  readonly isRecoverable: boolean;
}

/** Every other error: an argument, a transport, a time limit, an answer that is broken. */
export class OraedgeError extends Error {
  /**
   * `OED-MISUSE`, `OED-UNSUPPORTED`, `OED-CONNECT-STRING`, `OED-TRANSPORT`, `OED-TIMEOUT`,
   * `OED-AUTH`, `OED-CLOSED`, `OED-PROTOCOL`, `OED-MALFORMED`, `OED-WARNING`, `OED-INTERNAL`.
   */
  readonly code: string;
  /** The connection is gone; connecting anew and trying again may work. */
  readonly isRecoverable: boolean;
  /** The bridge's own code (`TARGET_NOT_ALLOWED` ...), when it was the bridge that refused. */
  readonly bridgeCode?: string;
}

// ---------------------------------------------------------------------------------------------
// Transports

/** Where a transport is to connect to; an entry of the connect descriptor. */
export interface Address {
  readonly protocol: "tcp" | "tcps";
  readonly host: string;
  readonly port: number;
  /** For TCPS: `SSL_SERVER_DN_MATCH`; false takes a certificate with any name. */
  readonly dnMatch?: boolean;
  /** For TCPS: `SSL_SERVER_CERT_DN`, the subject that the certificate must have. */
  readonly certDn?: string;
  /** For TCPS: the name that the certificate must have, if not `host`. */
  readonly serverName?: string;
  /** For TCPS: the Server Name Indication to send. */
  readonly sni?: string;
}

/** A connection of bytes, as the web has it. */
export interface ByteStream {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
  /** Called when the connection is closed, besides closing both streams. */
  close?(): unknown;
}

/** A connection of bytes that can answer at once; the faster way, and what built-in ones do. */
export interface ByteChannel {
  /** The next bytes; undefined at the end of the stream. */
  read(): Uint8Array | undefined | Promise<Uint8Array | undefined>;
  /** Sends bytes; the promise is for back-pressure. */
  write(bytes: Uint8Array): void | Promise<void>;
  close(): unknown;
  /** Makes a new TLS handshake on the same connection; for TCPS where the transport ends TLS. */
  restartTls?(): Promise<void>;
}

/** Opens a connection to an address. Write your own to go through whatever you have. */
export type Transport = (address: Address) => Promise<ByteStream | ByteChannel>;

/** Options of {@link webSocket}. */
export interface WebSocketOptions {
  /** The bearer token that the bridge asks for. */
  token?: string;
  /** More WebSocket sub-protocols to offer, for a proxy on the way. */
  protocols?: string[];
  /** Who ends TLS of a TCPS database: the bridge (the default), or nobody before this side. */
  tls?: "bridge" | "relay";
  /** The WebSocket class, where the runtime has none of its own (Node 20: that of `ws`). */
  WebSocket?: new (url: string, protocols?: string[]) => unknown;
}

/**
 * A transport through an `oraedge-bridge`.
 *
 * @param url of the bridge; in a page, a path is on the page's own host
 */
export function webSocket(url: string | URL, options?: WebSocketOptions): Transport;

/** Options of {@link tcp}. */
export interface TcpOptions {
  /** Certificates (PEM) to trust for TCPS, instead of those that the runtime trusts. */
  ca?: string | Uint8Array | Array<string | Uint8Array>;
  /** Milliseconds until an attempt to connect is given up; 20,000 by default. */
  connectTimeout?: number;
}

/** A transport over the runtime's own sockets: Node, Deno, Bun. Throws elsewhere. */
export function tcp(options?: TcpOptions): Transport;

// ---------------------------------------------------------------------------------------------
// Connecting

/** A database token: a bearer token (Azure), or one that goes with a private key (OCI). */
export type AccessToken =
  | string
  | {
      token: string;
      /** PEM (PKCS#8 or PKCS#1, also encrypted), or a key that WebCrypto keeps. */
      privateKey?: string | CryptoKeyLike;
      /** Of an encrypted PEM. */
      passPhrase?: string;
    };

/** A `CryptoKey` for RSASSA-PKCS1-v1_5 with SHA-256 and the usage `sign`. */
export interface CryptoKeyLike {
  readonly type: string;
  readonly usages: readonly string[];
  readonly algorithm: { readonly name: string };
}

/**
 * Gets a token. `refresh` is true when the last one has expired: it must then get a new one, and
 * not one that it kept.
 */
export type AccessTokenCallback = (
  refresh: boolean,
  config?: any,
) => AccessToken | Promise<AccessToken>;

/** The methods of {@link ExtraAuthParams}, in any letter case. */
export type AuthType =
  | "ConfigFileAuthentication"
  | "configFileBasedAuthentication"
  | "SimpleAuthentication"
  | "SecurityToken"
  | "SecurityTokenSimple"
  | "InstancePrincipal"
  | "ResourcePrincipal"
  | "OkeWorkloadIdentity"
  | "ClientCredentials"
  | "AzureServicePrincipal"
  | (string & {});

/**
 * A method and its parameters, with the names of python-oracledb (`key_file`) or of node-oracledb
 * (`keyFile`); docs/tokens.md lists them by method. An unknown one is an error that says which
 * there are.
 */
export interface ExtraAuthParams {
  authType?: AuthType;
  auth_type?: AuthType;
  [parameter: string]: string | number | boolean | readonly string[] | null | undefined;
}

/**
 * `"direct"`: this program asks the identity services itself, the default but in a browser.
 * `"bridge"`: the bridge of {@link webSocket} relays the requests, the default in a browser, which
 * may not read those services' answers. An address: this bridge relays them. A function: called
 * in the place of `fetch`.
 */
export type IdentityVia =
  | "direct"
  | "bridge"
  | URL
  | (string & {})
  | ((url: string, init: any) => Promise<any>);

/** Options of {@link getConnection}. */
export interface ConnectionOptions {
  /** Who logs on with a password; with a token, `[NAME]` for whom to be by proxy. */
  user?: string;
  /** The same as `user`. */
  username?: string;
  /** Not with a token. */
  password?: string;
  /** Sets a new password while logging on with the old one. */
  newPassword?: string;
  /** Easy Connect (`host:1521/service`), a connect descriptor, or an alias of `tnsNames`. */
  connectString?: string;
  /** The same as `connectString`. */
  connectionString?: string;
  /** The text of a tnsnames.ora, in which `connectString` is looked up. */
  tnsNames?: string;
  /** What carries the bytes; `tcp()` in Node, `webSocket("/oraedge")` in a browser. */
  transport?: Transport;
  /** SYSDBA, SYSOPER ...; none by default. */
  privilege?: number;
  /** How many statements stay parsed; 30 by default, 0 for none. */
  stmtCacheSize?: number;
  /** Milliseconds that each call may take; 0, the default, for no limit. */
  callTimeout?: number;
  /** Gives the log-on up. */
  signal?: AbortSignal;
  /** A token in the place of user and password; only over TCPS. */
  accessToken?: AccessToken | AccessTokenCallback;
  /** Handed to the `accessToken` function as its second argument. */
  accessTokenConfig?: object;
  /** A method of OCI or Azure that gets the token, with its parameters. */
  extraAuthParams?: ExtraAuthParams;
  /** The same as `extraAuthParams`: the name that node-oracledb's plug-in for OCI has. */
  tokenAuthConfigOci?: ExtraAuthParams;
  /** The same as `extraAuthParams`: the name that node-oracledb's plug-in for Azure has. */
  tokenAuthConfigAzure?: ExtraAuthParams;
  /** For node-oracledb's programs, which say true with a token; it makes no difference here. */
  externalAuth?: boolean;
  /** The way of requests to identity services; see {@link IdentityVia}. */
  identityVia?: IdentityVia;
  /**
   * Environment variables that a method reads (`OCI_RESOURCE_PRINCIPAL_RPST` ...), on top of
   * those of the process: a Worker's `env`, for instance.
   */
  environment?: object;
  /** What the database shows in V$SESSION about who is connected. */
  program?: string;
  machine?: string;
  osUser?: string;
  terminal?: string;
  driverName?: string;
}

/** Logs on to a database. */
export function getConnection(options: ConnectionOptions): Promise<Connection>;

// ---------------------------------------------------------------------------------------------
// Statements

/** What can be bound. The type decides how: a number as NUMBER, a Date as TIMESTAMP ... */
export type BindValue =
  | string
  | number
  | bigint
  | boolean
  | Date
  | Uint8Array
  | IntervalYM
  | IntervalDS
  | null
  | undefined;

/** A value with its type. */
export interface BindParameter {
  /** Only `BIND_IN` for now. */
  dir?: typeof BIND_IN;
  val?: BindValue;
  type?: DbType;
  /** The longest value, in bytes. */
  maxSize?: number;
}

/** Binds by position (an array) or by name (an object). */
export type BindParameters =
  | ReadonlyArray<BindValue | BindParameter>
  | { readonly [name: string]: BindValue | BindParameter };

/** One bind of {@link ExecuteManyOptions.bindDefs}. */
export interface BindDefinition {
  dir?: typeof BIND_IN;
  type: DbType;
  /** The longest value, in bytes; needed for DB_TYPE_VARCHAR and DB_TYPE_RAW. */
  maxSize?: number;
}

/** A column of a result. */
export interface Column {
  /** Its name in rows that are objects; the second `NAME` of a result is `NAME_1`. */
  name: string;
  /** Its name as the database spells it. */
  dbColumnName: string;
  dbType: DbType;
  /** The type's name in SQL, `VARCHAR2`. */
  dbTypeName: string;
  /** As what it was fetched. */
  fetchType: DbType;
  nullable: boolean;
  /** Of text and RAW: the longest value. */
  byteSize?: number;
  /** Of a NUMBER: decimal digits; of a timestamp: digits of the fraction. */
  precision?: number;
  /** Of a NUMBER: digits behind the point, -127 for a floating one. */
  scale?: number;
  isJson: boolean;
  isOson: boolean;
}

/** What a {@link ExecuteOptions.fetchTypeHandler} says about a column. */
export interface FetchTypeResponse {
  /** DB_TYPE_VARCHAR fetches numbers, dates, RAW and intervals as text. */
  type?: DbType;
  /** Makes of each value, null included, what the row shall have. */
  converter?: (value: any) => unknown;
}

/** Options of {@link Connection.execute} and {@link Connection.query}. */
export interface ExecuteOptions {
  /** Commit when the statement has worked; false by default. */
  autoCommit?: boolean;
  /** Rows that each round trip brings; 100 by default. */
  fetchArraySize?: number;
  /** Rows that come along with the execution itself; 2 by default. */
  prefetchRows?: number;
  /** The most rows to fetch; 0, the default, for all. */
  maxRows?: number;
  /** Rows as arrays (the default) or as objects. */
  outFormat?: typeof OUT_FORMAT_ARRAY | typeof OUT_FORMAT_OBJECT;
  /** Give a {@link ResultSet} and not all rows. */
  resultSet?: boolean;
  /** By column name: as what to fetch it. */
  fetchInfo?: { [column: string]: { type: DbType | typeof DEFAULT } };
  /** Asked for each column how to fetch it. */
  fetchTypeHandler?: (column: Column, columns: Column[]) => FetchTypeResponse | undefined;
  /**
   * What a NUMBER becomes: the nearest JavaScript number (the default, as in node-oracledb), its
   * exact digits in a string, or a bigint for integers that a number cannot hold exactly.
   */
  numbers?: "number" | "string" | "bigint-when-needed";
  /** Keep the statement parsed for the next time; true by default. */
  keepInStmtCache?: boolean;
  /** For code written for node-oracledb, where it has no effect any more either. */
  extendedMetaData?: boolean;
  /** Suspend the sessionless transaction if the statement works, in the same round trip. */
  suspendOnSuccess?: boolean;
  /** Takes the call out of the queue, or interrupts it in the database. */
  signal?: AbortSignal;
}

/** Options of {@link Connection.executeMany}. */
export interface ExecuteManyOptions {
  autoCommit?: boolean;
  /** Type and size of each bind; saves looking at every value to find out. */
  bindDefs?: BindDefinition[] | { [name: string]: BindDefinition };
  /** Go on after a row that fails, and list the errors in the result. */
  batchErrors?: boolean;
  /** Count the affected rows for each row of binds. */
  dmlRowCounts?: boolean;
  keepInStmtCache?: boolean;
  /** Suspend the sessionless transaction if all rows work, in the same round trip. */
  suspendOnSuccess?: boolean;
  signal?: AbortSignal;
}

/** Options of {@link Connection.resumeSessionlessTransaction}. */
export interface ResumeSessionlessOptions {
  /** Seconds to wait while another connection has the transaction; 60 by default. */
  timeout?: number;
  /** Send nothing now: resume in the same round trip as the next call. */
  deferRoundTrip?: boolean;
}

/** Options of {@link Connection.beginSessionlessTransaction}. */
export interface BeginSessionlessOptions {
  /** Of 1 to 64 bytes; a random UUID by default. */
  transactionId?: string | Uint8Array;
  /** Seconds that the transaction may stay suspended before it is rolled back; 60 by default. */
  timeout?: number;
  /** Send nothing now: begin in the same round trip as the next call. */
  deferRoundTrip?: boolean;
}

/** A row: an array, or an object if `outFormat` is `OUT_FORMAT_OBJECT`. */
export type Row = any;

/** What {@link Connection.execute} gives. */
export interface Result<T = Row> {
  /** All rows of a query, unless a result set was asked for. */
  rows?: T[];
  /** The rows of a query with `resultSet: true`. */
  resultSet?: ResultSet<T>;
  /** The columns of a query. */
  metaData?: Column[];
  /** Rows that a DML statement changed. */
  rowsAffected?: number;
  /** The last row that a DML statement changed. */
  lastRowid?: string;
  /** It worked, but: a PL/SQL object with errors, a password about to expire. */
  warning?: Error;
}

/** What {@link Connection.executeMany} gives. */
export interface ManyResult {
  rowsAffected: number;
  /** With `dmlRowCounts`: affected rows for each row of binds. */
  dmlRowCounts?: number[];
  /** With `batchErrors`: the rows that failed; `offset` is the index of the row. */
  batchErrors?: DatabaseError[];
  warning?: Error;
}

/** The rows of a query, some at a time. Close it, or take it to its end. */
export class ResultSet<T = Row> implements AsyncIterable<T> {
  private constructor();
  /** The columns; undefined once closed. */
  readonly metaData: Column[] | undefined;
  /** The next row; undefined behind the last. */
  getRow(): Promise<T | undefined>;
  /** Up to `count` rows; all that are left if it is 0 or absent. */
  getRows(count?: number): Promise<T[]>;
  close(): Promise<void>;
  [Symbol.asyncIterator](): AsyncIterator<T>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * The rows of {@link Connection.query}: fetched as they are taken, and no further. Leaving the loop
 * early closes the cursor.
 */
export interface RowStream<T = Row> extends AsyncIterableIterator<T> {
  /** The columns, once the first row was asked for. */
  readonly metaData: Column[] | undefined;
  /** The same rows in arrays, one for each batch from the server; the fastest way to read many. */
  batches(): AsyncGenerator<T[], void, void>;
  [Symbol.asyncIterator](): RowStream<T>;
  [Symbol.asyncDispose](): Promise<void>;
}

// ---------------------------------------------------------------------------------------------
// The sql tag

/** A piece of SQL with its values, to be nested, or handed to `execute()` or `query()`. */
export interface SqlFragment {
  /** The text, with placeholders for the values. */
  readonly statement: string;
  /** The values, by position. */
  readonly values: unknown[];
}

/** What can stand in a template: a value, which is bound, or a fragment, which is spliced in. */
export type SqlValue = BindValue | BindParameter | SqlFragment;

/** What comes with every `sql` tag. */
export interface SqlHelpers {
  /** Joins values or fragments: `where id in (${sql.join(ids)})`; `", "` by default. */
  join(items: Iterable<SqlValue>, separator?: string): SqlFragment;
  /** A quoted name: `sql.identifier("SCOTT", "EMP")`. */
  identifier(...names: string[]): SqlFragment;
}

/** Makes fragments: `` sql`deptno = ${30}` ``. Every value is bound, none is written into the text. */
export const sql: SqlHelpers & ((texts: TemplateStringsArray, ...values: SqlValue[]) => SqlFragment);

/** The rows of an awaited {@link SqlStatement}; empty for what is no query. */
export type SqlRows<T> = T[] & {
  readonly metaData: Column[] | undefined;
  readonly rowsAffected: number | undefined;
  readonly lastRowid: string | undefined;
  readonly warning: Error | undefined;
};

/** A statement that is executed when it is awaited, or iterated; nested, it is a fragment. */
export interface SqlStatement<T> extends SqlFragment, Promise<SqlRows<T>>, AsyncIterable<T> {
  [Symbol.asyncIterator](): RowStream<T>;
}

/** A connection's `sql` tag; rows are objects unless an option says otherwise. */
export interface SqlTag extends SqlHelpers {
  <T = any>(texts: TemplateStringsArray, ...values: SqlValue[]): SqlStatement<T>;
  /** The same tag with options: ``connection.sql({ maxRows: 10 })`select ...` ``. */
  (options: ExecuteOptions): SqlTag;
}

// ---------------------------------------------------------------------------------------------
// Connections

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

/** How much memory the wasm module has, in bytes; it grows with the largest batch and stays. */
export function wasmMemoryBytes(): Promise<number>;

// ---------------------------------------------------------------------------------------------
// The default export

/** Settings that hold for every call that does not say otherwise, and all exports of the package. */
export interface Oraedge {
  autoCommit: boolean;
  fetchArraySize: number;
  /** NUMBER, DATE and BUFFER: fetch numbers, dates, RAW values as text. */
  fetchAsString: DbType[];
  fetchTypeHandler: ExecuteOptions["fetchTypeHandler"];
  maxRows: number;
  numbers: NonNullable<ExecuteOptions["numbers"]>;
  outFormat: typeof OUT_FORMAT_ARRAY | typeof OUT_FORMAT_OBJECT;
  prefetchRows: number;
  stmtCacheSize: number;

  readonly getConnection: typeof getConnection;
  readonly sql: typeof sql;
  readonly tcp: typeof tcp;
  readonly webSocket: typeof webSocket;
  readonly wasmMemoryBytes: typeof wasmMemoryBytes;
  readonly DatabaseError: typeof DatabaseError;
  readonly OraedgeError: typeof OraedgeError;
  readonly DbType: typeof DbType;
  readonly IntervalYM: typeof IntervalYM;
  readonly IntervalDS: typeof IntervalDS;

  readonly DB_TYPE_BFILE: typeof DB_TYPE_BFILE;
  readonly DB_TYPE_BINARY_DOUBLE: typeof DB_TYPE_BINARY_DOUBLE;
  readonly DB_TYPE_BINARY_FLOAT: typeof DB_TYPE_BINARY_FLOAT;
  readonly DB_TYPE_BINARY_INTEGER: typeof DB_TYPE_BINARY_INTEGER;
  readonly DB_TYPE_BLOB: typeof DB_TYPE_BLOB;
  readonly DB_TYPE_BOOLEAN: typeof DB_TYPE_BOOLEAN;
  readonly DB_TYPE_CHAR: typeof DB_TYPE_CHAR;
  readonly DB_TYPE_CLOB: typeof DB_TYPE_CLOB;
  readonly DB_TYPE_CURSOR: typeof DB_TYPE_CURSOR;
  readonly DB_TYPE_DATE: typeof DB_TYPE_DATE;
  readonly DB_TYPE_INTERVAL_DS: typeof DB_TYPE_INTERVAL_DS;
  readonly DB_TYPE_INTERVAL_YM: typeof DB_TYPE_INTERVAL_YM;
  readonly DB_TYPE_JSON: typeof DB_TYPE_JSON;
  readonly DB_TYPE_LONG: typeof DB_TYPE_LONG;
  readonly DB_TYPE_LONG_NVARCHAR: typeof DB_TYPE_LONG_NVARCHAR;
  readonly DB_TYPE_LONG_RAW: typeof DB_TYPE_LONG_RAW;
  readonly DB_TYPE_NCHAR: typeof DB_TYPE_NCHAR;
  readonly DB_TYPE_NCLOB: typeof DB_TYPE_NCLOB;
  readonly DB_TYPE_NUMBER: typeof DB_TYPE_NUMBER;
  readonly DB_TYPE_NVARCHAR: typeof DB_TYPE_NVARCHAR;
  readonly DB_TYPE_OBJECT: typeof DB_TYPE_OBJECT;
  readonly DB_TYPE_RAW: typeof DB_TYPE_RAW;
  readonly DB_TYPE_ROWID: typeof DB_TYPE_ROWID;
  readonly DB_TYPE_TIMESTAMP: typeof DB_TYPE_TIMESTAMP;
  readonly DB_TYPE_TIMESTAMP_LTZ: typeof DB_TYPE_TIMESTAMP_LTZ;
  readonly DB_TYPE_TIMESTAMP_TZ: typeof DB_TYPE_TIMESTAMP_TZ;
  readonly DB_TYPE_UROWID: typeof DB_TYPE_UROWID;
  readonly DB_TYPE_VARCHAR: typeof DB_TYPE_VARCHAR;
  readonly DB_TYPE_VECTOR: typeof DB_TYPE_VECTOR;
  readonly DB_TYPE_XMLTYPE: typeof DB_TYPE_XMLTYPE;
  readonly STRING: typeof STRING;
  readonly NUMBER: typeof NUMBER;
  readonly DATE: typeof DATE;
  readonly BUFFER: typeof BUFFER;
  readonly CURSOR: typeof CURSOR;
  readonly CLOB: typeof CLOB;
  readonly NCLOB: typeof NCLOB;
  readonly BLOB: typeof BLOB;
  readonly BIND_IN: typeof BIND_IN;
  readonly BIND_INOUT: typeof BIND_INOUT;
  readonly BIND_OUT: typeof BIND_OUT;
  readonly OUT_FORMAT_ARRAY: typeof OUT_FORMAT_ARRAY;
  readonly OUT_FORMAT_OBJECT: typeof OUT_FORMAT_OBJECT;
  readonly DEFAULT: typeof DEFAULT;
  readonly SYSASM: typeof SYSASM;
  readonly SYSBACKUP: typeof SYSBACKUP;
  readonly SYSDBA: typeof SYSDBA;
  readonly SYSDG: typeof SYSDG;
  readonly SYSKM: typeof SYSKM;
  readonly SYSOPER: typeof SYSOPER;
  readonly SYSPRELIM: typeof SYSPRELIM;
  readonly SYSRAC: typeof SYSRAC;
}

declare const oraedge: Oraedge;
export default oraedge;

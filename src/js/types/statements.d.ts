/// <reference lib="esnext.disposable" />

// Statements, their binds, options and results.

import type {
  BIND_IN, DEFAULT, DbType, IntervalDS, IntervalYM, OUT_FORMAT_ARRAY, OUT_FORMAT_OBJECT,
} from "./values.js";
import type { DatabaseError } from "./errors.js";
import type { Connection } from "./connection.js";

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

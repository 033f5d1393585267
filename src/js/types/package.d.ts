// The default export, and what belongs to no part.

import type {
  BIND_IN, BIND_INOUT, BIND_OUT, BLOB, BUFFER, CLOB, CURSOR, DATE, DB_TYPE_BFILE,
  DB_TYPE_BINARY_DOUBLE, DB_TYPE_BINARY_FLOAT, DB_TYPE_BINARY_INTEGER, DB_TYPE_BLOB,
  DB_TYPE_BOOLEAN, DB_TYPE_CHAR, DB_TYPE_CLOB, DB_TYPE_CURSOR, DB_TYPE_DATE, DB_TYPE_INTERVAL_DS,
  DB_TYPE_INTERVAL_YM, DB_TYPE_JSON, DB_TYPE_LONG, DB_TYPE_LONG_NVARCHAR, DB_TYPE_LONG_RAW,
  DB_TYPE_NCHAR, DB_TYPE_NCLOB, DB_TYPE_NUMBER, DB_TYPE_NVARCHAR, DB_TYPE_OBJECT, DB_TYPE_RAW,
  DB_TYPE_ROWID, DB_TYPE_TIMESTAMP, DB_TYPE_TIMESTAMP_LTZ, DB_TYPE_TIMESTAMP_TZ, DB_TYPE_UROWID,
  DB_TYPE_VARCHAR, DB_TYPE_VECTOR, DB_TYPE_XMLTYPE, DEFAULT, DbType, IntervalDS, IntervalYM,
  NCLOB, NUMBER, OUT_FORMAT_ARRAY, OUT_FORMAT_OBJECT, STRING, SYSASM, SYSBACKUP, SYSDBA, SYSDG,
  SYSKM, SYSOPER, SYSPRELIM, SYSRAC,
} from "./values.js";
import type { DatabaseError, OraedgeError } from "./errors.js";
import type { tcp, webSocket } from "./transports.js";
import type { getConnection } from "./connect.js";
import type { ExecuteOptions } from "./statements.js";
import type { sql } from "./sql.js";

/** How much memory the wasm module has, in bytes; it grows with the largest batch and stays. */
export function wasmMemoryBytes(): Promise<number>;

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

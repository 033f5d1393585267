// The types of the database, constants, intervals.

import type { ConnectionOptions } from "./connect.js";

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

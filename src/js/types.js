// Database types and the values that have no JavaScript class of their own.

import { OraedgeError, misuse } from "./errors.js";

/** A database type, compared by identity (`column.dbType === DB_TYPE_NUMBER`). */
export class DbType {
  /**
   * @param {number} num node-oracledb's number of the type
   * @param {string} name its constant (`DB_TYPE_VARCHAR`)
   * @param {string} columnTypeName the word used in a CREATE TABLE statement
   */
  constructor(num, name, columnTypeName) {
    this.num = num;
    this.name = name;
    this.columnTypeName = columnTypeName;
    Object.freeze(this);
  }

  [Symbol.toPrimitive](hint) {
    return hint === "number" ? this.num : this.toString();
  }

  // Node prints this instead of the fields.
  [Symbol.for("nodejs.util.inspect.custom")]() {
    return this.toString();
  }

  toString() {
    return `[DbType ${this.name}]`;
  }
}

export const DB_TYPE_VARCHAR = new DbType(2001, "DB_TYPE_VARCHAR", "VARCHAR2");
export const DB_TYPE_NVARCHAR = new DbType(2002, "DB_TYPE_NVARCHAR", "NVARCHAR2");
export const DB_TYPE_CHAR = new DbType(2003, "DB_TYPE_CHAR", "CHAR");
export const DB_TYPE_NCHAR = new DbType(2004, "DB_TYPE_NCHAR", "NCHAR");
export const DB_TYPE_ROWID = new DbType(2005, "DB_TYPE_ROWID", "ROWID");
export const DB_TYPE_RAW = new DbType(2006, "DB_TYPE_RAW", "RAW");
export const DB_TYPE_BINARY_FLOAT = new DbType(2007, "DB_TYPE_BINARY_FLOAT", "BINARY_FLOAT");
export const DB_TYPE_BINARY_DOUBLE = new DbType(2008, "DB_TYPE_BINARY_DOUBLE", "BINARY_DOUBLE");
export const DB_TYPE_BINARY_INTEGER = new DbType(2009, "DB_TYPE_BINARY_INTEGER", "BINARY_INTEGER");
export const DB_TYPE_NUMBER = new DbType(2010, "DB_TYPE_NUMBER", "NUMBER");
export const DB_TYPE_DATE = new DbType(2011, "DB_TYPE_DATE", "DATE");
export const DB_TYPE_TIMESTAMP = new DbType(2012, "DB_TYPE_TIMESTAMP", "TIMESTAMP");
export const DB_TYPE_TIMESTAMP_TZ =
  new DbType(2013, "DB_TYPE_TIMESTAMP_TZ", "TIMESTAMP WITH TIME ZONE");
export const DB_TYPE_TIMESTAMP_LTZ =
  new DbType(2014, "DB_TYPE_TIMESTAMP_LTZ", "TIMESTAMP WITH LOCAL TIME ZONE");
export const DB_TYPE_INTERVAL_DS =
  new DbType(2015, "DB_TYPE_INTERVAL_DS", "INTERVAL DAY TO SECOND");
export const DB_TYPE_INTERVAL_YM =
  new DbType(2016, "DB_TYPE_INTERVAL_YM", "INTERVAL YEAR TO MONTH");
export const DB_TYPE_CLOB = new DbType(2017, "DB_TYPE_CLOB", "CLOB");
export const DB_TYPE_NCLOB = new DbType(2018, "DB_TYPE_NCLOB", "NCLOB");
export const DB_TYPE_BLOB = new DbType(2019, "DB_TYPE_BLOB", "BLOB");
export const DB_TYPE_BFILE = new DbType(2020, "DB_TYPE_BFILE", "BFILE");
export const DB_TYPE_CURSOR = new DbType(2021, "DB_TYPE_CURSOR", "CURSOR");
export const DB_TYPE_BOOLEAN = new DbType(2022, "DB_TYPE_BOOLEAN", "BOOLEAN");
export const DB_TYPE_OBJECT = new DbType(2023, "DB_TYPE_OBJECT", "OBJECT");
export const DB_TYPE_LONG = new DbType(2024, "DB_TYPE_LONG", "LONG");
export const DB_TYPE_LONG_RAW = new DbType(2025, "DB_TYPE_LONG_RAW", "LONG RAW");
export const DB_TYPE_JSON = new DbType(2027, "DB_TYPE_JSON", "JSON");
export const DB_TYPE_UROWID = new DbType(2030, "DB_TYPE_UROWID", "UROWID");
export const DB_TYPE_LONG_NVARCHAR = new DbType(2031, "DB_TYPE_LONG_NVARCHAR", "LONG");
export const DB_TYPE_XMLTYPE = new DbType(2032, "DB_TYPE_XMLTYPE", "XMLTYPE");
export const DB_TYPE_VECTOR = new DbType(2033, "DB_TYPE_VECTOR", "VECTOR");

// node-oracledb's older names of the same types.
export const STRING = DB_TYPE_VARCHAR;
export const NUMBER = DB_TYPE_NUMBER;
export const DATE = DB_TYPE_TIMESTAMP;
export const BUFFER = DB_TYPE_RAW;
export const CURSOR = DB_TYPE_CURSOR;
export const CLOB = DB_TYPE_CLOB;
export const NCLOB = DB_TYPE_NCLOB;
export const BLOB = DB_TYPE_BLOB;

const ALL = [
  DB_TYPE_VARCHAR, DB_TYPE_NVARCHAR, DB_TYPE_CHAR, DB_TYPE_NCHAR, DB_TYPE_ROWID, DB_TYPE_RAW,
  DB_TYPE_BINARY_FLOAT, DB_TYPE_BINARY_DOUBLE, DB_TYPE_BINARY_INTEGER, DB_TYPE_NUMBER,
  DB_TYPE_DATE, DB_TYPE_TIMESTAMP, DB_TYPE_TIMESTAMP_TZ, DB_TYPE_TIMESTAMP_LTZ,
  DB_TYPE_INTERVAL_DS, DB_TYPE_INTERVAL_YM, DB_TYPE_CLOB, DB_TYPE_NCLOB, DB_TYPE_BLOB,
  DB_TYPE_BFILE, DB_TYPE_CURSOR, DB_TYPE_BOOLEAN, DB_TYPE_OBJECT, DB_TYPE_LONG,
  DB_TYPE_LONG_RAW, DB_TYPE_JSON, DB_TYPE_UROWID, DB_TYPE_LONG_NVARCHAR, DB_TYPE_XMLTYPE,
  DB_TYPE_VECTOR,
];
const BY_NUMBER = new Map(ALL.map((type) => [type.num, type]));

/** The type that has node-oracledb's number `num`. */
export function dbTypeByNumber(num) {
  const type = BY_NUMBER.get(num);
  if (!type) {
    throw new OraedgeError("OED-UNSUPPORTED", "a column has a type that oraedge does not know");
  }
  return type;
}

function integerFields(object, names, what) {
  for (const name of names) {
    const value = object[name];
    if (value !== undefined && !Number.isInteger(value)) {
      throw misuse(`"${name}" of an ${what} must be an integer, not ${String(value)}`);
    }
  }
}

/** An INTERVAL YEAR TO MONTH; months beyond a year are carried over into the years. */
export class IntervalYM {
  constructor(fields = {}) {
    integerFields(fields, ["years", "months"], "IntervalYM");
    const months = fields.months ?? 0;
    this.months = months % 12;
    this.years = (fields.years ?? 0) + Math.trunc(months / 12);
  }
}

/** An INTERVAL DAY TO SECOND; `fseconds` are nanoseconds, and each unit carries into the next. */
export class IntervalDS {
  constructor(fields = {}) {
    integerFields(fields, ["days", "hours", "minutes", "seconds", "fseconds"], "IntervalDS");
    const seconds = fields.seconds ?? 0;
    const minutes = (fields.minutes ?? 0) + Math.trunc(seconds / 60);
    const hours = (fields.hours ?? 0) + Math.trunc(minutes / 60);
    this.fseconds = fields.fseconds ?? 0;
    this.seconds = seconds % 60;
    this.minutes = minutes % 60;
    this.hours = hours % 24;
    this.days = (fields.days ?? 0) + Math.trunc(hours / 24);
  }
}

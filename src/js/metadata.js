// Column descriptions, and how each column is to be fetched.

import {
  COLUMN_IS_JSON, COLUMN_IS_OSON, COLUMN_NULLABLE, KIND_DEFAULT, KIND_TEXT,
} from "./border.js";
import { DEFAULT } from "./constants.js";
import { OraedgeError, misuse } from "./errors.js";
import {
  DB_TYPE_BINARY_DOUBLE, DB_TYPE_BINARY_FLOAT, DB_TYPE_BINARY_INTEGER, DB_TYPE_CHAR, DB_TYPE_DATE,
  DB_TYPE_INTERVAL_DS, DB_TYPE_INTERVAL_YM, DB_TYPE_LONG, DB_TYPE_LONG_RAW, DB_TYPE_NCHAR,
  DB_TYPE_NUMBER, DB_TYPE_NVARCHAR, DB_TYPE_RAW, DB_TYPE_ROWID, DB_TYPE_TIMESTAMP,
  DB_TYPE_TIMESTAMP_LTZ, DB_TYPE_TIMESTAMP_TZ, DB_TYPE_UROWID, DB_TYPE_VARCHAR, DbType,
  dbTypeByNumber,
} from "./types.js";

const decoder = new TextDecoder();

const SIZED = new Set([
  DB_TYPE_VARCHAR, DB_TYPE_NVARCHAR, DB_TYPE_CHAR, DB_TYPE_NCHAR, DB_TYPE_RAW,
]);
const TIMESTAMPS = new Set([DB_TYPE_TIMESTAMP, DB_TYPE_TIMESTAMP_TZ, DB_TYPE_TIMESTAMP_LTZ]);
const NUMBERS = new Set([
  DB_TYPE_NUMBER, DB_TYPE_BINARY_INTEGER, DB_TYPE_BINARY_FLOAT, DB_TYPE_BINARY_DOUBLE,
]);
const TIMES = new Set([DB_TYPE_DATE, ...TIMESTAMPS]);
// Types whose values can be fetched as text.
const TEXTUAL = new Set([
  ...NUMBERS, ...TIMES, DB_TYPE_RAW, DB_TYPE_VARCHAR, DB_TYPE_NVARCHAR, DB_TYPE_CHAR, DB_TYPE_NCHAR,
  DB_TYPE_LONG, DB_TYPE_ROWID, DB_TYPE_UROWID, DB_TYPE_INTERVAL_DS, DB_TYPE_INTERVAL_YM,
]);
const AS_TEXT = new Set([DB_TYPE_VARCHAR, DB_TYPE_NVARCHAR, DB_TYPE_CHAR, DB_TYPE_NCHAR]);

/** Reads the descriptions of all columns; the layout is written down in src/wasm/border.rs. */
export function readMetaData(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const metaData = [];
  for (let at = 0; at < bytes.length; ) {
    const dbType = dbTypeByNumber(view.getUint16(at, true));
    const precision = view.getInt8(at + 2);
    const scale = view.getInt8(at + 3);
    const byteSize = view.getUint32(at + 4, true);
    const flags = view.getUint8(at + 8);
    const end = at + 12 + view.getUint16(at + 10, true);
    const name = decoder.decode(bytes.subarray(at + 12, end));
    const column = {
      name,
      dbColumnName: name,
      nullable: (flags & COLUMN_NULLABLE) !== 0,
      dbType,
      dbTypeName: dbType.columnTypeName,
      isJson: (flags & COLUMN_IS_JSON) !== 0,
      isOson: (flags & COLUMN_IS_OSON) !== 0,
    };
    if (SIZED.has(dbType)) column.byteSize = byteSize;
    if (dbType === DB_TYPE_NUMBER) {
      column.precision = precision;
      column.scale = scale;
    } else if (TIMESTAMPS.has(dbType)) {
      // The digits of the fractional seconds travel where a NUMBER has its scale.
      column.precision = scale;
    }
    metaData.push(column);
    at = end;
  }
  makeNamesUnique(metaData);
  return metaData;
}

// Rows as objects need one name a column: the second NAME becomes NAME_1, as in node-oracledb.
function makeNamesUnique(metaData) {
  const first = new Map();
  metaData.forEach(({ name }, i) => {
    if (!first.has(name)) first.set(name, i);
  });
  metaData.forEach((column, i) => {
    if (first.get(column.name) === i) return;
    let name = column.name;
    for (let n = 1; first.has(name); n++) name = `${column.name}_${n}`;
    first.set(name, i);
    column.name = name;
  });
}

/**
 * Decides for each column how it crosses the border and what is done with its values, from
 * `fetchTypeHandler`, `fetchInfo`, `fetchAsString` and `numbers`, in this order. Sets `fetchType`
 * of each column.
 *
 * @returns {{ kinds: Uint8Array | undefined, converters: Array<Function | undefined> }} `kinds` is
 *   undefined when every column goes the way that its type goes
 */
export function planFetch(metaData, options) {
  const kinds = new Uint8Array(metaData.length);
  const converters = new Array(metaData.length).fill(undefined);
  metaData.forEach((column, i) => {
    const { type, converter, ownConverter } = choose(column, metaData, options);
    column.fetchType = type;
    kinds[i] = type !== column.dbType && AS_TEXT.has(type) ? KIND_TEXT : KIND_DEFAULT;
    if (ownConverter) {
      kinds[i] = KIND_TEXT;
      converters[i] = ownConverter;
    }
    if (converter) {
      column.converter = converter;
      const inner = converters[i];
      converters[i] = inner ? (value) => converter(inner(value)) : converter;
    }
  });
  return { kinds: kinds.some((kind) => kind !== KIND_DEFAULT) ? kinds : undefined, converters };
}

function choose(column, metaData, options) {
  const { dbType } = column;
  let type;
  let converter;
  if (options.fetchTypeHandler) {
    const answer = options.fetchTypeHandler(column, metaData);
    if (answer !== undefined) {
      if (typeof answer !== "object" || answer === null) {
        throw misuse("fetchTypeHandler must return an object or undefined");
      }
      ({ type, converter } = answer);
      if (type !== undefined && !(type instanceof DbType)) {
        throw misuse('the "type" that fetchTypeHandler returns must be a database type');
      }
      if (converter !== undefined && typeof converter !== "function") {
        throw misuse('the "converter" that fetchTypeHandler returns must be a function');
      }
    }
  }
  const info = options.fetchInfo?.[column.name];
  if (type === undefined && info !== undefined) {
    if (info?.type === undefined) {
      throw misuse(`fetchInfo for the column ${column.name} must have a "type"`);
    }
    if (info.type === DEFAULT) return { type: dbType, converter };
    if (!(info.type instanceof DbType)) {
      throw misuse(`the "type" in fetchInfo for the column ${column.name} must be a database type`);
    }
    type = info.type;
  }
  if (type === undefined && options.fetchAsString.some((group) => belongs(dbType, group))) {
    type = DB_TYPE_VARCHAR;
  }
  if (type === undefined && dbType === DB_TYPE_NUMBER) {
    if (options.numbers === "string") type = DB_TYPE_VARCHAR;
    if (options.numbers === "bigint-when-needed") {
      return { type: dbType, converter, ownConverter: bigintWhenNeeded };
    }
  }
  if (type === undefined || type === dbType) return { type: dbType, converter };
  if (AS_TEXT.has(type) && TEXTUAL.has(dbType)) return { type, converter };
  // A Date either way.
  if (TIMES.has(type) && TIMES.has(dbType)) return { type, converter };
  if (type === DB_TYPE_RAW && dbType === DB_TYPE_LONG_RAW) return { type, converter };
  throw new OraedgeError(
    "OED-UNSUPPORTED",
    `the column ${column.name} is a ${dbType.columnTypeName} and cannot be fetched as ${type.name}`,
  );
}

// What one entry of fetchAsString stands for: all kinds of numbers, or all kinds of dates.
function belongs(dbType, group) {
  if (group === DB_TYPE_NUMBER) return NUMBERS.has(dbType);
  if (group === DB_TYPE_TIMESTAMP) return TIMES.has(dbType);
  if (group === DB_TYPE_RAW) return dbType === DB_TYPE_RAW;
  throw misuse("fetchAsString can hold NUMBER, DATE and BUFFER");
}

/** A bigint for an integer that a number cannot hold exactly; a number for all else. */
function bigintWhenNeeded(text) {
  if (text === null) return null;
  const number = Number(text);
  if (Number.isSafeInteger(number)) return number;
  if (/^-?\d+$/.test(text)) return BigInt(text);
  return number;
}

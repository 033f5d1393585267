// Values as the grid shows them, and rows as text.

import {
  DB_TYPE_BINARY_DOUBLE, DB_TYPE_BINARY_FLOAT, DB_TYPE_BINARY_INTEGER, DB_TYPE_DATE,
  DB_TYPE_INTERVAL_DS, DB_TYPE_INTERVAL_YM, DB_TYPE_NUMBER, DB_TYPE_RAW, DB_TYPE_TIMESTAMP,
  DB_TYPE_TIMESTAMP_LTZ, DB_TYPE_TIMESTAMP_TZ, DB_TYPE_VARCHAR,
} from "oraedge";

const NUMBERS = new Set([
  DB_TYPE_NUMBER, DB_TYPE_BINARY_FLOAT, DB_TYPE_BINARY_DOUBLE, DB_TYPE_BINARY_INTEGER,
]);
// Fetched as text: a NUMBER with all its digits, dates in ISO form with their own zone.
const AS_TEXT = new Set([
  DB_TYPE_NUMBER, DB_TYPE_DATE, DB_TYPE_TIMESTAMP, DB_TYPE_TIMESTAMP_TZ, DB_TYPE_TIMESTAMP_LTZ,
  DB_TYPE_INTERVAL_DS, DB_TYPE_INTERVAL_YM, DB_TYPE_RAW,
]);

/** For `execute()`: which columns come as text. */
export function fetchTypeHandler({ dbType }) {
  if (dbType === DB_TYPE_BINARY_FLOAT) return { converter: floatText };
  return AS_TEXT.has(dbType) ? { type: DB_TYPE_VARCHAR } : undefined;
}

// The shortest digits that mean the same BINARY_FLOAT; as a JavaScript number 1.1 has sixteen.
function floatText(value) {
  if (value === null) return null;
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return String(short);
  }
  return String(value);
}

/** Whether a column's values are right-aligned. */
export function isNumber(column) {
  return NUMBERS.has(column.dbType);
}

/** A column's type as one would declare it: `NUMBER(7,2)`, `VARCHAR2(10)`. */
export function typeText({ dbType, dbTypeName, precision, scale, byteSize }) {
  if (dbType === DB_TYPE_NUMBER && precision > 0) {
    return scale > 0 ? `${dbTypeName}(${precision},${scale})` : `${dbTypeName}(${precision})`;
  }
  if (byteSize > 0) return `${dbTypeName}(${byteSize})`;
  return dbTypeName;
}

/** A value as text; NULL is the caller's. */
export function valueText(value) {
  if (typeof value === "string") return value;
  if (value instanceof Uint8Array) {
    return Array.from(value, (byte) => byte.toString(16).padStart(2, "0")).join("").toUpperCase();
  }
  if (value instanceof Date) return value.toISOString();
  if (typeof value === "object") return JSON.stringify(value);
  return String(value);
}

/** Rows for a spreadsheet: one line each, tabs between. */
export function toTsv(columns, rows) {
  const cell = (value) => (value === null ? "" : valueText(value).replaceAll(/[\t\r\n]+/g, " "));
  const lines = [columns.map(({ name }) => name), ...rows];
  return lines.map((line) => line.map(cell).join("\t")).join("\n");
}

/** Rows as CSV (RFC 4180). */
export function toCsv(columns, rows) {
  const cell = (value) => {
    if (value === null) return "";
    const text = valueText(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const lines = [columns.map(({ name }) => name), ...rows];
  return lines.map((line) => line.map(cell).join(",")).join("\r\n") + "\r\n";
}

/** An error's own words, without the link that the database's errors carry. */
export function plainMessage(error) {
  return error.message.replace(/(?:\nHelp: \S+)+\s*$/, "").trimEnd();
}

/** `14 rows`, `1 row`, `1,000,000 rows`. */
export function count(number, noun) {
  return `${number.toLocaleString("en-US")} ${noun}${number === 1 ? "" : "s"}`;
}

/** `0.034 s`, `1 min 5 s`. */
export function duration(milliseconds) {
  const seconds = milliseconds / 1000;
  if (seconds < 10) return `${seconds.toFixed(3)} s`;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

// Checks bind values and writes them into the one buffer that crosses the wasm border.

import {
  BINDS_BY_NAME, BINDS_BY_POSITION, VALUE_BYTES, VALUE_FALSE, VALUE_FLOAT64, VALUE_INT32,
  VALUE_INTERVAL_DS, VALUE_INTERVAL_YM, VALUE_LOCAL_TIME, VALUE_NULL, VALUE_TEXT, VALUE_TRUE,
  VALUE_UTC_TIME,
} from "./border.js";
import { BIND_IN, BIND_INOUT, BIND_OUT } from "./constants.js";
import { OraedgeError, misuse } from "./errors.js";
import { readingOf } from "./times.js";
import {
  DB_TYPE_BINARY_DOUBLE, DB_TYPE_BINARY_FLOAT, DB_TYPE_BINARY_INTEGER, DB_TYPE_BOOLEAN,
  DB_TYPE_CHAR, DB_TYPE_DATE, DB_TYPE_INTERVAL_DS, DB_TYPE_INTERVAL_YM, DB_TYPE_LONG,
  DB_TYPE_LONG_NVARCHAR, DB_TYPE_LONG_RAW, DB_TYPE_NCHAR, DB_TYPE_NUMBER, DB_TYPE_NVARCHAR,
  DB_TYPE_RAW, DB_TYPE_TIMESTAMP, DB_TYPE_TIMESTAMP_LTZ, DB_TYPE_TIMESTAMP_TZ,
  DB_TYPE_VARCHAR, DbType, IntervalDS, IntervalYM,
} from "./types.js";

// Which database types a JavaScript value can be bound as; the first is what it becomes if the
// caller does not say.
const TEXT_TYPES = [
  DB_TYPE_VARCHAR, DB_TYPE_NVARCHAR, DB_TYPE_CHAR, DB_TYPE_NCHAR, DB_TYPE_LONG,
  DB_TYPE_LONG_NVARCHAR,
];
// With a type that was asked for: digits, for a number that a JavaScript number cannot hold.
const DIGITS_TYPES = [...TEXT_TYPES, DB_TYPE_NUMBER];
const NUMBER_TYPES = [
  DB_TYPE_NUMBER, DB_TYPE_BINARY_INTEGER, DB_TYPE_BINARY_FLOAT, DB_TYPE_BINARY_DOUBLE,
];
const TIME_TYPES = [
  DB_TYPE_TIMESTAMP, DB_TYPE_TIMESTAMP_TZ, DB_TYPE_TIMESTAMP_LTZ, DB_TYPE_DATE,
];
const BYTES_TYPES = [DB_TYPE_RAW, DB_TYPE_LONG_RAW];
const BOOLEAN_TYPES = [DB_TYPE_BOOLEAN];
const INTERVAL_YM_TYPES = [DB_TYPE_INTERVAL_YM];
const INTERVAL_DS_TYPES = [DB_TYPE_INTERVAL_DS];

const ZONED = new Set([DB_TYPE_TIMESTAMP_TZ, DB_TYPE_TIMESTAMP_LTZ]);
const BINARY_FLOATS = new Set([DB_TYPE_BINARY_FLOAT, DB_TYPE_BINARY_DOUBLE]);

const HEADER_BYTES = 8;
const BIND_BYTES = 8;

/** A buffer that grows, with a place to write at. */
class Writer {
  constructor() {
    this.take(new Uint8Array(256));
    this.at = 0;
  }

  take(bytes) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer);
  }

  /** Makes room for `more` bytes. */
  room(more) {
    const needed = this.at + more;
    if (needed <= this.bytes.length) return;
    const bytes = new Uint8Array(Math.max(needed, 2 * this.bytes.length));
    bytes.set(this.bytes.subarray(0, this.at));
    this.take(bytes);
  }

  tag(tag) {
    this.room(1);
    this.bytes[this.at++] = tag;
  }

  float64(tag, value) {
    this.room(9);
    this.bytes[this.at] = tag;
    this.view.setFloat64(this.at + 1, value, true);
    this.at += 9;
  }

  int32s(tag, values) {
    this.room(1 + 4 * values.length);
    this.bytes[this.at++] = tag;
    for (const value of values) {
      this.view.setInt32(this.at, value, true);
      this.at += 4;
    }
  }

  /** Writes tag, length and text; returns the length in bytes. */
  text(tag, text) {
    // UTF-8 takes at most three bytes for a UTF-16 code unit.
    this.room(5 + 3 * text.length);
    const { bytes } = this;
    bytes[this.at] = tag;
    const start = this.at + 5;
    const length = writeText(bytes, start, text);
    this.view.setUint32(this.at + 1, length, true);
    this.at = start + length;
    return length;
  }

  raw(tag, value) {
    this.room(5 + value.length);
    this.bytes[this.at] = tag;
    this.view.setUint32(this.at + 1, value.length, true);
    this.bytes.set(value, this.at + 5);
    this.at += 5 + value.length;
  }
}

const encoder = new TextEncoder();
// Up to this length a loop over ASCII characters beats the call of the encoder.
const SHORT_TEXT = 32;

function writeText(bytes, start, text) {
  if (text.length <= SHORT_TEXT) {
    let i = 0;
    for (; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit > 127) break;
      bytes[start + i] = unit;
    }
    if (i === text.length) return i;
  }
  return encoder.encodeInto(text, bytes.subarray(start)).written;
}

/** One bind: its place in the statement and what is known about its type. */
class Bind {
  constructor(key) {
    // A name, or a position from 1.
    this.key = key;
    this.type = undefined;
    this.declared = false;
    this.maxSize = 0;
    this.limited = false;
  }

  get label() {
    return typeof this.key === "string" ? `":${this.key}"` : `in position ${this.key}`;
  }

  /** Takes over type and size from a bind object or an entry of `bindDefs`. */
  describe(unit, inBindDefs) {
    const { dir, type, maxSize } = unit;
    if (dir !== undefined && dir !== BIND_IN) {
      if (dir === BIND_OUT || dir === BIND_INOUT) {
        throw new OraedgeError(
          "OED-UNSUPPORTED",
          `the bind ${this.label} is OUT or IN OUT, which is not supported yet; select the value ` +
            "with a query instead",
        );
      }
      throw misuse(`"dir" of the bind ${this.label} must be BIND_IN, not ${String(dir)}`);
    }
    if (type !== undefined) {
      if (!(type instanceof DbType)) {
        throw misuse(
          `"type" of the bind ${this.label} must be one of the DB_TYPE_ constants, ` +
            `not ${String(type)}`,
        );
      }
      this.type = type;
      this.declared = true;
    } else if (inBindDefs) {
      throw misuse(`"type" must be specified in bindDefs for the bind ${this.label}`);
    }
    if (maxSize !== undefined) {
      if (!Number.isInteger(maxSize) || maxSize <= 0) {
        throw misuse(
          `"maxSize" of the bind ${this.label} must be a positive integer, not ${String(maxSize)}`,
        );
      }
      this.maxSize = maxSize;
      this.limited = inBindDefs;
    } else if (inBindDefs && (this.type === DB_TYPE_VARCHAR || this.type === DB_TYPE_RAW)) {
      throw misuse(`"maxSize" must be specified in bindDefs for the bind ${this.label}`);
    }
  }

  /** Settles or checks the type for a value that can be bound as any of `types`. */
  settle(types, value) {
    if (this.type === undefined) this.type = types[0];
    else if (!types.includes(this.type)) {
      throw misuse(
        `the bind ${this.label} is a ${this.type.columnTypeName}, and the value given for it is ` +
          `${describe(value)}`,
      );
    }
  }

  measure(size, row) {
    if (size <= this.maxSize) return;
    if (this.limited) {
      throw misuse(
        `maxSize of ${this.maxSize} for the bind ${this.label} is too small for the value of ` +
          `${size} bytes in row ${row}`,
      );
    }
    this.maxSize = size;
  }

  /** Checks `value` and writes it. */
  write(writer, value, row) {
    switch (typeof value) {
      case "number":
        this.settle(NUMBER_TYPES, value);
        if ((value | 0) === value && !(value === 0 && BINARY_FLOATS.has(this.type))) {
          writer.room(5);
          writer.bytes[writer.at] = VALUE_INT32;
          writer.view.setInt32(writer.at + 1, value, true);
          writer.at += 5;
          return;
        }
        if (!Number.isFinite(value) && !BINARY_FLOATS.has(this.type)) {
          throw misuse(
            `the value of the bind ${this.label} is ${value}, which an Oracle NUMBER cannot be; ` +
              "bind it as DB_TYPE_BINARY_DOUBLE",
          );
        }
        writer.float64(VALUE_FLOAT64, value);
        return;
      case "string":
        this.settle(this.declared ? DIGITS_TYPES : TEXT_TYPES, value);
        this.measure(writer.text(VALUE_TEXT, value), row);
        return;
      case "bigint":
        this.settle(NUMBER_TYPES, value);
        if (BINARY_FLOATS.has(this.type)) writer.float64(VALUE_FLOAT64, Number(value));
        else writer.text(VALUE_TEXT, value.toString());
        return;
      case "boolean":
        this.settle(BOOLEAN_TYPES, value);
        writer.tag(value ? VALUE_TRUE : VALUE_FALSE);
        return;
      case "undefined":
        writer.tag(VALUE_NULL);
        return;
      default:
        this.writeObject(writer, value, row);
    }
  }

  writeObject(writer, value, row) {
    if (value === null) {
      writer.tag(VALUE_NULL);
    } else if (isDate(value)) {
      this.settle(TIME_TYPES, value);
      if (Number.isNaN(value.getTime())) {
        throw misuse(`the value of the bind ${this.label} is an invalid Date`);
      }
      if (ZONED.has(this.type)) writer.float64(VALUE_UTC_TIME, value.getTime());
      else writer.float64(VALUE_LOCAL_TIME, readingOf(value));
    } else if (value instanceof Uint8Array) {
      this.settle(BYTES_TYPES, value);
      this.measure(value.length, row);
      writer.raw(VALUE_BYTES, value);
    } else if (value instanceof IntervalYM) {
      this.settle(INTERVAL_YM_TYPES, value);
      writer.int32s(VALUE_INTERVAL_YM, [value.years, value.months]);
    } else if (value instanceof IntervalDS) {
      this.settle(INTERVAL_DS_TYPES, value);
      const { days, hours, minutes, seconds, fseconds } = value;
      writer.int32s(VALUE_INTERVAL_DS, [days, hours, minutes, seconds, fseconds]);
    } else {
      throw misuse(
        `${describe(value)} cannot be bound ${this.label}; a value is a string, number, bigint, ` +
          "boolean, Date, Uint8Array, IntervalYM, IntervalDS, null, or an object with " +
          '"val", "type" and "maxSize"',
      );
    }
  }
}

function isDate(value) {
  // A Date of another realm (an iframe, a vm context) is no instance of this realm's.
  return value instanceof Date || Object.prototype.toString.call(value) === "[object Date]";
}

function describe(value) {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (typeof value !== "object") return `a ${typeof value}`;
  const name = value.constructor?.name;
  return name && name !== "Object" ? `a ${name}` : "a plain object";
}

/** Whether `value` is an object that describes a bind, and not a value to bind. */
function isUnit(value) {
  return (
    typeof value === "object" && value !== null && !Array.isArray(value) && !isDate(value) &&
    !ArrayBuffer.isView(value) && !(value instanceof IntervalYM) && !(value instanceof IntervalDS)
  );
}

function isPlainObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const NO_BINDS = new Uint8Array(HEADER_BYTES);
NO_BINDS[0] = 1;

/** Encodes the binds of `execute()`: an array by position, an object by name. */
export function encodeBinds(binds) {
  if (binds === undefined || (Array.isArray(binds) && binds.length === 0)) return NO_BINDS;
  if (!isPlainObject(binds) && !Array.isArray(binds)) {
    throw misuse(`binds must be an array or an object, not ${describe(binds)}`);
  }
  const list = [];
  const values = [];
  const add = (key, given) => {
    const bind = new Bind(key);
    let value = given;
    if (isUnit(given)) {
      if (!("val" in given || "type" in given || "dir" in given || "maxSize" in given)) {
        throw misuse(
          `the object for the bind ${bind.label} must have at least one of "dir", "type", ` +
            '"maxSize" and "val"',
        );
      }
      bind.describe(given, false);
      value = given.val;
    }
    list.push(bind);
    values.push(value);
  };
  const byName = !Array.isArray(binds);
  if (byName) for (const name of Object.keys(binds)) add(name, binds[name]);
  else for (let i = 0; i < binds.length; i++) add(i + 1, binds[i]);
  return encode(list, byName, 1, (writer) => {
    for (let i = 0; i < list.length; i++) list[i].write(writer, values[i], 0);
  });
}

/** Encodes the binds of `executeMany()`: rows, or only how often to execute. */
export function encodeManyBinds(rows, bindDefs) {
  if (typeof rows === "number") {
    if (!Number.isInteger(rows) || rows <= 0) {
      throw misuse(`the number of executions must be a positive integer, not ${rows}`);
    }
    return encode([], false, rows, () => {});
  }
  if (!Array.isArray(rows) || rows.length === 0) {
    throw misuse("the binds of executeMany() must be an array with at least one row, or a number");
  }
  const model = bindDefs ?? rows[0];
  if (typeof model !== "object" || model === null) {
    throw misuse("each row of binds of executeMany() must be an array or an object");
  }
  const byName = !Array.isArray(model);
  const keys = byName ? Object.keys(model) : Array.from(model, (_, i) => i + 1);
  const list = keys.map((key, i) => {
    const bind = new Bind(key);
    if (bindDefs !== undefined) bind.describe(byName ? model[key] : model[i], true);
    return bind;
  });
  const width = list.length;
  return encode(list, byName, rows.length, (writer) => {
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i];
      if (byName ? !isPlainObject(row) : !Array.isArray(row)) {
        throw misuse(
          `row ${i} of the binds is ${describe(row)}, and ${byName ? "an object" : "an array"} was ` +
            "expected; binding by position and by name cannot be mixed",
        );
      }
      if (byName) for (let j = 0; j < width; j++) list[j].write(writer, row[keys[j]], i);
      else for (let j = 0; j < width; j++) list[j].write(writer, row[j], i);
    }
  });
}

function encode(binds, byName, rows, writeValues) {
  const writer = new Writer();
  writer.view.setUint32(0, rows, true);
  writer.view.setUint16(4, binds.length, true);
  writer.bytes[6] = byName ? BINDS_BY_NAME : BINDS_BY_POSITION;
  writer.at = HEADER_BYTES;
  // Types and sizes are known only after the values; their places are kept free until then.
  const places = binds.map((bind) => {
    const name = byName ? bind.key.replace(/^:/, "") : "";
    writer.room(BIND_BYTES + 3 * name.length);
    const place = writer.at;
    const length = writeText(writer.bytes, place + BIND_BYTES, name);
    if (length > 0xffff) throw misuse("a bind name may have at most 65535 bytes");
    writer.view.setUint16(place + 2, length, true);
    writer.at = place + BIND_BYTES + length;
    return place;
  });
  writeValues(writer);
  binds.forEach((bind, i) => {
    // Only nulls: bound as a string, as node-oracledb does.
    writer.view.setUint16(places[i], (bind.type ?? DB_TYPE_VARCHAR).num, true);
    writer.view.setUint32(places[i] + 4, bind.maxSize || 1, true);
  });
  return writer.bytes.subarray(0, writer.at);
}

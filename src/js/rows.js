// Shapes a batch, which lies in columns in wasm memory, into rows.

import {
  BATCH_COLUMNS, BATCH_HEADER_WORDS, BATCH_MORE, BATCH_ROWS, COLUMN_DATA, COLUMN_DATA_BYTES,
  COLUMN_KIND, COLUMN_NULLS, COLUMN_OFFSETS, COLUMN_WORDS, KIND_BOOLEAN, KIND_BYTES, KIND_FLOAT64,
  KIND_INTERVAL_DS, KIND_INTERVAL_YM, KIND_LOCAL_TIME, KIND_TEXT, KIND_UTC_TIME,
} from "./border.js";
import { OraedgeError } from "./errors.js";
import { IntervalDS, IntervalYM } from "./types.js";

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
// Node's users expect Buffer, which is a Uint8Array; elsewhere it is a plain Uint8Array.
const bytesClass = globalThis.Buffer ?? Uint8Array;

/**
 * Reads the batch at `address` into `{ rows, more }`.
 *
 * @param {ArrayBuffer} buffer wasm memory, as it is now
 * @param {number} address of the batch's header
 * @param {(columns: Array[], rows: number) => Array} makeRows from {@link rowMaker}
 * @param {Array<undefined | ((value: unknown) => unknown)>} converters one for each column
 * @param {(reading: number) => number} instantOf from `localClock()`, kept for all of a result
 */
export function readBatch(buffer, address, makeRows, converters, instantOf) {
  const words = new Uint32Array(buffer, address, BATCH_HEADER_WORDS);
  const count = words[BATCH_ROWS];
  const width = words[BATCH_COLUMNS];
  const columns = new Array(width);
  for (let i = 0; i < width; i++) {
    const at = address + 4 * (BATCH_HEADER_WORDS + i * COLUMN_WORDS);
    const values = readColumn(buffer, new Uint32Array(buffer, at, COLUMN_WORDS), count, instantOf);
    const converter = converters[i];
    columns[i] = converter ? values.map((value) => converter(value)) : values;
  }
  return { rows: makeRows(columns, count), more: words[BATCH_MORE] !== 0 };
}

function readColumn(buffer, column, count, instantOf) {
  const nulls = column[COLUMN_NULLS] ? new Uint8Array(buffer, column[COLUMN_NULLS], count) : null;
  const values = read(buffer, column, count, instantOf);
  if (nulls) {
    for (let i = 0; i < count; i++) if (nulls[i]) values[i] = null;
  }
  return values;
}

function read(buffer, column, count, instantOf) {
  const data = column[COLUMN_DATA];
  const values = new Array(count);
  switch (column[COLUMN_KIND]) {
    case KIND_FLOAT64: {
      const numbers = new Float64Array(buffer, data, count);
      for (let i = 0; i < count; i++) values[i] = numbers[i];
      break;
    }
    case KIND_TEXT: {
      const text = decoder.decode(new Uint8Array(buffer, data, column[COLUMN_DATA_BYTES]));
      const offsets = new Uint32Array(buffer, column[COLUMN_OFFSETS], count + 1);
      let start = 0;
      for (let i = 0; i < count; i++) {
        const end = offsets[i + 1];
        values[i] = text.slice(start, end);
        start = end;
      }
      break;
    }
    case KIND_LOCAL_TIME: {
      const readings = new Float64Array(buffer, data, count);
      for (let i = 0; i < count; i++) values[i] = new Date(instantOf(readings[i]));
      break;
    }
    case KIND_UTC_TIME: {
      const instants = new Float64Array(buffer, data, count);
      for (let i = 0; i < count; i++) values[i] = new Date(instants[i]);
      break;
    }
    case KIND_BYTES: {
      // One copy for the column; the values share it, as slices of Node's Buffer pool do.
      const all = bytesClass.from(new Uint8Array(buffer, data, column[COLUMN_DATA_BYTES]));
      const offsets = new Uint32Array(buffer, column[COLUMN_OFFSETS], count + 1);
      for (let i = 0; i < count; i++) values[i] = all.subarray(offsets[i], offsets[i + 1]);
      break;
    }
    case KIND_BOOLEAN: {
      const flags = new Uint8Array(buffer, data, count);
      for (let i = 0; i < count; i++) values[i] = flags[i] !== 0;
      break;
    }
    case KIND_INTERVAL_YM: {
      const parts = new Int32Array(buffer, data, 2 * count);
      for (let i = 0; i < count; i++) {
        values[i] = new IntervalYM({ years: parts[2 * i], months: parts[2 * i + 1] });
      }
      break;
    }
    case KIND_INTERVAL_DS: {
      const parts = new Int32Array(buffer, data, 5 * count);
      for (let i = 0; i < count; i++) {
        const at = 5 * i;
        values[i] = new IntervalDS({
          days: parts[at],
          hours: parts[at + 1],
          minutes: parts[at + 2],
          seconds: parts[at + 3],
          fseconds: parts[at + 4],
        });
      }
      break;
    }
    default:
      throw new OraedgeError(
        "OED-INTERNAL",
        `a column came in the layout ${column[COLUMN_KIND]}, which this JavaScript does not know; ` +
          "the wasm file and the JavaScript of oraedge must be of one version",
      );
  }
  return values;
}

/**
 * Makes the function that turns columns into rows: arrays, or objects with the given names.
 *
 * `compile` allows code to be made from the column names, which is several times as fast for
 * objects; where a content security policy forbids that, the plain loops do.
 */
export function rowMaker(names, asObjects, compile) {
  if (compile) {
    try {
      return compiledMaker(names, asObjects);
    } catch {
      // Node can be told to forbid it, too.
    }
  }
  return asObjects ? objectMaker(names) : makeArrays;
}

function makeArrays(columns, count) {
  const width = columns.length;
  const rows = new Array(count);
  for (let i = 0; i < count; i++) {
    const row = new Array(width);
    for (let j = 0; j < width; j++) row[j] = columns[j][i];
    rows[i] = row;
  }
  return rows;
}

function objectMaker(names) {
  const width = names.length;
  // An assignment to this name would set the prototype.
  const set = names.includes("__proto__")
    ? (row, name, value) =>
        Object.defineProperty(row, name, {
          value, writable: true, enumerable: true, configurable: true,
        })
    : (row, name, value) => {
        row[name] = value;
      };
  return (columns, count) => {
    const rows = new Array(count);
    for (let i = 0; i < count; i++) {
      const row = {};
      for (let j = 0; j < width; j++) set(row, names[j], columns[j][i]);
      rows[i] = row;
    }
    return rows;
  };
}

function compiledMaker(names, asObjects) {
  const cells = names.map((name, j) => {
    if (!asObjects) return `c${j}[i]`;
    // JSON's strings are JavaScript's; the brackets keep "__proto__" an ordinary name.
    const key = JSON.stringify(name);
    return `${name === "__proto__" ? `[${key}]` : key}: c${j}[i]`;
  });
  const row = asObjects ? `{ ${cells.join(", ")} }` : `[${cells.join(", ")}]`;
  const columns = names.map((_, j) => `c${j}`).join(", ");
  return new Function(
    "columns",
    "count",
    `const [${columns}] = columns; const rows = new Array(count);
     for (let i = 0; i < count; i++) rows[i] = ${row};
     return rows;`,
  );
}

// A stand-in for the wasm side: it keeps to src/wasm/border.rs, and records what it is asked.

import {
  BATCH_HEADER_WORDS, COLUMN_WORDS, KIND_BOOLEAN, KIND_BYTES, KIND_FLOAT64, KIND_INTERVAL_DS,
  KIND_INTERVAL_YM, KIND_LOCAL_TIME, KIND_TEXT, KIND_UTC_TIME,
} from "../border.js";

const encoder = new TextEncoder();

/** Memory that batches can be written to. */
export class FakeMemory {
  constructor() {
    this.buffer = new ArrayBuffer(1 << 20);
    this.at = 64;
  }

  put(typed) {
    this.at = Math.ceil(this.at / 8) * 8;
    const address = this.at;
    const bytes = new Uint8Array(typed.buffer, typed.byteOffset, typed.byteLength);
    new Uint8Array(this.buffer).set(bytes, address);
    this.at += bytes.length;
    return address;
  }

  /** Writes a batch; each column is `{ kind, values }`, null for a null. Returns its address. */
  batch(columns, rows, more = false) {
    const words = new Uint32Array(BATCH_HEADER_WORDS + columns.length * COLUMN_WORDS);
    words.set([rows, more ? 1 : 0, columns.length]);
    columns.forEach((column, i) => {
      words.set(this.column(column), BATCH_HEADER_WORDS + i * COLUMN_WORDS);
    });
    return this.put(words);
  }

  column({ kind, values }) {
    const nulls = values.some((value) => value === null)
      ? this.put(Uint8Array.from(values, (value) => (value === null ? 1 : 0)))
      : 0;
    const or = (empty) => values.map((value) => value ?? empty);
    const words = (typed, offsets = 0) => [kind, nulls, this.put(typed), typed.byteLength, offsets];
    switch (kind) {
      case KIND_FLOAT64:
      case KIND_LOCAL_TIME:
      case KIND_UTC_TIME:
        return words(Float64Array.from(or(0)));
      case KIND_TEXT: {
        const offsets = [0];
        for (const text of or("")) offsets.push(offsets.at(-1) + text.length);
        return words(encoder.encode(or("").join("")), this.put(Uint32Array.from(offsets)));
      }
      case KIND_BYTES: {
        const offsets = [0];
        for (const bytes of or([])) offsets.push(offsets.at(-1) + bytes.length);
        return words(Uint8Array.from(or([]).flatMap((b) => [...b])), this.put(Uint32Array.from(offsets)));
      }
      case KIND_BOOLEAN:
        return words(Uint8Array.from(or(false), Number));
      case KIND_INTERVAL_YM:
        return words(Int32Array.from(or([0, 0]).flat()));
      case KIND_INTERVAL_DS:
        return words(Int32Array.from(or([0, 0, 0, 0, 0]).flat()));
      default:
        return words(new Uint8Array(8));
    }
  }
}

/** The bytes that describe columns `{ name, type, precision, scale, byteSize, flags }`. */
export function description(columns) {
  const parts = columns.map(({ name, type, precision = 0, scale = 0, byteSize = 0, flags = 1 }) => {
    const text = encoder.encode(name);
    const bytes = new Uint8Array(12 + text.length);
    const view = new DataView(bytes.buffer);
    view.setUint16(0, type.num, true);
    view.setInt8(2, precision);
    view.setInt8(3, scale);
    view.setUint32(4, byteSize, true);
    view.setUint8(8, flags);
    view.setUint16(10, text.length, true);
    bytes.set(text, 12);
    return bytes;
  });
  return Uint8Array.from(parts.flatMap((bytes) => [...bytes]));
}

/** The outcome of a query whose batches are given as addresses. */
export function queryOutcome(columns, batches) {
  const left = [...batches];
  return {
    isQuery: true,
    freed: 0,
    fetches: 0,
    metaData: () => description(columns),
    chooseKinds(kinds) {
      this.kinds = [...kinds];
    },
    async fetch() {
      this.fetches += 1;
      const next = left.shift();
      if (typeof next === "function") return next();
      return next ?? 0;
    },
    free() {
      this.freed += 1;
    },
  };
}

/** The outcome of anything else. */
export function dmlOutcome(fields = {}) {
  return {
    isQuery: false,
    freed: 0,
    rowsAffected: 1,
    rowCounts: () => new Uint32Array(0),
    batchErrors: () => [],
    free() {
      this.freed += 1;
    },
    ...fields,
  };
}

/** A client that answers each execute with the next of `answers` (an outcome, or a function). */
export class FakeClient {
  constructor(...answers) {
    this.answers = answers;
    this.calls = [];
    this.interrupts = 0;
    this.serverVersion = "23.4.0.24.5";
    this.serverVersionNumber = 2304002405;
  }

  async execute(sql, binds, flags, prefetchRows, fetchArraySize) {
    this.calls.push({ call: "execute", sql, binds, flags, prefetchRows, fetchArraySize });
    const answer = this.answers.shift();
    return typeof answer === "function" ? answer() : answer;
  }

  async commit() {
    this.calls.push({ call: "commit" });
  }

  async rollback() {
    this.calls.push({ call: "rollback" });
  }

  async ping() {
    this.calls.push({ call: "ping" });
  }

  async close() {
    this.calls.push({ call: "close" });
  }

  setCallTimeout(milliseconds) {
    this.calls.push({ call: "setCallTimeout", milliseconds });
  }

  async setAttribute(name, value) {
    this.calls.push({ call: "setAttribute", name, value });
  }

  parameter(name) {
    return { AUTH_DBNAME: "FREE", AUTH_MAX_OPEN_CURSORS: "300" }[name];
  }

  interrupt() {
    this.interrupts += 1;
    this.onInterrupt?.();
  }

  free() {}
}

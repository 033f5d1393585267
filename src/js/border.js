// The numbers that both sides of the wasm border know. What they mean is written down once, in
// src/wasm/border.rs; `test/border.test.js` fails when the two files differ.

// How one column of a batch is laid out in wasm memory.
export const KIND_TEXT = 1;
export const KIND_FLOAT64 = 2;
export const KIND_LOCAL_TIME = 3;
export const KIND_UTC_TIME = 4;
export const KIND_BYTES = 5;
export const KIND_BOOLEAN = 6;
export const KIND_INTERVAL_YM = 7;
export const KIND_INTERVAL_DS = 8;

// Asks for the layout that belongs to the column's type.
export const KIND_DEFAULT = 0;

// A batch's header, in 32-bit words.
export const BATCH_ROWS = 0;
export const BATCH_MORE = 1;
export const BATCH_COLUMNS = 2;
export const BATCH_HEADER_WORDS = 3;

// One column of a batch, in 32-bit words from the column's first.
export const COLUMN_KIND = 0;
export const COLUMN_NULLS = 1;
export const COLUMN_DATA = 2;
export const COLUMN_DATA_BYTES = 3;
export const COLUMN_OFFSETS = 4;
export const COLUMN_WORDS = 5;

// Bits of the flags of a column's description.
export const COLUMN_NULLABLE = 1;
export const COLUMN_IS_JSON = 2;
export const COLUMN_IS_OSON = 4;

// What stands before each bind value.
export const VALUE_NULL = 0;
export const VALUE_FLOAT64 = 1;
export const VALUE_INT32 = 2;
export const VALUE_TEXT = 3;
export const VALUE_BYTES = 4;
export const VALUE_LOCAL_TIME = 5;
export const VALUE_UTC_TIME = 6;
export const VALUE_FALSE = 7;
export const VALUE_TRUE = 8;
export const VALUE_INTERVAL_YM = 9;
export const VALUE_INTERVAL_DS = 10;

// How the binds of one execution are found in the statement.
export const BINDS_BY_POSITION = 0;
export const BINDS_BY_NAME = 1;

// Bits of the options of one execution.
export const EXECUTE_AUTO_COMMIT = 1;
export const EXECUTE_KEEP_IN_CACHE = 2;
export const EXECUTE_BATCH_ERRORS = 4;
export const EXECUTE_ROW_COUNTS = 8;
export const EXECUTE_MANY = 16;
export const EXECUTE_SUSPEND = 32;

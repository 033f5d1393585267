//! The layouts in which rows, column descriptions and binds cross the wasm border.
//!
//! This is the one place that says what the numbers mean; `src/js/border.js` has the same numbers,
//! and a test there compares the two files. All integers and floats are little-endian.
//!
//! # A batch of rows (wasm to JavaScript)
//!
//! One call gives JavaScript the address of a header in wasm memory: [`BATCH_HEADER_WORDS`] 32-bit
//! words, then [`COLUMN_WORDS`] for each column. Addresses in it are valid until the next call on
//! the same connection; JavaScript turns the whole batch into rows before it makes one, so nothing
//! is copied in between.
//!
//! | word of a column | what |
//! | --- | --- |
//! | [`COLUMN_KIND`] | one of the `KIND_` numbers |
//! | [`COLUMN_NULLS`] | address of one byte for each row, 1 for a null; 0 if no row is null |
//! | [`COLUMN_DATA`] | address of the values |
//! | [`COLUMN_DATA_BYTES`] | how many bytes the values take |
//! | [`COLUMN_OFFSETS`] | address of rows + 1 `u32`s (`KIND_TEXT`, `KIND_BYTES`); else 0 |
//!
//! | kind | values |
//! | --- | --- |
//! | [`KIND_TEXT`] | one valid UTF-8 text; the offsets count UTF-16 code units of it, so that JavaScript decodes once and slices |
//! | [`KIND_FLOAT64`] | `f64` for each row |
//! | [`KIND_LOCAL_TIME`] | `f64`: milliseconds since 1970 as if the clock reading were UTC; JavaScript moves it to its own time zone |
//! | [`KIND_UTC_TIME`] | `f64`: milliseconds since 1970, UTC |
//! | [`KIND_BYTES`] | all bytes; the offsets count bytes |
//! | [`KIND_BOOLEAN`] | one byte for each row |
//! | [`KIND_INTERVAL_YM`] | two `i32` for each row: years, months |
//! | [`KIND_INTERVAL_DS`] | five `i32` for each row: days, hours, minutes, seconds, nanoseconds |
//!
//! # A column's description (wasm to JavaScript)
//!
//! For each column: `u16` number of the type as node-oracledb has it, `i8` precision, `i8` scale,
//! `u32` size in bytes, `u8` flags ([`COLUMN_NULLABLE`] ...), `u8` zero, `u16` bytes of the name,
//! the name in UTF-8.
//!
//! # Binds (JavaScript to wasm)
//!
//! `u32` rows, `u16` binds in a row, `u8` [`BINDS_BY_POSITION`] or [`BINDS_BY_NAME`], `u8` zero; for
//! each bind `u16` number of the type as node-oracledb has it, `u16` bytes of the name, `u32` the
//! longest value in bytes, the name in UTF-8; then row by row the values: one `VALUE_` byte and
//!
//! | tag | what follows |
//! | --- | --- |
//! | [`VALUE_FLOAT64`], [`VALUE_LOCAL_TIME`], [`VALUE_UTC_TIME`] | `f64` |
//! | [`VALUE_INT32`] | `i32` |
//! | [`VALUE_TEXT`], [`VALUE_BYTES`] | `u32` bytes, the bytes (text is UTF-8; for a NUMBER, decimal digits) |
//! | [`VALUE_INTERVAL_YM`], [`VALUE_INTERVAL_DS`] | two, five `i32` as above |
//! | the others | nothing |

/// Asks for the layout that belongs to the column's type.
pub(crate) const KIND_DEFAULT: u32 = 0;
/// Text.
pub(crate) const KIND_TEXT: u32 = 1;
/// Numbers.
pub(crate) const KIND_FLOAT64: u32 = 2;
/// Clock readings without a time zone.
pub(crate) const KIND_LOCAL_TIME: u32 = 3;
/// Instants.
pub(crate) const KIND_UTC_TIME: u32 = 4;
/// Bytes.
pub(crate) const KIND_BYTES: u32 = 5;
/// Truth values.
pub(crate) const KIND_BOOLEAN: u32 = 6;
/// Years and months.
pub(crate) const KIND_INTERVAL_YM: u32 = 7;
/// Days to nanoseconds.
pub(crate) const KIND_INTERVAL_DS: u32 = 8;

/// Word of the header: how many rows.
pub(crate) const BATCH_ROWS: u32 = 0;
/// Word of the header: 1 if more rows may follow, 0 if the cursor is exhausted.
pub(crate) const BATCH_MORE: u32 = 1;
/// Word of the header: how many columns.
pub(crate) const BATCH_COLUMNS: u32 = 2;
/// How many words the header has before the columns.
pub(crate) const BATCH_HEADER_WORDS: u32 = 3;

/// Word of a column.
pub(crate) const COLUMN_KIND: u32 = 0;
/// Word of a column.
pub(crate) const COLUMN_NULLS: u32 = 1;
/// Word of a column.
pub(crate) const COLUMN_DATA: u32 = 2;
/// Word of a column.
pub(crate) const COLUMN_DATA_BYTES: u32 = 3;
/// Word of a column.
pub(crate) const COLUMN_OFFSETS: u32 = 4;
/// How many words a column has.
pub(crate) const COLUMN_WORDS: u32 = 5;

/// Flag of a column's description: it may hold nulls.
pub(crate) const COLUMN_NULLABLE: u32 = 1;
/// Flag of a column's description: an `IS JSON` constraint is on it.
pub(crate) const COLUMN_IS_JSON: u32 = 2;
/// Flag of a column's description: it holds OSON.
pub(crate) const COLUMN_IS_OSON: u32 = 4;

/// A null.
pub(crate) const VALUE_NULL: u32 = 0;
/// A JavaScript number.
pub(crate) const VALUE_FLOAT64: u32 = 1;
/// A JavaScript number that is a 32-bit integer.
pub(crate) const VALUE_INT32: u32 = 2;
/// A string, or the digits of a bigint.
pub(crate) const VALUE_TEXT: u32 = 3;
/// Bytes.
pub(crate) const VALUE_BYTES: u32 = 4;
/// A Date for a type without a time zone.
pub(crate) const VALUE_LOCAL_TIME: u32 = 5;
/// A Date for a type with a time zone.
pub(crate) const VALUE_UTC_TIME: u32 = 6;
/// false.
pub(crate) const VALUE_FALSE: u32 = 7;
/// true.
pub(crate) const VALUE_TRUE: u32 = 8;
/// An IntervalYM.
pub(crate) const VALUE_INTERVAL_YM: u32 = 9;
/// An IntervalDS.
pub(crate) const VALUE_INTERVAL_DS: u32 = 10;

/// Binds in the order of the placeholders.
pub(crate) const BINDS_BY_POSITION: u32 = 0;
/// Binds that say their name.
pub(crate) const BINDS_BY_NAME: u32 = 1;

/// Option of an execution: commit at its end.
pub(crate) const EXECUTE_AUTO_COMMIT: u32 = 1;
/// Option of an execution: keep the parsed statement for later.
pub(crate) const EXECUTE_KEEP_IN_CACHE: u32 = 2;
/// Option of an execution: go on after a row that fails.
pub(crate) const EXECUTE_BATCH_ERRORS: u32 = 4;
/// Option of an execution: count the affected rows for each row of binds.
pub(crate) const EXECUTE_ROW_COUNTS: u32 = 8;
/// Option of an execution: `executeMany`, which is for anything but queries.
#[cfg_attr(not(target_arch = "wasm32"), expect(dead_code, reason = "read by the exported handle"))]
pub(crate) const EXECUTE_MANY: u32 = 16;
/// Option of an execution: suspend the sessionless transaction if it succeeds.
pub(crate) const EXECUTE_SUSPEND: u32 = 32;

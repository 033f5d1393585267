// The two classes of error: what the database answered, and everything else.

const HELP = "https://docs.oracle.com/error-help/db/ora-";

/**
 * An error of this package: an argument, a transport, a time limit, a broken answer.
 * `code` is stable: `OED-MISUSE`, `OED-TRANSPORT`, `OED-TIMEOUT`, `OED-CLOSED` ...
 */
export class OraedgeError extends Error {
  constructor(code, message, options = {}) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.isRecoverable = options.isRecoverable ?? false;
    if (options.transactionOutcome) this.transactionOutcome = options.transactionOutcome;
  }
}
OraedgeError.prototype.name = "OraedgeError";

// As node-oracledb does; some servers have said it already.
function withHelp(message, errorNum) {
  if (!errorNum || message.includes(HELP)) return message;
  return `${message}\nHelp: ${HELP}${String(errorNum).padStart(5, "0")}/`;
}

/** The database's own answer to a statement. */
export class DatabaseError extends Error {
  constructor({ code, message, errorNum, offset, isRecoverable, rowsAffected, transactionOutcome }) {
    super(withHelp(message, errorNum));
    this.code = code;
    this.errorNum = errorNum;
    if (offset !== undefined) this.offset = offset;
    if (rowsAffected !== undefined) this.rowsAffected = rowsAffected;
    this.isRecoverable = isRecoverable ?? false;
    if (transactionOutcome) this.transactionOutcome = transactionOutcome;
  }
}
DatabaseError.prototype.name = "DatabaseError";

/** What a caller asked for cannot be. */
export function misuse(message) {
  return new OraedgeError("OED-MISUSE", message);
}

/** What the caller wants to use is closed. */
export function closed(what) {
  return new OraedgeError("OED-CLOSED", `the ${what} is closed`);
}

/** Bytes could not be carried. */
export function transportError(message, cause) {
  return new OraedgeError("OED-TRANSPORT", message, cause === undefined ? {} : { cause });
}

// Fields of the array in which the wasm side hands over an error; the same in src/wasm/error.rs.
const CODE = 0;
const MESSAGE = 1;
const FATAL = 2;
const ERROR_NUM = 3;
const OFFSET = 4;
const ROWS_AFFECTED = 5;
const RECOVERABLE = 6;
const OUTCOME = 7;

/** Whether the connection is gone, by what the wasm side rejected with. */
export function isFatal(raw) {
  return Array.isArray(raw) && raw[FATAL];
}

/**
 * Makes the error that a caller sees from what the wasm side rejected with. Everything between here
 * and the caller awaits, so that V8 puts the caller's lines into the stack.
 */
export function fromWasm(raw) {
  if (!Array.isArray(raw)) {
    // A JavaScript error that went through Rust untouched (a transport's own), or a trap.
    if (raw instanceof WebAssembly.RuntimeError) {
      return new OraedgeError("OED-INTERNAL", `the wasm module failed: ${raw.message}`, {
        cause: raw,
      });
    }
    return raw;
  }
  if (raw[ERROR_NUM] === undefined) {
    return new OraedgeError(raw[CODE], raw[MESSAGE], {
      isRecoverable: raw[FATAL],
      transactionOutcome: raw[OUTCOME],
    });
  }
  return new DatabaseError({
    code: raw[CODE],
    message: raw[MESSAGE],
    errorNum: raw[ERROR_NUM],
    offset: raw[OFFSET],
    rowsAffected: raw[ROWS_AFFECTED] || undefined,
    isRecoverable: raw[FATAL] || raw[RECOVERABLE],
    transactionOutcome: raw[OUTCOME],
  });
}

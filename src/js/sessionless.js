// What callers say of sessionless transactions, checked.

import { misuse } from "./errors.js";

/** Seconds, as in node-oracledb. */
const DEFAULT_TIMEOUT = 60;
/** The longest identifier, in bytes. */
const LONGEST_ID = 64;

/** The options of a begin or a resume, whole. */
export function sessionlessOptions(options) {
  if (typeof options !== "object" || options === null) throw misuse("options must be an object");
  const { timeout = DEFAULT_TIMEOUT, deferRoundTrip = false } = options;
  if (!Number.isInteger(timeout) || timeout < 0 || timeout > 0xffff_ffff) {
    throw misuse('"timeout" must be a number of seconds');
  }
  if (typeof deferRoundTrip !== "boolean") throw misuse('"deferRoundTrip" must be a boolean');
  return { timeout, deferRoundTrip };
}

/** An identifier as bytes: text in UTF-8, bytes as they are, a random UUID for undefined. */
export function transactionId(value = crypto.randomUUID()) {
  const bytes = typeof value === "string" ? new TextEncoder().encode(value) : value;
  if (!(bytes instanceof Uint8Array)) {
    throw misuse("a transaction's identifier must be a string or a Uint8Array");
  }
  if (bytes.length > 0 && bytes.length <= LONGEST_ID) return bytes;
  throw misuse(
    `a transaction's identifier has 1 to ${LONGEST_ID} bytes, and this one has ${bytes.length}`,
  );
}

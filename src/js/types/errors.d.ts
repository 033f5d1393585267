// The two classes of error.

/** The database's own answer to a statement. The connection goes on working. */
export class DatabaseError extends Error {
  /** `ORA-00942`. */
  readonly code: string;
  /** `942`. */
  readonly errorNum: number;
  /** Where in the statement's text, in bytes from 0; absent if the database did not say. */
  readonly offset?: number;
  /** Rows done before the error. */
  readonly rowsAffected?: number;
  /**
   * Trying again on a new connection may work: the session is gone, or the database is being
   * started, stopped or moved.
   */
  readonly isRecoverable: boolean;
  /** What became of the transaction, if the connection broke while one was open. */
  readonly transactionOutcome?: TransactionOutcome;
}

/** Every other error: an argument, a transport, a time limit, an answer that is broken. */
export class OraedgeError extends Error {
  /**
   * `OED-MISUSE`, `OED-UNSUPPORTED`, `OED-CONNECT-STRING`, `OED-TRANSPORT`, `OED-TIMEOUT`,
   * `OED-AUTH`, `OED-CLOSED`, `OED-PROTOCOL`, `OED-MALFORMED`, `OED-WARNING`, `OED-INTERNAL`.
   */
  readonly code: string;
  /** The connection is gone; connecting anew and trying again may work. */
  readonly isRecoverable: boolean;
  /** What became of the transaction, if the connection broke while one was open. */
  readonly transactionOutcome?: TransactionOutcome;
  /** The bridge's own code (`TARGET_NOT_ALLOWED` ...), when it was the bridge that refused. */
  readonly bridgeCode?: string;
}

/**
 * What became of a transaction whose connection broke: rolled back; nobody knows, because a commit
 * was under way; a sessionless one that is suspended or rolled back; a branch of a distributed one
 * that is committed, rolled back or prepared.
 */
export type TransactionOutcome = "notCommitted" | "unknown" | "suspended" | "inDoubt";

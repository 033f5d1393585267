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
  /** The session is gone; connecting anew and trying again may work. */
  readonly isRecoverable: boolean;
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
  /** The bridge's own code (`TARGET_NOT_ALLOWED` ...), when it was the bridge that refused. */
  readonly bridgeCode?: string;
}

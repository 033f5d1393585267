// The `sql` tag: a template whose values are bound, never written into the text.

import { OUT_FORMAT_OBJECT } from "./constants.js";
import { misuse } from "./errors.js";

/** A piece of SQL with its values; `statement` and `values` are what `execute()` takes. */
export class SqlFragment {
  #texts;
  #values;
  #flat;

  /**
   * @param {readonly string[]} texts the pieces of SQL
   * @param {readonly unknown[]} values what stands between two pieces each: a value or a fragment
   */
  constructor(texts, values) {
    this.#texts = texts;
    this.#values = values;
  }

  get statement() {
    return this.#flatten().statement;
  }

  get values() {
    return this.#flatten().values;
  }

  #flatten() {
    if (!this.#flat) {
      const values = [];
      this.#flat = { statement: this.#write(values), values };
    }
    return this.#flat;
  }

  // Writes the text, numbering the placeholders through all nested fragments.
  #write(values) {
    let statement = this.#texts[0];
    for (let i = 0; i < this.#values.length; i++) {
      const value = this.#values[i];
      if (value instanceof SqlFragment) {
        statement += value.#write(values);
      } else {
        // Checked when they are bound; a list has its own way, sql.join().
        if (Array.isArray(value)) {
          throw misuse("an array cannot be bound; write in (${sql.join(values)}) for a list");
        }
        values.push(value);
        statement += `:${values.length}`;
      }
      statement += this.#texts[i + 1];
    }
    return statement;
  }
}

function fragment(texts, values) {
  if (!Array.isArray(texts) || !Array.isArray(texts.raw)) {
    throw misuse("sql is a template tag: sql`select ...`");
  }
  return new SqlFragment(texts, values);
}

/** Joins values or fragments: `in (${sql.join(ids)})`, `sql.join(conditions, " and ")`. */
function join(items, separator = ", ") {
  const list = Array.from(items);
  if (list.length === 0) throw misuse("sql.join() needs at least one value");
  if (typeof separator !== "string") throw misuse("the separator of sql.join() must be a string");
  const texts = ["", ...Array(list.length - 1).fill(separator), ""];
  return new SqlFragment(texts, list);
}

/** A name as SQL has it, quoted, so that it cannot be read as anything else. */
function identifier(...names) {
  const quoted = names.map((name) => {
    if (typeof name !== "string" || name === "" || /["\0]/.test(name)) {
      throw misuse("an identifier must be a string that is not empty and has no double quotes");
    }
    return `"${name}"`;
  });
  if (quoted.length === 0) throw misuse("sql.identifier() needs a name");
  return new SqlFragment([quoted.join(".")], []);
}

/** Makes a fragment, to be nested in others or handed to `execute()` or `query()`. */
export const sql = Object.assign((texts, ...values) => fragment(texts, values), {
  join,
  identifier,
});

/**
 * A statement of a connection's `sql` tag: `await` it for all rows, or iterate it. It is executed
 * when one of the two happens, and not before; nested in another template it is only a fragment.
 */
export class SqlStatement extends SqlFragment {
  #connection;
  #options;
  #result;

  constructor(connection, options, texts, values) {
    super(texts, values);
    this.#connection = connection;
    this.#options = options;
  }

  // Executed once, however often it is awaited.
  #execute() {
    this.#result ??= this.#connection.execute(this, undefined, this.#options).then((result) => {
      const rows = result.rows ?? [];
      for (const name of ["metaData", "rowsAffected", "lastRowid", "warning"]) {
        Object.defineProperty(rows, name, { value: result[name] });
      }
      return rows;
    });
    return this.#result;
  }

  then(resolve, reject) {
    return this.#execute().then(resolve, reject);
  }

  catch(reject) {
    return this.#execute().catch(reject);
  }

  finally(settle) {
    return this.#execute().finally(settle);
  }

  [Symbol.asyncIterator]() {
    return this.#connection.query(this, undefined, this.#options);
  }
}
SqlStatement.prototype[Symbol.toStringTag] = "SqlStatement";

/** Makes the `sql` tag of a connection; called with options it gives a tag that has them. */
export function makeTag(connection) {
  const withOptions = (options) =>
    Object.assign(
      (first, ...values) => {
        if (Array.isArray(first?.raw)) {
          return new SqlStatement(connection, options, first, values);
        }
        if (values.length > 0 || typeof first !== "object" || first === null) {
          throw misuse("sql is a template tag: sql`select ...`; or pass it an object of options");
        }
        return withOptions({ ...options, ...first });
      },
      { join, identifier },
    );
  return withOptions({ outFormat: OUT_FORMAT_OBJECT });
}

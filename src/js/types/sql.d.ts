// The `sql` tag.

import type { BindParameter, BindValue, Column, ExecuteOptions, RowStream } from "./statements.js";

/** A piece of SQL with its values, to be nested, or handed to `execute()` or `query()`. */
export interface SqlFragment {
  /** The text, with placeholders for the values. */
  readonly statement: string;
  /** The values, by position. */
  readonly values: unknown[];
}

/** What can stand in a template: a value, which is bound, or a fragment, which is spliced in. */
export type SqlValue = BindValue | BindParameter | SqlFragment;

/** What comes with every `sql` tag. */
export interface SqlHelpers {
  /** Joins values or fragments: `where id in (${sql.join(ids)})`; `", "` by default. */
  join(items: Iterable<SqlValue>, separator?: string): SqlFragment;
  /** A quoted name: `sql.identifier("SCOTT", "EMP")`. */
  identifier(...names: string[]): SqlFragment;
}

/** Makes fragments: `` sql`deptno = ${30}` ``. Every value is bound, none is written into the text. */
export const sql: SqlHelpers & ((texts: TemplateStringsArray, ...values: SqlValue[]) => SqlFragment);

/** The rows of an awaited {@link SqlStatement}; empty for what is no query. */
export type SqlRows<T> = T[] & {
  readonly metaData: Column[] | undefined;
  readonly rowsAffected: number | undefined;
  readonly lastRowid: string | undefined;
  readonly warning: Error | undefined;
};

/** A statement that is executed when it is awaited, or iterated; nested, it is a fragment. */
export interface SqlStatement<T> extends SqlFragment, Promise<SqlRows<T>>, AsyncIterable<T> {
  [Symbol.asyncIterator](): RowStream<T>;
}

/** A connection's `sql` tag; rows are objects unless an option says otherwise. */
export interface SqlTag extends SqlHelpers {
  <T = any>(texts: TemplateStringsArray, ...values: SqlValue[]): SqlStatement<T>;
  /** The same tag with options: ``connection.sql({ maxRows: 10 })`select ...` ``. */
  (options: ExecuteOptions): SqlTag;
}

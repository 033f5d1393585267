// The rows of one execution, batch by batch.

import { OUT_FORMAT_OBJECT } from "./constants.js";
import { closed, misuse } from "./errors.js";
import { planFetch, readMetaData } from "./metadata.js";
import { currentPlatform } from "./platform.js";
import { readBatch, rowMaker } from "./rows.js";
import { localClock } from "./times.js";

/** Reads batches off an outcome of the wasm side; ResultSet and RowStream are made of it. */
export class Cursor {
  #session;
  #outcome;
  #options;
  #converters;
  #makeRows;
  #instantOf = localClock();
  #batches = 0;
  #left;

  /**
   * @param {import("./session.js").Session} session that executed the statement
   * @param {object} outcome the wasm side's handle; the cursor frees it
   * @param {object} options whole, from `executeOptions()`
   */
  constructor(session, outcome, options) {
    this.#session = session;
    this.#outcome = outcome;
    this.#options = options;
    this.#left = options.maxRows === 0 ? Infinity : options.maxRows;
    try {
      this.metaData = readMetaData(outcome.metaData());
      const { kinds, converters } = planFetch(this.metaData, options);
      this.#converters = converters;
      if (kinds) outcome.chooseKinds(kinds);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  get isOpen() {
    return this.#outcome !== undefined;
  }

  /** The next rows, never none; undefined behind the last. Waits for its turn. */
  async next() {
    if (!this.#outcome) return undefined;
    return this.#session.turn(this.#options.signal, ({ memory }) => this.#read(memory));
  }

  /** All rows; within the turn of the call that executed the statement. */
  async readAll(memory) {
    let all = [];
    while (this.#outcome) {
      const rows = await this.#read(memory);
      if (!rows) break;
      if (all.length === 0) all = rows;
      else for (const row of rows) all.push(row);
    }
    return all;
  }

  async #read(memory) {
    const outcome = this.#outcome;
    try {
      while (this.#outcome) {
        // The address itself where the rows are here already: no promise to wait for then.
        let address = outcome.fetch();
        if (typeof address !== "number") address = await address;
        // Closed by its owner while the rows were on their way.
        if (!this.#outcome) return undefined;
        const rows = address === 0 ? [] : this.#take(memory, address);
        if (address === 0) this.close();
        if (rows.length > 0) return rows;
      }
      return undefined;
    } catch (error) {
      // The rows behind a failed fetch cannot be had any more.
      this.close();
      throw error;
    }
  }

  #take(memory, address) {
    const batch = readBatch(
      memory.buffer, address, this.#maker(), this.#converters, this.#instantOf,
    );
    let { rows } = batch;
    if (rows.length > this.#left) rows = rows.slice(0, this.#left);
    this.#left -= rows.length;
    if (this.#left === 0 || !batch.more) this.close();
    return rows;
  }

  #maker() {
    // Code is worth compiling for a result that does not end with its first rows.
    this.#batches += 1;
    if (this.#batches === 1 || this.#batches === 3) {
      const names = this.metaData.map(({ name }) => name);
      const asObjects = this.#options.outFormat === OUT_FORMAT_OBJECT;
      const compile = this.#batches === 3 && currentPlatform().canCompile;
      this.#makeRows = rowMaker(names, asObjects, compile);
    }
    return this.#makeRows;
  }

  /** Lets the server's cursor go; harmless when it is gone already. */
  close() {
    const outcome = this.#outcome;
    this.#outcome = undefined;
    outcome?.free();
  }
}

/** The rows of a query, for `getRow()`, `getRows()` and `for await`. */
export class ResultSet {
  #cursor;
  #rows = [];
  #at = 0;
  #closed = false;
  // One call at a time, in the order in which they were made.
  #last = Promise.resolve();

  constructor(cursor) {
    this.#cursor = cursor;
  }

  get metaData() {
    return this.#closed ? undefined : this.#cursor.metaData;
  }

  #inOrder(work) {
    const turn = this.#last.then(() => {
      if (this.#closed) throw closed("result set");
      return work();
    });
    this.#last = turn.catch(() => {});
    return turn;
  }

  async #fill() {
    if (this.#at < this.#rows.length) return true;
    this.#rows = (await this.#cursor.next()) ?? [];
    this.#at = 0;
    return this.#rows.length > 0;
  }

  /** The next row; undefined behind the last. */
  getRow() {
    return this.#inOrder(async () => ((await this.#fill()) ? this.#rows[this.#at++] : undefined));
  }

  /** Up to `count` rows, or all that are left. */
  getRows(count = 0) {
    if (!Number.isInteger(count) || count < 0) {
      throw misuse(`the number of rows must be an integer, 0 for all, not ${String(count)}`);
    }
    const wanted = count === 0 ? Infinity : count;
    return this.#inOrder(async () => {
      let taken = [];
      while (taken.length < wanted && (await this.#fill())) {
        const part = this.#take(wanted - taken.length);
        if (taken.length === 0) taken = part;
        else for (const row of part) taken.push(row);
      }
      return taken;
    });
  }

  // Up to `count` of the rows that are here; a whole batch is handed over as it is.
  #take(count) {
    const rows = this.#rows;
    const start = this.#at;
    if (start === 0 && count >= rows.length) {
      this.#rows = [];
      return rows;
    }
    const part = rows.slice(start, start + Math.min(count, rows.length - start));
    this.#at += part.length;
    return part;
  }

  async close() {
    if (this.#closed) throw closed("result set");
    await this.#last;
    this.#closed = true;
    this.#cursor.close();
  }

  [Symbol.asyncIterator]() {
    return {
      next: async () => {
        const value = this.#closed ? undefined : await this.getRow();
        return { value, done: value === undefined };
      },
      return: async (value) => {
        if (!this.#closed) await this.close();
        return { value, done: true };
      },
    };
  }

  async [Symbol.asyncDispose]() {
    if (!this.#closed) await this.close();
  }
}

/** What `connection.query()` gives: nothing happens until the first row is asked for. */
export class RowStream {
  #open;
  #opening;
  #cursor;
  #rows = [];
  #at = 0;
  #done = false;

  /** @param {() => Promise<Cursor>} open executes the query */
  constructor(open) {
    this.#open = open;
  }

  /** The columns, once the first row was asked for. */
  get metaData() {
    return this.#cursor?.metaData;
  }

  async #nextBatch() {
    if (this.#done) return undefined;
    this.#opening ??= this.#open();
    try {
      this.#cursor = await this.#opening;
      // Ended with return() while the statement was being executed.
      if (this.#done) {
        this.#cursor.close();
        return undefined;
      }
      const rows = await this.#cursor.next();
      if (!rows) this.#done = true;
      return rows;
    } catch (error) {
      this.#done = true;
      this.#cursor?.close();
      throw error;
    }
  }

  async next() {
    if (this.#at === this.#rows.length) {
      this.#rows = (await this.#nextBatch()) ?? [];
      this.#at = 0;
      if (this.#rows.length === 0) return { value: undefined, done: true };
    }
    return { value: this.#rows[this.#at++], done: false };
  }

  /** Ends the iteration early: the server's cursor is let go and the connection is free. */
  async return(value) {
    this.#done = true;
    this.#rows = [];
    this.#at = 0;
    if (this.#opening) {
      try {
        (await this.#opening).close();
      } catch {
        // The statement failed; whoever asked for its rows was told.
      }
    }
    return { value, done: true };
  }

  /** The same rows in arrays, one array for each batch that came from the server. */
  async *batches() {
    try {
      for (;;) {
        const rows = this.#at < this.#rows.length ? this.#rows.slice(this.#at) : await this.#nextBatch();
        this.#rows = [];
        this.#at = 0;
        if (!rows) return;
        yield rows;
      }
    } finally {
      await this.return();
    }
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  async [Symbol.asyncDispose]() {
    await this.return();
  }
}

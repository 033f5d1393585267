// Oracle's node-oracledb (thin mode) does the script's steps.
//
// usage: [NODE_EXTRA_CA_CERTS=CA_FILE] node peer.mjs SCRIPT CONNECT_STRING USER PASSWORD
//        [WALLET_FOLDER WALLET_PASSWORD]
//
// Prints one JSON object a line, {"step": name, "value": what came} or {"step": name, "error":
// text}; `cargo xtask test --only peers` compares them with the script.

import { readFileSync } from 'node:fs';
import oracledb from 'oracledb';

const [scriptFile, connectString, user, password, walletLocation, walletPassword] =
  process.argv.slice(2);
const script = JSON.parse(readFileSync(scriptFile, 'utf8'));

const BIND_TYPES = {
  number: oracledb.DB_TYPE_NUMBER,
  binary_float: oracledb.DB_TYPE_BINARY_FLOAT,
  binary_double: oracledb.DB_TYPE_BINARY_DOUBLE,
  varchar: oracledb.DB_TYPE_VARCHAR,
  nvarchar: oracledb.DB_TYPE_NVARCHAR,
  char: oracledb.DB_TYPE_CHAR,
  nchar: oracledb.DB_TYPE_NCHAR,
  raw: oracledb.DB_TYPE_RAW,
  date: oracledb.DB_TYPE_DATE,
  timestamp: oracledb.DB_TYPE_TIMESTAMP,
  timestamp_tz: oracledb.DB_TYPE_TIMESTAMP_TZ,
  timestamp_ltz: oracledb.DB_TYPE_TIMESTAMP_LTZ,
  interval_ym: oracledb.DB_TYPE_INTERVAL_YM,
  interval_ds: oracledb.DB_TYPE_INTERVAL_DS,
  rowid: oracledb.DB_TYPE_VARCHAR,
  boolean: oracledb.DB_TYPE_BOOLEAN,
};

const connect = (secret = password) =>
  oracledb.getConnection({
    user, password: secret, connectString, walletLocation, walletPassword,
  });

const major = (connection) => Math.trunc(connection.oracleServerVersion / 100000000);

/** NUMBER as its exact text instead of a float. */
const exactNumbers = (metadata) =>
  metadata.dbType === oracledb.DB_TYPE_NUMBER ? { type: oracledb.STRING } : undefined;

/** The value to bind for a canonical text. */
function toJavaScript(kind, text) {
  switch (kind) {
    case 'number':
    case 'binary_float':
    case 'binary_double':
      return Number(text);
    case 'raw':
      return Buffer.from(text, 'hex');
    case 'date':
    case 'timestamp':
    case 'timestamp_tz':
    case 'timestamp_ltz':
      return new Date(`${text}Z`);
    case 'interval_ym': {
      const [years, months] = text.split('-').map(Number);
      return new oracledb.IntervalYM({ years, months });
    }
    case 'interval_ds': {
      const [days, hours, minutes, seconds, milliseconds] = text.split(/[ :.]/).map(Number);
      return new oracledb.IntervalDS({
        days, hours, minutes, seconds, fseconds: milliseconds * 1e6,
      });
    }
    case 'boolean':
      return text === 'true';
    default:
      return text;
  }
}

/** The canonical text of a value that came back. */
function toText(kind, value) {
  if (value === null) return null;
  switch (kind) {
    case 'raw':
      return value.toString('hex').toUpperCase();
    case 'date':
    case 'timestamp':
    case 'timestamp_tz':
    case 'timestamp_ltz':
      return value.toISOString().slice(0, -1);
    case 'interval_ym':
      return `${value.years}-${value.months}`;
    case 'interval_ds': {
      const two = (part) => String(part).padStart(2, '0');
      const clock = [value.hours, value.minutes, value.seconds].map(two).join(':');
      return `${value.days} ${clock}.${String(Math.trunc(value.fseconds / 1e6)).padStart(3, '0')}`;
    }
    default:
      return String(value);
  }
}

async function drop(connection, table) {
  try {
    await connection.execute(`drop table ${table}`);
  } catch (error) {
    if (error.errorNum !== 942) throw error;
  }
}

const count = async (connection) =>
  (await connection.execute('select count(*) from peer_dml')).rows[0][0];

let connection;

const steps = {
  async logon() {
    connection = await connect();
    return major(connection);
  },

  async types() {
    const columns = script.types.filter((c) => (c.since ?? 0) <= major(connection));
    const names = columns.map((c) => c.name).join(', ');
    await drop(connection, 'peer_types');
    const definitions = columns.map((c) => `${c.name} ${c.type}`).join(', ');
    await connection.execute(`create table peer_types (id number(9) primary key, ${definitions})`);
    const literals = columns.map((c) => c.literal).join(', ');
    await connection.execute(`insert into peer_types (id, ${names}) values (1, ${literals})`);
    const places = columns.map((c) => `:${c.name}`).join(', ');
    const insert = `insert into peer_types (id, ${names}) values (:id, ${places})`;
    for (const [id, value] of [[2, (c) => toJavaScript(c.kind, c.value)], [3, () => null]]) {
      const binds = Object.fromEntries(
        columns.map((c) => [c.name, { val: value(c), type: BIND_TYPES[c.kind] }]),
      );
      await connection.execute(insert, { ...binds, id });
    }
    await connection.commit();
    const result = await connection.execute(
      `select ${names} from peer_types order by id`, [], { fetchTypeHandler: exactNumbers },
    );
    return result.rows.map((row) =>
      Object.fromEntries(columns.map((c, i) => [c.name, toText(c.kind, row[i])])));
  },

  async numbers() {
    const options = { fetchTypeHandler: exactNumbers };
    const literals = [];
    for (const text of script.numbers) {
      literals.push((await connection.execute(`select ${text} from dual`, [], options)).rows[0][0]);
    }
    const bound = [];
    for (const text of script.numbers) {
      const binds = [{ val: Number(text), type: oracledb.DB_TYPE_NUMBER }];
      bound.push((await connection.execute('select :1 from dual', binds, options)).rows[0][0]);
    }
    return { literals, bound };
  },

  async long() {
    for (const [table, kind] of [['peer_long', 'long'], ['peer_long_raw', 'long raw']]) {
      await drop(connection, table);
      await connection.execute(`create table ${table} (id number(9), value ${kind})`);
    }
    const text = Array.from({ length: 32767 }, (_, i) => String.fromCharCode(97 + (i % 26))).join('');
    const data = Buffer.from(Array.from({ length: 32767 }, (_, i) => i % 251));
    await connection.execute('insert into peer_long values (:1, :2)',
      [1, { val: text, type: oracledb.DB_TYPE_LONG }]);
    await connection.execute('insert into peer_long_raw values (:1, :2)',
      [1, { val: data, type: oracledb.DB_TYPE_LONG_RAW }]);
    await connection.commit();
    const textBack = (await connection.execute('select value from peer_long')).rows[0][0];
    const dataBack = (await connection.execute('select value from peer_long_raw')).rows[0][0];
    return { text: textBack === text, raw: data.equals(dataBack) };
  },

  async rows() {
    const options = { resultSet: true, fetchArraySize: 1000 };
    const { resultSet } = await connection.execute(script.rows.sql, [], options);
    const seen = { count: 0, in_order: true, id_sum: 0, name_length: 0, amount_sum: 0 };
    for await (const [id, name, amount] of resultSet) {
      seen.count += 1;
      seen.in_order &&= id === seen.count && name === `row ${seen.count}`;
      seen.id_sum += id;
      seen.name_length += name.length;
      seen.amount_sum += amount;
    }
    await resultSet.close();
    return { ...seen, id_sum: String(seen.id_sum), amount_sum: String(seen.amount_sum) };
  },

  async dml() {
    await drop(connection, 'peer_dml');
    await connection.execute('create table peer_dml (id number(9) primary key, name varchar2(40))');
    const rowsAffected = [];
    const note = (result) => rowsAffected.push(result.rowsAffected);
    note(await connection.execute("insert into peer_dml (id, name) values (1, 'one')"));
    note(await connection.executeMany(
      'insert into peer_dml (id, name) values (:1, :2)',
      Array.from({ length: 999 }, (_, i) => [i + 2, `name ${i + 2}`]),
    ));
    note(await connection.execute(
      'update peer_dml set name = :name where id <= :top', { name: 'changed', top: 10 },
    ));
    note(await connection.execute('delete from peer_dml where id > :1', [900]));
    await connection.commit();
    const after = await connection.execute(
      'select count(*), sum(id), count(distinct name) from peer_dml',
    );
    return { rows_affected: rowsAffected, after: after.rows[0] };
  },

  async errors() {
    const seen = [];
    for (const wrong of script.errors) {
      let code = 0;
      try {
        await connection.execute(wrong.sql);
      } catch (error) {
        code = error.errorNum;
      }
      const { rows } = await connection.execute('select 40 + 2 from dual');
      seen.push({ code, usable: rows[0][0] === 42 });
    }
    return seen;
  },

  async transactions() {
    const second = await connect();
    const both = async () => [await count(connection), await count(second)];
    await connection.execute("insert into peer_dml (id, name) values (5001, 'pending')");
    const before = await both();
    await connection.rollback();
    const rolledBack = await both();
    await connection.execute("insert into peer_dml (id, name) values (5002, 'kept')");
    await connection.commit();
    const committed = await both();
    await second.close();
    return { before, rolled_back: rolledBack, committed };
  },

  async plsql() {
    await connection.execute('begin null; end;');
    await connection.execute('begin insert into peer_dml (id, name) values (:id, :name); end;',
      { id: 6001, name: 'block' });
    await connection.commit();
    return (await connection.execute('select name from peer_dml where id = 6001')).rows[0][0];
  },

  async ping() {
    await connection.ping();
    return true;
  },

  async wrong_password() {
    try {
      await (await connect('not the password')).close();
    } catch (error) {
      return error.errorNum;
    }
    return 0;
  },

  async logoff() {
    await connection.close();
    return true;
  },
};

for (const [step, run] of Object.entries(steps)) {
  let line;
  try {
    line = { step, value: await run() };
  } catch (error) {
    line = { step, error: String(error.message ?? error) };
  }
  console.log(JSON.stringify(line));
  if (!connection) break;
}

// Our npm package in the benchmark of ../shared/bench: the same work as its client of
// node-oracledb, over plain TCP.
//
// usage: node node-client.mjs HOST:PORT/SERVICE USER PASSWORD WORKLOAD N [ARRAY_SIZE]
//
// Prints {"seconds", "cpu", "n", "check"} as its last line; both times are of the workload alone.

import oracledb, { getConnection, tcp } from '../pkg/node.js';

const [connectString, user, password, workload, count, size] = process.argv.slice(2);
const n = Number(count);
const arraySize = Number(size ?? 1000);
/** Rows of one array insert. */
const BATCH = 10000;

const cpuSeconds = () => {
  const { user: inProgram, system } = process.cpuUsage();
  return (inProgram + system) / 1e6;
};

const connect = () => getConnection({ user, password, connectString, transport: tcp() });

async function fetchAll(connection, sql) {
  const options = { resultSet: true, fetchArraySize: arraySize, prefetchRows: arraySize };
  const { resultSet } = await connection.execute(sql, [], options);
  let sum = 0;
  let rows = 0;
  for (;;) {
    const batch = await resultSet.getRows(arraySize);
    if (batch.length === 0) break;
    rows += batch.length;
    for (const row of batch) sum += row[0];
  }
  await resultSet.close();
  if (rows !== n) throw new Error(`${n} rows were asked for, ${rows} came`);
  return sum;
}

async function roundTrips(connection) {
  let sum = 0;
  for (let i = 0; i < n; i += 1) {
    const { rows } = await connection.execute('select :1 from dual', [i]);
    sum += rows[0][0];
  }
  return sum;
}

async function insert(connection, rows) {
  const options = {
    bindDefs: [
      { type: oracledb.NUMBER },
      { type: oracledb.STRING, maxSize: 40 },
      { type: oracledb.DB_TYPE_DATE },
      { type: oracledb.NUMBER },
    ],
  };
  let inserted = 0;
  for (let i = 0; i < n; i += BATCH) {
    const sql = 'insert into bench_d values (:1,:2,:3,:4)';
    inserted += (await connection.executeMany(sql, rows, options)).rowsAffected;
  }
  await connection.commit();
  return inserted;
}

async function logOns() {
  for (let i = 0; i < n; i += 1) await (await connect()).close();
  return n;
}

const insertRow = (_, i) =>
  [i, `name of row ${String(i).padStart(8, '0')}`, new Date(2024, 0, 2, 3, 4, 5), i * 1.25];
const rows = workload === 'd' ? Array.from({ length: BATCH }, insertRow) : [];
const connection = workload === 'f' ? undefined : await connect();
const work = {
  a: () => fetchAll(connection, `select id, amount, name, d, ts from bench_a_${n}`),
  b: () => fetchAll(connection, `select * from bench_b_${n}`),
  c: () => roundTrips(connection),
  d: () => insert(connection, rows),
  f: logOns,
}[workload];
if (!work) throw new Error(`workload ${workload} is not known here`);

const start = process.hrtime.bigint();
const cpuBefore = cpuSeconds();
const check = await work();
const cpu = cpuSeconds() - cpuBefore;
const seconds = Number(process.hrtime.bigint() - start) / 1e9;
console.log(JSON.stringify({ seconds, cpu, n, check }));
process.exit(0);

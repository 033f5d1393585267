// One query from Node through wasm, a WebSocket and the bridge.
//
// usage: node query.mjs BRIDGE CONNECT_STRING USER PASSWORD

import { getConnection, webSocket } from 'oraedge';

const [bridge, connectString, user, password] = process.argv.slice(2);
const connection = await getConnection({
  user, password, connectString, transport: webSocket(bridge),
});
const sql = `select e.empno, e.ename, e.job, e.hiredate, e.sal, d.dname
  from emp e join dept d on d.deptno = e.deptno
  where e.sal > :least
  order by e.sal desc, e.ename`;
const { metaData, rows } = await connection.execute(sql, { least: 2000 });
await connection.close();

console.log(metaData.map((column) => column.name).join('\t'));
for (const row of rows) {
  const cells = row.map((cell) => (cell instanceof Date ? cell.toISOString().slice(0, 10) : cell));
  console.log(cells.join('\t'));
}
if (rows.length === 0) throw new Error('the query gave no row');

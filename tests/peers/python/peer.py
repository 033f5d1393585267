"""Oracle's python-oracledb (thin mode) does the script's steps.

usage: peer.py SCRIPT CONNECT_STRING USER PASSWORD [CA_FILE | WALLET_FOLDER WALLET_PASSWORD]

Prints one JSON object a line, {"step": name, "value": what came} or {"step": name, "error":
text}; `cargo xtask test --only peers` compares them with the script.
"""

import datetime
import decimal
import json
import ssl
import sys

import oracledb

SCRIPT, CONNECT_STRING, USER, PASSWORD = sys.argv[1:5]
CA_FILE = sys.argv[5] if len(sys.argv) == 6 else None
WALLET = sys.argv[5:7] if len(sys.argv) == 7 else None

with open(SCRIPT, encoding="utf-8") as file:
    script = json.load(file)

oracledb.defaults.fetch_decimals = True
oracledb.defaults.fetch_lobs = False

BIND_TYPES = {
    "binary_float": oracledb.DB_TYPE_BINARY_FLOAT,
    "binary_double": oracledb.DB_TYPE_BINARY_DOUBLE,
    "number": oracledb.DB_TYPE_NUMBER,
    "varchar": oracledb.DB_TYPE_VARCHAR,
    "nvarchar": oracledb.DB_TYPE_NVARCHAR,
    "char": oracledb.DB_TYPE_CHAR,
    "nchar": oracledb.DB_TYPE_NCHAR,
    "raw": oracledb.DB_TYPE_RAW,
    "date": oracledb.DB_TYPE_DATE,
    "timestamp": oracledb.DB_TYPE_TIMESTAMP,
    "timestamp_tz": oracledb.DB_TYPE_TIMESTAMP_TZ,
    "timestamp_ltz": oracledb.DB_TYPE_TIMESTAMP_LTZ,
    "interval_ym": oracledb.DB_TYPE_INTERVAL_YM,
    "interval_ds": oracledb.DB_TYPE_INTERVAL_DS,
    "rowid": oracledb.DB_TYPE_ROWID,
    "boolean": oracledb.DB_TYPE_BOOLEAN,
}


def connect(password=PASSWORD):
    options = {}
    if CA_FILE:
        options["ssl_context"] = ssl.create_default_context(cafile=CA_FILE)
    if WALLET:
        options["wallet_location"], options["wallet_password"] = WALLET
    return oracledb.connect(user=USER, password=password, dsn=CONNECT_STRING, **options)


def major(connection):
    return int(connection.version.split(".")[0])


def to_python(kind, text):
    """The value to bind for a canonical text."""
    if kind == "number":
        return decimal.Decimal(text)
    if kind in ("binary_float", "binary_double"):
        return float(text)
    if kind == "raw":
        return bytes.fromhex(text)
    if kind in ("date", "timestamp", "timestamp_tz", "timestamp_ltz"):
        return datetime.datetime.fromisoformat(text)
    if kind == "interval_ym":
        years, months = text.split("-")
        return oracledb.IntervalYM(int(years), int(months))
    if kind == "interval_ds":
        days, clock = text.split(" ")
        hours, minutes, seconds = clock.split(":")
        return datetime.timedelta(
            days=int(days), hours=int(hours), minutes=int(minutes), seconds=float(seconds)
        )
    if kind == "boolean":
        return text == "true"
    return text


def to_text(kind, value):
    """The canonical text of a value that came back."""
    if value is None:
        return None
    if kind in ("number", "binary_float", "binary_double"):
        return str(value)
    if kind == "raw":
        return value.hex().upper()
    if kind in ("date", "timestamp", "timestamp_tz", "timestamp_ltz"):
        return value.replace(tzinfo=None).isoformat(timespec="milliseconds")
    if kind == "interval_ym":
        return f"{value.years}-{value.months}"
    if kind == "interval_ds":
        minutes, seconds = divmod(value.seconds, 60)
        hours, minutes = divmod(minutes, 60)
        return f"{value.days} {hours:02}:{minutes:02}:{seconds:02}.{value.microseconds // 1000:03}"
    if kind == "boolean":
        return "true" if value else "false"
    return str(value)


def drop(cursor, table):
    try:
        cursor.execute(f"drop table {table}")
    except oracledb.DatabaseError as error:
        if error.args[0].code != 942:
            raise


def step_logon(state):
    state["connection"] = connect()
    return major(state["connection"])


def step_types(state):
    connection = state["connection"]
    cursor = connection.cursor()
    columns = [c for c in script["types"] if c.get("since", 0) <= major(connection)]
    names = ", ".join(c["name"] for c in columns)
    drop(cursor, "peer_types")
    cursor.execute(
        "create table peer_types (id number(9) primary key, "
        + ", ".join(f"{c['name']} {c['type']}" for c in columns)
        + ")"
    )
    literals = ", ".join(c["literal"] for c in columns)
    cursor.execute(f"insert into peer_types (id, {names}) values (1, {literals})")
    places = ", ".join(f":{c['name']}" for c in columns)
    insert = f"insert into peer_types (id, {names}) values (:id, {places})"
    cursor.setinputsizes(**{c["name"]: BIND_TYPES[c["kind"]] for c in columns})
    cursor.execute(insert, dict({c["name"]: to_python(c["kind"], c["value"]) for c in columns}, id=2))
    cursor.setinputsizes(**{c["name"]: BIND_TYPES[c["kind"]] for c in columns})
    cursor.execute(insert, dict({c["name"]: None for c in columns}, id=3))
    connection.commit()
    cursor.execute(f"select {names} from peer_types order by id")
    return [
        {c["name"]: to_text(c["kind"], value) for c, value in zip(columns, row)} for row in cursor
    ]


def step_numbers(state):
    cursor = state["connection"].cursor()
    literals = []
    for text in script["numbers"]:
        cursor.execute(f"select {text} from dual")
        literals.append(str(cursor.fetchone()[0]))
    bound = []
    for text in script["numbers"]:
        cursor.execute("select :1 from dual", [decimal.Decimal(text)])
        bound.append(str(cursor.fetchone()[0]))
    return {"literals": literals, "bound": bound}


def step_long(state):
    cursor = state["connection"].cursor()
    for table, kind in (("peer_long", "long"), ("peer_long_raw", "long raw")):
        drop(cursor, table)
        cursor.execute(f"create table {table} (id number(9), value {kind})")
    text = "".join(chr(ord("a") + i % 26) for i in range(32767))
    data = bytes(i % 251 for i in range(32767))
    cursor.setinputsizes(None, oracledb.DB_TYPE_LONG)
    cursor.execute("insert into peer_long values (:1, :2)", [1, text])
    cursor.setinputsizes(None, oracledb.DB_TYPE_LONG_RAW)
    cursor.execute("insert into peer_long_raw values (:1, :2)", [1, data])
    state["connection"].commit()
    cursor.execute("select value from peer_long")
    text_back = cursor.fetchone()[0]
    cursor.execute("select value from peer_long_raw")
    data_back = cursor.fetchone()[0]
    return {"text": text_back == text, "raw": data_back == data}


def step_rows(state):
    cursor = state["connection"].cursor()
    cursor.arraysize = 1000
    cursor.execute(script["rows"]["sql"])
    count = id_sum = name_length = amount_sum = 0
    in_order = True
    for number, name, amount in cursor:
        count += 1
        in_order = in_order and number == count and name == f"row {count}"
        id_sum += number
        name_length += len(name)
        amount_sum += amount
    return {
        "count": count,
        "in_order": in_order,
        "id_sum": str(id_sum),
        "name_length": name_length,
        "amount_sum": str(amount_sum.normalize().to_integral_value()),
    }


def step_dml(state):
    connection = state["connection"]
    cursor = connection.cursor()
    drop(cursor, "peer_dml")
    cursor.execute("create table peer_dml (id number(9) primary key, name varchar2(40))")
    counts = []
    cursor.execute("insert into peer_dml (id, name) values (1, 'one')")
    counts.append(cursor.rowcount)
    cursor.executemany(
        "insert into peer_dml (id, name) values (:1, :2)",
        [(i, f"name {i}") for i in range(2, 1001)],
    )
    counts.append(cursor.rowcount)
    cursor.execute("update peer_dml set name = :name where id <= :top", name="changed", top=10)
    counts.append(cursor.rowcount)
    cursor.execute("delete from peer_dml where id > :1", [900])
    counts.append(cursor.rowcount)
    connection.commit()
    cursor.execute("select count(*), sum(id), count(distinct name) from peer_dml")
    return {"rows_affected": counts, "after": [int(value) for value in cursor.fetchone()]}


def step_errors(state):
    cursor = state["connection"].cursor()
    seen = []
    for wrong in script["errors"]:
        try:
            cursor.execute(wrong["sql"])
            seen.append({"code": 0, "usable": False})
        except oracledb.DatabaseError as error:
            code = error.args[0].code
            cursor.execute("select 40 + 2 from dual")
            seen.append({"code": code, "usable": cursor.fetchone()[0] == 42})
    return seen


def count(connection):
    cursor = connection.cursor()
    cursor.execute("select count(*) from peer_dml")
    return int(cursor.fetchone()[0])


def step_transactions(state):
    first = state["connection"]
    second = connect()
    cursor = first.cursor()
    cursor.execute("insert into peer_dml (id, name) values (5001, 'pending')")
    before = [count(first), count(second)]
    first.rollback()
    rolled_back = [count(first), count(second)]
    cursor.execute("insert into peer_dml (id, name) values (5002, 'kept')")
    first.commit()
    committed = [count(first), count(second)]
    second.close()
    return {"before": before, "rolled_back": rolled_back, "committed": committed}


def step_plsql(state):
    connection = state["connection"]
    cursor = connection.cursor()
    cursor.execute("begin null; end;")
    cursor.execute(
        "begin insert into peer_dml (id, name) values (:id, :name); end;", id=6001, name="block"
    )
    connection.commit()
    cursor.execute("select name from peer_dml where id = 6001")
    return cursor.fetchone()[0]


def step_ping(state):
    state["connection"].ping()
    return True


def step_wrong_password(_state):
    try:
        connect("not the password").close()
    except oracledb.DatabaseError as error:
        return error.args[0].code
    return 0


def step_logoff(state):
    state["connection"].close()
    return True


STEPS = [
    step_logon,
    step_types,
    step_numbers,
    step_long,
    step_rows,
    step_dml,
    step_errors,
    step_transactions,
    step_plsql,
    step_ping,
    step_wrong_password,
    step_logoff,
]


def main():
    state = {}
    for step in STEPS:
        name = step.__name__.removeprefix("step_")
        try:
            line = {"step": name, "value": step(state)}
        except Exception as error:  # every failure is a line, whatever it is
            line = {"step": name, "error": f"{type(error).__name__}: {error}"}
        print(json.dumps(line, ensure_ascii=False), flush=True)
        if "connection" not in state:
            break


main()

"""Serves the independent server seerdb with a small database of its own.

usage: serve.py FIELD_VERSION [CERTIFICATE KEY]

With a certificate it is TCPS, else TCP. Listens on a free port of 127.0.0.1, prints
{"port": number} in one line, and serves until its standard input ends, so that it cannot outlive
the program that started it. The account is SCOTT with the password tiger.

seerdb's protocol is what is of interest; its own backends need PostgreSQL or an Oracle database. This
one keeps tables in SQLite (one database for all connections, so that a test sees what another
connection committed), and knows a few statements of its own:

    select * from every_type order by id     a row of every type, a row of other values, a row of NULLs
    select :a, :b ... from echo              what the server decoded of the binds, in the same types
    select * from numbered(N)                N rows: a number, a text, a number with a fraction
    select * from fails_at(N)                ORA-01476 at the Nth byte of the statement
    select * from sleeps(N)                  one row, after N milliseconds
    select * from longs, select * from lobs  long values
"""

import datetime
import decimal
import json
import logging
import re
import sqlite3
import ssl
import sys
import tempfile
import threading
import time

from seerdb.common import tns_consts as tns
from seerdb.common.datatypes import IntervalYM
from seerdb.server import (
    BackendError,
    BindVar,
    Capability,
    ColumnMeta,
    LtzValue,
    Result,
    Server,
    credential_lookup,
)

ACCOUNTS = {"SCOTT": "tiger"}
NATIONAL = 2  # the character set form of NVARCHAR2 and NCHAR
NATIONAL_CHARSET = 2000  # AL16UTF16

D = decimal.Decimal
DT = datetime.datetime


def column(name, data_type, length, **more):
    return ColumnMeta(
        name=name.upper().encode(), data_type=data_type, data_length=length, max_size=length, **more
    )


def zone(hours, minutes):
    return datetime.timezone(datetime.timedelta(hours=hours, minutes=minutes))


# Name, type, length in the describe, further describe fields, two values. A third row is all NULL.
EVERY_TYPE = [
    ("n_int", tns.TNS_TYPE_NUMBER, 22, {}, 42, -7),
    ("n_dec", tns.TNS_TYPE_NUMBER, 22, {"precision": 38, "scale": 10}, D("-1234.5678"), D("0.0000000001")),
    ("n_38", tns.TNS_TYPE_NUMBER, 22, {}, D("9" * 38), D("-" + "9" * 38)),
    ("bf", tns.TNS_TYPE_BFLOAT, 4, {}, 1.5, -0.25),
    ("bd", tns.TNS_TYPE_BDOUBLE, 8, {}, 2.5e100, -1e-300),
    ("vc", tns.TNS_TYPE_VARCHAR, 4000, {}, "Grüße, 世界 🙂", "x" * 1000),
    ("ch", tns.TNS_TYPE_CHAR, 10, {}, "abc       ", "äöü    "),
    ("nvc", tns.TNS_TYPE_VARCHAR, 200, {"csfrm": NATIONAL, "charset": NATIONAL_CHARSET}, "Ωmega 🙂", "y"),
    ("nch", tns.TNS_TYPE_CHAR, 20, {"csfrm": NATIONAL, "charset": NATIONAL_CHARSET}, "äöü       ", "z         "),
    ("rw", tns.TNS_TYPE_RAW, 2000, {}, bytes.fromhex("00ff10abcd"), bytes(range(256)) * 2),
    ("dt", tns.TNS_TYPE_DATE, 7, {}, DT(1999, 12, 31, 23, 59, 58), DT(1, 1, 1)),
    ("ts", tns.TNS_TYPE_TIMESTAMP, 11, {"scale": 6}, DT(2024, 2, 29, 12, 34, 56, 123456), DT(9999, 12, 31, 23, 59, 59, 999999)),
    ("tz", tns.TNS_TYPE_TIMESTAMPTZ, 13, {"scale": 6}, DT(2024, 2, 29, 12, 34, 56, 123456, zone(5, 30)), DT(2024, 1, 1, 0, 0, 0, 0, zone(-9, -30))),
    ("ltz", tns.TNS_TYPE_TIMESTAMPLTZ, 11, {"scale": 6}, DT(2024, 2, 29, 12, 34, 56, 123456), DT(1970, 1, 1)),
    ("iym", tns.TNS_TYPE_INTERVALYM, 5, {"precision": 4}, IntervalYM(12, 11), IntervalYM(-3, -2)),
    ("ids", tns.TNS_TYPE_INTERVALDS, 11, {"precision": 9, "scale": 6}, datetime.timedelta(12, 3 * 3600 + 4 * 60 + 5, 678000), -datetime.timedelta(1, 1, 1)),
    ("rid", tns.TNS_TYPE_RID, 18, {}, "AAAR3sAAEAAAACXAAA", "AAAR3sAAEAAAACXAAB"),
    ("urid", tns.TNS_TYPE_UROWID, 4000, {}, "AAAR3sAAEAAAACXAAA", "AAAR3sAAEAAAACXAAC"),
    # Before 23 a client has no BOOLEAN.
    ("bo", tns.TNS_TYPE_BOOLEAN, 1, {"since": tns.FIELD_VERSION_23_1}, True, False),
]

# LONG and LONG RAW are read apart from the others, as an application does.
LONGS = [
    ("lg", tns.TNS_TYPE_LONG, 0, {}, "long text é" * 5000, "short"),
    ("lgr", tns.TNS_TYPE_LONGRAW, 0, {}, bytes(range(256)) * 200, b"\x01"),
]

LOBS = [
    ("cl", tns.TNS_TYPE_CLOB, 4000, {}, "clob text é🙂" * 5000, "short"),
    ("bl", tns.TNS_TYPE_BLOB, 4000, {}, bytes(range(256)) * 200, b"\x01"),
]

ECHO_TYPES = [
    # bool is an int and LtzValue a datetime: the narrower type comes first.
    (bool, tns.TNS_TYPE_BOOLEAN, 1),
    (int, tns.TNS_TYPE_NUMBER, 22),
    (D, tns.TNS_TYPE_NUMBER, 22),
    (float, tns.TNS_TYPE_BDOUBLE, 8),
    (str, tns.TNS_TYPE_VARCHAR, 4000),
    (bytes, tns.TNS_TYPE_RAW, 2000),
    (LtzValue, tns.TNS_TYPE_TIMESTAMPLTZ, 11),
    (datetime.timedelta, tns.TNS_TYPE_INTERVALDS, 11),
    (IntervalYM, tns.TNS_TYPE_INTERVALYM, 5),
]

# What SQLite says, and the number that Oracle gives it.
SQLITE_ERRORS = [
    (r"no such table", tns.ORA_TABLE_OR_VIEW_DOES_NOT_EXIST, "table or view does not exist"),
    (r"no such column", tns.ORA_INVALID_IDENTIFIER, "invalid identifier"),
    (r"already exists", tns.ORA_NAME_ALREADY_USED, "name is already used by an existing object"),
    (r"UNIQUE constraint", tns.ORA_UNIQUE_CONSTRAINT_VIOLATED, "unique constraint violated"),
    (r"NOT NULL constraint", tns.ORA_CANNOT_INSERT_NULL, "cannot insert NULL"),
]


def as_ora_error(error):
    for pattern, code, text in SQLITE_ERRORS:
        if re.search(pattern, str(error)):
            return BackendError(text, ora_code=code)
    return BackendError(f"invalid SQL statement ({error})")


def echo_column(name, bind):
    if isinstance(bind, BindVar):  # a NULL whose type the client said
        return column(name, bind.tns_type, bind.max_size or 1, csfrm=bind.csfrm)
    if bind is None:
        return column(name, tns.TNS_TYPE_VARCHAR, 4000)
    if isinstance(bind, DT):
        data_type, length = (
            (tns.TNS_TYPE_TIMESTAMPTZ, 13) if bind.tzinfo else (tns.TNS_TYPE_TIMESTAMP, 11)
        )
        if isinstance(bind, LtzValue):
            data_type = tns.TNS_TYPE_TIMESTAMPLTZ
        return column(name, data_type, length, scale=6)
    for kind, data_type, length in ECHO_TYPES:
        if isinstance(bind, kind):
            return column(name, data_type, length)
    raise BackendError(f"echo knows no {type(bind).__name__}")


def to_sqlite(bind):
    if isinstance(bind, BindVar):
        return bind.value
    if isinstance(bind, D):
        return int(bind) if bind == bind.to_integral() else float(bind)
    if bind is None or isinstance(bind, (int, float, str, bytes)):
        return bind
    return str(bind)


class Backend:
    """One connection's session."""

    capabilities = frozenset({Capability.TRANSACTIONS})

    def __init__(self, database, field_version):
        self._field = field_version
        self._sqlite = sqlite3.connect(database, isolation_level=None, check_same_thread=False)

    def authenticate(self, username):
        return credential_lookup(ACCOUNTS, username)

    def execute(self, sql, binds=()):
        words = " ".join(sql.lower().split())
        if words.startswith("select * from every_type"):
            return self._table(EVERY_TYPE)
        if words.startswith("select * from longs"):
            return self._table(LONGS)
        if words.startswith("select * from lobs"):
            return self._table(LOBS)
        if words.endswith("from echo"):
            names = re.findall(r":(\w+)", sql)
            columns = [echo_column(name, bind) for name, bind in zip(names, binds, strict=True)]
            return Result(
                columns=columns,
                rows=[tuple(b.value if isinstance(b, BindVar) else b for b in binds)],
            )
        if match := re.fullmatch(r"select \* from numbered\((\d+)\)", words):
            columns = [
                column("id", tns.TNS_TYPE_NUMBER, 22),
                column("name", tns.TNS_TYPE_VARCHAR, 100),
                column("amount", tns.TNS_TYPE_NUMBER, 22),
            ]
            rows = [(i, f"row {i}", D(i) / 4) for i in range(1, int(match[1]) + 1)]
            return Result(columns=columns, rows=rows)
        if match := re.fullmatch(r"select \* from fails_at\((\d+)\)", words):
            raise BackendError(
                "divisor is equal to zero",
                ora_code=tns.ORA_DIVISOR_IS_ZERO,
                error_offset=int(match[1]),
            )
        if match := re.fullmatch(r"select \* from sleeps\((\d+)\)", words):
            time.sleep(int(match[1]) / 1000)
            return Result(columns=[column("done", tns.TNS_TYPE_NUMBER, 22)], rows=[(1,)])
        return self._run(sql, binds)

    def _table(self, table):
        shown = [row for row in table if row[3].get("since", 0) <= self._field]
        columns = [column("id", tns.TNS_TYPE_NUMBER, 22)]
        for name, data_type, length, more, _, _ in shown:
            more = {key: value for key, value in more.items() if key != "since"}
            columns.append(column(name, data_type, length, **more))
        return Result(
            columns=columns,
            rows=[
                (1, *(row[4] for row in shown)),
                (2, *(row[5] for row in shown)),
                (3, *(None for _ in shown)),
            ],
        )

    def _run(self, sql, binds):
        """A statement for SQLite; Oracle begins a transaction with the first change."""
        names = list(dict.fromkeys(re.findall(r":(\w+)", sql)))
        values = {name: to_sqlite(bind) for name, bind in zip(names, binds)}
        try:
            if re.match(r"\s*(insert|update|delete)", sql, re.IGNORECASE):
                if not self._sqlite.in_transaction:
                    self._sqlite.execute("begin immediate")
            elif not re.match(r"\s*select", sql, re.IGNORECASE):
                self.commit()  # DDL commits what is open
            cursor = self._sqlite.execute(sql, values)
            if cursor.description is None:
                return Result(rowcount=max(cursor.rowcount, 0))
            rows = cursor.fetchall()
        except sqlite3.Error as error:
            raise as_ora_error(error) from error
        columns = []
        for index, (name, *_) in enumerate(cursor.description):
            kinds = {type(row[index]) for row in rows} - {type(None)}
            if kinds <= {int, float}:
                columns.append(column(name, tns.TNS_TYPE_NUMBER, 22))
            elif kinds == {bytes}:
                columns.append(column(name, tns.TNS_TYPE_RAW, 2000))
            else:
                columns.append(column(name, tns.TNS_TYPE_VARCHAR, 4000))
        return Result(columns=columns, rows=rows)

    def commit(self):
        if self._sqlite.in_transaction:
            self._sqlite.execute("commit")

    def rollback(self):
        if self._sqlite.in_transaction:
            self._sqlite.execute("rollback")

    def close(self):
        self._sqlite.close()


def main():
    field_version = int(sys.argv[1])
    context = None
    if len(sys.argv) > 2:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(sys.argv[2], sys.argv[3])
    logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        database = f"{folder}/database"
        setup = sqlite3.connect(database)
        setup.execute("pragma journal_mode = wal")  # readers do not wait for a writer
        setup.execute("create table dual (dummy text)")
        setup.execute("insert into dual values ('X')")
        setup.commit()
        setup.close()
        server = Server(
            "127.0.0.1",
            0,
            backend_factory=lambda: Backend(database, field_version),
            field_version=field_version,
            ssl_context=context,
        )
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(json.dumps({"port": server.port}), flush=True)
        sys.stdin.read()
        server.close()


main()

"""The independent server `seerdb` (its Mirror) with a few fixed answers, for our client's tests.

    python server.py FIELD_VERSION [CERTIFICATE KEY]

Prints `listening tcp=127.0.0.1:PORT` (or `tcps=`), then serves until it is ended. The account is
scott/tiger; the statements are those below, everything else is ORA-00942.
"""

import datetime
import decimal
import re
import ssl
import sys

from seerdb.common import tns_consts as c
from seerdb.common.tns import ColumnMeta
from seerdb.common.types import IntervalYM
from seerdb.server.backend import BackendError, Capability, Result
from seerdb.server.service import Server


def column(name, data_type, size=22, **more):
    return ColumnMeta(
        name=name.encode(), data_type=data_type, data_length=size, max_size=size, **more
    )


NUMBER = dict(data_type=c.TNS_TYPE_NUMBER)

EVERY_TYPE = [
    (column("INTEGER_", **NUMBER, precision=38), 42),
    (column("NUMBER_", **NUMBER), decimal.Decimal("-12345678901234567890.0123456789")),
    (column("VARCHAR2_", c.TNS_TYPE_VARCHAR, 400), "Grüße, 漢字 🔑"),
    (column("CHAR_", c.TNS_TYPE_CHAR, 10), "fixed     "),
    (column("RAW_", c.TNS_TYPE_RAW, 100), bytes(range(20))),
    (column("DATE_", c.TNS_TYPE_DATE, 7), datetime.datetime(1999, 12, 31, 23, 59, 58)),
    (
        column("TIMESTAMP_", c.TNS_TYPE_TIMESTAMP, 11, scale=6),
        datetime.datetime(2024, 2, 29, 12, 34, 56, 123456),
    ),
    (
        column("TIMESTAMP_TZ_", c.TNS_TYPE_TIMESTAMPTZ, 13, scale=6),
        datetime.datetime(
            2024, 2, 29, 12, 34, 56, 123456,
            tzinfo=datetime.timezone(datetime.timedelta(hours=5, minutes=30)),
        ),
    ),
    (column("BINARY_FLOAT_", c.TNS_TYPE_BFLOAT, 4), 1.5),
    (column("BINARY_DOUBLE_", c.TNS_TYPE_BDOUBLE, 8), -2.25e100),
    (
        column("INTERVAL_DS_", c.TNS_TYPE_INTERVALDS, 11),
        datetime.timedelta(days=3, hours=4, minutes=5, seconds=6, microseconds=789000),
    ),
    (column("INTERVAL_YM_", c.TNS_TYPE_INTERVALYM, 5), IntervalYM(2, 3)),
]


def echo_column(index, value):
    name = f":{index}"
    if isinstance(value, bool) or isinstance(value, (int, float, decimal.Decimal)):
        return column(name, **NUMBER)
    if isinstance(value, datetime.datetime):
        return column(name, c.TNS_TYPE_TIMESTAMP, 11, scale=6)
    if isinstance(value, (bytes, bytearray)):
        return column(name, c.TNS_TYPE_RAW, 2000)
    return column(name, c.TNS_TYPE_VARCHAR, 32767)


class Answers:
    """One session's database: a table T of what was inserted, and the fixed answers."""

    capabilities = frozenset({Capability.TRANSACTIONS})
    committed = []

    def __init__(self):
        self.pending = []

    def authenticate(self, username):
        return {"SCOTT": "tiger"}.get(username.upper())

    def execute(self, sql, binds=()):
        binds = [getattr(bind, "value", bind) if hasattr(bind, "tns_type") else bind
                 for bind in binds]
        text = sql.strip().lower()
        if text == "select * from every_type":
            columns = [column for column, _ in EVERY_TYPE]
            return Result(columns=columns, rows=[
                tuple(value for _, value in EVERY_TYPE), (None,) * len(columns)])
        if numbers := re.fullmatch(r"select n, name from numbers\((\d+)\)", text):
            columns = [column("N", **NUMBER), column("NAME", c.TNS_TYPE_VARCHAR, 40)]
            # Every second name is the one before: rows repeat columns on the wire.
            return Result(columns=columns, rows=[
                (n, f"name {n // 2}") for n in range(int(numbers[1]))])
        if re.fullmatch(r"select (:\w+, )*:\w+ from dual", text):
            columns = [echo_column(index, value) for index, value in enumerate(binds, 1)]
            return Result(columns=columns, rows=[tuple(binds)])
        if text.startswith("insert into t values"):
            self.pending.append(tuple(binds))
            return Result(rowcount=1)
        if text == "select count(*) from t":
            rows = [(len(self.committed) + len(self.pending),)]
            return Result(columns=[column("COUNT(*)", **NUMBER)], rows=rows)
        raise BackendError("table or view does not exist", ora_code=942)

    def commit(self):
        self.committed.extend(self.pending)
        self.pending.clear()

    def rollback(self):
        self.pending.clear()

    def close(self):
        self.rollback()


def main():
    field_version = int(sys.argv[1])
    context = None
    if len(sys.argv) > 2:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(sys.argv[2], sys.argv[3])
    server = Server(
        port=0, backend_factory=Answers, field_version=field_version, ssl_context=context
    )
    kind = "tcps" if context else "tcp"
    print(f"listening {kind}=127.0.0.1:{server.port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()

"""Writes connect_strings.jsonl: what python-oracledb makes of connect strings.

Run it with the version of python-oracledb that the vectors shall be from:

    pip install oracledb==26.1.0 && python connect_strings.py > connect_strings.jsonl

Each line has the text and what `ConnectParams.parse_connect_string` and
`get_connect_string` give for it (null and the code of the error if it fails). Lines with
`connect_data` are what the driver in thin mode sent to a listener (a socket of this script) in its
CONNECT packet; there `{port}` stands for the listener's port.
"""

import json
import platform
import socket
import threading

import oracledb

PARSE = [
    # Easy Connect: hosts, ports, services
    "host/svc",
    "//host/svc",
    "tcp://host/svc",
    "TCP://host/svc",
    "tcps://host/svc",
    "host:1522/svc",
    "host:/svc",
    "host/",
    "host:1521/",
    "my-host.example.com:1600/svc-1.example.com",
    "under_score/svc_1",
    "1.2.3.4:1521/svc",
    "[::1]/svc",
    "[2001:db8::1]:1599/svc",
    "tcps://[2001:db8::1]:2484/svc",
    "h1,h2/svc",
    "h1,h2:1522/svc",
    "h1:1521,h2:1522/svc",
    "h1:1600,h2/svc",
    "h1,h2:1600,h3,h4:1700/svc",
    "h1;h2/svc",
    "h1,h2;h3,h4/svc",
    "h1,h2:1522;h3,h4:1523/svc",
    "h1,h2;h3/svc",
    "host/svc:dedicated",
    "host/svc:POOLED",
    "host/svc:shared",
    "host/svc/inst",
    "host/svc:pooled/inst1",
    "  host/svc  ",
    # Easy Connect: parameters
    "host/svc?sdu=16384",
    "host/svc?sdu=100",
    "host/svc?sdu=9999999",
    "host/svc?expire_time=5",
    "host/svc?retry_count=3",
    "host/svc?retry_count=3&retry_delay=6",
    "host/svc?retry_count=3&retry_delay=0",
    "host/svc?retry_delay=6",
    "host/svc?transport_connect_timeout=60",
    "host/svc?transport_connect_timeout=90",
    "host/svc?transport_connect_timeout=2.5",
    "host/svc?transport_connect_timeout=500ms",
    "host/svc?transport_connect_timeout=15sec",
    "host/svc?transport_connect_timeout=2min",
    "host/svc?failover=off",
    "host/svc?load_balance=on",
    "h1,h2/svc?load_balance=YES&failover=no",
    "h1,h2/svc?source_route=true",
    "host/svc?use_sni=on",
    "host/svc?pool_connection_class=cc&pool_purity=self&pool_boundary=statement&pool_name=p1",
    "host/svc?pool_purity=NEW",
    "host/svc?pool_purity=default",
    "host/svc:pooled?pool_connection_class=CCLASS",
    "tcps://host/svc?https_proxy=proxy.example.com&https_proxy_port=8080",
    "tcps://host/svc?ssl_server_dn_match=on",
    "tcps://host/svc?ssl_server_cert_dn=\"CN=unknown19a\"",
    "tcps://host/svc?wallet_location=/tmp/wallet",
    "tcps://host/svc?wallet_location=\"/tmp/a wallet\"&sdu=16384",
    "host/svc?enable=broken&recv_buf_size=100&send_buf_size=200",
    "host/svc?unknown_parameter=1",
    "host/svc?pyo.use_tcp_fast_open=on",
    "host/svc? sdu = 16384 & retry_count = 2",
    "host/svc?SDU=16384&Retry_Count=2",
    # descriptors
    "(DESCRIPTION=(ADDRESS=(PROTOCOL=tcp)(HOST=h)(PORT=1521))(CONNECT_DATA=(SERVICE_NAME=s)))",
    "(description=(address=(protocol=TCP)(host=h)(port=1521))(connect_data=(service_name=s)))",
    " ( DESCRIPTION = ( ADDRESS = ( PROTOCOL = tcp ) ( HOST = h ) ( PORT = 1521 ) ) ) ",
    "(DESCRIPTION=\n  (ADDRESS=(HOST=h))\n  (CONNECT_DATA=\n    (SERVICE_NAME=s)))\n",
    "(DESCRIPTION=(ADDRESS=(HOST=h))(CONNECT_DATA=(SID=x)))",
    "(DESCRIPTION=(ADDRESS=(HOST=h))(CONNECT_DATA=(SERVICE_NAME=s)(INSTANCE_NAME=i)(SERVER=POOLED)))",
    "(ADDRESS=(PROTOCOL=tcp)(HOST=h)(PORT=1522))",
    "(ADDRESS_LIST=(ADDRESS=(HOST=a))(ADDRESS=(HOST=b)))",
    "(DESCRIPTION=(ADDRESS=(HOST=a))(ADDRESS=(HOST=b)))",
    "(DESCRIPTION=(LOAD_BALANCE=ON)(ADDRESS=(HOST=a))(ADDRESS=(HOST=b)))",
    "(DESCRIPTION=(FAILOVER=OFF)(LOAD_BALANCE=ON)(SOURCE_ROUTE=ON)(ADDRESS=(HOST=a))(ADDRESS=(HOST=b)))",
    "(DESCRIPTION=(LOAD_BALANCE=ON)(ADDRESS_LIST=(ADDRESS=(HOST=a))(ADDRESS=(HOST=b))))",
    "(DESCRIPTION=(ADDRESS_LIST=(LOAD_BALANCE=ON)(ADDRESS=(HOST=a)))(CONNECT_DATA=(SERVICE_NAME=s)))",
    "(DESCRIPTION=(SOURCE_ROUTE=ON)(ADDRESS_LIST=(ADDRESS=(HOST=a)))(ADDRESS_LIST=(FAILOVER=NO)(ADDRESS=(HOST=b))))",
    "(DESCRIPTION=(SOURCE_ROUTE=ON)(ADDRESS_LIST=(ADDRESS=(HOST=a))))",
    "(DESCRIPTION=(ADDRESS=(HOST=a))(ADDRESS=(HOST=b))(ADDRESS_LIST=(ADDRESS=(HOST=c))(ADDRESS=(HOST=d))))",
    "(DESCRIPTION=(ADDRESS_LIST=(ADDRESS=(HOST=c))(ADDRESS=(HOST=d)))(ADDRESS=(HOST=a))(ADDRESS=(HOST=b)))",
    "(DESCRIPTION_LIST=(DESCRIPTION=(ADDRESS=(HOST=a)))(DESCRIPTION=(ADDRESS=(HOST=b))))",
    "(DESCRIPTION_LIST=(FAILOVER=OFF)(LOAD_BALANCE=ON)(DESCRIPTION=(ADDRESS=(HOST=a)))(DESCRIPTION=(ADDRESS=(HOST=b))))",
    "(DESCRIPTION_LIST=(DESCRIPTION=(ADDRESS=(HOST=a))))",
    "(DESCRIPTION=(RETRY_COUNT=2)(RETRY_DELAY=3)(EXPIRE_TIME=4)(SDU=1024)(TRANSPORT_CONNECT_TIMEOUT=10)(USE_SNI=ON)(ADDRESS=(HOST=h)))",
    "(DESCRIPTION=(CONNECT_TIMEOUT=90)(ADDRESS=(HOST=h))(CONNECT_DATA=(SERVICE_NAME=s)))",
    "(DESCRIPTION=(SEND_BUF_SIZE=11784)(ENABLE=broken)(ADDRESS=(HOST=h)))",
    "(DESCRIPTION=(ADDRESS=(HOST=h))(CONNECT_DATA=(SERVICE_NAME=s)(COLOCATION_TAG=ABC)(FAILOVER_MODE=(TYPE=SELECT)(METHOD=BASIC))))",
    "(DESCRIPTION=(ADDRESS=(HOST=h))(CONNECT_DATA=(SERVICE_NAME=s)(USE_TCP_FAST_OPEN=ON)))",
    "(DESCRIPTION=(ADDRESS=(HOST=h))(CONNECT_DATA=(SERVICE_NAME=s)(POOL_CONNECTION_CLASS=c)(POOL_PURITY=NEW)(POOL_BOUNDARY=TRANSACTION)(POOL_NAME=p)))",
    "(DESCRIPTION=(ADDRESS=(HOST=h))(SECURITY=(SSL_SERVER_DN_MATCH=ON)))",
    "(DESCRIPTION=(ADDRESS=(PROTOCOL=tcps)(HOST=h)(PORT=2484))(SECURITY=(SSL_SERVER_DN_MATCH=YES)(SSL_SERVER_CERT_DN=CN=a,O=b)))",
    "(DESCRIPTION=(ADDRESS=(PROTOCOL=tcps)(HOST=h)(PORT=2484))(SECURITY=(SSL_SERVER_CERT_DN=\"CN=a, O=b\")(SSL_VERSION=TLSv1.3)(MY_WALLET_DIRECTORY=/w)))",
    "(DESCRIPTION=(ADDRESS=(PROTOCOL=tcps)(HOST=h)(PORT=2484))(SECURITY=(WALLET_LOCATION=/w)(TOKEN_AUTH=OCI_TOKEN)(TOKEN_LOCATION=/t)))",
    "(DESCRIPTION=(ADDRESS=(PROTOCOL=tcps)(HOST=h)(PORT=2484)(HTTPS_PROXY=p)(HTTPS_PROXY_PORT=80)))",
    "(DESCRIPTION=(ADDRESS=(HOST=h)(UNKNOWN=1))(CONNECT_DATA=(SERVICE_NAME=)))",
    "(DESCRIPTION=(ADDRESS=(HOST=\"h\"))(CONNECT_DATA=(SERVICE_NAME=\"s\")))",
    "(DESCRIPTION=(ADDRESS=(HOST=h))(CONNECT_DATA=(SERVICE_NAME=a b)))",
    # errors
    "(DESCRIPTION=(ADDRESS=(PROTOCOL=ipc)(HOST=h)))",
    "(DESCRIPTION=(CONNECT_DATA=(SERVICE_NAME=s)))",
    "(DESCRIPTION=(ADDRESS=(HOST=h))))",
    "(DESCRIPTION=(ADDRESS=(HOST=h)))x",
    "(DESCRIPTION=(ADDRESS=x))",
    "(DESCRIPTION=x)",
    "(DESCRIPTION(ADDRESS=(HOST=h)))",
    "(DESCRIPTION=(ADDRESS=(HOST=a(b))))",
    "(DESCRIPTION=(ADDRESS=(HOST=\"a\"b)))",
    "(DESCRIPTION=(ADDRESS=(HOST=\"a)))",
    "(DESCRIPTION=(ADDRESS=(HOST=h)(PORT=x)))",
    "(=(ADDRESS=(HOST=h)))",
    "(DESCRIPTION=(RETRY_COUNT=x)(ADDRESS=(HOST=h)))",
    "(DESCRIPTION=(RETRY_COUNT=1)(RETRY_COUNT=2)(ADDRESS=(HOST=h)))",
    "(DESCRIPTION=(ADDRESS=(HOST=h))(CONNECT_DATA=(SERVER=fast)))",
    "(DESCRIPTION=(ADDRESS=(HOST=h))(CONNECT_DATA=(POOL_PURITY=clean)))",
    "(DESCRIPTION=(ADDRESS=(PROTOCOL=tcps)(HOST=h))(SECURITY=(SSL_VERSION=TLSv1.1)))",
    "ftp://host/svc",
    "host/svc:fast",
    "host:port/svc",
    "host/svc$",
    "host/svc?sdu",
    "host/svc?sdu=x",
    "host/svc&sdu=1",
]

SEND = [
    "tcp://127.0.0.1:{port}/svc",
    "127.0.0.1:{port}/svc:pooled/inst?sdu=16384&retry_delay=3&expire_time=2",
    "127.0.0.1:{port}/svc:pooled?pool_connection_class=c&pool_purity=new&pool_boundary=statement&pool_name=p",
    "127.0.0.1:{port}/svc?transport_connect_timeout=2.5&use_sni=on&enable=broken",
    "127.0.0.1:{port},127.0.0.1:{port}/svc?load_balance=on",
    "127.0.0.1:{port};127.0.0.1:{port}/svc?failover=off",
    "(DESCRIPTION=(ADDRESS=(HOST=127.0.0.1)(PORT={port}))(CONNECT_DATA=(SID=x)(CONNECTION_ID_PREFIX=pre)))",
    "(DESCRIPTION=(CONNECT_TIMEOUT=9)(ADDRESS=(HOST=127.0.0.1)(PORT={port}))(CONNECT_DATA=(SERVICE_NAME=s)(COLOCATION_TAG=t)(X=(A=1)(B=(C=2)))))",
    "(DESCRIPTION_LIST=(DESCRIPTION=(ADDRESS=(HOST=127.0.0.1)(PORT={port}))(ADDRESS=(PROTOCOL=tcps)(HOST=127.0.0.2)(PORT=9))(CONNECT_DATA=(SERVICE_NAME=s))(SECURITY=(SSL_SERVER_DN_MATCH=OFF)(SSL_SERVER_CERT_DN=CN=x)(MY_WALLET_DIRECTORY=/w)(Y=1)))(DESCRIPTION=(ADDRESS=(HOST=127.0.0.3)(PORT=9))))",
]

CLIENT = {"program": "/usr/bin/some-program", "machine": "machine.example", "osuser": "someone"}


def error_code(error):
    return error.args[0].full_code


def parsed(text):
    params = oracledb.ConnectParams()
    try:
        params.parse_connect_string(text)
        return {"text": text, "connect_string": params.get_connect_string()}
    except oracledb.Error as error:
        return {"text": text, "connect_string": None, "error": error_code(error)}


def sent(text):
    """Connects to a listener that takes the CONNECT packet and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        packets = []

        def serve():
            connection, _ = listener.accept()
            # Further attempts (failover) shall be refused at once.
            listener.close()
            with connection, connection.makefile("rb") as stream:

                def packet():
                    header = stream.read(8)
                    return header + stream.read(int.from_bytes(header[:2], "big") - 8)

                connect = packet()
                length = int.from_bytes(connect[24:26], "big")
                offset = int.from_bytes(connect[26:28], "big")
                data = connect[offset:offset + length]
                # Data that is too long for the CONNECT packet follows in a DATA packet.
                packets.append(data if data else packet()[10:])

        thread = threading.Thread(target=serve)
        thread.start()
        params = oracledb.ConnectParams(user="u", password="p", **CLIENT)
        try:
            oracledb.connect(dsn=text.replace("{port}", str(port)), params=params)
        except oracledb.Error:
            pass
        thread.join()
        data = packets[0].decode().replace(str(port), "{port}")
        connection_id = data.split("(CONNECTION_ID=")[1].split(")")[0].removeprefix("pre")
        return {"text": text, "client": CLIENT, "connection_id": connection_id, "connect_data": data}


def main():
    about = f"python-oracledb {oracledb.__version__} (thin), Python {platform.python_version()}"
    print(json.dumps({"made_by": about, "with": "connect_strings.py"}))
    for text in PARSE:
        print(json.dumps(parsed(text)))
    for text in SEND:
        print(json.dumps(sent(text)))


main()

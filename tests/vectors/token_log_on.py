"""Writes token_log_on.jsonl: how python-oracledb logs on with access tokens, packet by packet.

Run it with the version of python-oracledb that the vectors shall be from, in front of a simulator
(its answers are recorded as well, so that a client can be replayed against them):

    pip install oracledb==26.1.0 && python token_log_on.py path/to/oraedge-simulator > token_log_on.jsonl

The driver is unmodified. It connects over TLS to a relay of this script, which ends the TLS, takes
down what passes and hands it on to a simulator of the named generation over TCP. Each line is one
log-on: what it was made with, and the packets in their order up to the one that carries the token.
Keys and tokens are made up here; they open nothing.
"""

import base64
import datetime
import ipaddress
import json
import os
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

os.environ["ORA_SDTZ"] = "+00:00"

import oracledb
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

SERVICE = "FREEPDB1"
GENERATIONS = ["12.1", "19c", "23ai"]


def rsa_key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(key):
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def token():
    """A token that nobody signed; its reader looks at the expiry time only."""
    claims = {"sub": "ocid1.user.oc1..recorded", "exp": int(time.time()) + 3600}
    # Long enough that the value is sent in pieces, as a real token is.
    claims["filling"] = "x" * 600
    parts = [json.dumps({"alg": "RS256"}), json.dumps(claims), "no signature"]
    return ".".join(base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts)


def server_context(folder):
    """TLS for 127.0.0.1 with a certificate made now; and a client's that trusts it."""
    key = rsa_key()
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.timezone.utc)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = os.path.join(folder, "server.pem")
    with open(path, "w") as file:
        file.write(pem(key) + certificate.public_bytes(serialization.Encoding.PEM).decode())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context, ssl.create_default_context(cafile=path)


class Packets:
    """Cuts a stream into TNS packets: 16-bit lengths up to ACCEPT and in it, then 32-bit ones."""

    def __init__(self, direction, log, wide):
        self.direction, self.log, self.wide, self.rest = direction, log, wide, b""

    def add(self, data):
        self.rest += data
        while len(self.rest) >= 8:
            size = 4 if self.wide.is_set() else 2
            length = int.from_bytes(self.rest[:size], "big")
            if len(self.rest) < length:
                return
            packet, self.rest = self.rest[:length], self.rest[length:]
            self.log.append({"direction": self.direction, "hex": packet.hex()})
            version = int.from_bytes(packet[8:10], "big")
            if self.direction == "server" and packet[4] == 2 and version >= 315:
                self.wide.set()


def relay(listener, context, port, log):
    client, _ = listener.accept()
    client = context.wrap_socket(client, server_side=True)
    server = socket.create_connection(("127.0.0.1", port))
    wide = threading.Event()

    def pump(source, target, packets):
        try:
            while data := source.recv(65536):
                packets.add(data)
                target.sendall(data)
        except OSError:
            pass
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    threads = [
        threading.Thread(target=pump, args=(client, server, Packets("client", log, wide))),
        threading.Thread(target=pump, args=(server, client, Packets("server", log, wide))),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def record(generation, port, contexts, name, user, key, edition):
    listener = socket.create_server(("127.0.0.1", 0))
    log = []
    thread = threading.Thread(target=relay, args=(listener, contexts[0], port, log))
    thread.start()
    access_token = token()
    connect_string = f"tcps://127.0.0.1:{listener.getsockname()[1]}/{SERVICE}"
    try:
        connection = oracledb.connect(
            user=user,
            dsn=connect_string,
            access_token=(access_token, pem(key)) if key else access_token,
            edition=edition,
            ssl_context=contexts[1],
            program="recorder",
            machine="machine",
            osuser="somebody",
            terminal="unknown",
        )
        connection.close()
    except oracledb.DatabaseError:
        pass  # Nobody in the simulator knows this token.
    thread.join()
    listener.close()
    sent = b"".join(bytes.fromhex(p["hex"]) for p in log if p["direction"] == "client")
    # The log-on ends with the message that has the token in it; the verdict is another matter.
    last = max(at for at, packet in enumerate(log) if b"AUTH_TOKEN".hex() in packet["hex"])
    connect = re.search(rb"\(CONNECTION_ID=([^)]*)\)", sent)
    return {
        "id": f"{generation} {name}",
        "source": f"python-oracledb {oracledb.__version__} in front of oraedge-simulator",
        "connect_string": connect_string,
        "user": user,
        "edition": edition,
        "token": access_token,
        "proof": key is not None,
        "connection_id": connect.group(1).decode(),
        "pid": os.getpid(),
                "packets": log[: last + 1],
    }


def main():
    with tempfile.TemporaryDirectory() as folder:
        contexts = server_context(folder)
        key = rsa_key()
        for generation in GENERATIONS:
            command = [sys.argv[1], "--generation", generation, "--listen", "127.0.0.1:0"]
            server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            try:
                port = int(re.search(r"tcp=127\.0\.0\.1:(\d+)", server.stdout.readline()).group(1))
                for case in [
                    ("bearer", None, None, None),
                    ("with key", None, key, None),
                    ("with key for a proxied user", "[hr]", key, "v2"),
                    ("with key and a user's name", "scott", key, None),
                ]:
                    line = record(generation, port, contexts, *case)
                    print(json.dumps(line))
            finally:
                server.terminate()
                server.wait()


main()

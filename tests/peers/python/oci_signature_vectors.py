"""Writes tests/vectors/oci_signatures.jsonl: random requests, and what the signers of Oracle's SDK for
Python put on them. With --check, says whether the installed SDK still signs the same.

    pip install oci==2.189.0 && python tests/peers/python/oci_signature_vectors.py [--check] [FILE]

The keys are those of tests/vectors/oci_keys. URLs are written as the SDK's HTTP client sends them.
"""

import base64
import email.utils
import json
import pathlib
import random
import sys

import oci
import oci.signer
from oci._vendor import requests

VECTORS = pathlib.Path(__file__).parents[2] / "vectors/oci_signatures.jsonl"
KEYS = pathlib.Path(__file__).parents[2] / "vectors/oci_keys"
COUNT = 240

USER = "ocid1.user.oc1..aaaaaaaauser"
TENANCY = "ocid1.tenancy.oc1..aaaaaaaatenancy"
TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJvY2lkMS51c2VyIn0.c2lnbmF0dXJl"

HOSTS = [
    "auth.us-ashburn-1.oraclecloud.com", "auth.us-phoenix-1.oraclecloud.com:8443", "127.0.0.1:40001",
    "[::1]:8080", "LocalHost", "iaas.eu-frankfurt-1.oraclecloud.com:443", "xn--bcher-kva.example",
]
SEGMENTS = [
    "v1", "actions", "generateScopedAccessToken", "a b", "a%20b", "%2F", "%2f", "100%", "b\u00fccher", "\u65e5\u672c",
    "a+b", "a;b=c", "~me", "..", ".", "", "'quoted'", "(x)", "a:b", "a@b", "a,b", "!$&*", "{id}", "|", "^",
]
QUERIES = [
    "", "limit=10", "page=a%3D%3D&limit=1", "q=a b", "q=\u00e4\u00f6&q=\u00fc", "a=1&a=2&b", "empty=", "=", "x=%zz", "x=a+b",
    "url=https://h/p?q", "t=2014-01-05T21:31:40Z", "json={\"a\":1}", "x='y'",
]
# Text beyond ASCII goes in as bytes: of a str, the SDK's HTTP client would count the characters.
BODIES = [
    None, "", "{}", '{"publicKey": "-----BEGIN"}', "\u00e4\u00f6\u00fc \u65e5\u672c \U0001f600".encode(), "a\r\nb\n", b"\x00\xff\xfe binary", b"",
    "x" * 5000,
]
TYPES = [None, None, "application/json", "application/json; charset=utf-8", "text/plain"]
METHODS = ["GET", "HEAD", "DELETE", "POST", "PUT", "PATCH", "POST", "POST"]


def signers():
    """Name of the key file, and a signer with it."""
    for name in ["pkcs8.pem", "rsa4096.pem"]:
        path = str(KEYS / name)
        expected = json.loads((KEYS / "expected.json").read_text())[name]
        yield name, oci.signer.Signer(TENANCY, USER, expected["fingerprint"], path)
    key = oci.signer.load_private_key_from_file(str(KEYS / "pkcs8.pem"))
    yield "pkcs8.pem", oci.auth.signers.SecurityTokenSigner(TOKEN, key)


def rows():
    source = random.Random(1)
    choices = list(signers())
    for _ in range(COUNT):
        # The long key is slow and its rows are long, so it is not chosen as often.
        name, signer = source.choice([choices[0]] * 4 + [choices[1]] + [choices[2]] * 3)
        url = source.choice(["https", "https", "http"]) + "://" + source.choice(HOSTS)
        if source.random() < 0.9:
            url += "/" + "/".join(source.choices(SEGMENTS, k=source.randint(0, 5)))
        if source.random() < 0.5:
            url += "?" + source.choice(QUERIES)
        headers = {"accept": "application/json"}
        content_type = source.choice(TYPES)
        if content_type:
            headers["content-type"] = content_type
        if source.random() < 0.1:
            headers["date"] = "Thu, 05 Jan 2014 21:31:40 GMT"
        if source.random() < 0.05:
            headers["x-content-sha256"] = "RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o="
        body = source.choice(BODIES)
        secs = source.randint(0, 4_000_000_000)
        method = source.choice(METHODS)
        request = requests.Request(method, url, headers=dict(headers), data=body).prepare()
        oci.signer.email.utils.formatdate = lambda usegmt, secs=secs: FORMAT(secs, usegmt=usegmt)
        texts = []
        signer._basic_signer._sign = signer._body_signer._sign = lambda text: texts.append(text) or ""
        signer(request)
        del signer._basic_signer._sign, signer._body_signer._sign
        del request.headers["authorization"]
        signer(request)
        signed = ["date", "host"]
        if method in ("POST", "PUT", "PATCH"):
            signed += ["content-length", "content-type", "x-content-sha256"]
        raw = body.encode() if isinstance(body, str) else body
        yield {
            "key": name,
            "key_id": signer.api_key,
            "method": method,
            "url": request.url,
            "headers": headers,
            "body": None if raw is None else base64.b64encode(raw).decode(),
            "now": secs,
            "text": texts[0].decode(),
            "signed": {header: request.headers[header] for header in signed},
            "authorization": request.headers["authorization"],
        }


FORMAT = email.utils.formatdate


def main():
    arguments = [argument for argument in sys.argv[1:] if argument != "--check"]
    path = pathlib.Path(arguments[0]) if arguments else VECTORS
    lines = [json.dumps(row) + "\n" for row in rows()]
    if "--check" not in sys.argv:
        path.write_text("".join(lines))
        return
    written = path.read_text().splitlines(keepends=True)
    for number, (old, new) in enumerate(zip(written, lines), start=1):
        if old != new:
            sys.exit(f"{path}:{number}: the SDK {oci.__version__} signs\n{new}, written is\n{old}")
    if len(written) != len(lines):
        sys.exit(f"{path} has {len(written)} rows, the script {len(lines)}")
    print(f"{path}: {len(lines)} requests, as the SDK {oci.__version__} signs them")


if __name__ == "__main__":
    main()

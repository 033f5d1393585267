"""Writes handles.json: handles of suspended transactions, their text and their sealed form.

    python3 tests/vectors/handles.py > tests/vectors/handles.json

Made with Python's own json, base64 and hmac modules, so that neither the Rust half (src/client/handle.rs)
nor the JavaScript half (src/js/handles.js) is measured by itself.
"""

import base64
import hashlib
import hmac
import json


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def text(handle):
    fields = {"v": 1, "id": b64(bytes.fromhex(handle["id"])), "database": handle["database"]}
    for name in ("timeout", "expiry"):
        if name in handle:
            fields[name] = handle[name]
    return json.dumps(fields, separators=(",", ":"), ensure_ascii=False)


def seal(payload, key):
    message = "oh1." + b64(payload.encode())
    return message + "." + b64(hmac.new(key, message.encode(), hashlib.sha256).digest())


KEY = hashlib.sha256(b"oraedge test key").digest()
OTHER = hashlib.sha256(b"another key").digest()
LONG = b"a key that is longer than the block of SHA-256, which is 64 bytes, and so is hashed first"

HANDLES = [
    {"id": b"tx-1".hex(), "database": "FREEPDB1#1385559638", "timeout": 60, "expiry": 1795581660000},
    {"id": b"7f0c7d51-0b7a-4d0e-8a51-6d2ff4a3a1d5".hex(), "database": "ORCL.example.com#1",
     "timeout": 4294967295, "expiry": 9007199254740991},
    {"id": "00ff10fbef3e", "database": "DÜRER \"q\" \\ 東京#7", "timeout": 0, "expiry": 0},
    {"id": bytes(range(64)).hex(), "database": "#"},
]

TEXT = text(HANDLES[0])
SEALED = seal(TEXT, KEY)
MALFORMED = "OED-HANDLE-MALFORMED"
FORGED = "OED-HANDLE-FORGED"

BAD_TEXTS = [
    "", "{}", "[]", "null", "not JSON",
    TEXT.replace('"v":1', '"v":2'),
    TEXT.replace('"id":"dHgtMQ"', '"id":"dHgtMQ=="'),
    TEXT.replace('"id":"dHgtMQ"', '"id":"d+/-"'),
    TEXT.replace('"id":"dHgtMQ"', '"id":""'),
    TEXT.replace('"id":"dHgtMQ"', '"id":"' + b64(bytes(65)) + '"'),
    TEXT.replace('"id":"dHgtMQ"', '"id":7'),
    TEXT.replace('"database":"FREEPDB1#1385559638",', ""),
    TEXT.replace('"timeout":60', '"timeout":"60"'),
    TEXT.replace('"timeout":60', '"timeout":-1'),
    TEXT.replace('"timeout":60', '"timeout":4294967296'),
    TEXT.replace('"expiry":1795581660000', '"expiry":1.5'),
    TEXT[:-1] + "x" * 3000,
]

message, mac = SEALED.rsplit(".", 1)
BAD_SEALS = [
    {"sealed": SEALED, "keys": [OTHER.hex()], "error": FORGED},
    {"sealed": message + "." + mac[:-4], "keys": [KEY.hex()], "error": FORGED},
    {"sealed": message + ".", "keys": [KEY.hex()], "error": FORGED},
    {"sealed": message + "." + mac + "=", "keys": [KEY.hex()], "error": FORGED},
    {"sealed": message[:-1] + "." + mac, "keys": [KEY.hex()], "error": FORGED},
    {"sealed": "oh2" + SEALED[3:], "keys": [KEY.hex()], "error": MALFORMED},
    {"sealed": TEXT, "keys": [KEY.hex()], "error": MALFORMED},
    {"sealed": "", "keys": [KEY.hex()], "error": MALFORMED},
    {"sealed": seal("{}", KEY), "keys": [KEY.hex()], "error": MALFORMED},
]

print(json.dumps({
    "good": [
        {**handle, "text": text(handle), "key": key.hex(), "sealed": seal(text(handle), key)}
        for handle in HANDLES for key in (KEY, LONG)
    ],
    "bad_texts": BAD_TEXTS,
    "bad_seals": BAD_SEALS,
    "rotation": {"sealed": SEALED, "keys": [OTHER.hex(), KEY.hex()], "text": TEXT},
}, indent=1, ensure_ascii=False))

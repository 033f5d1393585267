"""Prints tests/vectors/fuzz/token_flow.hex: for each method the answers with which it succeeds, in
the form that crates/fuzz/src/token_flow.rs reads."""

import base64
import json
import pathlib

HERE = pathlib.Path(__file__).parent
NOW = 1_795_572_000


def part(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


TOKEN = ".".join([part({"alg": "RS256"}), part({"exp": NOW + 3600}), part("x")])


def file(name):
    return (HERE / name).read_bytes()


def as_json(**fields):
    return json.dumps(fields).encode()


SCOPED = as_json(token=TOKEN)
BEARER = as_json(access_token=TOKEN, expires_in=3599)
INSTANCE = [
    file("leaf.pem"),
    file("leaf_key.pem"),
    file("intermediate.pem"),
    b"phx",
    SCOPED,
]
RESOURCE = [
    as_json(resourcePrincipalToken="r", servicePrincipalSessionToken="s"),
    SCOPED,
]
CONFIG = (
    b"[DEFAULT]\nuser=ocid1.user.oc1..u\ntenancy=ocid1.tenancy.oc1..t\nregion=phx\n"
    b"fingerprint=00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff\nkey_file=/key\n"
)
POD = base64.b64encode(as_json(token="ST$" + TOKEN))

SEEDS = [
    (0, [SCOPED]),
    (1, [CONFIG, file("api_key.pem"), SCOPED]),
    (2, [TOKEN.encode(), SCOPED]),
    (3, INSTANCE + [SCOPED]),
    (4, INSTANCE + [b"ocid1.instance.oc1..i"] + RESOURCE + RESOURCE + [SCOPED]),
    (5, [TOKEN.encode(), file("intermediate.pem"), POD, SCOPED]),
    (6, [BEARER]),
    (7, [file("leaf.pem") + file("leaf_key.pem"), BEARER]),
    (8, [BEARER]),
]
for method, answers in SEEDS:
    seed = bytes([method])
    for body in answers:
        seed += b"\0" + len(body).to_bytes(2, "big") + body
    print(seed.hex())
print(bytes([0, 10, 0, 4]).hex() + b"oops".hex())

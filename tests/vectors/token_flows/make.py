"""Makes the keys and certificates of tests/token_flows (needs the package
`cryptography`; leaf_fingerprint.txt is from OpenSSL, ../fuzz/token_flow.hex from fuzz_seeds.py)."""

import datetime
import pathlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

HERE = pathlib.Path(__file__).parent
PASS_PHRASE = b"hunter2pass"


def save(name, key, encryption=serialization.NoEncryption()):
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
    )
    (HERE / name).write_bytes(pem)


def certificate(subject, issuer, key, issuer_key, years):
    first, last = (datetime.datetime(year, 1, 1) for year in years)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(first)
        .not_valid_after(last)
        .sign(issuer_key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )


def name(common_name, *units):
    unit = NameOID.ORGANIZATIONAL_UNIT_NAME
    return x509.Name(
        [x509.NameAttribute(unit, text) for text in units]
        + [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    )


api_key, leaf_key, ca_key = (
    rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(3)
)
save("api_key.pem", api_key)
save(
    "api_key_encrypted.pem", api_key, serialization.BestAvailableEncryption(PASS_PHRASE)
)
save("leaf_key.pem", leaf_key)
ca = name("Test Instance CA")
leaf = name(
    "ocid1.instance.oc1..i",
    "opc-certtype:instance",
    "opc-instance:ocid1.instance.oc1..i",
    "opc-tenant:ocid1.tenancy.oc1..t",
)
for file, subject, key, years in [
    ("intermediate.pem", ca, ca_key, (2026, 2126)),
    ("leaf.pem", leaf, leaf_key, (2026, 2126)),
    ("leaf_expired.pem", leaf, leaf_key, (2025, 2026)),
]:
    (HERE / file).write_bytes(certificate(subject, ca, key, ca_key, years))

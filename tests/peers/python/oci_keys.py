"""Makes tests/vectors/oci_keys: one RSA key in every form that OpenSSL and `cryptography` write, and
what is no such key. All of them are for tests only.

    pip install cryptography && python tests/peers/python/oci_keys.py

`expected.json` says of each file what Oracle's SDK would sign with: the fingerprint of the key, or
null where the file holds no private RSA key that can be used.
"""

import hashlib
import json
import pathlib
import subprocess

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat, PublicFormat

FOLDER = pathlib.Path(__file__).parents[2] / "vectors/oci_keys"
PASS_PHRASE = "correct horse"


def openssl(*arguments, text=None):
    result = subprocess.run(["openssl", *arguments], input=text, capture_output=True, check=True)
    return result.stdout


def fingerprint(key):
    der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    digest = hashlib.md5(der).hexdigest()
    return ":".join(digest[at : at + 2] for at in range(0, len(digest), 2))


def protected(key, form):
    encryption = serialization.BestAvailableEncryption(PASS_PHRASE.encode())
    return key.private_bytes(Encoding.PEM, form, encryption)


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    pkcs8 = openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")
    key = serialization.load_pem_private_key(pkcs8, None)
    pkcs1 = openssl("rsa", "-traditional", text=pkcs8)
    password = f"pass:{PASS_PHRASE}"

    def legacy(cipher):
        return openssl("rsa", "-traditional", f"-{cipher}", "-passout", password, text=pkcs8)

    def modern(*choices):
        return openssl("pkcs8", "-topk8", "-passout", password, *choices, text=pkcs8)

    long = openssl("genrsa", "4096")
    usable = {
        "pkcs1.pem": (pkcs1, key),
        "pkcs8.pem": (pkcs8, key),
        "pkcs8_with_last_line.pem": (pkcs8 + b"OCI_API_KEY\n", key),
        "pkcs8_crlf.pem": (pkcs8.replace(b"\n", b"\r\n"), key),
        "pkcs8_behind_text.pem": (b"Bag Attributes\n  friendlyName: a\n\n" + pkcs8, key),
        "pkcs8_behind_public.pem": (openssl("rsa", "-pubout", text=pkcs8) + pkcs8, key),
        "rsa4096.pem": (long, serialization.load_pem_private_key(long, None)),
    }
    encrypted = {
        "legacy_aes128.pem": legacy("aes128"),
        "legacy_aes192.pem": legacy("aes192"),
        "legacy_aes256.pem": legacy("aes256"),
        "legacy_des3.pem": legacy("des3"),
        "legacy_aes256_last_line.pem": legacy("aes256") + b"OCI_API_KEY\n",
        "legacy_aes256_crlf.pem": legacy("aes256").replace(b"\n", b"\r\n"),
        "pbes2_aes128.pem": modern("-v2", "aes-128-cbc"),
        "pbes2_aes192.pem": modern("-v2", "aes-192-cbc"),
        "pbes2_aes256.pem": modern("-v2", "aes-256-cbc"),
        "pbes2_aes256_sha1.pem": modern("-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA1"),
        "pbes2_aes256_sha512.pem": modern("-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA512"),
        "pbes2_des3.pem": modern("-v2", "des3"),
        "pbes2_des3_sha1.pem": modern("-v2", "des3", "-v2prf", "hmacWithSHA1"),
        "pbes2_scrypt.pem": modern("-scrypt"),
        "cryptography_pkcs8.pem": protected(key, PrivateFormat.PKCS8),
        "cryptography_pkcs1.pem": protected(key, PrivateFormat.TraditionalOpenSSL),
    }
    certificate = openssl(
        "req", "-x509", "-key", "/dev/stdin", "-subj", "/CN=test", "-days", "1", text=pkcs8
    )
    ec = openssl("ecparam", "-genkey", "-name", "prime256v1", "-noout")
    ssh = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, serialization.NoEncryption())
    unusable = {
        "public.pem": (openssl("rsa", "-pubout", text=pkcs8), "this is a public key"),
        "public_pkcs1.pem": (openssl("rsa", "-RSAPublicKey_out", text=pkcs8), "this is a public key"),
        "public_ssh.pub": (
            key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH),
            "this is a public key of SSH",
        ),
        "certificate.pem": (certificate, "this is a certificate"),
        "ec.pem": (ec, "algorithm EC"),
        "ec_pkcs8.pem": (openssl("pkcs8", "-topk8", "-nocrypt", text=ec), "algorithm EC"),
        "ed25519.pem": (openssl("genpkey", "-algorithm", "ed25519"), "algorithm Ed25519"),
        "rsa_pss.pem": (
            openssl("genpkey", "-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"),
            "algorithm RSASSA-PSS",
        ),
        "openssh.pem": (ssh, "ssh-keygen -p -m PEM"),
        "rsa1024.pem": (openssl("genrsa", "1024"), "1024 bits"),
        "truncated.pem": (pkcs8[: len(pkcs8) // 2], "cut short"),
        "without_a_line.pem": (b"".join(pkcs8.splitlines(True)[:5] + pkcs8.splitlines(True)[6:]), "damaged"),
        "not_base64.pem": (pkcs8.replace(b"M", b"*", 1), "base64"),
        "escaped.pem": (pkcs8.strip().replace(b"\n", b"\\n"), "\\n as two characters"),
        "empty.pem": (b"\n", "empty"),
        "text.pem": (b"hello\n", "not in PEM"),
    }
    pbes1 = modern("-v1", "PBE-SHA1-3DES")
    legacy_camellia = legacy("camellia256")
    rows = {}
    for name, (data, private) in usable.items():
        rows[name] = {"data": data, "fingerprint": fingerprint(private)}
    for name, data in encrypted.items():
        rows[name] = {"data": data, "pass_phrase": PASS_PHRASE, "fingerprint": fingerprint(key)}
    for name, (data, error) in unusable.items():
        rows[name] = {"data": data, "error": error}
    for name, data in {"pbes1.pem": pbes1, "legacy_camellia.pem": legacy_camellia}.items():
        rows[name] = {"data": data, "pass_phrase": PASS_PHRASE, "error": "openssl pkcs8 -topk8"}
    for name, row in rows.items():
        (FOLDER / name).write_bytes(row.pop("data"))
    (FOLDER / "expected.json").write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()

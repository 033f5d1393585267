"""Puts a header before PKCS#12 that makes it a cwallet.sso: form (aes, des), PKCS#12, output, kind (6, 7, 8)."""
import struct
import subprocess
import sys

PASSWORD = b"0123456789abcdef"
form, source, target, kind = sys.argv[1:]


def encrypt(cipher, key, iv, data, *options):
    command = ["openssl", "enc", "-e", f"-{cipher}", "-K", key.hex(), "-iv", iv.hex(), *options]
    return subprocess.run(command, input=data, stdout=subprocess.PIPE, check=True).stdout


if form == "aes":
    key, iv = bytes(range(1, 17)), bytes.fromhex("c034d8311c02cef851f0144b81ed4bf2")
    header = b"\x06" + key + encrypt("aes-128-cbc", key, iv, PASSWORD, "-nopad")
else:
    key = bytes(range(1, 9))
    options = ["-provider", "legacy", "-provider", "default"]
    secret = encrypt("des-cbc", key, bytes(8), PASSWORD, *options)
    header = b"5" + key.hex().encode() + secret.hex().encode()
magic = b"\xa1\xf8\x4e" + kind.encode()
with open(source, "rb") as pkcs12, open(target, "wb") as output:
    output.write(magic + struct.pack(">II", 6, len(header)) + header + pkcs12.read())

#!/bin/sh
# Makes the certificates that rcgen and ring cannot make: with SHA-1, RSA of 1024 bits, P-521, and of
# version 1. Needs OpenSSL 3; writes into its own folder. The keys open nothing but tests.
set -eu
cd "$(dirname "$0")"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# `openssl ca` alone can say from when on a certificate is good.
cat >"$scratch/ca.cnf" <<CONFIG
[ca]
default_ca=here
[here]
database=$scratch/index
new_certs_dir=$scratch
rand_serial=yes
unique_subject=no
policy=any
[any]
commonName=supplied
CONFIG
: >"$scratch/index"

sign() { # FILE SUBJECT ISSUER DIGEST EXTENSIONS (none: version 1)
    openssl req -new -key "$scratch/$1.key" -subj "$2" -out "$scratch/$1.csr"
    printf '%s' "$5" >"$scratch/$1.ext"
    set -- "$1" "$3" "$4" ${5:+-extfile "$scratch/$1.ext"}
    file=$1 issuer=$2 digest=$3
    shift 3
    if [ "$file" = "$issuer" ]; then set -- "$@" -selfsign; else set -- "$@" -cert "$issuer.pem"; fi
    openssl ca -batch -notext -config "$scratch/ca.cnf" -keyfile "$scratch/$issuer.key" -md "$digest" \
        -startdate 20200101000000Z -enddate 21200101000000Z "$@" \
        -in "$scratch/$file.csr" -out "$file.pem"
}
server='basicConstraints=critical,CA:FALSE
extendedKeyUsage=serverAuth
subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1
'
intermediate='basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign,cRLSign
'
p256() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$scratch/$1.key"; }
rsa() { openssl genpkey -algorithm RSA -pkeyopt "rsa_keygen_bits:$2" -out "$scratch/$1.key"; }

rsa root 2048
sign root "/CN=oraedge simulator old authority" root sha256 "$intermediate"

p256 sha1-leaf
sign sha1-leaf /CN=localhost root sha1 "$server"

rsa rsa1024-leaf 1024
sign rsa1024-leaf /CN=localhost root sha256 "$server"

rsa rsa1024-intermediate 1024
sign rsa1024-intermediate "/CN=oraedge simulator RSA-1024 intermediate" root sha256 "$intermediate"
p256 below-rsa1024
sign below-rsa1024 /CN=localhost rsa1024-intermediate sha256 "$server"

openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-521 -out "$scratch/p521-intermediate.key"
sign p521-intermediate "/CN=oraedge simulator P-521 intermediate" root sha256 "$intermediate"
p256 below-p521
sign below-p521 /CN=localhost p521-intermediate sha512 "$server"

p256 version1-leaf
sign version1-leaf /CN=localhost root sha256 ""

for leaf in sha1-leaf rsa1024-leaf below-rsa1024 below-p521 version1-leaf; do
    cp "$scratch/$leaf.key" "$leaf.key"
done

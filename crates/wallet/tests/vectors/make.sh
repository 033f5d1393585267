#!/bin/sh
# Makes the wallets in this folder anew with others' software: OpenSSL, Java's keytool, Python's
# `cryptography` (for its own reading back) and zip. cwallet.sso is PKCS#12 by OpenSSL behind a header
# that sso.py writes from the public description. Run it here; the password is "Wallet_123".
set -e
rm -f *.pem *.p12 *.sso *.zip *.jks *.key
P=Wallet_123
days="-days 36500"
openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem $days -subj "/CN=Test root" 2>/dev/null
openssl req -newkey rsa:2048 -nodes -keyout mid.key -out mid.csr -subj "/CN=Test issuer" 2>/dev/null
printf 'basicConstraints=critical,CA:TRUE\n' > ca.ext
openssl x509 -req -in mid.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out mid.pem $days -extfile ca.ext 2>/dev/null
issue() { # name key-arguments dates
  openssl req -newkey $2 -nodes -keyout $1.key -out $1.csr -subj "/CN=$1" 2>/dev/null
  openssl x509 -req -in $1.csr -CA mid.pem -CAkey mid.key -CAcreateserial -out $1.crt.pem ${3:-$days} 2>/dev/null
}
issue client rsa:2048
issue client-ec "ec -pkeyopt ec_paramgen_curve:P-256"
issue other rsa:2048
issue client-ed ed25519
# Dates: by the command that can set them.
touch index.txt; echo 01 > serial
cat > dates.cnf <<'C'
[ca]
default_ca = d
[d]
database = index.txt
serial = serial
new_certs_dir = .
default_md = sha256
policy = p
[p]
commonName = supplied
C
dated() {
  openssl ca -batch -config dates.cnf -in client.csr -cert mid.pem -keyfile mid.key -startdate $2 -enddate $3 -out $1.crt.pem -notext 2>/dev/null
  : > index.txt
}
dated expired 20200101000000Z 20210101000000Z
dated future 20900101000000Z 20910101000000Z

bundle() { cat $1.crt.pem mid.pem ca.pem; }
# ewallet.pem in every form of the key
{ cat client.key; bundle client; } > plain.pem
pkcs8() { openssl pkcs8 -topk8 -in $1.key -passout pass:$P $2; bundle $1; }
pkcs8 client "-v2 aes-256-cbc" > aes256.pem
pkcs8 client "-v2 aes-192-cbc" > aes192.pem
pkcs8 client "-v2 des3" > des3.pem
pkcs8 client "-v2 aes-128-cbc -v2prf hmacWithSHA1" > aes128-sha1.pem
pkcs8 client "-scrypt" > scrypt.pem
pkcs8 client "-v1 PBE-SHA1-3DES" > pbes1-3des.pem
pkcs8 client-ec "-v2 aes-256-cbc" > ec.pem
pkcs8 client-ed "-v2 aes-256-cbc" > ed25519.pem
legacy() { openssl rsa -traditional -in client.key -passout pass:$P $1 2>/dev/null; bundle client; }
legacy -aes256 > legacy-aes256.pem
legacy -aes128 > legacy-aes128.pem
legacy -des3 > legacy-des3.pem
{ openssl rsa -traditional -in client.key 2>/dev/null; bundle client; } > pkcs1.pem
{ openssl ec -in client-ec.key -aes256 -passout pass:$P 2>/dev/null; bundle client-ec; } > legacy-ec.pem
{ bundle client; cat client.key; } > key-last.pem
cat ca.pem mid.pem > no-key.pem
cp client.key key-only.pem
{ cat client.key; bundle other; } > mismatch.pem
{ cat client.key expired.crt.pem mid.pem ca.pem; } > expired.pem
{ cat client.key future.crt.pem mid.pem ca.pem; } > future.pem

# ewallet.p12
p12() { name=$1; shift; openssl pkcs12 -export -out $name.p12 -inkey client.key -in client.crt.pem -certfile chain.tmp -passout pass:${Q:-$P} "$@"; }
cat mid.pem ca.pem > chain.tmp
p12 default
p12 aes128-sha384 -keypbe AES-128-CBC -certpbe AES-128-CBC -macalg sha384
p12 sha1-3des -keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-3DES -macalg sha1
p12 legacy -legacy
p12 rc2-128 -legacy -keypbe PBE-SHA1-RC2-128 -certpbe PBE-SHA1-RC2-128
p12 2des -keypbe PBE-SHA1-2DES -certpbe PBE-SHA1-2DES -macalg sha512
p12 no-mac -nomac
p12 plain-bags -keypbe NONE -certpbe NONE
Q='Schlüssel€1' p12 unicode
Q='Schlüssel€1' p12 unicode-legacy -legacy
Q='Schlüssel€1' p12 unicode-pbes1 -keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-3DES -macalg sha1
openssl pkcs12 -export -nokeys -in chain.tmp -out no-key.p12 -passout pass:$P
keytool -importkeystore -srckeystore default.p12 -srcstorepass $P -srcstoretype PKCS12 -destkeystore keytool.p12 -deststorepass $P -deststoretype PKCS12 2>/dev/null
keytool -J-Dkeystore.pkcs12.legacy -importkeystore -srckeystore default.p12 -srcstorepass $P -srcstoretype PKCS12 -destkeystore keytool-legacy.p12 -deststorepass $P -deststoretype PKCS12 2>/dev/null
# Oracle's mark for trusted certificates, as keytool writes it.
keytool -importcert -noprompt -trustcacerts -alias root -file ca.pem -keystore trusted.p12 -storepass $P -storetype PKCS12 2>/dev/null
keytool -importkeystore -srckeystore default.p12 -srcstorepass $P -srcstoretype PKCS12 -destkeystore store.jks -deststorepass $P -deststoretype JKS 2>/dev/null

# cwallet.sso
Q='0123456789abcdef' p12 for-sso
Q='0123456789abcdef' p12 for-sso-des -keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-3DES -macalg sha1
python3 sso.py aes for-sso.p12 auto-login.sso 6
python3 sso.py aes for-sso.p12 auto-login-7.sso 7
python3 sso.py des for-sso-des.p12 auto-login-des.sso 6
python3 sso.py aes for-sso.p12 local.sso 8
rm for-sso.p12 for-sso-des.p12

# wallet.zip
rm -rf z && mkdir -p z/Wallet_db z/sso z/none
cp aes256.pem z/Wallet_db/ewallet.pem; cp default.p12 z/Wallet_db/ewallet.p12; cp auto-login.sso z/Wallet_db/cwallet.sso
printf 'db_high = (DESCRIPTION=(ADDRESS=(PROTOCOL=tcps)(HOST=db.example)(PORT=1522))(CONNECT_DATA=(SERVICE_NAME=db_high)))\n' > z/Wallet_db/tnsnames.ora
printf 'WALLET_LOCATION = (SOURCE = (METHOD = file) (METHOD_DATA = (DIRECTORY="?/network/admin")))\nSSL_SERVER_DN_MATCH=yes\n' > z/Wallet_db/sqlnet.ora
echo hello > z/Wallet_db/README
(cd z/Wallet_db && zip -qX ../../wallet.zip *)
(cd z && zip -qXr ../folder.zip Wallet_db)
(cd z/Wallet_db && zip -qX0 ../../stored.zip ewallet.p12)
(cd z/Wallet_db && zip -qX -P secret ../../encrypted.zip ewallet.p12)
(cd z/Wallet_db && zip -qX ../../no-wallet.zip README tnsnames.ora)
head -c 50000000 /dev/zero > z/none/ewallet.pem; (cd z/none && zip -qX9 ../../bomb.zip ewallet.pem)
rm -rf z *.csr *.srl *.tmp ca.ext dates.cnf index.txt* serial* 0*.pem
rm -f mid.key ca.key other.key client-ec.key client-ed.key *.crt.pem mid.pem

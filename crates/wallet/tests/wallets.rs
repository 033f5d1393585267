//! Wallets that OpenSSL, Java's keytool and zip made (`tests/vectors/make.sh`): what is read, and the error
//! of each that cannot be.

use std::path::PathBuf;

use base64ct::{Base64, Encoding};
use oraedge::auth::Secret;
use oraedge_wallet::{Fault, Wallet, WalletError};

const PASSWORD: &str = "Wallet_123";

fn vector(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn open(name: &str, password: Option<&str>) -> Result<Wallet, WalletError> {
    Wallet::from_bytes(&vector(name), password.map(Secret::from).as_ref())
}

fn folder(files: &[(&str, &str)], password: Option<&str>) -> Result<Wallet, WalletError> {
    let files = files.iter().map(|(name, source)| (format!("/wallets/{name}"), vector(source)));
    Wallet::from_files(files, password.map(Secret::from).as_ref())
}

/// The key of `client.key`, as OpenSSL wrote it in PKCS#8.
fn client_key() -> Vec<u8> {
    let pem = String::from_utf8(vector("client.key")).unwrap();
    let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    Base64::decode_vec(&body).unwrap()
}

#[test]
fn every_form_of_a_wallet_gives_the_same_key_and_certificates() {
    let unicode = Some("Schlüssel€1");
    let with = Some(PASSWORD);
    let key = client_key();
    for (name, password) in [
        ("plain.pem", None),
        ("plain.pem", with),
        ("pkcs1.pem", None),
        ("key-last.pem", None),
        ("aes256.pem", with),
        ("aes192.pem", with),
        ("aes128-sha1.pem", with),
        ("des3.pem", with),
        ("scrypt.pem", with),
        ("pbes1-3des.pem", with),
        ("legacy-aes256.pem", with),
        ("legacy-aes128.pem", with),
        ("legacy-des3.pem", with),
        ("default.p12", with),
        ("aes128-sha384.p12", with),
        ("sha1-3des.p12", with),
        ("legacy.p12", with),
        ("rc2-128.p12", with),
        ("2des.p12", with),
        ("no-mac.p12", with),
        ("plain-bags.p12", with),
        ("unicode.p12", unicode),
        ("unicode-legacy.p12", unicode),
        ("unicode-pbes1.p12", unicode),
        ("keytool.p12", with),
        ("keytool-legacy.p12", with),
        ("auto-login.sso", None),
        ("auto-login-7.sso", None),
        ("auto-login-des.sso", None),
        ("wallet.zip", with),
        ("folder.zip", with),
        ("stored.zip", with),
    ] {
        let wallet = open(name, password).unwrap_or_else(|error| panic!("{name}: {error}"));
        let sizes = (wallet.chain.len(), wallet.roots.len());
        // The client's and its issuer's; the root stays here, and both authorities are trusted.
        assert_eq!(sizes, (2, 2), "{name}");
        assert!(wallet.key.as_ref().unwrap().expose() == key, "{name}: another key");
        wallet.check_dates(1_800_000_000).unwrap_or_else(|error| panic!("{name}: {error}"));
        wallet.require_key().unwrap();
    }
}

#[test]
fn keys_on_curves_are_matched_where_they_name_their_public_half() {
    for (name, algorithm) in [
        ("ec.pem", "1.2.840.10045.2.1"),
        ("legacy-ec.pem", "1.2.840.10045.2.1"),
        ("ed25519.pem", "1.3.101.112"),
    ] {
        let wallet = open(name, Some(PASSWORD)).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!((wallet.chain.len(), wallet.roots.len()), (2, 2), "{name}");
        let key = wallet.key.unwrap();
        let oid = der::asn1::ObjectIdentifier::new_unwrap(algorithm);
        let wanted = oid.as_bytes();
        assert!(key.expose().windows(wanted.len()).any(|window| window == wanted), "{name}");
    }
}

#[test]
fn a_wallet_without_a_key_is_for_one_way_tls() {
    for (name, password, roots) in [
        ("no-key.pem", None, 2),
        ("no-key.p12", Some(PASSWORD), 2),
        ("trusted.p12", Some(PASSWORD), 1),
    ] {
        let wallet = open(name, password).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!((wallet.chain.len(), wallet.roots.len()), (0, roots), "{name}");
        wallet.check_dates(0).unwrap();
        let error = wallet.require_key().unwrap_err();
        assert_eq!(error.fault, Fault::NoKey);
    }
}

#[test]
fn the_names_of_databases_and_the_settings_come_with_the_folder() {
    let wallet = open("folder.zip", Some(PASSWORD)).unwrap();
    assert!(wallet.tnsnames.unwrap().starts_with("db_high = (DESCRIPTION"));
    let sqlnet = oraedge_wallet::Sqlnet::parse(&wallet.sqlnet.unwrap()).unwrap();
    assert_eq!(sqlnet.dn_match, Some(true));
}

#[test]
fn the_password_decides_which_file_of_a_folder_is_read() {
    let all = [
        ("ewallet.pem", "aes256.pem"),
        ("EWALLET.P12", "default.p12"),
        ("cwallet.sso", "auto-login.sso"),
        ("README", "make.sh"),
    ];
    let local = [("ewallet.p12", "default.p12"), ("cwallet.sso", "local.sso")];
    for (files, password, source) in [
        (&all[..], Some(PASSWORD), Ok("ewallet.pem")),
        (&all[..], None, Ok("cwallet.sso")),
        (&all[1..], Some(PASSWORD), Ok("ewallet.p12")),
        (&all[1..], None, Ok("cwallet.sso")),
        (&all[1..2], Some(""), Err("password-needed")),
        (&all[..], Some("wrong"), Err("wrong-password")),
        (&local[..], Some(PASSWORD), Ok("ewallet.p12")),
        (&local[..], None, Err("local-auto-login")),
        (
            &[("ewallet.pem", "aes256.pem"), ("cwallet.sso", "local.sso")][..],
            None,
            Err("password-needed"),
        ),
    ] {
        let opened = folder(files, password);
        let opened = match &opened {
            Ok(wallet) => Ok(wallet.source.as_str()),
            Err(error) => Err(error.fault.name()),
        };
        assert_eq!(opened, source, "{files:?} {password:?}");
    }
}

#[test]
fn each_fault_has_its_error() {
    let page = b"<!DOCTYPE html><html><body>Log on</body></html>".to_vec();
    let mut changed = vector("default.p12");
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    let cut = vector("auto-login.sso")[..20].to_vec();
    let of = |bytes: &[u8], password: Option<&str>| {
        Wallet::from_bytes(bytes, password.map(Secret::from).as_ref())
    };
    let at = |name: &str, unix| open(name, None).and_then(|wallet| wallet.check_dates(unix));
    let rows: Vec<(&str, Result<(), WalletError>, &str)> = vec![
        (
            "wrong password, PEM",
            open("aes256.pem", Some("tiger")).map(drop),
            "the wallet (ewallet.pem) cannot be used: the wallet password is wrong; give the password that was set when the wallet was downloaded or made (in OCI's console: Download wallet)",
        ),
        (
            "wrong password, older PEM",
            open("legacy-aes256.pem", Some("tiger")).map(drop),
            "the wallet (ewallet.pem) cannot be used: the wallet password is wrong; give the password that was set when the wallet was downloaded or made (in OCI's console: Download wallet)",
        ),
        (
            "wrong password, PKCS#12",
            open("legacy.p12", Some("tiger")).map(drop),
            "the wallet (ewallet.p12) cannot be used: the wallet password is wrong; give the password that was set when the wallet was downloaded or made (in OCI's console: Download wallet)",
        ),
        (
            "wrong password, no checksum",
            open("no-mac.p12", Some("tiger")).map(drop),
            "the wallet (ewallet.p12) cannot be used: the wallet password is wrong; give the password that was set when the wallet was downloaded or made (in OCI's console: Download wallet)",
        ),
        (
            "no password, PEM",
            open("des3.pem", None).map(drop),
            "the wallet (ewallet.pem) cannot be used: it is encrypted, and no wallet password was given; give the wallet password, the one that was set when the wallet was downloaded or made",
        ),
        (
            "no password, PKCS#12",
            open("default.p12", None).map(drop),
            "the wallet (ewallet.p12) cannot be used: it is encrypted, and no wallet password was given; give the wallet password, the one that was set when the wallet was downloaded or made",
        ),
        (
            "no key",
            open("no-key.pem", None).and_then(|wallet| wallet.require_key()),
            "the wallet (ewallet.pem) cannot be used: there is no private key in it, so it cannot identify this client to the server; download the wallet again, or use a connect string for one-way TLS if the database allows it",
        ),
        (
            "no certificate",
            open("key-only.pem", None).map(drop),
            "the wallet (ewallet.pem) cannot be used: there is a private key in it, but no certificate for it; put the key and the certificate that was issued for it into one wallet, or download the wallet again",
        ),
        (
            "mismatch",
            open("mismatch.pem", None).map(drop),
            "the wallet (ewallet.pem) cannot be used: its certificate does not match its private key; certificates in it: CN=other, CN=Test issuer, CN=Test root; put the key and the certificate that was issued for it into one wallet, or download the wallet again",
        ),
        (
            "expired",
            at("expired.pem", 1_800_000_000),
            "the wallet (ewallet.pem) cannot be used: its certificate for CN=client has expired: it was valid from 2020-01-01 00:00:00 UTC until 2021-01-01 00:00:00 UTC; download a new wallet (in OCI's console: rotate and download)",
        ),
        (
            "not yet valid",
            at("future.pem", 1_800_000_000),
            "the wallet (ewallet.pem) cannot be used: its certificate for CN=client is not valid yet: it is valid from 2090-01-01 00:00:00 UTC until 2091-01-01 00:00:00 UTC; check this machine's clock, or get a wallet that is valid now",
        ),
        (
            "local auto-login",
            open("local.sso", None).map(drop),
            "the wallet (cwallet.sso) cannot be used: it is a local auto-login wallet, which opens only on the machine and for the user that made it; use ewallet.p12 or ewallet.pem with the wallet password, or make an auto-login wallet that is not local (orapki wallet create -auto_login)",
        ),
        (
            "page",
            of(&page, None).map(drop),
            "the wallet (one file) cannot be used: it is a page of HTML (the download may have asked for a log-on), not a wallet; give the folder, the .zip or one of the files ewallet.pem, ewallet.p12, cwallet.sso",
        ),
        (
            "empty",
            of(b" \n", None).map(drop),
            "the wallet (one file) cannot be used: it is empty, not a wallet; give the folder, the .zip or one of the files ewallet.pem, ewallet.p12, cwallet.sso",
        ),
        (
            "JKS",
            folder(&[("ewallet.p12", "store.jks")], Some(PASSWORD)).map(drop),
            "the wallet (ewallet.p12) cannot be used: it is a Java keystore (JKS), not a wallet; give the folder, the .zip or one of the files ewallet.pem, ewallet.p12, cwallet.sso",
        ),
        (
            "another's name",
            folder(&[("ewallet.pem", "default.p12")], Some(PASSWORD)).map(drop),
            "the wallet (ewallet.pem) cannot be used: it is damaged: its bytes are those of ewallet.p12; copy or download the wallet again, as binary data",
        ),
        (
            "archive without a wallet",
            open("no-wallet.zip", None).map(drop),
            "the wallet (wallet.zip) cannot be used: there is no ewallet.pem, ewallet.p12 or cwallet.sso in it; files in it: README, tnsnames.ora; give the folder, the .zip or one of the files ewallet.pem, ewallet.p12, cwallet.sso",
        ),
        (
            "empty folder",
            folder(&[], None).map(drop),
            "the wallet (the folder) cannot be used: there is no ewallet.pem, ewallet.p12 or cwallet.sso in it; it is empty; give the folder, the .zip or one of the files ewallet.pem, ewallet.p12, cwallet.sso",
        ),
        (
            "bomb",
            open("bomb.zip", None).map(drop),
            "the wallet (wallet.zip) cannot be used: it is too large: ewallet.pem unpacks to more than 2097152 bytes; give a wallet alone",
        ),
        (
            "encrypted archive",
            open("encrypted.zip", Some(PASSWORD)).map(drop),
            "the wallet (wallet.zip) cannot be used: the archive is encrypted with a password of its own; unpack it and give the folder",
        ),
        (
            "a bit changed",
            of(&changed, Some(PASSWORD)).map(drop),
            "the wallet (ewallet.p12) cannot be used: the wallet password is wrong; give the password that was set when the wallet was downloaded or made (in OCI's console: Download wallet)",
        ),
        (
            "cut short",
            of(&cut, None).map(drop),
            "the wallet (cwallet.sso) cannot be used: it is damaged: it ends in the middle of its header; copy or download the wallet again, as binary data",
        ),
        (
            "a path",
            Wallet::from_content("/home/me/wallet", None).map(drop),
            "the wallet (the wallet content) cannot be used: it is text of another kind, not a wallet; give the folder, the .zip or one of the files ewallet.pem, ewallet.p12, cwallet.sso",
        ),
    ];
    for (what, result, expected) in rows {
        assert_eq!(result.unwrap_err().to_string(), expected, "{what}");
    }
}

#[test]
fn wallet_content_is_pem_or_base64_of_any_file() {
    let pem = String::from_utf8(vector("aes256.pem")).unwrap();
    let password = Secret::from(PASSWORD);
    let mut contents = vec![pem];
    for name in ["default.p12", "auto-login.sso", "wallet.zip", "aes256.pem"] {
        let base64 = Base64::encode_string(&vector(name));
        let lines: Vec<&str> =
            base64.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
        contents.push(lines.join("\r\n"));
    }
    for content in contents {
        let wallet = Wallet::from_content(&content, Some(&password)).unwrap();
        assert_eq!(wallet.chain.len(), 2);
    }
}

#[test]
fn no_secret_is_in_debug_output_and_errors() {
    let wallet = open("plain.pem", None).unwrap();
    assert!(format!("{wallet:?}").contains("Secret(redacted)"));
    for name in ["aes256.pem", "default.p12", "legacy-des3.pem"] {
        let error = open(name, Some("hunter2")).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{name}");
    }
}

#[test]
fn no_cut_and_no_changed_byte_makes_it_panic() {
    let secret = Secret::from(PASSWORD);
    for name in ["plain-bags.p12", "auto-login.sso", "stored.zip", "plain.pem", "wallet.zip"] {
        let whole = vector(name);
        // Where lengths and names stand: each byte; behind that, one of sixteen.
        let places = (0..whole.len()).filter(|at| *at < 160 || at % 16 == 0);
        for at in places {
            let _ = Wallet::from_bytes(&whole[..at], Some(&secret));
            let mut changed = whole.clone();
            changed[at] ^= 0x81;
            let _ = Wallet::from_bytes(&changed, Some(&secret));
        }
    }
}

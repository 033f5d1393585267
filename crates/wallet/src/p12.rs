//! PKCS#12 (RFC 7292), as orapki, OpenSSL and Java's keytool write it: one file that is protected by a
//! checksum under the password, with encrypted bags of certificates and keys in it.

use der::asn1::{ObjectIdentifier, OctetStringRef};
use der::{AnyRef, Decode, Sequence};
use hmac::{Hmac, KeyInit, Mac};
use oraedge::auth::Secret;
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512};
use zeroize::Zeroizing;

use crate::contents::Contents;
use crate::error::Fault;
use crate::key;
use crate::pbe::{Algorithm, Password, Purpose, check_rounds};

/// The only version there is.
const VERSION: u8 = 3;

const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
const ENCRYPTED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.6");

const KEY_BAG: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.1");
const SHROUDED_KEY_BAG: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.2");
const CERTIFICATE_BAG: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.3");
const NESTED_BAGS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.6");
const X509: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.22.1");

const SHA1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.14.3.2.26");
const SHA224: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.4");
const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
const SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2");
const SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3");

/// PFX.
#[derive(Sequence)]
struct Pfx<'a> {
    version: u8,
    safe: ContentInfo<'a>,
    mac: Option<MacData<'a>>,
}

#[derive(Sequence)]
struct ContentInfo<'a> {
    kind: ObjectIdentifier,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    content: AnyRef<'a>,
}

#[derive(Sequence)]
struct MacData<'a> {
    digest: DigestInfo<'a>,
    salt: &'a OctetStringRef,
    #[asn1(default = "one")]
    rounds: u32,
}

fn one() -> u32 {
    1
}

#[derive(Sequence)]
struct DigestInfo<'a> {
    algorithm: Algorithm<'a>,
    digest: &'a OctetStringRef,
}

#[derive(Sequence)]
struct EncryptedData<'a> {
    version: u8,
    content: EncryptedContent<'a>,
}

#[derive(Sequence)]
struct EncryptedContent<'a> {
    kind: ObjectIdentifier,
    algorithm: Algorithm<'a>,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", optional = "true")]
    data: Option<&'a OctetStringRef>,
}

#[derive(Sequence)]
struct Bag<'a> {
    kind: ObjectIdentifier,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    value: AnyRef<'a>,
    /// Names, and marks such as Oracle's for trusted certificates. Which certificate is the key's is
    /// told by the keys themselves.
    attributes: Option<AnyRef<'a>>,
}

#[derive(Sequence)]
struct CertificateBag<'a> {
    kind: ObjectIdentifier,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    value: &'a OctetStringRef,
}

/// Whether the bytes begin as PKCS#12 does: a sequence whose first member is the number 3.
pub(crate) fn looks_like(bytes: &[u8]) -> bool {
    let mut after_length = match bytes {
        [0x30, long, rest @ ..] if *long > 0x80 && *long < 0x85 => {
            rest.get(usize::from(*long - 0x80)..).unwrap_or_default()
        }
        [0x30, _, rest @ ..] => rest,
        _ => return false,
    };
    if after_length.starts_with(&[2, 1]) {
        after_length = &after_length[2..];
        return after_length.first() == Some(&VERSION);
    }
    false
}

/// Reads and decrypts all of it.
pub(crate) fn read(bytes: &[u8], password: &Secret) -> Result<Contents, Fault> {
    if bytes.get(1) == Some(&INDEFINITE) {
        return Err(Fault::Unsupported("PKCS#12 in BER with indefinite lengths".into()));
    }
    let pfx = match Pfx::from_der(bytes) {
        Ok(pfx) if pfx.version == VERSION && pfx.safe.kind == DATA => pfx,
        Ok(_) => return Err(Fault::Unsupported("PKCS#12 that is signed with a key".into())),
        Err(_) => return Err(damaged("its PKCS#12 structure")),
    };
    let password = Password::new(password);
    let safe = octets(&pfx.safe.content)?;
    if let Some(mac) = &pfx.mac {
        check_mac(mac, &password, safe)?;
    }
    let mut contents = Contents::default();
    let parts = Vec::<ContentInfo<'_>>::from_der(safe).map_err(|_| damaged("its list of parts"))?;
    for part in parts {
        let bags = match part.kind {
            DATA => Zeroizing::new(octets(&part.content)?.to_vec()),
            ENCRYPTED_DATA => {
                let encrypted = part
                    .content
                    .decode_as::<EncryptedData<'_>>()
                    .map_err(|_| damaged("an encrypted part"))?;
                let EncryptedContent { algorithm, data, .. } = encrypted.content;
                let data = data.ok_or_else(|| damaged("an encrypted part"))?;
                password.decrypt(&algorithm, data.as_bytes())?
            }
            other => return Err(Fault::Unsupported(other.to_string())),
        };
        read_bags(&bags, &password, &mut contents, MAX_DEPTH)?;
    }
    Ok(contents)
}

/// The length byte of BER's form whose end is marked instead.
const INDEFINITE: u8 = 0x80;

/// How deep bags lie in bags. Nobody is known to nest them.
const MAX_DEPTH: u8 = 4;

fn read_bags(
    der: &[u8],
    password: &Password<'_>,
    contents: &mut Contents,
    depth: u8,
) -> Result<(), Fault> {
    // Without a checksum, this is where a wrong password shows.
    let bags = Vec::<Bag<'_>>::from_der(der).map_err(|_| damaged("its list of bags"))?;
    for bag in bags {
        match bag.kind {
            KEY_BAG => {
                let plain = whole(&bag.value)?;
                contents.add_key(key::to_pkcs8("PRIVATE KEY", &plain)?);
            }
            SHROUDED_KEY_BAG => {
                contents.add_key(key::decrypt(&whole(&bag.value)?, password)?);
            }
            CERTIFICATE_BAG => {
                let bag = bag
                    .value
                    .decode_as::<CertificateBag<'_>>()
                    .map_err(|_| damaged("a certificate bag"))?;
                let certificate = bag.value.as_bytes().to_vec();
                if bag.kind == X509 && !contents.certificates.contains(&certificate) {
                    contents.certificates.push(certificate);
                }
            }
            NESTED_BAGS if depth > 0 => {
                read_bags(&whole(&bag.value)?, password, contents, depth - 1)?;
            }
            // Secrets (credentials of mkstore), requests, lists of revoked certificates.
            _ => {}
        }
    }
    Ok(())
}

/// A value with its tag and length.
fn whole(any: &AnyRef<'_>) -> Result<Zeroizing<Vec<u8>>, Fault> {
    der::Encode::to_der(any).map(Zeroizing::new).map_err(|_| damaged("a bag"))
}

fn octets<'a>(content: &AnyRef<'a>) -> Result<&'a [u8], Fault> {
    let octets = content.decode_as::<&OctetStringRef>();
    octets.map(OctetStringRef::as_bytes).map_err(|_| damaged("a part"))
}

/// The checksum under the password: the one way to tell a wrong password from a damaged file, though
/// not which of the two it is.
fn check_mac(mac: &MacData<'_>, password: &Password<'_>, data: &[u8]) -> Result<(), Fault> {
    check_rounds(mac.rounds)?;
    let salt = mac.salt.as_bytes();
    let expected = mac.digest.digest.as_bytes();
    macro_rules! check {
        ($hash:ty, $length:literal) => {{
            let key = password.derive::<$hash>(salt, Purpose::Mac, mac.rounds, $length);
            let mut computed =
                Hmac::<$hash>::new_from_slice(&key).map_err(|_| damaged("its checksum"))?;
            computed.update(data);
            computed.verify_slice(expected).map_err(|_| Fault::WrongPassword)
        }};
    }
    match mac.digest.algorithm.oid {
        SHA1 => check!(Sha1, 20),
        SHA224 => check!(Sha224, 28),
        SHA256 => check!(Sha256, 32),
        SHA384 => check!(Sha384, 48),
        SHA512 => check!(Sha512, 64),
        other => Err(Fault::Unsupported(format!("a checksum of kind {other}"))),
    }
}

fn damaged(what: &str) -> Fault {
    Fault::Damaged(format!("{what} cannot be read"))
}

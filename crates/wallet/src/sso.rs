//! cwallet.sso, the auto-login wallet: PKCS#12 behind a header that holds its password, itself encrypted
//! with a key that stands beside it. Public descriptions: the readers of go-ora and of ODP.NET's users.
//!
//! | bytes | what |
//! | --- | --- |
//! | 3 | A1 F8 4E |
//! | 1 | `6`, `7`: auto-login; `8`: local auto-login |
//! | 4 | 6, the version |
//! | 4 | the length of what follows before PKCS#12 |
//! | 1 | how the password is kept: 6 (AES) or `5` (DES) |
//! | .. | AES: the key (16 bytes), the encrypted password; DES: the same in hexadecimal digits (16, 48) |
//! | .. | PKCS#12 |

use cbc::Decryptor;
use cbc::cipher::block_padding::NoPadding;
use cbc::cipher::{BlockModeDecrypt, KeyIvInit};
use oraedge::auth::Secret;
use zeroize::Zeroizing;

use crate::contents::Contents;
use crate::error::Fault;
use crate::p12;
use crate::pem::decrypt_cbc;

/// How the file begins.
pub(crate) const MAGIC: [u8; 3] = [0xa1, 0xf8, 0x4e];

/// The header's version, the only one that is described.
const VERSION: u32 = 6;

/// The initial vector of the AES form, the same in every file.
const AES_IV: [u8; 16] = [
    0xc0, 0x34, 0xd8, 0x31, 0x1c, 0x02, 0xce, 0xf8, 0x51, 0xf0, 0x14, 0x4b, 0x81, 0xed, 0x4b, 0xf2,
];
/// The initial vector of the DES form.
const DES_IV: [u8; 8] = [0; 8];

/// The most that the header may have; both known forms have less than 80 bytes.
const MAX_HEADER: usize = 1024;

/// Reads an auto-login wallet. It needs no password.
pub(crate) fn read(bytes: &[u8]) -> Result<Contents, Fault> {
    let rest = bytes
        .strip_prefix(&MAGIC)
        .ok_or_else(|| damaged("its first bytes are not those of cwallet.sso"))?;
    let (kind, rest) = rest.split_first().ok_or_else(short)?;
    let (version, rest) = number(rest)?;
    let (length, rest) = number(rest)?;
    match kind {
        b'6' | b'7' => {}
        b'8' => return Err(Fault::LocalAutoLogin),
        other => return Err(Fault::Unsupported(format!("a header of kind {other:#04x}"))),
    }
    if version != VERSION {
        return Err(Fault::Unsupported(format!("a header of version {version}")));
    }
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    if length > MAX_HEADER || length > rest.len() {
        return Err(short());
    }
    let (header, pkcs12) = rest.split_at(length);
    let (form, keys) = header.split_first().ok_or_else(short)?;
    let password = match form {
        6 => of_aes(keys),
        b'5' => of_des(keys),
        other => return Err(Fault::Unsupported(format!("a password of form {other:#04x}"))),
    };
    let password = password.ok_or_else(|| damaged("the password in its header cannot be read"))?;
    p12::read(pkcs12, &password).map_err(|fault| match fault {
        Fault::WrongPassword => damaged("the password in its header does not open it"),
        other => other,
    })
}

fn of_aes(keys: &[u8]) -> Option<Secret> {
    let (key, password) = keys.split_at_checked(16)?;
    let cipher = Decryptor::<aes::Aes128>::new_from_slices(key, &AES_IV).ok()?;
    cipher.decrypt_padded_vec::<NoPadding>(password).ok().map(Secret::new)
}

fn of_des(digits: &[u8]) -> Option<Secret> {
    let (key, password) = digits.split_at_checked(16)?;
    let key = Zeroizing::new(base16ct::mixed::decode_vec(key).ok()?);
    let password = Zeroizing::new(base16ct::mixed::decode_vec(password).ok()?);
    let plain = decrypt_cbc::<des::Des>(&key, &DES_IV, &password).ok()?;
    Some(Secret::new(plain.to_vec()))
}

fn number(bytes: &[u8]) -> Result<(u32, &[u8]), Fault> {
    let (number, rest) = bytes.split_first_chunk().ok_or_else(short)?;
    Ok((u32::from_be_bytes(*number), rest))
}

fn short() -> Fault {
    damaged("it ends in the middle of its header")
}

fn damaged(what: &str) -> Fault {
    Fault::Damaged(what.to_owned())
}

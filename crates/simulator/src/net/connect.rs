//! The packets before a session: CONNECT, ACCEPT, REFUSE, REDIRECT, RESEND.

use oraedge::wire::Reader;
use oraedge::wire::reader::{DecodeError, Decoded};

use super::packet::HEADER_LENGTH;

/// The SDU field of 32 bits came with TNS version 315
/// (python-oracledb: "SDU (large)" in messages/connect.pyx).
const VERSION_LARGE_SDU: u16 = 315;
/// Flags in ACCEPT came with TNS version 318 (python-oracledb: `TNS_VERSION_MIN_OOB_CHECK`).
const VERSION_ACCEPT_FLAGS: u16 = 318;
/// A connection's identifier of 16 bytes at the end of ACCEPT: recorded at 319, not at 317.
const VERSION_ACCEPT_ID: u16 = 319;
/// What recorded servers put in both bytes of connect flags.
const ACCEPT_CONNECT_FLAGS: u8 = 0xc5;
/// Service options in ACCEPT, recorded: no out-of-band breaks.
const ACCEPT_OPTIONS: u16 = 0x0001;

/// `ORA-12514: listener does not currently know of service`.
pub const ERROR_UNKNOWN_SERVICE: u32 = 12514;
/// `ORA-12505: listener does not currently know of SID`.
pub const ERROR_UNKNOWN_SID: u32 = 12505;

/// What a CONNECT packet asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connect {
    /// The client's TNS version.
    pub version: u16,
    /// The lowest TNS version that the client takes.
    pub minimum_version: u16,
    /// The largest packet that the client takes, in bytes.
    pub sdu: u32,
    /// How long the connect data is, in bytes.
    pub data_length: usize,
    /// The connect data; empty if it comes in a DATA packet of its own.
    pub data: Vec<u8>,
}

impl Connect {
    /// Reads the body of a CONNECT packet.
    pub fn decode(body: &[u8]) -> Decoded<Connect> {
        let mut reader = Reader::new(body);
        let version = reader.u16_be("connect: version")?;
        let minimum_version = reader.u16_be("connect: minimum version")?;
        reader.skip(2, "connect: options")?;
        let small_sdu = reader.u16_be("connect: SDU")?;
        reader.skip(2 + 2 + 2 + 2, "connect: TDU and characteristics")?;
        let data_length = usize::from(reader.u16_be("connect: data length")?);
        let data_offset = usize::from(reader.u16_be("connect: data offset")?);
        reader.skip(4 + 2 + 24, "connect: flags")?;
        let header_end = data_offset.saturating_sub(HEADER_LENGTH);
        let mut sdu = u32::from(small_sdu);
        if version >= VERSION_LARGE_SDU && header_end >= reader.position() + 4 {
            let large_sdu = reader.u32_be("connect: large SDU")?;
            if large_sdu != 0 {
                sdu = large_sdu;
            }
        }
        let rest = body.get(header_end..).unwrap_or_default();
        let data = if rest.is_empty() && data_length > 0 {
            Vec::new()
        } else {
            let Some(data) = rest.get(..data_length) else {
                return Err(DecodeError::malformed(
                    "connect: data",
                    header_end,
                    format!("{data_length} bytes were announced, {} came", rest.len()),
                ));
            };
            data.to_vec()
        };
        Ok(Connect { version, minimum_version, sdu, data_length, data })
    }
}

/// The value of `key` in connect data such as `(DESCRIPTION=(CONNECT_DATA=(SERVICE_NAME=X)))`.
pub fn descriptor_value<'a>(descriptor: &'a str, key: &str) -> Option<&'a str> {
    descriptor.split('(').find_map(|part| {
        let (name, value) = part.split_once('=')?;
        if !name.trim().eq_ignore_ascii_case(key) {
            return None;
        }
        Some(value.split(')').next().unwrap_or_default().trim())
    })
}

/// The body of an ACCEPT. `id` names the connection from TNS version 319 on.
pub fn accept(version: u16, sdu: u32, flags: u32, id: [u8; 16]) -> Vec<u8> {
    let length = HEADER_LENGTH
        + if version >= VERSION_ACCEPT_ID {
            53
        } else if version >= VERSION_ACCEPT_FLAGS {
            37
        } else if version >= VERSION_LARGE_SDU {
            33
        } else {
            24
        };
    let small_sdu = if version >= VERSION_LARGE_SDU { 0 } else { sdu.min(65535) };
    let mut body = Vec::with_capacity(64);
    body.extend_from_slice(&version.to_be_bytes());
    body.extend_from_slice(&ACCEPT_OPTIONS.to_be_bytes());
    body.extend_from_slice(&u16::try_from(small_sdu).unwrap_or(u16::MAX).to_be_bytes());
    body.extend_from_slice(&[0, 0]); // TDU
    body.extend_from_slice(&[1, 0]); // byte order
    body.extend_from_slice(&[0, 0]); // length of data behind the header
    body.extend_from_slice(&u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes());
    body.extend_from_slice(&[ACCEPT_CONNECT_FLAGS, 0]);
    body.extend_from_slice(&[0; 8]);
    if version >= VERSION_LARGE_SDU {
        body.extend_from_slice(&sdu.to_be_bytes());
        body.extend_from_slice(&sdu.to_be_bytes()); // TDU
        body.push(0);
    }
    if version >= VERSION_ACCEPT_FLAGS {
        body.extend_from_slice(&flags.to_be_bytes());
    }
    if version >= VERSION_ACCEPT_ID {
        body.extend_from_slice(&id);
    }
    body
}

/// The body of a REFUSE with the listener's error `number`; `release` is the version number.
pub fn refuse(number: u32, release: u32) -> Vec<u8> {
    /// The user reason of a listener's refusal, recorded.
    const USER_REASON: u8 = 34;
    let text = format!(
        "(DESCRIPTION=(TMP=)(VSNNUM={release})(ERR={number})\
         (ERROR_STACK=(ERROR=(CODE={number})(EMFI=4))))"
    );
    let mut body = vec![USER_REASON, 0];
    body.extend_from_slice(&u16::try_from(text.len()).unwrap_or(u16::MAX).to_be_bytes());
    body.extend_from_slice(text.as_bytes());
    body
}

/// The body of a REDIRECT: the length of what the DATA packet behind it will hold.
///
/// The data is the address, a zero, and the connect data to send there.
pub fn redirect(address: &str, connect_data: &str) -> (Vec<u8>, Vec<u8>) {
    let mut data = address.as_bytes().to_vec();
    data.push(0);
    data.extend_from_slice(connect_data.as_bytes());
    (u16::try_from(data.len()).unwrap_or(u16::MAX).to_be_bytes().to_vec(), data)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::unhex;

    #[test]
    fn accepts_are_those_that_servers_sent() {
        // muh-pre23ai-xe18-accept-payload and muh-free23-accept-payload of the recordings.
        assert_eq!(
            accept(317, 8192, 0, [0; 16]),
            unhex("013d000100000000010000000029c5000000000000000000000020000000200000")
        );
        let id: [u8; 16] = unhex("700a1c72ab9fcc0f6c1cd8183afd776f").try_into().unwrap();
        assert_eq!(
            accept(319, 8192, 0x1a00_0000, id),
            unhex(
                "013f00010000000001000000003dc50000000000000000000000200000002000001a000000\
                 700a1c72ab9fcc0f6c1cd8183afd776f"
            )
        );
    }

    #[test]
    fn descriptor_values_are_found_in_any_case() {
        let descriptor = "(DESCRIPTION=(CONNECT_DATA=(Service_Name = FREEPDB1)(CID=(USER=a))))";
        assert_eq!(descriptor_value(descriptor, "SERVICE_NAME"), Some("FREEPDB1"));
        assert_eq!(descriptor_value(descriptor, "USER"), Some("a"));
        assert_eq!(descriptor_value(descriptor, "SID"), None);
    }

    #[test]
    fn a_connect_with_long_data_announces_it() {
        // issue-pyo-176-connect of the recordings.
        let packet = unhex(
            "004a000001000000013f012c04012000ffff4f980000000100ed004a0000000084840000000000000000\
             00000000000000000000000000000000000020000000ffff0000000000000001",
        );
        let connect = Connect::decode(&packet[HEADER_LENGTH..]).unwrap();
        assert_eq!((connect.version, connect.sdu, connect.data_length), (319, 8192, 237));
        assert!(connect.data.is_empty());
    }
}

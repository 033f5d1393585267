//! The negotiation of network services (encryption, checksums, ways of authentication) in front of
//! the protocol message. This server has none: over TLS there is no use for them.
//!
//! python-oracledb begins it when a client without a password has a wallet
//! (messages/network_services.pyx), node-oracledb in the same case without a token (sqlnet/ANO.js).

use oraedge::wire::reader::Decoded;
use oraedge::wire::{Reader, Writer};

/// What each message begins with (`TNS_NETWORK_MAGIC`).
const MAGIC: u32 = 0xdead_beef;
/// Head of a message: magic, length, version, number of services, flags.
const HEAD: usize = 4 + 2 + 4 + 2 + 1;
/// The most services that there are.
const MAX_SERVICES: u16 = 8;

/// Services (`TNS_NETWORK_SERVICE_*`).
mod service {
    pub(super) const AUTHENTICATION: u16 = 1;
    pub(super) const ENCRYPTION: u16 = 2;
    pub(super) const DATA_INTEGRITY: u16 = 3;
    pub(super) const SUPERVISOR: u16 = 4;
}

/// Types of a service's values (`TNS_NETWORK_TYPE_*`).
mod value_type {
    pub(super) const RAW: u16 = 1;
    pub(super) const UB2: u16 = 3;
    pub(super) const VERSION: u16 = 5;
    pub(super) const STATUS: u16 = 6;
}

/// All is well, of the supervisor.
const SUPERVISOR_OK: u16 = 0x1f;
/// No service of authentication (`TNS_NETWORK_AUTH_STATUS_DONT_USE_AUTH`).
const DO_NOT_AUTHENTICATE: u16 = 0xfbff;

/// What a client would like to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServicesRequest {
    /// Its version.
    version: u32,
    /// The services, in its order.
    services: Vec<u16>,
}

impl ServicesRequest {
    /// Whether `bytes` begin with such a message and not with one of TTC.
    pub fn is_next(bytes: &[u8]) -> bool {
        bytes.first() == MAGIC.to_be_bytes().first()
    }

    /// Reads the message.
    pub fn decode(reader: &mut Reader<'_>) -> Decoded<ServicesRequest> {
        let start = reader.position();
        let magic = reader.u32_be("network services: magic number")?;
        let length = usize::from(reader.u16_be("network services: length")?);
        let version = reader.u32_be("network services: version")?;
        let count = reader.u16_be("network services: number of services")?;
        reader.skip(1, "network services: flags")?;
        if magic != MAGIC || count > MAX_SERVICES || length < HEAD {
            return Err(reader.malformed(
                "network services",
                format!("magic number {magic:x}, {count} services, {length} bytes"),
            ));
        }
        let mut services = Vec::new();
        for _ in 0..count {
            services.push(reader.u16_be("network services: service")?);
            let values = reader.u16_be("network services: number of values")?;
            reader.skip(4, "network services: error")?;
            for _ in 0..values {
                let size = usize::from(reader.u16_be("network services: length of a value")?);
                reader.skip(2 + size, "network services: value")?;
                if reader.position() - start > length {
                    let what = format!("more than the {length} bytes that were announced");
                    return Err(reader.malformed("network services", what));
                }
            }
        }
        Ok(ServicesRequest { version, services })
    }

    /// Writes the answer: the services are there, and will not be used.
    pub fn put_answer(&self, writer: &mut Writer) {
        let mut body = Vec::new();
        for service in &self.services {
            let values: Vec<(u16, Vec<u8>)> = match *service {
                service::SUPERVISOR => vec![
                    (value_type::STATUS, SUPERVISOR_OK.to_be_bytes().to_vec()),
                    (value_type::RAW, self.supervised()),
                ],
                service::AUTHENTICATION => {
                    vec![(value_type::STATUS, DO_NOT_AUTHENTICATE.to_be_bytes().to_vec())]
                }
                // Of the algorithms, the one that does nothing.
                _ => vec![(value_type::RAW, vec![0])],
            };
            put_u16(&mut body, *service);
            put_u16(&mut body, u16::try_from(values.len() + 1).unwrap_or(u16::MAX));
            body.extend([0; 4]);
            let version = (value_type::VERSION, self.version.to_be_bytes().to_vec());
            for (kind, value) in std::iter::once(version).chain(values) {
                put_u16(&mut body, u16::try_from(value.len()).unwrap_or(u16::MAX));
                put_u16(&mut body, kind);
                body.extend(value);
            }
        }
        let mut head = MAGIC.to_be_bytes().to_vec();
        put_u16(&mut head, u16::try_from(HEAD + body.len()).unwrap_or(u16::MAX));
        head.extend(self.version.to_be_bytes());
        put_u16(&mut head, u16::try_from(self.services.len()).unwrap_or(u16::MAX));
        head.push(0);
        writer.raw(&head);
        writer.raw(&body);
    }

    fn supervised(&self) -> Vec<u8> {
        let known = [
            service::SUPERVISOR,
            service::AUTHENTICATION,
            service::ENCRYPTION,
            service::DATA_INTEGRITY,
        ];
        let mut list = MAGIC.to_be_bytes().to_vec();
        put_u16(&mut list, value_type::UB2);
        list.extend(4u32.to_be_bytes());
        known.iter().for_each(|service| put_u16(&mut list, *service));
        list
    }
}

fn put_u16(out: &mut Vec<u8>, value: u16) {
    out.extend(value.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As python-oracledb 26.1 writes it: supervisor, authentication (tcps), encryption, checksums.
    fn request() -> Vec<u8> {
        crate::testing::unhex(
            "deadbeef 0092 17700000 0004 00 \
             0004 0003 00000000 0004000517700000 00080001 0102030405060708 \
             00120001 deadbeef 0003 00000004 0004000100020003 \
             0001 0005 00000000 0004000517700000 00020003e0e1 00020006fcff 0001000202 0004000074637073 \
             0002 0002 00000000 0004000517700000 0001000100 \
             0003 0002 00000000 0004000517700000 0001000100",
        )
    }

    #[test]
    fn what_is_asked_for_is_there_and_not_used() {
        let request = request();
        assert_eq!(request.len(), 0x92);
        let mut reader = Reader::new(&request);
        let decoded = ServicesRequest::decode(&mut reader).expect("a request");
        assert_eq!((reader.position(), decoded.services.as_slice()), (0x92, &[4, 1, 2, 3][..]));
        let mut writer = Writer::new();
        decoded.put_answer(&mut writer);
        let answer = writer.as_slice();
        let length = answer.len().to_be_bytes();
        assert_eq!(answer.get(4..6), length.get(6..8));
        // An answer has the same form.
        let mut reader = Reader::new(answer);
        assert_eq!(ServicesRequest::decode(&mut reader).expect("an answer"), decoded);
        assert_eq!(reader.position(), answer.len());
        for status in [[0x00, 0x1f], [0xfb, 0xff]] {
            let value = [&[0, 2, 0, 6][..], &status].concat();
            assert!(answer.windows(6).any(|window| window == value), "{status:x?}");
        }
    }

    #[test]
    fn half_a_request_waits_for_the_rest() {
        let request = request();
        for length in 1..request.len() {
            let part = request.get(..length).expect("within");
            assert!(ServicesRequest::is_next(part));
            let result = ServicesRequest::decode(&mut Reader::new(part));
            assert!(
                matches!(result, Err(oraedge::wire::reader::DecodeError::Short { .. })),
                "{length}: {result:?}"
            );
        }
    }
}

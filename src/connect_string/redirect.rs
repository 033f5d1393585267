//! What a REDIRECT packet says: where to connect instead, and what to ask for there.
//!
//! The data is the text of an address and, in the same packet, a zero byte and the text for the
//! next CONNECT packet. Learned from python-oracledb `_connect_phase_one` in
//! `impl/thin/connection.pyx` and node-oracledb `lib/thin/sqlnet/networkSession.js`, which also
//! takes an address alone, as older listeners send it.

use super::model::{Address, ConnectDescriptor};
use crate::error::{Error, Result};

/// The content of a REDIRECT packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    /// Where to connect: host and port are the listener's; protocol and proxy stay, so that a
    /// listener cannot talk the driver out of TLS.
    pub address: Address,
    /// The text of the next CONNECT packet; `None` to send the same again.
    pub connect_data: Option<String>,
}

impl Redirect {
    /// Reads the data of a REDIRECT that came over a connection to `from`.
    ///
    /// # Errors
    ///
    /// [`Error::PeerMisbehaved`] if it is not text, or names no address.
    pub fn parse(data: &[u8], from: &Address) -> Result<Redirect> {
        let text = std::str::from_utf8(data).map_err(|error| {
            Error::misbehaved(format!("REDIRECT: expected text, found other bytes ({error})"))
        })?;
        let (address, connect_data) = match text.split_once('\0') {
            Some((address, connect_data)) => (address, Some(connect_data)),
            None => (text, None),
        };
        let descriptor = ConnectDescriptor::parse(address).map_err(|error| {
            Error::misbehaved(format!("REDIRECT: expected an address, found another text: {error}"))
        })?;
        let Some(to) = descriptor.addresses().next() else {
            return Err(Error::misbehaved("REDIRECT: the address names no host"));
        };
        Ok(Redirect {
            address: Address { host: to.host.clone(), port: to.port, ..from.clone() },
            connect_data: connect_data.map(str::to_owned),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::Protocol;
    use super::*;

    #[test]
    fn address_and_connect_data_are_parted_by_a_zero_byte() {
        let from = Address::new(Protocol::Tcps, "scan", 2484);
        let data = b"(ADDRESS=(PROTOCOL=TCP)(HOST=node2)(PORT=1522))\0(DESCRIPTION=(X=1))";
        let redirect = Redirect::parse(data, &from).unwrap();
        assert_eq!(redirect.address, Address::new(Protocol::Tcps, "node2", 1522));
        assert_eq!(redirect.connect_data.as_deref(), Some("(DESCRIPTION=(X=1))"));
        let redirect = Redirect::parse(b"(ADDRESS=(HOST=node2)(PORT=1522))", &from).unwrap();
        assert_eq!(redirect.connect_data, None);
    }

    #[test]
    fn a_redirect_that_leads_nowhere_is_the_peers_fault() {
        let from = Address::new(Protocol::Tcp, "scan", 1521);
        for data in [&b""[..], b"\0", b"\xff\xfe", b"(ADDRESS=(PORT=1))\0x", b"nowhere\0x"] {
            let error = Redirect::parse(data, &from).unwrap_err();
            assert!(matches!(error, Error::PeerMisbehaved { .. }), "{error}");
        }
    }
}

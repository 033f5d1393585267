//! Which addresses a name may lead to. A name on the list says who is meant; what it resolves to is
//! in the hands of whoever runs its DNS, who could point it into the bridge's own network. So each
//! resolved address is looked at, and the connection goes to that very address.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use crate::policy::{ConfigError, Target};
use crate::refusal::{Code, Refusal};

/// What an address is for, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Anywhere on the internet.
    Public,
    /// This machine.
    Loopback,
    /// A network that is not the internet (RFC 1918, RFC 4193, shared address space RFC 6598).
    Private,
    /// This link only (RFC 3927, RFC 4291).
    LinkLocal,
    /// A cloud's metadata service, which gives out the machine's credentials.
    Metadata,
    /// No host at all: unspecified, multicast, documentation, reserved.
    Reserved,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Public => "a public address",
            Kind::Loopback => "a loopback address",
            Kind::Private => "a private address",
            Kind::LinkLocal => "a link-local address",
            Kind::Metadata => "the address of a metadata service",
            Kind::Reserved => "a reserved address",
        })
    }
}

/// Metadata services: OCI, AWS, Azure and Google Cloud share the first; OCI Classic, Alibaba Cloud
/// (in shared address space), and Azure's host agent ("wire server").
const METADATA_V4: [Ipv4Addr; 4] = [
    Ipv4Addr::new(169, 254, 169, 254),
    Ipv4Addr::new(192, 0, 0, 192),
    Ipv4Addr::new(100, 100, 100, 200),
    Ipv4Addr::new(168, 63, 129, 16),
];

/// The same over IPv6: OCI, AWS, Google Cloud.
const METADATA_V6: [Ipv6Addr; 3] = [
    Ipv6Addr::new(0xfd00, 0xc1, 0, 0, 0, 0, 0xa9fe, 0xa9fe),
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254),
    Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),
];

/// What `address` is for. An IPv4 address inside an IPv6 one counts as itself.
pub(crate) fn kind_of(address: IpAddr) -> Kind {
    match address {
        IpAddr::V4(v4) => kind_of_v4(v4),
        IpAddr::V6(v6) => match embedded_v4(v6) {
            Some(v4) => kind_of_v4(v4),
            None => kind_of_v6(v6),
        },
    }
}

fn kind_of_v4(v4: Ipv4Addr) -> Kind {
    let [a, b, c, _] = v4.octets();
    if METADATA_V4.contains(&v4) {
        Kind::Metadata
    } else if v4.is_loopback() {
        Kind::Loopback
    } else if v4.is_link_local() {
        Kind::LinkLocal
    } else if v4.is_private() || (a == 100 && b & 0xC0 == 64) || (a == 198 && b & 0xFE == 18) {
        // The last is for benchmarks of networks (RFC 2544).
        Kind::Private
    } else if a == 0 || a >= 224 || v4.is_documentation() || (a, b, c) == (192, 0, 0) {
        Kind::Reserved
    } else {
        Kind::Public
    }
}

fn kind_of_v6(v6: Ipv6Addr) -> Kind {
    let first = v6.segments()[0];
    if METADATA_V6.contains(&v6) {
        Kind::Metadata
    } else if v6.is_loopback() {
        Kind::Loopback
    } else if first & 0xFFC0 == 0xFE80 {
        Kind::LinkLocal
    } else if first & 0xFE00 == 0xFC00 || first & 0xFFC0 == 0xFEC0 {
        // fec0::/10 was site-local before RFC 3879.
        Kind::Private
    } else if first & 0xE000 == 0x2000 && v6.segments()[..2] != [0x2001, 0xDB8] {
        Kind::Public
    } else {
        Kind::Reserved
    }
}

/// The IPv4 host that an IPv6 address stands for: mapped and compatible (RFC 4291), NAT64
/// (RFC 6052), 6to4 (RFC 3056), Teredo (RFC 4380, where it is stored inverted).
fn embedded_v4(v6: Ipv6Addr) -> Option<Ipv4Addr> {
    let low = |bits: u128| Ipv4Addr::from_bits((bits & 0xFFFF_FFFF) as u32);
    let bits = v6.to_bits();
    match v6.segments() {
        [0, 0, 0, 0, 0, 0xFFFF, _, _] | [0x64, 0xFF9B, 0, 0, 0, 0, _, _] => Some(low(bits)),
        [0, 0, 0, 0, 0, 0, high, _] if high != 0 => Some(low(bits)),
        [0x2002, ..] => Some(low(bits >> 80)),
        [0x2001, 0, ..] => Some(low(!bits)),
        _ => None,
    }
}

/// Networks whose addresses names may lead to, public ones besides.
#[derive(Debug, Default)]
pub(crate) struct Networks(Vec<IpNet>);

impl Networks {
    /// Adds a network, or a single address.
    pub(crate) fn allow(&mut self, text: &str) -> Result<(), ConfigError> {
        let network = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
        let network: IpNet = network.map_err(|_| {
            ConfigError::new(format!(
                "{text:?} is not a network: write ADDRESS/BITS, for instance 10.0.0.0/8, or one address"
            ))
        })?;
        self.0.push(network);
        Ok(())
    }

    /// Whether the bridge may connect to `address` for `target`.
    ///
    /// A target that is an address was listed as such. `localhost` is this machine by definition
    /// (RFC 6761). A metadata service is nobody's database, listed or not.
    pub(crate) fn check(&self, target: &Target, address: IpAddr) -> Result<(), Refusal> {
        let kind = kind_of(address);
        let listed = match kind {
            Kind::Public => true,
            Kind::Metadata => false,
            Kind::Loopback if target.host() == "localhost" => true,
            _ => {
                target.host().parse() == Ok(address)
                    || self.0.iter().any(|network| network.contains(&address.to_canonical()))
            }
        };
        if listed {
            return Ok(());
        }
        let remedy = match kind {
            Kind::Metadata => "metadata services are never connected to".to_owned(),
            _ => format!(
                "if that is the right address, start oraedge-bridge with --allow-network {} (or a network that holds it)",
                IpNet::from(address.to_canonical())
            ),
        };
        Err(Refusal::new(
            Code::AddressNotAllowed,
            format!("{} leads to {address}, {kind}", target.host()),
            remedy,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_sorted_by_what_they_are_for() {
        for (addresses, kind) in [
            (
                &["8.8.8.8", "192.0.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1"][..],
                Kind::Public,
            ),
            (
                &["127.0.0.1", "127.255.0.9", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1"],
                Kind::Loopback,
            ),
            (&["2002:7f00:1::", "::127.0.0.1"], Kind::Loopback),
            // Teredo: the client's address is stored with its bits turned over.
            (&["2001:0:1:2:3:4:80ff:fffe"], Kind::Loopback),
            (
                &[
                    "10.1.2.3",
                    "172.16.0.1",
                    "172.31.9.9",
                    "192.168.0.1",
                    "100.64.0.1",
                    "198.19.1.1",
                ],
                Kind::Private,
            ),
            (
                &["fc00::1", "fd12:3456::1", "fec0::1", "::ffff:10.0.0.1", "2002:a00:1::1"],
                Kind::Private,
            ),
            (&["169.254.1.1", "fe80::1", "febf::1", "::ffff:169.254.1.1"], Kind::LinkLocal),
            (
                &[
                    "169.254.169.254",
                    "::ffff:169.254.169.254",
                    "64:ff9b::a9fe:a9fe",
                    "fd00:c1::a9fe:a9fe",
                    "fd00:ec2::254",
                    "192.0.0.192",
                    "100.100.100.200",
                ],
                Kind::Metadata,
            ),
            (
                &[
                    "0.0.0.0",
                    "0.1.2.3",
                    "224.0.0.1",
                    "255.255.255.255",
                    "192.0.2.1",
                    "240.0.0.1",
                    "::",
                    "ff02::1",
                    "2001:db8::1",
                    "100::1",
                ],
                Kind::Reserved,
            ),
        ] {
            for address in addresses {
                assert_eq!(kind_of(address.parse().unwrap()), kind, "{address}");
            }
        }
    }

    #[test]
    fn what_is_not_public_must_be_listed() {
        let networks =
            Networks(vec!["10.0.0.0/8".parse().unwrap(), "169.254.0.0/16".parse().unwrap()]);
        for (host, address, allowed) in [
            ("db.example", "8.8.8.8", true),
            ("db.example", "10.1.2.3", true),
            ("db.example", "::ffff:10.1.2.3", true),
            ("db.example", "192.168.0.1", false),
            ("db.example", "127.0.0.1", false),
            ("db.example", "::1", false),
            ("db.example", "0.0.0.0", false),
            ("db.example", "169.254.7.7", true),
            ("db.example", "169.254.169.254", false),
            ("localhost", "127.0.0.1", true),
            ("localhost", "::1", true),
            ("localhost", "192.168.0.1", false),
            ("192.168.0.1", "192.168.0.1", true),
            ("192.168.0.1", "192.168.0.2", false),
            ("127.0.0.1", "127.0.0.1", true),
            // What getaddrinfo makes of it is not what was written.
            ("0x7f.1", "127.0.0.1", false),
            ("2130706433", "127.0.0.1", false),
            ("169.254.169.254", "169.254.169.254", false),
            ("::ffff:a9fe:a9fe", "::ffff:169.254.169.254", false),
        ] {
            let verdict = networks.check(&Target::new(host, 1521), address.parse().unwrap());
            assert_eq!(verdict.is_ok(), allowed, "{host} -> {address}");
            if let Err(refusal) = verdict {
                assert_eq!(refusal.code, Code::AddressNotAllowed);
                assert!(refusal.message.contains(address), "{refusal}");
            }
        }
    }
}

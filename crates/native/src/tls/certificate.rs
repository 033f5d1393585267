//! What the certificate of a server says, as far as names, dates and errors need it.

use std::net::IpAddr;

use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;
use x509_parser::time::ASN1Time;
use x509_parser::x509::X509Name;

/// The parts of a server's certificate that are matched and shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ServerCertificate {
    /// Distinguished name of whom it is for: attribute and value, in the order of the certificate.
    pub(super) subject: Vec<(String, String)>,
    /// Distinguished name of who issued it, as text.
    pub(super) issuer: String,
    /// DNS names among the alternative names.
    pub(super) dns_names: Vec<String>,
    /// IP addresses among the alternative names.
    pub(super) ip_addresses: Vec<IpAddr>,
    /// First second in which it is valid.
    pub(super) not_before: ASN1Time,
    /// Last second in which it is valid.
    pub(super) not_after: ASN1Time,
}

impl ServerCertificate {
    /// Reads it from DER; `None` if it cannot be read.
    pub(super) fn read(der: &[u8]) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let mut dns_names = Vec::new();
        let mut ip_addresses = Vec::new();
        if let Ok(Some(extension)) = certificate.subject_alternative_name() {
            for name in &extension.value.general_names {
                match name {
                    GeneralName::DNSName(name) => dns_names.push((*name).to_owned()),
                    GeneralName::IPAddress(bytes) => ip_addresses.extend(ip_address(bytes)),
                    _ => {}
                }
            }
        }
        Some(ServerCertificate {
            subject: attributes(certificate.subject()),
            issuer: certificate.issuer().to_string(),
            dns_names,
            ip_addresses,
            not_before: certificate.validity().not_before,
            not_after: certificate.validity().not_after,
        })
    }

    /// The subject as text: `CN=db.example, O=Example`.
    pub(super) fn subject_text(&self) -> String {
        let parts: Vec<String> =
            self.subject.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if parts.is_empty() { "(no name)".to_owned() } else { parts.join(", ") }
    }

    /// The common names of the subject.
    pub(super) fn common_names(&self) -> impl Iterator<Item = &str> {
        self.subject.iter().filter(|(name, _)| name == "CN").map(|(_, value)| value.as_str())
    }
}

/// `2026-11-24 22:18:10 UTC`.
pub(super) fn date(time: ASN1Time) -> String {
    let time = time.to_datetime();
    format!(
        "{}-{:02}-{:02} {:02}:{:02}:{:02} UTC",
        time.year(),
        u8::from(time.month()),
        time.day(),
        time.hour(),
        time.minute(),
        time.second()
    )
}

fn ip_address(bytes: &[u8]) -> Option<IpAddr> {
    if let Ok(octets) = <[u8; 4]>::try_from(bytes) {
        return Some(octets.into());
    }
    <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from)
}

fn attributes(name: &X509Name<'_>) -> Vec<(String, String)> {
    name.iter_attributes()
        .map(|attribute| {
            let oid = attribute.attr_type().to_id_string();
            let name = short_name(&oid).map_or(oid.clone(), str::to_owned);
            (name, attribute.as_str().unwrap_or("(not text)").to_owned())
        })
        .collect()
}

/// The name of an attribute type in a distinguished name (RFC 4514, section 3; and `emailAddress`
/// as OpenSSL writes it).
fn short_name(oid: &str) -> Option<&'static str> {
    Some(match oid {
        "2.5.4.3" => "CN",
        "2.5.4.6" => "C",
        "2.5.4.7" => "L",
        "2.5.4.8" => "ST",
        "2.5.4.9" => "STREET",
        "2.5.4.10" => "O",
        "2.5.4.11" => "OU",
        "0.9.2342.19200300.100.1.1" => "UID",
        "0.9.2342.19200300.100.1.25" => "DC",
        "1.2.840.113549.1.9.1" => "EMAILADDRESS",
        _ => return None,
    })
}

//! Reads what is shown and matched of a certificate (RFC 5280, 4.1) from DER. Checking is webpki's
//! business; what it rejects is read here all the same, to say what is wrong with it.

use der::asn1::{AnyRef, GeneralizedTime, ObjectIdentifier, UtcTime};
use der::{Decode, ErrorKind, Reader, Result, SliceReader, Tag, Tagged};

use super::algorithms;
use super::{Certificate, Date, DistinguishedName, PublicKey};
use crate::trust::Fingerprint;

const SUBJECT_ALTERNATIVE_NAME: &str = "2.5.29.17";
const KEY_USAGE: &str = "2.5.29.15";
const BASIC_CONSTRAINTS: &str = "2.5.29.19";
const EXTENDED_KEY_USAGE: &str = "2.5.29.37";
const NAME_CONSTRAINTS: &str = "2.5.29.30";
/// Extensions that webpki takes into account, critical or not.
const CHECKED: [&str; 5] =
    [SUBJECT_ALTERNATIVE_NAME, KEY_USAGE, BASIC_CONSTRAINTS, EXTENDED_KEY_USAGE, NAME_CONSTRAINTS];

pub(super) fn certificate(der: &[u8]) -> Result<Certificate> {
    let mut outer = parts(AnyRef::from_der(der)?)?;
    let mut tbs = parts(next(&mut outer)?)?;
    let signature_algorithm = algorithm(next(&mut outer)?)?.0;

    let mut field = next(&mut tbs)?;
    let mut version = 1;
    if number_of(field) == Some(0) {
        // The number on the wire counts from 0.
        let number = parts(field)?.decode::<u8>()?;
        version = number.saturating_add(1);
        field = next(&mut tbs)?;
    }
    let _serial_number = field;
    let _signature_algorithm = next(&mut tbs)?;
    let issuer = distinguished_name(next(&mut tbs)?)?;
    let mut validity = parts(next(&mut tbs)?)?;
    let (not_before, not_after) = (date(next(&mut validity)?)?, date(next(&mut validity)?)?);
    let subject = distinguished_name(next(&mut tbs)?)?;
    let key = public_key(next(&mut tbs)?)?;

    let mut certificate = Certificate {
        subject,
        issuer,
        version,
        not_before,
        not_after,
        dns_names: Vec::new(),
        ip_addresses: Vec::new(),
        is_ca: false,
        key_usage: None,
        purposes: Vec::new(),
        unknown_critical: Vec::new(),
        signature_algorithm: algorithms::name(signature_algorithm),
        key,
        fingerprint: Fingerprint::of(der),
    };
    while !tbs.is_finished() {
        let field = next(&mut tbs)?;
        if number_of(field) == Some(3) {
            let mut extensions = parts(next(&mut parts(field)?)?)?;
            while !extensions.is_finished() {
                // One that cannot be read is shown as not there; webpki objects to it.
                let _ = extension(&mut certificate, next(&mut extensions)?);
            }
        }
    }
    Ok(certificate)
}

fn extension(certificate: &mut Certificate, extension: AnyRef<'_>) -> Result<()> {
    let mut fields = parts(extension)?;
    let oid: ObjectIdentifier = fields.decode()?;
    let mut value = next(&mut fields)?;
    let critical = value.tag() == Tag::Boolean && value.decode_as::<bool>()?;
    if value.tag() == Tag::Boolean {
        value = next(&mut fields)?;
    }
    let oid = oid.to_string();
    if critical && !CHECKED.contains(&oid.as_str()) {
        certificate.unknown_critical.push(oid);
        return Ok(());
    }
    let value = AnyRef::from_der(value.value())?;
    match oid.as_str() {
        SUBJECT_ALTERNATIVE_NAME => {
            let mut names = parts(value)?;
            while !names.is_finished() {
                let name = next(&mut names)?;
                match number_of(name) {
                    Some(2) => certificate.dns_names.extend(text(Tag::Ia5String, name.value())),
                    Some(7) => certificate.ip_addresses.extend(ip_address(name.value())),
                    _ => {}
                }
            }
        }
        KEY_USAGE => {
            // The first octet counts unused bits; the first bit is the highest of the next octet.
            let bits = value.value().iter().skip(1).take(2).zip([0, 8]);
            let bits = bits.map(|(octet, shift)| u16::from(octet.reverse_bits()) << shift);
            certificate.key_usage = Some(bits.fold(0, |all, some| all | some));
        }
        BASIC_CONSTRAINTS => {
            let mut fields = parts(value)?;
            certificate.is_ca = !fields.is_finished() && fields.decode::<bool>()?;
        }
        EXTENDED_KEY_USAGE => {
            let mut purposes = parts(value)?;
            while !purposes.is_finished() {
                certificate.purposes.push(algorithms::name(purposes.decode()?));
            }
        }
        _ => {}
    }
    Ok(())
}

fn public_key(info: AnyRef<'_>) -> Result<PublicKey> {
    let mut fields = parts(info)?;
    let (oid, parameters) = algorithm(next(&mut fields)?)?;
    let name = algorithms::name(oid);
    let key = next(&mut fields)?;
    Ok(match name.as_str() {
        "RSA" => {
            // A bit string: the count of unused bits, which is 0, then the key.
            let (_, key) = key.value().split_first().ok_or(ErrorKind::Failed)?;
            let modulus = next(&mut parts(AnyRef::from_der(key)?)?)?;
            let octets = modulus.value();
            let zeros = octets.iter().take_while(|octet| **octet == 0).count();
            let unused = octets.get(zeros).map_or(0, |octet| octet.leading_zeros());
            let bits = (octets.len() - zeros) * 8 - usize::try_from(unused).unwrap_or(0);
            PublicKey { algorithm: name, bits: Some(bits) }
        }
        "EC" => {
            let curve = parameters.and_then(|curve| curve.decode_as::<ObjectIdentifier>().ok());
            let curve = curve.map_or("unknown curve".to_owned(), algorithms::name);
            PublicKey { algorithm: format!("EC {curve}"), bits: None }
        }
        _ => PublicKey { algorithm: name, bits: None },
    })
}

/// An algorithm's number and parameters.
fn algorithm(identifier: AnyRef<'_>) -> Result<(ObjectIdentifier, Option<AnyRef<'_>>)> {
    let mut fields = parts(identifier)?;
    let oid = fields.decode()?;
    let parameters = if fields.is_finished() { None } else { Some(next(&mut fields)?) };
    Ok((oid, parameters))
}

fn distinguished_name(name: AnyRef<'_>) -> Result<DistinguishedName> {
    let mut attributes = Vec::new();
    let mut sets = parts(name)?;
    while !sets.is_finished() {
        let mut set = parts(next(&mut sets)?)?;
        while !set.is_finished() {
            let mut attribute = parts(next(&mut set)?)?;
            let oid = attribute.decode()?;
            let value = next(&mut attribute)?;
            let value = text(value.tag(), value.value()).unwrap_or_else(|| "(not text)".to_owned());
            attributes.push((algorithms::name(oid), value));
        }
    }
    Ok(DistinguishedName(attributes))
}

fn date(time: AnyRef<'_>) -> Result<Date> {
    let duration = match time.tag() {
        Tag::UtcTime => time.decode_as::<UtcTime>()?.to_unix_duration(),
        _ => time.decode_as::<GeneralizedTime>()?.to_unix_duration(),
    };
    Ok(Date(duration.as_secs()))
}

/// The text of a directory string (RFC 5280, 4.1.2.4).
fn text(tag: Tag, value: &[u8]) -> Option<String> {
    match tag {
        Tag::Utf8String | Tag::PrintableString | Tag::Ia5String | Tag::VisibleString => {
            String::from_utf8(value.to_vec()).ok()
        }
        // In practice Latin-1.
        Tag::TeletexString => Some(value.iter().map(|octet| char::from(*octet)).collect()),
        Tag::BmpString => {
            let units: Vec<u16> = value
                .chunks_exact(2)
                .filter_map(|pair| <[u8; 2]>::try_from(pair).ok().map(u16::from_be_bytes))
                .collect();
            String::from_utf16(&units).ok()
        }
        _ => None,
    }
}

fn ip_address(octets: &[u8]) -> Option<std::net::IpAddr> {
    if let Ok(octets) = <[u8; 4]>::try_from(octets) {
        return Some(octets.into());
    }
    <[u8; 16]>::try_from(octets).ok().map(Into::into)
}

/// What is inside of a constructed value.
fn parts(value: AnyRef<'_>) -> Result<SliceReader<'_>> {
    SliceReader::new(value.value())
}

fn next<'a>(reader: &mut SliceReader<'a>) -> Result<AnyRef<'a>> {
    AnyRef::decode(reader)
}

/// The number of a tag that means something in its context only.
fn number_of(value: AnyRef<'_>) -> Option<u32> {
    match value.tag() {
        Tag::ContextSpecific { number, .. } => Some(number.value()),
        _ => None,
    }
}

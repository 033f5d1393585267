//! Which certificate is the key's, which ones lead from it to an authority, and which are trusted.

use der::Decode;
use x509_cert::Certificate;
use x509_cert::time::Time;

use crate::contents::Contents;
use crate::error::Fault;
use crate::key;

/// What a wallet's certificates are for.
pub(crate) struct Sorted {
    /// Certificates that servers' certificates may lead to.
    pub(crate) roots: Vec<Vec<u8>>,
    /// The client's certificate and those that lead from it to an authority; empty without a key.
    pub(crate) chain: Vec<Vec<u8>>,
}

/// Sorts the certificates of a file.
pub(crate) fn sort(contents: &Contents) -> Result<Sorted, Fault> {
    let parsed = parse(&contents.certificates)?;
    let Some(key) = &contents.key else {
        return Ok(Sorted { roots: contents.certificates.clone(), chain: Vec::new() });
    };
    if parsed.is_empty() {
        return Err(Fault::NoCertificate);
    }
    let own = match key::public_half(key) {
        Some(public) => parsed
            .iter()
            .position(|certificate| public_key(certificate) == public.as_slice())
            .ok_or_else(|| Fault::KeyMismatch(parsed.iter().map(subject).collect()))?,
        // As OpenSSL does: the first certificate is the key's.
        None => 0,
    };
    let mut chain = vec![own];
    while let Some(next) = issuer(&parsed, &chain) {
        chain.push(next);
    }
    // A root is known to the server if it is known at all.
    if chain.len() > 1 && chain.last().is_some_and(|last| parsed.get(*last).is_some_and(is_root)) {
        chain.pop();
    }
    let of = |index: &usize| contents.certificates.get(*index).cloned();
    let roots = (0..parsed.len()).filter(|index| *index != own);
    Ok(Sorted {
        roots: roots.filter_map(|index| of(&index)).collect(),
        chain: chain.iter().filter_map(of).collect(),
    })
}

/// The certificate behind the last one of a chain.
fn issuer(all: &[Certificate], chain: &[usize]) -> Option<usize> {
    let last = all.get(*chain.last()?)?.tbs_certificate();
    if last.issuer() == last.subject() {
        return None;
    }
    (0..all.len()).find(|index| {
        !chain.contains(index)
            && all
                .get(*index)
                .is_some_and(|other| other.tbs_certificate().subject() == last.issuer())
    })
}

fn is_root(certificate: &Certificate) -> bool {
    certificate.tbs_certificate().issuer() == certificate.tbs_certificate().subject()
}

fn public_key(certificate: &Certificate) -> &[u8] {
    certificate.tbs_certificate().subject_public_key_info().subject_public_key.raw_bytes()
}

fn subject(certificate: &Certificate) -> String {
    certificate.tbs_certificate().subject().to_string()
}

/// Whether the certificate is valid at a moment.
///
/// # Errors
/// [`Fault::Expired`] and [`Fault::NotYetValid`], with both dates.
pub(crate) fn check_dates(der: &[u8], unix_seconds: u64) -> Result<(), Fault> {
    let certificate = Certificate::from_der(der).map_err(|error| unreadable(0, error))?;
    let validity = certificate.tbs_certificate().validity();
    let seconds = |time: Time| time.to_unix_duration().as_secs();
    let text = |time: Time| time.to_date_time().to_string().replace('T', " ").replace('Z', " UTC");
    let subject = subject(&certificate);
    let (not_before, not_after) = (text(validity.not_before), text(validity.not_after));
    if unix_seconds > seconds(validity.not_after) {
        Err(Fault::Expired { subject, not_before, not_after })
    } else if unix_seconds < seconds(validity.not_before) {
        Err(Fault::NotYetValid { subject, not_before, not_after })
    } else {
        Ok(())
    }
}

fn parse(certificates: &[Vec<u8>]) -> Result<Vec<Certificate>, Fault> {
    certificates
        .iter()
        .enumerate()
        .map(|(index, der)| Certificate::from_der(der).map_err(|error| unreadable(index, error)))
        .collect()
}

fn unreadable(index: usize, error: der::Error) -> Fault {
    Fault::Damaged(format!("certificate {} cannot be read: {error}", index + 1))
}

//! Whom to trust: certification authorities, and single certificates by their fingerprint.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use oraedge::{Error, Result};
use rustls::RootCertStore;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

/// The certificates that make a server's certificate good.
#[derive(Debug, Clone)]
pub struct Trust {
    roots: Arc<RootCertStore>,
    /// The certificates that the caller gave, for one that is the server's own and not an
    /// authority's, and to tell a namesake from the authority.
    given: Vec<CertificateDer<'static>>,
}

impl Trust {
    /// The authorities that Mozilla trusts, compiled in. Enough for a cloud database without a
    /// wallet.
    pub fn mozilla() -> Self {
        let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        Trust { roots: Arc::new(roots), given: Vec::new() }
    }

    /// These authorities and no others, in PEM. A server's own certificate may be among them: it
    /// is then trusted as it is, whoever issued it, until it expires.
    ///
    /// # Errors
    /// [`Error::Misuse`] if there is no certificate in it, or one that cannot be read.
    pub fn only_pem(pem: &[u8]) -> Result<Self> {
        let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
        match read {
            Ok(certificates) if certificates.is_empty() => Err(Error::misuse(
                "there is no certificate in the CA text",
                "expected PEM: -----BEGIN CERTIFICATE----- ...",
            )),
            Ok(certificates) => Ok(Trust::of(certificates)),
            Err(error) => Err(Error::misuse(
                format!("the CA text is not PEM: {error}"),
                "expected PEM: -----BEGIN CERTIFICATE----- ...",
            )),
        }
    }

    /// [`only_pem`](Self::only_pem) for certificates in DER; of none, nobody is trusted.
    pub fn only_der(certificates: impl IntoIterator<Item = Vec<u8>>) -> Self {
        Trust::of(certificates.into_iter().map(CertificateDer::from).collect())
    }

    fn of(given: Vec<CertificateDer<'static>>) -> Self {
        let mut roots = RootCertStore::empty();
        for certificate in &given {
            // What cannot be an authority may still be the server's own certificate.
            let _ = roots.add(certificate.clone());
        }
        Trust { roots: Arc::new(roots), given }
    }

    /// Both lists together.
    #[must_use]
    pub fn and(mut self, other: Trust) -> Self {
        Arc::make_mut(&mut self.roots).roots.extend(other.roots.roots.iter().cloned());
        self.given.extend(other.given);
        self
    }

    /// How many authorities there are.
    pub fn len(&self) -> usize {
        self.roots.len()
    }

    /// Whether nobody is trusted.
    pub fn is_empty(&self) -> bool {
        self.given.is_empty() && self.roots.is_empty()
    }

    /// The authorities, for a TLS client that is not this crate's.
    pub fn roots(&self) -> &Arc<RootCertStore> {
        &self.roots
    }

    /// Whether the caller gave this very certificate.
    pub(crate) fn has(&self, certificate: &[u8]) -> bool {
        self.given.iter().any(|given| given.as_ref() == certificate)
    }

    /// Whether an authority has this name, in DER without its outer tag.
    pub(crate) fn has_name(&self, subject: &[u8]) -> bool {
        self.roots.roots.iter().any(|root| root.subject.as_ref() == subject)
    }
}

impl Default for Trust {
    fn default() -> Self {
        Trust::mozilla()
    }
}

/// SHA-256 of a certificate in DER.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The fingerprint of a certificate in DER.
    pub fn of(certificate: &[u8]) -> Self {
        let digest = ring::digest::digest(&ring::digest::SHA256, certificate);
        let mut bytes = [0; 32];
        for (to, from) in bytes.iter_mut().zip(digest.as_ref()) {
            *to = *from;
        }
        Fingerprint(bytes)
    }
}

/// `3F:A9:...`, as `openssl x509 -fingerprint -sha256` writes it.
impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, byte) in self.0.iter().enumerate() {
            let colon = if at == 0 { "" } else { ":" };
            write!(f, "{colon}{byte:02X}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// 64 hexadecimal digits, in either case, with or without colons.
impl FromStr for Fingerprint {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = || {
            Error::misuse(
                format!("{text:?} is not the fingerprint of a certificate"),
                "expected SHA-256: 64 hexadecimal digits, with or without colons, as \
                 `openssl x509 -in FILE -noout -fingerprint -sha256` prints them",
            )
        };
        let digits: Option<Vec<u8>> = text
            .trim()
            .chars()
            .filter(|c| *c != ':')
            .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
            .collect();
        let digits = digits.filter(|digits| digits.len() == 64).ok_or_else(wrong)?;
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = pair.iter().fold(0, |byte, digit| byte << 4 | digit);
        }
        Ok(Fingerprint(bytes))
    }
}

/// The server certificates that are accepted, by their fingerprints. One of them is accepted
/// whoever issued it and whatever name it has, until it expires; any other is refused, even if its
/// authority is trusted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pins(Vec<Fingerprint>);

impl Pins {
    /// No fingerprints: the authorities decide.
    pub fn none() -> Self {
        Pins::default()
    }

    /// One of these certificates.
    pub fn new(fingerprints: impl IntoIterator<Item = Fingerprint>) -> Self {
        Pins(fingerprints.into_iter().collect())
    }

    /// Reads fingerprints, as options give them.
    ///
    /// # Errors
    /// [`Error::Misuse`] for one that is not 64 hexadecimal digits.
    pub fn parse<T: AsRef<str>>(fingerprints: impl IntoIterator<Item = T>) -> Result<Self> {
        let read: Result<Vec<_>> =
            fingerprints.into_iter().map(|text| text.as_ref().parse()).collect();
        read.map(Pins)
    }

    /// Whether the authorities decide.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The fingerprints.
    pub fn iter(&self) -> impl Iterator<Item = &Fingerprint> {
        self.0.iter()
    }

    pub(crate) fn has(&self, fingerprint: &Fingerprint) -> bool {
        self.0.contains(fingerprint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_64_digits_with_or_without_colons() {
        let known = Fingerprint::of(b"abc");
        let colons = known.to_string();
        assert!(colons.starts_with("BA:78:16:BF:8F:01:CF:EA"), "{colons}");
        for text in [colons.clone(), colons.to_lowercase(), colons.replace(':', "")] {
            assert_eq!(text.parse::<Fingerprint>().unwrap(), known, "{text}");
        }
        for text in ["", "ba78", "sha256//AAAA", &format!("{colons}:00"), &colons.replace('B', "g")]
        {
            let error = text.parse::<Fingerprint>().unwrap_err().to_string();
            assert!(error.contains("64 hexadecimal digits"), "{text}: {error}");
        }
    }

    #[test]
    fn a_text_without_certificates_is_no_trust() {
        for (text, says) in [
            ("", "no certificate"),
            ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "no certificate"),
            ("-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n", "not PEM"),
        ] {
            let error = Trust::only_pem(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
        assert!(Trust::only_der([]).is_empty());
    }
}

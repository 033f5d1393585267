//! X.509 certificates as far as a client of the federation service and of Entra ID needs them.

use base64ct::{Base64, Encoding};
use sha1::{Digest, Sha1};
use x509_cert::Certificate as X509;
use x509_cert::der::{Decode, Encode};

use crate::error::{Error, Result};
use crate::time::UnixTime;

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// The most certificates of one text; chains have three or four.
const MAX_CERTIFICATES: usize = 32;

/// A certificate, and what is needed of it.
#[derive(Clone)]
pub(crate) struct Certificate {
    der: Vec<u8>,
    x509: X509,
}

impl Certificate {
    /// All certificates of a PEM text, in its order. Other things in it (keys, comments) are skipped.
    ///
    /// # Errors
    ///
    /// [`Error::Auth`] for a text with none, or with a broken one; `what` names the text.
    pub(crate) fn all_from_pem(pem: &str, what: &str) -> Result<Vec<Certificate>> {
        let bad = |why: String| Error::auth(format!("{what} cannot be read: {why}"), REMEDY);
        let mut found = Vec::new();
        let mut rest = pem;
        while let Some((_, after)) = rest.split_once(BEGIN) {
            let Some((body, after)) = after.split_once(END) else {
                return Err(bad("a certificate in it has no end".to_owned()));
            };
            let body: String = body.split_ascii_whitespace().collect();
            let der = Base64::decode_vec(&body)
                .map_err(|_| bad("a certificate in it is not base64".to_owned()))?;
            let x509 = X509::from_der(&der)
                .map_err(|error| bad(format!("a certificate in it is not X.509 ({error})")))?;
            if found.len() == MAX_CERTIFICATES {
                return Err(bad(format!("it has more than {MAX_CERTIFICATES} certificates")));
            }
            found.push(Certificate { der, x509 });
            rest = after;
        }
        if found.is_empty() {
            return Err(bad(format!("it has no line {BEGIN}")));
        }
        Ok(found)
    }

    /// The DER in base64 without line breaks: PEM without its first and last line.
    pub(crate) fn base64(&self) -> String {
        Base64::encode_string(&self.der)
    }

    /// SHA-1 of the DER.
    pub(crate) fn thumbprint(&self) -> [u8; 20] {
        Sha1::digest(&self.der).into()
    }

    /// SHA-1 of the DER as OCI writes it: `AA:BB:...`.
    pub(crate) fn fingerprint(&self) -> String {
        let bytes: Vec<String> =
            self.thumbprint().iter().map(|byte| format!("{byte:02X}")).collect();
        bytes.join(":")
    }

    /// The public key as DER of its SubjectPublicKeyInfo.
    pub(crate) fn public_key(&self) -> Option<Vec<u8>> {
        self.x509.tbs_certificate().subject_public_key_info().to_der().ok()
    }

    /// The tenancy that a certificate of an instance is for: an attribute of the subject with the
    /// value `opc-tenant:<OCID>` (or, of some services, `opc-identity:<OCID>`).
    pub(crate) fn tenancy(&self) -> Option<String> {
        self.x509.tbs_certificate().subject().iter().find_map(|attribute| {
            let text = std::str::from_utf8(attribute.value.value()).ok()?;
            let ocid =
                text.strip_prefix("opc-tenant:").or_else(|| text.strip_prefix("opc-identity:"))?;
            Some(ocid.to_owned())
        })
    }

    /// From when to when it is valid.
    pub(crate) fn validity(&self) -> (UnixTime, UnixTime) {
        let validity = self.x509.tbs_certificate().validity();
        let at = |time: x509_cert::time::Time| UnixTime::default() + time.to_unix_duration();
        (at(validity.not_before), at(validity.not_after))
    }

    /// Refuses a certificate that is not valid at `now`.
    pub(crate) fn check_validity(&self, now: UnixTime, what: &str, remedy: &str) -> Result<()> {
        let (from, until) = self.validity();
        let why = if now > until {
            "expired"
        } else if now < from {
            "is not valid yet"
        } else {
            return Ok(());
        };
        Err(Error::auth(
            format!(
                "{what} {why}: it is valid from {from} until {until}, and the clock says {now}"
            ),
            remedy,
        ))
    }
}

const REMEDY: &str = "a certificate in PEM form is expected";

//! Checks the certificate that a server shows: chain, dates and purpose as webpki does, key usage
//! in addition, and names by Oracle's rules.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
};
use rustls::{CertificateError, DigitallySignedStruct, Error, OtherError, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use webpki::{EndEntityCert, KeyUsage};

use crate::chain::Date;
use crate::chain::explain::Chain;
use crate::failure::{Situation, TlsFailure};
use crate::names;
use crate::policy::NameRule;
use crate::remedy::Words;
use crate::trust::{Pins, Trust};

/// The judge of one target's certificates.
#[derive(Debug)]
pub(crate) struct ServerVerifier {
    pub(crate) trust: Trust,
    pub(crate) pins: Pins,
    pub(crate) name: NameRule,
    pub(crate) words: Words,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerVerifier {
    pub(crate) fn new(
        trust: Trust,
        pins: Pins,
        name: NameRule,
        words: Words,
        provider: &CryptoProvider,
    ) -> Self {
        let algorithms = provider.signature_verification_algorithms;
        ServerVerifier { trust, pins, name, words, algorithms }
    }

    fn verify(
        &self,
        own: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        time: UnixTime,
    ) -> Result<(), TlsFailure> {
        let chain = Chain::new(own, others, self.words);
        let now = Date(time.as_secs());
        // Dates first: they are wrong whoever issued it, and the easier thing to put right.
        chain.own_dates(now)?;
        if !self.pins.is_empty() {
            return self.verify_fingerprint(&chain);
        }
        if !self.trust.has(own) {
            let explain = |error| chain.explain(&error, &self.trust, now);
            let parsed = EndEntityCert::try_from(own).map_err(explain)?;
            let path = parsed
                .verify_for_usage(
                    self.algorithms.all,
                    &self.trust.roots().roots,
                    others,
                    time,
                    KeyUsage::server_auth(),
                    None,
                    None,
                )
                .map_err(explain)?;
            let issuers: Vec<_> = path.intermediate_certificates().map(|it| it.der()).collect();
            chain.key_usage(issuers.iter().map(|der| der.as_ref()))?;
        }
        self.verify_name(&chain)
    }

    fn verify_fingerprint(&self, chain: &Chain<'_>) -> Result<(), TlsFailure> {
        let Some(own) = chain.own() else {
            return Err(chain.failure(
                Situation::UnreadableCertificate,
                "the server's certificate cannot be read",
            ));
        };
        if self.pins.has(&own.fingerprint) {
            return Ok(());
        }
        let expected: Vec<String> = self.pins.iter().map(ToString::to_string).collect();
        let detail = format!(
            "the server's certificate ({}) has the fingerprint {}, not {}",
            own.subject,
            own.fingerprint,
            expected.join(" or ")
        );
        Err(chain.failure(Situation::WrongFingerprint, detail))
    }

    fn verify_name(&self, chain: &Chain<'_>) -> Result<(), TlsFailure> {
        let Some(own) = chain.own() else {
            return match self.name {
                NameRule::Any => Ok(()),
                _ => Err(chain.failure(
                    Situation::UnreadableCertificate,
                    "the names in the server's certificate cannot be read",
                )),
            };
        };
        let names = || match own.host_names() {
            names if names.is_empty() => own.subject.to_string(),
            names => names.join(", "),
        };
        let (situation, detail) = match &self.name {
            NameRule::Any => return Ok(()),
            NameRule::Host(host) | NameRule::HostOrService { host, .. }
                if names::is_for_host(own, host) =>
            {
                return Ok(());
            }
            NameRule::Host(host) => (
                Situation::WrongHost,
                format!("the server's certificate is for {}, not for {host}", names()),
            ),
            NameRule::HostOrService { service, .. } if names::is_for_service(own, service) => {
                return Ok(());
            }
            NameRule::HostOrService { host, service } => (
                Situation::WrongService,
                format!(
                    "the server's certificate is for {}, neither for {host} nor for the service {service}",
                    names()
                ),
            ),
            NameRule::DistinguishedName(name)
                if names::is_distinguished_name(&own.subject, name) =>
            {
                return Ok(());
            }
            NameRule::DistinguishedName(name) => (
                Situation::WrongDistinguishedName,
                format!(
                    "the server's certificate is for {:?}, not for {name:?}",
                    own.subject.to_string()
                ),
            ),
        };
        Err(chain.failure(situation, detail))
    }

    /// A signature that cannot be checked because of the server's key.
    fn of_key(&self, certificate: &CertificateDer<'_>, error: Error) -> Error {
        const SHORTEST_RSA: usize = 2048;
        let chain = Chain::new(certificate, &[], self.words);
        let unusable = chain.own().is_some_and(|own| match own.key.bits {
            Some(bits) => bits < SHORTEST_RSA,
            None => !["EC P-256", "EC P-384", "Ed25519"].contains(&own.key.algorithm.as_str()),
        });
        if unusable { in_rustls(chain.unusable_key()) } else { error }
    }
}

/// A failure on its way through rustls.
fn in_rustls(failure: TlsFailure) -> Error {
    Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(failure))))
}

/// The failure that a verifier gave to rustls, if it is one.
pub(crate) fn out_of_rustls(error: &Error) -> Option<TlsFailure> {
    match error {
        Error::InvalidCertificate(CertificateError::Other(other)) => {
            other.0.downcast_ref::<TlsFailure>().cloned()
        }
        _ => None,
    }
}

impl ServerCertVerifier for ServerVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.verify(end_entity, intermediates, now).map_err(in_rustls)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
            .map_err(|error| self.of_key(certificate, error))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
            .map_err(|error| self.of_key(certificate, error))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

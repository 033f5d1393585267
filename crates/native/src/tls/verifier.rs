//! Checks the certificate that a server shows.

use std::sync::Arc;

use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::client::verify_server_cert_signed_by_trust_anchor;
use tokio_rustls::rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName as SniName, UnixTime};
use tokio_rustls::rustls::server::ParsedCertificate;
use tokio_rustls::rustls::{
    CertificateError, DigitallySignedStruct, Error, OtherError, SignatureScheme,
};
use x509_parser::time::ASN1Time;

use super::certificate::ServerCertificate;
use super::explain::CertificateProblem;
use super::names;
use super::trust::Trust;
use crate::endpoint::ServerName;

/// Chain, dates and purpose by rustls, names by Oracle's rules.
#[derive(Debug)]
pub(super) struct ServerVerifier {
    trust: Arc<Trust>,
    name: ServerName,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerVerifier {
    pub(super) fn new(trust: Arc<Trust>, name: ServerName, provider: &CryptoProvider) -> Self {
        let algorithms = provider.signature_verification_algorithms;
        ServerVerifier { trust, name, algorithms }
    }

    fn verify_chain(
        &self,
        der: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        shown: &ServerCertificate,
        now: UnixTime,
    ) -> Result<(), CertificateProblem> {
        // Dates first: they are wrong whoever issued it, and the easier thing to put right.
        if let Some(time) = i64::try_from(now.as_secs())
            .ok()
            .and_then(|seconds| ASN1Time::from_timestamp(seconds).ok())
        {
            if time > shown.not_after {
                return Err(CertificateProblem::expired(shown, time));
            }
            if time < shown.not_before {
                return Err(CertificateProblem::not_yet_valid(shown, time));
            }
        }
        if self.trust.has(der) {
            return Ok(());
        }
        let parsed = ParsedCertificate::try_from(der)
            .map_err(|error| CertificateProblem::other(shown, &error))?;
        verify_server_cert_signed_by_trust_anchor(
            &parsed,
            self.trust.roots(),
            intermediates,
            now,
            self.algorithms.all,
        )
        .map_err(|error| match error {
            Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
                CertificateProblem::unknown_issuer(shown)
            }
            other => CertificateProblem::other(shown, &other),
        })
    }

    fn verify_name(&self, shown: &ServerCertificate) -> Result<(), CertificateProblem> {
        match &self.name {
            ServerName::Host(host) if !names::is_for_host(shown, host) => {
                Err(CertificateProblem::wrong_host(shown, host))
            }
            ServerName::DistinguishedName(name) if !names::is_distinguished_name(shown, name) => {
                Err(CertificateProblem::wrong_distinguished_name(shown, name))
            }
            _ => Ok(()),
        }
    }
}

impl ServerCertVerifier for ServerVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &SniName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let shown = ServerCertificate::read(end_entity)
            .ok_or(Error::InvalidCertificate(CertificateError::BadEncoding))?;
        self.verify_chain(end_entity, intermediates, &shown, now)
            .and_then(|()| self.verify_name(&shown))
            .map(|()| ServerCertVerified::assertion())
            .map_err(|problem| {
                let other = OtherError(Arc::new(problem));
                Error::InvalidCertificate(CertificateError::Other(other))
            })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

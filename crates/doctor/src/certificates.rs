//! The certificates that a server shows, whether it is trusted or not.

use std::fmt::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64ct::{Base64, Encoding};
use sha2::{Digest, Sha256};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, SignatureScheme,
};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;
use x509_parser::time::ASN1Time;

/// Writes down what comes, and refuses it: the handshake ends there.
#[derive(Debug, Default)]
struct Recorder(Mutex<Vec<Vec<u8>>>);

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        own: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let chain = std::iter::once(own).chain(others).map(|der| der.to_vec()).collect();
        *self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = chain;
        Err(CertificateError::ApplicationVerificationFailure.into())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(CertificateError::ApplicationVerificationFailure.into())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(CertificateError::ApplicationVerificationFailure.into())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}

/// What a server sends as its certificates; nothing if it does not come to that.
pub(crate) async fn shown(stream: TcpStream, host: &str, limit: Duration) -> Vec<Vec<u8>> {
    let recorder = Arc::new(Recorder::default());
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions();
    let Ok(config) = config else { return Vec::new() };
    let mut config =
        config.dangerous().with_custom_certificate_verifier(recorder.clone()).with_no_client_auth();
    config.enable_sni = false;
    let name = ServerName::try_from(host.to_owned())
        .unwrap_or(ServerName::IpAddress(std::net::Ipv4Addr::UNSPECIFIED.into()));
    // It ends in the recorder's refusal; why else it may end is found out by the real handshake.
    let connector = TlsConnector::from(Arc::new(config));
    let _ = tokio::time::timeout(limit, connector.connect(name, stream)).await;
    let chain = recorder.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    chain.clone()
}

/// A certificate as `openssl s_client -showcerts` describes it, with its SHA-256 fingerprint.
pub(crate) fn describe(number: usize, der: &[u8]) -> Vec<String> {
    let fingerprint = fingerprint(der);
    let Ok((_, certificate)) = X509Certificate::from_der(der) else {
        return vec![
            format!("certificate {number} cannot be read"),
            format!("  SHA-256: {fingerprint}"),
        ];
    };
    let own = certificate.subject() == certificate.issuer();
    let day = |time: ASN1Time| time.to_datetime().to_string();
    let validity = certificate.validity();
    vec![
        format!("certificate {number} is for: {}", certificate.subject()),
        format!("  issued by: {}{}", certificate.issuer(), if own { " (itself)" } else { "" }),
        format!("  valid from {} to {}", day(validity.not_before), day(validity.not_after)),
        format!("  SHA-256: {fingerprint}"),
    ]
}

fn fingerprint(der: &[u8]) -> String {
    let digest = Sha256::digest(der);
    digest.iter().enumerate().fold(String::new(), |mut text, (at, byte)| {
        // Writing to a String does not fail.
        let _ = write!(text, "{}{byte:02X}", if at == 0 { "" } else { ":" });
        text
    })
}

/// A certificate in PEM.
pub fn to_pem(der: &[u8]) -> String {
    let base64 = Base64::encode_string(der);
    let mut pem = String::from("-----BEGIN CERTIFICATE-----\n");
    for line in base64.as_bytes().chunks(64) {
        pem.push_str(&String::from_utf8_lossy(line));
        pem.push('\n');
    }
    pem.push_str("-----END CERTIFICATE-----\n");
    pem
}

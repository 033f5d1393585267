//! TLS to the database: whom to trust, and what to say where trust fails.

use std::io;
use std::sync::{Arc, OnceLock};

use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::Resumption;
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::client::verify_server_cert_signed_by_trust_anchor;
use tokio_rustls::rustls::crypto::{
    CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature,
};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::server::ParsedCertificate;
use tokio_rustls::rustls::{
    AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, Error as TlsError,
    RootCertStore, SignatureScheme,
};
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::dn::NameRule;
use crate::message::{ConnectRequest, TlsFacts};
use crate::policy::{ConfigError, Target};
use crate::refusal::{Code, Refusal};
use crate::reload::{Reloaded, Source};

/// The roots that the bridge trusts.
#[derive(Debug, Clone)]
pub(crate) struct Trust {
    roots: Arc<RootCertStore>,
    provider: Arc<CryptoProvider>,
}

impl Trust {
    /// Mozilla's roots unless `only_own`, and those of the PEM files.
    pub(crate) fn load(pems: Vec<Source>, only_own: bool) -> Result<Reloaded<Self>, ConfigError> {
        Reloaded::new("roots", pems, move |contents| Trust::new(contents, only_own))
    }

    /// Mozilla's roots unless `only_own`, and every certificate of the PEM texts.
    pub(crate) fn new(pems: &[Vec<u8>], only_own: bool) -> Result<Self, ConfigError> {
        let mut roots = RootCertStore::empty();
        if !only_own {
            roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        for pem in pems {
            let mut found = 0;
            for certificate in CertificateDer::pem_slice_iter(pem) {
                let certificate = certificate
                    .map_err(|error| ConfigError::new(format!("the CA file is broken: {error}")))?;
                roots.add(certificate).map_err(|error| {
                    ConfigError::new(format!(
                        "certificate {} of the CA file cannot be a root: {error}",
                        found + 1
                    ))
                })?;
                found += 1;
            }
            if found == 0 {
                return Err(ConfigError::new(
                    "the CA file holds no certificate; it must be PEM (-----BEGIN CERTIFICATE-----)",
                ));
            }
        }
        if roots.is_empty() {
            return Err(ConfigError::new(
                "without Mozilla's roots and without a CA file no TLS target could be trusted",
            ));
        }
        Ok(Trust { roots: Arc::new(roots), provider: Arc::new(ring::default_provider()) })
    }

    /// TLS with the target over `tcp`. The certificate must meet `rule`; `sni` is sent if given.
    pub(crate) async fn connect(
        &self,
        target: &Target,
        rule: NameRule,
        sni: Option<&str>,
        tcp: TcpStream,
    ) -> Result<TlsStream<TcpStream>, Refusal> {
        let verifier =
            Arc::new(TargetVerifier { trust: self.clone(), rule, objection: OnceLock::new() });
        let sends_sni = sni.is_some();
        let sni = match sni {
            Some(name) => ServerName::try_from(name.to_owned()).map_err(|_| {
                Refusal::new(
                    Code::BadRequest,
                    "sni is not a DNS name whose last label is more than a number",
                    "leave it out; the form that Oracle's USE_SNI sends cannot be sent by this bridge, and only saves a round trip",
                )
            })?,
            // The name is given to the verifier alone, which goes by its own rule, and not sent.
            None => ServerName::try_from("sni.not.sent")
                .map_err(|_| Refusal::new(Code::TlsFailed, "no name for the TLS library", ""))?,
        };
        let mut config = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| Refusal::new(Code::TlsFailed, error.to_string(), ""))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(&verifier) as Arc<dyn ServerCertVerifier>)
            .with_no_client_auth();
        config.enable_sni = sends_sni;
        // Every connection checks its certificate under its own conditions.
        config.resumption = Resumption::disabled();

        match TlsConnector::from(Arc::new(config)).connect(sni, tcp).await {
            Ok(stream) => Ok(stream),
            Err(error) => Err(match verifier.objection.get() {
                Some(objection) => objection.to_refusal(target),
                None => handshake_refusal(target, &error),
            }),
        }
    }
}

/// The name that the client's request asks for.
pub(crate) fn name_rule(target: &Target, request: &ConnectRequest) -> NameRule {
    if !request.dn_match {
        NameRule::Any
    } else if let Some(dn) = &request.ssl_server_cert_dn {
        NameRule::Subject(dn.clone())
    } else {
        NameRule::Host(request.server_name.clone().unwrap_or_else(|| target.host().to_owned()))
    }
}

/// What was negotiated.
pub(crate) fn facts_of(stream: &TlsStream<TcpStream>) -> TlsFacts {
    let (_, connection) = stream.get_ref();
    let protocol = match connection.protocol_version().and_then(|version| version.as_str()) {
        Some("TLSv1_2") => "TLSv1.2",
        Some("TLSv1_3") => "TLSv1.3",
        Some(other) => other,
        None => "unknown",
    };
    let suite = connection
        .negotiated_cipher_suite()
        .and_then(|suite| suite.suite().as_str())
        .unwrap_or("unknown");
    TlsFacts { protocol: protocol.to_owned(), cipher_suite: suite.to_owned() }
}

/// What is wrong with the certificates, and what to do about it.
#[derive(Debug)]
struct Objection {
    what: String,
    remedy: &'static str,
}

impl Objection {
    fn to_refusal(&self, target: &Target) -> Refusal {
        Refusal::new(
            Code::TlsUntrusted,
            format!("the certificate of {target} is not accepted: {}", self.what),
            self.remedy,
        )
    }
}

const REMEDY_ROOT: &str =
    "start oraedge-bridge with --ca FILE, a PEM file with the root certificate of its chain";
const REMEDY_NAME: &str = "connect by a name that the certificate has, set serverName or SSL_SERVER_CERT_DN, or have a certificate issued for this name";
const REMEDY_DATES: &str = "have the certificate renewed, and check the bridge's clock";
const REMEDY_LEAF_AS_ROOT: &str = "a self-signed server certificate cannot be its own root here: have it issued by a CA and give the CA's certificate to --ca";

#[derive(Debug)]
struct TargetVerifier {
    trust: Trust,
    rule: NameRule,
    objection: OnceLock<Objection>,
}

impl TargetVerifier {
    fn object(&self, what: String, remedy: &'static str, error: TlsError) -> TlsError {
        // A verifier is asked once for each handshake.
        let _ = self.objection.set(Objection { what, remedy });
        error
    }
}

impl ServerCertVerifier for TargetVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        let chain = || std::iter::once(end_entity).chain(intermediates);
        ParsedCertificate::try_from(end_entity)
            .and_then(|parsed| {
                verify_server_cert_signed_by_trust_anchor(
                    &parsed,
                    &self.trust.roots,
                    intermediates,
                    now,
                    self.trust.provider.signature_verification_algorithms.all,
                )
            })
            .map_err(|error| {
                let (what, remedy) = explain(&error, chain(), now);
                self.object(what, remedy, error)
            })?;

        let error = TlsError::InvalidCertificate(CertificateError::ApplicationVerificationFailure);
        let (_, certificate) = X509Certificate::from_der(end_entity).map_err(|problem| {
            let what = format!("it cannot be read ({problem})");
            self.object(
                what,
                REMEDY_NAME,
                TlsError::InvalidCertificate(CertificateError::BadEncoding),
            )
        })?;
        self.rule.check(&certificate).map_err(|what| self.object(what, REMEDY_NAME, error))?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        let algorithms = &self.trust.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        let algorithms = &self.trust.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.trust.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Which certificate of the chain fails and why, and what to do.
fn explain<'a>(
    error: &TlsError,
    chain: impl Iterator<Item = &'a CertificateDer<'a>>,
    now: UnixTime,
) -> (String, &'static str) {
    let chain: Vec<X509Certificate<'_>> = chain
        .filter_map(|der| X509Certificate::from_der(der).ok().map(|(_, certificate)| certificate))
        .collect();
    let TlsError::InvalidCertificate(problem) = error else {
        return (error.to_string(), REMEDY_ROOT);
    };
    match problem {
        CertificateError::UnknownIssuer => match chain.last() {
            Some(last) if last.subject() == last.issuer() && chain.len() == 1 => (
                format!("it is self-signed ({}) and not among the roots", last.subject()),
                REMEDY_ROOT,
            ),
            Some(last) if last.subject() == last.issuer() => (
                format!(
                    "its chain ends in the self-signed {}, which is not among the roots",
                    last.subject()
                ),
                REMEDY_ROOT,
            ),
            Some(last) => (
                format!(
                    "{} was issued by {}, which is not among the roots",
                    last.subject(),
                    last.issuer()
                ),
                REMEDY_ROOT,
            ),
            None => ("its issuer is not among the roots".to_owned(), REMEDY_ROOT),
        },
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => {
            let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
            let outside = chain.iter().find(|certificate| {
                let validity = certificate.validity();
                now < validity.not_before.timestamp() || now > validity.not_after.timestamp()
            });
            let what = match outside {
                Some(certificate) => format!(
                    "{} is valid from {} to {} only",
                    certificate.subject(),
                    certificate.validity().not_before,
                    certificate.validity().not_after
                ),
                None => "it, or one of its issuers, is outside its period of validity".to_owned(),
            };
            (what, REMEDY_DATES)
        }
        other => {
            let subject =
                chain.first().map(|first| first.subject().to_string()).unwrap_or_default();
            let text = format!("{other:?}");
            if text.contains("CaUsedAsEndEntity") {
                return (
                    format!("{subject} is a CA's certificate, not a server's"),
                    REMEDY_LEAF_AS_ROOT,
                );
            }
            (format!("{subject}: {other}"), REMEDY_ROOT)
        }
    }
}

/// A handshake that failed for another reason than the certificates.
fn handshake_refusal(target: &Target, error: &io::Error) -> Refusal {
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<TlsError>());
    let (what, remedy) = match tls {
        Some(TlsError::InvalidMessage(_)) => (
            "the answer is not TLS".to_owned(),
            "the port seems to listen for plain TCP: connect with protocol tcp, or use the database's TCPS port",
        ),
        Some(TlsError::AlertReceived(alert)) => alert_text(*alert),
        Some(other) => (
            other.to_string(),
            "check the listener's TLS versions and cipher suites (TLS 1.2 or 1.3 is needed)",
        ),
        None if error.kind() == io::ErrorKind::UnexpectedEof
            || error.kind() == io::ErrorKind::ConnectionReset =>
        {
            (
                "the target hung up during the TLS handshake".to_owned(),
                "the port may listen for plain TCP: connect with protocol tcp, or use the database's TCPS port",
            )
        }
        None => (error.to_string(), ""),
    };
    Refusal::new(Code::TlsFailed, format!("TLS with {target} failed: {what}"), remedy)
}

fn alert_text(alert: AlertDescription) -> (String, &'static str) {
    let remedy = match alert {
        AlertDescription::CertificateRequired
        | AlertDescription::BadCertificate
        | AlertDescription::HandshakeFailure => {
            "the database may demand a client certificate (mTLS), which the bridge does not have: let the client end TLS (tls: relay), or use a listener with one-way TLS"
        }
        AlertDescription::ProtocolVersion => "the database must allow TLS 1.2 or 1.3",
        AlertDescription::UnrecognisedName => {
            "leave the sni out, or send the one that the listener knows"
        }
        _ => "the listener's log has more",
    };
    (format!("the target sent the alert {alert:?}"), remedy)
}

/// What to say about a TLS stream that broke while in use; TLS 1.3 reports a missing client
/// certificate only then.
pub(crate) fn broken_stream_text(error: &io::Error) -> Option<(String, &'static str)> {
    match error.get_ref()?.downcast_ref::<TlsError>()? {
        TlsError::AlertReceived(alert) => Some(alert_text(*alert)),
        other => Some((other.to_string(), "")),
    }
}

//! TLS errors in words that say what to do.

use std::io;

use oraedge::Error;
use tokio_rustls::rustls::{self, AlertDescription, CertificateError};
use x509_parser::time::ASN1Time;

use super::certificate::{ServerCertificate, date};

/// Why the certificate of a server was not accepted.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{detail}")]
pub(super) struct CertificateProblem {
    detail: String,
    remedy: String,
}

impl CertificateProblem {
    pub(super) fn unknown_issuer(shown: &ServerCertificate) -> Self {
        CertificateProblem {
            detail: format!(
                "the server's certificate ({}) was issued by {:?}, which is not trusted",
                shown.subject_text(),
                shown.issuer
            ),
            remedy: "give the certificate of that authority as `ca` (PEM), or trust the \
                     operating system's list if it is there; never switch the check off"
                .to_owned(),
        }
    }

    pub(super) fn expired(shown: &ServerCertificate, now: ASN1Time) -> Self {
        CertificateProblem {
            detail: format!(
                "the server's certificate ({}) expired at {}; now it is {}",
                shown.subject_text(),
                date(shown.not_after),
                date(now)
            ),
            remedy: "the server needs a new certificate, or this machine's clock is wrong"
                .to_owned(),
        }
    }

    pub(super) fn not_yet_valid(shown: &ServerCertificate, now: ASN1Time) -> Self {
        CertificateProblem {
            detail: format!(
                "the server's certificate ({}) is not valid before {}; now it is {}",
                shown.subject_text(),
                date(shown.not_before),
                date(now)
            ),
            remedy: "check this machine's clock".to_owned(),
        }
    }

    pub(super) fn wrong_host(shown: &ServerCertificate, host: &str) -> Self {
        let mut names = shown.dns_names.clone();
        names.extend(shown.ip_addresses.iter().map(ToString::to_string));
        if shown.dns_names.is_empty() {
            names.extend(shown.common_names().map(str::to_owned));
        }
        let names = if names.is_empty() { shown.subject_text() } else { names.join(", ") };
        CertificateProblem {
            detail: format!("the server's certificate is for {names}, not for {host:?}"),
            remedy: "connect by a name that is in the certificate, or name its subject with \
                     SSL_SERVER_CERT_DN; SSL_SERVER_DN_MATCH=off accepts any server of a \
                     trusted authority"
                .to_owned(),
        }
    }

    pub(super) fn wrong_distinguished_name(shown: &ServerCertificate, expected: &str) -> Self {
        CertificateProblem {
            detail: format!(
                "the server's certificate is for {:?}, not for {expected:?}",
                shown.subject_text()
            ),
            remedy: "check SSL_SERVER_CERT_DN in the connect string".to_owned(),
        }
    }

    pub(super) fn other(shown: &ServerCertificate, error: &rustls::Error) -> Self {
        CertificateProblem {
            detail: format!(
                "the server's certificate ({}) was not accepted: {error}",
                shown.subject_text()
            ),
            remedy: "the server needs a certificate that is made for TLS servers (version 3, not \
                     an authority's own); its own certificate given as `ca` is trusted as it is"
                .to_owned(),
        }
    }
}

/// The error for a handshake that failed.
pub(super) fn in_handshake(doing: String, error: &io::Error) -> Error {
    let Some(tls) = tls_error(error) else {
        let remedy = match error.kind() {
            io::ErrorKind::UnexpectedEof
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::BrokenPipe => {
                "the listener closed the connection: it may speak plain TCP at this port; connect \
                 with tcp:// (PROTOCOL=tcp) if that is what you want"
            }
            _ => "",
        };
        return Error::transport(doing, error.to_string(), remedy);
    };
    let (detail, remedy) = describe(tls);
    Error::transport(doing, detail, remedy)
}

/// The error of a read or write on a session that was set up. A server that wants a client's
/// certificate says so only here, in TLS 1.3.
pub(crate) fn in_stream(error: io::Error) -> io::Error {
    let Some(tls) = tls_error(&error) else { return error };
    let (detail, remedy) = describe(tls);
    let text = if remedy.is_empty() { detail } else { format!("{detail}; {remedy}") };
    io::Error::new(error.kind(), text)
}

fn tls_error(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

/// What went wrong and what to do about it.
fn describe(error: &rustls::Error) -> (String, String) {
    match error {
        rustls::Error::InvalidCertificate(CertificateError::Other(other)) => {
            if let Some(problem) = other.0.downcast_ref::<CertificateProblem>() {
                return (problem.detail.clone(), problem.remedy.clone());
            }
            (error.to_string(), String::new())
        }
        rustls::Error::InvalidMessage(_) => (
            format!("the listener did not answer in TLS ({error})"),
            "it seems to speak plain TCP at this port; connect with tcp:// (PROTOCOL=tcp) if that \
             is what you want"
                .to_owned(),
        ),
        rustls::Error::AlertReceived(
            AlertDescription::CertificateRequired
            | AlertDescription::BadCertificate
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA,
        ) => (
            format!("the server wants a certificate of the client ({error})"),
            "this listener uses mutual TLS; use one-way TLS (for a cloud database: allow TLS \
             connections without a wallet)"
                .to_owned(),
        ),
        rustls::Error::AlertReceived(
            AlertDescription::HandshakeFailure | AlertDescription::ProtocolVersion,
        )
        | rustls::Error::PeerIncompatible(_) => (
            format!("client and server have no TLS version and cipher in common ({error})"),
            "the server must offer TLS 1.2 with ECDHE and AES-GCM, or TLS 1.3; if SSL_VERSION is \
             in the connect string, leave it out"
                .to_owned(),
        ),
        rustls::Error::AlertReceived(AlertDescription::UnrecognisedName) => (
            format!("the listener does not know the server name that was asked for ({error})"),
            "leave USE_SNI out of the connect string".to_owned(),
        ),
        other => (other.to_string(), String::new()),
    }
}

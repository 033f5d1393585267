//! What went wrong with TLS.

use std::io;

use oraedge::Error;

use crate::chain::Certificate;
use crate::remedy::{Words, remedy};

/// Why there is no TLS session, or no longer one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct TlsFailure {
    /// For programs.
    pub situation: Situation,
    /// What was found, with the names, dates and bytes that it is about.
    pub detail: String,
    /// What to do about it, in the words of the API in use.
    pub remedy: String,
    /// The certificates that the server sent, its own first, as far as they can be read.
    pub chain: Vec<Certificate>,
}

impl TlsFailure {
    pub(crate) fn new(situation: Situation, detail: impl Into<String>, words: Words) -> Self {
        let remedy = remedy(situation, words);
        TlsFailure { situation, detail: detail.into(), remedy, chain: Vec::new() }
    }

    /// As an error of the client: what was being done is the handshake with `peer`
    /// (`db.example:2484`).
    pub fn into_error(self, peer: &str) -> Error {
        Error::transport(format!("TLS handshake with {peer}"), self.detail, self.remedy)
    }

    /// As the error of a stream; [`of`](Self::of) finds it again.
    pub fn into_io(self) -> io::Error {
        let kind = match self.situation {
            Situation::ClosedBeforeAnswer | Situation::ClosedInHandshake => {
                io::ErrorKind::UnexpectedEof
            }
            _ => io::ErrorKind::InvalidData,
        };
        let text = match self.remedy.is_empty() {
            true => self.detail.clone(),
            false => format!("{}; {}", self.detail, self.remedy),
        };
        io::Error::new(kind, Carried { failure: self, text })
    }

    /// The failure of TLS in a stream's error, if it is one.
    pub fn of(error: &io::Error) -> Option<&TlsFailure> {
        let carried: &Carried = error.get_ref()?.downcast_ref()?;
        Some(&carried.failure)
    }
}

/// A failure as `io::Error` shows it: with its remedy.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
struct Carried {
    failure: TlsFailure,
    text: String,
}

macro_rules! situations {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// What kind of failure it is. New kinds may come.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Situation {
            $($(#[$doc])* $name,)*
        }

        impl Situation {
            /// All of them.
            pub const ALL: &[Situation] = &[$(Situation::$name,)*];

            /// The name, as in Rust: `UnknownIssuer`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Situation::$name => stringify!($name),)*
                }
            }
        }
    };
}

situations! {
    /// The chain ends in a self-signed certificate that is not trusted.
    SelfSignedInChain,
    /// The server's certificate is self-signed and not trusted.
    SelfSigned,
    /// The issuer of the chain's last certificate is not trusted, and was not sent.
    UnknownIssuer,
    /// The server sent its own certificate alone, and its issuer is not trusted.
    IssuerNotSent,
    /// The server sent certificates, but none of them is the issuer of the one below.
    ChainBroken,
    /// The server's certificate does not come first.
    ChainOutOfOrder,
    /// A trusted authority has the issuer's name, but did not sign the certificate.
    NamesakeIssuer,
    /// The server's certificate has expired.
    Expired,
    /// The server's certificate is not valid yet.
    NotYetValid,
    /// A certificate of an issuer has expired.
    IssuerExpired,
    /// A certificate of an issuer is not valid yet.
    IssuerNotYetValid,
    /// A certificate is valid at no time: it ends before it begins.
    DatesReversed,
    /// The certificate is for other names than the host's.
    WrongHost,
    /// The certificate's subject is not that of `SSL_SERVER_CERT_DN`.
    WrongDistinguishedName,
    /// The certificate is neither for the host nor for the service.
    WrongService,
    /// The certificate has none of the fingerprints that were given.
    WrongFingerprint,
    /// A certificate was signed by one that may not issue any.
    IssuerIsNoAuthority,
    /// An authority's own certificate is used as the server's.
    AuthorityAsServer,
    /// More authorities stand in between than one of them allows.
    PathTooLong,
    /// The name is outside of what an authority may issue certificates for.
    NameConstraint,
    /// The certificate is for other purposes than that of a TLS server.
    WrongPurpose,
    /// The key's use does not include what TLS does with it.
    WrongKeyUsage,
    /// An issuer's key may not sign certificates.
    IssuerKeyUsage,
    /// A signature does not fit the certificate: it was altered, or another key made it.
    BadSignature,
    /// A certificate was signed with an algorithm that is broken (MD5, SHA-1).
    WeakSignature,
    /// A certificate was signed with an algorithm that is not known.
    UnknownSignatureAlgorithm,
    /// The server's key is too short, or of a kind that TLS here cannot use.
    UnusableKey,
    /// A certificate is of the old form without extensions (version 1).
    OldCertificateVersion,
    /// A certificate has a critical extension that is not known.
    UnknownCriticalExtension,
    /// A certificate cannot be read.
    UnreadableCertificate,
    /// The server sent no certificate.
    NoCertificate,
    /// No authority is trusted at all.
    NobodyTrusted,
    /// The peer answered with a TNS packet: it speaks plain TCP.
    PlainTns,
    /// The peer speaks HTTP.
    Http,
    /// The peer greeted with a line of text (SSH, SMTP ...).
    Banner,
    /// What the peer sent is not TLS.
    NotTls,
    /// The peer closed the connection without an answer.
    ClosedBeforeAnswer,
    /// The peer closed the connection in the middle of the handshake.
    ClosedInHandshake,
    /// The server wants a certificate of the client, and there is none.
    ClientCertificateWanted,
    /// The server does not trust the authority of the client's certificate.
    ClientIssuerUnknown,
    /// The server says that the client's certificate has expired.
    ClientCertificateExpired,
    /// The server says that the client's certificate was revoked.
    ClientCertificateRevoked,
    /// The server does not take the client's certificate.
    ClientCertificateRefused,
    /// Client and server have no version of TLS in common.
    NoCommonVersion,
    /// Client and server have no cipher suite, key exchange or signature in common.
    NoCommonCipher,
    /// The listener does not know the server name that was asked for.
    UnknownServerName,
    /// Records do not decrypt: bytes were altered on the way.
    AlteredRecords,
    /// A TLS message that cannot be read or must not come now.
    BrokenHandshake,
    /// The server ended the session with another alert.
    Alert,
    /// Anything else that the TLS library says.
    Other,
}

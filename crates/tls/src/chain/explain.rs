//! Which certificate of a chain is at fault, and why. webpki says what rule was broken but not where;
//! the chain that the server sent is walked here to find it.

use rustls_pki_types::CertificateDer;
use webpki::{EndEntityCert, Error};

use super::{Certificate, Date, algorithms, key_usage};
use crate::failure::{Situation, TlsFailure};
use crate::remedy::Words;
use crate::trust::Trust;

/// A chain as the server sent it, its own certificate first.
#[derive(Debug)]
pub(crate) struct Chain<'a> {
    ders: Vec<&'a CertificateDer<'a>>,
    /// The same ones; `None` for one that cannot be read.
    read: Vec<Option<Certificate>>,
    words: Words,
}

impl<'a> Chain<'a> {
    pub(crate) fn new(
        own: &'a CertificateDer<'a>,
        others: &'a [CertificateDer<'a>],
        words: Words,
    ) -> Self {
        let ders: Vec<_> = std::iter::once(own).chain(others).collect();
        let read = ders.iter().map(|der| Certificate::read(der)).collect();
        Chain { ders, read, words }
    }

    /// The server's own certificate.
    pub(crate) fn own(&self) -> Option<&Certificate> {
        self.get(0)
    }

    pub(crate) fn failure(&self, situation: Situation, detail: impl Into<String>) -> TlsFailure {
        let chain = self.read.iter().flatten().cloned().collect();
        TlsFailure { chain, ..TlsFailure::new(situation, detail, self.words) }
    }

    fn get(&self, at: usize) -> Option<&Certificate> {
        self.read.get(at).and_then(Option::as_ref)
    }

    /// `the server's certificate (CN=db.example)`, `certificate 2 of the server's chain (CN=CA)`.
    fn name(&self, at: usize) -> String {
        let subject = self.get(at).map_or("unreadable".to_owned(), |it| it.subject.to_string());
        match at {
            0 => format!("the server's certificate ({subject})"),
            _ => format!("certificate {} of the server's chain ({subject})", at + 1),
        }
    }

    /// The first that is as described.
    fn find(&self, is: impl Fn(&Certificate) -> bool) -> Option<usize> {
        self.read.iter().position(|it| it.as_ref().is_some_and(&is))
    }

    /// The places of the server's certificate, of its issuer's and so on, as far as they were sent.
    fn path(&self) -> Vec<usize> {
        let mut path = vec![0];
        while let Some(below) = path.last().and_then(|at| self.get(*at)) {
            let above = self.read.iter().enumerate().position(|(at, it)| {
                !path.contains(&at) && it.as_ref().is_some_and(|it| it.subject == below.issuer)
            });
            match above {
                Some(at) if !below.is_self_issued() => path.push(at),
                _ => break,
            }
        }
        path
    }

    /// The server's own certificate is out of its dates.
    pub(crate) fn own_dates(&self, now: Date) -> Result<(), TlsFailure> {
        self.dates(0, now)
    }

    fn dates(&self, at: usize, now: Date) -> Result<(), TlsFailure> {
        let Some(it) = self.get(at) else { return Ok(()) };
        let name = self.name(at);
        if it.not_after < it.not_before {
            return Err(self.failure(
                Situation::DatesReversed,
                format!("{name} ends at {} before it begins at {}", it.not_after, it.not_before),
            ));
        }
        let between =
            format!("it is valid from {} to {}; now it is {now}", it.not_before, it.not_after);
        if now > it.not_after {
            let situation = if at == 0 { Situation::Expired } else { Situation::IssuerExpired };
            return Err(self.failure(situation, format!("{name} has expired: {between}")));
        }
        if now < it.not_before {
            let situation =
                if at == 0 { Situation::NotYetValid } else { Situation::IssuerNotYetValid };
            return Err(self.failure(situation, format!("{name} is not valid yet: {between}")));
        }
        Ok(())
    }

    /// Key usage, which webpki leaves out: of the server's key, and of the issuers on the path.
    pub(crate) fn key_usage<'b>(
        &self,
        issuers: impl Iterator<Item = &'b [u8]>,
    ) -> Result<(), TlsFailure> {
        const OF_A_SERVER: u16 =
            key_usage::DIGITAL_SIGNATURE | key_usage::KEY_ENCIPHERMENT | key_usage::KEY_AGREEMENT;
        if !self.own().is_none_or(|own| own.key_may(OF_A_SERVER)) {
            return Err(self.failure(
                Situation::WrongKeyUsage,
                format!("{} has a key that must not be used for TLS (key usage)", self.name(0)),
            ));
        }
        for issuer in issuers {
            let at = self.ders.iter().position(|der| der.as_ref() == issuer);
            if let Some(at) = at
                && !self.get(at).is_none_or(|it| it.key_may(key_usage::KEY_CERT_SIGN))
            {
                return Err(self.failure(
                    Situation::IssuerKeyUsage,
                    format!(
                        "{} issued another, and its key must not sign certificates (key usage)",
                        self.name(at)
                    ),
                ));
            }
        }
        Ok(())
    }

    /// The server's key cannot be used in TLS here.
    pub(crate) fn unusable_key(&self) -> TlsFailure {
        let key = self.own().map_or_else(String::new, |own| own.key.to_string());
        self.failure(
            Situation::UnusableKey,
            format!("{} has a key that cannot be used here: {key}", self.name(0)),
        )
    }

    /// What webpki's verdict means for this chain.
    pub(crate) fn explain(&self, error: &Error, trust: &Trust, now: Date) -> TlsFailure {
        match error {
            _ if trust.is_empty() => self.failure(
                Situation::NobodyTrusted,
                format!("{} cannot be trusted: no authority is", self.name(0)),
            ),
            Error::UnknownIssuer => self.unknown_issuer(),
            Error::CaUsedAsEndEntity => self.authority_as_server(),
            Error::CertExpired { .. }
            | Error::CertNotValidYet { .. }
            | Error::InvalidCertValidity => {
                let path = self.path();
                let out = path.iter().find_map(|at| self.dates(*at, now).err());
                out.unwrap_or_else(|| self.other(Situation::IssuerExpired, error))
            }
            Error::EndEntityUsedAsCa => {
                let path = self.path();
                let at = path.iter().skip(1).find(|at| self.get(**at).is_some_and(|it| !it.is_ca));
                let name = self.name(at.copied().unwrap_or(1));
                let detail =
                    format!("{name} issued another, and is not an authority's (basic constraints)");
                self.failure(Situation::IssuerIsNoAuthority, detail)
            }
            Error::PathLenConstraintViolated | Error::MaximumPathDepthExceeded => self.failure(
                Situation::PathTooLong,
                format!(
                    "the server's chain of {} certificates is longer than one of them allows",
                    self.read.len()
                ),
            ),
            Error::NameConstraintViolation => {
                let names = self.own().map(|own| own.host_names().join(", ")).unwrap_or_default();
                let detail = format!(
                    "{} is for {names}, and an authority above it may not issue that (name constraints)",
                    self.name(0)
                );
                self.failure(Situation::NameConstraint, detail)
            }
            Error::RequiredEkuNotFoundContext(_) | Error::EmptyEkuExtension => {
                let other = |it: &Certificate| {
                    !it.purposes.is_empty()
                        && !it.purposes.iter().any(|it| it == "serverAuth" || it == "any")
                };
                let at = self.find(other).unwrap_or(0);
                let purposes = self.get(at).map(|it| it.purposes.join(", ")).unwrap_or_default();
                let detail = format!(
                    "{} is for {purposes} and not for a TLS server (serverAuth)",
                    self.name(at)
                );
                self.failure(Situation::WrongPurpose, detail)
            }
            Error::InvalidSignatureForPublicKey | Error::SignatureAlgorithmMismatch => {
                self.bad_signature(trust)
            }
            Error::UnsupportedSignatureAlgorithmContext(_)
            | Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => {
                self.unsupported_signature(trust)
            }
            Error::UnsupportedCriticalExtension => {
                let at = self.find(|it| !it.unknown_critical.is_empty()).unwrap_or(0);
                let which =
                    self.get(at).map(|it| it.unknown_critical.join(", ")).unwrap_or_default();
                let detail = format!(
                    "{} has a critical extension that is not known: {which}",
                    self.name(at)
                );
                self.failure(Situation::UnknownCriticalExtension, detail)
            }
            Error::UnsupportedCertVersion => {
                let at = self.find(|it| it.version != 3).unwrap_or(0);
                let version = self.get(at).map_or(1, |it| it.version);
                let detail =
                    format!("{} is of X.509 version {version}; version 3 is needed", self.name(at));
                self.failure(Situation::OldCertificateVersion, detail)
            }
            other => {
                let at = self.read.iter().position(Option::is_none).unwrap_or(0);
                let detail = format!("{} cannot be read ({other:?})", self.name(at));
                self.failure(Situation::UnreadableCertificate, detail)
            }
        }
    }

    fn other(&self, situation: Situation, error: &Error) -> TlsFailure {
        self.failure(situation, format!("{} was not accepted: {error:?}", self.name(0)))
    }

    fn unknown_issuer(&self) -> TlsFailure {
        let path = self.path();
        let at = path.last().copied().unwrap_or(0);
        let Some(last) = self.get(at) else {
            return self.other(Situation::UnknownIssuer, &Error::UnknownIssuer);
        };
        let name = self.name(at);
        if last.is_self_issued() && at == 0 {
            let detail = format!(
                "{name} is self-signed and not trusted; its SHA-256 fingerprint is {}",
                last.fingerprint
            );
            return self.failure(Situation::SelfSigned, detail);
        }
        if last.is_self_issued() {
            let detail = format!(
                "self-signed certificate in the chain: {name} is not trusted; its SHA-256 fingerprint \
                 is {}",
                last.fingerprint
            );
            return self.failure(Situation::SelfSignedInChain, detail);
        }
        let issuer = &last.issuer;
        if self.read.len() == 1 {
            let detail = format!(
                "{name} was issued by {issuer}, whose certificate is not trusted and was not sent along"
            );
            return self.failure(Situation::IssuerNotSent, detail);
        }
        if path.len() < self.read.len() {
            let detail = format!(
                "the server's chain is incomplete: {name} was issued by {issuer}, which is not trusted \
                 and not among the {} certificates that were sent",
                self.read.len()
            );
            return self.failure(Situation::ChainBroken, detail);
        }
        let detail = format!("{name} was issued by {issuer}, which is not trusted");
        self.failure(Situation::UnknownIssuer, detail)
    }

    fn authority_as_server(&self) -> TlsFailure {
        if let Some(server) = self.find(|it| !it.is_ca) {
            let detail = format!(
                "the server sent an authority's certificate first ({}), and its own in place {} ({})",
                self.own().map(|it| it.subject.to_string()).unwrap_or_default(),
                server + 1,
                self.get(server).map(|it| it.subject.to_string()).unwrap_or_default(),
            );
            return self.failure(Situation::ChainOutOfOrder, detail);
        }
        if self.own().is_some_and(Certificate::is_self_issued) {
            return self.unknown_issuer();
        }
        let detail =
            format!("{} is an authority's and not a server's (basic constraints)", self.name(0));
        self.failure(Situation::AuthorityAsServer, detail)
    }

    fn bad_signature(&self, trust: &Trust) -> TlsFailure {
        if let Some((at, below)) = self.below_namesake(trust) {
            let detail = format!(
                "{} was not signed by the {} that is trusted, but by another of the same name",
                self.name(at),
                below.issuer
            );
            return self.failure(Situation::NamesakeIssuer, detail);
        }
        let detail = format!(
            "a signature in the server's chain does not fit: {} or an issuer of it was altered or \
             signed with another key",
            self.name(0)
        );
        self.failure(Situation::BadSignature, detail)
    }

    fn unsupported_signature(&self, trust: &Trust) -> TlsFailure {
        let path = self.path();
        // The signature of a self-signed root is not looked at.
        let signed = || path.iter().filter_map(|at| Some((*at, self.get(*at)?)));
        let mut signed_by_others = signed().filter(|(at, it)| *at == 0 || !it.is_self_issued());
        let weak = signed_by_others.find(|(_, it)| algorithms::is_broken(&it.signature_algorithm));
        if let Some((at, it)) = weak {
            let detail = format!(
                "{} was signed with {}, which is broken and not accepted",
                self.name(at),
                it.signature_algorithm
            );
            return self.failure(Situation::WeakSignature, detail);
        }
        if self.below_namesake(trust).is_some() {
            return self.bad_signature(trust);
        }
        let kinds: Vec<&str> = signed().map(|(_, it)| it.signature_algorithm.as_str()).collect();
        let detail = format!(
            "{} or an issuer of it was signed with an algorithm that is not known here ({})",
            self.name(0),
            kinds.join(", ")
        );
        self.failure(Situation::UnknownSignatureAlgorithm, detail)
    }

    /// The certificate whose issuer has the name of a trusted authority.
    fn below_namesake(&self, trust: &Trust) -> Option<(usize, &Certificate)> {
        let at = self.ders.iter().position(|der| {
            let parsed = EndEntityCert::try_from(*der);
            parsed.is_ok_and(|it| it.subject() != it.issuer() && trust.has_name(it.issuer()))
        })?;
        Some((at, self.get(at)?))
    }
}

//! What to do about a failure, in the words of whoever reads it.

use crate::failure::Situation;

/// The API whose words an error speaks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Words {
    /// `crates/native`: methods of `ConnectOptions`.
    #[default]
    Rust,
    /// The npm package: options of `getConnection` and of its transports.
    JavaScript,
    /// The bridge: its command line.
    Bridge,
}

impl Words {
    /// The option that names the folder of a wallet.
    const fn wallet(self) -> &'static str {
        match self {
            Words::Rust => "wallet_location(FOLDER)",
            Words::JavaScript => "walletLocation: FOLDER (or walletContent)",
            Words::Bridge => "--wallet-location FOLDER",
        }
    }

    /// The option that takes the certificate of an authority.
    const fn ca(self) -> &'static str {
        match self {
            Words::Rust => "ca_file(FILE)",
            Words::JavaScript => "ca: PEM",
            Words::Bridge => "--ca FILE",
        }
    }

    /// The option that chooses a list of authorities.
    const fn bundle(self) -> &'static str {
        match self {
            Words::Rust => "trust(trust::system()?) or trust(Trust::mozilla())",
            Words::JavaScript => "trust: \"system\" or trust: \"mozilla\"",
            Words::Bridge => "--trust system or --trust mozilla",
        }
    }

    /// The option that takes fingerprints.
    const fn fingerprint(self) -> &'static str {
        match self {
            Words::Rust => "server_fingerprint(HEX)",
            Words::JavaScript => "serverFingerprint: HEX",
            Words::Bridge => "--server-fingerprint HEX",
        }
    }

    /// What to do to reach a listener that speaks plain TCP.
    const fn plain(self) -> &'static str {
        match self {
            Words::Rust | Words::JavaScript => {
                "connect to the listener's port for TLS; with tcp:// (PROTOCOL=tcp) nothing is encrypted"
            }
            Words::Bridge => {
                "the port listens for plain TCP: connect with protocol tcp, or use the database's TCPS port"
            }
        }
    }
}

/// What to do; empty where nothing helps.
pub(crate) fn remedy(situation: Situation, words: Words) -> String {
    let (wallet, ca, bundle) = (words.wallet(), words.ca(), words.bundle());
    match situation {
        Situation::SelfSignedInChain | Situation::UnknownIssuer | Situation::IssuerNotSent => {
            format!(
                "trust its authority in one of three ways: {wallet} with the database's wallet; {ca} \
                 with the authority's certificate, which `oraedge doctor --save-root FILE \
                 CONNECT-STRING` saves (compare its fingerprint with the authority's own first); or \
                 {bundle}, if the authority is in that list"
            )
        }
        Situation::SelfSigned => format!(
            "if this is your server, give its certificate, which `oraedge doctor --save-root FILE \
             CONNECT-STRING` saves, with {ca}, or its fingerprint with {}; {wallet} if the \
             database's wallet has it",
            words.fingerprint()
        ),
        Situation::ChainBroken => format!(
            "the server must send the certificates of the authorities between its own and the root \
             (renew its wallet or PEM file); or give the missing one with {ca}"
        ),
        Situation::ChainOutOfOrder => {
            "the server must send its own certificate first: renew its wallet or PEM file"
                .to_owned()
        }
        Situation::NamesakeIssuer => format!(
            "the authority was set up anew under its old name: get its present certificate for {ca}, \
             or the present wallet for {wallet}; if nobody did that, somebody pretends to be it"
        ),
        Situation::Expired
        | Situation::NotYetValid
        | Situation::IssuerExpired
        | Situation::IssuerNotYetValid => {
            "have the certificate renewed, unless the clock of this machine is wrong".to_owned()
        }
        Situation::DatesReversed => "have the certificate issued again".to_owned(),
        Situation::WrongHost => {
            "connect by a name that the certificate has; or name its subject with \
             SSL_SERVER_CERT_DN in the connect string; SSL_SERVER_DN_MATCH=off takes any server \
             whose authority is trusted"
                .to_owned()
        }
        Situation::WrongService => "connect by a name that the certificate has, or to the service \
             that is its common name; or name its subject with SSL_SERVER_CERT_DN"
            .to_owned(),
        Situation::WrongDistinguishedName => {
            "check SSL_SERVER_CERT_DN in the connect string, and that it leads to this server"
                .to_owned()
        }
        Situation::WrongFingerprint => format!(
            "if the server's certificate was renewed, compare it with its owner and give the new \
             fingerprint with {}; if not, somebody stands in between",
            words.fingerprint()
        ),
        Situation::AuthorityAsServer => format!(
            "the server needs a certificate of its own, issued by that authority; one that is both \
             is taken as it is if it is given with {ca}"
        ),
        Situation::IssuerIsNoAuthority
        | Situation::PathTooLong
        | Situation::NameConstraint
        | Situation::IssuerKeyUsage => {
            "the server needs a certificate from an authority that may issue it".to_owned()
        }
        Situation::WrongPurpose | Situation::WrongKeyUsage => {
            "the server needs a certificate that is made for TLS servers (extended key usage \
             serverAuth, key usage digitalSignature)"
                .to_owned()
        }
        Situation::BadSignature => {
            "get the certificates anew from where they were issued".to_owned()
        }
        Situation::WeakSignature | Situation::UnknownSignatureAlgorithm => {
            "have the certificate issued again, signed with SHA-256 or better".to_owned()
        }
        Situation::UnusableKey => {
            "the server needs a key of RSA with 2048 bits or more, P-256, P-384 or Ed25519"
                .to_owned()
        }
        Situation::OldCertificateVersion => {
            "have the certificate issued again in version 3".to_owned()
        }
        Situation::UnknownCriticalExtension | Situation::UnreadableCertificate => {
            "have the certificate issued again by a tool that keeps to RFC 5280".to_owned()
        }
        Situation::NoCertificate => "check the wallet of the listener".to_owned(),
        Situation::NobodyTrusted => format!("give an authority: {wallet}; {ca}; or {bundle}"),
        Situation::PlainTns => words.plain().to_owned(),
        Situation::Http | Situation::Banner | Situation::NotTls => {
            "check host and port: this is not a database's listener for TLS (PROTOCOL=tcps)"
                .to_owned()
        }
        Situation::ClosedBeforeAnswer => format!(
            "{}; a firewall or an access list may also close connections that it does not want",
            words.plain()
        ),
        Situation::ClosedInHandshake => {
            "the listener's log has more; a firewall may cut what it cannot look into".to_owned()
        }
        Situation::ClientCertificateWanted => client_certificate_wanted(words),
        Situation::ClientIssuerUnknown => format!(
            "use the wallet that was downloaded from this database: {wallet}; on the server, the \
             authority belongs into the listener's wallet"
        ),
        Situation::ClientCertificateExpired | Situation::ClientCertificateRevoked => {
            format!("download a new wallet for {wallet}")
        }
        Situation::ClientCertificateRefused => {
            format!("use the wallet that was downloaded from this database: {wallet}")
        }
        Situation::NoCommonVersion => {
            "the listener must offer TLS 1.2 or 1.3; if SSL_VERSION is in \
             the connect string, leave it out"
                .to_owned()
        }
        Situation::NoCommonCipher => "the listener must offer TLS 1.3, or TLS 1.2 with ECDHE and \
             AES-GCM or ChaCha20; if it insists on a client certificate, it may say this as well"
            .to_owned(),
        Situation::UnknownServerName => "leave USE_SNI out of the connect string".to_owned(),
        Situation::AlteredRecords => {
            "something on the way changes bytes: check proxies, VPN and network hardware".to_owned()
        }
        Situation::BrokenHandshake | Situation::Alert => "the listener's log has more".to_owned(),
        Situation::Other => String::new(),
    }
}

fn client_certificate_wanted(words: Words) -> String {
    match words {
        Words::Rust | Words::JavaScript => format!(
            "this listener uses mutual TLS: give the wallet with the client's certificate and key, {}, \
             or let the server allow TLS without one (for a cloud database: \"TLS\" beside \"mutual \
             TLS\" in its network settings)",
            words.wallet()
        ),
        Words::Bridge => format!(
            "this listener uses mutual TLS: start oraedge-bridge with {} (the bridge's own wallet), or \
             let the client end TLS (tls: relay) with its own",
            words.wallet()
        ),
    }
}

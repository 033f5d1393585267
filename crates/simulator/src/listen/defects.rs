//! The defects that a TLS port can have, by name.

use std::str::FromStr;

macro_rules! defects {
    ($($variant:ident $name:literal $what:literal)*) => {
        /// What is wrong with a port that is taken for one of TLS, and does not have to be: some of these a
        /// client has to bear.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum TlsDefect {
            $(#[doc = $what] $variant,)*
        }

        impl TlsDefect {
            /// All of them.
            pub const ALL: &[TlsDefect] = &[$(TlsDefect::$variant),*];

            /// Its name on the command line.
            pub fn name(self) -> &'static str {
                match self { $(TlsDefect::$variant => $name),* }
            }

            /// What it is, in a line.
            pub fn what(self) -> &'static str {
                match self { $(TlsDefect::$variant => $what),* }
            }
        }
    };
}

defects! {
    // Chains. Unless said otherwise: a root, an intermediate and the leaf for localhost, 127.0.0.1 and ::1,
    // of which the server sends the leaf and the intermediate.
    Sound "sound" "Nothing is wrong."
    SelfSignedLeaf "self-signed-leaf" "The leaf signed itself and is no authority."
    SelfSignedAuthority "self-signed-authority" "The leaf signed itself and is an authority, as `openssl req -x509` makes it."
    RootInChain "root-in-chain" "The server sends the root as well."
    MissingIntermediate "missing-intermediate" "The server sends the leaf alone."
    LeafLast "leaf-last" "The server sends the intermediate first."
    ShuffledChain "shuffled-chain" "Two intermediates, sent in the wrong order behind the leaf."
    ExtraCertificates "extra-certificates" "Certificates behind the chain that have nothing to do with it."
    ExpiredLeaf "expired-leaf" "The leaf was good until 2021-02-03."
    ExpiredIntermediate "expired-intermediate" "The intermediate was good until 2021-02-03."
    ExpiredRoot "expired-root" "The root was good until 2021-02-03."
    FutureLeaf "future-leaf" "The leaf is good from 4020-01-01 on."
    FutureIntermediate "future-intermediate" "The intermediate is good from 4020-01-01 on."
    FutureRoot "future-root" "The root is good from 4020-01-01 on."
    WrongHost "wrong-host" "The leaf is for db.example.com, standby.example.com and 192.0.2.7."
    Wildcard "wildcard" "The leaf is for *.db.example.com."
    CommonNameOnly "common-name-only" "The leaf has no alternative names; its common name is localhost."
    WrongCommonName "wrong-common-name" "The leaf has no alternative names; its common name is db.example.com."
    NoName "no-name" "The leaf has neither alternative names nor a subject."
    AddressOnly "address-only" "The leaf's only alternative name is the address 127.0.0.1."
    ServiceName "service-name" "The leaf's only names are those of a service: FREEPDB1."
    LeafIsAuthority "leaf-is-authority" "The leaf is an authority."
    IntermediateIsNoAuthority "intermediate-is-no-authority" "The intermediate is no authority."
    PathTooLong "path-too-long" "Two intermediates below a root that allows one (a path length of 0 in the first)."
    NoServerAuth "no-server-auth" "The leaf is good for clients only (extended key usage)."
    IntermediateNoServerAuth "intermediate-no-server-auth" "The intermediate is good for issuing clients' certificates only."
    IntermediateMaySignNothing "intermediate-may-sign-nothing" "The intermediate's key usage has no keyCertSign."
    NameConstraints "name-constraints" "The intermediate may issue for example.com alone."
    UnknownCriticalExtension "unknown-critical-extension" "The leaf has a critical extension that nobody knows."
    ForgedSignature "forged-signature" "An impostor with the intermediate's name issued the leaf."
    RenewedRoot "renewed-root" "The root that is to be trusted has the name of the right one, and another key."
    Sha1Signature "sha1-signature" "The leaf is signed with SHA-1."
    Rsa1024Leaf "rsa1024-leaf" "The leaf has an RSA key of 1024 bits."
    Rsa1024Intermediate "rsa1024-intermediate" "The intermediate has an RSA key of 1024 bits."
    P521Intermediate "p521-intermediate" "The intermediate has a key of the curve P-521."
    Version1Leaf "version1-leaf" "The leaf is a certificate of version 1."
    GarbledLeaf "garbled-leaf" "The leaf is no certificate."
    NoCertificate "no-certificate" "The server sends no certificate."
    KeyMismatch "key-mismatch" "The server's key is not that of its certificate."
    // Handshakes.
    WantsCertificate "wants-certificate" "Clients have to show a certificate of the simulator's authorities."
    Tls11Only "tls1.1-only" "The server answers in TLS 1.1."
    Tls12Only "tls1.2-only" "The server speaks TLS 1.2 alone."
    Tls13Only "tls1.3-only" "The server speaks TLS 1.3 alone."
    NoCommonCipher "no-common-cipher" "The server has no cipher for its certificate."
    AlertProtocolVersion "alert-protocol-version" "The alert protocol_version instead of a handshake."
    AlertUnrecognizedName "alert-unrecognized-name" "The alert unrecognized_name instead of a handshake."
    AlertAccessDenied "alert-access-denied" "The alert access_denied instead of a handshake."
    AlertInternalError "alert-internal-error" "The alert internal_error instead of a handshake."
    StallsInHandshake "stalls-in-handshake" "Nothing more behind 100 bytes of the handshake."
    CutsInHandshake "cuts-in-handshake" "The connection ends behind 100 bytes of the handshake."
    CorruptsHandshake "corrupts-handshake" "A byte of the handshake is another one."
    StallsBehindHandshake "stalls-behind-handshake" "Nothing behind the handshake."
    CutsBehindHandshake "cuts-behind-handshake" "The connection ends behind the handshake, without a word."
    ClosesBehindHandshake "closes-behind-handshake" "The connection ends behind the handshake, with close_notify."
    PlainBehindHandshake "plain-behind-handshake" "What comes behind the handshake is not encrypted."
    RestartsTls "restarts-tls" "The listener has the client begin TLS anew on the same socket, behind CONNECT."
    RestartsTlsExpired "restarts-tls-expired" "The same, and the leaf of the new handshake is expired-leaf's."
    RestartsTlsPlain "restarts-tls-plain" "The same, and the other side goes on without TLS."
    RestartsTlsSilent "restarts-tls-silent" "The same, and there is no answer to the new handshake."
    // No TLS at all.
    PlainTns "plain-tns" "A listener without TLS, which refuses what is no CONNECT."
    Http "http" "A web server without TLS."
    Ssh "ssh" "A server of SSH, which speaks first."
    Garbage "garbage" "Bytes that are of no protocol."
    Silent "silent" "No answer."
    Closes "closes" "The connection is closed as soon as it is there."
    ClosesOnHello "closes-on-hello" "The connection is closed when something arrives."
    Resets "resets" "The connection is reset when something arrives."
}

impl FromStr for TlsDefect {
    type Err = String;

    fn from_str(name: &str) -> Result<TlsDefect, String> {
        TlsDefect::ALL.iter().copied().find(|defect| defect.name() == name).ok_or_else(|| {
            let names: Vec<&str> = TlsDefect::ALL.iter().map(|defect| defect.name()).collect();
            format!("no defect is called {name:?}; there are {}", names.join(", "))
        })
    }
}

macro_rules! client_defects {
    ($($variant:ident $name:literal $what:literal)*) => {
        /// What is wrong with the certificate that a client shows.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum ClientDefect {
            $(#[doc = $what] $variant,)*
        }

        impl ClientDefect {
            /// All of them.
            pub const ALL: &[ClientDefect] = &[$(ClientDefect::$variant),*];

            /// The name of the folder of its wallet.
            pub fn name(self) -> &'static str {
                match self { $(ClientDefect::$variant => $name),* }
            }
        }
    };
}

client_defects! {
    Expired "expired" "It was good until 2021-02-03."
    Future "future" "It is good from 4020-01-01 on."
    Stranger "stranger" "An authority that the server does not know issued it."
    WrongPurpose "wrong-purpose" "It is good for servers only (extended key usage)."
    OtherKey "other-key" "The key beside it is another one's."
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_defect_is_found_by_its_name_alone() {
        for &defect in TlsDefect::ALL {
            assert_eq!(defect.name().parse(), Ok(defect));
            assert!(defect.what().ends_with('.'), "{}", defect.what());
        }
        let error = "rusty".parse::<TlsDefect>().unwrap_err();
        assert!(error.contains("\"rusty\"") && error.contains("expired-leaf"), "{error}");
    }
}

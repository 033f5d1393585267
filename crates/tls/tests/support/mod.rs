//! A server on the same machine in the same process: certificates, and a TLS server without sockets.

// Each test file uses what it needs of it.
#![allow(dead_code, unreachable_pub)]

use std::io::{Read, Write};
use std::sync::Arc;

use oraedge_tls::{Connector, ServerPolicy, TlsFailure, TlsOptions, TlsSession, Trust};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::crypto::ring;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

/// An authority.
pub struct Authority {
    pub issuer: Issuer<'static, KeyPair>,
    pub der: Vec<u8>,
    pub pem: String,
}

impl Authority {
    pub fn new(name: &str) -> Self {
        Authority::with(name, |_| {})
    }

    pub fn with(name: &str, change: impl FnOnce(&mut CertificateParams)) -> Self {
        let mut params = authority_params(name);
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let (der, pem) = (certificate.der().to_vec(), certificate.pem());
        Authority { issuer: Issuer::new(params, key), der, pem }
    }

    /// An authority below this one.
    pub fn authority(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Authority {
        let mut params = authority_params(name);
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let (der, pem) = (certificate.der().to_vec(), certificate.pem());
        Authority { issuer: Issuer::new(params, key), der, pem }
    }

    pub fn issue(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Issued {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.distinguished_name = Default::default();
        params.distinguished_name.push(DnType::CommonName, name);
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let der = params.signed_by(&key, &self.issuer).unwrap().der().to_vec();
        Issued { chain: vec![der], key: key.serialize_der() }
    }

    pub fn trust(&self) -> Trust {
        Trust::only_der([self.der.clone()])
    }
}

fn authority_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = Default::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

/// A certificate, what is sent with it, and its key.
#[derive(Clone)]
pub struct Issued {
    pub chain: Vec<Vec<u8>>,
    pub key: Vec<u8>,
}

impl Issued {
    pub fn and(mut self, authority: &Authority) -> Self {
        self.chain.push(authority.der.clone());
        self
    }

    pub fn key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::try_from(self.key.clone()).unwrap()
    }
}

/// A server that shows this certificate, and wants one of `clients`.
pub fn server(own: &Issued, clients: Option<&Authority>) -> Arc<ServerConfig> {
    server_with(own, clients, rustls::ALL_VERSIONS)
}

pub fn server_with(
    own: &Issued,
    clients: Option<&Authority>,
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> Arc<ServerConfig> {
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(versions)
        .unwrap();
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            roots.add(CertificateDer::from(authority.der.clone())).unwrap();
            let verifier =
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            builder.with_client_cert_verifier(verifier.unwrap())
        }
    };
    let chain = own.chain.iter().cloned().map(CertificateDer::from).collect();
    Arc::new(builder.with_single_cert(chain, own.key()).unwrap())
}

pub fn session(options: TlsOptions, policy: &ServerPolicy) -> TlsSession {
    Connector::new(options).session(policy, "db.example").unwrap()
}

/// Carries bytes between a session and a server that echoes, until neither has any more.
pub struct Wire {
    pub session: TlsSession,
    pub server: ServerConnection,
    pub server_error: Option<rustls::Error>,
}

impl Wire {
    pub fn new(session: TlsSession, config: &Arc<ServerConfig>) -> Self {
        let mut server = ServerConnection::new(config.clone()).unwrap();
        server.set_buffer_limit(None);
        Wire { session, server, server_error: None }
    }

    pub fn run(&mut self) -> Result<(), TlsFailure> {
        loop {
            let up = self.session.take_ciphertext();
            self.up(&up);
            let mut down = Vec::new();
            while self.server.wants_write() {
                self.server.write_tls(&mut down).unwrap();
            }
            if up.is_empty() && down.is_empty() {
                return Ok(());
            }
            self.session.feed(&down)?;
        }
    }

    fn up(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && self.server_error.is_none() {
            self.server.read_tls(&mut bytes).unwrap();
            if let Err(error) = self.server.process_new_packets() {
                self.server_error = Some(error);
            }
            let mut said = Vec::new();
            let _ = self.server.reader().read_to_end(&mut said);
            self.server.writer().write_all(&said).unwrap();
        }
    }
}

//! Who signs requests to OCI: a key id, and the key that goes with it.

use std::sync::Arc;

use super::driver::Host;
use super::retry::Authenticate;
use super::{Environment, KeyId};
use crate::auth::Secret;
use crate::auth::http::HttpRequest;
use crate::auth::oci::key::ApiKey;
use crate::auth::oci::signer;
use crate::error::{Error, Result};
use crate::time::UnixTime;

/// A private key: given as PEM and used in here, or made by the host and used there.
#[derive(Clone)]
pub(crate) enum SigningKey {
    Given(Arc<ApiKey>),
    Made { key: KeyId, public_key: Vec<u8> },
}

impl SigningKey {
    /// A key pair that the host makes now.
    pub(crate) async fn make(host: &Host, bits: u32) -> Result<SigningKey> {
        let (key, public_key) = host.generate_key_pair(bits).await?;
        Ok(SigningKey::Made { key, public_key })
    }

    /// The public half as DER of its SubjectPublicKeyInfo.
    pub(crate) fn public_key(&self) -> &[u8] {
        match self {
            SigningKey::Given(key) => key.spki_der(),
            SigningKey::Made { public_key, .. } => public_key,
        }
    }

    /// RSASSA-PKCS1-v1_5 with SHA-256.
    pub(crate) async fn sign(&self, host: &Host, message: Vec<u8>) -> Result<Vec<u8>> {
        match self {
            SigningKey::Given(key) => key.sign_sha256(&message),
            SigningKey::Made { key, .. } => host.sign(*key, message).await,
        }
    }
}

/// A key id and its key.
#[derive(Clone)]
pub(crate) struct Credentials {
    /// `tenancy/user/fingerprint`, or `ST$` and a token.
    key_id: Secret,
    key: SigningKey,
    sign_host: bool,
}

impl Credentials {
    pub(crate) fn new(key_id: String, key: SigningKey) -> Credentials {
        Credentials { key_id: Secret::from(key_id), key, sign_host: true }
    }

    /// A session token and the key whose public half it names.
    pub(crate) fn token(token: &str, key: SigningKey) -> Credentials {
        Credentials::new(signer::token_key_id(token), key)
    }

    /// The same, but `host` is not among the signed headers: how Oracle's SDKs sign for the X.509
    /// federation endpoint.
    pub(crate) fn without_host(self) -> Credentials {
        Credentials { sign_host: false, ..self }
    }

    pub(crate) fn key(&self) -> &SigningKey {
        &self.key
    }
}

impl Authenticate for Credentials {
    async fn authenticate(
        &self,
        host: &Host,
        request: &HttpRequest,
        now: UnixTime,
    ) -> Result<HttpRequest> {
        let (mut text, mut headers) = signer::string_to_sign(request, now)?;
        if !self.sign_host {
            let lines: Vec<&str> = text.split('\n').filter(|l| !l.starts_with("host: ")).collect();
            text = lines.join("\n");
            headers.retain(|(name, _)| name != "host");
        }
        let signature = self.key.sign(host, text.into_bytes()).await?;
        let key_id = self.key_id.expose_text().unwrap_or_default();
        let authorization = signer::authorization(key_id, &headers, &signature);
        let mut request = request.clone();
        signer::apply(&mut request, headers, authorization);
        Ok(request)
    }
}

/// A private key from PEM text; `what` names where it is from.
pub(crate) fn key_from_pem(
    pem: &str,
    pass_phrase: Option<&Secret>,
    what: &str,
) -> Result<SigningKey> {
    match ApiKey::from_pem(pem, pass_phrase) {
        Ok(key) => Ok(SigningKey::Given(Arc::new(key))),
        Err(error) => Err(in_place(error, what)),
    }
}

/// `error` with `what` in front of it.
pub(crate) fn in_place(error: Error, what: &str) -> Error {
    match error {
        Error::Auth { what: text, remedy } => {
            Error::Auth { what: format!("{what}: {text}"), remedy }
        }
        Error::Misuse { what: text, remedy } => {
            Error::Misuse { what: format!("{what}: {text}"), remedy }
        }
        Error::Unsupported { what: text, remedy } => {
            Error::Unsupported { what: format!("{what}: {text}"), remedy }
        }
        other => other,
    }
}

/// Whether a value is the path of a file rather than its content: what is meant by an absolute path
/// in the environment of a resource principal.
pub(crate) fn is_path(value: &str) -> bool {
    let value = value.trim_start();
    let mut chars = value.chars();
    match (chars.next(), chars.next(), chars.next()) {
        (Some('/'), ..) => true,
        (Some('\\'), Some('\\'), _) => true,
        (Some(drive), Some(':'), Some('/' | '\\')) => drive.is_ascii_alphabetic(),
        _ => false,
    }
}

/// The regions that this process knows: Oracle's table, and what the environment and the user's file
/// say.
pub(crate) type Regions = crate::auth::oci::region::RegionMetadata;

/// Regions without the user's file.
pub(crate) fn regions_of(environment: &Environment) -> Regions {
    Regions::read(None, &environment.variables)
}

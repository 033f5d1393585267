//! From a method's name and parameters to a database token, without doing any I/O.
//!
//! A [`TokenFlow`] is told what happened ([`FlowInput`]) and says what it needs next
//! ([`FlowOutput`]): an HTTP request, the content of a file, an RSA key pair, a signature, time.
//! Whoever drives it (`fetch` and WebCrypto in JavaScript, an HTTP client and the `rsa` crate
//! natively) needs to know no method:
//!
//! ```text
//! flow.handle_input(now, FlowInput::Start);
//! loop { match flow.poll_output() {
//!     FlowOutput::Http(request) => flow.handle_input(now, FlowInput::Http(fetch(request))),
//!     FlowOutput::ReadFile(path) => flow.handle_input(now, FlowInput::File(read(path))),
//!     FlowOutput::GenerateKeyPair { bits } => flow.handle_input(now, FlowInput::KeyPair { .. }),
//!     FlowOutput::Sign { key, message } => flow.handle_input(now, FlowInput::Signed(..)),
//!     FlowOutput::Wait(time) => { sleep(time); flow.handle_input(now, FlowInput::Waited) }
//!     FlowOutput::Note(text) => log(text),
//!     FlowOutput::Done(token) => break Ok(token),
//!     FlowOutput::Failed(error) => break Err(error),
//!     FlowOutput::Idle => unreachable, // only when an answer is owed to the flow
//! } }
//! ```
//!
//! One request is outstanding at a time. A flow makes one token; for the next one (see [`policy`]
//! for when), make another flow of the same [`AuthParams`].

mod api_key;
pub(super) mod certificate;
mod client_credentials;
pub(super) mod credentials;
pub(super) mod driver;
pub(super) mod endpoint;
mod federation;
mod instance_principal;
mod metadata;
mod method;
pub(super) mod oauth;
mod oke_workload_identity;
mod params;
pub mod policy;
mod profile;
mod redaction;
mod resource_principal;
pub(super) mod retry;
mod scoped_token;
pub(super) mod service_error;
mod session_token;

pub use driver::TokenFlow;
pub use method::{AuthMethod, Key};
pub use params::{AuthParams, ParamValue};

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::auth::http::{HttpRequest, HttpResponse};
use crate::auth::{Secret, azure};
use crate::error::{Error, Result};
use crate::time::UnixTime;

/// What a flow may know of the process that it runs in.
#[derive(Clone, Default)]
pub struct Environment {
    /// The environment variables (`OCI_RESOURCE_PRINCIPAL_RPST`, `OCI_METADATA_BASE_URL` ...).
    pub variables: BTreeMap<String, String>,
    /// The user's home folder, which a leading `~` in a path stands for.
    pub home: Option<String>,
    /// Random bytes (32 are enough), for the jitter between attempts and for identifiers of
    /// requests. Empty: the flow does the same thing each time, as a test wants it.
    pub entropy: Vec<u8>,
}

// Variables may hold keys and pass phrases, so only their names are shown.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment")
            .field("variables", &self.variables.keys().collect::<Vec<_>>())
            .field("home", &self.home)
            .finish_non_exhaustive()
    }
}

/// Names a private key that the host made and keeps: a `CryptoKey` of WebCrypto that cannot be
/// extracted, a key of the `rsa` crate natively.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub u32);

/// What a flow ends in.
#[derive(Clone, Debug)]
pub struct DatabaseToken {
    /// The token that goes to the database.
    pub token: Secret,
    /// When it stops being accepted; `None` if nothing said so.
    pub expires_at: Option<UnixTime>,
    /// The key whose possession is proved at log-on; `None` for a bearer token.
    pub key: Option<KeyId>,
}

/// What a flow needs next.
#[derive(Debug)]
pub enum FlowOutput {
    /// Send this and answer with [`FlowInput::Http`]. Redirects are not to be followed, and no more
    /// than [`MAX_RESPONSE_BYTES`] of the body need be kept.
    Http(HttpRequest),
    /// Read this file whole and answer with [`FlowInput::File`].
    ReadFile(String),
    /// Make an RSA key pair with public exponent 65537 and answer with [`FlowInput::KeyPair`].
    GenerateKeyPair {
        /// The length of the modulus in bits.
        bits: u32,
    },
    /// Sign with RSASSA-PKCS1-v1_5 and SHA-256 and answer with [`FlowInput::Signed`].
    Sign {
        /// The key, made for an earlier [`FlowOutput::GenerateKeyPair`] of this flow.
        key: KeyId,
        /// What to sign (the message itself, not its hash).
        message: Vec<u8>,
    },
    /// Let this time pass and answer with [`FlowInput::Waited`].
    Wait(Duration),
    /// Something worth telling the user; needs no answer.
    Note(String),
    /// The token. Nothing follows.
    Done(DatabaseToken),
    /// Why there is no token. Nothing follows.
    Failed(Error),
    /// Nothing until the next input.
    Idle,
}

/// What happened.
pub enum FlowInput {
    /// Begin.
    Start,
    /// The answer to [`FlowOutput::Http`]: the response whatever its status, or why there is none
    /// (`connection refused`, `timed out`).
    Http(Result<HttpResponse, String>),
    /// The answer to [`FlowOutput::ReadFile`]: the content, or why there is none.
    File(Result<Vec<u8>, String>),
    /// The answer to [`FlowOutput::GenerateKeyPair`].
    KeyPair {
        /// The name of the private key, for [`FlowOutput::Sign`] and [`DatabaseToken::key`].
        key: KeyId,
        /// The public half as DER of its SubjectPublicKeyInfo.
        public_key: Vec<u8>,
    },
    /// The other answer to [`FlowOutput::GenerateKeyPair`]: why there is no key pair.
    KeyPairFailed(String),
    /// The answer to [`FlowOutput::Sign`]: the signature, or why there is none.
    Signed(Result<Vec<u8>, String>),
    /// The answer to [`FlowOutput::Wait`].
    Waited,
}

// Files hold keys and tokens, so of every input only its kind is shown.
impl fmt::Debug for FlowInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind())
    }
}

impl FlowInput {
    fn kind(&self) -> &'static str {
        match self {
            FlowInput::Start => "Start",
            FlowInput::Http(_) => "Http",
            FlowInput::File(_) => "File",
            FlowInput::KeyPair { .. } => "KeyPair",
            FlowInput::KeyPairFailed(_) => "KeyPairFailed",
            FlowInput::Signed(_) => "Signed",
            FlowInput::Waited => "Waited",
        }
    }
}

/// The most that a response of an identity service may be long. Real ones are below 20 kB.
pub const MAX_RESPONSE_BYTES: usize = 1 << 20;

/// The whole of a flow.
async fn run(host: driver::Host, params: AuthParams) -> Result<DatabaseToken> {
    for key in params.unused() {
        host.note(format!(
            "the authentication parameter `{key}` does nothing with {}",
            params.method()
        ));
    }
    token(host, &params).await
}

async fn token(host: driver::Host, params: &AuthParams) -> Result<DatabaseToken> {
    match params.method() {
        AuthMethod::ConfigFileAuthentication => api_key::with_profile(host, params).await,
        AuthMethod::SimpleAuthentication => api_key::with_parameters(host, params).await,
        AuthMethod::SecurityToken => session_token::with_profile(host, params).await,
        AuthMethod::SecurityTokenSimple => session_token::with_parameters(host, params).await,
        AuthMethod::InstancePrincipal => instance_principal::run(host, params).await,
        AuthMethod::ResourcePrincipal => resource_principal::run(host, params).await,
        AuthMethod::OkeWorkloadIdentity => oke_workload_identity::run(host, params).await,
        AuthMethod::ClientCredentials => client_credentials::run(host, params).await,
        AuthMethod::AzureServicePrincipal => azure::run(host, params).await,
    }
}

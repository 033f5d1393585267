//! Runs a method's machine: requests, files, keys and time are answered from this machine.

use std::collections::BTreeMap;
use std::sync::Arc;

use oraedge::auth::AccessToken;
use oraedge::auth::flow::{
    AuthParams, DatabaseToken, Environment, FlowInput, FlowOutput, KeyId, TokenFlow,
};
use oraedge::client::{LogOnToken, Signer};
use oraedge::{Error, Result};

use super::http::HttpClient;
use super::keys::KeySigner;
use crate::environment::unix_time;

/// What becomes of the notes of a method: parameters without effect and the like.
pub(crate) type Notes = Arc<dyn Fn(&str) + Send + Sync>;

/// Runs the method of `params` to its token.
///
/// # Errors
/// What the method says; it names what was tried, what came, and what to do.
pub(crate) async fn fetch(
    params: AuthParams,
    environment: Environment,
    http: &HttpClient,
    notes: &Notes,
) -> Result<LogOnToken> {
    let mut flow = TokenFlow::new(params, environment);
    let mut keys = Keys::default();
    flow.handle_input(unix_time(), FlowInput::Start);
    loop {
        let input = match flow.poll_output() {
            FlowOutput::Http(request) => FlowInput::Http(http.send(request).await),
            FlowOutput::ReadFile(path) => {
                FlowInput::File(tokio::fs::read(path).await.map_err(|error| error.to_string()))
            }
            FlowOutput::GenerateKeyPair { bits } => keys.generate(bits).await,
            FlowOutput::Sign { key, message } => FlowInput::Signed(keys.sign(key, &message).await),
            FlowOutput::Wait(time) => {
                tokio::time::sleep(time).await;
                FlowInput::Waited
            }
            FlowOutput::Note(text) => {
                notes(&text);
                continue;
            }
            FlowOutput::Done(token) => return keys.log_on_token(token),
            FlowOutput::Failed(error) => return Err(error),
            FlowOutput::Idle => {
                return Err(Error::auth("the method ended without a token", ""));
            }
        };
        flow.handle_input(unix_time(), input);
    }
}

/// The keys that a flow has had made.
#[derive(Default)]
struct Keys {
    made: BTreeMap<KeyId, KeySigner>,
}

impl Keys {
    async fn generate(&mut self, bits: u32) -> FlowInput {
        match KeySigner::generate(bits).await {
            Ok(signer) => {
                let key = KeyId(u32::try_from(self.made.len()).unwrap_or(u32::MAX));
                let public_key = signer.public_key();
                self.made.insert(key, signer);
                FlowInput::KeyPair { key, public_key }
            }
            Err(error) => FlowInput::KeyPairFailed(error.to_string()),
        }
    }

    async fn sign(&self, key: KeyId, message: &[u8]) -> Result<Vec<u8>, String> {
        let signer = self.made.get(&key).ok_or("there is no such key")?;
        signer.sign(message).await.map_err(|error| error.to_string())
    }

    fn log_on_token(&self, token: DatabaseToken) -> Result<LogOnToken> {
        let access = AccessToken { token: token.token, expires_at: token.expires_at };
        let Some(key) = token.key else { return Ok(LogOnToken::bearer(access)) };
        let signer =
            self.made.get(&key).cloned().ok_or_else(|| {
                Error::auth("the token is bound to a key that was not made here", "")
            })?;
        Ok(LogOnToken::with_key(access, Arc::new(signer)))
    }
}

/// This process's environment, as the methods see it.
pub(crate) fn process_environment() -> Environment {
    let variables = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    environment(variables)
}

/// An environment of these variables, on this machine.
pub(crate) fn environment(variables: BTreeMap<String, String>) -> Environment {
    let home = variables.get("HOME").or_else(|| variables.get("USERPROFILE")).cloned();
    let home = home.or_else(|| Some(std::env::home_dir()?.to_string_lossy().into_owned()));
    let mut entropy = vec![0; 32];
    // Without random bytes the waits between attempts are the same each time; nothing more.
    if getrandom::fill(&mut entropy).is_err() {
        entropy.clear();
    }
    Environment { variables, home, entropy }
}

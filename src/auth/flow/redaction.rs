//! What a flow tells is searched for what it was given and what it sent, in case a service, a proxy or
//! the host's HTTP client repeats a request in its error.

use zeroize::Zeroizing;

use super::AuthParams;
use super::oauth::form_encode;
use crate::auth::http::HttpRequest;
use crate::error::Error;

/// What stands in the place of a secret.
pub(crate) const REDACTED: &str = "[redacted]";

/// Shorter texts are not looked for: they would be found by chance.
const SHORTEST: usize = 4;

/// The secrets of one flow, each in every form in which it is sent.
#[derive(Default)]
pub(crate) struct Redaction(Vec<Zeroizing<String>>);

impl Redaction {
    /// The secrets among the parameters, as they are and as a form carries them.
    pub(crate) fn of(params: &AuthParams) -> Self {
        let mut redaction = Redaction::default();
        for secret in params.secrets() {
            let mut encoded = Zeroizing::new(String::new());
            form_encode(&mut encoded, secret.trim());
            redaction.add(secret.trim());
            redaction.add(&encoded.replace('+', "%20"));
            redaction.add(&encoded);
        }
        redaction
    }

    /// Adds what a request proves its sender by: a signature, or what is behind the scheme (`Basic`,
    /// `Bearer`).
    pub(crate) fn add_request(&mut self, request: &HttpRequest) {
        let Some(authorization) = request.header("authorization") else { return };
        let proof = match authorization.split_once("signature=\"") {
            Some((_, rest)) => rest.split('"').next(),
            None => authorization.split_once(' ').map(|(_, credentials)| credentials),
        };
        self.add(proof.unwrap_or(authorization).trim());
    }

    fn add(&mut self, secret: &str) {
        if secret.len() >= SHORTEST && !self.0.iter().any(|known| known.as_str() == secret) {
            self.0.push(Zeroizing::new(secret.to_owned()));
        }
    }

    /// A text without the secrets.
    pub(crate) fn clean(&self, mut text: String) -> String {
        for secret in &self.0 {
            if text.contains(secret.as_str()) {
                text = text.replace(secret.as_str(), REDACTED);
            }
        }
        text
    }

    /// An error without the secrets in what it quotes. Remedies are written here and quote nothing.
    pub(crate) fn clean_error(&self, error: Error) -> Error {
        match error {
            Error::Auth { what, remedy } => Error::Auth { what: self.clean(what), remedy },
            Error::Misuse { what, remedy } => Error::Misuse { what: self.clean(what), remedy },
            Error::Transport { doing, detail, remedy } => {
                Error::Transport { doing: self.clean(doing), detail: self.clean(detail), remedy }
            }
            other => other,
        }
    }
}

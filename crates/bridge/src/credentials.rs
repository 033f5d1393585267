//! What the bridge asks its clients for: a bearer token, tickets, either, or nothing.

use crate::policy::{ConfigError, Target};
use crate::refusal::{Code, Refusal};
use crate::reload::{Reloaded, Source};
use crate::ticket::{TicketGrant, TicketVerifier};
use crate::token::Token;

/// What clients may show.
pub(crate) struct Credentials {
    token: Option<Token>,
    tickets: Option<TicketVerifier>,
}

/// What a client that has shown something may do, as far as that goes.
#[derive(Debug)]
pub(crate) enum Grant {
    /// Whatever the bridge's lists allow.
    All,
    /// What its ticket says, of that.
    Ticket(Box<TicketGrant>),
}

impl Grant {
    /// Whether it covers this target for this page.
    pub(crate) fn check(&self, target: &Target, origin: Option<&str>) -> Result<(), Refusal> {
        match self {
            Grant::All => Ok(()),
            Grant::Ticket(ticket) => ticket.check(target, origin),
        }
    }

    /// Whom it was given to, for the log.
    pub(crate) fn subject(&self) -> Option<&str> {
        match self {
            Grant::All => None,
            Grant::Ticket(ticket) => ticket.subject(),
        }
    }
}

impl Credentials {
    /// From the file of a token, if there is one, and the files of ticket keys.
    pub(crate) fn load(
        token: Option<Source>,
        ticket_keys: Vec<Source>,
        audience: String,
    ) -> Result<Reloaded<Self>, ConfigError> {
        let has_token = token.is_some();
        let sources = token.into_iter().chain(ticket_keys).collect();
        Reloaded::new("token and ticket keys", sources, move |contents| {
            let (token, keys) = contents.split_at(usize::from(has_token));
            let token = token.first().map(|bytes| read_token(bytes)).transpose()?;
            let verifier = || TicketVerifier::new(keys, &audience);
            let tickets = (!keys.is_empty()).then(verifier).transpose()?;
            Ok(Credentials { token, tickets })
        })
    }

    /// Whether the client has shown what the bridge asks for.
    pub(crate) fn check(&self, shown: Option<&Token>) -> Result<Grant, Refusal> {
        if self.token.is_none() && self.tickets.is_none() {
            return Ok(Grant::All);
        }
        let Some(shown) = shown else {
            return Err(unauthorized("this bridge asks for a token, and none came"));
        };
        if self.token.as_ref() == Some(shown) {
            return Ok(Grant::All);
        }
        match &self.tickets {
            Some(tickets) => Ok(Grant::Ticket(Box::new(tickets.verify(shown.reveal())?))),
            None => Err(unauthorized("this bridge does not accept the token")),
        }
    }
}

fn unauthorized(message: &str) -> Refusal {
    Refusal::new(
        Code::Unauthorized,
        message,
        "give the token of the bridge's --token-file or a ticket for its --ticket-key, for instance webSocket(url, { token })",
    )
}

fn read_token(bytes: &[u8]) -> Result<Token, ConfigError> {
    let text = std::str::from_utf8(bytes).map_err(|_| ConfigError::new("the token is not text"))?;
    Token::new(text).ok_or_else(|| ConfigError::new("the token is empty"))
}

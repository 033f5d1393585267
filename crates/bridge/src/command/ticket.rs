//! `oraedge-bridge ticket`: makes a bearer ticket and prints it.

use std::path::PathBuf;
use std::time::SystemTime;

use clap::Args;
use oraedge_bridge::{ConfigError, DEFAULT_AUDIENCE, SigningKey, Ticket};

/// Make a bearer ticket and print it on standard output.
///
/// Whoever holds it reaches the targets that it names, until it expires, over a bridge whose
/// --ticket-key belongs to this key and whose list has the targets.
#[derive(Debug, Args)]
pub(crate) struct TicketOptions {
    /// The key to sign with: an Ed25519 private key (PEM, PKCS#8), or a secret of 32 bytes or more
    /// that the bridge has as well.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// A target that may be reached with it; may be repeated. Identity hosts are targets, too
    /// (auth.us-phoenix-1.oraclecloud.com:443).
    #[arg(long, value_name = "HOST:PORT", required = true)]
    target: Vec<String>,
    /// Seconds until it expires.
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    expires_in: u64,
    /// The bridge's --ticket-audience.
    #[arg(long, value_name = "NAME", default_value = DEFAULT_AUDIENCE)]
    audience: String,
    /// The one page that it is for (https://console.example).
    #[arg(long, value_name = "ORIGIN")]
    origin: Option<String>,
    /// Whom it is given to, for the bridge's log.
    #[arg(long, value_name = "NAME")]
    subject: Option<String>,
}

impl TicketOptions {
    /// The ticket's text.
    pub(crate) fn make(self) -> Result<String, Box<dyn std::error::Error>> {
        let contents = std::fs::read(&self.key)
            .map_err(|error| format!("cannot read {}: {error}", self.key.display()))?;
        let key = SigningKey::from_file(&contents)?;
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs();
        let targets = self.target.iter().map(|text| text.parse());
        let ticket = Ticket {
            audience: self.audience,
            targets: targets.collect::<Result<_, ConfigError>>()?,
            expires_at: now.saturating_add(self.expires_in),
            origin: self.origin.map(|text| text.parse()).transpose()?,
            subject: self.subject,
        };
        Ok(ticket.sign(&key)?)
    }
}

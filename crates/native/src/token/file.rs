//! A token in a file, and beside it the private key that it is bound to, as `oci iam db-token get`
//! writes them.

use std::path::{Path, PathBuf};

use oraedge::auth::Secret;
use oraedge::client::{BoxFuture, LogOnToken, TokenSource};
use oraedge::{Error, Result};

use super::given::GivenToken;

/// The token's file in a folder.
const TOKEN_FILE: &str = "token";
/// The private key's file in a folder.
const KEY_FILE: &str = "oci_db_key.pem";
/// The longest token or key that is read.
const MAX_SIZE: u64 = 256 * 1024;

/// Reads a token each time anew: another program renews it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TokenFile {
    location: PathBuf,
    with_key: bool,
}

impl TokenFile {
    /// A token that is bound to a key: `token` and `oci_db_key.pem` in the folder, or a file with
    /// the token and `oci_db_key.pem` beside it.
    pub(crate) fn with_key(location: impl Into<PathBuf>) -> TokenFile {
        TokenFile { location: location.into(), with_key: true }
    }

    /// A bearer token: a file, or `token` in a folder.
    pub(crate) fn bearer(location: impl Into<PathBuf>) -> TokenFile {
        TokenFile { location: location.into(), with_key: false }
    }

    async fn read(&self) -> Result<LogOnToken> {
        let is_folder = tokio::fs::metadata(&self.location).await.is_ok_and(|it| it.is_dir());
        let token_path =
            if is_folder { self.location.join(TOKEN_FILE) } else { self.location.clone() };
        let token = self.text(&token_path).await?;
        let given = if self.with_key {
            let folder = token_path.parent().unwrap_or(Path::new(""));
            GivenToken::WithKey(token, self.text(&folder.join(KEY_FILE)).await?)
        } else {
            GivenToken::Bearer(token)
        };
        given.read().map_err(|error| {
            Error::auth(format!("{}: {error}", token_path.display()), self.remedy())
        })
    }

    async fn text(&self, path: &Path) -> Result<Secret> {
        let failed = |why: String| {
            Error::auth(format!("cannot read {}: {why}", path.display()), self.remedy())
        };
        let size =
            tokio::fs::metadata(path).await.map_err(|error| failed(error.to_string()))?.len();
        if size > MAX_SIZE {
            return Err(failed(format!("it has {size} bytes; at most {MAX_SIZE} are read")));
        }
        let text = tokio::fs::read_to_string(path).await;
        let text = text.map(Secret::from).map_err(|error| failed(error.to_string()))?;
        // The line's end that an editor or `echo` puts behind it.
        Ok(Secret::from(text.expose_text().unwrap_or_default().trim()))
    }

    fn remedy(&self) -> &'static str {
        if self.with_key {
            "get a token with: oci iam db-token get (it writes ~/.oci/db-token/token and \
             oci_db_key.pem), or set TOKEN_LOCATION to the folder that has them"
        } else {
            "set TOKEN_LOCATION to the file with the token, or to the folder where it is named \
             `token`"
        }
    }
}

impl TokenSource for TokenFile {
    fn token<'a>(&'a self, _refresh: bool) -> BoxFuture<'a, Result<LogOnToken>> {
        Box::pin(self.read())
    }
}

//! Log-ons whose user is known to an identity provider, not to the database.

use std::time::SystemTime;

use oraedge::error::DbError;

use super::logon::Admitted;
use super::session::{Session, db_error};
use crate::engine::{self, AuthenticationMethod, NotAdmitted};
use crate::generation::Generation;
use crate::identity::{Principal, PrincipalKind, TokenRefusal};
use crate::ttc::logon::{LogonRequest, MODE_SYSDBA, MODE_SYSOPER};

impl Session {
    /// Takes the only step of a log-on by token.
    pub(super) fn log_on_by_token(
        &mut self,
        token: &str,
        request: &LogonRequest,
    ) -> Result<(), DbError> {
        if !self.origin.encrypted {
            return Err(self.plain_text_token());
        }
        let Some(directory) = self.config.directory.clone() else {
            self.note("a token came, but this database has no identity provider");
            return Err(self.denied());
        };
        let proof = request.text("AUTH_HEADER").zip(request.text("AUTH_SIGNATURE"));
        let now = SystemTime::now();
        let database = self.config.database_identity.as_ref();
        let database = database.unwrap_or_else(|| directory.database());
        let principal = directory
            .verify_database_token(token, proof, now, database)
            .map_err(|refusal| self.token_refused(&refusal))?;
        if request.mode & (MODE_SYSDBA | MODE_SYSOPER) != 0 {
            self.note("principals of an identity provider cannot be SYSDBA or SYSOPER");
            return Err(self.denied());
        }
        let engine = self.global_session(&principal, AuthenticationMethod::Token)?;
        let name = engine.user().to_owned();
        let admitted =
            Admitted { engine, name, dba: false, facts: Vec::new(), proof: None, warning: None };
        self.begin_session(admitted, None, request)
    }

    /// The session of an IAM user whose database password was right.
    pub(super) fn session_of_iam_user(&self, name: &str) -> Result<engine::Session, DbError> {
        let is_user = |principal: &Principal| {
            principal.kind == PrincipalKind::User && principal.name.eq_ignore_ascii_case(name)
        };
        let principal = self.config.directory.as_ref().and_then(|directory| {
            [name.to_lowercase(), name.to_owned()]
                .iter()
                .find_map(|name| directory.principal_named(name))
                .filter(is_user)
        });
        let Some(principal) = principal else {
            self.note(&format!("IAM has no user {name}"));
            return Err(self.denied());
        };
        self.global_session(&principal, AuthenticationMethod::Password)
    }

    fn global_session(
        &self,
        principal: &Principal,
        method: AuthenticationMethod,
    ) -> Result<engine::Session, DbError> {
        let refusal = match self.config.database.global_session(principal, method)? {
            Ok(session) => return Ok(session),
            Err(refusal) => refusal,
        };
        self.note(&format!("{:?} {} is not let in: {refusal}", principal.kind, principal.ocid));
        Err(match refusal {
            NotAdmitted::ProviderNotEnabled(_) | NotAdmitted::NotMapped => self.denied(),
            NotAdmitted::NoCreateSession(user) => self.no_create_session(&user),
        })
    }

    /// `ORA-25708` for a token that expired, `ORA-25707` for one that is not valid anywhere, and
    /// `ORA-01017` for a token or a proof that is not good here: what is wrong with it, the client is
    /// not told.
    fn token_refused(&self, refusal: &TokenRefusal) -> DbError {
        self.note(&format!("a token was refused: {refusal}"));
        match refusal {
            TokenRefusal::Expired(_) => {
                db_error(25708, "The expiration time of the token has passed.")
            }
            TokenRefusal::Malformed
            | TokenRefusal::UnknownIssuer
            | TokenRefusal::BadSignature
            | TokenRefusal::NoExpiry => db_error(25707, "The token is invalid."),
            TokenRefusal::WrongAudience(_)
            | TokenRefusal::WrongScope(_)
            | TokenRefusal::ProofMissing
            | TokenRefusal::ProofMalformed
            | TokenRefusal::ProofDate(_)
            | TokenRefusal::ProofSignature
            | TokenRefusal::UnknownPrincipal(_) => self.denied(),
        }
    }

    /// `ORA-25700`, in the words of the release.
    fn plain_text_token(&self) -> DbError {
        let text = if self.config.generation >= Generation::V23ai {
            "The database client to server connection does not use Transport Layer Security (TLS). \
             TLS is required when using tokens for database access."
        } else {
            "Current configuration does not use Transport Layer Security (TLS). Token based \
             authentication requires TLS with server authentication."
        };
        db_error(25700, text)
    }

    /// `ORA-01045`, in the words of the release.
    fn no_create_session(&self, user: &str) -> DbError {
        let text = if self.config.generation >= Generation::V23ai {
            format!("Login denied. User {user} does not have CREATE SESSION privilege.")
        } else {
            format!("user {user} lacks CREATE SESSION privilege; logon denied")
        };
        db_error(1045, &text)
    }

    /// Says to whoever runs the server what the client must not be told.
    fn note(&self, text: &str) {
        if let Some(notes) = self.config.notes {
            notes(text);
        }
    }
}

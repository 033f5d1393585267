//! Database tokens: issued by the services, verified by the database.

use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::directory::{DatabaseIdentity, Directory, Principal, PrincipalKind};
use super::jwt::{self, Token};
use super::keys::PublicKey;
use super::scope::DatabaseScope;

/// Who issues the tokens of OCI IAM.
pub const OCI_ISSUER: &str = "authService.oracle.com";
/// The key id of the tokens of OCI IAM.
pub(crate) const OCI_KEY_ID: &str = "scoped_sk_asw_simulator";
/// Whom the tokens of OCI IAM are for.
pub const OCI_AUDIENCE: &str = "urn:oracle:db";
/// The claim that tells a database token from other tokens of OCI IAM.
pub(crate) const SCOPED_TOKEN: &str = "scoped_access";
/// Who issues the tokens of identity domains.
pub(crate) const DOMAIN_ISSUER: &str = "https://identity.oraclecloud.com/";
/// How far a proof's date may be from the database's clock.
pub const PROOF_TOLERANCE: Duration = Duration::from_secs(300);
/// What the header of a proof has, in this order.
const PROOF_LINES: [&str; 3] = ["date", "(request-target)", "host"];

/// Why a token was not taken. Its text names no token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenRefusal {
    /// It is no token.
    Malformed,
    /// Nobody that this database trusts issued it.
    UnknownIssuer,
    /// The issuer's key did not sign it.
    BadSignature,
    /// It has no `exp`, or one that is no time.
    NoExpiry,
    /// It was good until then, in seconds since 1970.
    Expired(u64),
    /// It is meant for something else: its audience.
    WrongAudience(String),
    /// It is meant for other databases: its scope.
    WrongScope(String),
    /// It belongs to a key, and no proof of having that key came with it.
    ProofMissing,
    /// The header that was signed is not one.
    ProofMalformed,
    /// The header's date is this many seconds off.
    ProofDate(u64),
    /// The signature was not made with the token's key.
    ProofSignature,
    /// Its subject is not in the directory.
    UnknownPrincipal(String),
}

impl std::fmt::Display for TokenRefusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            TokenRefusal::Malformed => f.write_str("it is no JSON Web Token"),
            TokenRefusal::UnknownIssuer => f.write_str("its issuer is not trusted"),
            TokenRefusal::BadSignature => f.write_str("its signature is wrong"),
            TokenRefusal::NoExpiry => f.write_str("it does not say until when it is good"),
            TokenRefusal::Expired(at) => write!(f, "it expired at {at} s since 1970"),
            TokenRefusal::WrongAudience(audience) => write!(f, "it is for {audience:?}"),
            TokenRefusal::WrongScope(scope) => write!(f, "its scope is {scope:?}"),
            TokenRefusal::ProofMissing => f.write_str("no proof of possession came with it"),
            TokenRefusal::ProofMalformed => f.write_str("the header of its proof is malformed"),
            TokenRefusal::ProofDate(seconds) => {
                write!(f, "the date of its proof is {seconds} s off")
            }
            TokenRefusal::ProofSignature => {
                f.write_str("the signature of its proof was made with another key")
            }
            TokenRefusal::UnknownPrincipal(subject) => {
                write!(f, "its subject {subject:?} is not in the directory")
            }
        }
    }
}

impl std::error::Error for TokenRefusal {}

impl Directory {
    /// The database token that `generateScopedAccessToken` gives `principal` for the owner of
    /// `public_key`.
    pub fn issue_database_token(
        &self,
        principal: &Principal,
        scope: &str,
        public_key: &PublicKey,
        now: SystemTime,
    ) -> String {
        let jwk = public_key.to_jwk("ignored").to_string();
        let claims = json!({
            "iss": OCI_ISSUER,
            "aud": OCI_AUDIENCE,
            "sub": principal.ocid,
            "ptype": principal.kind.claim(),
            "ttype": SCOPED_TOKEN,
            "scope": scope,
            "tenant": principal.tenancy,
            "jwk": jwk,
            "opc-tag": "V3,oc1,simulator",
            "jti": super::random_id(),
        });
        jwt::issue(&self.keys().oci, OCI_KEY_ID, &self.with_times(claims, now))
    }

    /// Adds `iat` and `exp` as the settings want them.
    pub(crate) fn with_times(&self, mut claims: Value, now: SystemTime) -> Value {
        let settings = self.settings();
        if let Some(claims) = claims.as_object_mut() {
            claims.insert("iat".to_owned(), json!(jwt::seconds(now)));
            let expiry = json!(jwt::seconds(now + settings.token_lifetime));
            claims.insert("exp".to_owned(), settings.broken_expiry.unwrap_or(expiry));
        }
        claims
    }

    /// Finds out who logs on with `token`. `proof` is the header that the client signed and the
    /// signature in base64 (`AUTH_HEADER` and `AUTH_SIGNATURE`).
    ///
    /// Tokens of OCI IAM need the proof; bearer tokens of Entra ID and of identity domains have none.
    ///
    /// # Errors
    /// [`TokenRefusal`].
    pub fn verify_database_token(
        &self,
        token: &str,
        proof: Option<(&str, &str)>,
        now: SystemTime,
        database: &DatabaseIdentity,
    ) -> Result<Principal, TokenRefusal> {
        let token = Token::parse(token).ok_or(TokenRefusal::Malformed)?;
        let issuer = token.text("iss").unwrap_or_default();
        if issuer == OCI_ISSUER {
            signed_and_current(&token, &self.keys().oci.public_key(), now)?;
            self.verify_oci_token(&token, proof, now, database)
        } else if issuer == DOMAIN_ISSUER {
            signed_and_current(&token, &self.keys().domain.public_key(), now)?;
            self.verify_bearer_token(&token, PrincipalKind::DomainApplication, database)
        } else if super::entra::is_issuer(issuer) {
            signed_and_current(&token, &self.keys().azure.public_key(), now)?;
            self.verify_bearer_token(&token, PrincipalKind::AzureApplication, database)
        } else {
            Err(TokenRefusal::UnknownIssuer)
        }
    }

    fn verify_oci_token(
        &self,
        token: &Token,
        proof: Option<(&str, &str)>,
        now: SystemTime,
        database: &DatabaseIdentity,
    ) -> Result<Principal, TokenRefusal> {
        let audience = token.text("aud").unwrap_or_default();
        if audience != OCI_AUDIENCE || token.text("ttype") != Some(SCOPED_TOKEN) {
            return Err(TokenRefusal::WrongAudience(audience.to_owned()));
        }
        let scope = token.text("scope").unwrap_or_default();
        let covered = DatabaseScope::parse(scope).is_some_and(|scope| scope.covers(database));
        if !covered || token.text("tenant") != Some(database.tenancy.as_str()) {
            return Err(TokenRefusal::WrongScope(scope.to_owned()));
        }
        let key = token.proof_key().ok_or(TokenRefusal::Malformed)?;
        verify_proof(&key, proof, now)?;
        let subject = token.text("sub").unwrap_or_default();
        let unknown = || TokenRefusal::UnknownPrincipal(subject.to_owned());
        self.principal(subject).ok_or_else(unknown)
    }

    fn verify_bearer_token(
        &self,
        token: &Token,
        application: PrincipalKind,
        database: &DatabaseIdentity,
    ) -> Result<Principal, TokenRefusal> {
        let audience = token.text("aud").unwrap_or_default();
        let expected: &[&String] = match application {
            PrincipalKind::DomainApplication => &[&database.domain_audience],
            _ => &[&database.azure_client_id, &database.azure_application_uri],
        };
        if !expected.iter().any(|expected| *expected == audience) {
            return Err(TokenRefusal::WrongAudience(audience.to_owned()));
        }
        let strings = |claim: &str| -> Vec<String> {
            let values = token.claims.get(claim).and_then(Value::as_array);
            values.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let user = token.text("upn").or_else(|| token.text("unique_name"));
        let subject = token.text("oid").or_else(|| token.text("sub")).unwrap_or_default();
        let name = user.or_else(|| token.text("azp")).or_else(|| token.text("client_name"));
        Ok(Principal {
            kind: if user.is_some() { PrincipalKind::AzureUser } else { application },
            ocid: subject.to_owned(),
            name: name.unwrap_or(subject).to_owned(),
            groups: strings("groups"),
            roles: strings("roles"),
            tenancy: token
                .text("tid")
                .or_else(|| token.text("tenant"))
                .unwrap_or_default()
                .to_owned(),
        })
    }
}

fn signed_and_current(token: &Token, key: &PublicKey, now: SystemTime) -> Result<(), TokenRefusal> {
    if !token.is_signed_by(key) {
        return Err(TokenRefusal::BadSignature);
    }
    let expiry = token.time("exp").ok_or(TokenRefusal::NoExpiry)?;
    if now >= expiry {
        return Err(TokenRefusal::Expired(jwt::seconds(expiry)));
    }
    Ok(())
}

/// Checks that `proof` was made now, with the private half of `key`.
fn verify_proof(
    key: &PublicKey,
    proof: Option<(&str, &str)>,
    now: SystemTime,
) -> Result<(), TokenRefusal> {
    let (header, signature) = proof.ok_or(TokenRefusal::ProofMissing)?;
    let lines: Vec<_> = header.lines().filter_map(|line| line.split_once(": ")).collect();
    let names = lines.iter().map(|(name, _)| *name);
    if !names.eq(PROOF_LINES) || lines.iter().any(|(_, value)| value.is_empty()) {
        return Err(TokenRefusal::ProofMalformed);
    }
    let date = lines.first().and_then(|(_, date)| httpdate::parse_http_date(date).ok());
    let date = date.ok_or(TokenRefusal::ProofMalformed)?;
    let distance = now.duration_since(date).or_else(|_| date.duration_since(now));
    let distance = distance.unwrap_or_default();
    if distance > PROOF_TOLERANCE {
        return Err(TokenRefusal::ProofDate(distance.as_secs()));
    }
    let signature = STANDARD.decode(signature).map_err(|_| TokenRefusal::ProofSignature)?;
    if !key.verify(header.as_bytes(), &signature) {
        return Err(TokenRefusal::ProofSignature);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::keys::PrivateKey;
    use crate::identity::testing;

    fn proof(key: &PrivateKey, date: SystemTime) -> (String, String) {
        let date = httpdate::fmt_http_date(date);
        let header = format!("date: {date}\n(request-target): freepdb1\nhost: localhost:2484");
        let signature = STANDARD.encode(key.sign(header.as_bytes()));
        (header, signature)
    }

    #[test]
    fn a_token_with_its_proof_names_the_principal() {
        let directory = testing::directory();
        let now = SystemTime::now();
        let user = directory.principal_named("vk23c").expect("a user of the sample");
        let scope = super::super::scope::EVERY_DATABASE;
        let key = testing::key(0);
        let token = directory.issue_database_token(&user, scope, &key.public_key(), now);
        let (header, signature) = proof(&key, now);
        let proof = Some((header.as_str(), signature.as_str()));
        let found = directory.verify_database_token(&token, proof, now, directory.database());
        assert_eq!(found.as_ref(), Ok(&user));
        assert!(user.groups.contains(&"IAMUsers23c".to_owned()));
    }

    #[test]
    fn tokens_are_refused_with_the_reason() {
        let directory = testing::directory();
        let database = directory.database();
        let now = SystemTime::now();
        let later = |seconds| now + Duration::from_secs(seconds);
        let user = directory.principal_named("vk23c").expect("a user of the sample");
        let (key, other) = (testing::key(0), testing::key(1));
        let issue =
            |scope: &str| directory.issue_database_token(&user, scope, &key.public_key(), now);
        let token = issue("urn:oracle:db::id::*");
        let elsewhere = issue("urn:oracle:db::id::ocid1.compartment.oc1..other");
        let stranger = Principal { ocid: "ocid1.user.oc1..stranger".to_owned(), ..user.clone() };
        let stranger = directory.issue_database_token(
            &stranger,
            "urn:oracle:db::id::*",
            &key.public_key(),
            now,
        );
        let forged = jwt::issue(&other, OCI_KEY_ID, &Token::parse(&token).expect("ours").claims);
        let check = |token: &str, proof: Option<&(String, String)>, at| {
            let proof = proof.map(|(header, signature)| (header.as_str(), signature.as_str()));
            directory.verify_database_token(token, proof, at, database)
        };
        let good = proof(&key, now);
        let wrong_key = proof(&other, now);
        let malformed = ("date: today".to_owned(), good.1.clone());
        let expiry = jwt::seconds(now) + 3600;
        for (token, proof, at, refusal) in [
            ("no token", Some(&good), now, TokenRefusal::Malformed),
            (&forged, Some(&good), now, TokenRefusal::BadSignature),
            (&token, Some(&good), later(3600), TokenRefusal::Expired(expiry)),
            (&token, Some(&good), later(600), TokenRefusal::ProofDate(600)),
            (&token, None, now, TokenRefusal::ProofMissing),
            (&token, Some(&malformed), now, TokenRefusal::ProofMalformed),
            (&token, Some(&wrong_key), now, TokenRefusal::ProofSignature),
            (
                &elsewhere,
                Some(&good),
                now,
                TokenRefusal::WrongScope(
                    "urn:oracle:db::id::ocid1.compartment.oc1..other".to_owned(),
                ),
            ),
            (
                &stranger,
                Some(&good),
                now,
                TokenRefusal::UnknownPrincipal("ocid1.user.oc1..stranger".to_owned()),
            ),
        ] {
            let found = check(token, proof, at);
            // The proof's date has only seconds.
            let near = matches!(found, Err(TokenRefusal::ProofDate(600 | 601)))
                && matches!(refusal, TokenRefusal::ProofDate(600));
            assert!(near || found == Err(refusal.clone()), "{refusal:?}: {found:?}");
        }
    }
}

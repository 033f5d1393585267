//! Tokens that stand for a principal at OCI's services: of a user who logged on with a browser, of
//! an instance, of a resource. The key id `ST$TOKEN` names them in signatures of requests.

use std::time::SystemTime;

use serde_json::{Value, json};

use super::database_token::OCI_ISSUER;
use super::directory::{Directory, Principal, PrincipalKind};
use super::jwt::{self, Token};
use super::keys::PublicKey;

/// What the key id of a request begins with when a token follows.
pub const PREFIX: &str = "ST$";
/// The key id that these tokens are signed under.
const KEY_ID: &str = "asw_simulator";
/// The claim `ttype` of a token that the owner of a resource shows for it.
const RESOURCE_TOKEN: &str = "rpt";
/// The claim `ttype` of the token of the service that runs a resource.
const SERVICE_TOKEN: &str = "spst";
/// The service account of the sample's workload.
pub(crate) const SERVICE_ACCOUNT: &str = "system:serviceaccount:default:demo";
/// Who issues the tokens of service accounts.
const CLUSTER_ISSUER: &str = "https://kubernetes.default.svc.cluster.local";

/// How a principal came to its session; the claim `ttype`.
fn session_type(kind: PrincipalKind) -> &'static str {
    match kind {
        PrincipalKind::User => "login",
        PrincipalKind::Instance => "x509",
        _ => "res",
    }
}

impl Directory {
    /// A session token of `principal` for the owner of `public_key`.
    pub fn issue_session_token(
        &self,
        principal: &Principal,
        public_key: &PublicKey,
        now: SystemTime,
    ) -> String {
        let mut claims = json!({
            "iss": OCI_ISSUER,
            "aud": "oci",
            "sub": principal.ocid,
            "ptype": principal.kind.claim(),
            "ttype": session_type(principal.kind),
            "tenant": principal.tenancy,
            "jwk": public_key.to_jwk("ignored").to_string(),
            "opc-tag": "V3,oc1,simulator",
            "jti": super::random_id(),
        });
        match principal.kind {
            PrincipalKind::Instance => {
                claims["opc-certtype"] = json!("instance");
                claims["opc-instance"] = json!(principal.ocid);
                claims["opc-tenant"] = json!(principal.tenancy);
                claims["opc-compartment"] = json!(self.database().compartment);
            }
            PrincipalKind::Resource => {
                claims["res_id"] = json!(principal.ocid);
                claims["res_tenant"] = json!(principal.tenancy);
                claims["res_compartment"] = json!(self.database().compartment);
                claims["res_type"] = json!(principal.ocid.split('.').nth(1));
            }
            _ => {}
        }
        jwt::issue(&self.keys().oci, KEY_ID, &self.with_times(claims, now))
    }

    /// The principal of a session token and the key that its requests are signed with; `None` if it
    /// is not good at `now`.
    pub fn verify_session_token(
        &self,
        token: &str,
        now: SystemTime,
    ) -> Option<(Principal, PublicKey)> {
        let token = self.own_token(token, now)?;
        let principal = self.principal(token.text("sub")?)?;
        let expected = session_type(principal.kind);
        (token.text("ttype") == Some(expected)).then_some(())?;
        Some((principal, token.proof_key()?))
    }

    /// What `holder` shows to become `resource`: the resource's token and the service's.
    pub(crate) fn issue_resource_tokens(
        &self,
        holder: &Principal,
        resource: &Principal,
        now: SystemTime,
    ) -> (String, String) {
        let issue = |kind: &str, extra: Value| {
            let mut claims = json!({
                "iss": OCI_ISSUER,
                "ttype": kind,
                "holder": holder.ocid,
                "tenant": resource.tenancy,
                "jti": super::random_id(),
            });
            claims["sub"] = extra;
            jwt::issue(&self.keys().oci, KEY_ID, &self.with_times(claims, now))
        };
        (issue(RESOURCE_TOKEN, json!(resource.ocid)), issue(SERVICE_TOKEN, json!("simulator")))
    }

    /// The resource of the two tokens that `holder` got; `None` if they are not good.
    pub(crate) fn verify_resource_tokens(
        &self,
        holder: &Principal,
        resource_token: &str,
        service_token: &str,
        now: SystemTime,
    ) -> Option<Principal> {
        let resource_token = self.own_token(resource_token, now)?;
        let service_token = self.own_token(service_token, now)?;
        let good = |token: &Token, kind: &str| {
            token.text("ttype") == Some(kind) && token.text("holder") == Some(&holder.ocid)
        };
        (good(&resource_token, RESOURCE_TOKEN) && good(&service_token, SERVICE_TOKEN))
            .then_some(())?;
        self.principal(resource_token.text("sub")?)
    }

    /// The token that Kubernetes gives the sample's workload.
    pub(crate) fn issue_service_account_token(&self, now: SystemTime) -> String {
        let claims = json!({
            "iss": CLUSTER_ISSUER,
            "aud": ["api", "proxymux"],
            "sub": SERVICE_ACCOUNT,
            "kubernetes.io": {"namespace": "default", "serviceaccount": {"name": "demo"}},
        });
        jwt::issue(&self.keys().domain, "cluster", &self.with_times(claims, now))
    }

    /// The service account of a token of Kubernetes; `None` if it is not good at `now`.
    pub(crate) fn verify_service_account_token(
        &self,
        token: &str,
        now: SystemTime,
    ) -> Option<String> {
        let token = Token::parse(token)?;
        let good = token.is_signed_by(&self.keys().domain.public_key())
            && token.text("iss") == Some(CLUSTER_ISSUER)
            && token.time("exp").is_some_and(|expiry| now < expiry);
        good.then(|| token.text("sub").map(str::to_owned)).flatten()
    }

    /// A token that OCI issued and that is good at `now`.
    fn own_token(&self, token: &str, now: SystemTime) -> Option<Token> {
        let token = Token::parse(token)?;
        let good = token.is_signed_by(&self.keys().oci.public_key())
            && token.text("iss") == Some(OCI_ISSUER)
            && token.time("exp").is_some_and(|expiry| now < expiry);
        good.then_some(token)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::identity::{sample, testing};

    #[test]
    fn a_session_token_is_good_until_it_expires() {
        let directory = testing::directory();
        let now = SystemTime::now();
        let key = testing::key(0).public_key();
        for ocid in [sample::USER, sample::INSTANCE, sample::RESOURCE] {
            let principal = directory.principal(ocid).expect("of the sample");
            let token = directory.issue_session_token(&principal, &key, now);
            let found = directory.verify_session_token(&token, now);
            assert_eq!(found, Some((principal, key.clone())));
            let later = now + Duration::from_secs(3600);
            assert_eq!(directory.verify_session_token(&token, later), None);
        }
    }

    #[test]
    fn a_database_token_is_no_session_token() {
        let directory = testing::directory();
        let now = SystemTime::now();
        let user = directory.principal(sample::USER).expect("of the sample");
        let key = testing::key(0).public_key();
        let token = directory.issue_database_token(&user, "urn:oracle:db::id::*", &key, now);
        assert_eq!(directory.verify_session_token(&token, now), None);
    }

    #[test]
    fn resource_tokens_are_good_for_whom_they_were_issued_to() {
        let directory = testing::directory();
        let now = SystemTime::now();
        let of = |ocid| directory.principal(ocid).expect("of the sample");
        let (holder, other) = (of(sample::INSTANCE), of(sample::USER));
        let resource = directory.delegated(&holder.ocid, &holder.ocid).expect("one");
        assert_eq!(resource, of(sample::RESOURCE));
        assert_eq!(directory.delegated(&other.ocid, sample::RESOURCE), None);
        let (rpt, spst) = directory.issue_resource_tokens(&holder, &resource, now);
        let verify = |holder, rpt, spst| directory.verify_resource_tokens(holder, rpt, spst, now);
        assert_eq!(verify(&holder, &rpt, &spst), Some(resource));
        assert_eq!(verify(&other, &rpt, &spst), None);
        assert_eq!(verify(&holder, &spst, &rpt), None);
    }
}

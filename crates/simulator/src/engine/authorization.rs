//! Who may log on as whom without a password of the database, and which roles that gives.
//!
//! A user or role that is IDENTIFIED GLOBALLY AS `'KEY=value'` belongs to principals of an identity
//! provider: to one alone (an exclusive schema) or to all of a group or application role (a shared
//! one).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::catalog::Catalog;
use super::error::{Result, ora};
use crate::identity::{Principal, PrincipalKind};

/// What a session needs (`ORA-01045` without it).
pub(crate) const CREATE_SESSION: &str = "CREATE SESSION";

/// Who vouches for principals (`IDENTITY_PROVIDER_TYPE`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum IdentityProvider {
    /// OCI IAM, with its identity domains.
    OciIam,
    /// Entra ID.
    AzureAd,
}

impl IdentityProvider {
    /// As `IDENTITY_PROVIDER_TYPE` has it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            IdentityProvider::OciIam => "OCI_IAM",
            IdentityProvider::AzureAd => "AZURE_AD",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<IdentityProvider> {
        [IdentityProvider::OciIam, IdentityProvider::AzureAd]
            .into_iter()
            .find(|provider| provider.name().eq_ignore_ascii_case(name))
    }

    /// Who vouches for a principal of this kind.
    fn of(kind: PrincipalKind) -> IdentityProvider {
        match kind {
            PrincipalKind::AzureApplication | PrincipalKind::AzureUser => IdentityProvider::AzureAd,
            PrincipalKind::User
            | PrincipalKind::Instance
            | PrincipalKind::Resource
            | PrincipalKind::DomainApplication => IdentityProvider::OciIam,
        }
    }
}

/// What the text of IDENTIFIED GLOBALLY AS refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum MappingKey {
    IamGroupName,
    IamPrincipalName,
    IamPrincipalOcid,
    IamServiceName,
    AzureUser,
    AzureRole,
    /// A distinguished name of a directory; this database asks none.
    Directory,
}

/// The text behind IDENTIFIED GLOBALLY AS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mapping {
    text: String,
    key: MappingKey,
    value: String,
}

impl Mapping {
    /// Reads it; blanks around `=` do not count.
    pub(crate) fn parse(text: &str) -> Result<Mapping> {
        let (key, value) = text.split_once('=').unwrap_or(("", ""));
        let name = key.trim().to_uppercase();
        let key = match name.as_str() {
            "IAM_GROUP_NAME" => MappingKey::IamGroupName,
            "IAM_PRINCIPAL_NAME" => MappingKey::IamPrincipalName,
            "IAM_PRINCIPAL_OCID" => MappingKey::IamPrincipalOcid,
            "IAM_SERVICE_NAME" => MappingKey::IamServiceName,
            "AZURE_USER" => MappingKey::AzureUser,
            "AZURE_ROLE" => MappingKey::AzureRole,
            other if other.starts_with("IAM_") || other.starts_with("AZURE_") => {
                return Err(ora(25715, "External identity provider key is not supported."));
            }
            _ => MappingKey::Directory,
        };
        Ok(Mapping { text: text.to_owned(), key, value: value.trim().to_owned() })
    }

    /// As it was written (`EXTERNAL_NAME`).
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Whether it names one principal, not all of a group.
    pub(crate) fn is_exclusive(&self) -> bool {
        matches!(
            self.key,
            MappingKey::IamPrincipalName | MappingKey::IamPrincipalOcid | MappingKey::AzureUser
        )
    }

    /// Whether `principal` is meant.
    pub(crate) fn covers(&self, principal: &Principal) -> bool {
        // Names of IAM may have their domain in front; names in the default one need not.
        let named = |name: &str| without_domain(name).eq_ignore_ascii_case(&self.bare_value());
        let provider = IdentityProvider::of(principal.kind);
        match self.key {
            MappingKey::IamGroupName if provider == IdentityProvider::OciIam => {
                principal.groups.iter().any(|group| named(group))
            }
            MappingKey::IamPrincipalName if provider == IdentityProvider::OciIam => {
                named(&principal.name)
            }
            MappingKey::IamPrincipalOcid if provider == IdentityProvider::OciIam => {
                principal.ocid == self.value
            }
            MappingKey::AzureUser => {
                principal.kind == PrincipalKind::AzureUser
                    && principal.name.eq_ignore_ascii_case(&self.value)
            }
            MappingKey::AzureRole if provider == IdentityProvider::AzureAd => {
                principal.roles.contains(&self.value)
            }
            _ => false,
        }
    }

    fn bare_value(&self) -> String {
        without_domain(&self.value).to_owned()
    }
}

fn without_domain(name: &str) -> &str {
    match name.split_once('/') {
        Some((domain, rest)) if domain.eq_ignore_ascii_case("default") => rest,
        _ => name,
    }
}

/// A role.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Role {
    pub(crate) id: u32,
    /// Whether it came with the database.
    pub(crate) predefined: bool,
    /// Whose it is, if it is a global one.
    pub(crate) mapping: Option<Mapping>,
}

/// Roles that come with a database, with their numbers and what they hold.
const PREDEFINED: [(&str, u32, &[&str]); 5] = [
    ("CONNECT", 2, &[CREATE_SESSION, "SET CONTAINER"]),
    (
        "RESOURCE",
        3,
        &["CREATE TABLE", "CREATE SEQUENCE", "CREATE PROCEDURE", "CREATE TRIGGER", "CREATE TYPE"],
    ),
    (
        "DBA",
        4,
        &[
            CREATE_SESSION,
            "ALTER SESSION",
            "ALTER SYSTEM",
            "CREATE USER",
            "ALTER USER",
            "DROP USER",
            "CREATE ROLE",
            "GRANT ANY ROLE",
            "GRANT ANY PRIVILEGE",
            "SELECT ANY TABLE",
        ],
    ),
    ("SELECT_CATALOG_ROLE", 6, &[]),
    // Autonomous Database's.
    (
        "DWROLE",
        120,
        &[
            CREATE_SESSION,
            "ALTER SESSION",
            "CREATE TABLE",
            "CREATE VIEW",
            "CREATE SEQUENCE",
            "CREATE SYNONYM",
            "CREATE PROCEDURE",
            "CREATE TRIGGER",
            "CREATE TYPE",
            "CREATE JOB",
        ],
    ),
];

/// Why a principal that is known does not get in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotAdmitted {
    /// `IDENTITY_PROVIDER_TYPE` is another one; this is the principal's.
    ProviderNotEnabled(&'static str),
    /// No user is identified globally as this principal or one of its groups or roles.
    NotMapped,
    /// The user whose schema it is has no CREATE SESSION.
    NoCreateSession(String),
}

impl std::fmt::Display for NotAdmitted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            NotAdmitted::ProviderNotEnabled(provider) => write!(
                f,
                "IDENTITY_PROVIDER_TYPE is not {provider}; run \
                 DBMS_CLOUD_ADMIN.ENABLE_EXTERNAL_AUTHENTICATION(type => '{provider}', force => TRUE)"
            ),
            NotAdmitted::NotMapped => f.write_str(
                "no user is IDENTIFIED GLOBALLY AS this principal, a group or a role of its",
            ),
            NotAdmitted::NoCreateSession(user) => {
                write!(f, "user {user} lacks CREATE SESSION privilege")
            }
        }
    }
}

/// A schema for a principal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Admission {
    pub(crate) user: String,
    pub(crate) exclusive: bool,
    pub(crate) roles: Vec<String>,
}

impl Catalog {
    /// Makes the roles that every database has.
    pub(crate) fn add_predefined_roles(&mut self) {
        for (name, id, privileges) in PREDEFINED {
            if self.roles.contains_key(name) {
                continue;
            }
            self.roles.insert(name.to_owned(), Role { id, predefined: true, mapping: None });
            for privilege in privileges {
                self.system_grants.insert((name.to_owned(), (*privilege).to_owned()));
            }
        }
    }

    /// Makes a role.
    pub(crate) fn add_role(&mut self, name: &str, mapping: Option<Mapping>) {
        /// Numbers of own roles begin behind those of predefined ones.
        const FIRST_OWN_ROLE: u32 = 1000;
        let highest = self.roles.values().map(|role| role.id + 1).max();
        let id = highest.unwrap_or_default().max(FIRST_OWN_ROLE);
        self.roles.insert(name.to_owned(), Role { id, predefined: false, mapping });
    }

    /// What the user of an ordinary account gets.
    pub(crate) fn grant_defaults(&mut self, user: &str) {
        for granted in
            ["CONNECT", "RESOURCE", "CREATE VIEW", "CREATE SYNONYM", "UNLIMITED TABLESPACE"]
        {
            self.system_grants.insert((user.to_owned(), granted.to_owned()));
        }
    }

    /// The roles of a user, and those that they hold.
    pub(crate) fn roles_of(&self, user: &str) -> Vec<String> {
        self.with_held_roles(self.granted_roles(&[user, "PUBLIC"]))
    }

    fn granted_roles(&self, grantees: &[&str]) -> Vec<String> {
        self.system_grants
            .iter()
            .filter(|(to, what)| grantees.contains(&to.as_str()) && self.roles.contains_key(what))
            .map(|(_, role)| role.clone())
            .collect()
    }

    fn with_held_roles(&self, mut roles: Vec<String>) -> Vec<String> {
        let mut seen: BTreeSet<String> = roles.iter().cloned().collect();
        let mut at = 0;
        while let Some(role) = roles.get(at).cloned() {
            for held in self.granted_roles(&[&role]) {
                if seen.insert(held.clone()) {
                    roles.push(held);
                }
            }
            at += 1;
        }
        roles
    }

    fn holds(&self, user: &str, roles: &[String], privilege: &str) -> bool {
        let has = |grantee: &str| {
            self.system_grants.contains(&(grantee.to_owned(), privilege.to_owned()))
        };
        has(user) || has("PUBLIC") || roles.iter().any(|role| has(role))
    }

    /// The schema and the roles of a principal. A schema of its own goes before a shared one; of
    /// several shared ones it gets the one that was made first.
    pub(crate) fn admit(&self, principal: &Principal) -> Result<Admission, NotAdmitted> {
        let provider = IdentityProvider::of(principal.kind);
        if !self.identity_providers.contains(&provider) {
            return Err(NotAdmitted::ProviderNotEnabled(provider.name()));
        }
        let mappings = self.users.iter().flat_map(|(name, user)| {
            user.mappings.iter().map(move |mapping| (name, user.id, mapping))
        });
        let (user, _, mapping) = mappings
            .filter(|(_, _, mapping)| mapping.covers(principal))
            .min_by_key(|(_, id, mapping)| (!mapping.is_exclusive(), *id))
            .ok_or(NotAdmitted::NotMapped)?;
        let mut roles: Vec<String> = self
            .roles
            .iter()
            .filter(|(_, role)| role.mapping.as_ref().is_some_and(|m| m.covers(principal)))
            .map(|(name, _)| name.clone())
            .collect();
        roles.extend(self.granted_roles(&[user, "PUBLIC"]));
        let roles = self.with_held_roles(roles);
        if !self.holds(user, &roles, CREATE_SESSION) {
            return Err(NotAdmitted::NoCreateSession(user.clone()));
        }
        Ok(Admission { user: user.clone(), exclusive: mapping.is_exclusive(), roles })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn principal(kind: PrincipalKind, name: &str, groups: &[&str], roles: &[&str]) -> Principal {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Principal {
            kind,
            ocid: format!("ocid1.{name}"),
            name: name.to_owned(),
            groups: owned(groups),
            roles: owned(roles),
            tenancy: String::new(),
        }
    }

    #[test]
    fn a_mapping_covers_whom_it_names() {
        use PrincipalKind::{AzureApplication, AzureUser, DomainApplication, Instance, User};
        let user = principal(User, "vkv", &["G1", "Default/G2"], &["r"]);
        let instance = principal(Instance, "box", &["dg"], &[]);
        let azure_user = principal(AzureUser, "a.b@c.example", &["G1"], &[]);
        let azure_app = principal(AzureApplication, "app", &["G1"], &["r"]);
        let domain_app = principal(DomainApplication, "app", &[], &["r"]);
        for (text, principal, covers) in [
            ("IAM_GROUP_NAME=G1", &user, true),
            ("IAM_GROUP_NAME = g1", &user, true),
            ("iam_group_name=Default/G1", &user, true),
            ("IAM_GROUP_NAME=G2", &user, true),
            ("IAM_GROUP_NAME=other/G1", &user, false),
            ("IAM_GROUP_NAME=G3", &user, false),
            ("IAM_GROUP_NAME=dg", &instance, true),
            ("IAM_GROUP_NAME=G1", &azure_user, false),
            ("IAM_PRINCIPAL_NAME=VKV", &user, true),
            ("IAM_PRINCIPAL_NAME=app", &azure_app, false),
            ("IAM_PRINCIPAL_NAME=app", &domain_app, true),
            ("IAM_PRINCIPAL_OCID=ocid1.box", &instance, true),
            ("IAM_PRINCIPAL_OCID=OCID1.box", &instance, false),
            ("AZURE_USER=A.B@c.example", &azure_user, true),
            ("AZURE_USER=app", &azure_app, false),
            ("AZURE_ROLE=r", &azure_app, true),
            ("AZURE_ROLE=R", &azure_app, false),
            ("AZURE_ROLE=r", &user, false),
            ("IAM_SERVICE_NAME=box", &instance, false),
            ("CN=vkv,O=example", &user, false),
            ("", &user, false),
        ] {
            let mapping = Mapping::parse(text).expect(text);
            assert_eq!(mapping.covers(principal), covers, "{text}: {principal:?}");
            assert_eq!(mapping.text(), text);
        }
        assert_eq!(Mapping::parse("IAM_GROUPNAME=x").expect_err("a key").number, 25715);
    }

    #[test]
    fn a_schema_of_its_own_goes_before_a_shared_one() {
        let mut catalog = Catalog::new();
        catalog.identity_providers.insert(IdentityProvider::OciIam);
        let user = principal(PrincipalKind::User, "vkv", &["g2", "g1"], &[]);
        for (name, mapping) in [
            ("SHARED2", "IAM_GROUP_NAME=g2"),
            ("SHARED1", "IAM_GROUP_NAME=g1"),
            ("MINE", "IAM_PRINCIPAL_NAME=vkv"),
        ] {
            catalog.add_user(name, 0);
            catalog.system_grants.insert((name.to_owned(), CREATE_SESSION.to_owned()));
            let mapping = Mapping::parse(mapping).expect(mapping);
            catalog.users.get_mut(name).expect("a user").mappings.push(mapping);
        }
        let admitted = catalog.admit(&user).expect("a user");
        assert_eq!((admitted.user.as_str(), admitted.exclusive), ("MINE", true));
        catalog.users.remove("MINE");
        let admitted = catalog.admit(&user).expect("a user");
        assert_eq!((admitted.user.as_str(), admitted.exclusive), ("SHARED2", false));
        catalog.identity_providers.clear();
        assert_eq!(catalog.admit(&user), Err(NotAdmitted::ProviderNotEnabled("OCI_IAM")));
    }
}

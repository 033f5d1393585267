//! Which databases a token is for.
//!
//! `urn:oracle:db::id::*` is every database of the tenancy, `urn:oracle:db::id::COMPARTMENT` those
//! of a compartment, and `urn:oracle:db::id::COMPARTMENT::DATABASE` one of them.

use super::directory::DatabaseIdentity;

/// The scope without any narrowing.
pub const EVERY_DATABASE: &str = "urn:oracle:db::id::*";
/// What each scope begins with.
const PREFIX: &str = "urn:oracle:db::id::";

/// A scope, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DatabaseScope {
    /// Every database of the tenancy.
    Tenancy,
    /// The databases of the compartment with this OCID.
    Compartment(String),
    /// One database: the OCIDs of compartment and database.
    Database(String, String),
}

impl DatabaseScope {
    /// Reads a scope; `None` if it is none.
    pub fn parse(text: &str) -> Option<DatabaseScope> {
        let rest = text.strip_prefix(PREFIX)?;
        if rest == "*" {
            return Some(DatabaseScope::Tenancy);
        }
        let container = |ocid: &str| is_ocid(ocid, "compartment") || is_ocid(ocid, "tenancy");
        match rest.split_once("::") {
            None => container(rest).then(|| DatabaseScope::Compartment(rest.to_owned())),
            Some((compartment, database)) => {
                let valid = container(compartment)
                    && (is_ocid(database, "autonomousdatabase") || is_ocid(database, "database"));
                valid.then(|| DatabaseScope::Database(compartment.to_owned(), database.to_owned()))
            }
        }
    }

    /// Whether a token of this scope is good for `database`.
    pub fn covers(&self, database: &DatabaseIdentity) -> bool {
        match self {
            DatabaseScope::Tenancy => true,
            DatabaseScope::Compartment(compartment) => {
                *compartment == database.compartment || *compartment == database.tenancy
            }
            DatabaseScope::Database(compartment, ocid) => {
                *compartment == database.compartment && *ocid == database.ocid
            }
        }
    }
}

/// Whether `text` is `ocid1.KIND.REALM.[REGION].UNIQUE`.
pub fn is_ocid(text: &str, kind: &str) -> bool {
    let mut parts = text.split('.');
    let valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    parts.next() == Some("ocid1")
        && parts.next() == Some(kind)
        && parts.next().is_some_and(|realm| !realm.is_empty())
        && parts.next().is_some()
        && parts.next_back().is_some_and(|unique| !unique.is_empty() && unique.chars().all(valid))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::sample;

    #[test]
    fn a_scope_covers_what_it_names() {
        let database = sample::database();
        let compartment = &database.compartment;
        let ocid = &database.ocid;
        for (scope, covers) in [
            ("urn:oracle:db::id::*".to_owned(), Some(true)),
            (format!("urn:oracle:db::id::{compartment}"), Some(true)),
            (format!("urn:oracle:db::id::{}", database.tenancy), Some(true)),
            (format!("urn:oracle:db::id::{compartment}::{ocid}"), Some(true)),
            ("urn:oracle:db::id::ocid1.compartment.oc1..other".to_owned(), Some(false)),
            (format!("urn:oracle:db::id::ocid1.compartment.oc1..other::{ocid}"), Some(false)),
            (format!("urn:oracle:db::id::{compartment}::ocid1.database.oc1.r.x"), Some(false)),
            (format!("urn:oracle:db::id::{ocid}"), None),
            ("urn:oracle:db::id::".to_owned(), None),
            ("urn:oracle:db::id::ocid1.compartment.oc1..".to_owned(), None),
            ("urn:oracle:db::id::ocid1.compartment.oc1..a b".to_owned(), None),
            ("urn:oracle:other::id::*".to_owned(), None),
            (String::new(), None),
        ] {
            let found = DatabaseScope::parse(&scope).map(|scope| scope.covers(&database));
            assert_eq!(found, covers, "{scope}");
        }
    }
}

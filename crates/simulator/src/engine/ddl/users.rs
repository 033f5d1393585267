//! Users, roles, and what is granted to them.

use sqlparser::tokenizer::Token;

use super::super::authorization::{IdentityProvider, Mapping};
use super::super::catalog::{Catalog, Definition};
use super::super::error::{Result, ora, ora_at, plain, plain_at};
use super::super::session::Session;
use super::{Ddl, find, time};

/// How a user or a role shows who it is.
enum Identification {
    /// With a password or not at all, or nothing was said.
    Local,
    /// By an identity provider.
    Global(Mapping),
}

/// `[NOT] IDENTIFIED [BY password | EXTERNALLY | GLOBALLY [AS 'key=value']]`, and options, which
/// change nothing.
fn identification(ddl: &mut Ddl<'_>) -> Result<Option<Identification>> {
    if !ddl.cursor.take("IDENTIFIED") {
        return Ok(None);
    }
    if !ddl.cursor.take("GLOBALLY") {
        return Ok(Some(Identification::Local));
    }
    if !ddl.cursor.take("AS") {
        return Mapping::parse("").map(|mapping| Some(Identification::Global(mapping)));
    }
    let at = ddl.at();
    match ddl.cursor.next().map(|t| &t.token) {
        Some(Token::SingleQuotedString(text)) => {
            Mapping::parse(text).map(|mapping| Some(Identification::Global(mapping)))
        }
        _ => Err(ora_at(1780, "string literal required", at)),
    }
}

fn no_user(name: &str) -> oraedge::error::DbError {
    ora(1918, format!("user '{name}' does not exist"))
}

fn no_role(name: &str) -> oraedge::error::DbError {
    ora(1919, format!("role '{name}' does not exist"))
}

fn no_grantee(name: &str) -> oraedge::error::DbError {
    ora(1917, format!("user or role '{name}' does not exist"))
}

fn is_grantee(catalog: &Catalog, name: &str) -> bool {
    name == "PUBLIC" || catalog.users.contains_key(name) || catalog.roles.contains_key(name)
}

fn grantees(ddl: &mut Ddl<'_>) -> Result<Vec<String>> {
    let mut grantees = Vec::new();
    loop {
        grantees.push(ddl.identifier(987)?);
        if !ddl.cursor.take_token(&Token::Comma) {
            return Ok(grantees);
        }
    }
}

impl Session {
    pub(super) fn create_user(&mut self, ddl: &mut Ddl<'_>) -> Result<()> {
        let if_not_exists = ddl.if_not_exists();
        let name = ddl.identifier(1935)?;
        let identification = identification(ddl)?;
        self.change_catalog(move |catalog, _| {
            let is_user = catalog.users.contains_key(&name);
            if is_user && if_not_exists {
                return Ok(());
            }
            if is_user || catalog.roles.contains_key(&name) {
                return Err(ora(
                    1920,
                    format!("user name '{name}' conflicts with another user or role name"),
                ));
            }
            catalog.add_user(&name, time());
            if let (Some(Identification::Global(mapping)), Some(user)) =
                (identification, catalog.users.get_mut(&name))
            {
                user.mappings = vec![mapping];
            }
            Ok(())
        })
    }

    pub(super) fn alter_user(&mut self, ddl: &mut Ddl<'_>) -> Result<()> {
        let if_exists = ddl.if_exists();
        let name = ddl.identifier(1935)?;
        let identification = identification(ddl)?;
        self.change_catalog(move |catalog, _| {
            let Some(user) = catalog.users.get_mut(&name) else {
                return if if_exists { Ok(()) } else { Err(no_user(&name)) };
            };
            match identification {
                Some(Identification::Global(mapping)) => user.mappings = vec![mapping],
                Some(Identification::Local) => user.mappings.clear(),
                None => {}
            }
            Ok(())
        })
    }

    pub(super) fn drop_user(&mut self, ddl: &mut Ddl<'_>, if_exists: bool) -> Result<()> {
        let name = ddl.identifier(1935)?;
        let cascade = ddl.cursor.take("CASCADE");
        self.change_catalog(move |catalog, session| {
            if !catalog.users.contains_key(&name) {
                return if if_exists { Ok(()) } else { Err(no_user(&name)) };
            }
            let owned: Vec<u64> =
                catalog.objects().filter(|o| o.owner == name).map(|o| o.id).collect();
            if !owned.is_empty() && !cascade {
                return Err(ora(1922, format!("CASCADE must be specified to drop '{name}'")));
            }
            for id in owned {
                if catalog.get(id).is_some_and(|o| {
                    matches!(
                        o.definition,
                        Definition::Table(_) | Definition::View(_) | Definition::Sequence(_)
                    )
                }) {
                    session.remove_object(catalog, id, true)?;
                }
            }
            catalog.users.remove(&name);
            catalog.forget_grants(&name);
            Ok(())
        })
    }

    pub(super) fn create_role(&mut self, ddl: &mut Ddl<'_>) -> Result<()> {
        let if_not_exists = ddl.if_not_exists();
        let name = ddl.identifier(1937)?;
        let identification = identification(ddl)?;
        self.change_catalog(move |catalog, _| {
            let is_role = catalog.roles.contains_key(&name);
            if is_role && if_not_exists {
                return Ok(());
            }
            if is_role || catalog.users.contains_key(&name) {
                return Err(ora(
                    1921,
                    format!("role name '{name}' conflicts with another user or role name"),
                ));
            }
            let mapping = match identification {
                Some(Identification::Global(mapping)) => Some(mapping),
                Some(Identification::Local) | None => None,
            };
            catalog.add_role(&name, mapping);
            Ok(())
        })
    }

    pub(super) fn alter_role(&mut self, ddl: &mut Ddl<'_>) -> Result<()> {
        let name = ddl.identifier(1937)?;
        ddl.cursor.take("NOT");
        let identification = identification(ddl)?;
        self.change_catalog(move |catalog, _| {
            let role = catalog.roles.get_mut(&name).ok_or_else(|| no_role(&name))?;
            match identification {
                Some(Identification::Global(mapping)) => role.mapping = Some(mapping),
                Some(Identification::Local) => role.mapping = None,
                None => {}
            }
            Ok(())
        })
    }

    pub(super) fn drop_role(&mut self, ddl: &mut Ddl<'_>) -> Result<()> {
        let if_exists = ddl.if_exists();
        let name = ddl.identifier(1937)?;
        self.change_catalog(move |catalog, _| {
            if catalog.roles.remove(&name).is_none() {
                return if if_exists { Ok(()) } else { Err(no_role(&name)) };
            }
            catalog.forget_grants(&name);
            Ok(())
        })
    }

    /// `ALTER SYSTEM SET IDENTITY_PROVIDER_TYPE = OCI_IAM | AZURE_AD | NONE`; the rest of ALTER SYSTEM
    /// changes nothing here.
    pub(super) fn alter_system(&mut self, ddl: &mut Ddl<'_>) -> Result<()> {
        let sets_provider = ddl.cursor.take_all(&["SET", "IDENTITY_PROVIDER_TYPE"])
            && ddl.cursor.take_token(&Token::Eq);
        if !sets_provider {
            return self.change_catalog(|_, _| Ok(()));
        }
        let at = ddl.at();
        let name = match ddl.cursor.next().map(|t| &t.token) {
            Some(Token::SingleQuotedString(text)) => text.to_uppercase(),
            Some(Token::Word(word)) => word.value.to_uppercase(),
            _ => return Err(plain_at(2248, at)),
        };
        let provider = IdentityProvider::parse(&name);
        if provider.is_none() && name != "NONE" {
            return Err(ora(
                96,
                format!(
                    "invalid value {name} for parameter identity_provider_type, must be from among \
                     AZURE_AD, OCI_IAM, NONE"
                ),
            ));
        }
        self.change_catalog(|catalog, _| {
            catalog.identity_providers = provider.into_iter().collect();
            Ok(())
        })
    }

    pub(super) fn grant(&mut self, ddl: &mut Ddl<'_>, gives: bool) -> Result<()> {
        // Up to ON these are object privileges, up to TO or FROM system privileges and roles.
        let mut listed: Vec<Vec<String>> = vec![Vec::new()];
        loop {
            if ddl.cursor.take("ON") {
                break;
            }
            if ddl.cursor.take(if gives { "TO" } else { "FROM" }) {
                let listed = listed.iter().map(|words| words.join(" ")).collect();
                return self.grant_system(ddl, listed, gives);
            }
            match ddl.cursor.next().map(|t| &t.token) {
                Some(Token::Word(word)) => {
                    let name = match word.quote_style {
                        Some(_) => word.value.clone(),
                        None => word.value.to_uppercase(),
                    };
                    if let Some(words) = listed.last_mut() {
                        words.push(name);
                    }
                }
                Some(Token::Comma) => listed.push(Vec::new()),
                Some(_) => {}
                None => return Err(plain_at(905, ddl.at())),
            }
        }
        let privileges = listed.into_iter().flatten().collect();
        self.grant_object(ddl, privileges, gives)
    }

    fn grant_system(&mut self, ddl: &mut Ddl<'_>, listed: Vec<String>, gives: bool) -> Result<()> {
        let grantees = grantees(ddl)?;
        self.change_catalog(move |catalog, _| {
            for granted in &listed {
                match catalog.roles.get(granted) {
                    Some(role) if role.mapping.is_some() && gives => {
                        return Err(ora(28021, "cannot grant global roles"));
                    }
                    Some(_) => {}
                    // Names of system privileges have at least two words.
                    None if granted.contains(' ') || granted == "ALL" => {}
                    None if granted.is_empty() => return Err(plain(990)),
                    None => return Err(no_role(granted)),
                }
            }
            for grantee in grantees {
                if !is_grantee(catalog, &grantee) {
                    return Err(no_grantee(&grantee));
                }
                for granted in &listed {
                    let grant = (grantee.clone(), granted.clone());
                    if gives {
                        catalog.system_grants.insert(grant);
                    } else {
                        catalog.system_grants.remove(&grant);
                    }
                }
            }
            Ok(())
        })
    }

    fn grant_object(
        &mut self,
        ddl: &mut Ddl<'_>,
        mut privileges: Vec<String>,
        gives: bool,
    ) -> Result<()> {
        let name = ddl.name()?;
        ddl.expect(if gives { "TO" } else { "FROM" })?;
        let grantees = grantees(ddl)?;
        if privileges.iter().any(|p| p == "ALL") {
            privileges = ["SELECT", "INSERT", "UPDATE", "DELETE", "REFERENCES", "ALTER", "INDEX"]
                .map(str::to_owned)
                .to_vec();
        }
        if privileges.iter().any(|p| p == "READ") {
            privileges.push("SELECT".to_owned());
        }
        let generation = ddl.generation;
        self.may_own(&name.owner)?;
        self.change_catalog(move |catalog, _| {
            find(catalog, &name, generation, |_| true, 942)?;
            for grantee in grantees {
                if !is_grantee(catalog, &grantee) {
                    return Err(no_grantee(&grantee));
                }
                for privilege in &privileges {
                    let grant =
                        (grantee.clone(), name.owner.clone(), name.name.clone(), privilege.clone());
                    if gives {
                        catalog.grants.insert(grant);
                    } else {
                        catalog.grants.remove(&grant);
                    }
                }
            }
            Ok(())
        })
    }
}

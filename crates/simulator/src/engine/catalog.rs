//! What objects there are: users, tables, views, sequences, indexes, synonyms, grants.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::authorization::{IdentityProvider, Mapping, Role};
use super::error::{Result, plain};
use super::types::OraType;

/// Object numbers below this one are the dictionary's.
pub(crate) const FIRST_OWN: u64 = 1000;
/// The owner of the dictionary.
pub(crate) const SYS: &str = "SYS";

/// A column of a table.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct TableColumn {
    pub(crate) name: String,
    /// Which column of SQLite's table: `c<slot>`; never used again when the column is dropped.
    pub(crate) slot: u32,
    pub(crate) ty: OraType,
    pub(crate) nullable: bool,
    /// The text of the DEFAULT expression.
    pub(crate) default: Option<String>,
    /// Whether the default stands in for an explicit NULL as well (DEFAULT ON NULL).
    pub(crate) default_on_null: bool,
    pub(crate) identity: Option<Identity>,
    /// Not shown by `*` and DESCRIBE.
    pub(crate) hidden: bool,
    pub(crate) comment: Option<String>,
}

impl TableColumn {
    /// Its name in SQLite.
    pub(crate) fn physical(&self) -> String {
        format!("c{}", self.slot)
    }
}

/// GENERATED ... AS IDENTITY.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Identity {
    /// Object number of its sequence.
    pub(crate) sequence: u64,
    /// GENERATED ALWAYS: no other value may be given.
    pub(crate) always: bool,
}

/// What a constraint demands.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum ConstraintKind {
    Primary,
    Unique,
    /// The text of the condition.
    Check(String),
    Foreign {
        owner: String,
        table: String,
        /// The referenced primary or unique constraint.
        constraint: String,
        on_delete: OnDelete,
    },
}

/// What happens to the children of a deleted row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum OnDelete {
    Refuse,
    Cascade,
    SetNull,
}

/// A constraint of a table.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Constraint {
    pub(crate) name: String,
    /// Whether the system named it.
    pub(crate) generated: bool,
    pub(crate) kind: ConstraintKind,
    /// Names of its columns.
    pub(crate) columns: Vec<String>,
    pub(crate) enabled: bool,
    /// NOT NULL of a column: checked with the column, kept for the dictionary.
    pub(crate) not_null: bool,
}

/// A table.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Table {
    pub(crate) columns: Vec<TableColumn>,
    pub(crate) constraints: Vec<Constraint>,
    pub(crate) comment: Option<String>,
    pub(crate) next_slot: u32,
    pub(crate) temporary: bool,
}

impl Table {
    pub(crate) fn column(&self, name: &str) -> Option<&TableColumn> {
        self.columns.iter().find(|c| c.name == name)
    }

    pub(crate) fn column_mut(&mut self, name: &str) -> Option<&mut TableColumn> {
        self.columns.iter_mut().find(|c| c.name == name)
    }

    pub(crate) fn primary(&self) -> Option<&Constraint> {
        self.constraints.iter().find(|c| matches!(c.kind, ConstraintKind::Primary))
    }
}

/// A view.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct View {
    /// The text of its query.
    pub(crate) text: String,
    /// Names of its columns.
    pub(crate) columns: Vec<ViewColumn>,
    pub(crate) comment: Option<String>,
    pub(crate) read_only: bool,
}

/// A column of a view, as it was when the view was made.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ViewColumn {
    pub(crate) name: String,
    pub(crate) ty: OraType,
    pub(crate) nullable: bool,
    pub(crate) comment: Option<String>,
}

/// A sequence's definition; how far it is is kept in `Sequences`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Sequence {
    /// Numbers as text.
    pub(crate) start: String,
    pub(crate) increment: String,
    pub(crate) min: String,
    pub(crate) max: String,
    pub(crate) cycle: bool,
    pub(crate) order: bool,
    pub(crate) cache: u32,
    /// Whether an identity column owns it.
    pub(crate) identity: bool,
}

/// An index.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Index {
    pub(crate) table_owner: String,
    pub(crate) table: String,
    /// Columns (or the text of an expression) and whether they are descending.
    pub(crate) columns: Vec<(String, bool)>,
    pub(crate) unique: bool,
    /// Whether a constraint made it.
    pub(crate) by_constraint: bool,
}

/// What kind of object, with its definition.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Definition {
    Table(Table),
    View(View),
    Sequence(Sequence),
    Index(Index),
    /// Owner and name of what it stands for.
    Synonym(String, String),
    Program(StoredProgram),
}

/// A procedure or function of the database.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct StoredProgram {
    pub(crate) is_function: bool,
    /// Its text from PROCEDURE or FUNCTION on.
    pub(crate) text: String,
    /// Whether it compiled when it was made.
    pub(crate) valid: bool,
}

impl Definition {
    /// As `OBJECT_TYPE` of the dictionary shows it.
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Definition::Table(_) => "TABLE",
            Definition::View(_) => "VIEW",
            Definition::Sequence(_) => "SEQUENCE",
            Definition::Index(_) => "INDEX",
            Definition::Synonym(..) => "SYNONYM",
            Definition::Program(program) if program.is_function => "FUNCTION",
            Definition::Program(_) => "PROCEDURE",
        }
    }
}

/// An object.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Object {
    pub(crate) id: u64,
    pub(crate) owner: String,
    pub(crate) name: String,
    /// Seconds since 1970.
    pub(crate) created: i64,
    /// Seconds since 1970.
    pub(crate) changed: i64,
    pub(crate) definition: Definition,
}

impl Object {
    /// Name of the table or index in SQLite.
    pub(crate) fn physical(&self) -> String {
        match self.definition {
            Definition::Index(_) => format!("i{}", self.id),
            _ => format!("t{}", self.id),
        }
    }

    pub(crate) fn table(&self) -> Option<&Table> {
        match &self.definition {
            Definition::Table(table) => Some(table),
            _ => None,
        }
    }

    pub(crate) fn table_mut(&mut self) -> Option<&mut Table> {
        match &mut self.definition {
            Definition::Table(table) => Some(table),
            _ => None,
        }
    }
}

/// A user.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct User {
    pub(crate) id: u32,
    /// Seconds since 1970.
    pub(crate) created: i64,
    /// Whose schema it is, if it is a global one. CREATE USER and ALTER USER leave one.
    #[serde(default)]
    pub(crate) mappings: Vec<Mapping>,
}

/// Indexes and constraints have a name space of their own.
fn space(definition: &Definition) -> u8 {
    if matches!(definition, Definition::Index(_)) { 1 } else { 0 }
}

/// Whose object privileges count: a user's, and those of the roles that are on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rights {
    pub(crate) user: String,
    pub(crate) roles: Vec<String>,
}

impl Rights {
    fn grantees(&self) -> impl Iterator<Item = &str> {
        let roles = self.roles.iter().map(String::as_str);
        ["PUBLIC", self.user.as_str()].into_iter().chain(roles)
    }

    fn include(&self, grantee: &str) -> bool {
        self.grantees().any(|own| own == grantee)
    }
}

/// All objects.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Catalog {
    next_id: u64,
    /// Goes up with each change; not kept.
    #[serde(skip)]
    pub(crate) version: u64,
    pub(crate) users: BTreeMap<String, User>,
    objects: BTreeMap<u64, Object>,
    #[serde(skip)]
    names: BTreeMap<(String, String, u8), u64>,
    /// Grantee, owner, object, privilege.
    pub(crate) grants: BTreeSet<(String, String, String, String)>,
    #[serde(default)]
    pub(crate) roles: BTreeMap<String, Role>,
    /// Grantee, and the system privilege or role.
    #[serde(default)]
    pub(crate) system_grants: BTreeSet<(String, String)>,
    /// Whose principals may log on (`IDENTITY_PROVIDER_TYPE`).
    #[serde(default)]
    pub(crate) identity_providers: BTreeSet<IdentityProvider>,
}

impl Catalog {
    pub(crate) fn new() -> Catalog {
        let mut catalog = Catalog { next_id: 73_000, ..Catalog::default() };
        for name in [SYS, "SYSTEM"] {
            catalog.add_user(name, 0);
        }
        catalog.add_predefined_roles();
        for user in [SYS, "SYSTEM"] {
            catalog.system_grants.insert((user.to_owned(), "DBA".to_owned()));
        }
        catalog
    }

    /// What is kept in the file: the dictionary's views are made anew each time.
    pub(crate) fn without_dictionary(&self) -> Catalog {
        let mut kept = self.clone();
        kept.objects.retain(|id, _| *id >= FIRST_OWN);
        kept
    }

    /// Builds again what is not kept in the file.
    pub(crate) fn index_names(&mut self) {
        self.names = self
            .objects
            .values()
            .map(|o| ((o.owner.clone(), o.name.clone(), space(&o.definition)), o.id))
            .collect();
    }

    pub(crate) fn add_user(&mut self, name: &str, now: i64) {
        let id = match name {
            SYS => 0,
            "SYSTEM" => 9,
            // Never one that another user has, even if users were dropped.
            _ => self.users.values().map(|user| user.id + 1).max().unwrap_or_default().max(102),
        };
        let user = User { id, created: now, mappings: Vec::new() };
        self.users.entry(name.to_owned()).or_insert(user);
    }

    pub(crate) fn objects(&self) -> impl Iterator<Item = &Object> {
        self.objects.values()
    }

    pub(crate) fn get(&self, id: u64) -> Option<&Object> {
        self.objects.get(&id)
    }

    pub(crate) fn get_mut(&mut self, id: u64) -> Option<&mut Object> {
        self.objects.get_mut(&id)
    }

    /// A table, view, sequence or synonym.
    pub(crate) fn find(&self, owner: &str, name: &str) -> Option<&Object> {
        let id = self.names.get(&(owner.to_owned(), name.to_owned(), 0))?;
        self.objects.get(id)
    }

    pub(crate) fn find_index(&self, owner: &str, name: &str) -> Option<&Object> {
        let id = self.names.get(&(owner.to_owned(), name.to_owned(), 1))?;
        self.objects.get(id)
    }

    /// What a name means to a session: its schema's, then the dictionary's, synonyms followed.
    pub(crate) fn resolve(&self, owner: Option<&str>, schema: &str, name: &str) -> Option<&Object> {
        let found = match owner {
            Some(owner) => self.find(owner, name),
            None => self
                .find(schema, name)
                .or_else(|| self.find("PUBLIC", name))
                .or_else(|| self.find(SYS, name).filter(|o| !o.name.starts_with("O$"))),
        }?;
        match &found.definition {
            Definition::Synonym(owner, name) => self.find(owner, name),
            _ => Some(found),
        }
    }

    /// Whether `rights` let somebody see the object at all.
    pub(crate) fn may_see(&self, rights: &Rights, object: &Object) -> bool {
        let user = rights.user.as_str();
        object.owner == user
            || object.owner == SYS
            || user == SYS
            || user == "SYSTEM"
            || self.grants.iter().any(|(to, owner, name, _)| {
                rights.include(to) && *owner == object.owner && *name == object.name
            })
    }

    /// Whether `rights` have a privilege (`SELECT`, `INSERT` ...) on the object.
    pub(crate) fn may(&self, rights: &Rights, object: &Object, privilege: &str) -> bool {
        let user = rights.user.as_str();
        if object.owner == user || user == SYS || user == "SYSTEM" {
            return true;
        }
        if object.owner == SYS {
            return privilege == "SELECT";
        }
        rights.grantees().any(|grantee| {
            self.grants.contains(&(
                grantee.to_owned(),
                object.owner.clone(),
                object.name.clone(),
                privilege.to_owned(),
            ))
        })
    }

    /// Takes away what was granted to a user or role that is gone, and the role itself from whom had
    /// it.
    pub(crate) fn forget_grants(&mut self, name: &str) {
        self.grants.retain(|(grantee, ..)| grantee != name);
        self.system_grants.retain(|(grantee, granted)| grantee != name && granted != name);
    }

    pub(crate) fn next_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    /// Adds an object under a number from [`Catalog::next_id`].
    pub(crate) fn add(
        &mut self,
        id: u64,
        owner: &str,
        name: &str,
        definition: Definition,
        now: i64,
    ) -> Result<()> {
        let key = (owner.to_owned(), name.to_owned(), space(&definition));
        if self.names.contains_key(&key) {
            return Err(plain(955));
        }
        self.names.insert(key, id);
        self.objects.insert(
            id,
            Object {
                id,
                owner: owner.to_owned(),
                name: name.to_owned(),
                created: now,
                changed: now,
                definition,
            },
        );
        Ok(())
    }

    pub(crate) fn remove(&mut self, id: u64) -> Option<Object> {
        let object = self.objects.remove(&id)?;
        self.names.remove(&(object.owner.clone(), object.name.clone(), space(&object.definition)));
        let gone = |owner: &str, name: &str| owner == object.owner && name == object.name;
        self.grants.retain(|(_, owner, name, _)| !gone(owner, name));
        Some(object)
    }

    pub(crate) fn rename(&mut self, id: u64, name: &str) -> Result<()> {
        let object = self.objects.get(&id).ok_or_else(|| plain(4043))?;
        let kind = space(&object.definition);
        let key = (object.owner.clone(), name.to_owned(), kind);
        if self.names.contains_key(&key) {
            return Err(plain(955));
        }
        let old = (object.owner.clone(), object.name.clone(), kind);
        self.names.remove(&old);
        self.names.insert(key, id);
        for other in self.objects.values_mut() {
            match &mut other.definition {
                Definition::Index(index) if index.table_owner == old.0 && index.table == old.1 => {
                    index.table = name.to_owned();
                }
                Definition::Table(table) => {
                    for constraint in &mut table.constraints {
                        if let ConstraintKind::Foreign { owner, table, .. } = &mut constraint.kind
                            && *owner == old.0
                            && *table == old.1
                        {
                            *table = name.to_owned();
                        }
                    }
                }
                _ => {}
            }
        }
        if let Some(object) = self.objects.get_mut(&id) {
            object.name = name.to_owned();
        }
        Ok(())
    }

    /// Indexes of a table.
    pub(crate) fn indexes_of(&self, owner: &str, table: &str) -> Vec<&Object> {
        self.objects
            .values()
            .filter(|o| match &o.definition {
                Definition::Index(index) => index.table_owner == owner && index.table == table,
                _ => false,
            })
            .collect()
    }

    /// Foreign keys that refer to a table: the child and the constraint.
    pub(crate) fn children_of(&self, owner: &str, table: &str) -> Vec<(&Object, &Constraint)> {
        self.objects
            .values()
            .filter_map(|o| o.table().map(|t| (o, t)))
            .flat_map(|(o, t)| t.constraints.iter().map(move |c| (o, c)))
            .filter(|(_, c)| match &c.kind {
                ConstraintKind::Foreign { owner: o, table: t, .. } => o == owner && t == table,
                _ => false,
            })
            .collect()
    }

    /// A constraint of an owner, with its table.
    pub(crate) fn find_constraint(
        &self,
        owner: &str,
        name: &str,
    ) -> Option<(&Object, &Constraint)> {
        self.objects
            .values()
            .filter(|o| o.owner == owner)
            .find_map(|o| o.table()?.constraints.iter().find(|c| c.name == name).map(|c| (o, c)))
    }
}

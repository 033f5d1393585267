//! The data dictionary: tables that mirror the catalog, and Oracle's views on them.

mod families;
mod mirror;
mod single_views;
mod tables;

use super::catalog::{Definition, FIRST_OWN, SYS, Table, TableColumn, View};
use super::database::{Database, now};
use super::error::Result;

use families::{FAMILIES, visible, without_owner};
pub(crate) use mirror::refresh;
use single_views::single_views;
use tables::BASE;

fn view(text: String) -> Definition {
    Definition::View(View { text, columns: Vec::new(), comment: None, read_only: true })
}

/// Puts the dictionary into a database that was just opened.
pub(crate) fn install(database: &Database) -> Result<()> {
    let mut session = super::session::Session::new(database, SYS, Vec::new())?;
    let settings = database.settings().clone();
    session.change_catalog(move |catalog, session| {
        let mut id = 0;
        for (name, columns) in BASE {
            id += 1;
            let physical: Vec<String> = (1..=columns.len()).map(|i| format!("c{i}")).collect();
            // It is filled anew; a file of an earlier version may have it with other columns.
            session.batch(&format!(
                "DROP TABLE IF EXISTS t{id}; CREATE TABLE t{id} ({})",
                physical.join(",")
            ))?;
            let table = Table {
                columns: columns
                    .iter()
                    .enumerate()
                    .map(|(at, (name, ty))| TableColumn {
                        name: (*name).to_owned(),
                        slot: at as u32 + 1,
                        ty: *ty,
                        nullable: true,
                        default: None,
                        default_on_null: false,
                        identity: None,
                        hidden: false,
                        comment: None,
                    })
                    .collect(),
                next_slot: columns.len() as u32,
                ..Table::default()
            };
            catalog.add(id, SYS, name, Definition::Table(table), now())?;
        }
        let mut views = single_views(&settings);
        for (name, owner, shows_owner, text) in FAMILIES {
            views.push((format!("ALL_{name}"), visible(text, owner)));
            views.push((format!("DBA_{name}"), text.to_owned()));
            let own = if text.contains(" where ") {
                format!("{text} and {owner} = user")
            } else {
                format!("{text} where {owner} = user")
            };
            let own = if shows_owner { own } else { without_owner(&own, owner) };
            views.push((format!("USER_{name}"), own));
        }
        for (name, text) in views {
            id += 1;
            catalog.add(id, SYS, &name, view(text), now())?;
        }
        for (short, long) in [
            ("TABS", "USER_TABLES"),
            ("OBJ", "USER_OBJECTS"),
            ("CAT", "USER_CATALOG"),
            ("COLS", "USER_TAB_COLUMNS"),
            ("SEQ", "USER_SEQUENCES"),
            ("IND", "USER_INDEXES"),
            ("DICT", "DICTIONARY"),
            ("GV$VERSION", "V$VERSION"),
            ("GV$INSTANCE", "V$INSTANCE"),
            ("GV$SESSION", "V$SESSION"),
        ] {
            id += 1;
            catalog.add(
                id,
                "PUBLIC",
                short,
                Definition::Synonym(SYS.to_owned(), long.to_owned()),
                now(),
            )?;
        }
        debug_assert!(id < FIRST_OWN);
        Ok(())
    })
}

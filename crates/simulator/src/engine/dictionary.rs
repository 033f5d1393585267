//! The data dictionary: tables that mirror the catalog, and Oracle's views on them.

use rusqlite::Connection;
use rusqlite::types::Value as Sql;

use super::catalog::{
    Catalog, ConstraintKind, Definition, FIRST_OWN, OnDelete, SYS, Table, TableColumn, View,
};
use super::database::{Database, now, sqlite_error};
use super::datetime::Moment;
use super::error::Result;
use super::num::Num;
use super::settings::Settings;
use super::types::{Class, Kind, OraType};

type BaseColumn = (&'static str, OraType);
const NAME: OraType = OraType::varchar(128);
const WORD: OraType = OraType::varchar(40);
const NUMBER: OraType = OraType::NUMBER;
const TEXT: OraType = OraType::varchar(4000);

/// The tables that mirror the catalog: name and columns.
const BASE: [(&str, &[BaseColumn]); 15] = [
    (
        "O$OBJECTS",
        &[
            ("OWNER", NAME),
            ("NAME", NAME),
            ("ID", NUMBER),
            ("TYPE", WORD),
            ("CREATED", OraType::DATE),
            ("CHANGED", OraType::DATE),
            ("TEMPORARY", WORD),
            ("COMMENTS", TEXT),
            ("NUM_COLUMNS", NUMBER),
            ("STATUS", WORD),
        ],
    ),
    (
        "O$COLUMNS",
        &[
            ("OWNER", NAME),
            ("TABLE_NAME", NAME),
            ("COLUMN_NAME", NAME),
            ("DATA_TYPE", NAME),
            ("DATA_LENGTH", NUMBER),
            ("DATA_PRECISION", NUMBER),
            ("DATA_SCALE", NUMBER),
            ("NULLABLE", WORD),
            ("COLUMN_ID", NUMBER),
            ("DATA_DEFAULT", TEXT),
            ("CHAR_LENGTH", NUMBER),
            ("CHAR_USED", WORD),
            ("IDENTITY_COLUMN", WORD),
            ("COMMENTS", TEXT),
            ("HIDDEN", WORD),
            ("DEFAULT_ON_NULL", WORD),
            ("CHARACTER_SET_NAME", WORD),
        ],
    ),
    (
        "O$VIEWS",
        &[
            ("OWNER", NAME),
            ("VIEW_NAME", NAME),
            ("TEXT_LENGTH", NUMBER),
            ("TEXT", TEXT),
            ("READ_ONLY", WORD),
        ],
    ),
    (
        "O$INDEXES",
        &[
            ("OWNER", NAME),
            ("INDEX_NAME", NAME),
            ("INDEX_TYPE", WORD),
            ("TABLE_OWNER", NAME),
            ("TABLE_NAME", NAME),
            ("UNIQUENESS", WORD),
            ("CONSTRAINT_INDEX", WORD),
        ],
    ),
    (
        "O$IND_COLUMNS",
        &[
            ("INDEX_OWNER", NAME),
            ("INDEX_NAME", NAME),
            ("TABLE_OWNER", NAME),
            ("TABLE_NAME", NAME),
            ("COLUMN_NAME", TEXT),
            ("COLUMN_POSITION", NUMBER),
            ("COLUMN_LENGTH", NUMBER),
            ("DESCEND", WORD),
        ],
    ),
    (
        "O$CONSTRAINTS",
        &[
            ("OWNER", NAME),
            ("CONSTRAINT_NAME", NAME),
            ("CONSTRAINT_TYPE", WORD),
            ("TABLE_NAME", NAME),
            ("SEARCH_CONDITION", TEXT),
            ("R_OWNER", NAME),
            ("R_CONSTRAINT_NAME", NAME),
            ("DELETE_RULE", WORD),
            ("STATUS", WORD),
            ("GENERATED", WORD),
            ("INDEX_NAME", NAME),
        ],
    ),
    (
        "O$CONS_COLUMNS",
        &[
            ("OWNER", NAME),
            ("CONSTRAINT_NAME", NAME),
            ("TABLE_NAME", NAME),
            ("COLUMN_NAME", NAME),
            ("POSITION", NUMBER),
        ],
    ),
    (
        "O$SEQUENCES",
        &[
            ("OWNER", NAME),
            ("SEQUENCE_NAME", NAME),
            ("MIN_VALUE", NUMBER),
            ("MAX_VALUE", NUMBER),
            ("INCREMENT_BY", NUMBER),
            ("CYCLE_FLAG", WORD),
            ("ORDER_FLAG", WORD),
            ("CACHE_SIZE", NUMBER),
            ("ID", NUMBER),
        ],
    ),
    (
        "O$USERS",
        &[
            ("USERNAME", NAME),
            ("USER_ID", NUMBER),
            ("CREATED", OraType::DATE),
            ("AUTHENTICATION_TYPE", WORD),
            ("EXTERNAL_NAME", TEXT),
        ],
    ),
    (
        "O$SYNONYMS",
        &[("OWNER", NAME), ("SYNONYM_NAME", NAME), ("TABLE_OWNER", NAME), ("TABLE_NAME", NAME)],
    ),
    ("O$GRANTS", &[("GRANTEE", NAME), ("OWNER", NAME), ("TABLE_NAME", NAME), ("PRIVILEGE", WORD)]),
    (
        "O$SOURCE",
        &[("OWNER", NAME), ("NAME", NAME), ("TYPE", WORD), ("LINE", NUMBER), ("TEXT", TEXT)],
    ),
    (
        "O$ROLES",
        &[
            ("ROLE", NAME),
            ("ROLE_ID", NUMBER),
            ("AUTHENTICATION_TYPE", WORD),
            ("EXTERNAL_NAME", TEXT),
            ("ORACLE_MAINTAINED", WORD),
        ],
    ),
    ("O$SYSTEM_GRANTS", &[("GRANTEE", NAME), ("GRANTED", NAME), ("KIND", WORD)]),
    ("O$PARAMETERS", &[("NAME", NAME), ("VALUE", TEXT)]),
];

/// Families of views: name behind `ALL_`, the owner's column, whether USER_ shows the owner, text.
const FAMILIES: [(&str, &str, bool, &str); 14] = [
    (
        "TABLES",
        "OWNER",
        false,
        "select owner, name table_name, 'USERS' tablespace_name, cast(null as varchar2(128)) cluster_name, \
         'VALID' status, 10 pct_free, 'YES' logging, 'N' backed_up, cast(null as number) num_rows, \
         cast(null as number) blocks, cast(null as number) avg_row_len, cast(null as date) last_analyzed, \
         'NO' partitioned, temporary, 'NO' nested, 'DISABLED' row_movement, 'DISABLED' compression, \
         'NO' dropped, 'NO' read_only from sys.o$objects where type = 'TABLE' and owner <> 'SYS'",
    ),
    (
        "TAB_COLUMNS",
        "OWNER",
        false,
        "select owner, table_name, column_name, data_type, cast(null as varchar2(3)) data_type_mod, \
         cast(null as varchar2(128)) data_type_owner, data_length, data_precision, data_scale, nullable, column_id, \
         length(data_default) default_length, data_default, cast(null as number) num_distinct, \
         character_set_name, char_length char_col_decl_length, char_length, char_used, 'NO' user_stats, \
         default_on_null, identity_column from sys.o$columns where hidden = 'NO'",
    ),
    (
        "TAB_COLS",
        "OWNER",
        false,
        "select owner, table_name, column_name, data_type, data_length, data_precision, data_scale, nullable, \
         case when hidden = 'NO' then column_id end column_id, data_default, char_length, char_used, \
         hidden hidden_column, 'NO' virtual_column, column_id internal_column_id, default_on_null, \
         identity_column, 'YES' user_generated from sys.o$columns",
    ),
    (
        "OBJECTS",
        "OWNER",
        false,
        "select owner, name object_name, cast(null as varchar2(128)) subobject_name, id object_id, \
         id data_object_id, type object_type, created, changed last_ddl_time, \
         to_char(changed, 'YYYY-MM-DD:HH24:MI:SS') timestamp, status, temporary, 'N' generated, \
         'N' secondary, 1 namespace, decode(owner, 'SYS', 'Y', 'N') oracle_maintained from sys.o$objects",
    ),
    (
        "VIEWS",
        "OWNER",
        false,
        "select owner, view_name, text_length, text, substr(text, 1, 4000) text_vc, read_only from sys.o$views",
    ),
    (
        "INDEXES",
        "OWNER",
        false,
        "select owner, index_name, index_type, table_owner, table_name, 'TABLE' table_type, uniqueness, \
         'DISABLED' compression, 'USERS' tablespace_name, 'VALID' status, 'NO' partitioned, 'N' temporary, \
         'N' generated, 'VISIBLE' visibility, constraint_index from sys.o$indexes",
    ),
    (
        "IND_COLUMNS",
        "INDEX_OWNER",
        true,
        "select index_owner, index_name, table_owner, table_name, column_name, column_position, column_length, \
         column_length char_length, descend from sys.o$ind_columns",
    ),
    (
        "CONSTRAINTS",
        "OWNER",
        true,
        "select owner, constraint_name, constraint_type, table_name, search_condition, \
         search_condition search_condition_vc, r_owner, r_constraint_name, delete_rule, status, \
         'NOT DEFERRABLE' deferrable, 'IMMEDIATE' deferred, 'VALIDATED' validated, generated, \
         cast(null as date) last_change, owner index_owner, index_name from sys.o$constraints",
    ),
    (
        "CONS_COLUMNS",
        "OWNER",
        true,
        "select owner, constraint_name, table_name, column_name, position from sys.o$cons_columns",
    ),
    (
        "TAB_COMMENTS",
        "OWNER",
        false,
        "select owner, name table_name, type table_type, comments from sys.o$objects \
         where type in ('TABLE', 'VIEW')",
    ),
    (
        "COL_COMMENTS",
        "OWNER",
        false,
        "select owner, table_name, column_name, comments from sys.o$columns",
    ),
    (
        "SYNONYMS",
        "OWNER",
        false,
        "select owner, synonym_name, table_owner, table_name, cast(null as varchar2(128)) db_link from sys.o$synonyms",
    ),
    ("SOURCE", "OWNER", false, "select owner, name, type, line, text from sys.o$source"),
    (
        "PROCEDURES",
        "OWNER",
        false,
        "select owner, name object_name, cast(null as varchar2(128)) procedure_name, id object_id, \
         1 subprogram_id, type object_type, 'NO' aggregate, 'NO' pipelined, 'NO' parallel, \
         'NO' interface, 'NO' deterministic, 'DEFINER' authid from sys.o$objects \
         where type in ('PROCEDURE', 'FUNCTION')",
    ),
];

/// Views that are there once.
fn single_views(settings: &Settings) -> Vec<(String, String)> {
    let generation = settings.generation;
    let (banner, version, full) =
        (generation.banner(), generation.version(), generation.version_full());
    let product = banner.split(" Release").next().unwrap_or(banner);
    let (db, instance, host) = (&settings.db_name, &settings.instance_name, &settings.host_name);
    let mut views: Vec<(String, String)> = vec![
        (
            "V$VERSION".into(),
            format!(
                "select '{banner}' banner, '{banner}' || chr(10) || 'Version {full}' banner_full, \
                 '{banner}' banner_legacy, 0 con_id from dual"
            ),
        ),
        (
            "PRODUCT_COMPONENT_VERSION".into(),
            format!(
                "select '{product} ' product, '{version}' version, '{full}' version_full, 'Production' status from dual"
            ),
        ),
        (
            "V$INSTANCE".into(),
            format!(
                "select 1 instance_number, '{instance}' instance_name, '{host}' host_name, '{version}' version, \
                 '{full}' version_full, cast(sysdate as date) startup_time, 'OPEN' status, 'NO' parallel, \
                 'STARTED' archiver, 'ALLOWED' logins, 'NO' shutdown_pending, 'ACTIVE' database_status, \
                 'PRIMARY_INSTANCE' instance_role, 'NORMAL' active_state, 'EE' edition from dual"
            ),
        ),
        (
            "V$DATABASE".into(),
            format!(
                "select 1 dbid, '{db}' name, '{db}' db_unique_name, 'READ WRITE' open_mode, 'NOARCHIVELOG' log_mode, \
                 'PRIMARY' database_role, 'YES' cdb, 0 con_id from dual"
            ),
        ),
        (
            "V$SESSION".into(),
            "select to_number(sys_context('USERENV', 'SID')) sid, 1 serial#, sys_context('USERENV', 'SESSIONID') audsid, \
             user username, sys_context('USERENV', 'CURRENT_SCHEMA') schemaname, 'ACTIVE' status, \
             sys_context('USERENV', 'OS_USER') osuser, sys_context('USERENV', 'HOST') machine, \
             sys_context('USERENV', 'TERMINAL') terminal, sys_context('USERENV', 'CLIENT_PROGRAM_NAME') program, \
             'USER' type, sys_context('USERENV', 'MODULE') module, sys_context('USERENV', 'ACTION') action, \
             sys_context('USERENV', 'CLIENT_INFO') client_info, \
             sys_context('USERENV', 'CLIENT_IDENTIFIER') client_identifier, \
             sys_context('USERENV', 'SERVICE_NAME') service_name, sysdate logon_time from dual"
                .into(),
        ),
        (
            "V$PARAMETER".into(),
            format!(
                "select 1 num, 'db_name' name, '{db}' value from dual union all \
                 select 2, 'compatible', '{version}' from dual union all \
                 select 3, 'max_string_size', 'EXTENDED' from dual union all \
                 select 4, 'open_cursors', '300' from dual union all \
                 select 5, name, value from sys.o$parameters"
            ),
        ),
        ("V$NLS_PARAMETERS".into(), "select parameter, value, 0 con_id from sys.nls_session_parameters".into()),
        ("NLS_SESSION_PARAMETERS".into(), nls_session()),
        (
            "NLS_DATABASE_PARAMETERS".into(),
            format!(
                "{} union all select 'NLS_CHARACTERSET', 'AL32UTF8' from dual union all \
                 select 'NLS_NCHAR_CHARACTERSET', 'AL16UTF16' from dual union all \
                 select 'NLS_RDBMS_VERSION', '{full}' from dual",
                nls_fixed()
            ),
        ),
        ("NLS_INSTANCE_PARAMETERS".into(), nls_fixed()),
        (
            "ALL_USERS".into(),
            "select username, user_id, created, 'NO' common, \
             case when username in ('SYS', 'SYSTEM') then 'Y' else 'N' end oracle_maintained from sys.o$users"
                .into(),
        ),
        (
            "DBA_USERS".into(),
            "select username, user_id, 'OPEN' account_status, 'USERS' default_tablespace, \
             'TEMP' temporary_tablespace, created, 'DEFAULT' profile, external_name, \
             decode(authentication_type, 'PASSWORD', '11G 12C') password_versions, authentication_type, 'NO' common, \
             case when username in ('SYS', 'SYSTEM') then 'Y' else 'N' end oracle_maintained from sys.o$users"
                .into(),
        ),
        (
            "USER_USERS".into(),
            "select username, user_id, 'OPEN' account_status, 'USERS' default_tablespace, \
             'TEMP' temporary_tablespace, created, external_name from sys.o$users where username = user"
                .into(),
        ),
        (
            "SESSION_PRIVS".into(),
            "select distinct granted privilege from sys.o$system_grants where kind = 'PRIVILEGE' and \
             (grantee in (user, 'PUBLIC') or sys_context('SYS_SESSION_ROLES', grantee) = 'TRUE')"
                .into(),
        ),
        (
            "SESSION_ROLES".into(),
            "select role from sys.o$roles where sys_context('SYS_SESSION_ROLES', role) = 'TRUE' \
             order by oracle_maintained, role_id"
                .into(),
        ),
        (
            "USER_ROLE_PRIVS".into(),
            "select grantee username, granted granted_role, 'NO' admin_option, 'NO' delegate_option, \
             'YES' default_role, 'NO' common, 'NO' inherited from sys.o$system_grants \
             where kind = 'ROLE' and grantee in (user, 'PUBLIC')"
                .into(),
        ),
        (
            "USER_SYS_PRIVS".into(),
            "select grantee username, granted privilege, 'NO' admin_option, 'NO' common, 'NO' inherited \
             from sys.o$system_grants where kind = 'PRIVILEGE' and grantee in (user, 'PUBLIC')"
                .into(),
        ),
        (
            "DBA_ROLES".into(),
            "select role, role_id, decode(authentication_type, 'NONE', 'NO', authentication_type) password_required, \
             authentication_type, 'NO' common, oracle_maintained, 'NO' inherited, 'NO' implicit, external_name \
             from sys.o$roles"
                .into(),
        ),
        (
            "DBA_ROLE_PRIVS".into(),
            "select grantee, granted granted_role, 'NO' admin_option, 'NO' delegate_option, 'YES' default_role, \
             'NO' common, 'NO' inherited from sys.o$system_grants where kind = 'ROLE'"
                .into(),
        ),
        (
            "DBA_SYS_PRIVS".into(),
            "select grantee, granted privilege, 'NO' admin_option, 'NO' common, 'NO' inherited \
             from sys.o$system_grants where kind = 'PRIVILEGE'"
                .into(),
        ),
        (
            "ROLE_SYS_PRIVS".into(),
            "select grantee role, granted privilege, 'NO' admin_option, 'NO' common, 'NO' inherited \
             from sys.o$system_grants where kind = 'PRIVILEGE' and sys_context('SYS_SESSION_ROLES', grantee) = 'TRUE'"
                .into(),
        ),
        (
            "USER_TAB_PRIVS".into(),
            "select grantee, owner, table_name, owner grantor, privilege, 'NO' grantable from sys.o$grants \
             where owner = user or grantee in (user, 'PUBLIC')"
                .into(),
        ),
        (
            "ALL_TAB_PRIVS".into(),
            "select owner grantor, grantee, owner table_schema, table_name, privilege, 'NO' grantable from sys.o$grants"
                .into(),
        ),
        (
            "USER_TABLESPACES".into(),
            "select 'USERS' tablespace_name, 8192 block_size, 'ONLINE' status, 'PERMANENT' contents from dual".into(),
        ),
        (
            "TAB".into(),
            "select name tname, type tabtype, cast(null as number) clusterid from sys.o$objects \
             where owner = user and type in ('TABLE', 'VIEW', 'SYNONYM')"
                .into(),
        ),
        (
            "USER_CATALOG".into(),
            "select name table_name, type table_type from sys.o$objects where owner = user and type <> 'INDEX'".into(),
        ),
        ("GLOBAL_NAME".into(), format!("select '{db}' global_name from dual")),
        (
            "DICTIONARY".into(),
            "select name table_name, cast(null as varchar2(4000)) comments from sys.o$objects \
             where owner = 'SYS' and type = 'VIEW'"
                .into(),
        ),
    ];
    let sequences = "select owner sequence_owner, sequence_name, min_value, max_value, increment_by, cycle_flag, \
                     order_flag, cache_size, o$last_number(id) last_number from sys.o$sequences";
    views.push(("ALL_SEQUENCES".into(), visible(sequences, "SEQUENCE_OWNER")));
    views.push(("DBA_SEQUENCES".into(), sequences.into()));
    views.push((
        "USER_SEQUENCES".into(),
        "select sequence_name, min_value, max_value, increment_by, cycle_flag, order_flag, cache_size, \
         o$last_number(id) last_number from sys.o$sequences where owner = user"
            .into(),
    ));
    for (name, columns) in [
        (
            "ALL_TRIGGERS",
            "owner, trigger_name, trigger_type, triggering_event, table_owner, table_name, status",
        ),
        (
            "USER_TRIGGERS",
            "trigger_name, trigger_type, triggering_event, table_owner, table_name, status",
        ),
        (
            "ALL_ARGUMENTS",
            "owner, object_name, package_name, argument_name, position, data_type, in_out",
        ),
        ("ALL_MVIEWS", "owner, mview_name, container_name, query"),
        ("USER_MVIEWS", "owner, mview_name, container_name, query"),
        ("ALL_TYPES", "owner, type_name, typecode"),
        ("USER_TYPES", "type_name, typecode"),
        ("ALL_DB_LINKS", "owner, db_link, username, host"),
        ("ALL_DIRECTORIES", "owner, directory_name, directory_path"),
        ("USER_RECYCLEBIN", "object_name, original_name, operation, type"),
        ("ALL_PART_TABLES", "owner, table_name, partitioning_type"),
        ("USER_ERRORS", "name, type, sequence, line, position, text"),
        ("ALL_ERRORS", "owner, name, type, sequence, line, position, text"),
    ] {
        let list: Vec<String> =
            columns.split(", ").map(|c| format!("cast(null as varchar2(128)) {c}")).collect();
        views.push((name.into(), format!("select {} from dual where 1 = 0", list.join(", "))));
    }
    views
}

fn nls_fixed() -> String {
    [
        ("NLS_LANGUAGE", "AMERICAN"),
        ("NLS_TERRITORY", "AMERICA"),
        ("NLS_CURRENCY", "$"),
        ("NLS_ISO_CURRENCY", "AMERICA"),
        ("NLS_NUMERIC_CHARACTERS", ".,"),
        ("NLS_CALENDAR", "GREGORIAN"),
        ("NLS_DATE_FORMAT", "DD-MON-RR"),
        ("NLS_DATE_LANGUAGE", "AMERICAN"),
        ("NLS_SORT", "BINARY"),
        ("NLS_TIMESTAMP_FORMAT", "DD-MON-RR HH.MI.SSXFF AM"),
        ("NLS_TIMESTAMP_TZ_FORMAT", "DD-MON-RR HH.MI.SSXFF AM TZR"),
        ("NLS_DUAL_CURRENCY", "$"),
        ("NLS_COMP", "BINARY"),
        ("NLS_LENGTH_SEMANTICS", "BYTE"),
        ("NLS_NCHAR_CONV_EXCP", "FALSE"),
    ]
    .iter()
    .enumerate()
    .map(|(at, (name, value))| {
        if at == 0 {
            format!("select cast('{name}' as varchar2(128)) parameter, cast('{value}' as varchar2(64)) value from dual")
        } else {
            format!("select '{name}', '{value}' from dual")
        }
    })
    .collect::<Vec<_>>()
    .join(" union all ")
}

fn nls_session() -> String {
    format!("select parameter, nvl(o$nls(parameter), value) value from ({})", nls_fixed())
}

/// Rows that the session may see.
fn visible(text: &str, owner: &str) -> String {
    format!(
        "select * from ({text}) where user in ('SYS', 'SYSTEM') or {owner} in (user, 'SYS', 'PUBLIC') \
         or {owner} in (select g.owner from sys.o$grants g where g.grantee in (user, 'PUBLIC'))"
    )
}

/// Names of the result columns of a family's text, to leave the owner out.
fn without_owner(text: &str, owner: &str) -> String {
    text.replacen(&format!("{}, ", owner.to_lowercase()), "", 1)
}

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

enum Cell<'a> {
    Text(&'a str),
    Owned(String),
    Number(i64),
    Digits(&'a str),
    Time(i64),
    Null,
}

impl From<Cell<'_>> for Sql {
    fn from(cell: Cell<'_>) -> Sql {
        match cell {
            Cell::Text("") | Cell::Null => Sql::Null,
            Cell::Text(text) => Sql::Text(text.to_owned()),
            Cell::Owned(text) if text.is_empty() => Sql::Null,
            Cell::Owned(text) => Sql::Text(text),
            Cell::Number(value) => Sql::Blob(Num::from_i64(value).to_bytes()),
            Cell::Digits(text) => Num::parse(text).map_or(Sql::Null, |n| Sql::Blob(n.to_bytes())),
            Cell::Time(seconds) => {
                Moment::from_seconds(seconds).map_or(Sql::Null, |m| Sql::Blob(m.date_bytes()))
            }
        }
    }
}

struct Mirror<'c> {
    connection: &'c Connection,
}

impl Mirror<'_> {
    fn put(&self, table: usize, cells: Vec<Cell<'_>>) -> Result<()> {
        let marks = vec!["?"; cells.len()].join(",");
        let sql = format!("INSERT INTO t{table} VALUES ({marks})");
        let values: Vec<Sql> = cells.into_iter().map(Sql::from).collect();
        self.connection
            .prepare_cached(&sql)
            .and_then(|mut s| s.execute(rusqlite::params_from_iter(values)))
            .map(|_| ())
            .map_err(sqlite_error)
    }

    fn column(&self, owner: &str, table: &str, at: usize, column: &TableColumn) -> Result<()> {
        let ty = &column.ty;
        let limited = |value: i8| if value == 0 { Cell::Null } else { Cell::Number(value.into()) };
        let (precision, scale) = match ty.kind {
            Kind::Number if ty.precision == 0 => (
                Cell::Null,
                if ty.scale == super::types::FLOATING {
                    Cell::Null
                } else {
                    Cell::Number(ty.scale.into())
                },
            ),
            Kind::Number if ty.scale == super::types::FLOATING => {
                (limited(ty.precision), Cell::Null)
            }
            Kind::Number => (limited(ty.precision), Cell::Number(ty.scale.into())),
            Kind::Timestamp | Kind::TimestampTz | Kind::TimestampLtz => {
                (Cell::Null, Cell::Number(ty.scale.into()))
            }
            Kind::IntervalDs | Kind::IntervalYm => {
                (Cell::Number(ty.precision.into()), Cell::Number(ty.scale.into()))
            }
            _ => (Cell::Null, Cell::Null),
        };
        let is_text = matches!(ty.kind, Kind::Varchar | Kind::Char | Kind::Nvarchar | Kind::Nchar);
        self.put(
            2,
            vec![
                Cell::Text(owner),
                Cell::Text(table),
                Cell::Text(&column.name),
                Cell::Owned(ty.dictionary_name()),
                Cell::Number(i64::from(ty.max_bytes()).min(4000 * 8)),
                precision,
                scale,
                Cell::Text(if column.nullable { "Y" } else { "N" }),
                Cell::Number(at as i64 + 1),
                Cell::Text(column.default.as_deref().unwrap_or("")),
                if is_text { Cell::Number(ty.length.into()) } else { Cell::Number(0) },
                if !is_text { Cell::Null } else { Cell::Text(if ty.in_chars { "C" } else { "B" }) },
                Cell::Text(if column.identity.is_some() { "YES" } else { "NO" }),
                Cell::Text(column.comment.as_deref().unwrap_or("")),
                Cell::Text(if column.hidden { "YES" } else { "NO" }),
                Cell::Text(if column.default_on_null { "YES" } else { "NO" }),
                match (ty.class(), ty.kind.is_national()) {
                    (Class::Text, true) => Cell::Text("NCHAR_CS"),
                    (Class::Text, false) => Cell::Text("CHAR_CS"),
                    _ => Cell::Null,
                },
            ],
        )
    }
}

/// Writes the mirror of a catalog.
pub(crate) fn refresh(connection: &Connection, catalog: &Catalog) -> Result<()> {
    for table in 1..=BASE.len() {
        connection.execute_batch(&format!("DELETE FROM t{table}")).map_err(sqlite_error)?;
    }
    let mirror = Mirror { connection };
    for (name, user) in &catalog.users {
        mirror.put(
            9,
            vec![
                Cell::Text(name),
                Cell::Number(user.id.into()),
                Cell::Time(user.created),
                Cell::Text(if user.mappings.is_empty() { "PASSWORD" } else { "GLOBAL" }),
                user.mappings.first().map_or(Cell::Null, |mapping| Cell::Text(mapping.text())),
            ],
        )?;
    }
    for (name, role) in &catalog.roles {
        mirror.put(
            13,
            vec![
                Cell::Text(name),
                Cell::Number(role.id.into()),
                Cell::Text(if role.mapping.is_none() { "NONE" } else { "GLOBAL" }),
                role.mapping.as_ref().map_or(Cell::Null, |mapping| Cell::Text(mapping.text())),
                Cell::Text(if role.predefined { "Y" } else { "N" }),
            ],
        )?;
    }
    for (grantee, granted) in &catalog.system_grants {
        let kind = if catalog.roles.contains_key(granted) { "ROLE" } else { "PRIVILEGE" };
        mirror.put(14, vec![Cell::Text(grantee), Cell::Text(granted), Cell::Text(kind)])?;
    }
    let providers: Vec<_> = catalog.identity_providers.iter().map(|p| p.name()).collect();
    let provider = if providers.is_empty() { "NONE".to_owned() } else { providers.join(",") };
    mirror.put(15, vec![Cell::Text("identity_provider_type"), Cell::Owned(provider)])?;
    for (grantee, owner, name, privilege) in &catalog.grants {
        mirror.put(
            11,
            vec![Cell::Text(grantee), Cell::Text(owner), Cell::Text(name), Cell::Text(privilege)],
        )?;
    }
    for object in catalog.objects() {
        if object.name.starts_with("O$") && object.owner == SYS {
            continue;
        }
        let (owner, name) = (object.owner.as_str(), object.name.as_str());
        let (comment, columns, temporary) = match &object.definition {
            Definition::Table(t) => (t.comment.as_deref(), t.columns.len(), t.temporary),
            Definition::View(v) => (v.comment.as_deref(), v.columns.len(), false),
            _ => (None, 0, false),
        };
        let valid = !matches!(&object.definition, Definition::Program(program) if !program.valid);
        mirror.put(
            1,
            vec![
                Cell::Text(owner),
                Cell::Text(name),
                Cell::Number(object.id as i64),
                Cell::Text(object.definition.type_name()),
                Cell::Time(object.created),
                Cell::Time(object.changed),
                Cell::Text(if temporary { "Y" } else { "N" }),
                Cell::Text(comment.unwrap_or("")),
                Cell::Number(columns as i64),
                Cell::Text(if valid { "VALID" } else { "INVALID" }),
            ],
        )?;
        match &object.definition {
            Definition::Table(table) => {
                for (at, column) in table.columns.iter().enumerate() {
                    mirror.column(owner, name, at, column)?;
                }
                put_constraints(&mirror, owner, name, table)?;
            }
            Definition::View(view) => {
                for (at, column) in view.columns.iter().enumerate() {
                    let column = TableColumn {
                        name: column.name.clone(),
                        slot: 0,
                        ty: column.ty,
                        nullable: column.nullable,
                        default: None,
                        default_on_null: false,
                        identity: None,
                        hidden: false,
                        comment: column.comment.clone(),
                    };
                    mirror.column(owner, name, at, &column)?;
                }
                mirror.put(
                    3,
                    vec![
                        Cell::Text(owner),
                        Cell::Text(name),
                        Cell::Number(view.text.len() as i64),
                        Cell::Text(&view.text),
                        Cell::Text(if view.read_only { "Y" } else { "N" }),
                    ],
                )?;
            }
            Definition::Sequence(sequence) => {
                let flag = |on: bool| Cell::Text(if on { "Y" } else { "N" });
                mirror.put(
                    8,
                    vec![
                        Cell::Text(owner),
                        Cell::Text(name),
                        Cell::Digits(&sequence.min),
                        Cell::Digits(&sequence.max),
                        Cell::Digits(&sequence.increment),
                        flag(sequence.cycle),
                        flag(sequence.order),
                        Cell::Number(sequence.cache.into()),
                        Cell::Number(object.id as i64),
                    ],
                )?;
            }
            Definition::Index(index) => {
                let functional = index.columns.iter().any(|(c, _)| c.contains('('));
                mirror.put(
                    4,
                    vec![
                        Cell::Text(owner),
                        Cell::Text(name),
                        Cell::Text(if functional { "FUNCTION-BASED NORMAL" } else { "NORMAL" }),
                        Cell::Text(&index.table_owner),
                        Cell::Text(&index.table),
                        Cell::Text(if index.unique { "UNIQUE" } else { "NONUNIQUE" }),
                        Cell::Text(if index.by_constraint { "YES" } else { "NO" }),
                    ],
                )?;
                let table = catalog.find(&index.table_owner, &index.table).and_then(|o| o.table());
                for (at, (column, descending)) in index.columns.iter().enumerate() {
                    let length =
                        table.and_then(|t| t.column(column)).map_or(0, |c| c.ty.max_bytes());
                    mirror.put(
                        5,
                        vec![
                            Cell::Text(owner),
                            Cell::Text(name),
                            Cell::Text(&index.table_owner),
                            Cell::Text(&index.table),
                            Cell::Text(column),
                            Cell::Number(at as i64 + 1),
                            Cell::Number(length.into()),
                            Cell::Text(if *descending { "DESC" } else { "ASC" }),
                        ],
                    )?;
                }
            }
            Definition::Program(program) => {
                for (at, line) in program.text.split_inclusive('\n').enumerate() {
                    mirror.put(
                        12,
                        vec![
                            Cell::Text(owner),
                            Cell::Text(name),
                            Cell::Text(object.definition.type_name()),
                            Cell::Number(at as i64 + 1),
                            Cell::Text(line),
                        ],
                    )?;
                }
            }
            Definition::Synonym(table_owner, table) => {
                mirror.put(
                    10,
                    vec![
                        Cell::Text(owner),
                        Cell::Text(name),
                        Cell::Text(table_owner),
                        Cell::Text(table),
                    ],
                )?;
            }
        }
    }
    Ok(())
}

fn put_constraints(mirror: &Mirror<'_>, owner: &str, name: &str, table: &Table) -> Result<()> {
    for constraint in &table.constraints {
        let mut cells = (Cell::Null, Cell::Null, Cell::Null, Cell::Null);
        let mut index = Cell::Null;
        let letter = match &constraint.kind {
            ConstraintKind::Primary | ConstraintKind::Unique => {
                index = Cell::Text(&constraint.name);
                if matches!(constraint.kind, ConstraintKind::Primary) { "P" } else { "U" }
            }
            ConstraintKind::Check(text) => {
                cells.0 = Cell::Text(text);
                "C"
            }
            ConstraintKind::Foreign { owner, constraint, on_delete, .. } => {
                cells.1 = Cell::Text(owner);
                cells.2 = Cell::Text(constraint);
                cells.3 = Cell::Text(match on_delete {
                    OnDelete::Refuse => "NO ACTION",
                    OnDelete::Cascade => "CASCADE",
                    OnDelete::SetNull => "SET NULL",
                });
                "R"
            }
        };
        mirror.put(
            6,
            vec![
                Cell::Text(owner),
                Cell::Text(&constraint.name),
                Cell::Text(letter),
                Cell::Text(name),
                cells.0,
                cells.1,
                cells.2,
                cells.3,
                Cell::Text(if constraint.enabled { "ENABLED" } else { "DISABLED" }),
                Cell::Text(if constraint.generated { "GENERATED NAME" } else { "USER NAME" }),
                index,
            ],
        )?;
        let positioned = !matches!(constraint.kind, ConstraintKind::Check(_));
        for (at, column) in constraint.columns.iter().enumerate() {
            mirror.put(
                7,
                vec![
                    Cell::Text(owner),
                    Cell::Text(&constraint.name),
                    Cell::Text(name),
                    Cell::Text(column),
                    if positioned { Cell::Number(at as i64 + 1) } else { Cell::Null },
                ],
            )?;
        }
    }
    Ok(())
}

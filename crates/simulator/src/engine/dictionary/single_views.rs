//! Views that are there once.

use super::super::settings::Settings;
use super::families::visible;

/// Views that are there once.
pub(super) fn single_views(settings: &Settings) -> Vec<(String, String)> {
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

//! Views that come in families: ALL_, DBA_ and USER_.

/// Families of views: name behind `ALL_`, the owner's column, whether USER_ shows the owner, text.
pub(super) const FAMILIES: [(&str, &str, bool, &str); 14] = [
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

/// Rows that the session may see.
pub(super) fn visible(text: &str, owner: &str) -> String {
    format!(
        "select * from ({text}) where user in ('SYS', 'SYSTEM') or {owner} in (user, 'SYS', 'PUBLIC') \
         or {owner} in (select g.owner from sys.o$grants g where g.grantee in (user, 'PUBLIC'))"
    )
}

/// Names of the result columns of a family's text, to leave the owner out.
pub(super) fn without_owner(text: &str, owner: &str) -> String {
    text.replacen(&format!("{}, ", owner.to_lowercase()), "", 1)
}

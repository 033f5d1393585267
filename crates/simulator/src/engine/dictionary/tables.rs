//! The tables that mirror the catalog.

use super::super::types::OraType;

pub(super) type BaseColumn = (&'static str, OraType);
const NAME: OraType = OraType::varchar(128);
const WORD: OraType = OraType::varchar(40);
const NUMBER: OraType = OraType::NUMBER;
const TEXT: OraType = OraType::varchar(4000);

/// The tables that mirror the catalog: name and columns.
pub(super) const BASE: [(&str, &[BaseColumn]); 15] = [
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

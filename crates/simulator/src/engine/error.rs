//! Oracle's errors: numbers and texts.

use oraedge::error::DbError;

/// The result of everything in the engine that can fail.
pub(crate) type Result<T, E = DbError> = std::result::Result<T, E>;

/// An error with its number and text, `ORA-` in front.
pub(crate) fn ora(number: u32, text: impl AsRef<str>) -> DbError {
    DbError { number, message: format!("ORA-{number:05}: {}", text.as_ref()), ..DbError::default() }
}

/// An error with a fixed text, and the place in the statement.
pub(crate) fn ora_at(number: u32, text: impl AsRef<str>, offset: usize) -> DbError {
    DbError { offset: u32::try_from(offset).ok(), ..ora(number, text) }
}

/// One of the errors whose text has no variable part.
pub(crate) fn plain(number: u32) -> DbError {
    ora(number, text_of(number))
}

/// Like [`plain`], with the place in the statement.
pub(crate) fn plain_at(number: u32, offset: usize) -> DbError {
    ora_at(number, text_of(number), offset)
}

/// Something that the simulator does not do although Oracle does.
pub(crate) fn unsupported(what: impl AsRef<str>) -> DbError {
    ora(3001, format!("unimplemented feature: {} (oraedge simulator)", what.as_ref()))
}

fn text_of(number: u32) -> &'static str {
    match number {
        54 => "resource busy and acquire with NOWAIT specified or timeout expired",
        60 => "deadlock detected while waiting for resource",
        900 => "invalid SQL statement",
        901 => "invalid CREATE command",
        902 => "invalid datatype",
        903 => "invalid table name",
        904 => "invalid identifier",
        905 => "missing keyword",
        906 => "missing left parenthesis",
        907 => "missing right parenthesis",
        908 => "missing NULL keyword",
        909 => "invalid number of arguments",
        911 => "invalid character",
        913 => "too many values",
        917 => "missing comma",
        918 => "column ambiguously defined",
        920 => "invalid relational operator",
        921 => "unexpected end of SQL command",
        922 => "missing or invalid option",
        923 => "FROM keyword not found where expected",
        925 => "missing INTO keyword",
        926 => "missing VALUES keyword",
        927 => "missing equal sign",
        928 => "missing SELECT keyword",
        932 => "inconsistent datatypes",
        933 => "SQL command not properly ended",
        934 => "group function is not allowed here",
        935 => "group function is nested too deeply",
        936 => "missing expression",
        937 => "not a single-group group function",
        938 => "not enough arguments for function",
        939 => "too many arguments for function",
        942 => "table or view does not exist",
        947 => "not enough values",
        950 => "invalid DROP option",
        955 => "name is already used by an existing object",
        957 => "duplicate column name",
        959 => "tablespace does not exist",
        972 => "identifier is too long",
        976 => "Specified pseudocolumn or operator not allowed here.",
        979 => "not a GROUP BY expression",
        984 => "column not allowed here",
        990 => "missing or invalid privilege",
        1002 => "fetch out of sequence",
        1006 => "bind variable does not exist",
        1008 => "not all variables bound",
        1013 => "user requested cancel of current operation",
        1031 => "insufficient privileges",
        1086 => "savepoint never established in this session or is invalid",
        1403 => "no data found",
        1408 => "such column list already indexed",
        1410 => "invalid ROWID",
        1418 => "specified index does not exist",
        1422 => "exact fetch returns more than requested number of rows",
        1426 => "numeric overflow",
        1427 => "single-row subquery returns more than one row",
        1428 => "argument is out of range",
        1430 => "column being added already exists in table",
        1438 => "value larger than specified precision allowed for this column",
        1442 => "column to be modified to NOT NULL is already NOT NULL",
        1449 => "column contains NULL values; cannot alter to NOT NULL",
        1465 => "invalid hex number",
        1476 => "divisor is equal to zero",
        1481 => "invalid number format model",
        1489 => "result of string concatenation is too long",
        1722 => "invalid number",
        1747 => "invalid user.table.column, table.column, or column specification",
        1756 => "quoted string not properly terminated",
        1758 => "table must be empty to add mandatory (NOT NULL) column",
        1779 => "cannot modify a column which maps to a non key-preserved table",
        1788 => "CONNECT BY clause required in this query block",
        1789 => "query block has incorrect number of result columns",
        1790 => "expression must have same datatype as corresponding expression",
        1791 => "not a SELECTed expression",
        1785 => "ORDER BY item must be the number of a SELECT-list expression",
        1799 => "a column may not be outer-joined to a subquery",
        1801 => "date format is too long for internal buffer",
        1810 => "format code appears twice",
        1821 => "date format not recognized",
        1830 => "date format picture ends before converting entire input string",
        1839 => "date not valid for month specified",
        1840 => "input value not long enough for date format",
        1841 => "(full) year must be between -4713 and +9999, and not be 0",
        1843 => "not a valid month",
        1846 => "not a valid day of the week",
        1847 => "day of month must be between 1 and last day of month",
        1849 => "hour must be between 1 and 12",
        1850 => "hour must be between 0 and 23",
        1851 => "minutes must be between 0 and 59",
        1852 => "seconds must be between 0 and 59",
        1855 => "AM/A.M. or PM/P.M. required",
        1858 => "a non-numeric character was found where a numeric was expected",
        1861 => "literal does not match format string",
        1867 => "the interval is invalid",
        1873 => "the leading precision of the interval is too small",
        1874 => "time zone hour must be between -15 and 15",
        1882 => "timezone region not found",
        1917 => "user or role does not exist",
        1918 => "user does not exist",
        1920 => "user name conflicts with another user or role name",
        1996 => "GRANT failed: password file missing or disabled",
        2248 => "invalid option for ALTER SESSION",
        2256 => "number of referencing columns must match referenced columns",
        2260 => "table can have only one primary key",
        2261 => "such unique or primary key already exists in the table",
        2264 => "name already used by an existing constraint",
        2267 => "column type incompatible with referenced column type",
        2270 => "no matching unique or primary key for this column-list",
        2275 => "such a referential constraint already exists in the table",
        2287 => "sequence number not allowed here",
        2289 => "sequence does not exist",
        2298 => "cannot validate constraint - parent keys not found",
        2443 => "Cannot drop constraint  - nonexistent constraint",
        4043 => "object does not exist",
        2449 => "unique/primary keys in table referenced by foreign keys",
        8002 => "sequence CURRVAL is not yet defined in this session",
        12704 => "character set mismatch",
        12983 => "cannot drop all columns in a table",
        14452 => "attempt to create, alter or drop an index on temporary table already in use",
        22275 => "invalid LOB locator specified",
        30006 => "resource busy; acquire with WAIT timeout expired",
        30926 => "unable to get a stable set of rows in the source tables",
        38104 => "Columns referenced in the ON Clause cannot be updated",
        43853 => "VALUE error",
        _ => "internal error of the simulator",
    }
}

/// What a registered function answers to SQLite when it fails; SQLite keeps the text alone.
pub(crate) fn into_sqlite(error: DbError) -> rusqlite::Error {
    rusqlite::Error::UserFunctionError(error.message.into())
}

/// An `ORA-` text back into an error.
pub(crate) fn from_text(message: &str) -> Option<DbError> {
    let at = message.find("ORA-")?;
    let text = &message[at..];
    let number = text.get(4..9)?.parse().ok()?;
    Some(DbError { number, message: text.to_owned(), ..DbError::default() })
}

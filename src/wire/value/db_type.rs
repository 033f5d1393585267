//! The data types of the database, with the numbers and names that the wire and users know.

use std::fmt;

/// Character set form "database character set" (python-oracledb: `CS_FORM_IMPLICIT`).
pub const CS_FORM_IMPLICIT: u8 = 1;
/// Character set form "national character set" (python-oracledb: `CS_FORM_NCHAR`).
pub const CS_FORM_NCHAR: u8 = 2;

/// The size that stands for "no limit" in binds and defines (LONG, XMLTYPE).
const UNLIMITED: u32 = i32::MAX as u32;

/// A data type of the database.
///
/// Numbers and names are those of the official drivers (`oracledb.DB_TYPE_VARCHAR` ...), so that
/// what users know and search for carries over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DbType {
    /// VARCHAR2.
    Varchar,
    /// NVARCHAR2.
    Nvarchar,
    /// CHAR.
    Char,
    /// NCHAR.
    Nchar,
    /// NUMBER, and all that is one inside: INTEGER, DECIMAL, FLOAT.
    Number,
    /// PLS_INTEGER and BINARY_INTEGER of PL/SQL; on the wire a NUMBER.
    BinaryInteger,
    /// BINARY_FLOAT.
    BinaryFloat,
    /// BINARY_DOUBLE.
    BinaryDouble,
    /// DATE.
    Date,
    /// TIMESTAMP.
    Timestamp,
    /// TIMESTAMP WITH TIME ZONE.
    TimestampTz,
    /// TIMESTAMP WITH LOCAL TIME ZONE.
    TimestampLtz,
    /// INTERVAL YEAR TO MONTH.
    IntervalYm,
    /// INTERVAL DAY TO SECOND.
    IntervalDs,
    /// RAW.
    Raw,
    /// LONG.
    Long,
    /// LONG in the national character set: how NCLOBs and long NVARCHAR2s are fetched as text.
    LongNvarchar,
    /// LONG RAW.
    LongRaw,
    /// ROWID.
    Rowid,
    /// UROWID.
    Urowid,
    /// BOOLEAN, of SQL (23ai) and of PL/SQL.
    Boolean,
    /// CLOB.
    Clob,
    /// NCLOB.
    Nclob,
    /// BLOB.
    Blob,
    /// BFILE.
    Bfile,
    /// JSON (21c).
    Json,
    /// VECTOR (23ai).
    Vector,
    /// REF CURSOR.
    Cursor,
    /// An object type, a collection or a record.
    Object,
    /// XMLTYPE.
    Xml,
}

/// What is known of one type.
struct Facts {
    number: u16,
    name: &'static str,
    column_type: &'static str,
    ora_type: u8,
    csfrm: u8,
    size_factor: u32,
}

impl DbType {
    /// Every type, in the order of [`DbType::number`].
    pub const ALL: [DbType; 30] = [
        DbType::Varchar,
        DbType::Nvarchar,
        DbType::Char,
        DbType::Nchar,
        DbType::Rowid,
        DbType::Raw,
        DbType::BinaryFloat,
        DbType::BinaryDouble,
        DbType::BinaryInteger,
        DbType::Number,
        DbType::Date,
        DbType::Timestamp,
        DbType::TimestampTz,
        DbType::TimestampLtz,
        DbType::IntervalDs,
        DbType::IntervalYm,
        DbType::Clob,
        DbType::Nclob,
        DbType::Blob,
        DbType::Bfile,
        DbType::Cursor,
        DbType::Boolean,
        DbType::Object,
        DbType::Long,
        DbType::LongRaw,
        DbType::Json,
        DbType::Urowid,
        DbType::LongNvarchar,
        DbType::Xml,
        DbType::Vector,
    ];

    /// The facts as python-oracledb 26.1 (`impl/base/types.pyx`) and node-oracledb 26.0
    /// (`lib/types.js`) both have them.
    const fn facts(self) -> Facts {
        const fn facts(
            number: u16,
            name: &'static str,
            column_type: &'static str,
            ora_type: u8,
            csfrm: u8,
            size_factor: u32,
        ) -> Facts {
            Facts { number, name, column_type, ora_type, csfrm, size_factor }
        }
        const DB: u8 = CS_FORM_IMPLICIT;
        const NATIONAL: u8 = CS_FORM_NCHAR;
        match self {
            DbType::Varchar => facts(2001, "DB_TYPE_VARCHAR", "VARCHAR2", 1, DB, 4),
            DbType::Nvarchar => facts(2002, "DB_TYPE_NVARCHAR", "NVARCHAR2", 1, NATIONAL, 4),
            DbType::Char => facts(2003, "DB_TYPE_CHAR", "CHAR", 96, DB, 4),
            DbType::Nchar => facts(2004, "DB_TYPE_NCHAR", "NCHAR", 96, NATIONAL, 4),
            DbType::Rowid => facts(2005, "DB_TYPE_ROWID", "ROWID", 11, 0, 18),
            DbType::Raw => facts(2006, "DB_TYPE_RAW", "RAW", 23, 0, 1),
            DbType::BinaryFloat => facts(2007, "DB_TYPE_BINARY_FLOAT", "BINARY_FLOAT", 100, 0, 4),
            DbType::BinaryDouble => {
                facts(2008, "DB_TYPE_BINARY_DOUBLE", "BINARY_DOUBLE", 101, 0, 8)
            }
            DbType::BinaryInteger => {
                facts(2009, "DB_TYPE_BINARY_INTEGER", "BINARY_INTEGER", 3, 0, 22)
            }
            DbType::Number => facts(2010, "DB_TYPE_NUMBER", "NUMBER", 2, 0, 22),
            DbType::Date => facts(2011, "DB_TYPE_DATE", "DATE", 12, 0, 7),
            DbType::Timestamp => facts(2012, "DB_TYPE_TIMESTAMP", "TIMESTAMP", 180, 0, 11),
            DbType::TimestampTz => {
                facts(2013, "DB_TYPE_TIMESTAMP_TZ", "TIMESTAMP WITH TIME ZONE", 181, 0, 13)
            }
            DbType::TimestampLtz => {
                facts(2014, "DB_TYPE_TIMESTAMP_LTZ", "TIMESTAMP WITH LOCAL TIME ZONE", 231, 0, 11)
            }
            DbType::IntervalDs => {
                facts(2015, "DB_TYPE_INTERVAL_DS", "INTERVAL DAY TO SECOND", 183, 0, 11)
            }
            DbType::IntervalYm => {
                facts(2016, "DB_TYPE_INTERVAL_YM", "INTERVAL YEAR TO MONTH", 182, 0, 5)
            }
            DbType::Clob => facts(2017, "DB_TYPE_CLOB", "CLOB", 112, DB, 112),
            DbType::Nclob => facts(2018, "DB_TYPE_NCLOB", "NCLOB", 112, NATIONAL, 112),
            DbType::Blob => facts(2019, "DB_TYPE_BLOB", "BLOB", 113, 0, 112),
            DbType::Bfile => facts(2020, "DB_TYPE_BFILE", "BFILE", 114, 0, 4000),
            DbType::Cursor => facts(2021, "DB_TYPE_CURSOR", "CURSOR", 102, 0, 4),
            DbType::Boolean => facts(2022, "DB_TYPE_BOOLEAN", "BOOLEAN", 252, 0, 4),
            DbType::Object => facts(2023, "DB_TYPE_OBJECT", "OBJECT", 109, 0, 0),
            DbType::Long => facts(2024, "DB_TYPE_LONG", "LONG", 8, DB, UNLIMITED),
            DbType::LongRaw => facts(2025, "DB_TYPE_LONG_RAW", "LONG RAW", 24, 0, UNLIMITED),
            DbType::Json => facts(2027, "DB_TYPE_JSON", "JSON", 119, 0, 0),
            DbType::Urowid => facts(2030, "DB_TYPE_UROWID", "UROWID", 208, 0, 0),
            DbType::LongNvarchar => {
                facts(2031, "DB_TYPE_LONG_NVARCHAR", "LONG NVARCHAR", 8, NATIONAL, UNLIMITED)
            }
            DbType::Xml => facts(2032, "DB_TYPE_XMLTYPE", "XMLTYPE", 109, DB, UNLIMITED),
            DbType::Vector => facts(2033, "DB_TYPE_VECTOR", "VECTOR", 127, 0, 0),
        }
    }

    /// The type with this number and character set form, as a describe or a bind carries them.
    ///
    /// Where the form means nothing it is not looked at, since some servers fill it in. A form
    /// other than [`CS_FORM_NCHAR`] counts as the database character set: real servers send LONG
    /// with form 0.
    pub fn from_wire(ora_type: u8, csfrm: u8) -> Option<DbType> {
        let national = csfrm == CS_FORM_NCHAR;
        Some(match ora_type {
            1 if national => DbType::Nvarchar,
            1 => DbType::Varchar,
            2 => DbType::Number,
            3 => DbType::BinaryInteger,
            8 if national => DbType::LongNvarchar,
            8 => DbType::Long,
            11 => DbType::Rowid,
            12 => DbType::Date,
            23 => DbType::Raw,
            24 => DbType::LongRaw,
            96 if national => DbType::Nchar,
            96 => DbType::Char,
            100 => DbType::BinaryFloat,
            101 => DbType::BinaryDouble,
            102 => DbType::Cursor,
            109 if csfrm == CS_FORM_IMPLICIT => DbType::Xml,
            109 => DbType::Object,
            112 if national => DbType::Nclob,
            112 => DbType::Clob,
            113 => DbType::Blob,
            114 => DbType::Bfile,
            119 => DbType::Json,
            127 => DbType::Vector,
            180 => DbType::Timestamp,
            181 => DbType::TimestampTz,
            182 => DbType::IntervalYm,
            183 => DbType::IntervalDs,
            208 => DbType::Urowid,
            231 => DbType::TimestampLtz,
            252 => DbType::Boolean,
            _ => return None,
        })
    }

    /// The type with this number in the official drivers: 2010 is `DB_TYPE_NUMBER`.
    pub fn from_number(number: u16) -> Option<DbType> {
        DbType::ALL.into_iter().find(|db_type| db_type.number() == number)
    }

    /// The number that the wire has for it; two types may share one and differ in
    /// [`DbType::csfrm`].
    pub const fn ora_type(self) -> u8 {
        self.facts().ora_type
    }

    /// The character set form: 0, [`CS_FORM_IMPLICIT`] or [`CS_FORM_NCHAR`].
    pub const fn csfrm(self) -> u8 {
        self.facts().csfrm
    }

    /// The number of the constant in the official drivers: 2010 for `DB_TYPE_NUMBER`.
    pub const fn number(self) -> u16 {
        self.facts().number
    }

    /// The name of the constant in the official drivers: `DB_TYPE_NUMBER`.
    pub const fn name(self) -> &'static str {
        self.facts().name
    }

    /// The name in SQL: `TIMESTAMP WITH TIME ZONE`.
    pub const fn column_type(self) -> &'static str {
        self.facts().column_type
    }

    /// Bytes of buffer for each unit of size: four for each character of text, one for each byte
    /// of RAW, and the whole size where the type has only one; 0 where the drivers have none.
    pub const fn size_factor(self) -> u32 {
        self.facts().size_factor
    }

    /// Whether its values are text in the national character set: UTF-16, the high byte first.
    pub const fn is_national(self) -> bool {
        self.csfrm() == CS_FORM_NCHAR
    }
}

impl fmt::Display for DbType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_found_again_by_its_numbers() {
        for db_type in DbType::ALL {
            assert_eq!(DbType::from_wire(db_type.ora_type(), db_type.csfrm()), Some(db_type));
            assert_eq!(DbType::from_number(db_type.number()), Some(db_type));
        }
        assert!(DbType::ALL.is_sorted_by_key(|db_type| db_type.number()));
    }

    #[test]
    fn a_form_where_none_is_meant_does_not_matter() {
        assert_eq!(DbType::from_wire(8, 0), Some(DbType::Long));
        assert_eq!(DbType::from_wire(11, 1), Some(DbType::Rowid));
        assert_eq!(DbType::from_wire(208, 1), Some(DbType::Urowid));
        assert_eq!(DbType::from_wire(109, 0), Some(DbType::Object));
    }

    #[test]
    fn an_unknown_number_is_no_type() {
        assert_eq!(DbType::from_wire(0, 0), None);
        assert_eq!(DbType::from_wire(255, 1), None);
        assert_eq!(DbType::from_number(2000), None);
    }
}

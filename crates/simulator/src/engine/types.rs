//! Data types as the engine keeps them through storage, expressions, views and describe.

use oraedge::wire::value::DbType;
use serde::{Deserialize, Serialize};

use super::statement::Column;

/// The longest VARCHAR2 or RAW in SQL with `MAX_STRING_SIZE=EXTENDED`.
pub(crate) const MAX_EXTENDED: u32 = 32_767;
/// Scale of a NUMBER without precision: floating.
pub(crate) const FLOATING: i8 = -127;

/// What kind of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(missing_docs)]
pub(crate) enum Kind {
    /// The literal NULL or a NULL bind: takes the type of what it meets.
    Null,
    Varchar,
    Nvarchar,
    Char,
    Nchar,
    Number,
    BinaryFloat,
    BinaryDouble,
    Date,
    Timestamp,
    TimestampTz,
    TimestampLtz,
    IntervalYm,
    IntervalDs,
    Raw,
    Long,
    LongRaw,
    Rowid,
    Urowid,
    Boolean,
    Clob,
    Nclob,
    Blob,
    Bfile,
}

/// What kinds compare and compute with one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    Null,
    Text,
    Number,
    Datetime,
    IntervalYm,
    IntervalDs,
    Raw,
    Rowid,
    Boolean,
}

impl Kind {
    pub(crate) fn class(self) -> Class {
        match self {
            Kind::Null => Class::Null,
            Kind::Varchar | Kind::Nvarchar | Kind::Char | Kind::Nchar | Kind::Long => Class::Text,
            Kind::Clob | Kind::Nclob => Class::Text,
            Kind::Number | Kind::BinaryFloat | Kind::BinaryDouble => Class::Number,
            Kind::Date | Kind::Timestamp | Kind::TimestampTz | Kind::TimestampLtz => {
                Class::Datetime
            }
            Kind::IntervalYm => Class::IntervalYm,
            Kind::IntervalDs => Class::IntervalDs,
            Kind::Raw | Kind::LongRaw | Kind::Blob | Kind::Bfile => Class::Raw,
            Kind::Rowid | Kind::Urowid => Class::Rowid,
            Kind::Boolean => Class::Boolean,
        }
    }

    pub(crate) fn is_lob(self) -> bool {
        matches!(self, Kind::Clob | Kind::Nclob | Kind::Blob | Kind::Bfile)
    }

    pub(crate) fn is_fixed_text(self) -> bool {
        matches!(self, Kind::Char | Kind::Nchar)
    }

    pub(crate) fn is_national(self) -> bool {
        matches!(self, Kind::Nchar | Kind::Nvarchar | Kind::Nclob)
    }

    fn db_type(self) -> DbType {
        match self {
            Kind::Null | Kind::Varchar => DbType::Varchar,
            Kind::Nvarchar => DbType::Nvarchar,
            Kind::Char => DbType::Char,
            Kind::Nchar => DbType::Nchar,
            Kind::Number => DbType::Number,
            Kind::BinaryFloat => DbType::BinaryFloat,
            Kind::BinaryDouble => DbType::BinaryDouble,
            Kind::Date => DbType::Date,
            Kind::Timestamp => DbType::Timestamp,
            Kind::TimestampTz => DbType::TimestampTz,
            Kind::TimestampLtz => DbType::TimestampLtz,
            Kind::IntervalYm => DbType::IntervalYm,
            Kind::IntervalDs => DbType::IntervalDs,
            Kind::Raw => DbType::Raw,
            Kind::Long => DbType::Long,
            Kind::LongRaw => DbType::LongRaw,
            Kind::Rowid => DbType::Rowid,
            Kind::Urowid => DbType::Urowid,
            Kind::Boolean => DbType::Boolean,
            Kind::Clob => DbType::Clob,
            Kind::Nclob => DbType::Nclob,
            Kind::Blob => DbType::Blob,
            Kind::Bfile => DbType::Bfile,
        }
    }
}

/// A data type with what belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct OraType {
    /// What kind of values.
    pub(crate) kind: Kind,
    /// NUMBER: digits, 0 if not limited. Intervals: digits of the leading field.
    pub(crate) precision: i8,
    /// NUMBER: digits behind the point. Timestamps and intervals: digits of the second.
    pub(crate) scale: i8,
    /// Text and RAW: longest value; characters if `in_chars`, else bytes. 0: not known.
    pub(crate) length: u32,
    /// Whether `length` counts characters.
    pub(crate) in_chars: bool,
}

impl OraType {
    const fn of(kind: Kind, precision: i8, scale: i8, length: u32, in_chars: bool) -> OraType {
        OraType { kind, precision, scale, length, in_chars }
    }

    pub(crate) const NULL: OraType = OraType::of(Kind::Null, 0, 0, 0, false);
    pub(crate) const NUMBER: OraType = OraType::of(Kind::Number, 0, FLOATING, 0, false);
    pub(crate) const DATE: OraType = OraType::of(Kind::Date, 0, 0, 0, false);
    pub(crate) const BOOLEAN: OraType = OraType::of(Kind::Boolean, 0, 0, 0, false);
    pub(crate) const ROWID: OraType = OraType::of(Kind::Rowid, 0, 0, 0, false);
    pub(crate) const CLOB: OraType = OraType::of(Kind::Clob, 0, 0, 0, false);
    pub(crate) const BLOB: OraType = OraType::of(Kind::Blob, 0, 0, 0, false);

    pub(crate) const fn number(precision: i8, scale: i8) -> OraType {
        OraType::of(Kind::Number, precision, scale, 0, false)
    }

    pub(crate) const fn varchar(bytes: u32) -> OraType {
        OraType::of(Kind::Varchar, 0, 0, bytes, false)
    }

    pub(crate) const fn char(bytes: u32) -> OraType {
        OraType::of(Kind::Char, 0, 0, bytes, false)
    }

    pub(crate) const fn raw(bytes: u32) -> OraType {
        OraType::of(Kind::Raw, 0, 0, bytes, false)
    }

    /// A kind without anything else, with Oracle's defaults.
    pub(crate) const fn plain(kind: Kind) -> OraType {
        match kind {
            Kind::Number => OraType::NUMBER,
            Kind::Timestamp | Kind::TimestampTz | Kind::TimestampLtz => {
                OraType::of(kind, 0, 6, 0, false)
            }
            Kind::IntervalYm => OraType::of(kind, 2, 0, 0, false),
            Kind::IntervalDs => OraType::of(kind, 2, 6, 0, false),
            Kind::Char => OraType::of(kind, 0, 0, 1, false),
            Kind::Nchar => OraType::of(kind, 0, 0, 1, true),
            _ => OraType::of(kind, 0, 0, 0, false),
        }
    }

    pub(crate) const fn timestamp(kind: Kind, scale: i8) -> OraType {
        OraType::of(kind, 0, scale, 0, false)
    }

    pub(crate) const fn interval(kind: Kind, precision: i8, scale: i8) -> OraType {
        OraType::of(kind, precision, scale, 0, false)
    }

    pub(crate) const fn text(kind: Kind, length: u32, in_chars: bool) -> OraType {
        OraType::of(kind, 0, 0, length, in_chars)
    }

    pub(crate) fn class(&self) -> Class {
        self.kind.class()
    }

    /// Longest value in bytes, as describe announces it.
    pub(crate) fn max_bytes(&self) -> u32 {
        match self.kind {
            // The national character set is AL16UTF16: two bytes a character.
            Kind::Nvarchar | Kind::Nchar => self.length.saturating_mul(2),
            Kind::Varchar | Kind::Char if self.in_chars => {
                self.length.saturating_mul(4).min(MAX_EXTENDED)
            }
            Kind::Varchar | Kind::Char | Kind::Raw => self.length,
            Kind::Null => 0,
            Kind::Number => 22,
            Kind::BinaryFloat => 4,
            Kind::BinaryDouble => 8,
            Kind::Date => 7,
            Kind::Timestamp | Kind::TimestampLtz => 11,
            Kind::TimestampTz => 13,
            Kind::IntervalYm => 5,
            Kind::IntervalDs => 11,
            Kind::Rowid => 10,
            Kind::Urowid => 4000,
            Kind::Boolean => 1,
            Kind::Long | Kind::LongRaw => i32::MAX as u32,
            Kind::Clob | Kind::Nclob | Kind::Blob => 4000,
            Kind::Bfile => 530,
        }
    }

    /// Longest value in characters, for the character types.
    pub(crate) fn max_chars(&self) -> u32 {
        match self.kind {
            Kind::Varchar | Kind::Char | Kind::Nvarchar | Kind::Nchar => self.length,
            _ => 0,
        }
    }

    /// As describe tells it.
    pub(crate) fn column(&self, name: &str, nullable: bool) -> Column {
        let (precision, scale) = match self.kind {
            Kind::Number
            | Kind::Timestamp
            | Kind::TimestampTz
            | Kind::TimestampLtz
            | Kind::IntervalYm
            | Kind::IntervalDs => (self.precision, self.scale),
            _ => (0, 0),
        };
        Column {
            name: name.to_owned(),
            db_type: self.kind.db_type(),
            precision,
            scale,
            max_size: self.max_bytes(),
            max_chars: self.max_chars(),
            nullable,
        }
    }

    /// As `DATA_TYPE` of the dictionary shows it.
    pub(crate) fn dictionary_name(&self) -> String {
        match self.kind {
            Kind::Null | Kind::Varchar => "VARCHAR2".into(),
            Kind::Nvarchar => "NVARCHAR2".into(),
            Kind::Char => "CHAR".into(),
            Kind::Nchar => "NCHAR".into(),
            Kind::Number => "NUMBER".into(),
            Kind::BinaryFloat => "BINARY_FLOAT".into(),
            Kind::BinaryDouble => "BINARY_DOUBLE".into(),
            Kind::Date => "DATE".into(),
            Kind::Timestamp => format!("TIMESTAMP({})", self.scale),
            Kind::TimestampTz => format!("TIMESTAMP({}) WITH TIME ZONE", self.scale),
            Kind::TimestampLtz => format!("TIMESTAMP({}) WITH LOCAL TIME ZONE", self.scale),
            Kind::IntervalYm => format!("INTERVAL YEAR({}) TO MONTH", self.precision),
            Kind::IntervalDs => {
                format!("INTERVAL DAY({}) TO SECOND({})", self.precision, self.scale)
            }
            Kind::Raw => "RAW".into(),
            Kind::Long => "LONG".into(),
            Kind::LongRaw => "LONG RAW".into(),
            Kind::Rowid => "ROWID".into(),
            Kind::Urowid => "UROWID".into(),
            Kind::Boolean => "BOOLEAN".into(),
            Kind::Clob => "CLOB".into(),
            Kind::Nclob => "NCLOB".into(),
            Kind::Blob => "BLOB".into(),
            Kind::Bfile => "BFILE".into(),
        }
    }

    /// As an error names it (`expected NUMBER got DATE`).
    pub(crate) fn error_name(&self) -> &'static str {
        match self.kind {
            Kind::Null | Kind::Varchar | Kind::Nvarchar => "CHAR",
            Kind::Char | Kind::Nchar => "CHAR",
            Kind::Number => "NUMBER",
            Kind::BinaryFloat => "BINARY_FLOAT",
            Kind::BinaryDouble => "BINARY_DOUBLE",
            Kind::Date => "DATE",
            Kind::Timestamp => "TIMESTAMP",
            Kind::TimestampTz => "TIMESTAMP WITH TIME ZONE",
            Kind::TimestampLtz => "TIMESTAMP WITH LOCAL TIME ZONE",
            Kind::IntervalYm => "INTERVAL YEAR TO MONTH",
            Kind::IntervalDs => "INTERVAL DAY TO SECOND",
            Kind::Raw => "BINARY",
            Kind::Long => "LONG",
            Kind::LongRaw => "LONG BINARY",
            Kind::Rowid | Kind::Urowid => "ROWID",
            Kind::Boolean => "BOOLEAN",
            Kind::Clob => "CLOB",
            Kind::Nclob => "NCLOB",
            Kind::Blob => "BLOB",
            Kind::Bfile => "FILE",
        }
    }

    /// The type that holds values of both: of set operators, CASE, NVL, joined binds. `None` if
    /// the two do not go together.
    pub(crate) fn common(&self, other: &OraType) -> Option<OraType> {
        if self.kind == Kind::Null {
            return Some(*other);
        }
        if other.kind == Kind::Null || self == other {
            return Some(*self);
        }
        let (a, b) = (self, other);
        match (a.class(), b.class()) {
            (Class::Text, Class::Text) => Some(a.common_text(b)),
            (Class::Number, Class::Number) => Some(a.common_number(b)),
            (Class::Datetime, Class::Datetime) => {
                let rank = |t: &OraType| match t.kind {
                    Kind::Date => 0,
                    Kind::Timestamp => 1,
                    Kind::TimestampLtz => 2,
                    _ => 3,
                };
                let kind = if rank(a) >= rank(b) { a.kind } else { b.kind };
                Some(OraType::timestamp(kind, a.scale.max(b.scale)))
            }
            (Class::Raw, Class::Raw) => {
                if a.kind.is_lob() || b.kind.is_lob() {
                    Some(OraType::BLOB)
                } else {
                    Some(OraType::raw(a.length.max(b.length)))
                }
            }
            (x, y) if x == y => Some(OraType {
                precision: a.precision.max(b.precision),
                scale: a.scale.max(b.scale),
                ..*a
            }),
            _ => None,
        }
    }

    fn common_text(&self, other: &OraType) -> OraType {
        if self.kind.is_lob() || other.kind.is_lob() {
            return *if self.kind.is_lob() { self } else { other };
        }
        let national = self.kind.is_national() || other.kind.is_national();
        let fixed =
            self.kind.is_fixed_text() && other.kind.is_fixed_text() && self.length == other.length;
        let kind = match (national, fixed) {
            (false, false) => Kind::Varchar,
            (false, true) => Kind::Char,
            (true, false) => Kind::Nvarchar,
            (true, true) => Kind::Nchar,
        };
        if national {
            return OraType::text(kind, self.length.max(other.length), true);
        }
        if self.in_chars == other.in_chars {
            return OraType::text(kind, self.length.max(other.length), self.in_chars);
        }
        OraType::text(kind, self.max_bytes().max(other.max_bytes()), false)
    }

    fn common_number(&self, other: &OraType) -> OraType {
        let has = |kind| self.kind == kind || other.kind == kind;
        if has(Kind::BinaryDouble) {
            OraType::plain(Kind::BinaryDouble)
        } else if has(Kind::BinaryFloat) {
            OraType::plain(Kind::BinaryFloat)
        } else {
            OraType::NUMBER
        }
    }
}

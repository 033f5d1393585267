//! Names and what they stand for.

use std::collections::HashMap;
use std::sync::Arc;

use super::super::types::OraType;
use super::code::{Catch, Embedded, Mode};

/// A field of a record, or a column of a cursor.
#[derive(Debug, Clone)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) ty: OraType,
}

/// A type.
#[derive(Debug, Clone)]
pub(super) enum Type {
    Scalar(OraType),
    Record(Arc<[Field]>),
    RefCursor,
}

/// A parameter as callers need it.
#[derive(Debug, Clone)]
pub(super) struct Formal {
    pub(super) name: String,
    pub(super) mode: Mode,
    pub(super) ty: OraType,
    pub(super) has_default: bool,
}

/// How a program is called.
#[derive(Debug, Clone)]
pub(super) struct Signature {
    pub(super) formals: Vec<Formal>,
    pub(super) returns: Option<OraType>,
}

/// A cursor.
#[derive(Debug, Clone)]
pub(super) struct CursorInfo {
    pub(super) index: usize,
    /// Its parameters and their slots; empty for a cursor variable.
    pub(super) parameters: Vec<(String, usize, OraType)>,
    /// `None`: a cursor variable.
    pub(super) query: Option<Arc<Embedded>>,
    pub(super) columns: Arc<[Field]>,
}

/// What a name stands for.
#[derive(Debug, Clone)]
pub(super) enum Named {
    Scalar {
        slot: usize,
        ty: OraType,
        constant: bool,
        not_null: bool,
    },
    /// The fields lie behind one another from `slot` on.
    Record {
        slot: usize,
        fields: Arc<[Field]>,
    },
    Cursor(CursorInfo),
    Exception(Catch),
    Program {
        index: usize,
        signature: Arc<Signature>,
    },
    Type(Type),
}

/// The names of one block.
#[derive(Debug, Default)]
pub(super) struct Scope {
    /// Which of the nested programs it belongs to, from the outermost.
    pub(super) depth: usize,
    pub(super) names: HashMap<String, Named>,
}

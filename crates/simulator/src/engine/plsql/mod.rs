//! Anonymous PL/SQL blocks: read once into a tree, then walked. Expressions and SQL statements
//! are ordinary SQL whose variables are binds.

mod builtin;
mod parser;
mod run;

use std::sync::Arc;

use super::error::Result;
use super::lexer::Lexed;
use super::prepare::Prepared;
use super::types::{Kind, OraType};

/// Where a value comes from or goes to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Slot {
    /// A variable; a record's field is `RECORD.FIELD`.
    Variable(String),
    /// A bind, by its position among the distinct names.
    Bind(usize),
    /// SQL%ROWCOUNT.
    RowCount,
    /// SQLCODE.
    ErrorCode,
    /// SQLERRM.
    ErrorText,
}

/// SQL whose binds are slots.
#[derive(Debug)]
pub(crate) struct Code {
    pub(crate) sql: Arc<str>,
    pub(crate) prepared: Box<Prepared>,
    pub(crate) slots: Vec<Slot>,
}

#[derive(Debug)]
pub(crate) struct Declaration {
    pub(crate) name: String,
    /// `None` takes the type of what is assigned (`%TYPE`, `%ROWTYPE`).
    pub(crate) ty: Option<OraType>,
    pub(crate) initial: Option<Code>,
    pub(crate) is_exception: bool,
}

#[derive(Debug)]
pub(crate) struct Argument {
    pub(crate) value: Code,
    /// Set when the argument is no more than a slot.
    pub(crate) slot: Option<Slot>,
}

#[derive(Debug)]
pub(crate) enum Action {
    Null,
    Return,
    Assign {
        target: Slot,
        value: Code,
    },
    If {
        branches: Vec<(Code, Vec<Statement>)>,
        otherwise: Vec<Statement>,
    },
    /// FOR i IN [REVERSE] low..high.
    Count {
        variable: String,
        reverse: bool,
        low: Code,
        high: Code,
        body: Vec<Statement>,
    },
    /// FOR r IN (query).
    Rows {
        record: String,
        query: Code,
        body: Vec<Statement>,
    },
    While {
        condition: Code,
        body: Vec<Statement>,
    },
    Loop {
        body: Vec<Statement>,
    },
    Exit {
        when: Option<Code>,
    },
    Continue {
        when: Option<Code>,
    },
    Sql {
        code: Code,
        into: Vec<Slot>,
        record: Option<String>,
    },
    Immediate {
        text: Code,
        into: Vec<Slot>,
        using: Vec<Code>,
    },
    Call {
        name: String,
        arguments: Vec<Argument>,
    },
    Block(Box<Body>),
    /// RAISE; without a name the error that is being handled.
    Raise(Option<String>),
}

#[derive(Debug)]
pub(crate) struct Statement {
    pub(crate) line: usize,
    pub(crate) action: Action,
}

#[derive(Debug)]
pub(crate) struct Handler {
    /// Upper case; OTHERS among them.
    pub(crate) names: Vec<String>,
    pub(crate) body: Vec<Statement>,
}

#[derive(Debug)]
pub(crate) struct Body {
    pub(crate) declarations: Vec<Declaration>,
    pub(crate) statements: Vec<Statement>,
    pub(crate) handlers: Vec<Handler>,
}

/// A parsed block.
#[derive(Debug)]
pub(crate) struct Block {
    body: Body,
    assigned: Vec<usize>,
}

impl Block {
    /// Reads BEGIN, DECLARE or CALL.
    pub(crate) fn parse(lexed: &Lexed) -> Result<Block> {
        let mut parser = parser::BlockParser::new(lexed);
        let body = parser.whole()?;
        let mut assigned = parser.assigned;
        assigned.sort_unstable();
        assigned.dedup();
        Ok(Block { body, assigned })
    }

    /// Positions of the binds that the block assigns to.
    pub(crate) fn assigned_binds(&self) -> Vec<usize> {
        self.assigned.clone()
    }
}

/// Whether a declared type needs a conversion when something is assigned.
fn converts(ty: &OraType) -> bool {
    !matches!(ty.kind, Kind::Null | Kind::Boolean)
}

//! What a block is compiled to: a tree with all names resolved to slots.

use std::sync::Arc;

use oraedge::wire::value::Value;

use super::super::prepare::Prepared;
use super::super::types::OraType;
use super::packages::Procedure;

/// A variable: how many programs outwards, and which slot there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Var {
    pub(super) up: usize,
    pub(super) slot: usize,
}

/// A variable with what may be put into it.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) var: Var,
    /// `Kind::Null` takes everything as it is (binds).
    pub(super) ty: OraType,
    pub(super) not_null: bool,
}

/// What an attribute or a function without arguments answers.
#[derive(Debug, Clone, Copy)]
pub(super) enum Pseudo {
    SqlRowCount,
    SqlFound,
    SqlNotFound,
    SqlIsOpen,
    CursorFound(Var),
    CursorNotFound(Var),
    CursorRowCount(Var),
    CursorIsOpen(Var),
    SqlCode,
    SqlErrm,
    ErrorStack,
    ErrorBacktrace,
    /// Hundredths of a second since some moment.
    GetTime,
}

/// An expression.
#[derive(Debug)]
pub(super) enum Expr {
    Constant(Value),
    Var(Var),
    Pseudo(Pseudo),
    /// SQLERRM(n).
    ErrorText(Box<Expr>),
    Call(Box<Call>),
    /// A query of one row and one column; the engine computes all operators and functions.
    Sql(Arc<Embedded>),
}

/// SQL inside a block: its variables are binds.
#[derive(Debug)]
pub(super) struct Embedded {
    /// Tells plans apart.
    pub(super) sql: Arc<str>,
    pub(super) prepared: Prepared,
    pub(super) inputs: Vec<Expr>,
}

/// Which program a call runs.
#[derive(Debug, Clone)]
pub(super) enum Callee {
    /// Of the same text: how many programs outwards it was declared, and its number.
    Local {
        up: usize,
        index: usize,
    },
    /// Of the database.
    Stored {
        owner: String,
        name: String,
    },
    BuiltIn(&'static Procedure),
}

/// How a parameter passes its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    In,
    Out,
    InOut,
}

/// An argument: what goes in, where its value goes afterwards.
#[derive(Debug, Default)]
pub(super) struct Argument {
    pub(super) input: Option<Expr>,
    pub(super) output: Option<Target>,
}

/// A call; arguments in the order of the parameters.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) callee: Callee,
    pub(super) arguments: Vec<Argument>,
}

/// Which errors a handler takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Catch {
    Others,
    /// By the number behind `ORA-`.
    Number(u32),
    /// A declared exception, with the number that EXCEPTION_INIT gave it.
    User {
        id: usize,
        number: Option<u32>,
    },
}

#[derive(Debug)]
pub(super) struct Handler {
    pub(super) catches: Vec<Catch>,
    pub(super) body: Vec<Statement>,
}

#[derive(Debug, Default)]
pub(super) struct Block {
    /// Gives the declared variables their first values.
    pub(super) declarations: Vec<Statement>,
    pub(super) body: Vec<Statement>,
    pub(super) handlers: Vec<Handler>,
}

#[derive(Debug)]
pub(super) struct Statement {
    pub(super) line: usize,
    pub(super) action: Action,
}

/// What EXECUTE IMMEDIATE and OPEN FOR give to a bind.
#[derive(Debug)]
pub(super) struct Using {
    pub(super) input: Option<Expr>,
    pub(super) output: Option<Target>,
}

#[derive(Debug)]
pub(super) enum Action {
    Nothing,
    Assign(Target, Expr),
    /// One record to another.
    Copy(Vec<(Target, Var)>),
    If {
        arms: Vec<(Expr, Vec<Statement>)>,
        otherwise: Vec<Statement>,
    },
    CaseNotFound,
    Loop(Vec<Statement>),
    While(Expr, Vec<Statement>),
    ForRange {
        slot: usize,
        reverse: bool,
        low: Expr,
        high: Expr,
        body: Vec<Statement>,
    },
    ForQuery {
        fields: Vec<Target>,
        query: Arc<Embedded>,
        body: Vec<Statement>,
    },
    /// Leaves (EXIT) or repeats (CONTINUE) the loop `levels` further out.
    Jump {
        levels: usize,
        repeat: bool,
        condition: Option<Expr>,
    },
    Block(Block),
    Raise(Catch),
    Reraise,
    Return(Option<Expr>),
    Call(Call),
    /// DML and transaction control; targets of RETURNING in order.
    Sql {
        embedded: Arc<Embedded>,
        returning: Vec<Target>,
    },
    SelectInto {
        embedded: Arc<Embedded>,
        targets: Vec<Target>,
    },
    ExecuteImmediate {
        text: Expr,
        into: Vec<Target>,
        using: Vec<Using>,
    },
    Open {
        cursor: Var,
        parameters: Vec<(Target, Expr)>,
        query: Arc<Embedded>,
    },
    OpenFor {
        cursor: Var,
        text: Expr,
        using: Vec<Using>,
    },
    Fetch {
        cursor: Var,
        targets: Vec<Target>,
    },
    Close(Var),
}

#[derive(Debug)]
pub(super) struct Parameter {
    pub(super) ty: OraType,
    pub(super) default: Option<Expr>,
}

/// A block that is run on its own, a procedure or a function. Parameters have the first slots.
#[derive(Debug, Default)]
pub(super) struct Program {
    pub(super) parameters: Vec<Parameter>,
    pub(super) returns: Option<OraType>,
    pub(super) block: Block,
    /// Line of its END.
    pub(super) end: usize,
    pub(super) slots: usize,
    pub(super) cursors: usize,
}

/// All programs of a text.
#[derive(Debug)]
pub(crate) struct Code {
    /// `"OWNER.NAME", ` in front of lines of stored programs.
    pub(super) place: String,
    pub(super) programs: Vec<Program>,
    /// The one to run.
    pub(super) main: usize,
    /// Positions in the statement's binds that it may assign to.
    pub(super) written: Vec<usize>,
}

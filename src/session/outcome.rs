//! What became of the transaction when a connection breaks.

use super::execute::Running;
use super::machine::{Purpose, Session, Stage};
use super::transactions::TpcChange;
use crate::error::{Error, TransactionOutcome};
use crate::wire::ttc::execute::StatementKind;

impl Running {
    /// Whether the server may commit while it runs the statement. PL/SQL may do anything.
    fn may_commit(&self) -> bool {
        self.ends_transaction() || self.kind() == StatementKind::PlSql
    }
}

impl Session {
    /// What becomes of the transaction if the connection breaks now; `None` if there is none.
    pub(super) fn outcome_if_lost(&self) -> Option<TransactionOutcome> {
        use TransactionOutcome::{InDoubt, NotCommitted, Suspended, Unknown};
        let sessionless = self.sessionless.state().is_active();
        let open = self.in_transaction || sessionless || self.transaction_context.is_some();
        let otherwise = open.then_some(NotCommitted);
        let Stage::Calling(purpose) = &self.stage else {
            return otherwise.filter(|_| matches!(self.stage, Stage::Ready));
        };
        match purpose {
            Purpose::Commit => Some(Unknown),
            Purpose::Pipeline(pipeline) if pipeline.may_commit(Running::may_commit) => {
                Some(Unknown)
            }
            Purpose::Execute(running) if running.may_commit() => Some(Unknown),
            Purpose::Execute(running) if running.suspends() => Some(Suspended),
            Purpose::Execute(running) if running.kind() != StatementKind::Query => {
                Some(NotCommitted)
            }
            // It may be attached here, or aside, where it was or where it was to get.
            Purpose::Switch if sessionless => Some(Suspended),
            Purpose::Change(TpcChange::Rollback) => otherwise,
            Purpose::Change(_) => Some(InDoubt),
            _ => otherwise,
        }
    }
}

/// Adds to the error that ends a session what that means for the transaction.
pub(super) fn with_outcome(error: Error, outcome: Option<TransactionOutcome>) -> Error {
    match outcome {
        Some(outcome) if error.transaction_outcome().is_none() => {
            Error::Interrupted { cause: Box::new(error), outcome }
        }
        _ => error,
    }
}

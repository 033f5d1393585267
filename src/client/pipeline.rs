//! Pipelines: several operations in one round trip.

use super::connection::{Connection, ExecuteResult, unexpected};
use super::to_sql::IntoBinds;
use crate::error::{Error, Result};
use crate::session::{
    Event, ExecuteOptions, ExecuteRequest, PipelineOperation, PipelineOutcome, Session,
};

/// Operations that travel together, with python-oracledb's names.
///
/// ```no_run
/// # async fn example(connection: oraedge::Connection) -> oraedge::Result<()> {
/// use oraedge::client::Pipeline;
///
/// let mut pipeline = Pipeline::new();
/// pipeline.add_execute("insert into dept (deptno, dname) values (:1, :2)", (50, "EDGE"));
/// pipeline.add_commit();
/// pipeline.add_execute("select count(*) from dept", ());
/// let results = connection.run_pipeline(pipeline, false).await?;
/// assert_eq!(results.len(), 3);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
pub struct Pipeline {
    operations: Vec<Result<PipelineOperation>>,
}

impl Pipeline {
    /// A pipeline without operations.
    pub fn new() -> Self {
        Pipeline::default()
    }

    /// Adds a statement; of a query the first rows come along, and the rest is fetched when it is
    /// read. Binds that do not fit are told when the pipeline is run.
    pub fn add_execute<B: IntoBinds>(&mut self, sql: &str, binds: B) {
        self.add_execute_with(sql, binds, ExecuteOptions::default());
    }

    /// [`Pipeline::add_execute`] with options.
    pub fn add_execute_with<B: IntoBinds>(&mut self, sql: &str, binds: B, options: ExecuteOptions) {
        let request =
            binds.into_binds(sql).map(|binds| ExecuteRequest { sql: sql.into(), binds, options });
        self.operations.push(request.map(PipelineOperation::Execute));
    }

    /// Adds a commit.
    pub fn add_commit(&mut self) {
        self.operations.push(Ok(PipelineOperation::Commit));
    }

    /// How many operations there are.
    pub fn len(&self) -> usize {
        self.operations.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }
}

/// What one operation of a pipeline gave.
#[derive(Debug)]
pub enum PipelineResult {
    /// A statement was run.
    Executed(Box<ExecuteResult>),
    /// The transaction was committed.
    Committed,
}

impl PipelineResult {
    /// What the statement gave; `None` for a commit.
    pub fn executed(self) -> Option<ExecuteResult> {
        match self {
            PipelineResult::Executed(result) => Some(*result),
            PipelineResult::Committed => None,
        }
    }
}

impl Connection {
    /// Runs a pipeline: in one round trip on 23ai and later, one operation after the other on
    /// servers that cannot. The results are in the order of the operations.
    ///
    /// With `continue_on_error` an operation that fails has its error in its place, and those
    /// behind it are run. Without it the first error is what this fails with, and what the server
    /// did before stays done in the open transaction.
    ///
    /// # Errors
    /// As [`Connection::execute`]. The call time-out holds for the whole pipeline, and ends the
    /// connection: a pipeline cannot be broken off.
    pub async fn run_pipeline(
        &self,
        pipeline: Pipeline,
        continue_on_error: bool,
    ) -> Result<Vec<Result<PipelineResult>>> {
        let mut operations = Vec::new();
        let mut results = Vec::new();
        for operation in pipeline.operations {
            match operation {
                Ok(operation) => {
                    operations.push(operation);
                    results.push(None);
                }
                Err(error) if continue_on_error => results.push(Some(Err(error))),
                Err(error) => return Err(error),
            }
        }
        let call =
            |session: &mut Session, now| session.run_pipeline(now, operations, continue_on_error);
        let Event::Pipelined(outcomes) = self.shared.call(call).await? else {
            return Err(unexpected());
        };
        let mut outcomes = outcomes.into_iter().map(|outcome| match outcome? {
            PipelineOutcome::Executed(outcome) => {
                Ok(PipelineResult::Executed(Box::new(self.result(*outcome))))
            }
            PipelineOutcome::Committed => Ok(PipelineResult::Committed),
            PipelineOutcome::NotRun => {
                Err(Error::misuse("the operation was not run", "an operation before it failed"))
            }
        });
        let mut all = Vec::with_capacity(results.len());
        for result in results {
            all.push(match result {
                Some(failed) => failed,
                None => outcomes.next().unwrap_or_else(|| Err(unexpected())),
            });
        }
        if !continue_on_error && let Some(at) = all.iter().position(Result::is_err) {
            return all.swap_remove(at).map(|_| Vec::new());
        }
        Ok(all)
    }
}

//! Pipelines: several operations in one round trip (23ai), or one after the other elsewhere.
//!
//! With pipelining every operation is sent at once, numbered, between a begin and an end; the
//! server answers them in order (recording `pyo4-pipeline`). What an operation needs beyond its
//! first answer (LOB columns are told to come as LONG behind their describe) is done when the
//! pipeline is over.

use std::collections::VecDeque;

use super::calls::check;
use super::execute::{ExecuteOutcome, ExecuteRequest, Progress, Running};
use super::machine::{Event, OpenCursor, Purpose, Session, Stage};
use crate::error::{Error, Result};
use crate::protocol::{Expect, LastRow, Response};
use crate::time::Timestamp;
use crate::wire::ttc::codes::function;
use crate::wire::ttc::function::write_call;
use crate::wire::ttc::piggyback::write_pipeline_begin;

/// One operation of a pipeline.
#[derive(Debug, Clone)]
pub enum PipelineOperation {
    /// Runs a statement.
    Execute(ExecuteRequest),
    /// Commits.
    Commit,
}

/// What one operation of a pipeline gave.
#[derive(Debug)]
pub enum PipelineOutcome {
    /// A statement was run.
    Executed(Box<ExecuteOutcome>),
    /// The transaction was committed.
    Committed,
    /// The operation was not run, because one before it had failed.
    NotRun,
}

/// A pipeline that is under way.
#[derive(Debug)]
pub(super) struct Pipeline {
    results: Vec<Result<PipelineOutcome>>,
    /// Where nothing can be pipelined: what was not sent yet.
    to_run: VecDeque<(usize, PipelineOperation)>,
    /// What was sent, in the order of the answers.
    awaited: VecDeque<Step>,
    /// Statements that need another call when the pipeline is over.
    unfinished: VecDeque<(usize, Box<Running>)>,
    continue_on_error: bool,
    failed: bool,
}

#[derive(Debug)]
enum Step {
    Execute(usize, Box<Running>),
    Commit(usize),
    /// The end of the pipeline.
    End,
}

impl Pipeline {
    fn new(operations: usize, continue_on_error: bool) -> Pipeline {
        Pipeline {
            results: (0..operations).map(|_| Ok(PipelineOutcome::NotRun)).collect(),
            to_run: VecDeque::new(),
            awaited: VecDeque::new(),
            unfinished: VecDeque::new(),
            continue_on_error,
            failed: false,
        }
    }

    fn put(&mut self, at: usize, result: Result<PipelineOutcome>) {
        self.failed |= result.is_err();
        if let Some(slot) = self.results.get_mut(at) {
            *slot = result;
        }
    }

    /// Whether an operation whose answer did not come yet commits, or is a statement that `may`.
    pub(super) fn may_commit(&self, may: impl Fn(&Running) -> bool) -> bool {
        self.awaited.iter().any(|step| match step {
            Step::Execute(_, running) => may(running),
            Step::Commit(_) => true,
            Step::End => false,
        })
    }

    /// Nothing that was not sent yet may be sent.
    fn is_aborted(&self) -> bool {
        self.failed && !self.continue_on_error
    }
}

impl Session {
    /// Runs operations in one round trip where the server can (23ai and later), and one after the
    /// other where it cannot; ends with [`Event::Pipelined`] or [`Event::Failed`].
    ///
    /// An operation that fails does not end the session. Those behind it are run if
    /// `continue_on_error` says so. The call's time limit holds for all of them together, and
    /// since a pipeline cannot be broken off, the session ends with it.
    ///
    /// # Errors
    /// If a call cannot begin now; nothing was sent then.
    pub fn run_pipeline(
        &mut self,
        now: Timestamp,
        operations: Vec<PipelineOperation>,
        continue_on_error: bool,
    ) -> Result<()> {
        self.check_ready()?;
        let mut pipeline = Pipeline::new(operations.len(), continue_on_error);
        let numbered = operations.into_iter().enumerate();
        if self.connection.caps.end_of_response && pipeline.results.len() > 1 {
            let prepared = self.prepare_pipeline(&mut pipeline, numbered)?;
            self.send_pipeline(&mut pipeline, prepared);
        } else {
            pipeline.to_run = numbered.collect();
            self.run_next(&mut pipeline);
        }
        self.begin(now, Purpose::Simple);
        self.go_on_or_finish(pipeline);
        self.collect_output();
        Ok(())
    }

    /// Checks every operation before the first is sent; a commit has nothing to prepare.
    fn prepare_pipeline(
        &mut self,
        pipeline: &mut Pipeline,
        operations: impl Iterator<Item = (usize, PipelineOperation)>,
    ) -> Result<Vec<(usize, Option<Running>)>> {
        let mut prepared = Vec::new();
        for (at, operation) in operations {
            match operation {
                PipelineOperation::Commit => prepared.push((at, None)),
                PipelineOperation::Execute(request) => {
                    match Running::prepare(request, &mut self.cache) {
                        Ok(running) => prepared.push((at, Some(running))),
                        Err(error) if pipeline.continue_on_error => pipeline.put(at, Err(error)),
                        Err(error) => {
                            for running in prepared.into_iter().filter_map(|(_, running)| running) {
                                running.give_back(&mut self.cache);
                            }
                            return Err(error);
                        }
                    }
                }
            }
        }
        Ok(prepared)
    }

    fn send_pipeline(&mut self, pipeline: &mut Pipeline, prepared: Vec<(usize, Option<Running>)>) {
        let version = self.connection.caps.field_version;
        let mut token = 0;
        for (at, operation) in prepared {
            // A suspension belongs to its own operation, and not to one before it.
            if operation.as_ref().is_some_and(Running::suspends)
                && let Err(error) = self.sessionless.suspend_on_success()
            {
                pipeline.put(at, Err(error));
                if let Some(running) = operation {
                    running.give_back(&mut self.cache);
                }
                continue;
            }
            token += 1;
            self.connection.sequence.set_token(token);
            if token == 1 {
                let mut front = crate::wire::Writer::new();
                let sequence = &mut self.connection.sequence;
                write_pipeline_begin(&mut front, sequence, version, pipeline.continue_on_error);
                self.connection.set_front(front);
            }
            self.prepare_front();
            if let Some(mut running) = operation {
                running.send_in_pipeline(&mut self.connection, &mut self.cache, token);
                pipeline.awaited.push_back(Step::Execute(at, Box::new(running)));
            } else {
                let mut message = self.front();
                let sequence = &mut self.connection.sequence;
                write_call(&mut message, function::COMMIT, sequence, version);
                self.connection.call_in_pipeline(message, Expect::Plain, token);
                pipeline.awaited.push_back(Step::Commit(at));
            }
        }
        self.connection.sequence.set_token(0);
        if token == 0 {
            return;
        }
        let mut message = self.connection.writer();
        write_call(&mut message, function::PIPELINE_END, &mut self.connection.sequence, version);
        message.ub4(0); // identifier, not used
        self.connection.call_in_pipeline(message, Expect::Plain, 0);
        pipeline.awaited.push_back(Step::End);
    }

    /// Sends the next operation by itself. One that cannot be sent has its error as its result.
    fn run_next(&mut self, pipeline: &mut Pipeline) {
        while let Some((at, operation)) = pipeline.to_run.pop_front() {
            if pipeline.is_aborted() {
                return;
            }
            match operation {
                PipelineOperation::Execute(request) => match self.prepare_execute(request) {
                    Ok(mut running) => {
                        self.prepare_front();
                        running.send(&mut self.connection, &mut self.cache);
                        pipeline.awaited.push_back(Step::Execute(at, Box::new(running)));
                        return;
                    }
                    Err(error) => pipeline.put(at, Err(error)),
                },
                PipelineOperation::Commit => {
                    let mut message = self.front();
                    let version = self.connection.caps.field_version;
                    let sequence = &mut self.connection.sequence;
                    write_call(&mut message, function::COMMIT, sequence, version);
                    self.connection.call(message, Expect::Plain, LastRow::default());
                    pipeline.awaited.push_back(Step::Commit(at));
                    return;
                }
            }
        }
    }

    /// Takes the answer to what was sent first of what is awaited.
    pub(super) fn advance_pipeline(
        &mut self,
        mut pipeline: Pipeline,
        response: Response,
    ) -> Result<()> {
        let Some(step) = pipeline.awaited.pop_front() else {
            return Err(Error::misbehaved("an answer came behind the end of a pipeline"));
        };
        if pipeline.awaited.is_empty() {
            self.round_trips += 1;
        }
        match step {
            Step::End => check(&response)?,
            Step::Commit(at) => {
                let result = check(&response);
                self.note_call_for_sessionless(result.is_err(), true);
                not_fatal(&result)?;
                pipeline.put(at, result.map(|()| PipelineOutcome::Committed));
            }
            Step::Execute(at, running) => {
                let finishes = running.ends_transaction();
                match running.advance(response, &mut self.connection, &mut self.cache) {
                    Ok(Progress::Again(running)) => {
                        pipeline.awaited.push_front(Step::Execute(at, running));
                    }
                    Ok(Progress::Later(running)) => pipeline.unfinished.push_back((at, running)),
                    Ok(Progress::Done(done)) => {
                        self.note_call_for_sessionless(false, finishes);
                        let outcome = self.finish_statement(*done);
                        pipeline.put(at, Ok(PipelineOutcome::Executed(Box::new(outcome))));
                    }
                    Err(error) => {
                        self.note_call_for_sessionless(true, finishes);
                        let result = Err(error);
                        not_fatal(&result)?;
                        pipeline.put(at, result);
                    }
                }
            }
        }
        if pipeline.awaited.is_empty() && !pipeline.is_aborted() {
            match pipeline.unfinished.pop_front() {
                Some((at, mut running)) => {
                    running.go_on(&mut self.connection, &mut self.cache);
                    pipeline.awaited.push_back(Step::Execute(at, running));
                }
                None => self.run_next(&mut pipeline),
            }
        }
        self.go_on_or_finish(pipeline);
        Ok(())
    }

    /// Waits for more answers, or tells what came of it all.
    fn go_on_or_finish(&mut self, mut pipeline: Pipeline) {
        if !pipeline.awaited.is_empty() {
            self.stage = Stage::Calling(Purpose::Pipeline(Box::new(pipeline)));
            return;
        }
        for (_, running) in pipeline.unfinished.drain(..) {
            running.give_back(&mut self.cache);
        }
        self.stage = Stage::Ready;
        let broken = self.broken.take();
        let event = Event::Pipelined(pipeline.results);
        match broken {
            None => self.event(event),
            Some(broken) => {
                self.discard(event);
                self.event(Event::Failed(super::calls::why(&broken)));
            }
        }
    }

    /// Gives a statement's cursor a handle, or the statement back.
    pub(super) fn finish_statement(
        &mut self,
        (statement, mut outcome, more_rows): (
            super::statement_cache::Statement,
            ExecuteOutcome,
            bool,
        ),
    ) -> ExecuteOutcome {
        if more_rows {
            let handle = super::execute::CursorHandle(self.next_handle);
            self.next_handle += 1;
            let last =
                outcome.batch.as_ref().map(crate::protocol::RowBatch::last_row).unwrap_or_default();
            self.open.insert(handle, OpenCursor { statement, last });
            outcome.cursor = Some(handle);
        } else {
            self.cache.give_back(statement);
        }
        outcome
    }
}

/// An error that ends the session ends the pipeline as well.
fn not_fatal<T>(result: &Result<T>) -> Result<()> {
    match result {
        Err(error) if error.is_fatal() => Err(error.clone()),
        _ => Ok(()),
    }
}

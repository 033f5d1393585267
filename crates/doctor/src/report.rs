//! What was found out.

use std::fmt;

use oraedge::Error;
use serde_json::{Value, json};

/// How a step went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// As it should.
    Passed,
    /// It did not; see [`Step::remedy`].
    Failed,
    /// A step before it failed, or it was not asked for.
    NotReached,
}

impl State {
    /// `passed`, `failed`, `not reached`.
    pub fn name(self) -> &'static str {
        match self {
            State::Passed => "passed",
            State::Failed => "failed",
            State::NotReached => "not reached",
        }
    }
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What was tried: `TLS`.
    pub name: &'static str,
    /// How it went.
    pub state: State,
    /// What came of it, a line each.
    pub findings: Vec<String>,
    /// What to do about a failure.
    pub remedy: Option<String>,
}

/// All steps, in their order.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// The steps.
    pub steps: Vec<Step>,
    /// The certificates that the server sent, in DER, its own first.
    pub chain: Vec<Vec<u8>>,
}

impl Report {
    pub(crate) fn pass(&mut self, name: &'static str, findings: Vec<String>) {
        self.steps.push(Step { name, state: State::Passed, findings, remedy: None });
    }

    pub(crate) fn fail(&mut self, name: &'static str, mut findings: Vec<String>, error: &Error) {
        let (what, remedy) = match error {
            Error::Transport { doing, detail, remedy } => {
                (format!("{doing}: {detail}"), remedy.clone())
            }
            Error::Misuse { what, remedy } | Error::Auth { what, remedy } => {
                (what.clone(), remedy.clone())
            }
            other => (other.to_string(), String::new()),
        };
        findings.push(what);
        let remedy = Some(remedy).filter(|remedy| !remedy.is_empty());
        self.steps.push(Step { name, state: State::Failed, findings, remedy });
    }

    /// Those that have not been looked at.
    pub(crate) fn leave_out(&mut self, names: &[&'static str]) {
        let known: Vec<_> = self.steps.iter().map(|step| step.name).collect();
        self.steps.extend(names.iter().filter(|name| !known.contains(name)).map(|name| Step {
            name,
            state: State::NotReached,
            findings: Vec::new(),
            remedy: None,
        }));
    }

    /// Whether a step failed.
    pub fn has_failed(&self) -> bool {
        self.steps.iter().any(|step| step.state == State::Failed)
    }

    /// For programs.
    pub fn to_json(&self) -> Value {
        let steps = self.steps.iter().map(|step| {
            json!({
                "step": step.name,
                "state": step.state.name(),
                "findings": step.findings,
                "remedy": step.remedy,
            })
        });
        json!({ "steps": steps.collect::<Vec<_>>() })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.steps {
            writeln!(f, "{}: {}", step.name, step.state.name())?;
            for line in &step.findings {
                writeln!(f, "    {line}")?;
            }
            if let Some(remedy) = &step.remedy {
                writeln!(f, "    What to do: {remedy}")?;
            }
        }
        Ok(())
    }
}

//! Anonymous PL/SQL blocks.

use oraedge::wire::value::Value;

use super::error::{Result, unsupported};
use super::lexer::Lexed;
use super::prepare::Prepared;
use super::session::Session;
use super::statement::Outcome;

/// A parsed block.
#[derive(Debug)]
pub(crate) struct Block;

impl Block {
    pub(crate) fn parse(lexed: &Lexed) -> Result<Block> {
        let _ = lexed;
        Err(unsupported("PL/SQL"))
    }

    /// Positions of the binds that the block assigns to.
    pub(crate) fn assigned_binds(&self, lexed: &Lexed, names: &[String]) -> Vec<usize> {
        let _ = (lexed, names);
        Vec::new()
    }
}

impl Session {
    pub(super) fn run_block(
        &mut self,
        block: &Block,
        prepared: &Prepared,
        binds: &[Value],
    ) -> Result<Outcome> {
        let _ = (block, prepared, binds);
        Err(unsupported("PL/SQL"))
    }
}

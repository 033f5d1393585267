//! Statements whose cursors stay open, by their text.

use std::sync::Arc;

use super::sql::ParsedSql;
use crate::wire::ttc::binds::BindColumn;
use crate::wire::ttc::describe::ColumnInfo;

/// A statement that was prepared.
#[derive(Debug)]
pub(super) struct Statement {
    /// The text.
    pub(super) sql: Arc<str>,
    /// What the text says.
    pub(super) parsed: ParsedSql,
    /// The open cursor; 0 if there is none.
    pub(super) cursor_id: u16,
    /// How the cursor's binds are declared.
    pub(super) declared: Vec<BindColumn>,
    /// The columns, once described.
    pub(super) columns: Option<Arc<[ColumnInfo]>>,
    /// Directions that the server told for the binds of a PL/SQL block.
    pub(super) directions: Vec<u8>,
    /// It goes back to the cache when it is no longer in use.
    cached: bool,
}

impl Statement {
    fn new(sql: &str, cached: bool) -> Statement {
        Statement {
            sql: sql.into(),
            parsed: ParsedSql::new(sql),
            cursor_id: 0,
            declared: Vec::new(),
            columns: None,
            directions: Vec::new(),
            cached,
        }
    }

    /// Forgets the cursor, as if the statement had never been executed.
    pub(super) fn forget_cursor(&mut self) -> Option<u16> {
        let id = std::mem::take(&mut self.cursor_id);
        self.declared.clear();
        self.columns = None;
        self.directions.clear();
        (id != 0).then_some(id)
    }
}

/// The statements that are not in use, the one used last at the end; and the cursors to close.
#[derive(Debug)]
pub(super) struct StatementCache {
    size: usize,
    idle: Vec<Statement>,
    to_close: Vec<u16>,
    /// The session was given back to the server's pool, and which one comes next is not told yet:
    /// no cursor of the one before may be used or closed.
    between_sessions: bool,
}

impl StatementCache {
    /// Keeps up to `size` statements; 0 keeps none.
    pub(super) fn new(size: usize) -> Self {
        StatementCache { size, idle: Vec::new(), to_close: Vec::new(), between_sessions: false }
    }

    /// Takes a statement out of the cache, or makes one. A statement that is in use already (its
    /// rows are still being read) is made a second time.
    pub(super) fn take(&mut self, sql: &str, keep: bool) -> Statement {
        match self.idle.iter().position(|statement| &*statement.sql == sql) {
            // The one in the cache keeps its place, for the case that its session comes again.
            Some(_) if self.between_sessions => Statement::new(sql, false),
            Some(at) => {
                let mut statement = self.idle.remove(at);
                statement.cached &= keep;
                statement
            }
            None => Statement::new(sql, keep),
        }
    }

    /// Takes a statement back. Its cursor stays open if it is cached and there is room.
    pub(super) fn give_back(&mut self, mut statement: Statement) {
        let is_ddl = statement.parsed.kind == crate::wire::ttc::execute::StatementKind::Ddl;
        let already = self.idle.iter().any(|idle| idle.sql == statement.sql);
        if !statement.cached || is_ddl || already || self.size == 0 {
            self.close(statement.forget_cursor());
            return;
        }
        self.idle.push(statement);
        if self.idle.len() > self.size {
            let mut oldest = self.idle.remove(0);
            self.close(oldest.forget_cursor());
        }
    }

    /// Closes a cursor with the next call.
    pub(super) fn close(&mut self, cursor_id: Option<u16>) {
        self.to_close.extend(cursor_id);
    }

    /// The cursors that the next call shall close.
    pub(super) fn take_cursors_to_close(&mut self) -> Vec<u16> {
        if self.between_sessions { Vec::new() } else { std::mem::take(&mut self.to_close) }
    }

    /// The session was given back to the server's pool.
    pub(super) fn leave_session(&mut self) {
        self.between_sessions = true;
    }

    /// The server has told which session this is: the one before, or one that `changed`.
    pub(super) fn enter_session(&mut self, changed: bool) {
        self.between_sessions = false;
        if changed {
            self.forget_all_cursors();
        }
    }

    /// Whether the session was given back, and none came since.
    pub(super) fn is_between_sessions(&self) -> bool {
        self.between_sessions
    }

    /// The server has closed every cursor by itself (the session was given back to a pool).
    pub(super) fn forget_all_cursors(&mut self) {
        self.to_close.clear();
        for statement in &mut self.idle {
            statement.forget_cursor();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn executed(cache: &mut StatementCache, sql: &str, cursor_id: u16) {
        let mut statement = cache.take(sql, true);
        statement.cursor_id = cursor_id;
        cache.give_back(statement);
    }

    #[test]
    fn the_statement_used_longest_ago_leaves_and_its_cursor_is_closed() {
        let mut cache = StatementCache::new(2);
        executed(&mut cache, "select 1", 11);
        executed(&mut cache, "select 2", 12);
        executed(&mut cache, "select 1", 11);
        executed(&mut cache, "select 3", 13);
        assert_eq!(cache.take_cursors_to_close(), [12]);
        assert_eq!(cache.take("select 1", true).cursor_id, 11);
        assert_eq!(cache.take("select 2", true).cursor_id, 0);
    }

    #[test]
    fn a_statement_in_use_twice_has_two_cursors_of_which_one_is_kept() {
        let mut cache = StatementCache::new(2);
        let mut first = cache.take("select 1", true);
        let mut second = cache.take("select 1", true);
        (first.cursor_id, second.cursor_id) = (1, 2);
        cache.give_back(first);
        cache.give_back(second);
        assert_eq!(cache.take_cursors_to_close(), [2]);
        assert_eq!(cache.idle.len(), 1);
    }

    #[test]
    fn cursors_wait_until_it_is_known_whether_their_session_came_again() {
        for changed in [false, true] {
            let mut cache = StatementCache::new(1);
            executed(&mut cache, "select 1", 11);
            executed(&mut cache, "select 2", 12);
            cache.leave_session();
            let mut again = cache.take("select 2", true);
            assert_eq!((again.cursor_id, cache.take_cursors_to_close()), (0, vec![]));
            cache.enter_session(changed);
            again.cursor_id = 3;
            cache.give_back(again);
            let kept = if changed { (0, vec![3]) } else { (12, vec![11, 3]) };
            assert_eq!((cache.idle[0].cursor_id, cache.take_cursors_to_close()), kept);
        }
    }

    #[test]
    fn ddl_and_statements_not_to_be_kept_are_closed() {
        let mut cache = StatementCache::new(2);
        executed(&mut cache, "drop table t", 5);
        let mut once = cache.take("select 1", false);
        once.cursor_id = 6;
        cache.give_back(once);
        assert_eq!(cache.take_cursors_to_close(), [5, 6]);
        assert!(cache.idle.is_empty());
    }
}

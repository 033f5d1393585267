//! Stopping what a session is doing, from another thread.

use std::sync::{Arc, Mutex};

use rusqlite::InterruptHandle;

/// Stops what a session is doing, from another thread.
///
/// What was running ends with ORA-01013, and changed nothing; the session and its other cursors go
/// on. If nothing runs, nothing happens.
#[derive(Clone, Default)]
pub struct Interrupter {
    current: Arc<Mutex<Option<Arc<InterruptHandle>>>>,
}

impl std::fmt::Debug for Interrupter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Interrupter").finish_non_exhaustive()
    }
}

impl Interrupter {
    /// Stops it.
    pub fn interrupt(&self) {
        let current = self.current.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(handle) = current.as_ref() {
            handle.interrupt();
        }
    }

    /// Says which connection works until the guard is dropped.
    pub(crate) fn working(&self, handle: &Arc<InterruptHandle>) -> Working {
        let mut current = self.current.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let before = current.replace(Arc::clone(handle));
        Working { interrupter: self.clone(), before }
    }
}

/// While it lives, an interrupt goes to one connection.
pub(crate) struct Working {
    interrupter: Interrupter,
    before: Option<Arc<InterruptHandle>>,
}

impl Drop for Working {
    fn drop(&mut self) {
        let current = &self.interrupter.current;
        *current.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = self.before.take();
    }
}

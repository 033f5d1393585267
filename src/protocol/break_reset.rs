//! The exchange of markers that clears the line: break, then reset, then the error.
//!
//! Either side may begin it: the server because a call failed while the client was still sending
//! (before 23ai it does so for many errors), the client because it wants a call to end. Source:
//! python-oracledb thin/protocol.pyx, and the recorded markers.

use crate::wire::packet::marker;

/// How far the exchange is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum BreakReset {
    /// No exchange.
    #[default]
    Quiet,
    /// This side sent an interrupt; the server's marker is awaited. The answer to the call may
    /// still arrive.
    Interrupted,
    /// This side sent its reset; everything is discarded up to the server's.
    AwaitingReset,
    /// Both resets were sent. The server's error follows, perhaps behind more markers.
    AfterReset,
}

/// What to do with a DATA packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DataAction {
    /// It belongs to the answer.
    Take,
    /// It begins a new answer; what came before is void.
    TakeAnew,
    /// It is void.
    Discard,
}

impl BreakReset {
    /// This side has just sent an interrupt.
    pub(super) fn interrupted(&mut self) {
        if *self == BreakReset::Quiet {
            *self = BreakReset::Interrupted;
        }
    }

    /// Whether an answer that is complete must still wait for the server's error.
    pub(super) fn is_pending(self) -> bool {
        self != BreakReset::Quiet
    }

    /// A marker came. Returns whether this side must send its reset now.
    pub(super) fn handle_marker(&mut self, kind: u8) -> bool {
        let reset = kind == marker::RESET;
        match *self {
            BreakReset::Quiet | BreakReset::Interrupted => {
                *self = if reset { BreakReset::AfterReset } else { BreakReset::AwaitingReset };
                true
            }
            BreakReset::AwaitingReset => {
                if reset {
                    *self = BreakReset::AfterReset;
                }
                false
            }
            BreakReset::AfterReset => false,
        }
    }

    /// A DATA packet came.
    pub(super) fn handle_data(&mut self) -> DataAction {
        match *self {
            BreakReset::Quiet | BreakReset::Interrupted => DataAction::Take,
            BreakReset::AwaitingReset => DataAction::Discard,
            BreakReset::AfterReset => {
                *self = BreakReset::Quiet;
                DataAction::TakeAnew
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_is_read_behind_the_resets_however_the_server_breaks() {
        use marker::{BREAK, RESET};
        // (interrupted by us, the server's markers, resets that we send)
        let table: [(bool, &[u8], usize); 6] = [
            (false, &[BREAK, RESET], 1),
            (false, &[RESET], 1),
            (false, &[BREAK, RESET, RESET], 1),
            (true, &[BREAK, RESET], 1),
            (true, &[RESET], 1),
            (true, &[BREAK, BREAK, RESET], 1),
        ];
        for (interrupted, markers, resets) in table {
            let mut exchange = BreakReset::default();
            if interrupted {
                exchange.interrupted();
            }
            let sent = markers.iter().filter(|kind| exchange.handle_marker(**kind)).count();
            assert_eq!(sent, resets, "{interrupted} {markers:?}");
            assert_eq!(exchange.handle_data(), DataAction::TakeAnew, "{markers:?}");
            assert!(!exchange.is_pending());
        }
    }

    #[test]
    fn what_was_on_the_way_before_the_reset_is_void() {
        let mut exchange = BreakReset::default();
        exchange.handle_marker(marker::BREAK);
        assert_eq!(exchange.handle_data(), DataAction::Discard);
        exchange.handle_marker(marker::RESET);
        assert_eq!(exchange.handle_data(), DataAction::TakeAnew);
        assert_eq!(exchange.handle_data(), DataAction::Take);
    }
}

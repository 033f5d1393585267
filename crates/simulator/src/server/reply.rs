//! An answer under way: TTC bytes that become packets.

use oraedge::wire::Writer;

use super::config::ServerConfig;
use crate::net::packet::{
    DATA_FLAG_END_OF_RESPONSE, MARKER_BREAK, MARKER_RESET, Packetizer, write_marker,
};
use crate::ttc::notices::{put_server_process, put_transaction_notice};
use crate::ttc::outcome::{EndOfCall, put_status};
use crate::ttc::put::ServerWriter;
use crate::ttc::{Layout, message};

/// What a connection sends once it is accepted.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) packetizer: Packetizer,
    pub(super) layout: Layout,
    /// The answer's bytes that are in no packet yet.
    pub(super) writer: Writer,
    /// Packets that were not given out yet.
    pub(super) out: Vec<u8>,
    /// The server's count of calls.
    sequence: u16,
    /// The head of the call that is being answered.
    token: u64,
    call_number: u8,
    /// What to tell of the sessionless transaction in front of the answer's end: its identifier,
    /// and why.
    pub(super) notice: Option<(Vec<u8>, u8)>,
}

impl Reply {
    pub(super) fn new(packetizer: Packetizer, layout: Layout, sequence: u16) -> Reply {
        Reply {
            packetizer,
            layout,
            writer: Writer::new(),
            out: Vec::new(),
            sequence,
            token: 0,
            call_number: 0,
            notice: None,
        }
    }

    /// Begins the answer to a call.
    pub(super) fn begin(&mut self, config: &ServerConfig, token: u64, call_number: u8) {
        self.token = token;
        self.call_number = call_number;
        self.sequence = self.sequence.wrapping_add(1).max(1);
        self.put_token();
        if config.shared_server {
            put_server_process(&mut self.writer, "4711");
        }
    }

    /// Whether the call is one of a pipeline.
    pub(super) fn in_pipeline(&self) -> bool {
        self.token != 0
    }

    fn put_token(&mut self) {
        if self.token != 0 {
            self.writer.u8(message::TOKEN);
            self.writer.uint(self.token);
        }
    }

    /// Turns what fills packets into packets.
    pub(super) fn cut(&mut self) {
        self.packetizer.full_packets(&mut self.out, self.writer.vec_mut());
    }

    /// Ends the answer.
    pub(super) fn finish(&mut self) {
        let mut flags = 0;
        if self.layout.end_of_response {
            self.writer.u8(message::END_OF_RESPONSE);
            flags = DATA_FLAG_END_OF_RESPONSE;
        }
        self.finish_packets(flags);
    }

    /// Ends the packets of what was written, with these flags on the last.
    pub(super) fn finish_packets(&mut self, flags: u16) {
        self.packetizer.finish(&mut self.out, self.writer.vec_mut(), flags);
    }

    fn put_notice(&mut self) {
        if let Some((id, bits)) = self.notice.take() {
            put_transaction_notice(&mut self.writer, &id, bits);
        }
    }

    /// Ends the answer with the end of a call, whose counts are filled in.
    pub(super) fn end_call(&mut self, mut end: EndOfCall) {
        self.put_notice();
        end.sequence = self.sequence;
        end.call_number = self.call_number;
        end.put(&mut self.writer, self.layout);
        self.finish();
    }

    /// Ends the answer with a status.
    pub(super) fn end_status(&mut self, status: u32) {
        self.put_notice();
        put_status(&mut self.writer, status, self.sequence);
        self.finish();
    }

    /// Begins the exchange in front of an error: what of the answer is in no packet is dropped, and
    /// the client is told to forget the rest.
    ///
    /// Recorded (`issue-goora-45-*`): break, reset, the client's reset, the error. In a pipeline
    /// there is the break alone (`pyo4-pipeline#0026`).
    pub(super) fn break_off(&mut self) {
        self.writer.vec_mut().clear();
        write_marker(&mut self.out, self.packetizer.large, MARKER_BREAK);
        if self.in_pipeline() {
            self.put_token();
        } else {
            write_marker(&mut self.out, self.packetizer.large, MARKER_RESET);
        }
    }
}

//! Protocol and data types.

use super::session::Session;
use crate::net::services::ServicesRequest;
use crate::ttc::Layout;
use crate::ttc::negotiate::{DataTypesRequest, put_data_types, put_protocol};

impl Session {
    /// Answers the network services message, which is not one of TTC.
    pub(super) fn answer_services(&mut self, request: &ServicesRequest) {
        request.put_answer(&mut self.reply.writer);
        self.reply.finish_packets(0);
    }

    /// Answers the protocol message.
    pub(super) fn answer_protocol(&mut self) {
        put_protocol(&mut self.reply.writer, self.config.generation);
        self.reply.finish();
    }

    /// Answers the data types message.
    pub(super) fn answer_data_types(&mut self, request: &DataTypesRequest) {
        self.agree(request);
        put_data_types(&mut self.reply.writer, self.config.generation, request);
        self.reply.finish();
    }

    /// Writes both answers, as fast authentication has them.
    pub(super) fn put_negotiation(&mut self, request: &DataTypesRequest) {
        self.agree(request);
        put_protocol(&mut self.reply.writer, self.config.generation);
        put_data_types(&mut self.reply.writer, self.config.generation, request);
    }

    /// From here on the lower field version counts, and the end of a response is marked only for a
    /// client that waits for it.
    fn agree(&mut self, request: &DataTypesRequest) {
        let layout = self.reply.layout;
        self.reply.layout = Layout {
            field_version: layout.field_version.min(request.field_version()),
            end_of_response: layout.end_of_response && request.end_of_response(),
            ..layout
        };
    }
}

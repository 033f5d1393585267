//! One stream's packets: opening, then one call and its answer at a time; or a pipeline of calls,
//! whose answers come in their order.

use std::collections::VecDeque;

use super::break_reset::{BreakReset, DataAction};
use super::opening::{Opening, OpeningEvent, unexpected};
use super::response::{Expect, Response, ResponseParser};
use super::rows::LastRow;
use crate::error::{Error, Result};
use crate::wire::Writer;
use crate::wire::capabilities::{Capabilities, TNS_VERSION_MIN_ACCEPTED};
use crate::wire::connect::{Accept, Connect};
use crate::wire::packet::{
    Framer, MessageFlags, Packet, control, data_flag, marker, packet_type, write_message,
    write_packet,
};
use crate::wire::reader::Reader;
use crate::wire::ttc::function::Sequence;

/// Something that came to its end.
#[derive(Debug)]
pub enum Finished {
    /// CONNECT was answered.
    Opening(OpeningEvent),
    /// A call was answered.
    Call(Box<Response>),
}

/// What the stream is at.
#[derive(Debug)]
enum Phase {
    /// Nothing is awaited.
    Idle,
    /// The answer to CONNECT is awaited.
    Opening(Opening),
    /// The answer to a call is awaited.
    Call(Box<Call>),
}

#[derive(Debug)]
struct Call {
    parser: ResponseParser,
    /// To begin anew behind a reset.
    expect: Expect,
    marked_end: bool,
    /// It is one of a pipeline, with this number from 1; 0 otherwise.
    token: u64,
}

impl Call {
    fn new(expect: Expect, last: LastRow, marked_end: bool, token: u64) -> Box<Call> {
        let parser = ResponseParser::new(expect.clone(), last, marked_end, token);
        Box::new(Call { parser, expect, marked_end, token })
    }
}

/// One stream's packet machine. `Debug` shows none of the bytes that pass through.
pub struct Connection {
    /// What holds on this stream.
    pub caps: Capabilities,
    /// Numbers the calls.
    pub sequence: Sequence,
    framer: Framer,
    wide_lengths: bool,
    phase: Phase,
    /// The calls of a pipeline whose answers come behind the one that is awaited.
    queued: VecDeque<Box<Call>>,
    break_reset: BreakReset,
    out: Vec<u8>,
    /// Message buffer, kept from call to call.
    message: Vec<u8>,
    /// Rides in front of the next call.
    front: Vec<u8>,
    finished: VecDeque<Finished>,
    notification: Option<u32>,
    end_of_stream: bool,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection")
            .field("caps", &self.caps)
            .field("sequence", &self.sequence)
            .field("phase", &self.phase)
            .field("queued", &self.queued.len())
            .field("break_reset", &self.break_reset)
            .field("bytes_to_send", &self.out.len())
            .field("finished", &self.finished.len())
            .field("end_of_stream", &self.end_of_stream)
            .finish_non_exhaustive()
    }
}

impl Default for Connection {
    fn default() -> Self {
        Connection::new()
    }
}

impl Connection {
    /// A stream on which nothing was sent yet.
    pub fn new() -> Self {
        Connection {
            caps: Capabilities::default(),
            sequence: Sequence::default(),
            framer: Framer::new(),
            wide_lengths: false,
            phase: Phase::Idle,
            queued: VecDeque::new(),
            break_reset: BreakReset::Quiet,
            out: Vec::new(),
            message: Vec::new(),
            front: Vec::new(),
            finished: VecDeque::new(),
            notification: None,
            end_of_stream: false,
        }
    }

    /// Sends CONNECT.
    pub fn open(&mut self, connect: &Connect<'_>) {
        connect.encode(&mut self.out);
        self.phase = Phase::Opening(Opening::default());
    }

    /// A buffer to write the next message into.
    pub fn writer(&mut self) -> Writer {
        self.message.clear();
        Writer::with(std::mem::take(&mut self.message))
    }

    /// Keeps piggybacks that were written already for the next call.
    pub fn set_front(&mut self, piggybacks: Writer) {
        self.front.extend(piggybacks.into_vec());
    }

    /// Puts the piggybacks that were kept in front of the next call's message.
    pub fn take_front(&mut self, message: &mut Writer) {
        message.raw(&std::mem::take(&mut self.front));
    }

    /// Sends a call; its answer is awaited from now on.
    ///
    /// `last` is the last row of the batch before, for a fetch.
    pub fn call(&mut self, message: Writer, expect: Expect, last: LastRow) {
        let marked_end =
            self.caps.end_of_response && !matches!(expect, Expect::Protocol | Expect::DataTypes);
        self.send(message, 0.into());
        self.phase = Phase::Call(Call::new(expect, last, marked_end, 0));
        self.break_reset = BreakReset::Quiet;
    }

    /// Sends a call of a pipeline without waiting for the answers to those before it. `token` is
    /// its number, from 1, which [`Sequence::set_token`] has put into the message; 0 for the call
    /// that ends the pipeline.
    pub fn call_in_pipeline(&mut self, message: Writer, expect: Expect, token: u64) {
        let begin = if token == 1 { data_flag::BEGIN_PIPELINE } else { 0 };
        let end = if token == 0 { 0 } else { data_flag::END_OF_REQUEST };
        self.send(message, MessageFlags { each: begin, last: end });
        // Only servers that mark where an answer ends have pipelines.
        let call = Call::new(expect, LastRow::default(), true, token);
        if matches!(self.phase, Phase::Idle) {
            self.phase = Phase::Call(call);
            self.break_reset = BreakReset::Quiet;
        } else {
            self.queued.push_back(call);
        }
    }

    /// Sends a message that has no answer of its own, or goes on with the call that is awaited.
    fn send(&mut self, message: Writer, flags: MessageFlags) {
        let message = message.into_vec();
        write_message(&mut self.out, self.wide_lengths, self.caps.sdu, flags, &message);
        self.message = message;
    }

    /// Sends a message that has no answer.
    pub fn send_one_way(&mut self, message: Writer) {
        self.send(message, 0.into());
    }

    /// Tells the server that nothing more will come.
    pub fn send_end_of_stream(&mut self) {
        write_message(&mut self.out, self.wide_lengths, self.caps.sdu, data_flag::EOF.into(), &[]);
    }

    /// Asks the server to end the call that is under way. Its answer will be ORA-01013, or
    /// whatever the server thinks of it.
    pub fn interrupt(&mut self) {
        if self.is_busy() && !self.break_reset.is_pending() {
            self.break_reset.interrupted();
            self.send_marker(marker::INTERRUPT);
        }
    }

    /// Whether an answer is awaited.
    pub fn is_busy(&self) -> bool {
        !matches!(self.phase, Phase::Idle)
    }

    /// Whether part of a packet has arrived and the rest has not.
    pub fn is_midway(&self) -> bool {
        self.framer.is_midway()
    }

    /// An error number that the server sent outside of calls: the connection is of no more use.
    pub fn notification(&self) -> Option<u32> {
        self.notification
    }

    /// Whether the server said that nothing more will come.
    pub fn is_at_end(&self) -> bool {
        self.end_of_stream
    }

    /// Takes what is to be sent.
    pub fn take_output(&mut self) -> Option<Vec<u8>> {
        if self.out.is_empty() { None } else { Some(std::mem::take(&mut self.out)) }
    }

    /// Takes what came to its end.
    pub fn take_finished(&mut self) -> Option<Finished> {
        self.finished.pop_front()
    }

    /// Takes bytes from the stream.
    pub fn handle_input(&mut self, mut input: &[u8]) -> Result<()> {
        let mut framer = std::mem::take(&mut self.framer);
        let result = self.handle_packets(&mut framer, &mut input);
        self.framer = framer;
        result
    }

    fn handle_packets(&mut self, framer: &mut Framer, input: &mut &[u8]) -> Result<()> {
        while let Some(packet) = framer.next(input)? {
            let accepted = self.handle_packet(&packet)?;
            if accepted {
                framer.use_wide_lengths();
            }
        }
        Ok(())
    }

    /// Returns whether lengths have four bytes from here on.
    fn handle_packet(&mut self, packet: &Packet<'_>) -> Result<bool> {
        if packet.packet_type == packet_type::CONTROL {
            return self.handle_control(packet).map(|()| false);
        }
        match &mut self.phase {
            Phase::Opening(opening) => {
                let Some(event) = opening.handle_packet(packet)? else { return Ok(false) };
                let wide = self.handle_opening(&event);
                self.phase = Phase::Idle;
                self.finished.push_back(Finished::Opening(event));
                Ok(wide)
            }
            Phase::Call(_) | Phase::Idle => self.handle_later_packet(packet).map(|()| false),
        }
    }

    fn handle_opening(&mut self, event: &OpeningEvent) -> bool {
        let OpeningEvent::Accepted(Accept { protocol_version, sdu, flags2, .. }) = event else {
            return false;
        };
        self.caps.accept(*protocol_version, usize::try_from(*sdu).unwrap_or(8192), *flags2);
        self.wide_lengths = *protocol_version >= TNS_VERSION_MIN_ACCEPTED;
        self.wide_lengths
    }

    fn handle_later_packet(&mut self, packet: &Packet<'_>) -> Result<()> {
        match packet.packet_type {
            packet_type::DATA => {
                let (flags, payload) = packet.data()?;
                if flags & data_flag::EOF != 0 {
                    self.end_of_stream = true;
                }
                self.handle_data(flags, payload)
            }
            packet_type::MARKER => {
                let kind = packet.payload.get(2).copied().unwrap_or(marker::BREAK);
                // In front of an error in a pipeline there is a break, and no reset behind it
                // (recording pyo4-pipeline#0026).
                if matches!(&self.phase, Phase::Call(call) if call.token != 0) {
                    return Ok(());
                }
                // A marker between calls is the rest of an exchange that is over.
                if self.is_busy() && self.break_reset.handle_marker(kind) {
                    self.send_marker(marker::RESET);
                }
                Ok(())
            }
            other => Err(unexpected(other, "the answer to a call")),
        }
    }

    fn handle_data(&mut self, flags: u16, payload: &[u8]) -> Result<()> {
        let Phase::Call(call) = &mut self.phase else {
            if payload.is_empty() {
                return Ok(());
            }
            return Err(Error::misbehaved("data came although nothing was asked"));
        };
        match self.break_reset.handle_data() {
            DataAction::Discard => return Ok(()),
            DataAction::Take => {}
            DataAction::TakeAnew => {
                call.parser = ResponseParser::plain(call.expect.clone(), call.marked_end);
            }
        }
        if payload.is_empty() && flags & data_flag::EOF != 0 {
            return Ok(());
        }
        let last_packet = flags & data_flag::END_OF_RESPONSE != 0;
        if !call.parser.handle_data(payload, last_packet, &mut self.caps)? {
            return Ok(());
        }
        if self.break_reset.is_pending() {
            // The answer came before the server saw the interrupt. Its error is still to come.
            call.parser = ResponseParser::plain(call.expect.clone(), call.marked_end);
            return Ok(());
        }
        if let Phase::Call(call) = std::mem::replace(&mut self.phase, Phase::Idle) {
            let (parser, expect, token) = (call.parser, call.expect, call.token);
            let response = parser.finish();
            if response.flush_out_binds {
                self.ask_for_out_binds(expect, call.marked_end, token, response);
            } else {
                self.finished.push_back(Finished::Call(Box::new(response)));
                self.phase = self.queued.pop_front().map_or(Phase::Idle, Phase::Call);
            }
        }
        Ok(())
    }

    /// The server keeps OUT binds back until it is asked for them.
    fn ask_for_out_binds(
        &mut self,
        mut expect: Expect,
        marked_end: bool,
        token: u64,
        response: Response,
    ) {
        let mut message = self.writer();
        message.u8(crate::wire::ttc::codes::message::FLUSH_OUT_BINDS);
        self.send(message, 0.into());
        if let (Expect::Execute { directions, .. }, Some(told)) = (&mut expect, response.directions)
        {
            *directions = told;
        }
        self.phase = Phase::Call(Call::new(expect, LastRow::default(), marked_end, token));
    }

    fn handle_control(&mut self, packet: &Packet<'_>) -> Result<()> {
        let mut reader = Reader::new(packet.payload);
        if reader.u16_be("CONTROL: kind")? == control::INBAND_NOTIFICATION {
            reader.skip(4, "CONTROL: flags")?;
            self.notification = Some(reader.u32_be("CONTROL: error number")?);
        }
        Ok(())
    }

    fn send_marker(&mut self, kind: u8) {
        write_packet(&mut self.out, self.wide_lengths, packet_type::MARKER, 0, &[1, 0, kind]);
    }
}

//! The messages of a server's answers, as the recorded 23.26 servers wrote them.

use oraedge::wire::Writer;
use oraedge::wire::capabilities::field_version;
use oraedge::wire::packet::{self, data_flag, packet_type};

/// A column: its name, Oracle's type number, and the room that a value takes.
pub type Column = (&'static str, u8, u32);

/// NUMBER.
pub const NUMBER: u8 = 2;
/// VARCHAR2.
pub const VARCHAR: u8 = 1;
/// LONG RAW.
pub const LONG_RAW: u8 = 24;

/// One answer that is being put together.
pub struct Answer {
    pub writer: Writer,
    version: u8,
}

impl Answer {
    /// For a client that agreed on `version`.
    pub fn new(version: u8) -> Self {
        Answer { writer: Writer::new(), version }
    }

    /// The columns of a query.
    pub fn describe(mut self, columns: &[Column]) -> Self {
        let writer = &mut self.writer;
        writer.u8(16);
        writer.u8(0); // signature
        writer.ub4(100);
        writer.ub4(columns.len() as u32);
        writer.u8(1);
        for (name, ora_type, size) in columns {
            let form = u8::from(*ora_type == VARCHAR);
            writer.raw(&[*ora_type, 0, 0, 0]);
            writer.ub4(*size);
            writer.ub4(0);
            writer.ub8(0);
            writer.ub4(0);
            writer.ub2(0);
            writer.ub2(if form == 1 { 873 } else { 0 });
            writer.u8(form);
            writer.ub4(*size);
            if self.version >= field_version::V12_2 {
                writer.ub4(0);
            }
            writer.raw(&[1, name.len() as u8]);
            writer.bytes_with_length(name.as_bytes());
            writer.raw(&[0, 0, 0, 0]);
            if self.version >= field_version::V23_1 {
                writer.raw(&[0, 0]);
            }
            if self.version >= field_version::V23_1_EXT3 {
                writer.u8(0);
            }
            if self.version >= field_version::V23_4 {
                writer.raw(&[0, 0, 0]);
            }
        }
        writer.raw(&[0; 6]);
        self
    }

    /// Rows follow.
    pub fn row_header(mut self) -> Self {
        self.writer.raw(&[6, 0x22, 0, 0, 0, 0, 0, 0]);
        self
    }

    /// One row.
    pub fn row(mut self, cells: &[Option<&[u8]>]) -> Self {
        self.writer.u8(7);
        for cell in cells {
            match cell {
                None => self.writer.u8(0),
                Some(value) => self.writer.bytes(value),
            }
        }
        self
    }

    /// Which columns the next row brings.
    pub fn bit_vector(mut self, vector: &[u8]) -> Self {
        self.writer.u8(21);
        self.writer.ub2(1);
        self.writer.raw(vector);
        self
    }

    /// How the call ended: its cursor, the rows so far, an error number and its text.
    pub fn end(mut self, cursor: u16, rows: u64, number: u32, text: &str) -> Self {
        let writer = &mut self.writer;
        writer.u8(4);
        writer.raw(&[0; 6]); // status, sequence, row, number, array elements
        writer.ub2(cursor);
        writer.u8(0); // position
        writer.raw(&[0; 6]);
        writer.raw(&[0; 5]); // rowid
        writer.raw(&[0; 6]);
        writer.raw(&[0; 3]); // batch errors
        writer.ub4(number);
        writer.ub8(rows);
        if self.version >= field_version::V20_1 {
            writer.raw(&[0, 0]);
        }
        if number != 0 {
            writer.bytes(text.as_bytes());
        }
        self
    }

    /// The end of a call that has nothing to say.
    pub fn status(mut self) -> Self {
        self.writer.raw(&[9, 0, 0]);
        self
    }

    /// Any bytes.
    pub fn raw(mut self, bytes: &[u8]) -> Self {
        self.writer.raw(bytes);
        self
    }

    /// The message behind which nothing follows, from 23ai on.
    pub fn end_of_response(self) -> Self {
        self.raw(&[29])
    }

    /// The messages.
    pub fn payload(self) -> Vec<u8> {
        self.writer.into_vec()
    }

    /// The answer as 23ai sends it: its end is marked.
    pub fn marked(self, sdu: usize) -> Vec<u8> {
        marked_packets(&self.end_of_response().payload(), sdu)
    }
}

/// DATA packets of which the last says that the answer ends.
pub fn marked_packets(payload: &[u8], sdu: usize) -> Vec<u8> {
    let mut out = Vec::new();
    packet::write_message(&mut out, true, sdu, data_flag::END_OF_RESPONSE.into(), payload);
    out
}

/// DATA packets as servers before 23ai send them.
pub fn plain_packets(payload: &[u8], sdu: usize) -> Vec<u8> {
    let mut out = Vec::new();
    packet::write_message(&mut out, true, sdu, 0.into(), payload);
    out
}

/// A MARKER packet.
pub fn marker(kind: u8) -> Vec<u8> {
    let mut out = Vec::new();
    packet::write_packet(&mut out, true, packet_type::MARKER, 0, &[1, 0, kind]);
    out
}

/// A whole number as NUMBER, by the crate's own encoder, which has tests of its own.
pub fn number(value: u64) -> Vec<u8> {
    oraedge::wire::value::Number::from(value).as_bytes().to_vec()
}

/// The columns of the rows that [`query_row`] makes.
pub const QUERY_COLUMNS: [Column; 2] = [("ID", NUMBER, 22), ("NAME", VARCHAR, 200)];

/// Adds row `index` of a query: its number, and a text that names it.
pub fn query_row(answer: Answer, index: u64) -> Answer {
    let text = format!("row {index}");
    answer.row(&[Some(&number(index)), Some(text.as_bytes())])
}

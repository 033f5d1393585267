//! How a call ends: results, an error or its absence, a status.

use oraedge::wire::Writer;
use oraedge::wire::value::Rowid;

use super::put::ServerWriter;
use super::rows::put_rowid;
use super::{Layout, message};
use crate::generation::field_version;

/// Call status: a transaction is open (python-oracledb: `TNS_EOCS_FLAGS_TXN_IN_PROGRESS`).
pub const STATUS_IN_TRANSACTION: u32 = 0x02;
/// Call status without a transaction, recorded.
pub const STATUS_IDLE: u32 = 0x01;
/// Call status behind a commit, recorded.
pub const STATUS_COMMITTED: u32 = 0x1_0005;
/// Call status behind a rollback, recorded.
pub const STATUS_ROLLED_BACK: u32 = 0x05;

/// `ORA-01403: no data found`, the end of a query's rows.
pub const NO_DATA_FOUND: u32 = 1403;
/// `ORA-24381: error(s) in array DML`, with the errors of single rows.
pub const ARRAY_DML_ERRORS: u32 = 24381;

/// SQL types in error messages (recorded: 3, 2, 1, 12; the others are `OCI_ATTR_STMT_TYPE` of the
/// same family: `V$SQLCOMMAND.COMMAND_TYPE`).
pub mod sql_type {
    /// No statement.
    pub const NONE: u32 = 0;
    /// CREATE TABLE, and what has no number here.
    pub const DDL: u32 = 1;
    /// INSERT, and DML that has no number here.
    pub const INSERT: u32 = 2;
    /// SELECT.
    pub const SELECT: u32 = 3;
    /// UPDATE.
    pub const UPDATE: u32 = 6;
    /// DELETE.
    pub const DELETE: u32 = 7;
    /// DROP TABLE.
    pub const DROP: u32 = 12;
    /// COMMIT.
    pub const COMMIT: u32 = 44;
    /// A PL/SQL block.
    pub const PLSQL: u32 = 47;
    /// MERGE.
    pub const MERGE: u32 = 189;
}

/// The end of a call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EndOfCall {
    /// Bits of the call status.
    pub status: u32,
    /// The server's count of calls.
    pub sequence: u16,
    /// The number behind `ORA-`; zero without an error.
    pub number: u32,
    /// The error's text with its code, without a newline.
    pub message: String,
    /// Where in the statement, in bytes.
    pub offset: u32,
    /// The cursor of the call; zero if it has none.
    pub cursor: u32,
    /// One of [`sql_type`].
    pub sql_type: u32,
    /// Rows that were sent or changed so far.
    pub rows: u64,
    /// The last row that was changed.
    pub rowid: Rowid,
    /// How often the statement was run by this call.
    pub iterations: u32,
    /// The client's count of calls.
    pub call_number: u8,
    /// Errors of single rows: number, row, text.
    pub batch_errors: Vec<(u32, u32, String)>,
}

impl EndOfCall {
    /// Writes the message.
    pub fn put(&self, writer: &mut Writer, layout: Layout) {
        let number = u64::from(self.number);
        writer.u8(message::ERROR);
        writer.uint(u64::from(self.status));
        writer.uint(u64::from(self.sequence));
        writer.uint(self.rows & 0xffff_ffff);
        writer.uint(number & 0xffff);
        writer.zeros(2); // array element errors
        writer.uint(u64::from(self.cursor));
        writer.uint(u64::from(self.offset.min(0x7fff)));
        writer.u8(self.sql_type as u8);
        writer.zeros(5); // fatal, flags, user cursor options, UPI parameter, warnings
        put_rowid(writer, self.rowid);
        writer.zeros(1); // error of the operating system
        writer.zeros(1); // statement number
        writer.u8(self.call_number);
        writer.zeros(1); // padding
        writer.uint(u64::from(self.iterations));
        self.put_logical_rowid(writer);
        self.put_batch_errors(writer);
        writer.uint(number);
        writer.uint(self.rows);
        if layout.since(field_version::V20_1) {
            writer.uint(u64::from(self.sql_type));
            writer.zeros(1); // checksum
        }
        if self.number != 0 {
            writer.value(format!("{}\n", self.message).as_bytes());
        }
    }

    /// The last row's ROWID once more, as a UROWID of 13 bytes, where DML changed one.
    fn put_logical_rowid(&self, writer: &mut Writer) {
        if self.rowid == Rowid::default() || self.sql_type == sql_type::SELECT {
            writer.zeros(1);
            return;
        }
        let mut image = vec![1];
        image.extend_from_slice(&self.rowid.rba.to_be_bytes());
        image.extend_from_slice(&self.rowid.partition_id.to_be_bytes());
        image.extend_from_slice(&self.rowid.block.to_be_bytes());
        image.extend_from_slice(&self.rowid.slot.to_be_bytes());
        writer.counted(&image);
    }

    fn put_batch_errors(&self, writer: &mut Writer) {
        let count = self.batch_errors.len() as u64;
        if count == 0 {
            writer.zeros(3);
            return;
        }
        // Each of the three arrays has a byte in front that says how its elements are packed;
        // drivers compare it with the indicator of long values alone.
        const PACKED: u8 = 1;
        writer.uint(count);
        writer.u8(PACKED);
        for (number, _, _) in &self.batch_errors {
            writer.uint(u64::from(*number));
        }
        writer.uint(count);
        writer.u8(PACKED);
        for (_, row, _) in &self.batch_errors {
            writer.uint(u64::from(*row));
        }
        writer.uint(count);
        writer.u8(PACKED);
        for (_, _, text) in &self.batch_errors {
            writer.uint(text.len() as u64);
            writer.value(text.as_bytes());
            writer.zeros(2); // end of the text
        }
    }
}

/// Writes the end of a call that has no results.
pub fn put_status(writer: &mut Writer, status: u32, sequence: u16) {
    writer.u8(message::STATUS);
    writer.uint(u64::from(status));
    writer.uint(u64::from(sequence));
}

/// Results of an execute besides rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReturnParameters<'a> {
    /// The system change number.
    pub scn: u64,
    /// The cursor.
    pub cursor: u32,
    /// The current schema, if the statement changed it.
    pub current_schema: Option<&'a str>,
    /// Rows changed by each row of binds, if the client asked for them.
    pub row_counts: Option<&'a [u64]>,
}

impl ReturnParameters<'_> {
    /// Writes the message.
    pub fn put(&self, writer: &mut Writer) {
        /// python-oracledb: `TNS_KEYWORD_NUM_CURRENT_SCHEMA`.
        const CURRENT_SCHEMA: u64 = 168;
        writer.u8(message::PARAMETER);
        writer.uint(6);
        for value in [self.scn, 0, u64::from(self.cursor), 0, 0, 0] {
            writer.uint(value);
        }
        writer.zeros(1); // transaction
        match self.current_schema {
            Some(schema) => {
                writer.uint(1);
                writer.counted(schema.as_bytes());
                writer.zeros(1); // no binary value
                writer.uint(CURRENT_SCHEMA);
            }
            None => writer.uint(0),
        }
        writer.zeros(1); // registration
        if let Some(row_counts) = self.row_counts {
            writer.uint(row_counts.len() as u64);
            for count in row_counts {
                writer.uint(*count);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::unhex;

    const LAYOUT: Layout =
        Layout { field_version: 24, end_of_response: true, max_string_size: 32767 };

    #[test]
    fn end_of_an_insert_is_the_recorded_one() {
        // pyo4-fetch-df#0012.
        let end = EndOfCall {
            status: 2,
            sequence: 0x43,
            offset: 12,
            cursor: 12,
            sql_type: sql_type::INSERT,
            rows: 3,
            rowid: Rowid { rba: 0x1_1c1b, partition_id: 24, block: 31, slot: 2 },
            iterations: 3,
            call_number: 7,
            ..EndOfCall::default()
        };
        let mut writer = Writer::new();
        end.put(&mut writer, LAYOUT);
        let recorded = unhex(
            "04 0102 0143 0103 00 00 00 010c 010c 02 00000000 00 03011c1b 0118 00 011f 0102 \
             00 00 07 00 0103 010d 0d 0100011c1b00180000001f0002 000000 00 0103 0102 00",
        );
        assert_eq!(writer.as_slice(), recorded);
    }

    #[test]
    fn end_of_a_log_on_is_the_recorded_one() {
        // The tail of pyo4-fetch-df#0004.
        let end = EndOfCall {
            status: STATUS_IDLE,
            sequence: 0x3c,
            call_number: 1,
            ..EndOfCall::default()
        };
        let mut writer = Writer::new();
        end.put(&mut writer, LAYOUT);
        writer.u8(message::END_OF_RESPONSE);
        let recorded = "040101013c0000000000000000000000000000000000000001000000000000000000001d";
        assert_eq!(writer.as_slice(), unhex(recorded));
    }
}

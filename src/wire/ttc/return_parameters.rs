//! PARAMETER: what an execute returns beside rows and the error.

use super::server_piggyback::{SessionChange, decode_changes};
use crate::wire::reader::{Decoded, Reader};

/// What an execute returned.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReturnParameters {
    /// What changed in the session.
    pub changes: Vec<SessionChange>,
    /// Identifier of a registered query, if one was registered.
    pub query_id: Option<u64>,
    /// Rows changed by each iteration of an array DML, if they were asked for.
    pub dml_row_counts: Vec<u64>,
}

impl ReturnParameters {
    /// Reads what follows the message type. `dml_row_counts` tells whether they were asked for.
    pub fn decode(reader: &mut Reader<'_>, dml_row_counts: bool) -> Decoded<ReturnParameters> {
        let mut returned = ReturnParameters::default();
        let count = reader.ub2("return parameters: number")?;
        for _ in 0..count {
            reader.ub4("return parameter")?;
        }
        let transaction = reader.ub2("return parameters: transaction length")?;
        reader.skip(usize::from(transaction), "return parameters: transaction")?;
        let pairs = reader.ub2("return parameters: number of pairs")?;
        returned.changes = decode_changes(reader, pairs)?;
        let registration = reader.ub2("return parameters: registration length")?;
        let registered =
            reader.raw(usize::from(registration), "return parameters: registration")?;
        if let Some([a, b, c, d, e, f, g, h]) = registered.last_chunk::<8>() {
            // The two halves stand the low one first.
            returned.query_id = Some(u64::from_be_bytes([*e, *f, *g, *h, *a, *b, *c, *d]));
        }
        if dml_row_counts {
            let rows = reader.ub4("return parameters: row counts")?;
            for _ in 0..rows {
                returned.dml_row_counts.push(reader.ub8("return parameters: row count")?);
            }
        }
        Ok(returned)
    }
}

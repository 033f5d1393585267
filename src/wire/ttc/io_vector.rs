//! IO_VECTOR: the directions of a statement's binds.

use crate::wire::reader::{Decoded, Reader};

/// The bind only goes in.
pub const DIRECTION_IN: u8 = 32;
/// The bind only comes out.
pub const DIRECTION_OUT: u8 = 16;
/// The bind goes both ways.
pub const DIRECTION_IN_OUT: u8 = 48;

/// Reads what follows the message type: one direction for each bind.
pub fn decode<'a>(reader: &mut Reader<'a>) -> Decoded<&'a [u8]> {
    reader.u8("I/O vector: flag")?;
    let low = reader.ub2("I/O vector: requests")?;
    let high = reader.ub4("I/O vector: iterations")?;
    reader.ub4("I/O vector: iterations this time")?;
    reader.ub2("I/O vector: buffer length")?;
    let vector = reader.ub2("I/O vector: bit vector length")?;
    reader.skip(usize::from(vector), "I/O vector: bit vector")?;
    let rowid = reader.ub2("I/O vector: rowid length")?;
    reader.skip(usize::from(rowid), "I/O vector: rowid")?;
    let binds = u64::from(high) * 256 + u64::from(low);
    reader.raw(usize::try_from(binds).unwrap_or(usize::MAX), "I/O vector: directions")
}

//! ROWID and UROWID: where a row lies.
//!
//! A ROWID column sends four numbers, each with its length, behind a length byte that says only
//! "not null" (recording `seer-rowid-column`). A UROWID column sends an image: a kind, then either
//! the four numbers at fixed width (recording `goora-urowid-rows`) or the key of a row in an
//! index-organized table (`seer-urowid-column`). As a bind and in PL/SQL both travel as text.

use std::fmt;
use std::str::FromStr;

use crate::error::Error;
use crate::wire::reader::{Decoded, NULL_LENGTH_INDICATOR, Reader};
use crate::wire::writer::Writer;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/// Length of a physical rowid's text, in characters.
pub const TEXT_LENGTH: usize = 18;
/// The longest text of a UROWID (python-oracledb: `TNS_MAX_UROWID_LENGTH`).
pub const MAX_UROWID_LENGTH: usize = 5267;
/// First byte of the image of a physical rowid.
const PHYSICAL: u8 = 1;
/// First byte of the image of a logical rowid.
const LOGICAL: u8 = 2;
/// What real servers put in front of a ROWID column's numbers. Only 0 and 255 mean anything
/// there: null.
const COLUMN_LENGTH: u8 = 14;

/// Bits of a block's number in a stored rowid; those above are the file's.
const BLOCK_BITS: u32 = 22;

/// Where a row of an ordinary table lies: a physical rowid.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rowid {
    /// Number of the data object (the segment).
    pub rba: u32,
    /// Number of the data file, relative to the tablespace.
    pub partition_id: u16,
    /// Number of the block in the file.
    pub block: u32,
    /// Number of the row in the block.
    pub slot: u16,
}

impl Rowid {
    /// Reads the four numbers, as the end of a call and a ROWID column carry them.
    pub fn read(reader: &mut Reader<'_>) -> Decoded<Rowid> {
        let rba = reader.ub4("rowid: rba")?;
        let partition_id = reader.ub2("rowid: partition")?;
        reader.skip(1, "rowid: reserved")?;
        let block = reader.ub4("rowid: block")?;
        let slot = reader.ub2("rowid: slot")?;
        Ok(Rowid { rba, partition_id, block, slot })
    }

    /// Writes the four numbers; the counterpart of [`Rowid::read`].
    pub fn write(&self, writer: &mut Writer) {
        writer.ub4(self.rba);
        writer.ub2(self.partition_id);
        writer.u8(0);
        writer.ub4(self.block);
        writer.ub2(self.slot);
    }

    /// Reads a ROWID column of a row; `None` is null.
    pub fn read_column(reader: &mut Reader<'_>) -> Decoded<Option<Rowid>> {
        match reader.u8("ROWID: length")? {
            0 | NULL_LENGTH_INDICATOR => Ok(None),
            _ => Rowid::read(reader).map(Some),
        }
    }

    /// Writes a ROWID column of a row; the counterpart of [`Rowid::read_column`].
    pub fn write_column(&self, writer: &mut Writer) {
        writer.u8(COLUMN_LENGTH);
        self.write(writer);
    }

    /// Reads the four numbers, and nothing else, from the bytes of a ROWID column behind its
    /// length byte.
    pub fn decode(bytes: &[u8]) -> Decoded<Rowid> {
        let mut reader = Reader::new(bytes);
        let rowid = Rowid::read(&mut reader)?;
        reader.finish("ROWID")?;
        Ok(rowid)
    }

    /// Appends the four numbers; the counterpart of [`Rowid::decode`].
    pub fn encode(&self, out: &mut Vec<u8>) {
        let mut writer = Writer::with(std::mem::take(out));
        self.write(&mut writer);
        *out = writer.into_vec();
    }

    /// Reads the ten bytes that a block or an index stores, and `DUMP(ROWID)` shows (type 69):
    /// object, file and block in 10 and 22 bits, row.
    pub fn decode_stored(bytes: &[u8]) -> Decoded<Rowid> {
        let mut reader = Reader::new(bytes);
        let rba = reader.u32_be("stored rowid: rba")?;
        let place = reader.u32_be("stored rowid: file and block")?;
        let slot = reader.u16_be("stored rowid: slot")?;
        reader.finish("stored rowid")?;
        let file = place >> BLOCK_BITS;
        Ok(Rowid {
            rba,
            partition_id: u16::try_from(file).unwrap_or(u16::MAX),
            block: place & ((1 << BLOCK_BITS) - 1),
            slot,
        })
    }

    /// Whether all four numbers are zero, which is how the end of a call says "no row".
    pub fn is_zero(&self) -> bool {
        *self == Rowid::default()
    }

    /// Its text of 18 characters.
    pub fn to_text(&self) -> [u8; TEXT_LENGTH] {
        let mut text = [b'A'; TEXT_LENGTH];
        let parts = [
            (u64::from(self.rba), 6),
            (u64::from(self.partition_id), 3),
            (u64::from(self.block), 6),
            (u64::from(self.slot), 3),
        ];
        let characters = parts.into_iter().flat_map(|(value, width)| {
            (0..width).rev().map(move |place| letter(value >> (6 * place)))
        });
        for (slot, character) in text.iter_mut().zip(characters) {
            *slot = character;
        }
        text
    }
}

/// The letter for the lowest six bits.
fn letter(bits: u64) -> u8 {
    let index = usize::try_from(bits & 63).unwrap_or_default();
    ALPHABET.get(index).copied().unwrap_or_default()
}

/// The six bits that a letter stands for.
fn letter_bits(letter: u8) -> Option<u64> {
    (0..64).zip(ALPHABET).find_map(|(bits, known)| (*known == letter).then_some(bits))
}

fn parse_part(text: &str) -> Option<u64> {
    text.bytes().try_fold(0, |value, byte| Some(value << 6 | letter_bits(byte)?))
}

impl fmt::Display for Rowid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(std::str::from_utf8(&self.to_text()).unwrap_or_default())
    }
}

impl FromStr for Rowid {
    type Err = Error;

    fn from_str(text: &str) -> Result<Rowid, Error> {
        let parsed = (text.len() == TEXT_LENGTH).then(|| {
            Some(Rowid {
                rba: u32::try_from(parse_part(text.get(..6)?)?).ok()?,
                partition_id: u16::try_from(parse_part(text.get(6..9)?)?).ok()?,
                block: u32::try_from(parse_part(text.get(9..15)?)?).ok()?,
                slot: u16::try_from(parse_part(text.get(15..)?)?).ok()?,
            })
        });
        parsed.flatten().ok_or_else(|| {
            let what = format!(
                "{text:?} is no ROWID; 18 characters such as \"AAAK6JAAEAAACGPAAA\" were expected"
            );
            Error::misuse(what, "")
        })
    }
}

/// A universal rowid: of an ordinary table's row, or of a row that is found by its key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Urowid {
    /// The rowid of a row in an ordinary table.
    Physical(Rowid),
    /// The image of a row's key in an index-organized or foreign table, with its kind in front.
    Logical(Box<[u8]>),
}

impl Urowid {
    /// Reads the image of a UROWID, without its two lengths.
    pub fn decode(image: &[u8]) -> Decoded<Urowid> {
        let mut reader = Reader::new(image);
        if reader.u8("UROWID: kind")? != PHYSICAL {
            return Ok(Urowid::Logical(image.into()));
        }
        let rba = reader.u32_be("UROWID: rba")?;
        let partition_id = reader.u16_be("UROWID: partition")?;
        let block = reader.u32_be("UROWID: block")?;
        let slot = reader.u16_be("UROWID: slot")?;
        reader.finish("UROWID")?;
        Ok(Urowid::Physical(Rowid { rba, partition_id, block, slot }))
    }

    /// Appends the image of the UROWID, without its two lengths.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Urowid::Physical(Rowid { rba, partition_id, block, slot }) => {
                out.push(PHYSICAL);
                out.extend_from_slice(&rba.to_be_bytes());
                out.extend_from_slice(&partition_id.to_be_bytes());
                out.extend_from_slice(&block.to_be_bytes());
                out.extend_from_slice(&slot.to_be_bytes());
            }
            Urowid::Logical(image) => out.extend_from_slice(image),
        }
    }
}

impl From<Rowid> for Urowid {
    fn from(rowid: Rowid) -> Self {
        Urowid::Physical(rowid)
    }
}

impl fmt::Display for Urowid {
    /// A physical rowid's 18 characters, or `*` and the key in base 64 without padding.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let image = match self {
            Urowid::Physical(rowid) => return rowid.fmt(f),
            Urowid::Logical(image) => image,
        };
        let mut text = String::from("*");
        for group in image.get(1..).unwrap_or_default().chunks(3) {
            let bits = (0..3).fold(0, |bits, index| {
                bits << 8 | u64::from(group.get(index).copied().unwrap_or_default())
            });
            let letters =
                (0..=group.len()).map(|place| char::from(letter(bits >> (18 - 6 * place))));
            text.extend(letters);
        }
        f.pad(&text)
    }
}

impl FromStr for Urowid {
    type Err = Error;

    fn from_str(text: &str) -> Result<Urowid, Error> {
        let Some(key) = text.strip_prefix('*') else {
            return text.parse().map(Urowid::Physical);
        };
        let mut image = vec![LOGICAL];
        for group in key.as_bytes().chunks(4) {
            let letters =
                group.iter().map(|letter| letter_bits(*letter)).collect::<Option<Vec<_>>>();
            let letters = letters.filter(|letters| letters.len() > 1).ok_or_else(|| {
                let what = format!("{text:?} is no UROWID; '*' and base 64 letters were expected");
                Error::misuse(what, "")
            })?;
            let bits = (0..4).fold(0u32, |bits, index| {
                let letter = letters.get(index).copied().unwrap_or_default();
                bits << 6 | u32::try_from(letter).unwrap_or_default()
            });
            image.extend(bits.to_be_bytes().into_iter().skip(1).take(letters.len() - 1));
        }
        Ok(Urowid::Logical(image.into()))
    }
}

//! Binds: how a client declares them, and a row of their values.

use oraedge::wire::Reader;
use oraedge::wire::reader::{Decoded, ESCAPE_CHAR};
use oraedge::wire::value::{DbType, Value};

use super::{Layout, message};
use crate::generation::field_version;

/// Flag of a PL/SQL array (python-oracledb: `TNS_BIND_ARRAY`).
const FLAG_ARRAY: u8 = 0x40;

/// What a client declares of a bind, or of a column that it wants sent in its own way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declared {
    /// The number of the type.
    pub ora_type: u8,
    /// The character set form: 1 for the database's, 2 for the national one.
    pub csfrm: u8,
    /// Whether it is an array of PL/SQL.
    pub array: bool,
    /// The longest value, in bytes.
    pub size: u32,
    /// The most elements of an array.
    pub max_elements: u32,
}

impl Declared {
    /// Reads one declaration.
    pub fn decode(reader: &mut Reader<'_>, layout: Layout) -> Decoded<Declared> {
        let ora_type = reader.u8("bind: type")?;
        let flags = reader.u8("bind: flags")?;
        reader.skip(2, "bind: precision and scale")?;
        let size = reader.ub4("bind: size")?;
        let max_elements = reader.ub4("bind: number of elements")?;
        reader.ub8("bind: continuation flags")?;
        reader.bytes_with_length("bind: type identifier")?;
        reader.ub4("bind: type version")?;
        reader.ub2("bind: character set")?;
        let csfrm = reader.u8("bind: character set form")?;
        reader.ub4("bind: LOB prefetch length")?;
        if layout.since(field_version::V12_2) {
            reader.ub4("bind: column id")?;
        }
        Ok(Declared { ora_type, csfrm, array: flags & FLAG_ARRAY != 0, size, max_elements })
    }

    /// The type, if there is one with this number.
    pub fn db_type(&self) -> Option<DbType> {
        DbType::from_wire(self.ora_type, self.csfrm)
    }
}

/// The order in which the values of a row come: `skipped` positions have none, and outside of
/// PL/SQL what may be longer than a string comes behind the others
/// (python-oracledb: `_write_bind_params_row`).
pub fn row_order(
    declared: &[Declared],
    skipped: &[usize],
    plsql: bool,
    layout: Layout,
) -> Vec<usize> {
    let is_long = |index: &usize| {
        declared.get(*index).is_some_and(|bind| !plsql && bind.size > layout.max_string_size)
    };
    let sent: Vec<usize> = (0..declared.len()).filter(|index| !skipped.contains(index)).collect();
    let (long, short): (Vec<usize>, Vec<usize>) = sent.into_iter().partition(is_long);
    short.into_iter().chain(long).collect()
}

/// One bind's value as it came.
#[derive(Debug, Clone, PartialEq)]
pub enum BindValue {
    /// One value.
    Scalar(Value),
    /// The elements of a PL/SQL array.
    Array(Vec<Value>),
    /// A cursor; zero for one that is not open yet.
    Cursor(u32),
    /// A LOB's locator.
    Lob(Vec<u8>),
}

/// Passes over one row of binds; fails with `Short` if it is not all there.
pub fn skip_row(reader: &mut Reader<'_>, declared: &[Declared], order: &[usize]) -> Decoded<()> {
    each_cell(reader, declared, order, |_, bind, reader| skip_cell(reader, bind))
}

/// Reads one row of binds into `row`, which has a place for each bind.
pub fn read_row(
    reader: &mut Reader<'_>,
    declared: &[Declared],
    order: &[usize],
    row: &mut [BindValue],
) -> Decoded<()> {
    each_cell(reader, declared, order, |index, bind, reader| {
        let value = if bind.array {
            let count = reader.ub4("bind: number of elements")?;
            let mut elements = Vec::new();
            for _ in 0..count {
                elements.push(read_scalar(reader, bind)?);
            }
            BindValue::Array(elements)
        } else {
            read_cell(reader, bind)?
        };
        if let Some(slot) = row.get_mut(index) {
            *slot = value;
        }
        Ok(())
    })
}

fn each_cell(
    reader: &mut Reader<'_>,
    declared: &[Declared],
    order: &[usize],
    mut cell: impl FnMut(usize, &Declared, &mut Reader<'_>) -> Decoded<()>,
) -> Decoded<()> {
    let message_type = reader.u8("bind row: message type")?;
    if message_type != message::ROW_DATA {
        return Err(reader.malformed(
            "bind row: message type",
            format!("row data ({}) was expected, {message_type} came", message::ROW_DATA),
        ));
    }
    for index in order {
        if let Some(bind) = declared.get(*index) {
            cell(*index, bind, reader)?;
        }
    }
    Ok(())
}

fn skip_cell(reader: &mut Reader<'_>, bind: &Declared) -> Decoded<()> {
    let count = if bind.array { reader.ub4("bind: number of elements")? } else { 1 };
    for _ in 0..count {
        match bind.db_type() {
            Some(DbType::Boolean) if reader.peek("bind: BOOLEAN")? == ESCAPE_CHAR => {
                reader.skip(2, "bind: null BOOLEAN")?;
            }
            Some(DbType::Cursor) => {
                read_cursor(reader)?;
            }
            Some(DbType::Clob | DbType::Nclob | DbType::Blob | DbType::Bfile) => {
                reader.bytes_with_length("bind: locator")?;
            }
            Some(DbType::Json | DbType::Vector) => {
                skip_image(reader)?;
            }
            Some(DbType::Object | DbType::Xml) => skip_object(reader)?,
            _ => {
                reader.span("bind: value")?;
            }
        }
    }
    Ok(())
}

fn read_cell(reader: &mut Reader<'_>, bind: &Declared) -> Decoded<BindValue> {
    match bind.db_type() {
        Some(DbType::Cursor) => Ok(BindValue::Cursor(read_cursor(reader)?)),
        Some(DbType::Clob | DbType::Nclob | DbType::Blob | DbType::Bfile) => {
            let locator = reader.bytes_with_length("bind: locator")?;
            Ok(BindValue::Lob(locator.unwrap_or_default().into_owned()))
        }
        _ => Ok(BindValue::Scalar(read_scalar(reader, bind)?)),
    }
}

fn read_scalar(reader: &mut Reader<'_>, bind: &Declared) -> Decoded<Value> {
    match bind.db_type() {
        Some(DbType::Boolean) if reader.peek("bind: BOOLEAN")? == ESCAPE_CHAR => {
            reader.skip(2, "bind: null BOOLEAN")?;
            Ok(Value::Null)
        }
        Some(DbType::Object | DbType::Xml | DbType::Json | DbType::Vector) => {
            skip_cell(reader, bind)?;
            Err(reader.malformed("bind: value", format!("type {} has no value", bind.ora_type)))
        }
        Some(db_type) => match reader.bytes("bind: value")? {
            None => Ok(Value::Null),
            Some(bytes) => Value::decode(db_type, &bytes),
        },
        None => Err(reader.malformed("bind: type", format!("type {} is unknown", bind.ora_type))),
    }
}

/// A cursor: a length, then the number if the length is not zero.
fn read_cursor(reader: &mut Reader<'_>) -> Decoded<u32> {
    match reader.u8("bind: cursor length")? {
        0 => Ok(0),
        _ => reader.ub4("bind: cursor"),
    }
}

/// An image behind a locator of 40 bytes: JSON and VECTOR.
fn skip_image(reader: &mut Reader<'_>) -> Decoded<()> {
    if reader.ub4("bind: locator length")? == 0 {
        return Ok(());
    }
    reader.span("bind: locator")?;
    reader.span("bind: image")?;
    Ok(())
}

/// An object: identifiers, a snapshot, a version, the image with its length, flags.
fn skip_object(reader: &mut Reader<'_>) -> Decoded<()> {
    for _ in 0..3 {
        reader.bytes_with_length("bind: object identifier")?;
    }
    reader.ub4("bind: object version")?;
    let length = reader.ub4("bind: object length")?;
    reader.ub4("bind: object flags")?;
    if length > 0 {
        reader.span("bind: object image")?;
    }
    Ok(())
}

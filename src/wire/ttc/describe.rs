//! DESCRIBE_INFO: the columns of a query.

use crate::wire::capabilities::field_version;
use crate::wire::reader::{Decoded, Reader};

/// The column holds JSON (`IS JSON` constraint or native).
const UDS_IS_JSON: u32 = 0x0100;
/// The column holds JSON in Oracle's binary format.
const UDS_IS_OSON: u32 = 0x0800;

/// One column as the server describes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ColumnInfo {
    /// Name, as the server spells it.
    pub name: String,
    /// Oracle's type number.
    pub ora_type: u8,
    /// The type in the database, where the column was asked for as another: a CLOB that comes as
    /// LONG. `None` where the two are the same.
    pub declared_type: Option<u8>,
    /// Character set form: 1 for the database's, 2 for the national character set, 0 for none.
    pub csfrm: u8,
    /// Decimal precision of a NUMBER, leading precision of an interval; 0 if open.
    pub precision: i8,
    /// Scale of a NUMBER (-127 for a floating one), fractional precision of a datetime.
    pub scale: i8,
    /// Room that one value takes on the wire, in bytes; 0 says that every value is null.
    pub buffer_size: u32,
    /// Declared length: characters for character types, bytes for RAW.
    pub max_size: u32,
    /// Whether a value may be null.
    pub nullable: bool,
    /// Schema of an object type.
    pub type_schema: Option<String>,
    /// Name of an object type.
    pub type_name: Option<String>,
    /// Identifier of an object type.
    pub type_oid: Option<Vec<u8>>,
    /// The column holds JSON.
    pub is_json: bool,
    /// The column holds JSON in Oracle's binary format.
    pub is_oson: bool,
    /// Schema of the column's domain (23ai).
    pub domain_schema: Option<String>,
    /// Name of the column's domain (23ai).
    pub domain_name: Option<String>,
    /// Annotations of the column (23ai), in order.
    pub annotations: Vec<(String, String)>,
    /// Dimensions of a VECTOR; 0 if open.
    pub vector_dimensions: u32,
    /// Element format of a VECTOR; 0 if open.
    pub vector_format: u8,
    /// Flags of a VECTOR: 1 for open dimensions, 2 for sparse.
    pub vector_flags: u8,
}

/// Oracle's type number of RAW, whose length stands where others have their buffer size.
const TYPE_RAW: u8 = 23;

impl ColumnInfo {
    /// Reads one column record.
    pub fn decode(reader: &mut Reader<'_>, version: u8) -> Decoded<ColumnInfo> {
        let mut column =
            ColumnInfo { ora_type: reader.u8("column: type")?, ..ColumnInfo::default() };
        reader.u8("column: flags")?;
        column.precision = i8::from_be_bytes(reader.array("column: precision")?);
        column.scale = i8::from_be_bytes(reader.array("column: scale")?);
        column.buffer_size = reader.ub4("column: buffer size")?;
        reader.ub4("column: array elements")?;
        reader.ub8("column: continuation flags")?;
        column.type_oid =
            reader.bytes_with_length("column: type identifier")?.map(std::borrow::Cow::into_owned);
        reader.ub2("column: version")?;
        reader.ub2("column: character set")?;
        column.csfrm = reader.u8("column: character set form")?;
        column.max_size = reader.ub4("column: size")?;
        if column.ora_type == TYPE_RAW {
            column.max_size = column.buffer_size;
        }
        if version >= field_version::V12_2 {
            reader.ub4("column: identifier")?;
        }
        column.nullable = reader.u8("column: nulls allowed")? != 0;
        reader.u8("column: v7 length of name")?;
        column.name = reader.text_with_length("column: name")?.unwrap_or_default();
        column.type_schema = reader.text_with_length("column: type schema")?;
        column.type_name = reader.text_with_length("column: type name")?;
        reader.ub2("column: position")?;
        let uds_flags = reader.ub4("column: UDS flags")?;
        column.is_json = uds_flags & UDS_IS_JSON != 0;
        column.is_oson = uds_flags & UDS_IS_OSON != 0;
        if version >= field_version::V23_1 {
            column.domain_schema = reader.text_with_length("column: domain schema")?;
            column.domain_name = reader.text_with_length("column: domain name")?;
        }
        if version >= field_version::V23_1_EXT3 {
            column.annotations = decode_annotations(reader)?;
        }
        if version >= field_version::V23_4 {
            column.vector_dimensions = reader.ub4("column: vector dimensions")?;
            column.vector_format = reader.u8("column: vector format")?;
            column.vector_flags = reader.u8("column: vector flags")?;
        }
        Ok(column)
    }
}

fn decode_annotations(reader: &mut Reader<'_>) -> Decoded<Vec<(String, String)>> {
    let mut annotations = Vec::new();
    if reader.ub4("column: has annotations")? == 0 {
        return Ok(annotations);
    }
    reader.u8("annotations: length")?;
    let count = reader.ub4("annotations: number")?;
    reader.u8("annotations: length")?;
    for _ in 0..count {
        let key = reader.text_with_length("annotation: key")?.unwrap_or_default();
        let value = reader.text_with_length("annotation: value")?.unwrap_or_default();
        reader.ub4("annotation: flags")?;
        annotations.push((key, value));
    }
    reader.ub4("annotations: flags")?;
    Ok(annotations)
}

/// Reads the columns behind the message type of DESCRIBE_INFO.
pub fn decode_message(reader: &mut Reader<'_>, version: u8) -> Decoded<Vec<ColumnInfo>> {
    reader.span("describe: cursor signature")?;
    decode_columns(reader, version)
}

/// Reads the columns where no signature stands before them (a REF CURSOR inside a row).
pub fn decode_columns(reader: &mut Reader<'_>, version: u8) -> Decoded<Vec<ColumnInfo>> {
    reader.ub4("describe: longest row")?;
    let count = reader.ub4("describe: number of columns")?;
    if count > 0 {
        reader.u8("describe: length")?;
    }
    let mut columns = Vec::new();
    for _ in 0..count {
        columns.push(ColumnInfo::decode(reader, version)?);
    }
    reader.bytes_with_length("describe: date")?;
    reader.ub4("describe: flags")?;
    reader.ub4("describe: dcbmdbz")?;
    reader.ub4("describe: dcbmnpr")?;
    reader.ub4("describe: dcbmxpr")?;
    reader.bytes_with_length("describe: query cache key")?;
    Ok(columns)
}

//! What the fuzz targets do with arbitrary bytes: decode them, and check what must hold of
//! whatever decodes. The programs in `fuzz_targets` run these under libFuzzer, and
//! `tests/fuzz_corpus.rs` of the root package without it.
//!
//! A body panics where a promise is broken; that an input is refused is never a failure.

mod token_flow;

use oraedge::auth::Secret;
use oraedge::auth::jwt::Claims;
use oraedge::auth::oci::{ApiKey, OciConfig};
use oraedge::connect_string::{ConnectDescriptor, TnsNames, split_credentials};
use oraedge::error::Error;
use oraedge::protocol::{
    Connection, Expect, Finished, LastRow, OpeningEvent, Response, ResponseParser,
};
use oraedge::wire::Writer;
use oraedge::wire::capabilities::{Capabilities, field_version};
use oraedge::wire::connect::Connect;
use oraedge::wire::packet::{Framer, Packet};
use oraedge::wire::ttc::describe::ColumnInfo;
use oraedge::wire::ttc::io_vector::DIRECTION_OUT;
use oraedge::wire::value::number::{TextBuffer, decode_f64, decode_i64, decode_text};
use oraedge::wire::value::{
    DateTime, DbType, IntervalDs, IntervalYm, Number, Rowid, TimestampTz, Urowid, Value,
};

/// What a target does with an input.
pub type Body = fn(&[u8]);

/// Every target by name.
pub const TARGETS: [(&str, Body); 11] = [
    ("number", number),
    ("number_text", number_text),
    ("value", value),
    ("connect_string", connect_string),
    ("framer", framer),
    ("response", response),
    ("connection", connection),
    ("oci_config", oci_config),
    ("oci_key", oci_key),
    ("jwt", jwt),
    ("token_flow", token_flow),
];

/// What the identity services answer to a token method; see the module for the form.
pub fn token_flow(data: &[u8]) {
    token_flow::run(data);
}

/// A NUMBER from its bytes.
pub fn number(data: &[u8]) {
    let Ok(number) = Number::decode(data) else { return };
    let mut buffer = TextBuffer::default();
    assert_eq!(decode_text(data, &mut buffer), Ok(&*number.to_string()));
    assert_eq!(decode_f64(data), Ok(number.to_f64()));
    assert_eq!(decode_i64(data), Ok(number.to_i64()));
    check_number(number);
}

/// A NUMBER from text.
pub fn number_text(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(number) = text.parse::<Number>() {
        assert_eq!(Number::parse_rounded(text), Ok(number), "{text:?} needs no rounding");
        check_number(number);
    } else if let Ok(number) = Number::parse_rounded(text) {
        check_number(number);
    }
}

fn check_number(number: Number) {
    assert_eq!(Number::decode(number.as_bytes()), Ok(number));
    let text = number.to_string();
    assert_eq!(text.parse(), Ok(number), "{text}");
    assert_eq!(-(-number), number, "{text}");
    assert_eq!(number.is_negative(), number < Number::ZERO, "{text}");
    if number.is_infinite() {
        return;
    }
    let float: f64 = text.parse().expect("the text of a number is one");
    assert_eq!(number.to_f64(), float, "{text}");
    match number.to_i128() {
        Some(whole) => {
            assert_eq!(Number::from(whole), number, "{text}");
            assert!(number.is_integer(), "{text}");
            assert_eq!(number.to_i64(), i64::try_from(whole).ok(), "{text}");
        }
        None => assert_eq!(number.to_i64(), None, "{text}"),
    }
    assert_eq!(number.round(200), Ok(number), "{text}");
    if let Ok(whole) = number.round(0) {
        assert!(whole.is_integer(), "{text}");
    }
}

/// One value: the first two bytes are the number and the character set form of its type. What is
/// text is also read as each type that has a text form.
pub fn value(data: &[u8]) {
    let [ora_type, form, bytes @ ..] = data else { return };
    let Some(db_type) = DbType::from_wire(*ora_type, *form) else { return };
    if let Ok(value) = Value::decode(db_type, bytes) {
        let text = value.to_string();
        let mut again = Vec::new();
        value.encode_as(db_type, &mut again).expect("a value has the type that it came as");
        let value = Value::decode(db_type, &again).expect("what was encoded decodes");
        // By text, since NaN is not equal to itself.
        assert_eq!(value.to_string(), text, "{db_type}");
        let mut twice = Vec::new();
        value.encode_as(db_type, &mut twice).expect("a value has the type that it came as");
        assert_eq!(twice, again, "{db_type}");
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    reads_what_it_prints::<DateTime>(text);
    reads_what_it_prints::<TimestampTz>(text);
    reads_what_it_prints::<IntervalYm>(text);
    reads_what_it_prints::<IntervalDs>(text);
    reads_what_it_prints::<Rowid>(text);
    reads_what_it_prints::<Urowid>(text);
}

fn reads_what_it_prints<T>(text: &str)
where
    T: std::str::FromStr<Err = Error> + std::fmt::Display,
{
    if let Ok(value) = text.parse::<T>() {
        let printed = value.to_string();
        let again = printed.parse::<T>().unwrap_or_else(|error| panic!("{text:?}: {error}"));
        assert_eq!(again.to_string(), printed, "{text:?}");
    }
}

/// A connect string, or a whole tnsnames.ora.
pub fn connect_string(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let _ = split_credentials(text);
    match ConnectDescriptor::parse(text) {
        Ok(descriptor) => {
            let printed = descriptor.to_string();
            let read = |printed: &str| {
                ConnectDescriptor::parse(printed)
                    .unwrap_or_else(|error| panic!("{text:?} is printed as {printed:?}: {error}"))
            };
            // Lists of one address each are printed as one list, hence once more.
            let again = read(&printed).to_string();
            assert_eq!(read(&again).to_string(), again, "{text:?}");
            // A seed makes the plan; a plan of sane size ends.
            let attempts = descriptor.plan(1).take(1000).count();
            assert!(attempts > 0, "{text:?} leads nowhere");
        }
        Err(error) => {
            let _ = error.to_string();
            let characters = error.input.chars().count();
            assert!(error.position <= characters, "{error:?} points behind its text");
        }
    }
    match TnsNames::parse(text) {
        Ok(names) => {
            for alias in names.aliases() {
                let _ = oraedge::connect_string::resolve(alias, Some(&names));
            }
        }
        Err(error) => {
            let _ = error.to_string();
        }
    }
}

/// A configuration file of OCI: what a profile has comes back when it is written down.
pub fn oci_config(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let all = match OciConfig::parse(text) {
        Ok(all) => all,
        Err(error) => return check_line(text, &error),
    };
    for name in all.names() {
        let Ok(config) = all.profile(name) else { continue };
        let _ = config.validate();
        let mut written = format!("[{name}]\n");
        for key in config.keys() {
            let value = config.get(key).expect("a key that is named is there");
            assert!(config.line(key).is_some(), "{key:?} of {text:?} has no line");
            written += &format!("{key}={}\n", value.replace('\n', "\n "));
        }
        let again = OciConfig::parse(&written).and_then(|all| all.profile(name));
        let again = again.unwrap_or_else(|error| panic!("{text:?} as {written:?}: {error}"));
        assert!(again.keys().eq(config.keys()), "{text:?} as {written:?}");
        for key in config.keys() {
            // A line of a value that begins like a comment is one when it is written again.
            let value = config.get(key).unwrap_or_default();
            if !value.contains('\n') {
                assert_eq!(again.get(key), Some(value), "{text:?} as {written:?}");
            }
        }
    }
}

/// An error about a file names a line that it has.
fn check_line(text: &str, error: &Error) {
    let told = error.to_string();
    let (_, line) = told.split_once(": line ").expect("an error names its line");
    let digits = line.split(':').next().unwrap_or_default();
    let number: usize = digits.parse().unwrap_or_else(|_| panic!("no line in {told:?}"));
    let lines = text.split(['\n', '\r']).count();
    assert!((1..=lines).contains(&number), "line {number} of {lines}: {told}");
}

/// A private key in PEM, with a pass phrase: what is read can sign and be written.
pub fn oci_key(data: &[u8]) {
    let pass_phrase = Secret::from("correct horse");
    let Ok(key) = ApiKey::from_file(data, Some(&pass_phrase)) else { return };
    key.check_fingerprint(&key.fingerprint()).expect("a key has its own fingerprint");
    let signature = key.sign_sha256(b"message").expect("a key that was read can sign");
    assert_eq!(u32::try_from(signature.len()), Ok(key.bits().div_ceil(8)));
    key.public_key_pem().expect("a key that was read can be written");
}

/// The claims of a token, and as what stands between the dots of one.
pub fn jwt(data: &[u8]) {
    use base64ct::{Base64UrlUnpadded, Encoding};
    let Ok(text) = std::str::from_utf8(data) else { return };
    let inner = Base64UrlUnpadded::encode_string(data);
    for token in [text, &format!("e30.{inner}.e30")] {
        let Ok(claims) = Claims::parse(token) else { continue };
        let _ = claims.subject();
        for date in [claims.expires_at(), claims.issued_at()] {
            if let Ok(Some(date)) = date {
                assert_eq!(
                    oraedge::time::UnixTime::parse_http_date(&date.http_date())
                        .map(oraedge::time::UnixTime::as_secs),
                    Some(date.as_secs())
                );
            }
        }
    }
}

/// A stream of packets, whole and in pieces. The first byte says how long lengths are, the second
/// how large the pieces are.
pub fn framer(data: &[u8]) {
    let [wide, piece, stream @ ..] = data else { return };
    let wide = wide & 1 != 0;
    let whole = frames(wide, stream, stream.len().max(1));
    for piece in [1, usize::from(*piece).max(1)] {
        assert_eq!(frames(wide, stream, piece), whole, "in pieces of {piece} bytes");
    }
    let carried: usize = whole.0.iter().map(|(_, _, payload)| payload.len()).sum();
    assert!(carried <= stream.len(), "more came out than went in");
}

/// A packet, owned: its type, flags and payload.
type OwnedPacket = (u8, u8, Vec<u8>);

/// The packets of a stream that arrives in pieces, and how it ends: an error, or midway.
fn frames(wide: bool, stream: &[u8], piece: usize) -> (Vec<OwnedPacket>, Option<String>, bool) {
    let mut framer = Framer::new();
    if wide {
        framer.use_wide_lengths();
    }
    let mut packets = Vec::new();
    for mut input in stream.chunks(piece) {
        loop {
            match framer.next(&mut input) {
                Ok(Some(Packet { packet_type, flags, payload })) => {
                    packets.push((packet_type, flags, payload.to_vec()));
                }
                Ok(None) => break,
                Err(error) => return (packets, Some(format!("{error:?}")), false),
            }
        }
    }
    let midway = framer.is_midway();
    (packets, None, midway)
}

/// The answer to one call, whole and in pieces. The first byte is the field version, the second
/// chooses what is awaited, the third how large the pieces are; the rest is what lies in DATA
/// packets.
pub fn response(data: &[u8]) {
    let [version, call, piece, payload @ ..] = data else { return };
    let whole = answer(*version, *call, payload, payload.len().max(1));
    // A long answer byte by byte would take most of the time.
    let smallest = 1 + payload.len() / 256;
    for piece in [smallest, usize::from(*piece).max(smallest)] {
        let pieces = answer(*version, *call, payload, piece);
        assert_eq!(pieces, whole, "in pieces of {piece} bytes");
    }
}

/// What is awaited, by the low three bits of a number.
fn expect(call: u8) -> Expect {
    let types = || DbType::ALL.iter().map(|db_type| db_type.ora_type());
    let execute = |columns, bind_types: Vec<u8>, returning| Expect::Execute {
        columns,
        directions: vec![DIRECTION_OUT; bind_types.len()],
        bind_types,
        returning,
        dml_row_counts: returning,
    };
    match call % 8 {
        0 => Expect::Plain,
        1 => Expect::Protocol,
        2 => Expect::DataTypes,
        3 => Expect::Auth,
        4 => execute(None, Vec::new(), false),
        5 => {
            let column = |ora_type| ColumnInfo { ora_type, buffer_size: 100, ..Default::default() };
            execute(Some(types().map(column).collect()), Vec::new(), false)
        }
        6 => execute(None, types().collect(), false),
        _ => execute(None, types().collect(), true),
    }
}

/// What a parser makes of an answer that arrives in pieces, in text, since answers and errors do
/// not compare.
fn answer(version: u8, call: u8, payload: &[u8], piece: usize) -> String {
    // Versions that a server cannot agree on with this client do not come.
    let versions = field_version::MAX - field_version::V12_1 + 1;
    let field_version =
        field_version::V12_1 + version.wrapping_sub(field_version::V12_1) % versions;
    let mut caps = Capabilities::default();
    caps.field_version = field_version;
    let marked_end = call & 0x80 != 0;
    let mut parser = ResponseParser::plain(expect(call), marked_end);
    let mut pieces = payload.chunks(piece).peekable();
    loop {
        let piece = pieces.next();
        let last_packet = call & 0xc0 != 0 && pieces.peek().is_none();
        match parser.handle_data(piece.unwrap_or_default(), last_packet, &mut caps) {
            Err(error) => return format!("{error:?}"),
            Ok(true) => return describe(parser.finish()),
            Ok(false) if piece.is_none() => return "more is wanted".to_owned(),
            Ok(false) => {}
        }
    }
}

/// An answer in text, with every value of its rows.
fn describe(mut response: Response) -> String {
    let rows = response.rows.take();
    let mut text = format!("{response:?}");
    let Some(rows) = rows else { return text };
    for row in 0..rows.rows() {
        for (index, column) in rows.columns().iter().enumerate() {
            let value = rows.cell(row, index).map(|bytes| {
                let db_type = DbType::from_wire(column.ora_type, column.csfrm);
                db_type.map(|db_type| Value::decode(db_type, &bytes))
            });
            text.push_str(&format!("{value:?}"));
        }
    }
    text
}

/// Everything that a server sends on one connection. Every answer is followed by a call, whose kind
/// the first byte chooses.
pub fn connection(data: &[u8]) {
    let Some((first, stream)) = data.split_first() else { return };
    let mut connection = Connection::new();
    connection.open(&Connect { data: "(DESCRIPTION=)", sdu: 8192, packet_flags: 0 });
    let mut kind = *first;
    // Byte by byte, so that each answer is taken before the next begins.
    for byte in stream.chunks(1) {
        if connection.handle_input(byte).is_err() {
            return;
        }
        let _ = connection.take_output();
        match connection.take_finished() {
            None => continue,
            Some(Finished::Opening(OpeningEvent::Accepted(_))) => {}
            Some(Finished::Opening(_)) => return,
            Some(Finished::Call(response)) => drop(describe(*response)),
        }
        connection.call(Writer::new(), expect(kind), LastRow::default());
        kind = kind.wrapping_add(1);
    }
}

//! Single messages, packets and parts of messages that others recorded, of servers from 11g to
//! 23ai: each decodes to what its source says that it means.

mod common;

use oraedge::connect_string::{Address, ConnectDescriptor, Redirect};
use oraedge::protocol::{Connection, Expect, Finished, OpeningEvent, Response, ResponseParser};
use oraedge::wire::capabilities::{Capabilities, field_version};
use oraedge::wire::connect::{Accept, Connect};
use oraedge::wire::packet::{Framer, Packet, packet_type};
use oraedge::wire::reader::{Reader, Span, span_bytes};
use oraedge::wire::ttc::describe::ColumnInfo;
use oraedge::wire::ttc::io_vector;
use oraedge::wire::ttc::row::CellLayout;
use oraedge::wire::value::{DbType, Rowid, Urowid, Value};
use serde_json::Value as Json;

/// What a record is about.
struct Record {
    id: String,
    bytes: Vec<u8>,
    expect: Json,
    context: Json,
}

impl Record {
    /// The field version of the server that sent it.
    fn field_version(&self) -> u8 {
        let version = self.context["ttc_field_version"].as_u64();
        match self.context["server_release"].as_str() {
            _ if version.is_some() => u8::try_from(version.unwrap()).expect("a byte"),
            Some("18c XE") => field_version::V18_1_EXT1,
            Some("19.3") => field_version::V19_1,
            _ => field_version::MAX,
        }
    }

    /// Decodes a whole answer, in pieces of every size as well.
    fn answer(&self, payload: &[u8], expect: &Expect) -> Response {
        let decode = |size: usize| {
            let mut caps = Capabilities::default();
            caps.field_version = self.field_version();
            let mut parser = ResponseParser::plain(expect.clone(), false);
            let mut done = false;
            for piece in payload.chunks(size) {
                assert!(!done, "{}: done before its end", self.id);
                done = parser
                    .handle_data(piece, false, &mut caps)
                    .unwrap_or_else(|error| panic!("{}: {error}", self.id));
            }
            assert!(done, "{}: more is wanted", self.id);
            parser.finish()
        };
        let whole = decode(payload.len());
        for size in 1..payload.len() {
            assert_eq!(format!("{:?}", decode(size)), format!("{whole:?}"), "{}: {size}", self.id);
        }
        whole
    }

    fn packet<R>(&self, wide: bool, check: impl FnOnce(Packet<'_>) -> R) -> R {
        let mut framer = Framer::new();
        if wide {
            framer.use_wide_lengths();
        }
        let mut input = self.bytes.as_slice();
        let packet = framer.next(&mut input).expect("a packet").expect("whole");
        if let Some(length) = self.expect["length"].as_u64() {
            assert_eq!(packet.payload.len() as u64 + 8, length, "{}", self.id);
        }
        check(packet)
    }

    /// Whether packet lengths have four bytes here.
    fn wide(&self) -> bool {
        self.context["packet_length_bytes"] == 4
    }
}

fn query() -> Expect {
    Expect::Execute {
        columns: None,
        bind_types: Vec::new(),
        directions: Vec::new(),
        returning: false,
        dml_row_counts: false,
    }
}

fn texts(response: &Response) -> Vec<Vec<String>> {
    let batch = response.rows.as_ref().expect("rows");
    let cell = |row: usize, (at, column): (usize, &ColumnInfo)| {
        let db_type = DbType::from_wire(column.ora_type, column.csfrm).expect("a known type");
        batch.cell(row, at).map_or(String::new(), |bytes| {
            Value::decode(db_type, &bytes).expect("value").to_string()
        })
    };
    let columns = batch.columns();
    (0..batch.rows())
        .map(|row| columns.iter().enumerate().map(|column| cell(row, column)).collect())
        .collect()
}

fn value_span(layout: CellLayout, bytes: &[u8]) -> (Vec<u8>, &[u8]) {
    let mut reader = Reader::new(bytes);
    let span = layout.take(&mut reader, field_version::MAX).expect("a cell");
    assert_ne!(span, Span::Null);
    (span_bytes(bytes, span).expect("no null").into_owned(), reader.rest())
}

fn check_protocol(record: &Record) {
    let response = record.answer(&record.bytes, &Expect::Protocol);
    let (protocol, expect) = (response.protocol.expect("PROTOCOL"), &record.expect);
    assert_eq!(expect["banner"], protocol.banner);
    assert_eq!(expect["charset_id"], protocol.charset_id);
    assert_eq!(expect["ncharset_id"], protocol.ncharset_id);
    assert_eq!(expect["server_flags"], protocol.flags);
    assert_eq!(expect["compile_caps"], common::hex(&protocol.compile_caps));
    assert_eq!(expect["runtime_caps"], common::hex(&protocol.runtime_caps));
    let mut caps = Capabilities::default();
    caps.negotiate(&protocol.compile_caps, &protocol.runtime_caps);
    assert_eq!(expect["server_ttc_field_version"], caps.field_version);
    let too_old = caps.field_version < field_version::V12_1;
    assert_eq!(record.context["below_thin_floor"] == true, too_old);
}

fn check_accept(record: &Record, payload: &[u8]) {
    let accept = Accept::decode(payload).expect("ACCEPT");
    let expect = &record.expect;
    assert_eq!(expect["protocol_version"], accept.protocol_version, "{}", record.id);
    assert_eq!(expect["sdu"], accept.sdu, "{}", record.id);
    if let Some(options) = expect["options"].as_str() {
        assert_eq!(format!("{:#06x}", accept.options), options, "{}", record.id);
    }
    if let Some(flags) = expect["flags2"].as_str() {
        assert_eq!(format!("{:#010x}", accept.flags2), flags, "{}", record.id);
    }
}

/// A session refuses what is older than 12.1; here it is enough that the packet says what it is.
fn check_opening(record: &Record) {
    let mut connection = Connection::new();
    connection.open(&Connect { data: "(DESCRIPTION=)", sdu: 8192, packet_flags: 0 });
    connection.handle_input(&record.bytes).expect("an answer to CONNECT");
    let finished = connection.take_finished();
    let Some(Finished::Opening(event)) = finished else { panic!("{}: {finished:?}", record.id) };
    match event {
        OpeningEvent::Accepted(accept) => {
            assert_eq!(record.expect["protocol_version"], accept.protocol_version);
            assert!(accept.protocol_version < 315);
        }
        OpeningEvent::Resend { restart_tls } => {
            assert_eq!(record.expect["packet_type"], "RESEND");
            assert!(!restart_tls);
        }
        OpeningEvent::Refused(refuse) => {
            assert_eq!(record.expect["data"], refuse.data);
            assert_eq!(record.expect["user_reason"], refuse.user_reason);
            assert_eq!(record.expect["system_reason"], refuse.system_reason);
            assert_eq!(refuse.error_number(), Some(12618));
        }
        OpeningEvent::Redirected { text } => {
            assert_eq!(record.expect["data"], String::from_utf8(text.clone()).expect("text"));
            let redirect = Redirect::parse(&text, &any_address()).expect("an address");
            assert_eq!(
                (redirect.address.host.as_str(), redirect.address.port),
                ("192.168.0.4", 2143)
            );
        }
    }
}

fn any_address() -> Address {
    let descriptor = ConnectDescriptor::parse("db.example:1521/any").expect("descriptor");
    match descriptor.plan(0).next() {
        Some(oraedge::connect_string::Step::Attempt(attempt)) => attempt.address,
        _ => panic!("a descriptor with one address has one attempt"),
    }
}

fn check(record: &Record) {
    let bytes = record.bytes.as_slice();
    match record.id.as_str() {
        "seer-21c-select-1" => {
            let response = record.answer(bytes, &query());
            assert_eq!(response.rows.as_ref().expect("rows").columns()[0].name, "1");
            assert_eq!(texts(&response), [["1"]]);
            assert_eq!(response.error.expect("ERROR").number, 1403);
        }
        "seer-11g-protocol" | "muh-xe18-protocol" => check_protocol(record),
        "seer-23ai-column-plain" => {
            let mut reader = Reader::new(bytes);
            let column = ColumnInfo::decode(&mut reader, record.field_version()).expect("column");
            assert!(reader.is_empty());
            assert_eq!(column.name, "A");
            assert_eq!(DbType::from_wire(column.ora_type, column.csfrm), Some(DbType::Number));
            assert_eq!((column.domain_schema, column.domain_name), (None, None));
        }
        // A locator is passed on as it came; an object's image is not read yet.
        "seer-21c-temp-lob-locator" => assert_eq!(bytes.len(), 38),
        "seer-21c-object-image" => {
            let mut cell = vec![0, 0, 0, 0, 1, bytes.len() as u8, 0, bytes.len() as u8];
            cell.extend_from_slice(bytes);
            assert_eq!(value_span(CellLayout::Object, &cell), (bytes.to_vec(), &[][..]));
        }
        "seer-rowid-column" => {
            let (value, rest) = value_span(CellLayout::Rowid, bytes);
            assert!(rest.is_empty());
            let rowid = Rowid::decode(&value).expect("rowid");
            assert_eq!(record.expect["rowid"], rowid.to_string());
        }
        "seer-urowid-column" => {
            let (value, rest) = value_span(CellLayout::Urowid, bytes);
            assert!(rest.is_empty());
            let urowid = Urowid::decode(&value).expect("urowid");
            assert_eq!(record.expect["rowid"], urowid.to_string());
        }
        "seer-long-single" => {
            // Sent to a client that cannot take big pieces: the pieces' lengths have one byte. Every
            // client of this crate can, so that each such length comes with its own in front.
            let [0xfe, length, rest @ ..] = bytes else { panic!("{bytes:?}") };
            let big = [&[0xfe, 1, *length], rest].concat();
            let (value, rest) = value_span(CellLayout::Long, &big);
            assert_eq!(record.expect["value"], String::from_utf8(value).expect("text"));
            assert_eq!(record.expect["tail"], common::hex(rest));
        }
        "seer-iov-in" => {
            let mut reader = Reader::new(bytes);
            if bytes[0] == 11 {
                reader.u8("message type").expect("message type");
            }
            assert_eq!(io_vector::decode(&mut reader), Ok(&[io_vector::DIRECTION_IN][..]));
            assert_eq!(record.expect["tail"], common::hex(reader.rest()));
        }
        "seer-23ai-token-status" => {
            let mut reader = Reader::new(bytes);
            assert_eq!(reader.u8("message type"), Ok(33));
            assert_eq!(reader.ub8("token"), Ok(1));
            let mut caps = Capabilities::default();
            let mut parser = ResponseParser::plain(Expect::Plain, true);
            assert!(parser.handle_data(reader.rest(), true, &mut caps).expect("answer"));
            // Without a pipeline, an answer to another call must not be taken for this one's.
            let mut parser = ResponseParser::plain(Expect::Plain, true);
            let error = parser.handle_data(bytes, true, &mut caps).expect_err("another's answer");
            assert!(error.to_string().contains("0 was expected, 1 came"), "{error}");
        }
        "muh-resend" | "nettns-resend" | "nio-accept-314" | "nettns-accept" | "nettns-redirect"
        | "nettns-refuse" => check_opening(record),
        "muh-pre23ai-xe18-accept-payload" | "muh-free23-accept-payload" => {
            check_accept(record, bytes);
        }
        "muh-xe18-auth-phase-one" => {
            let response = record.answer(bytes, &Expect::Auth);
            for (key, value) in record.expect.as_object().expect("pairs") {
                let told = response.auth.iter().find(|pair| pair.key == *key).expect("pair");
                assert_eq!(value[0], told.value, "{key}");
                assert_eq!(value[1], told.flags, "{key}");
            }
        }
        "nio-row-data-1403" => {
            let column = ColumnInfo {
                name: "ID".to_owned(),
                ora_type: DbType::Number.ora_type(),
                buffer_size: 22,
                ..ColumnInfo::default()
            };
            for version in [field_version::V12_2, field_version::V19_1] {
                let mut caps = Capabilities::default();
                caps.field_version = version;
                let mut expect = query();
                if let Expect::Execute { columns, .. } = &mut expect {
                    *columns = Some([column.clone()].into());
                }
                let mut parser = ResponseParser::plain(expect, false);
                let payload = [&[7], bytes].concat();
                assert!(parser.handle_data(&payload, false, &mut caps).expect("answer"));
                let response = parser.finish();
                assert_eq!(texts(&response), [["1"]]);
                let error = response.error.expect("ERROR");
                assert_eq!(
                    (error.number, error.message.as_str()),
                    (1403, "ORA-01403: no data found")
                );
            }
        }
        "goora-urowid-rows" => record.packet(record.wide(), |packet| {
            let (flags, payload) = packet.data().expect("DATA");
            assert_eq!(flags, 0);
            let response = record.answer(payload, &query());
            let batch = response.rows.as_ref().expect("rows");
            let column = &batch.columns()[0];
            assert_eq!((column.name.as_str(), column.ora_type), ("COL_UROWID", 208));
            assert_eq!(record.expect["row_count"], batch.rows());
            let first = batch.cell(0, 0).expect("a value");
            assert_eq!(record.expect["first_value"], common::hex(&first));
            assert_eq!(response.error.expect("ERROR").number, 1403);
        }),
        "nettns-marker-response" | "issue-goora-45-break" | "issue-goora-45-reset" => {
            record.packet(record.wide(), |packet| {
                assert_eq!(packet.packet_type, packet_type::MARKER);
                let wanted = record.expect["marker"].as_str().unwrap_or("010002");
                assert_eq!(common::hex(packet.payload), wanted);
            });
        }
        "issue-pyo-176-auth11g" => {
            // Cut off: whatever the rest was, what is there is no mistake.
            let mut framer = Framer::new();
            framer.use_wide_lengths();
            let mut input = bytes;
            assert_eq!(framer.next(&mut input), Ok(None));
            assert!(framer.is_midway());
            let mut parser = ResponseParser::plain(Expect::Auth, false);
            let mut caps = Capabilities::default();
            assert!(!parser.handle_data(&bytes[10..], false, &mut caps).expect("no error"));
        }
        "issue-goora-63-ping" => record.packet(true, |packet| {
            assert_eq!(packet.flags, 0x20);
            let (_, payload) = packet.data().expect("DATA");
            let response = record.answer(payload, &Expect::Plain);
            assert!(response.error.is_none());
        }),
        // A client sent it.
        "issue-pyo-176-connect" => {
            record.packet(false, |packet| assert_eq!(packet.packet_type, packet_type::CONNECT));
        }
        other => panic!("{other} is not known to this test"),
    }
}

#[test]
fn every_recorded_message_says_what_its_source_says() {
    let Some(records) = common::records("messages.jsonl") else { return };
    assert_eq!(records.len(), 28);
    for json in records {
        let record = Record {
            id: json["id"].as_str().expect("id").to_owned(),
            bytes: common::bytes(&json),
            expect: json["expect"].clone(),
            context: json["context"].clone(),
        };
        check(&record);
    }
}

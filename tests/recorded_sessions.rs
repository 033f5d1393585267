//! What real servers sent decodes to what the recordings say that it means: every packet of every
//! session, whole, byte by byte, cut in two at every place, and with the next packet behind it.

mod common;

use std::sync::Arc;

use oraedge::protocol::{
    Connection, Expect, Finished, LastRow, OpeningEvent, Response, ResponseParser,
};
use oraedge::wire::capabilities::Capabilities;
use oraedge::wire::connect::{Accept, Connect};
use oraedge::wire::packet::{Framer, data_flag, packet_type};
use oraedge::wire::reader::Reader;
use oraedge::wire::ttc::codes::message;
use oraedge::wire::ttc::describe::{ColumnInfo, decode_columns};
use oraedge::wire::ttc::server_piggyback::SessionChange;
use oraedge::wire::value::{DbType, Rowid, Value};
use oraedge::wire::{Writer, ttc};
use serde_json::Value as Json;

const SESSIONS: [&str; 13] = [
    "arkime-oracle-connect",
    "cassette-free23-aq",
    "cassette-free23-connect",
    "cassette-free23-dpl",
    "cassette-free23-lob",
    "cassette-free23-postauth",
    "cassette-xe18-connect",
    "cassette-xe21-postauth",
    "nio-free23-responses",
    "pyo4-dbobject",
    "pyo4-fetch-df",
    "pyo4-pipeline",
    "pyo4-sessionless",
];

/// One recorded session.
struct Recording {
    name: &'static str,
    head: Json,
    packets: Vec<Json>,
}

impl Recording {
    fn open(name: &'static str) -> Option<Recording> {
        let mut packets = common::records(&format!("sessions/{name}.jsonl"))?;
        let head = packets.remove(0);
        Some(Recording { name, head, packets })
    }

    fn server_packets(&self) -> impl Iterator<Item = &Json> {
        self.packets.iter().filter(|packet| packet["direction"] == "server")
    }

    /// A packet by the number in its name.
    fn packet(&self, number: usize) -> Vec<u8> {
        let id = format!("{}#{number:04}", self.name);
        let found = self.packets.iter().find(|packet| packet["id"] == id);
        common::bytes(found.unwrap_or_else(|| panic!("there is no {id}")))
    }

    /// What a DATA packet carries behind its data flags.
    fn payload(&self, number: usize) -> Vec<u8> {
        let mut payload = self.packet(number)[10..].to_vec();
        if self.name == "cassette-xe21-postauth" {
            // The recorded client claimed to know END_OF_RESPONSE although this server's ACCEPT had
            // not offered it. No client of this crate does, so that the byte does not come.
            assert_eq!(payload.pop(), Some(message::END_OF_RESPONSE));
        }
        payload
    }

    /// A DATA packet as it would come to a client of this crate.
    fn stream(&self, number: usize) -> Vec<u8> {
        let (packet, payload) = (self.packet(number), self.payload(number));
        let length = u32::try_from(payload.len() + 10).expect("length").to_be_bytes();
        [&length, &packet[4..10], &payload].concat()
    }

    /// Whether the first packets of the session are in it, with their lengths of two bytes.
    fn begins_with_connect(&self) -> bool {
        ["CONNECT", "ACCEPT"].iter().any(|word| self.packets[0]["expect"]["packet_type"] == *word)
    }

    fn field_version(&self) -> u8 {
        let context = &self.head["context"];
        let negotiated = match &context["negotiated_ttc_field_version"] {
            Json::String(text) => text.parse().expect("number"),
            Json::Number(number) => u8::try_from(number.as_u64().expect("number")).expect("byte"),
            _ => context["server"]["server_ttc_field_version"].as_u64().map_or(24, |v| v as u8),
        };
        negotiated.min(24)
    }

    fn marks_the_end(&self) -> bool {
        let context = &self.head["context"];
        match context["supports_end_of_response"].as_str() {
            Some(told) => told == "true",
            None => context["accept"]["end_of_response"] == true,
        }
    }

    fn caps(&self) -> Capabilities {
        let mut caps = Capabilities::default();
        caps.field_version = self.field_version();
        caps
    }

    /// Decodes an answer every way that it may arrive.
    fn answer(&self, number: usize, expect: &Expect) -> Response {
        decode_every_way(&self.payload(number), expect, &self.caps(), self.marks_the_end())
    }
}

/// Decodes an answer whole, byte by byte, and cut in two at every place; the last piece says that
/// it is the last where the end is marked.
fn decode_every_way(
    payload: &[u8],
    expect: &Expect,
    caps: &Capabilities,
    marked: bool,
) -> Response {
    let decode = |pieces: &[&[u8]]| {
        let (mut caps, last) = (caps.clone(), pieces.len() - 1);
        let mut parser = ResponseParser::plain(expect.clone(), marked);
        for (at, piece) in pieces.iter().enumerate() {
            let done = parser
                .handle_data(piece, marked && at == last, &mut caps)
                .unwrap_or_else(|error| panic!("piece {at} of {}: {error}", pieces.len()));
            assert_eq!(done, at == last, "piece {at} of {}", pieces.len());
        }
        parser.finish()
    };
    let whole = decode(&[payload]);
    let text = format!("{whole:?}");
    let bytes: Vec<&[u8]> = payload.chunks(1).collect();
    assert_eq!(format!("{:?}", decode(&bytes)), text, "byte by byte");
    for cut in 1..payload.len() {
        let (front, back) = payload.split_at(cut);
        assert_eq!(format!("{:?}", decode(&[front, back])), text, "cut at {cut}");
    }
    whole
}

fn data_packet(bytes: &[u8]) -> (u8, Option<u16>, Option<u8>) {
    let flags = bytes.get(8..10).map(|flags| u16::from_be_bytes([flags[0], flags[1]]));
    (bytes[4], flags, bytes.get(10).copied())
}

fn packet_type_of(name: &str) -> u8 {
    match name {
        "CONNECT" => packet_type::CONNECT,
        "ACCEPT" => packet_type::ACCEPT,
        "REFUSE" => packet_type::REFUSE,
        "REDIRECT" => packet_type::REDIRECT,
        "DATA" => packet_type::DATA,
        "RESEND" => packet_type::RESEND,
        "MARKER" => packet_type::MARKER,
        other => panic!("{other}?"),
    }
}

fn message_of(name: &str) -> u8 {
    match name {
        "PROTOCOL" => message::PROTOCOL,
        "PARAMETER" => message::PARAMETER,
        "STATUS" => message::STATUS,
        "IO_VECTOR" => message::IO_VECTOR,
        "ROW_HEADER" => message::ROW_HEADER,
        "LOB_DATA" => message::LOB_DATA,
        "DESCRIBE_INFO" => message::DESCRIBE_INFO,
        "SERVER_SIDE_PIGGYBACK" => message::SERVER_SIDE_PIGGYBACK,
        "TOKEN" => message::TOKEN,
        other => panic!("{other}?"),
    }
}

/// The packets of a stream cut into pieces, each as (type, payload).
fn frame(recording: &Recording, pieces: &[&[u8]]) -> Vec<(u8, Vec<u8>)> {
    let mut framer = Framer::new();
    if !recording.begins_with_connect() {
        framer.use_wide_lengths();
    }
    let mut packets = Vec::new();
    for mut piece in pieces.iter().copied() {
        while let Some(packet) = framer.next(&mut piece).expect("packets") {
            packets.push((packet.packet_type, packet.payload.to_vec()));
            if packet.packet_type == packet_type::ACCEPT
                && Accept::decode(packet.payload).expect("ACCEPT").protocol_version >= 315
            {
                framer.use_wide_lengths();
            }
        }
    }
    assert!(!framer.is_midway());
    packets
}

#[test]
fn every_server_packet_is_framed_as_the_recording_says() {
    let mut seen = 0;
    for name in SESSIONS {
        let Some(recording) = Recording::open(name) else { return };
        let stream: Vec<u8> = recording.server_packets().flat_map(common::bytes).collect();
        let framed = frame(&recording, &[&stream]);
        for (packet, (packet_type, payload)) in recording.server_packets().zip(&framed) {
            seen += 1;
            let (bytes, expect) = (common::bytes(packet), &packet["expect"]);
            let id = &packet["id"];
            assert_eq!(*packet_type, packet_type_of(expect["packet_type"].as_str().unwrap()));
            assert_eq!(payload, &bytes[8..], "{id}");
            assert_eq!(expect["length"], bytes.len(), "{id}");
            let (_, flags, first) = data_packet(&bytes);
            if let Some(wanted) = expect["data_flags"].as_str() {
                assert_eq!(format!("{:#06x}", flags.unwrap()), wanted, "{id}");
            }
            if let Some(wanted) = expect["first_message"].as_str() {
                assert_eq!(first, Some(message_of(wanted)), "{id}");
            }
            if let Some(marker) = expect["marker"].as_str() {
                assert_eq!(common::hex(payload), marker, "{id}");
            }
        }
        assert_eq!(framed.len(), recording.server_packets().count(), "{name}");
        let bytes: Vec<&[u8]> = stream.chunks(1).collect();
        assert_eq!(frame(&recording, &bytes), framed, "{name} byte by byte");
        for cut in 1..stream.len() {
            let (front, back) = stream.split_at(cut);
            assert_eq!(frame(&recording, &[front, back]), framed, "{name} cut at {cut}");
        }
    }
    assert_eq!(seen, 70, "packets that servers sent");
}

#[test]
fn every_accept_says_what_the_recording_says() {
    let mut seen = 0;
    for name in SESSIONS {
        let Some(recording) = Recording::open(name) else { return };
        for packet in recording.server_packets() {
            if packet["expect"]["packet_type"] != "ACCEPT" {
                continue;
            }
            seen += 1;
            let bytes = common::bytes(packet);
            check_accept(&bytes[8..], &recording.head["context"]["accept"]);
        }
    }
    assert_eq!(seen, 7);
}

fn check_accept(payload: &[u8], expect: &Json) {
    let accept = Accept::decode(payload).expect("ACCEPT");
    assert_eq!(expect["protocol_version"], accept.protocol_version);
    assert_eq!(expect["sdu"], accept.sdu);
    if let Some(options) = expect["options"].as_str() {
        assert_eq!(format!("{:#06x}", accept.options), options);
    }
    assert!(!accept.native_encryption_required);
    if accept.protocol_version < 315 {
        return;
    }
    let mut caps = Capabilities::default();
    caps.accept(accept.protocol_version, accept.sdu as usize, accept.flags2);
    if let Some(flags) = expect["flags2"].as_str() {
        assert_eq!(format!("{:#010x}", accept.flags2), flags);
    }
    assert_eq!(expect["fast_auth"] == true, caps.fast_auth);
    assert_eq!(expect["end_of_response"] == true, caps.end_of_response);
}

fn execute(columns: Option<Arc<[ColumnInfo]>>, bind_types: &[u8]) -> Expect {
    Expect::Execute {
        columns,
        bind_types: bind_types.to_vec(),
        directions: Vec::new(),
        returning: false,
        dml_row_counts: false,
    }
}

/// The columns of the cursor that the type description in `pyo4-dbobject` opens: they came in an
/// OUT bind.
fn attribute_columns(recording: &Recording) -> Arc<[ColumnInfo]> {
    let expect = execute(None, &TYPE_DESCRIPTION_BINDS);
    let mut caps = recording.caps();
    let mut parser = ResponseParser::plain(expect, true);
    assert!(parser.handle_data(&recording.payload(8), true, &mut caps).expect("answer"));
    let response = parser.finish();
    let bind = response.out_binds.iter().find(|bind| bind.bind == 5).expect("the cursor");
    let cursor = bind.values[0].clone().expect("no null");
    decode_columns(&mut Reader::new(&cursor[1..]), caps.field_version).expect("columns").into()
}

/// BINARY_INTEGER, VARCHAR2, RAW, BINARY_INTEGER, RAW, CURSOR, VARCHAR2 three times.
const TYPE_DESCRIPTION_BINDS: [u8; 9] = [3, 1, 23, 3, 23, 102, 1, 1, 1];

/// What each DATA packet of the servers answers, where the call is one that a session makes.
fn answers(recording: &Recording) -> Vec<(usize, Expect)> {
    let any = || execute(None, &[]);
    let described = || execute(Some(attribute_columns(recording)), &[]);
    match recording.name {
        "cassette-free23-postauth" | "cassette-xe21-postauth" => vec![(1, any())],
        "cassette-free23-dpl" => vec![(7, any())],
        "nio-free23-responses" => {
            vec![(1, Expect::Auth), (2, Expect::Auth), (3, any()), (4, any()), (5, Expect::Plain)]
        }
        "pyo4-dbobject" => vec![
            (4, Expect::Auth),
            (6, Expect::Auth),
            (8, execute(None, &TYPE_DESCRIPTION_BINDS)),
            (10, described()),
            (12, execute(None, &[1, 109])),
            (14, Expect::Plain),
        ],
        "pyo4-fetch-df" => vec![
            (4, Expect::Auth),
            (6, Expect::Auth),
            (8, any()),
            (10, any()),
            (12, any()),
            (14, Expect::Plain),
            (16, any()),
            (18, any()),
            (20, any()),
            (24, Expect::Plain),
        ],
        "pyo4-pipeline" => vec![
            (4, Expect::Auth),
            (6, Expect::Auth),
            (8, any()),
            (10, any()),
            (20, Expect::Plain),
            (29, Expect::Plain),
            (35, Expect::Plain),
            (37, Expect::Plain),
            (39, Expect::Plain),
        ],
        "pyo4-sessionless" => vec![
            (4, Expect::Auth),
            (6, Expect::Auth),
            (8, any()),
            (12, any()),
            (16, any()),
            (20, Expect::Plain),
            (22, Expect::Plain),
        ],
        _ => Vec::new(),
    }
}

/// A connection that stands where the recording begins.
fn connection(recording: &Recording) -> Connection {
    let mut connection = Connection::new();
    connection.open(&Connect { data: "(DESCRIPTION=)", sdu: 8192, packet_flags: 0 });
    // The cassettes begin behind the log-on; an ACCEPT of the same generation opens the stream.
    let (session, number) = match (recording.begins_with_connect(), recording.marks_the_end()) {
        (true, _) => (recording.name, None),
        (false, true) => ("cassette-free23-connect", Some(1)),
        (false, false) => ("cassette-xe18-connect", Some(3)),
    };
    let accept = match number {
        Some(number) => Recording::open(session).expect("recording").packet(number),
        None => {
            let is_accept = |packet: &&Json| packet["expect"]["packet_type"] == "ACCEPT";
            common::bytes(recording.server_packets().find(is_accept).expect("ACCEPT"))
        }
    };
    connection.handle_input(&accept).expect("ACCEPT");
    match connection.take_finished() {
        Some(Finished::Opening(OpeningEvent::Accepted(_))) => {}
        other => panic!("{other:?}"),
    }
    connection.caps.field_version = recording.field_version();
    connection
}

fn finished(connection: &mut Connection) -> Option<String> {
    match connection.take_finished() {
        Some(Finished::Call(response)) => Some(format!("{response:?}")),
        Some(other) => panic!("{other:?}"),
        None => None,
    }
}

#[test]
fn every_answer_is_read_by_the_connection_whole_in_pieces_and_with_a_tail() {
    let mut seen = 0;
    for name in SESSIONS {
        let Some(recording) = Recording::open(name) else { return };
        let calls = answers(&recording);
        if calls.is_empty() {
            continue;
        }
        let whole: Vec<String> = {
            let mut connection = connection(&recording);
            let run = |(number, expect): &(usize, Expect)| {
                connection.call(Writer::new(), expect.clone(), LastRow::default());
                connection.handle_input(&recording.stream(*number)).expect("an answer");
                finished(&mut connection).unwrap_or_else(|| panic!("{name}#{number:04}"))
            };
            calls.iter().map(run).collect()
        };
        seen += whole.len();

        let mut bytewise = connection(&recording);
        for ((number, expect), whole) in calls.iter().zip(&whole) {
            bytewise.call(Writer::new(), expect.clone(), LastRow::default());
            let packet = recording.stream(*number);
            for (at, byte) in packet.chunks(1).enumerate() {
                assert!(finished(&mut bytewise).is_none(), "{name}#{number:04} is done at {at}");
                bytewise.handle_input(byte).expect("a byte");
            }
            assert_eq!(finished(&mut bytewise).as_ref(), Some(whole), "{name}#{number:04}");
        }

        let mut with_tail = connection(&recording);
        let mut fed = 0;
        for (at, ((number, expect), whole)) in calls.iter().zip(&whole).enumerate() {
            with_tail.call(Writer::new(), expect.clone(), LastRow::default());
            let mut input = recording.stream(*number)[fed..].to_vec();
            // All of the next packet but its last byte, since nobody has asked for it yet.
            fed = 0;
            if let Some((next, _)) = calls.get(at + 1) {
                let next = recording.stream(*next);
                fed = next.len() - 1;
                input.extend_from_slice(&next[..fed]);
            }
            with_tail.handle_input(&input).expect("an answer and a tail");
            assert_eq!(finished(&mut with_tail).as_ref(), Some(whole), "{name}#{number:04}");
        }
    }
    assert_eq!(seen, 40);
}

fn text(response: &Response, row: usize, column: usize) -> Option<String> {
    let batch = response.rows.as_ref().expect("rows");
    let info = &batch.columns()[column];
    let db_type = DbType::from_wire(info.ora_type, info.csfrm).expect("a known type");
    let bytes = batch.cell(row, column)?;
    Some(Value::decode(db_type, &bytes).expect("a value").to_string())
}

fn rows(response: &Response) -> Vec<Vec<Option<String>>> {
    let batch = response.rows.as_ref().expect("rows");
    (0..batch.rows())
        .map(|row| (0..batch.columns().len()).map(|at| text(response, row, at)).collect())
        .collect()
}

fn names(response: &Response) -> Vec<&str> {
    let columns = response.rows.as_ref().expect("rows").columns();
    columns.iter().map(|column| column.name.as_str()).collect()
}

fn some(values: &[&[&str]]) -> Vec<Vec<Option<String>>> {
    let row = |row: &&[&str]| row.iter().map(|value| Some((*value).to_owned())).collect();
    values.iter().map(row).collect()
}

fn error_number(response: &Response) -> u32 {
    response.error.as_ref().expect("an ERROR message").number
}

#[test]
fn every_log_on_tells_the_server_the_challenge_and_the_session() {
    for (name, first) in [
        ("nio-free23-responses", 1),
        ("pyo4-dbobject", 4),
        ("pyo4-fetch-df", 4),
        ("pyo4-pipeline", 4),
        ("pyo4-sessionless", 4),
    ] {
        let Some(recording) = Recording::open(name) else { return };
        let server = &recording.head["context"]["server"];
        let response = recording.answer(first, &Expect::Auth);
        check_protocol(response.protocol.as_ref().expect("PROTOCOL"), server);
        let pair = |key: &str| {
            let found = response.auth.iter().find(|pair| pair.key == key);
            found.unwrap_or_else(|| panic!("{name} has no {key}"))
        };
        assert_eq!(pair("AUTH_SESSKEY").value.len(), 64, "{name}");
        if let Some(verifier) = recording.head["expect"]["auth"]["verifier_type"].as_u64() {
            assert_eq!(u64::from(pair("AUTH_VFR_DATA").flags), verifier, "{name}");
        }
        let second = recording.answer(if first == 1 { 2 } else { 6 }, &Expect::Auth);
        let session = recording.head["expect"]["session"].as_object().expect("session");
        assert!(session.len() > 5);
        for (key, value) in session {
            let told = second.auth.iter().find(|pair| pair.key == *key).map(|pair| &pair.value);
            assert_eq!(told.map(String::as_str), value.as_str(), "{name}: {key}");
        }
        assert!(second.auth.iter().any(|pair| pair.key == "AUTH_SVR_RESPONSE"), "{name}");
    }
}

fn check_protocol(protocol: &ttc::negotiation::ServerProtocol, expect: &Json) {
    assert_eq!(expect["banner"], protocol.banner);
    assert_eq!(expect["charset_id"], protocol.charset_id);
    assert_eq!(expect["ncharset_id"], protocol.ncharset_id);
    assert_eq!(expect["server_flags"], protocol.flags);
    assert_eq!(expect["compile_caps"], common::hex(&protocol.compile_caps));
    assert_eq!(expect["runtime_caps"], common::hex(&protocol.runtime_caps));
    assert_eq!(expect["server_ttc_field_version"], protocol.compile_caps[7]);
}

#[test]
fn queries_bring_their_rows() {
    for name in ["cassette-free23-postauth", "cassette-xe21-postauth"] {
        let Some(recording) = Recording::open(name) else { return };
        let response = recording.answer(1, &execute(None, &[]));
        assert_eq!(names(&response), ["V"]);
        assert_eq!(rows(&response), some(&[&["12"]]));
        assert_eq!(error_number(&response), 1403);
    }
    let Some(direct_path) = Recording::open("cassette-free23-dpl") else { return };
    assert_eq!(rows(&direct_path.answer(7, &execute(None, &[]))), some(&[&["4242"]]));

    let Some(nio) = Recording::open("nio-free23-responses") else { return };
    let response = nio.answer(3, &execute(None, &[]));
    assert_eq!(rows(&response), some(&[&["hello"]]));
    assert_eq!(error_number(&response), 1403);
    let response = nio.answer(4, &execute(None, &[]));
    assert_eq!(names(&response), ["ID"]);
    assert_eq!(rows(&response), some(&[&["1"], &["2"]]));
    let error = response.error.expect("ERROR");
    assert_eq!((error.number, error.cursor_id, error.row_count), (0, 1, 2), "more to fetch");
}

#[test]
fn array_dml_and_queries_of_many_types() {
    let Some(recording) = Recording::open("pyo4-fetch-df") else { return };
    for (number, rows) in [(8, 0), (10, 0), (12, 3)] {
        let error = recording.answer(number, &execute(None, &[])).error.expect("ERROR");
        assert_eq!((error.number, error.row_count), (0, rows), "#{number:04}");
    }
    let response = recording.answer(16, &execute(None, &[]));
    let found = rows(&response);
    assert_eq!(found.len(), 3);
    let first = [
        "1",
        "12345678901234",
        "12.34",
        "1.5",
        "alpha",
        "ab   ",
        "2024-01-02 03:04:05",
        "2024-01-02 03:04:05.123456",
    ];
    let told: Vec<&str> = found[0][..8].iter().map(|v| v.as_deref().expect("value")).collect();
    assert_eq!(told, first);
    assert_eq!(found[1][1..], [const { None }; 10], "every column but the key is null");
    // The answer to the last fetch repeats nothing; its column was described in #0020.
    let described = recording.answer(20, &execute(None, &[])).described.expect("columns");
    let response = recording.answer(22, &execute(Some(described), &[]));
    assert_eq!(rows(&response), [[None]]);
    assert_eq!(error_number(&response), 1403);
}

#[test]
fn out_binds_cursors_and_attributes_of_an_object_type() {
    let Some(recording) = Recording::open("pyo4-dbobject") else { return };
    let response = recording.answer(8, &execute(None, &TYPE_DESCRIPTION_BINDS));
    let out = |bind: usize| {
        let found = response.out_binds.iter().find(|out| out.bind == bind).expect("bind");
        found.values[0].clone()
    };
    assert_eq!(response.out_binds.len(), 9, "every bind comes out");
    let full_name = "PYTHONTEST.PKG_TESTRECORDS.UDT_RECORD";
    assert_eq!(out(1), Some(full_name.as_bytes().to_vec()));
    assert_eq!(common::hex(&out(2).expect("identifier")), "53ff7a88ac51031fe063040011ac50ca");
    assert_eq!(out(7), Some(b"PYTHONTEST".to_vec()));
    assert_eq!(out(8), Some(b"UDT_RECORD".to_vec()));

    let response = recording.answer(10, &execute(Some(attribute_columns(&recording)), &[]));
    let attributes: Vec<String> =
        (0..7).map(|row| text(&response, row, 1).expect("name")).collect();
    let wanted = [
        "NUMBERVALUE",
        "STRINGVALUE",
        "DATEVALUE",
        "TIMESTAMPVALUE",
        "BOOLEANVALUE",
        "PLSINTEGERVALUE",
        "BINARYINTEGERVALUE",
    ];
    assert_eq!(attributes, wanted);
    assert_eq!(response.rows.as_ref().map(|rows| rows.rows()), Some(7));
    // Rows repeat values of the row above, by bit vector: the first column is 1 in all of them.
    let first: Vec<_> = (0..7).map(|row| text(&response, row, 0)).collect();
    assert_eq!(first, vec![Some("1".to_owned()); 7]);
    assert_eq!(text(&response, 6, 3).as_deref(), Some("PL/SQL BINARY INTEGER"));
    assert_eq!(error_number(&response), 1403);

    let response = recording.answer(12, &execute(None, &[1, 109]));
    let result = response.out_binds[0].values[0].clone().expect("text");
    let printed = recording.head["expect"]["official_client_output"].as_str().expect("output");
    let result = String::from_utf8(result).expect("text");
    let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat(printed).contains(&flat(&result)), "{result}");
}

/// Takes TOKEN off the front of one answer of a pipeline.
fn token(payload: &[u8]) -> (u64, &[u8]) {
    let mut reader = Reader::new(payload);
    assert_eq!(reader.u8("message type"), Ok(message::TOKEN));
    (reader.ub8("token").expect("token"), reader.rest())
}

#[test]
fn the_answers_of_pipelines_behind_their_tokens() {
    let Some(recording) = Recording::open("pyo4-pipeline") else { return };
    let plain = Expect::Plain;
    let any = execute(None, &[]);
    let table: [(usize, u64, &Expect, u32); 9] = [
        (16, 1, &any, 0),
        (17, 2, &any, 0),
        (18, 3, &plain, 0),
        (19, 4, &any, 1403),
        (25, 1, &any, 0),
        (27, 2, &any, 942),
        (28, 3, &any, 0),
        (33, 1, &any, 0),
        (34, 2, &any, 1403),
    ];
    let mut found = Vec::new();
    for (number, wanted, expect, error) in table {
        let payload = recording.payload(number);
        let (token, rest) = token(&payload);
        assert_eq!(token, wanted, "#{number:04}");
        let response = decode_every_way(rest, expect, &recording.caps(), true);
        assert_eq!(response.error.as_ref().map_or(0, |e| e.number), error, "#{number:04}");
        if error == 942 {
            let text = &response.error.as_ref().expect("ERROR").message;
            assert!(text.contains("PIPE_GOLDEN_MISSING"), "{text}");
        }
        if response.rows.is_some() {
            found.push(rows(&response));
        }
    }
    let wanted = [
        some(&[&["1", "one"], &["2", "two"]]),
        some(&[&["3"]]),
        some(&[&["1"], &["2"], &["3"], &["4"]]),
    ];
    assert_eq!(found, wanted);
}

/// Where in the context of a transaction switch the transaction's identifier begins: behind its
/// format and lengths.
const CONTEXT_ID: usize = 32;

/// The transaction that a switch names, from its own PARAMETER message, and the rest of the answer.
fn switched(payload: &[u8]) -> (String, &[u8]) {
    let mut reader = Reader::new(payload);
    assert_eq!(reader.u8("message type"), Ok(message::PARAMETER));
    reader.ub4("application value").expect("number");
    let length = reader.ub2("context length").expect("length");
    let context = reader.raw(usize::from(length), "context").expect("context");
    let id = context[CONTEXT_ID..].split(|byte| *byte == 0).next().expect("id");
    (String::from_utf8(id.to_vec()).expect("text"), reader.rest())
}

#[test]
fn sessionless_transactions_are_told_as_changes_of_the_session() {
    let Some(recording) = Recording::open("pyo4-sessionless") else { return };
    let transaction = |response: &Response| {
        let id = response.changes.iter().find_map(|change| match change {
            SessionChange::TransactionId(id) => Some(id.clone()),
            _ => None,
        });
        id.expect("a change of the transaction")
    };
    // Begun, suspended, resumed: the name with its state behind it, or only a state.
    for (number, begun) in [(10, true), (14, false), (18, true)] {
        let payload = recording.payload(number);
        let (id, rest) = switched(&payload);
        assert_eq!(id, "golden_8700_txn_id", "#{number:04}");
        let response = decode_every_way(rest, &Expect::Plain, &recording.caps(), true);
        let told = transaction(&response);
        assert_eq!(told.starts_with(b"golden_8700_txn_id"), begun, "#{number:04}");
    }
    for number in [16, 20] {
        let response = recording.answer(number, &execute(None, &[]));
        assert_eq!(transaction(&response).len(), 2, "#{number:04}");
    }
    for number in [12, 16] {
        let error = recording.answer(number, &execute(None, &[])).error.expect("ERROR");
        assert_eq!((error.number, error.row_count), (0, 1), "#{number:04}");
        assert!(!Rowid::decode(&error.rowid).expect("rowid").is_zero());
    }
}

#[test]
fn lob_calls_bring_locators_amounts_and_data() {
    let Some(recording) = Recording::open("cassette-free23-lob") else { return };
    let rest_is_an_end = |rest: &[u8]| {
        let response = decode_every_way(rest, &Expect::Plain, &recording.caps(), true);
        assert_eq!(error_number(&response), 0);
    };
    // Create: PARAMETER with a locator of 40 bytes, character set, flags.
    let payload = recording.payload(1);
    let mut reader = Reader::new(&payload);
    assert_eq!(reader.u8("message type"), Ok(message::PARAMETER));
    let locator = reader.raw(40, "locator").expect("locator");
    assert_eq!(locator[..2], [0, 38], "its own length");
    assert_eq!(reader.ub2("character set"), Ok(873));
    reader.u8("flags").expect("flags");
    rest_is_an_end(reader.rest());
    // Write: the locator.
    let payload = recording.payload(3);
    let mut reader = Reader::new(&payload);
    assert_eq!(reader.u8("message type"), Ok(message::PARAMETER));
    reader.raw(40, "locator").expect("locator");
    rest_is_an_end(reader.rest());
    // Read: the data, then the locator and the amount.
    let payload = recording.payload(5);
    let mut reader = Reader::new(&payload);
    assert_eq!(reader.u8("message type"), Ok(message::LOB_DATA));
    let data = reader.bytes("LOB data").expect("data").expect("no null").into_owned();
    assert_eq!(recording.head["expect"]["expected_value"], String::from_utf8(data).expect("text"));
    assert_eq!(reader.u8("message type"), Ok(message::PARAMETER));
    reader.raw(40, "locator").expect("locator");
    assert_eq!(reader.ub8("amount"), Ok(35));
    rest_is_an_end(reader.rest());
}

#[test]
fn answers_of_queues_and_of_direct_path_calls_end_as_all_do() {
    let Some(queue) = Recording::open("cassette-free23-aq") else { return };
    // Enqueue: an identifier of 16 bytes, and no extensions.
    let payload = queue.payload(1);
    let response = decode_every_way(&payload[1 + 16 + 1..], &Expect::Plain, &queue.caps(), true);
    assert!(response.error.is_none() && response.call_status != 0);
    let payload = queue.payload(3);
    let wanted = queue.head["expect"]["expected_value"].as_str().expect("text");
    assert!(String::from_utf8_lossy(&payload).contains(wanted));

    let Some(direct_path) = Recording::open("cassette-free23-dpl") else { return };
    for number in [3, 5] {
        // Load and finish: a count of numbers, and the numbers.
        let payload = direct_path.payload(number);
        let mut reader = Reader::new(&payload);
        assert_eq!(reader.u8("message type"), Ok(message::PARAMETER));
        for _ in 0..reader.ub2("numbers").expect("count") {
            reader.ub4("number").expect("number");
        }
        let rest = reader.rest();
        let response = decode_every_way(rest, &Expect::Plain, &direct_path.caps(), true);
        assert_eq!(error_number(&response), 0, "#{number:04}");
    }
    // Prepare: the columns, no parameters, numbers of which one is the cursor.
    let payload = direct_path.payload(1);
    let mut reader = Reader::new(&payload);
    assert_eq!(reader.u8("message type"), Ok(message::PARAMETER));
    let columns = reader.ub4("columns").expect("count");
    for _ in 0..columns {
        let column = ColumnInfo::decode(&mut reader, direct_path.field_version()).expect("column");
        assert_eq!((column.name.as_str(), column.ora_type), ("V", 2));
    }
    assert_eq!(reader.ub2("parameters"), Ok(0));
    for _ in 0..reader.ub2("numbers").expect("count") {
        reader.ub4("number").expect("number");
    }
    let response = decode_every_way(reader.rest(), &Expect::Plain, &direct_path.caps(), true);
    assert_eq!(error_number(&response), 0);
}

#[test]
fn a_listener_that_wants_connect_again_says_so_before_it_accepts() {
    let Some(recording) = Recording::open("cassette-xe18-connect") else { return };
    let mut connection = Connection::new();
    let connect = Connect { data: "(DESCRIPTION=)", sdu: 8192, packet_flags: 0 };
    connection.open(&connect);
    connection.handle_input(&recording.packet(1)).expect("RESEND");
    match connection.take_finished() {
        Some(Finished::Opening(OpeningEvent::Resend { restart_tls: false })) => {}
        other => panic!("{other:?}"),
    }
    connection.open(&connect);
    connection.handle_input(&recording.packet(3)).expect("ACCEPT");
    assert_eq!(connection.caps.protocol_version, 317);
    assert!(!connection.caps.end_of_response && !connection.caps.fast_auth);
}

#[test]
fn every_flag_that_ends_an_answer_is_on_its_last_packet() {
    for name in SESSIONS {
        let Some(recording) = Recording::open(name) else { return };
        for packet in recording.server_packets() {
            let bytes = common::bytes(packet);
            let (packet_type, Some(flags), _) = data_packet(&bytes) else { continue };
            if packet_type == packet_type::DATA && recording.marks_the_end() {
                assert_ne!(flags & data_flag::END_OF_RESPONSE, 0, "{}", packet["id"]);
                assert_eq!(bytes.last(), Some(&message::END_OF_RESPONSE), "{}", packet["id"]);
            }
        }
    }
}

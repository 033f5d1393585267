//! The machine against packets that drivers sent to real servers, without sockets.

use std::sync::Arc;

use oraedge::time::Timestamp;
use oraedge::wire::Reader;

use super::{Account, Entropy, Output, ServerConfig, ServerConnection};
use crate::engine::{Database, Settings};
use crate::generation::Generation;
use crate::net::packet::{
    MARKER_BREAK, MARKER_RESET, Packet, PacketType, write_marker, write_packet,
};
use crate::testing::{Recordings, unhex};
use crate::ttc::binds::{BindValue, read_row, row_order, skip_row};
use crate::ttc::incoming::{Call, Incoming};
use crate::ttc::{Layout, message};

/// Gives out `bytes`, then zeros.
fn scripted(bytes: Vec<u8>) -> Entropy {
    let mut rest = bytes.into_iter();
    Box::new(move |wanted: &mut [u8]| wanted.fill_with(|| rest.next().unwrap_or_default()))
}

/// The random bytes of the server in `pyo4-fetch-df`, in the order in which the machine draws them.
fn recorded_entropy(recordings: &Recordings) -> Vec<u8> {
    let accept = recordings.packet("pyo4-fetch-df", 2);
    let challenge = recordings.packet("pyo4-fetch-df", 4);
    let log_on_value = |name| recordings.log_on_value("pyo4-fetch-df", name);
    let mut bytes = accept[accept.len() - 16..].to_vec();
    bytes.extend([3, 0xb0]); // the count of calls
    bytes.extend(log_on_value("session_key_a"));
    bytes.extend([0; 16]); // the rest of the key that an 11G verifier would use
    bytes.extend(unhex(&parameter(&challenge, "AUTH_PBKDF2_CSK_SALT")));
    bytes.extend(&log_on_value("svr_response_plain")[..16]);
    bytes
}

/// The value of a log-on parameter of less than 253 bytes.
fn parameter(packet: &[u8], key: &str) -> String {
    let at = packet.windows(key.len()).position(|bytes| bytes == key.as_bytes()).unwrap();
    let value = &packet[at + key.len() + 2..];
    String::from_utf8(value[1..=usize::from(value[0])].to_vec()).unwrap()
}

fn config(generation: Generation, salt: Vec<u8>) -> ServerConfig {
    let database = Database::in_memory(Settings::default()).unwrap();
    let accounts = vec![Account::new("pythontest", "pythontest")];
    ServerConfig::new(generation, database, accounts, &mut scripted(salt))
}

/// The server of `pyo4-fetch-df` once more.
fn recorded_server(recordings: &Recordings) -> ServerConnection {
    let challenge = recordings.packet("pyo4-fetch-df", 4);
    let config = config(Generation::V26ai, unhex(&parameter(&challenge, "AUTH_VFR_DATA")));
    let entropy = scripted(recorded_entropy(recordings));
    ServerConnection::new(Timestamp::ZERO, Arc::new(config), entropy, "192.0.2.1")
}

/// A server whose random bytes are of no interest.
fn any_server(generation: Generation) -> ServerConnection {
    let config = config(generation, vec![7; 16]);
    ServerConnection::new(Timestamp::ZERO, Arc::new(config), scripted(vec![7; 200]), "192.0.2.1")
}

/// Everything that the machine sends before it waits, and whether it closed.
fn drain(connection: &mut ServerConnection) -> (Vec<u8>, Option<String>) {
    let mut sent = Vec::new();
    loop {
        match connection.poll_output() {
            Output::Transmit(bytes) => sent.extend(bytes),
            Output::Timeout(_) => return (sent, None),
            Output::RestartTls => panic!("no TLS was asked for"),
            Output::Close(reason) => return (sent, Some(reason)),
        }
    }
}

/// Feeds `bytes` in pieces of `size` and gives what came back.
fn feed(connection: &mut ServerConnection, bytes: &[u8], size: usize) -> Vec<u8> {
    let mut sent = Vec::new();
    for piece in bytes.chunks(size) {
        connection.handle_input(Timestamp::ZERO, piece);
        sent.extend(drain(connection).0);
    }
    sent
}

fn packets(bytes: &[u8], large_from: usize) -> Vec<Packet> {
    let mut framer = crate::net::packet::Framer::default();
    framer.push(bytes);
    let mut packets = Vec::new();
    loop {
        framer.large = packets.len() >= large_from;
        match framer.next_packet().unwrap() {
            Some(packet) => packets.push(packet),
            None => return packets,
        }
    }
}

/// A call without arguments in a DATA packet, at a field version without tokens.
fn call(function: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_packet(&mut bytes, true, PacketType::Data, &[0, 0, message::FUNCTION, function, 9, 0]);
    bytes
}

fn marker(kind: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_marker(&mut bytes, true, kind);
    bytes
}

/// What a driver sent until it was logged on, and what the server answered.
fn log_on_packets(recordings: &Recordings) -> (Vec<u8>, Vec<Vec<u8>>) {
    let session = recordings.session("pyo4-fetch-df");
    let (client, server): (Vec<_>, Vec<_>) =
        session.into_iter().take(7).partition(|record| record.from_client);
    let client = client.into_iter().flat_map(|record| record.bytes).collect();
    (client, server.into_iter().map(|record| record.bytes).collect())
}

#[test]
fn a_recorded_log_on_gets_the_recorded_answers() {
    let Some(recordings) = Recordings::open() else { return };
    let (client, recorded) = log_on_packets(&recordings);
    let mut connection = recorded_server(&recordings);
    let sent = packets(&feed(&mut connection, &client, client.len()), 1);
    let sent: Vec<&[u8]> = sent.iter().map(|packet| packet.body.as_slice()).collect();
    assert_eq!(sent.len(), 3);
    assert_eq!(sent[0], &recorded[0][8..], "ACCEPT");
    let keys = ["AUTH_SESSKEY", "AUTH_VFR_DATA", "AUTH_PBKDF2_CSK_SALT", "AUTH_PBKDF2_VGEN_COUNT"];
    for key in keys {
        assert_eq!(parameter(sent[1], key), parameter(&recorded[1], key), "{key}");
    }
    for key in
        ["AUTH_SVR_RESPONSE", "AUTH_VERSION_NO", "AUTH_VERSION_STRING", "AUTH_SC_SERVICE_NAME"]
    {
        let equal = parameter(sent[2], key).eq_ignore_ascii_case(&parameter(&recorded[2], key));
        assert!(equal, "{key}: {}", parameter(sent[2], key));
    }
}

#[test]
fn bytes_may_be_split_anywhere() {
    let Some(recordings) = Recordings::open() else { return };
    let (mut client, _) = log_on_packets(&recordings);
    // Field version 24: a token number follows.
    for function in [147, 14, 15, 9] {
        client.extend(call(function));
    }
    let mut whole = recorded_server(&recordings);
    let expected = feed(&mut whole, &client, client.len());
    for size in [1, 2, 3, 7, 100] {
        let mut pieces = recorded_server(&recordings);
        assert_eq!(feed(&mut pieces, &client, size), expected, "pieces of {size}");
    }
}

#[test]
fn every_call_that_a_driver_was_recorded_making_is_read_to_its_end() {
    let Some(recordings) = Recordings::open() else { return };
    let mut read = 0;
    for name in recordings.sessions() {
        let field_version = if name.contains("xe21") { 16 } else { 24 };
        let layout = Layout { field_version, end_of_response: true, max_string_size: 32767 };
        let mut connect_data = false;
        for record in recordings.session(&name).into_iter().filter(|record| record.from_client) {
            let packet_type = record.bytes[4];
            let follows_connect = std::mem::replace(&mut connect_data, packet_type == 1);
            if packet_type != 6 || follows_connect || record.bytes.len() <= 10 {
                continue;
            }
            let payload = &record.bytes[10..];
            let mut reader = Reader::new(payload);
            while !reader.is_empty() {
                match Incoming::decode(&mut reader, layout) {
                    Ok(Incoming::Call(head, Call::Unknown)) => {
                        // Queues, direct path.
                        assert!([121, 122, 128, 129, 130].contains(&head.function));
                        break;
                    }
                    Ok(Incoming::Call(_, Call::Execute(execute))) => {
                        read += 1;
                        let Some(declared) = &execute.binds else { continue };
                        if declared.iter().any(|bind| matches!(bind.ora_type, 109 | 112 | 113)) {
                            break;
                        }
                        let order = row_order(declared, &[], false, layout);
                        for _ in 0..execute.iterations.max(1) {
                            skip_row(&mut reader, declared, &order)
                                .unwrap_or_else(|error| panic!("{}: {error:?}", record.id));
                        }
                    }
                    Ok(Incoming::Call(_, Call::Reexecute(_))) => {
                        // How the rows behind it look was declared in another call.
                        read += 1;
                        break;
                    }
                    Ok(_) => read += 1,
                    Err(error) => panic!("{}: {error:?}", record.id),
                }
            }
        }
    }
    assert!(read > 40, "{read}");
}

/// Every TTC message that a driver was recorded sending.
fn recorded_requests(recordings: &Recordings) -> Vec<Vec<u8>> {
    let sessions = recordings.sessions().into_iter().filter(|name| !name.contains("xe"));
    let packets = sessions.flat_map(|name| recordings.session(&name));
    packets
        .filter(|record| record.from_client && record.bytes[4] == 6 && record.bytes.len() > 10)
        .map(|record| record.bytes[10..].to_vec())
        .collect()
}

#[test]
fn broken_requests_never_panic() {
    let Some(recordings) = Recordings::open() else { return };
    let layout = Layout { field_version: 24, end_of_response: true, max_string_size: 32767 };
    for mut request in recorded_requests(&recordings) {
        for at in 0..request.len().min(300) {
            let right = request[at];
            for wrong in [0, 1, 0x7f, 0x80, 0xfd, 0xfe, 0xff] {
                request[at] = wrong;
                let mut reader = Reader::new(&request);
                while let Ok(incoming) = Incoming::decode(&mut reader, layout) {
                    let Incoming::Call(_, Call::Execute(execute)) = incoming else { continue };
                    let declared = execute.binds.unwrap_or_default();
                    let order = row_order(&declared, &[], false, layout);
                    let mut row = vec![BindValue::Cursor(0); declared.len()];
                    let _ = skip_row(&mut reader.clone(), &declared, &order);
                    let _ = read_row(&mut reader, &declared, &order, &mut row);
                }
            }
            request[at] = right;
        }
    }
}

#[test]
fn a_wrong_password_is_told_after_the_client_reset() {
    let Some(recordings) = Recordings::open() else { return };
    let (client, _) = log_on_packets(&recordings);
    // With other random bytes the client's answer does not fit.
    let mut connection = any_server(Generation::V26ai);
    let sent = packets(&feed(&mut connection, &client, client.len()), 1);
    let kinds: Vec<PacketType> = sent.iter().map(|packet| packet.packet_type).collect();
    assert_eq!(
        kinds,
        [PacketType::Accept, PacketType::Data, PacketType::Marker, PacketType::Marker]
    );
    assert_eq!(sent[2].body, [1, 0, MARKER_BREAK]);
    assert_eq!(sent[3].body, [1, 0, MARKER_RESET]);
    let sent = feed(&mut connection, &marker(MARKER_RESET), 100);
    assert!(String::from_utf8_lossy(&sent).contains("ORA-01017"));
}

#[test]
fn calls_before_the_log_on_are_refused() {
    let Some(recordings) = Recordings::open() else { return };
    let (client, _) = log_on_packets(&recordings);
    let connect = &client[..74 + 265];
    let mut connection = any_server(Generation::V26ai);
    feed(&mut connection, connect, 1000);
    feed(&mut connection, &call(147), 1000);
    let sent = feed(&mut connection, &marker(MARKER_RESET), 100);
    assert!(String::from_utf8_lossy(&sent).contains("ORA-01012"));
}

#[test]
fn a_service_that_is_not_there_is_refused_with_its_number() {
    let Some(recordings) = Recordings::open() else { return };
    let (client, _) = log_on_packets(&recordings);
    let connect = String::from_utf8_lossy(&client[74..74 + 265]).replace("FREEPDB1", "NOWHERE1");
    let mut bytes = client[..74].to_vec();
    bytes.extend(unhex("01090000060000000000"));
    bytes.extend(&connect.as_bytes()[connect.find('(').unwrap()..]);
    let mut connection = any_server(Generation::V26ai);
    connection.handle_input(Timestamp::ZERO, &bytes);
    let (sent, closed) = drain(&mut connection);
    assert!(String::from_utf8_lossy(&sent).contains("(ERR=12514)"));
    assert_eq!(sent[4], PacketType::Refuse.number());
    assert!(closed.is_some());
}

#[test]
fn older_listeners_ask_for_the_connect_again() {
    let Some(recordings) = Recordings::open() else { return };
    let session = recordings.session("cassette-xe18-connect");
    let mut config = config(Generation::V18c, vec![]);
    config.services = vec!["XEPDB1".to_owned()];
    let mut connection =
        ServerConnection::new(Timestamp::ZERO, Arc::new(config), scripted(vec![]), "192.0.2.1");
    for exchange in session.chunks(2) {
        let sent = feed(&mut connection, &exchange[0].bytes, 1000);
        assert_eq!(sent, exchange[1].bytes, "{}", exchange[1].id);
    }
}

#[test]
fn a_client_that_does_not_log_on_in_time_is_dropped() {
    let mut connection = any_server(Generation::V23ai);
    connection.handle_input(Timestamp::ZERO, &[0, 74]);
    let Output::Timeout(Some(limit)) = connection.poll_output() else { panic!("no time limit") };
    connection.handle_timeout(limit);
    assert!(matches!(connection.poll_output(), Output::Close(_)));
}

#[test]
fn garbage_closes_the_connection_with_a_reason() {
    for (garbage, reason) in [
        (&b"GET / HTTP/1.1\r\n\r\n"[..], "packet type 47 is unknown"),
        (&[0, 3, 0, 0, 1, 0, 0, 0][..], "one of 3 came"),
        (&unhex("000a000006000000 0000")[..], "a Data packet came where none may"),
    ] {
        let mut connection = any_server(Generation::V23ai);
        connection.handle_input(Timestamp::ZERO, garbage);
        let (_, closed) = drain(&mut connection);
        assert!(closed.as_deref().unwrap_or_default().contains(reason), "{closed:?}");
    }
}

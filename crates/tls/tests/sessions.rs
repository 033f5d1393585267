//! Sessions with a server that is rustls's own: what is agreed on, and bytes both ways.

mod support;

use oraedge::connect_string::TlsVersion;
use oraedge_tls::{ClientIdentity, NameRule, Pins, ServerPolicy, Situation, TlsOptions, Trust};
use support::{Authority, Wire, server, server_with, session};

fn trusting(authority: &Authority) -> TlsOptions {
    TlsOptions { trust: authority.trust(), ..TlsOptions::default() }
}

#[test]
fn bytes_go_both_ways_in_either_version() {
    let authority = Authority::new("CA");
    let own = authority.issue("db.example", |_| {}).and(&authority);
    for (asked, offered, agreed) in [
        (None, rustls::ALL_VERSIONS, TlsVersion::V1_3),
        (Some(TlsVersion::V1_2), rustls::ALL_VERSIONS, TlsVersion::V1_2),
        (Some(TlsVersion::V1_3), rustls::ALL_VERSIONS, TlsVersion::V1_3),
        (None, &[&rustls::version::TLS12], TlsVersion::V1_2),
    ] {
        let policy = ServerPolicy { version: asked, ..ServerPolicy::host("db.example") };
        let mut wire =
            Wire::new(session(trusting(&authority), &policy), &server_with(&own, None, offered));
        assert_eq!(wire.session.handshake(), None);
        wire.run().unwrap();
        let handshake = wire.session.handshake().unwrap();
        assert_eq!(handshake.version, agreed);
        assert_eq!(handshake.chain_der, own.chain);
        assert_eq!(handshake.chain[0].subject.to_string(), "CN=db.example");

        // More than rustls keeps unread, and more than a record holds.
        let sent: Vec<u8> = (0..100_000_u32).map(|n| (n % 251) as u8).collect();
        wire.session.write(&sent).unwrap();
        wire.run().unwrap();
        assert_eq!(wire.session.take_plaintext(), sent);

        wire.session.close_notify();
        wire.run().unwrap();
        assert!(!wire.session.is_closed_by_peer());
        wire.server.send_close_notify();
        wire.run().unwrap();
        assert!(wire.session.is_closed_by_peer());
        wire.session.end_of_input().unwrap();
    }
}

#[test]
fn a_client_certificate_is_shown_to_who_asks() {
    let (authority, clients) = (Authority::new("CA"), Authority::new("Clients"));
    let own = authority.issue("db.example", |_| {});
    let client = clients.issue("scott", |_| {});
    let identity = ClientIdentity::new(client.chain.clone(), client.key()).unwrap();
    let options = TlsOptions { identity: Some(identity), ..trusting(&authority) };
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let config = server_with(&own, Some(&clients), &[version]);
        let mut wire =
            Wire::new(session(options.clone(), &ServerPolicy::host("db.example")), &config);
        wire.run().unwrap();
        assert_eq!(wire.server.peer_certificates().unwrap()[0].as_ref(), client.chain[0]);
    }
}

#[test]
fn a_fingerprint_stands_for_chain_and_name() {
    let authority = Authority::new("CA");
    let own = authority.issue("other.example", |_| {});
    let print = oraedge_tls::Fingerprint::of(&own.chain[0]);
    let policy = ServerPolicy::host("db.example");
    let pinned = |text: &str| TlsOptions {
        pins: Pins::parse([text]).unwrap(),
        trust: Trust::only_der([]),
        ..TlsOptions::default()
    };
    let mut wire = Wire::new(session(pinned(&print.to_string()), &policy), &server(&own, None));
    wire.run().unwrap();

    let other = "0".repeat(64);
    let options = TlsOptions { trust: authority.trust(), ..pinned(&other) };
    let mut wire =
        Wire::new(session(options, &ServerPolicy::new(NameRule::Any)), &server(&own, None));
    let failure = wire.run().unwrap_err();
    assert_eq!(failure.situation, Situation::WrongFingerprint);
    assert!(failure.detail.contains(&print.to_string()), "{failure}");
}

#[test]
fn a_certificate_that_was_given_is_taken_as_it_is() {
    let authority = Authority::new("CA");
    let own = authority.issue("db.example", |_| {});
    let trust = Trust::only_der([own.chain[0].clone()]);
    let options = TlsOptions { trust, ..TlsOptions::default() };
    for (host, good) in [("db.example", true), ("other.example", false)] {
        let policy = ServerPolicy::host(host);
        let mut wire = Wire::new(session(options.clone(), &policy), &server(&own, None));
        assert_eq!(wire.run().is_ok(), good, "{host}");
    }
}

#[test]
fn a_key_of_another_certificate_is_refused_at_once() {
    let authority = Authority::new("CA");
    let (one, other) = (authority.issue("scott", |_| {}), authority.issue("adams", |_| {}));
    let error = ClientIdentity::new(one.chain, other.key()).unwrap_err().to_string();
    assert!(error.contains("not that of the client's certificate (CN=scott)"), "{error}");
}

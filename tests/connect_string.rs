//! Connect strings against what others make of them: python-oracledb's own reading and its CONNECT
//! packets (`tests/vectors/connect_strings.jsonl`, made by the script beside it), and the CONNECT
//! packets and log-ons in the recorded sessions.

mod common;

use std::time::Duration;

use oraedge::connect_string::{
    Address, AddressList, Choice, ClientInfo, ConnectData, ConnectDescriptor, Description,
    IncludedFile, Parameter, ParameterValue, PoolPurity, Protocol, Security, ServerType,
    TlsVersion, TnsNames, resolve, split_credentials,
};
use oraedge::error::ConnectStringError;
use proptest::prelude::*;
use serde_json::Value as Json;

fn vectors() -> Vec<Json> {
    include_str!("vectors/connect_strings.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn parse(text: &str) -> ConnectDescriptor {
    ConnectDescriptor::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn parse_error(text: &str) -> ConnectStringError {
    match ConnectDescriptor::parse(text) {
        Err(error) => error,
        Ok(descriptor) => panic!("{text} is no error but {descriptor}"),
    }
}

#[test]
fn texts_are_read_and_written_as_python_oracledb_does() {
    let mut compared = 0;
    for vector in vectors().iter().filter(|vector| vector.get("connect_string").is_some()) {
        let text = vector["text"].as_str().unwrap();
        let got = ConnectDescriptor::parse(text).map(|descriptor| descriptor.to_string());
        match vector["connect_string"].as_str() {
            Some(expected) => assert_eq!(got.as_deref(), Ok(expected), "{text}"),
            None => assert!(got.is_err(), "{text}: an error there, here {got:?}"),
        }
        compared += 1;
    }
    assert!(compared > 100, "only {compared} vectors");
}

#[test]
fn connect_packets_have_the_text_that_python_oracledb_sends() {
    let mut compared = 0;
    for vector in vectors().iter().filter(|vector| vector.get("connect_data").is_some()) {
        // The port is not the same in every run; any will do.
        let with_port = |name: &str| vector[name].as_str().unwrap().replace("{port}", "4711");
        let client = |name: &str| vector["client"][name].as_str().unwrap();
        let client = ClientInfo::new(client("program"), client("machine"), client("osuser"));
        let descriptor = parse(&with_port("text"));
        let id = vector["connection_id"].as_str().unwrap();
        let got = descriptor.descriptions[0].connect_data(&client, id);
        assert_eq!(got, with_port("connect_data"));
        compared += 1;
    }
    assert!(compared >= 9, "only {compared} vectors");
}

#[test]
fn recorded_connects_and_log_ons_are_reproduced_byte_for_byte() {
    for session in ["pyo4-fetch-df", "pyo4-dbobject", "pyo4-pipeline", "pyo4-sessionless"] {
        let Some(records) = common::records(&format!("sessions/{session}.jsonl")) else { return };
        let client_packets: Vec<Vec<u8>> = records
            .iter()
            .filter(|record| record["kind"] == "packet" && record["direction"] == "client")
            .map(common::bytes)
            .collect();
        let find = |marker: &str| {
            let packet = client_packets
                .iter()
                .find(|packet| packet.windows(marker.len()).any(|at| at == marker.as_bytes()));
            packet.unwrap_or_else(|| panic!("{session} has no packet with {marker}")).clone()
        };
        let between = |text: &str, from: &str, to: &str| {
            let (_, after) = text.split_once(from).unwrap();
            after.split_once(to).unwrap().0.to_owned()
        };
        let connect = find("(CID=");
        let offset = connect.windows(12).position(|at| at == b"(DESCRIPTION").unwrap();
        let recorded = String::from_utf8(connect[offset..].to_vec()).unwrap();
        let cid = between(&recorded, "(CID=", "(CONNECTION_ID=");
        let client = ClientInfo::new(
            &between(&cid, "(PROGRAM=", ")"),
            &between(&cid, "(HOST=", ")"),
            &between(&cid, "(USER=", ")"),
        );
        let id = between(&recorded, "(CONNECTION_ID=", ")");
        let port = between(&recorded, "(PORT=", ")");
        let descriptor = parse(&format!("localhost:{port}/FREEPDB1"));
        assert_eq!(descriptor.descriptions[0].connect_data(&client, &id), recorded, "{session}");

        let log_on = descriptor.descriptions[0].log_on_text(&id);
        assert!(log_on.len() > 100);
        let packet = find("AUTH_CONNECT_STRING");
        let found = packet.windows(log_on.len()).any(|at| at == log_on.as_bytes());
        assert!(found, "{session}: the log-on does not hold {log_on}");
    }
}

#[test]
fn fields_have_their_values() {
    let descriptor = parse(
        "(DESCRIPTION=(CONNECT_TIMEOUT=90)(RETRY_COUNT=2)(RETRY_DELAY=500ms)(EXPIRE_TIME=3)(SDU=65535)\
         (TRANSPORT_CONNECT_TIMEOUT=3 sec)(USE_SNI=YES)\
         (ADDRESS=(PROTOCOL=TCPS)(HOST=db)(PORT=2484)(HTTPS_PROXY=px)(HTTPS_PROXY_PORT=80))\
         (CONNECT_DATA=(SERVICE_NAME=s)(SERVER=POOLED)(POOL_PURITY=SELF)(COLOCATION_TAG=t)\
         (CONNECTION_ID_PREFIX=p)(FAILOVER_MODE=(TYPE=SELECT)(TYPE=SESSION)))\
         (SECURITY=(TLS_SERVER_DN_MATCH=OFF)(TLS_SERVER_CERT_DN=\"CN=a (b)\")(SSL_VERSION=tlsv1.2)\
         (WALLET_LOCATION=(SOURCE=(METHOD=FILE)(METHOD_DATA=(DIRECTORY=/w))))\
         (TOKEN_AUTH=OAUTH)(TOKEN_LOCATION=/t)))",
    );
    let [description] = descriptor.descriptions.as_slice() else { panic!("{descriptor:?}") };
    assert_eq!(description.connect_timeout(), Some(Duration::from_secs(90)));
    assert_eq!(description.retry_count, 2);
    assert_eq!(description.retry_delay, Duration::from_millis(500));
    assert_eq!(description.expire_time, 3);
    assert_eq!(description.sdu, 65535);
    assert_eq!(description.transport_connect_timeout, Duration::from_secs(3));
    assert!(description.use_sni);
    let address = description.addresses().next().unwrap();
    assert_eq!(address.protocol, Protocol::Tcps);
    assert_eq!((address.host.as_str(), address.port), ("db", 2484));
    assert_eq!((address.https_proxy.as_deref(), address.https_proxy_port), (Some("px"), 80));
    let data = &description.connect_data;
    assert_eq!(data.service_name.as_deref(), Some("s"));
    assert_eq!(data.server_type, Some(ServerType::Pooled));
    assert_eq!(data.pool_purity, PoolPurity::Reuse);
    assert_eq!(data.colocation_tag(), Some("t"));
    assert_eq!(data.connection_id_prefix.as_deref(), Some("p"));
    let security = &description.security;
    assert!(!security.server_dn_match);
    assert_eq!(security.server_cert_dn.as_deref(), Some("CN=a (b)"));
    assert_eq!(security.tls_version, Some(TlsVersion::V1_2));
    assert_eq!(security.wallet_location.as_deref(), Some("/w"));
    assert_eq!(security.token_auth(), Some("OAUTH"));
    assert_eq!(security.token_location(), Some("/t"));
    assert_eq!(parse(&descriptor.to_string()), descriptor);
}

#[test]
fn an_easy_connect_string_is_the_same_as_the_descriptor_it_stands_for() {
    for (easy, descriptor) in [
        (
            "h/s?connect_timeout=9",
            "(DESCRIPTION=(CONNECT_TIMEOUT=9)(ADDRESS=(HOST=h))(CONNECT_DATA=(SERVICE_NAME=s)))",
        ),
        (
            "h/s?retry_delay=500ms&retry_count=1",
            "(DESCRIPTION=(RETRY_COUNT=1)(RETRY_DELAY=500ms)(ADDRESS=(HOST=h))(CONNECT_DATA=(SERVICE_NAME=s)))",
        ),
        (
            "tcps://h:2484/s?ssl_server_dn_match=off",
            "(DESCRIPTION=(ADDRESS=(PROTOCOL=tcps)(HOST=h)(PORT=2484))(CONNECT_DATA=(SERVICE_NAME=s))(SECURITY=(SSL_SERVER_DN_MATCH=OFF)))",
        ),
        (
            "tcps://h:2484/s?tls_server_cert_dn=CN=x",
            "(DESCRIPTION=(ADDRESS=(PROTOCOL=tcps)(HOST=h)(PORT=2484))(CONNECT_DATA=(SERVICE_NAME=s))(SECURITY=(SSL_SERVER_CERT_DN=CN=x)))",
        ),
        (
            "tcps://h:2484/s?token_auth=OAUTH",
            "(DESCRIPTION=(ADDRESS=(PROTOCOL=tcps)(HOST=h)(PORT=2484))(CONNECT_DATA=(SERVICE_NAME=s))(SECURITY=(TOKEN_AUTH=OAUTH)))",
        ),
        (
            "h/s?service_tag=t&connection_id_prefix=p",
            "(DESCRIPTION=(ADDRESS=(HOST=h))(CONNECT_DATA=(SERVICE_NAME=s)(SERVICE_TAG=t)(CONNECTION_ID_PREFIX=p)))",
        ),
        (
            "tcp://[2001:db8::1]:1600,h2/s:shared/i",
            "(DESCRIPTION=(ADDRESS_LIST=(ADDRESS=(HOST=2001:db8::1)(PORT=1600))(ADDRESS=(HOST=h2)))(CONNECT_DATA=(SERVICE_NAME=s)(INSTANCE_NAME=i)(SERVER=shared)))",
        ),
    ] {
        assert_eq!(parse(easy), parse(descriptor), "{easy}");
    }
}

#[test]
fn errors_say_what_and_where() {
    // The place is that of the ^ in the text.
    for (marked, part) in [
        (
            "^(DESCRIPTION=(ADDRESS=(HOST=h))",
            "unbalanced parenthesis: the one that opens DESCRIPTION here",
        ),
        ("(DESCRIPTION=^(ADDRESS=(HOST=h)", "opens ADDRESS here is never closed"),
        ("(DESCRIPTION=(ADDRESS=^(HOST=h", "opens HOST here is never closed"),
        ("(DESCRIPTION=(ADDRESS=(HOST=h)))^)", "this ')' has no '('"),
        ("(DESCRIPTION=(ADDRESS=(HOST=h)))^ x", "the descriptor ends here"),
        (
            "(DESCRIPTION=(ADDRESS=(HOST=h)(PORT=^0)))",
            "PORT must be a number from 1 to 65535, not \"0\"",
        ),
        ("(DESCRIPTION=(ADDRESS=(HOST=h)(PORT=^70000)))", "from 1 to 65535"),
        ("h:^99999/s", "the port must be a number from 1 to 65535"),
        ("h:^x/s", "expected a port"),
        (
            "(DESCRIPTION=(ADDRESS=(HOST=h)(PROTOCOL=^ipc)))",
            "PROTOCOL must be tcp or tcps, not \"ipc\"",
        ),
        ("^wss://h/s", "the protocol before :// must be tcp or tcps"),
        ("(^DESCRIPTON=(ADDRESS=(HOST=h)))", "begins with DESCRIPTION, DESCRIPTION_LIST"),
        ("(^DESCRIPTION=(CONNECT_DATA=(SERVICE_NAME=s)))", "names no address"),
        ("(DESCRIPTION=(^ADDRESS=(PORT=1)))", "the ADDRESS names no host"),
        ("(DESCRIPTION=(^ADDRESS_LIST=(FAILOVER=ON)))", "names no address"),
        ("(DESCRIPTION=(ADDRESS_LIST=(^ADDRESS_LIST=(ADDRESS=(HOST=h)))))", "cannot stand inside"),
        ("(DESCRIPTION=(^DESCRIPTION=(ADDRESS=(HOST=h))))", "cannot stand inside DESCRIPTION"),
        ("(DESCRIPTION=(ADDRESS=(HOST=h))(CONNECT_DATA=(SID=a)(^SID=b)))", "SID is given twice"),
        ("(DESCRIPTION=(ADDRESS=(HOST=h))(CONNECT_DATA=)(^CONNECT_DATA=))", "given twice"),
        ("(DESCRIPTION=(ADDRESS=(HOST=h)(^HOST=h)))", "given twice"),
        (
            "(DESCRIPTION=(ADDRESS=(HOST=h))(SECURITY=(SSL_SERVER_CERT_DN=a)(^TLS_SERVER_CERT_DN=b)))",
            "given twice",
        ),
        (
            "(DESCRIPTION=(ADDRESS=(HOST=h))(SECURITY=(SSL_SERVER_DN_MATCH=^onn)))",
            "must be ON or OFF",
        ),
        (
            "(DESCRIPTION=(ADDRESS=(HOST=h))(CONNECT_DATA=(^SERVICE_NAME=(A=b))))",
            "expected a text after SERVICE_NAME=",
        ),
        ("(DESCRIPTION=(ADDRESS=(^HOST=(A=b))))", "expected a text after HOST="),
        (
            "(DESCRIPTION=(^RETRY_COUNT=(A=b))(ADDRESS=(HOST=h)))",
            "expected a text after RETRY_COUNT=",
        ),
        ("(DESCRIPTION=(RETRY_COUNT=^-1)(ADDRESS=(HOST=h)))", "whole number"),
        ("(DESCRIPTION=(RETRY_COUNT=^9999999999)(ADDRESS=(HOST=h)))", "at most 4294967295"),
        ("(DESCRIPTION=(CONNECT_TIMEOUT=^soon)(ADDRESS=(HOST=h)))", "number of seconds"),
        ("(DESCRIPTION=(ADDRESS=(HOST=^\"h)))", "quotation mark"),
        (
            "(DESCRIPTION=(ADDRESS=(HOST=a^(b))))",
            "put a value that holds parentheses in quotation marks",
        ),
        ("(DESCRIPTION=(ADDRESS=(HOST=h)^x))", "expected '(' or ')' in ADDRESS, found 'x'"),
        ("(DESCRIPTION=(ADDRESS=^h))", "expected '(' after ADDRESS="),
        ("(^=h)", "expected the name of a parameter"),
        ("(DESCRIPTION^:(ADDRESS=(HOST=h)))", "expected '=' after DESCRIPTION, found ':'"),
        ("h:1521^", "expected ':' and a port, or '/'"),
        ("//h^", "expected ':' and a port, or '/'"),
        ("h,^/s", "expected the name of a host"),
        ("^[::1/s", "expected an IPv6 address and ']'"),
        ("h/s:^fast", "must be dedicated, shared or pooled"),
        ("h/s/^", "expected the name of an instance"),
        ("h/s^$x", "needs a descriptor"),
        ("h/s?^", "expected the name of a parameter"),
        ("h/s?sdu^", "expected '='"),
        ("h/s?sdu=1&^", "expected the name of a parameter"),
        ("h/s?sdu=^x", "SDU must be a whole number"),
        ("h/s?wallet_location=^\"/w", "quotation mark"),
        ("h/s?wallet_location=\"/w\"^x", "expected '&'"),
        ("^", "the connect string is empty"),
        ("^an_alias", "no tnsnames.ora to look it up in"),
        ("  é/sé^ é", "a name that holds other characters"),
    ] {
        let text = marked.replacen('^', "", 1);
        let error = parse_error(&text);
        let position = marked.chars().position(|c| c == '^').unwrap();
        // A space at the place is skipped before something is missed.
        let spaces = text.chars().skip(position).take_while(|c| *c == ' ').count();
        assert!(error.message.contains(part), "{text}: {error}");
        assert_eq!(error.position, position + spaces, "{text}: {error}");
        assert_eq!(error.input, text);
    }
}

#[test]
fn limits_end_what_would_not_end() {
    let deep = format!("{}{}", "(A=".repeat(70), ")".repeat(70));
    let error = parse_error(&deep);
    assert!(error.message.contains("deeper than 64"), "{error}");
    // Not a limit of the stack: the text is refused at its 65th parenthesis.
    let error = parse_error(&"(A=".repeat(10_000));
    assert!(error.message.contains("deeper than 64"), "{error}");
    let error = parse_error(&format!("(A={})", "x".repeat(40_000)));
    assert!(error.message.contains("at most 32768"), "{error}");
}

#[test]
fn passwords_are_refused_and_not_repeated() {
    for text in ["scott/tiger@h/s", "scott/tiger@alias", "scott/tiger@h:99999/s?x=1"] {
        let error = parse_error(text);
        assert!(error.message.contains("split_credentials"), "{error}");
        assert!(!format!("{error:?} {error}").contains("tiger"), "{error:?}");
    }
    let error =
        parse_error("(DESCRIPTION=(ADDRESS=(HOST=h)(PORT=0))(SECURITY=(WALLET_PASSWORD=tiger)))");
    assert!(!format!("{error:?} {error}").contains("tiger"), "{error:?}");
    let split = split_credentials("scott/tiger@h/s");
    assert_eq!(split.connect_string.map(parse), Some(parse("h/s")));
    // An @ that ends no credentials is no reason to refuse.
    parse("tcps://h/s?wallet_location=/home/a@b");
}

#[test]
fn a_value_cannot_break_out_of_its_place() {
    let address = Address::new(Protocol::Tcp, "h", 1521);
    let evil = "s)(SERVER=pooled";
    let descriptor = ConnectDescriptor::single(address.clone(), evil);
    let client = ClientInfo::new("p)(X=1", "m\\", "u");
    let text = descriptor.descriptions[0].connect_data(&client, "id");
    assert!(text.contains("(SERVICE_NAME=\"s)(SERVER=pooled\")"), "{text}");
    assert!(text.contains("(CID=(PROGRAM=p??X?1)(HOST=m?)(USER=u))"), "{text}");
    assert_eq!(parse(&descriptor.to_string()), descriptor);
    let quoted = ConnectDescriptor::single(address, "a\")(B=\"");
    assert_eq!(
        parse(&quoted.to_string()).descriptions[0].connect_data.service_name.as_deref(),
        Some("a?)(B=?")
    );
}

const TNSNAMES: &str = "\
# a comment = (with=parentheses)
sales, Sales.World =
  (DESCRIPTION = # the main one
    (ADDRESS = (PROTOCOL = tcp)(HOST = sales-db)(PORT = 1522))
    (CONNECT_DATA = (SERVICE_NAME = sales)))
this line is rubbish
hr = hr-db:1521/hr   # Easy Connect

chain = sales
broken =
  (DESCRIPTION = (ADDRESS = (HOST = h)(PORT = nil)))
twice = a/s
TWICE = b/s
indented = (DESCRIPTION =
(ADDRESS = (HOST = col0))
)
=no name
empty =
";

#[test]
fn aliases_are_found_in_any_case() {
    let names = TnsNames::parse(TNSNAMES).unwrap();
    let hosts = |alias: &str| {
        let descriptor = resolve(alias, Some(&names)).unwrap_or_else(|e| panic!("{e}"));
        descriptor.addresses().map(Address::authority).collect::<Vec<_>>().join(" ")
    };
    for (alias, expected) in [
        ("sales", "sales-db:1522"),
        ("SALES.world", "sales-db:1522"),
        (" Hr ", "hr-db:1521"),
        ("twice", "b:1521"),
        ("indented", "col0:1521"),
    ] {
        assert_eq!(hosts(alias), expected, "{alias}");
    }
    // A connect string that is no alias is read without the file.
    assert_eq!(resolve("h/s", Some(&names)).unwrap(), parse("h/s"));
    let aliases: Vec<&str> = names.aliases().collect();
    let expected = ["broken", "chain", "hr", "indented", "sales", "Sales.World", "TWICE"];
    assert_eq!(aliases, expected);
    assert_eq!(names.get("HR"), Some("hr-db:1521/hr"));
}

#[test]
fn errors_in_an_entry_name_file_and_line() {
    let names = TnsNames::parse(TNSNAMES).unwrap();
    let error = resolve("broken", Some(&names)).unwrap_err();
    assert!(error.message.contains("broken: PORT must be a number"), "{error}");
    assert!(error.to_string().contains("(tnsnames.ora line 11, column "), "{error}");
    let error = resolve("chain", Some(&names)).unwrap_err();
    assert!(
        error.message.contains("not for another alias; write what sales stands for"),
        "{error}"
    );
    assert!(error.to_string().contains("(tnsnames.ora line 9, column 1)"), "{error}");
}

#[test]
fn an_unknown_alias_lists_those_that_look_like_it() {
    let names = TnsNames::parse(TNSNAMES).unwrap();
    for (alias, part) in [
        ("slaes", "similar aliases: sales"),
        ("SALE", "sales"),
        ("world", "Sales.World"),
        ("xyzzy", "has 7 aliases, none like it"),
    ] {
        let error = resolve(alias, Some(&names)).unwrap_err();
        assert!(error.message.contains(part), "{alias}: {error}");
        assert_eq!(error.input, alias);
    }
}

#[test]
fn an_entry_that_is_never_closed_does_not_swallow_the_next() {
    let text = "a = (DESCRIPTION = (ADDRESS = (HOST = h))\n\nb = (DESCRIPTION=\n  (ADDRESS=(HOST=b)))\nc=c/s\n";
    let names = TnsNames::parse(text).unwrap();
    assert_eq!(resolve("b", Some(&names)).unwrap(), parse("(ADDRESS=(HOST=b))"));
    assert_eq!(resolve("c", Some(&names)).unwrap(), parse("c/s"));
    let error = resolve("a", Some(&names)).unwrap_err();
    assert!(error.message.contains("a: unbalanced parenthesis"), "{error}");
    assert!(error.to_string().contains("line 1, column 1)"), "{error}");
}

#[test]
fn a_large_file_takes_no_longer_than_its_size() {
    let start = std::time::Instant::now();
    let balanced: String = (0..40_000).map(|i| format!("alias{i} = h/s\n")).collect();
    assert_eq!(TnsNames::parse(&balanced).unwrap().aliases().count(), 40_000);
    let open: String = (0..3_000).map(|i| format!("alias{i} = (X=(Y=\n")).collect();
    assert_eq!(TnsNames::parse(&open).unwrap().aliases().count(), 3_000);
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    let error = TnsNames::parse(&"x".repeat(5_000_000)).unwrap_err();
    assert!(error.message.contains("more than 4194304 bytes"), "{error}");
}

fn include_from<'a>(
    files: &'a [(&'a str, &'a str)],
) -> impl FnMut(&str, &str) -> Result<IncludedFile, String> + 'a {
    move |wanted, _by| {
        let found = files.iter().find(|(name, _)| *name == wanted);
        let (name, text) = found.ok_or("no such file")?;
        Ok(IncludedFile { name: (*name).to_owned(), text: (*text).to_owned() })
    }
}

#[test]
fn included_files_are_asked_for() {
    let mut include = include_from(&[
        ("more.ora", "b = b/s\nIFILE = \"third.ora\"\nbad = (DESCRIPTION=(ADDRESS=(PORT=1)))"),
        ("third.ora", "c = c/s\n"),
    ]);
    let main = "a = a/s\nifile = more.ora\nb2 = b2/s\n";
    let names = TnsNames::parse_with("main.ora", main, &mut include).unwrap();
    assert_eq!(names.aliases().collect::<Vec<_>>(), ["a", "b", "b2", "bad", "c"]);
    let error = resolve("bad", Some(&names)).unwrap_err();
    assert!(error.to_string().contains("(more.ora line 3, column "), "{error}");
}

#[test]
fn included_files_that_cannot_be_are_an_error_at_their_line() {
    let mut include = include_from(&[
        ("loop.ora", "x = x/s\n\nIFILE = main.ora"),
        ("main.ora", ""),
        ("self.ora", "IFILE=self.ora"),
    ]);
    for (main, parts) in [
        ("IFILE = loop.ora", ["circle: main.ora -> loop.ora -> main.ora", "(loop.ora line 3"]),
        ("\nIFILE = self.ora", ["circle", "(self.ora line 1"]),
        ("\n\nIFILE = gone.ora", ["cannot include gone.ora: no such file", "(main.ora line 3"]),
    ] {
        let error = TnsNames::parse_with("main.ora", main, &mut include).unwrap_err();
        for part in parts {
            assert!(error.to_string().contains(part), "{main}: {error}");
        }
    }
    let mut deeper = 0;
    let mut endless = |_: &str, _: &str| {
        deeper += 1;
        Ok(IncludedFile { name: deeper.to_string(), text: "IFILE = next".to_owned() })
    };
    let error = TnsNames::parse_with("main.ora", "IFILE = next", &mut endless).unwrap_err();
    assert!(error.message.contains("more than 8 deep"), "{error}");
    let error = TnsNames::parse("IFILE = other.ora").unwrap_err();
    assert!(error.message.contains("put the entries into one text"), "{error}");
}

// What a parameter can hold: no quotation mark, which has no way to be written.
fn value() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9é ()=,.&?#'/:@_-]{1,12}"
}

fn name() -> impl Strategy<Value = String> {
    "[a-z][a-z0-9_.-]{0,8}"
}

fn choice() -> impl Strategy<Value = Choice> {
    any::<(bool, bool, bool)>().prop_map(|(failover, load_balance, source_route)| Choice {
        failover,
        load_balance,
        source_route,
    })
}

fn protocol() -> impl Strategy<Value = Protocol> {
    prop_oneof![Just(Protocol::Tcp), Just(Protocol::Tcps)]
}

prop_compose! {
    fn address()(
        protocol in protocol(),
        host in prop_oneof![name(), Just("2001:db8::1".to_owned()), value()],
        port in 1..=u16::MAX,
        https_proxy in proptest::option::of(name()),
        https_proxy_port in any::<u16>(),
    ) -> Address {
        Address { protocol, host, port, https_proxy, https_proxy_port }
    }
}

fn address_list() -> impl Strategy<Value = AddressList> {
    let addresses = proptest::collection::vec(address(), 1..4);
    (choice(), addresses).prop_map(|(choice, addresses)| AddressList { choice, addresses })
}

fn extra() -> impl Strategy<Value = Vec<Parameter>> {
    let leaf = ("X_[A-Z]{1,5}", value()).prop_map(|(name, text)| Parameter::text(name, text));
    let tree = leaf.prop_recursive(3, 12, 3, |inner| {
        ("X_[A-Z]{1,5}", proptest::collection::vec(inner, 1..3))
            .prop_map(|(name, group)| Parameter { name, value: ParameterValue::Group(group) })
    });
    proptest::collection::vec(tree, 0..3)
}

prop_compose! {
    fn connect_data()(
        service_name in proptest::option::of(value()),
        (instance_name, sid) in prop_oneof![
            Just((None, None)),
            value().prop_map(|name| (Some(name), None)),
            value().prop_map(|name| (None, Some(name))),
        ],
        server_type in proptest::option::of(prop_oneof![
            Just(ServerType::Dedicated), Just(ServerType::Shared), Just(ServerType::Pooled)
        ]),
        pool_connection_class in proptest::option::of(value()),
        pool_purity in prop_oneof![
            Just(PoolPurity::Default), Just(PoolPurity::New), Just(PoolPurity::Reuse)
        ],
        pool_boundary in proptest::option::of(name()),
        pool_name in proptest::option::of(value()),
        connection_id_prefix in proptest::option::of(name()),
        use_tcp_fast_open in any::<bool>(),
        extra in extra(),
    ) -> ConnectData {
        ConnectData {
            service_name, instance_name, sid, server_type, pool_connection_class, pool_purity,
            pool_boundary, pool_name, connection_id_prefix, use_tcp_fast_open, extra,
        }
    }
}

prop_compose! {
    fn security()(
        server_dn_match in any::<bool>(),
        server_cert_dn in proptest::option::of(value()),
        tls_version in proptest::option::of(prop_oneof![
            Just(TlsVersion::V1_2), Just(TlsVersion::V1_3)
        ]),
        wallet_location in proptest::option::of(value()),
        extra in extra(),
    ) -> Security {
        Security { server_dn_match, server_cert_dn, tls_version, wallet_location, extra }
    }
}

prop_compose! {
    fn description()(
        choice in choice(),
        address_lists in proptest::collection::vec(address_list(), 1..4),
        retry_count in prop_oneof![Just(0), any::<u32>()],
        retry_delay in 0..100_000_u64,
        expire_time in any::<u32>(),
        transport_connect_timeout in 0..100_000_u64,
        use_sni in any::<bool>(),
        sdu in 512..2_097_153_u32,
        connect_data in connect_data(),
        security in security(),
        extra in extra(),
    ) -> Description {
        let mut description = Description {
            choice, address_lists, retry_count,
            retry_delay: Duration::from_millis(retry_delay),
            expire_time,
            transport_connect_timeout: Duration::from_millis(transport_connect_timeout),
            use_sni, sdu, connect_data, security, extra,
        };
        normalise(&mut description);
        description
    }
}

/// Takes out what a text, as the official driver writes it, does not say.
fn normalise(description: &mut Description) {
    let bare = |list: &AddressList| list.addresses.len() == 1 && list.choice == Choice::default();
    if description.retry_count == 0 || description.retry_delay.is_zero() {
        description.retry_delay = Description::default().retry_delay;
    }
    if !description.uses_tls() {
        description.security = Security::default();
    }
    match description.address_lists.as_mut_slice() {
        [list] => {
            description.choice.source_route = false;
            if bare(list) {
                description.choice = Choice::default();
            }
        }
        lists if lists.iter().all(bare) => lists[0].choice.load_balance = true,
        _ => {}
    }
}

fn descriptor() -> impl Strategy<Value = ConnectDescriptor> {
    (choice(), proptest::collection::vec(description(), 1..3))
        .prop_map(|(choice, descriptions)| ConnectDescriptor { choice, descriptions })
}

proptest! {
    #[test]
    fn a_descriptor_that_is_written_reads_the_same(descriptor in descriptor()) {
        let text = descriptor.to_string();
        prop_assert_eq!(ConnectDescriptor::parse(&text), Ok(descriptor), "{}", text);
    }

    #[test]
    fn no_text_panics_and_every_error_can_be_shown(
        text in prop_oneof![
            "\\PC{0,80}",
            "[()=\"/:,;?&@#.\\[\\] \n\té]{0,60}",
            "(\\((DESCRIPTION|ADDRESS|ADDRESS_LIST|CONNECT_DATA|SECURITY|HOST|PORT|X)=|\\)|h|\"| |1|\n){0,40}",
            "(h|:|1521|,|;|/|svc|pooled|\\?|sdu|=|&|\"|\\[|\\]|é){0,20}",
        ],
    ) {
        let _ = split_credentials(&text);
        for result in [
            ConnectDescriptor::parse(&text),
            TnsNames::parse(&format!("alias = {text}"))
                .and_then(|names| resolve("alias", Some(&names))),
        ] {
            match result {
                Ok(descriptor) => {
                    let written = descriptor.to_string();
                    let read = ConnectDescriptor::parse(&written);
                    prop_assert!(read.is_ok(), "{text}: {written}: {read:?}");
                    let _ = descriptor.plan(1).take(20).count();
                }
                Err(error) => {
                    let _ = error.to_string();
                    prop_assert!(error.position <= error.input.chars().count(), "{error:?}");
                }
            }
        }
    }

    #[test]
    fn easy_connect_agrees_with_the_descriptor_made_of_the_same_parts(
        protocol in protocol(),
        hosts in proptest::collection::vec((name(), 1..=u16::MAX), 1..4),
        service in name(),
        server in proptest::option::of(prop_oneof![Just("dedicated"), Just("pooled")]),
        instance in proptest::option::of(name()),
        sdu in proptest::option::of(512..65_536_u32),
        retry in proptest::option::of(1..9_u32),
    ) {
        let protocol = protocol.name();
        let mut easy = format!("{protocol}://");
        let mut addresses = String::new();
        for (index, (host, port)) in hosts.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            easy += &format!("{comma}{host}:{port}");
            addresses += &format!("(ADDRESS=(PROTOCOL={protocol})(HOST={host})(PORT={port}))");
        }
        easy += &format!("/{service}");
        let mut data = format!("(SERVICE_NAME={service})");
        if let Some(server) = server {
            easy += &format!(":{server}");
            data += &format!("(SERVER={server})");
        }
        if let Some(instance) = instance {
            easy += &format!("/{instance}");
            data += &format!("(INSTANCE_NAME={instance})");
        }
        let mut flags = String::new();
        let mut separator = '?';
        for (name, value) in [("sdu", sdu), ("retry_count", retry)] {
            if let Some(value) = value {
                easy += &format!("{separator}{name}={value}");
                flags += &format!("({name}={value})");
                separator = '&';
            }
        }
        let text = format!("(DESCRIPTION={flags}(ADDRESS_LIST={addresses})(CONNECT_DATA={data}))");
        prop_assert_eq!(parse(&easy), parse(&text));
    }
}

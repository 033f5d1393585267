//! Our requests for a token beside those of Oracle's and Microsoft's libraries: the simulated services
//! tell the form of each request that reached them, and `tests/vectors/token_requests.jsonl` has the
//! forms of the libraries' (python-oracledb 26.1.0, oci 2.189.0 and msal 1.39.0; `cargo xtask test
//! --only tokens` compares that file with what they send then).

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};

use oraedge::client::TokenSource;
use oraedge_native::{ConnectOptions, Trust};
use oraedge_simulator::listen::Simulator;
use serde_json::{Value, json};

const ANY_PORT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// Requests that the libraries send and we do not need: the address of the token service of Entra ID
/// follows from the authority, and the instance's identifier is asked for when no variable says whose
/// token is wanted.
const NOT_OURS: [&str; 2] = ["/*/v2.0/.well-known/openid-configuration", "/opc/v2/instance/id"];
/// Headers that are of an HTTP library, of a product, or statistics; no service decides by them.
const NOT_COMPARED: [&str; 12] = [
    "accept-encoding",
    "client-request-id",
    "connection",
    "opc-client-info",
    "opc-request-id",
    "user-agent",
    "x-client-current-telemetry",
    "x-client-last-telemetry",
    "x-client-os",
    "x-client-sku",
    "x-client-ver",
    "x-ms-lib-capability",
];

/// What is compared of a request's form, and what must be there of it at least.
fn reduced(shape: &Value) -> Value {
    let mut shape = shape.clone();
    let list = shape["headers"].as_array().cloned().unwrap_or_default();
    let compared = list.into_iter().filter(|name| {
        // A body's type is told of a request that has none, too, by one of them; and what is
        // accepted is JSON in any case.
        let of_body = name == "content-type" && shape["body"].is_null();
        !of_body && name != "accept" && !NOT_COMPARED.iter().any(|other| name == other)
    });
    let headers: Vec<Value> = compared.collect();
    let content_type = match shape["body"].is_null() {
        true => Value::Null,
        false => shape["values"]["content-type"].clone(),
    };
    if let Some(body) = shape["body"].as_object_mut() {
        // msal asks for more about the user that there is not.
        body.remove("client_info");
    }
    json!({
        "method": shape["method"],
        "path": shape["path"],
        "headers": headers,
        "content-type": content_type,
        "authorization": shape["authorization"],
        "body": shape["body"],
    })
}

/// Which request of a method it is: the service, and who signs.
fn key(shape: &Value) -> String {
    let scope = shape["body"]["scope"].as_str().unwrap_or_default();
    let path = shape["path"].as_str().unwrap_or_default();
    format!("{path} {} {scope}", shape["authorization"]["keyId"])
}

async fn ask(simulator: &Simulator, kind: &str, params: &[(&str, String)]) {
    let environment = simulator.identity().unwrap().environment().unwrap();
    let variables: Vec<(String, String)> = environment["principals"][kind]
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
        .collect();
    let provider = ConnectOptions::without_password("tcps://localhost:1/x")
        .trust(Trust::only_pem(simulator.ca_pem().unwrap().as_bytes()).unwrap())
        .token_environment(variables)
        .extra_auth_params(params.iter().map(|(name, value)| (*name, value.as_str())))
        .unwrap()
        .token_provider()
        .unwrap()
        .unwrap();
    provider.token(false).await.unwrap_or_else(|error| panic!("{kind} {error}"));
}

#[tokio::test]
async fn our_requests_have_the_form_of_the_libraries() {
    let folder = std::env::temp_dir().join(format!("oraedge-requests-{}", std::process::id()));
    let simulator = Simulator::builder()
        .identity(ANY_PORT)
        .identity_tls(ANY_PORT)
        .identity_folder(&folder)
        .start()
        .await
        .unwrap();
    let environment = simulator.identity().unwrap().environment().unwrap().clone();
    let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{value}")).to_owned();
    let endpoint = ("endpoint", text(&environment["urls"]["tls"]));
    let federation = ("federationEndpoint", endpoint.1.clone());
    let method = |name: &str| ("auth_type", name.to_owned());
    let database = &environment["database"];
    let scope = format!(
        "urn:oracle:db::id::{}::{}",
        text(&database["compartment"]),
        text(&database["ocid"])
    );
    let default = [method("ConfigFileAuthentication"), endpoint.clone()];
    ask(&simulator, "apiKey", &default).await;
    ask(&simulator, "apiKey", &[&default[..], &[("scope", scope)]].concat()).await;
    let session = [method("SecurityToken"), ("profile", "st_1".to_owned()), endpoint.clone()];
    ask(&simulator, "apiKey", &session).await;
    let instance = [method("InstancePrincipal"), endpoint.clone(), federation.clone()];
    ask(&simulator, "instance", &instance).await;
    for kind in ["resource1.1", "resource2.1", "resource2.1.1", "resource2.1.2", "resource2.2"] {
        let params = [method("ResourcePrincipal"), endpoint.clone(), federation.clone()];
        ask(&simulator, kind, if kind == "resource1.1" { &params } else { &params[..2] }).await;
    }
    let azure = &environment["azure"];
    let service_principal = [
        method("AzureServicePrincipal"),
        ("authority", text(&azure["authority"])),
        ("client_id", text(&azure["clientId"])),
        ("client_credential", text(&azure["clientSecret"])),
        ("scopes", text(&azure["scopes"])),
    ];
    ask(&simulator, "", &service_principal).await;

    let report = simulator.identity().unwrap().world().services.control().report();
    let ours: BTreeMap<String, Value> = report["requests"]
        .as_array()
        .unwrap()
        .iter()
        .map(|request| (key(&request["shape"]), reduced(&request["shape"])))
        .collect();
    let mut compared = 0;
    let mut differences = Vec::new();
    for line in include_str!("../../../tests/vectors/token_requests.jsonl").lines() {
        let theirs: Value = serde_json::from_str(line).unwrap();
        if NOT_OURS.iter().any(|path| theirs["path"] == *path) {
            continue;
        }
        compared += 1;
        let key = key(&theirs);
        let theirs = reduced(&theirs);
        match ours.get(&key) {
            Some(ours) if *ours == theirs => {}
            Some(ours) => differences.push(format!("{key}\n  theirs {theirs}\n  ours   {ours}")),
            None => differences.push(format!("{key}\n  theirs alone; ours: {:?}", ours.keys())),
        }
    }
    let _ = std::fs::remove_dir_all(&folder);
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert!(compared >= 15, "{compared}");
}

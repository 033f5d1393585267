//! OAuth2: identity domains and Entra ID.

use base64ct::{Base64, Base64UrlUnpadded, Encoding};
use oraedge::auth::oci::ApiKey;
use oraedge::time::UnixTime;
use serde_json::{Value, json};

use crate::script::*;

pub(crate) const SECRET: &str = "s3cret&+ value";

pub(crate) fn azure() -> Script {
    Script::new(&[
        ("auth_type", "AzureServicePrincipal"),
        ("authority", "https://login.microsoftonline.com/contoso"),
        ("client_id", "app"),
        ("client_credential", SECRET),
        ("scopes", "https://contoso.example/db/.default"),
    ])
}

pub(crate) fn azure_certificate() -> Script {
    let mut script = azure().param("client_certificate", LEAF).param("key_content", LEAF_KEY);
    script.params.retain(|(name, _)| name != "client_credential");
    script
}

pub(crate) fn identity_domain() -> Script {
    Script::new(&[
        ("authType", "clientCredentials"),
        ("authority", "https://idcs.example/oauth2/v1/token"),
        ("clientId", "app"),
        ("clientSecret", SECRET),
        ("scopes", "urn:db"),
    ])
}

pub(crate) fn bearer_token() -> Answer {
    ok(json!({ "token_type": "Bearer", "expires_in": 3599, "access_token": token() }))
}

fn form(log: &Log) -> Vec<(String, String)> {
    assert_eq!(log.requests[0].header("content-type"), Some("application/x-www-form-urlencoded"));
    let body = String::from_utf8(log.requests[0].body.clone().unwrap()).unwrap();
    body.split('&')
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap();
            (decode(name), decode(value))
        })
        .collect()
}

fn decode(text: &str) -> String {
    let mut out = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [bytes.next().unwrap(), bytes.next().unwrap()];
                u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
            }
            byte => byte,
        });
    }
    String::from_utf8(out).unwrap()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn entra_id_gives_a_bearer_token_for_a_secret() {
    let (got, log) = azure().answer(bearer_token()).run();
    let got = got.unwrap();
    assert_eq!(text_of(&got), token());
    assert_eq!(got.key, None);
    assert_eq!(got.expires_at, Some(UnixTime::from_secs(NOW.as_secs() + 3600)));
    assert_eq!(log.urls(), ["https://login.microsoftonline.com/contoso/oauth2/v2.0/token"]);
    assert_eq!(
        form(&log),
        pairs(&[
            ("client_id", "app"),
            ("scope", "https://contoso.example/db/.default"),
            ("grant_type", "client_credentials"),
            ("client_secret", SECRET),
        ])
    );
    assert!(log.files.is_empty() && log.key_bits.is_empty());
}

#[test]
fn entra_id_takes_a_signed_assertion_instead_of_a_secret() {
    let both = format!("{LEAF_KEY}{LEAF}");
    let mut in_one_file =
        azure().param("client_certificate_file", "~/app.pem").file("/home/scott/app.pem", &both);
    in_one_file.params.retain(|(name, _)| name != "client_credential");
    for script in [azure_certificate(), in_one_file] {
        let (got, log) = script.answer(bearer_token()).run();
        got.unwrap();
        let form = form(&log);
        let field = |name: &str| &form.iter().find(|(other, _)| other == name).unwrap().1;
        assert_eq!(
            field("client_assertion_type"),
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        );
        let parts: Vec<&str> = field("client_assertion").split('.').collect();
        let json = |at: usize| -> Value {
            serde_json::from_slice(&Base64UrlUnpadded::decode_vec(parts[at]).unwrap()).unwrap()
        };
        // What OpenSSL says of leaf.pem.
        let fingerprint = include_str!("../vectors/token_flows/leaf_fingerprint.txt");
        let thumbprint: Vec<u8> = fingerprint
            .trim()
            .split(':')
            .map(|pair| u8::from_str_radix(pair, 16).unwrap())
            .collect();
        assert_eq!(json(0)["alg"], "RS256");
        assert_eq!(json(0)["x5t"], Base64UrlUnpadded::encode_string(&thumbprint));
        let claims = json(1);
        assert_eq!(claims["aud"], "https://login.microsoftonline.com/contoso/oauth2/v2.0/token");
        assert_eq!((&claims["iss"], &claims["sub"]), (&json!("app"), &json!("app")));
        assert_eq!(claims["exp"], NOW.as_secs() + 600);
        assert_eq!(claims["jti"].as_str().unwrap().len(), 36);
        let key = ApiKey::from_pem(LEAF_KEY, None).unwrap();
        let signed = format!("{}.{}", parts[0], parts[1]);
        let signature = key.sign_sha256(signed.as_bytes()).unwrap();
        assert_eq!(parts[2], Base64UrlUnpadded::encode_string(&signature));
    }
}

#[test]
fn entra_id_exchanges_a_users_token() {
    for flow in [None, Some("on_behalf_of"), Some("onBehalfOf")] {
        let mut script = azure().param("user_assertion", "user.token.x");
        if let Some(flow) = flow {
            script = script.param("auth_flow", flow);
        }
        let (got, log) = script.answer(bearer_token()).run();
        got.unwrap();
        let form = form(&log);
        for (name, value) in [
            ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
            ("requested_token_use", "on_behalf_of"),
            ("assertion", "user.token.x"),
            ("client_secret", SECRET),
        ] {
            assert!(form.contains(&(name.to_owned(), value.to_owned())), "{name}: {form:?}");
        }
    }
}

#[test]
fn an_identity_domain_gives_a_bearer_token() {
    let (got, log) = identity_domain().answer(bearer_token()).run();
    assert_eq!(text_of(&got.unwrap()), token());
    assert_eq!(log.urls(), ["https://idcs.example/oauth2/v1/token"]);
    let basic = format!("Basic {}", Base64::encode_string(format!("app:{SECRET}").as_bytes()));
    assert_eq!(log.requests[0].header("authorization"), Some(basic.as_str()));
    assert_eq!(form(&log), pairs(&[("grant_type", "client_credentials"), ("scope", "urn:db")]));
}

#[test]
fn opaque_bearer_tokens_live_as_long_as_the_service_says() {
    for (expires_in, expires_at) in [
        (json!(100), Some(100)),
        (json!("100"), Some(100)),
        (json!(null), None),
        (json!(-5), None),
        (json!("soon"), None),
    ] {
        let body = json!({ "access_token": "opaque", "expires_in": expires_in });
        let (got, _) = identity_domain().answer(ok(body)).run();
        let expected = expires_at.map(|secs: u64| UnixTime::from_secs(NOW.as_secs() + secs));
        assert_eq!(got.unwrap().expires_at, expected, "{expires_in}");
    }
}

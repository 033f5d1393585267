//! The services, request by request.

use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::control::{Endpoint, Fault};
use super::http::{Reply, Request, Response};
use super::jwt::{self, Token};
use super::keys::PrivateKey;
use super::services::{Arrival, Services};
use super::testing::{self, SignedRequest};
use super::{entra, sample};

const SCOPED: &str = "/v1/actions/generateScopedAccessToken";

fn send(services: &Services, request: &Request) -> Response {
    match services.handle(request, Arrival::Plain) {
        Reply::Whole(response) => response,
        other => panic!("{other:?}"),
    }
}

fn body(response: &Response) -> Value {
    serde_json::from_slice(&response.body)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&response.body)))
}

fn user_key_id() -> String {
    let fingerprint = testing::key(0).public_key().fingerprint();
    format!("{}/{}/{fingerprint}", sample::TENANCY, sample::USER)
}

fn scoped_body(scope: &str) -> Value {
    json!({"scope": scope, "publicKey": testing::key(1).public_key().to_pem()})
}

fn post(target: &str, body: &Value, key_id: &str, key: &PrivateKey) -> Request {
    SignedRequest::post(target, body.to_string().as_bytes()).sign(key_id, key, SystemTime::now())
}

fn plain(method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Request {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Request {
        method: method.to_owned(),
        target: target.to_owned(),
        headers: [("host".to_owned(), "localhost:1".to_owned())]
            .into_iter()
            .chain(headers)
            .collect(),
        body: body.as_bytes().to_vec(),
    }
}

#[test]
fn an_api_key_gets_a_database_token() {
    let services = testing::services();
    let request =
        post(SCOPED, &scoped_body("urn:oracle:db::id::*"), &user_key_id(), &testing::key(0));
    let response = send(&services, &request);
    assert_eq!(response.status, 200);
    assert!(response.header("opc-request-id").is_some() && response.header("Date").is_some());
    let token = body(&response)["token"].as_str().expect("a token").to_owned();
    let token = Token::parse(&token).expect("a JWT");
    assert_eq!(token.text("sub"), Some(sample::USER));
    assert_eq!(token.text("scope"), Some("urn:oracle:db::id::*"));
    assert_eq!(token.proof_key(), Some(testing::key(1).public_key()));
    let times = [token.time("iat"), token.time("exp")].map(|time| jwt::seconds(time.expect("set")));
    assert_eq!(times[1] - times[0], 3600);
}

#[test]
fn scoped_tokens_are_refused_as_the_service_does() {
    let services = testing::services();
    let user = services.directory().principal(sample::USER).expect("of the sample");
    let (key, other) = (testing::key(0), testing::key(1));
    let id = user_key_id();
    let good = scoped_body("urn:oracle:db::id::*");
    let old = SystemTime::now() - Duration::from_secs(7200);
    let session = |at| services.directory().issue_session_token(&user, &key.public_key(), at);
    let current = format!("ST${}", session(SystemTime::now()));
    let expired = format!("ST${}", session(old));
    let unknown_user = id.replace(sample::USER, "ocid1.user.oc1..nobody");
    let wrong_fingerprint = id.replace(&key.public_key().fingerprint(), "00:11");
    let small = json!({"scope": "urn:oracle:db::id::*", "publicKey": "MIIBIjAN"});
    let fingerprint = key.public_key().fingerprint();
    let outsider = format!("{}/{}/{fingerprint}", sample::TENANCY, sample::OUTSIDER);
    services.directory().add_api_key(sample::TENANCY, sample::OUTSIDER, key.public_key());
    for (what, status, code, request) in [
        ("no policy", 404, "NotAuthorizedOrNotFound", post(SCOPED, &good, &outsider, &key)),
        ("a session", 200, "", post(SCOPED, &good, &current, &key)),
        ("an expired session", 401, "NotAuthenticated", post(SCOPED, &good, &expired, &key)),
        ("a session's other key", 401, "NotAuthenticated", post(SCOPED, &good, &current, &other)),
        ("another key", 401, "NotAuthenticated", post(SCOPED, &good, &id, &other)),
        ("an unknown user", 401, "NotAuthenticated", post(SCOPED, &good, &unknown_user, &key)),
        ("a fingerprint", 401, "NotAuthenticated", post(SCOPED, &good, &wrong_fingerprint, &key)),
        ("no signature", 401, "NotAuthenticated", plain("POST", SCOPED, &[], "{}")),
        (
            "an old date",
            401,
            "NotAuthenticated",
            SignedRequest::post(SCOPED, good.to_string().as_bytes()).sign(&id, &key, old),
        ),
        ("a scope", 400, "InvalidParameter", post(SCOPED, &scoped_body("db"), &id, &key)),
        ("a small key", 400, "InvalidParameter", post(SCOPED, &small, &id, &key)),
        ("no scope", 400, "InvalidParameter", post(SCOPED, &json!({}), &id, &key)),
        ("no object", 400, "CannotParseRequest", post(SCOPED, &json!([]), &id, &key)),
        ("a method", 405, "MethodNotAllowed", plain("GET", SCOPED, &[], "")),
        ("a path", 404, "NotAuthorizedOrNotFound", plain("GET", "/v2/nothing", &[], "")),
    ] {
        let response = send(&services, &request);
        assert_eq!(response.status, status, "{what}: {}", body(&response));
        assert_eq!(body(&response)["code"].as_str().unwrap_or_default(), code, "{what}");
    }
}

/// Reads a file of metadata, version 2.
fn metadata(services: &Services, path: &str) -> String {
    let request = plain("GET", path, &[("authorization", "Bearer Oracle")], "");
    let response = send(services, &request);
    assert_eq!(response.status, 200, "{path}");
    String::from_utf8(response.body).expect("text")
}

/// What an instance asks the federation, with this certificate. `key(0)` is the instance's key,
/// `key(1)` that of the session.
fn federation_request(services: &Services, certificate: &str, key_id_kind: &str) -> Request {
    use rsa::sha2::{Digest, Sha256};
    let base64 = |pem: &str| pem.lines().filter(|line| !line.starts_with('-')).collect::<String>();
    let der = STANDARD.decode(base64(certificate)).expect("base64");
    let digest = match key_id_kind {
        "fed-x509" => sha1::Sha1::digest(&der).to_vec(),
        _ => Sha256::digest(&der).to_vec(),
    };
    let fingerprint: Vec<_> = digest.iter().map(|byte| format!("{byte:02X}")).collect();
    let intermediate = metadata(services, "/opc/v2/identity/intermediate.pem");
    let body = json!({
        "certificate": base64(certificate),
        "intermediateCertificates": [base64(&intermediate)],
        "publicKey": base64(&testing::key(1).public_key().to_pem()),
    });
    let key_id = format!("{}/{key_id_kind}/{}", sample::TENANCY, fingerprint.join(":"));
    post("/v1/x509", &body, &key_id, &testing::key(0))
}

#[test]
fn an_instance_becomes_a_principal_by_its_certificate() {
    let services = testing::services();
    let certificate = metadata(&services, "/opc/v2/identity/cert.pem");
    for kind in ["fed-x509", "fed-x509-sha256"] {
        let response = send(&services, &federation_request(&services, &certificate, kind));
        assert_eq!(response.status, 200, "{kind}: {}", body(&response));
        let key_id = format!("ST${}", body(&response)["token"].as_str().expect("a token"));
        let scoped = post(SCOPED, &scoped_body("urn:oracle:db::id::*"), &key_id, &testing::key(1));
        let token = body(&send(&services, &scoped))["token"].as_str().map(Token::parse);
        let token = token.flatten().expect("a JWT");
        assert_eq!(token.text("sub"), Some(sample::INSTANCE));
    }
    let mut request = federation_request(&services, &certificate, "fed-x509");
    testing::edit_authorization(&mut request, sample::TENANCY, "ocid1.tenancy.oc1..other");
    assert_eq!(send(&services, &request).status, 401);
    services.directory().change_settings(|settings| settings.expired_certificate = true);
    let expired = metadata(&services, "/opc/v2/identity/cert.pem");
    assert_ne!(expired, certificate);
    let refused = send(&services, &federation_request(&services, &expired, "fed-x509"));
    assert_eq!(refused.status, 401);
}

#[test]
fn a_resource_becomes_a_principal_with_the_tokens_of_its_host() {
    let services = testing::services();
    let key = testing::key(0);
    let key_id = format!("resource/v2.1.1/{}/{}", sample::TENANCY, sample::RESOURCE);
    let session = |path: &str, key_id: &str, key: &PrivateKey| {
        let request = SignedRequest::get(path).sign(key_id, key, SystemTime::now());
        let tokens = send(&services, &request);
        if tokens.status != 200 {
            return Err(tokens.status);
        }
        let mut tokens = body(&tokens);
        tokens["sessionPublicKey"] = json!(testing::key(1).public_key().to_pem());
        let request = post("/v1/resourcePrincipalSessionToken", &tokens, key_id, key);
        let response = send(&services, &request);
        assert_eq!(response.status, 200, "{}", body(&response));
        Ok(body(&response)["token"].as_str().expect("a token").to_owned())
    };
    let path = format!("/20180711/resourcePrincipalTokenV2/{}", sample::RESOURCE);
    let child = session(&path, &key_id, &key).expect("a session");
    assert_eq!(Token::parse(&child).expect("a JWT").text("sub"), Some(sample::RESOURCE));
    let child_id = format!("ST${child}");
    let parent = session("/", &child_id, &testing::key(1)).expect("a session");
    assert_eq!(Token::parse(&parent).expect("a JWT").text("sub"), Some(sample::PARENT_RESOURCE));
    let other = format!("/20180711/resourcePrincipalTokenV2/{}", sample::WORKLOAD);
    assert_eq!(session(&other, &key_id, &key), Err(404));
    assert_eq!(session(&path, &key_id, &testing::key(1)), Err(401));
    let tenancy = key_id.replace(sample::TENANCY, "ocid1.tenancy.oc1..other");
    assert_eq!(session(&path, &tenancy, &key), Err(401));
}

#[test]
fn a_workload_becomes_a_principal_by_its_service_account() {
    let services = testing::services();
    let now = SystemTime::now();
    let token = services.directory().issue_service_account_token(now);
    let old = services.directory().issue_service_account_token(now - Duration::from_secs(7200));
    let pod_key = json!({"podKey": testing::key(1).public_key().to_pem()}).to_string();
    let ask = |token: &str| {
        let authorization = format!("Bearer {token}");
        let headers = [("authorization", authorization.as_str())];
        send(&services, &plain("POST", "/resourcePrincipalSessionTokens", &headers, &pod_key))
    };
    let response = ask(&token);
    assert_eq!(response.status, 200);
    let decoded = STANDARD.decode(&response.body).expect("base64");
    let answer: Value = serde_json::from_slice(&decoded).expect("JSON");
    let token = answer["token"].as_str().and_then(|token| token.strip_prefix("ST$"));
    let found = services.directory().verify_session_token(token.expect("a token"), now);
    assert_eq!(found.map(|(workload, _)| workload.ocid).as_deref(), Some(sample::WORKLOAD));
    assert_eq!(ask(&old).status, 401);
    assert_eq!(ask("no token").status, 401);
}

#[test]
fn metadata_is_for_the_instance_alone() {
    let services = testing::services();
    let oracle = ("authorization", "Bearer Oracle");
    for (path, headers, status) in [
        ("/opc/v2/instance/region", &[oracle][..], 200),
        ("/opc/v2/instance/region", &[], 403),
        ("/opc/v2/instance/region", &[("authorization", "Bearer oracle")], 403),
        ("/opc/v2/instance/region", &[oracle, ("x-forwarded-for", "192.0.2.1")], 403),
        ("/opc/v1/instance/region", &[], 200),
        ("/opc/v2/instance/nothing", &[oracle], 404),
        ("/opc/v2/nothing", &[oracle], 404),
    ] {
        assert_eq!(send(&services, &plain("GET", path, headers, "")).status, status, "{path}");
    }
    assert_eq!(metadata(&services, "/opc/v2/instance/region"), sample::REGION);
    assert_eq!(metadata(&services, "/opc/v2/instance/id"), sample::INSTANCE);
    let region: Value =
        serde_json::from_str(&metadata(&services, "/opc/v2/instance/regionInfo")).expect("JSON");
    assert_eq!(region["realmDomainComponent"], sample::REALM_DOMAIN);
}

fn form(fields: &[(&str, &str)]) -> String {
    let encode = |text: &str| -> String {
        let bytes = text.bytes();
        bytes
            .map(|byte| match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
                byte => format!("%{byte:02X}"),
            })
            .collect()
    };
    fields
        .iter()
        .map(|(name, value)| format!("{name}={}", encode(value)))
        .collect::<Vec<_>>()
        .join("&")
}

fn azure(services: &Services, fields: &[(&str, &str)]) -> Response {
    let target = format!("/{}/oauth2/v2.0/token", sample::AZURE_TENANT);
    send(services, &plain("POST", &target, &[], &form(fields)))
}

#[test]
fn entra_id_tells_its_errors_by_number() {
    let services = testing::services();
    let scope = format!("{}/.default", sample::database().azure_application_uri);
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_id", sample::AZURE_CLIENT),
        ("client_secret", "azure secret"),
        ("scope", scope.as_str()),
    ];
    let good = azure(&services, &fields);
    assert_eq!(good.status, 200, "{}", body(&good));
    let token = Token::parse(body(&good)["access_token"].as_str().expect("a token"));
    let token = token.expect("a JWT");
    assert_eq!(token.text("iss"), Some(entra::issuer().as_str()));
    assert_eq!(token.text("aud"), Some(sample::AZURE_DATABASE));
    assert_eq!(token.claims["roles"], json!(["oracle_user"]));
    for (name, value, status, number) in [
        ("client_secret", "wrong", 401, 7_000_215),
        ("client_id", "nobody", 400, 700_016),
        ("scope", "https://nobody/.default", 400, 500_011),
        ("scope", "https://nobody/read", 400, 1_002_012),
        ("scope", "a b", 400, 70_011),
        ("scope", "", 400, 900_144),
        ("grant_type", "password", 400, 70_003),
    ] {
        let fields = fields.map(|(field, old)| (field, if field == name { value } else { old }));
        let refused = azure(&services, &fields);
        assert_eq!(refused.status, status, "{name}={value}: {}", body(&refused));
        assert_eq!(body(&refused)["error_codes"], json!([number]), "{name}={value}");
        let text = body(&refused)["error_description"].as_str().unwrap_or_default().to_owned();
        assert!(text.starts_with(&format!("AADSTS{number}: ")), "{text}");
    }
    let other = "/00000000-0000-0000-0000-000000000000/oauth2/v2.0/token";
    let refused = send(&services, &plain("POST", other, &[], &form(&fields)));
    assert_eq!(body(&refused)["error_codes"], json!([90002]));
}

#[test]
fn entra_id_takes_assertions_of_the_registered_certificate() {
    let services = testing::services();
    let application = services.directory().azure_application(sample::AZURE_CLIENT);
    let certificate = application.and_then(|found| found.certificate).expect("registered");
    let now = jwt::seconds(SystemTime::now());
    let audience =
        format!("https://login.microsoftonline.com/{}/oauth2/v2.0/token", sample::AZURE_TENANT);
    let scope = format!("{}/.default", sample::database().azure_application_uri);
    let claims = json!({
        "aud": audience, "iss": sample::AZURE_CLIENT, "sub": sample::AZURE_CLIENT,
        "nbf": now, "exp": now + 600, "jti": "1",
    });
    let header = json!({"alg": "RS256", "typ": "JWT", "x5t": certificate.sha1_thumbprint});
    let changed = |of: &Value, name: &str, value: Value| {
        let mut changed = of.clone();
        changed[name] = value;
        changed
    };
    let elsewhere = changed(&claims, "aud", json!("https://elsewhere"));
    let expired = changed(&claims, "exp", json!(now - 1));
    let stranger = changed(&claims, "sub", json!("somebody"));
    let other = changed(&header, "x5t", json!("AAAA"));
    let key = testing::key(1);
    for (what, key, header, claims, number) in [
        ("good", &key, &header, &claims, None),
        ("another key", &testing::key(2), &header, &claims, Some(700_027)),
        ("another certificate", &key, &other, &claims, Some(700_027)),
        ("another audience", &key, &header, &elsewhere, Some(700_023)),
        ("an expired one", &key, &header, &expired, Some(700_024)),
        ("another subject", &key, &header, &stranger, Some(700_021)),
    ] {
        let assertion = jwt::issue_with_header(key, header, claims);
        let response = azure(
            &services,
            &[
                ("grant_type", "client_credentials"),
                ("client_id", sample::AZURE_CLIENT),
                ("scope", &scope),
                ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
                ("client_assertion", &assertion),
            ],
        );
        let found = body(&response)["error_codes"][0].as_u64();
        assert_eq!(found, number, "{what}: {}", body(&response));
    }
}

#[test]
fn entra_id_acts_on_behalf_of_a_user() {
    let services = testing::services();
    let (directory, now) = (services.directory(), SystemTime::now());
    let ours = entra::user_token(directory, sample::AZURE_CLIENT, now);
    let for_others = entra::user_token(directory, "somebody", now);
    let old = entra::user_token(directory, sample::AZURE_CLIENT, now - Duration::from_secs(7200));
    let scope = format!("{}/session:scope:connect", sample::database().azure_application_uri);
    for (assertion, number) in [
        (ours.as_str(), None),
        (&for_others, Some(500_131)),
        (&old, Some(500_133)),
        ("rubbish", Some(50_027)),
    ] {
        let response = azure(
            &services,
            &[
                ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
                ("client_id", sample::AZURE_CLIENT),
                ("client_secret", "azure secret"),
                ("scope", &scope),
                ("assertion", assertion),
                ("requested_token_use", "on_behalf_of"),
            ],
        );
        assert_eq!(body(&response)["error_codes"][0].as_u64(), number, "{}", body(&response));
        if number.is_none() {
            let token = body(&response)["access_token"].as_str().expect("a token").to_owned();
            let user = directory.verify_database_token(&token, None, now, directory.database());
            assert_eq!(user.expect("good for the database").name, sample::AZURE_USER);
        }
    }
}

#[test]
fn an_identity_domain_gives_tokens_to_its_applications() {
    let services = testing::services();
    let ask = |credentials: &str, fields: &[(&str, &str)]| {
        let authorization = format!("Basic {}", STANDARD.encode(credentials));
        let headers = [("authorization", authorization.as_str())];
        send(&services, &plain("POST", "/oauth2/v1/token", &headers, &form(fields)))
    };
    let credentials = format!("{}:domain secret", sample::DOMAIN_CLIENT);
    let grant = ("grant_type", "client_credentials");
    let scope = ("scope", "urn:simulator:database::connect");
    let good = ask(&credentials, &[grant, scope]);
    assert_eq!(good.status, 200, "{}", body(&good));
    let token = body(&good)["access_token"].as_str().expect("a token").to_owned();
    let directory = services.directory();
    let found =
        directory.verify_database_token(&token, None, SystemTime::now(), directory.database());
    assert_eq!(found.expect("good for the database").ocid, sample::DOMAIN_CLIENT);
    for (credentials, fields, status, error) in [
        ("nobody:secret", [grant, scope], 401, "invalid_client"),
        (&credentials, [grant, ("scope", "urn:other")], 400, "invalid_scope"),
        (&credentials, [("grant_type", "password"), scope], 400, "unsupported_grant_type"),
    ] {
        let refused = ask(credentials, &fields);
        assert_eq!((refused.status, &body(&refused)["error"]), (status, &json!(error)));
    }
}

#[test]
fn switches_are_turned_over_http_and_counted() {
    let services = testing::services();
    let admin = |method, path, body: Value| {
        let response = send(&services, &plain(method, path, &[], &body.to_string()));
        (response.status, super::tests::body(&response))
    };
    let ask = || {
        let body = scoped_body("urn:oracle:db::id::*");
        send(&services, &post(SCOPED, &body, &user_key_id(), &testing::key(0)))
    };
    let fault = json!({"endpoint": "scoped-token", "fault": 429, "count": 1});
    assert_eq!(admin("POST", "/simulator/faults", fault).0, 200);
    assert_eq!((ask().status, ask().status), (429, 200));
    let offset = json!({"clockOffsetSeconds": 600});
    assert_eq!(admin("POST", "/simulator/settings", offset).0, 200);
    let refused = ask();
    assert_eq!(refused.status, 401);
    let message = body(&refused)["message"].as_str().unwrap_or_default().to_owned();
    assert!(message.contains("clock skew"), "{message}");
    let broken = json!({"clockOffsetSeconds": 0, "brokenExpiry": "soon"});
    assert_eq!(admin("POST", "/simulator/settings", broken).0, 200);
    let token = Token::parse(body(&ask())["token"].as_str().expect("a token")).expect("a JWT");
    assert_eq!(token.claims["exp"], "soon");
    let (_, report) = admin("GET", "/simulator/requests", json!({}));
    assert_eq!(report["counts"]["scoped-token"], 4);
    assert_eq!(report["requests"][0]["status"], 429);
    assert_eq!(admin("POST", "/simulator/reset", json!({})).0, 200);
    assert_eq!(services.control().count(Endpoint::ScopedToken), 0);
    for (path, body) in [
        ("/simulator/faults", json!({"endpoint": "nothing", "fault": 429})),
        ("/simulator/faults", json!({"endpoint": "x509", "fault": "nothing"})),
        ("/simulator/settings", json!({"nothing": 1})),
        ("/simulator/settings", json!({"clockOffsetSeconds": "soon"})),
    ] {
        assert_eq!(admin("POST", path, body).0, 400, "{path}");
    }
    let tls = services.handle(&plain("GET", "/simulator/requests", &[], ""), Arrival::Tls);
    assert!(matches!(tls, Reply::Whole(Response { status: 404, .. })), "{tls:?}");
}

#[test]
fn a_stalled_or_cut_answer_is_the_whole_one() {
    let services = testing::services();
    let request =
        post(SCOPED, &scoped_body("urn:oracle:db::id::*"), &user_key_id(), &testing::key(0));
    let control = services.control();
    control.add_fault(Endpoint::ScopedToken, Fault::TruncatedBody, 1);
    control.add_fault(Endpoint::ScopedToken, Fault::Stall(Duration::from_secs(9)), 1);
    control.add_fault(Endpoint::ScopedToken, Fault::Dropped, 1);
    let handle = || services.handle(&request, Arrival::Tls);
    assert!(matches!(handle(), Reply::Truncated(response) if body(&response)["token"].is_string()));
    assert!(matches!(handle(), Reply::Late(_, time) if time == Duration::from_secs(9)));
    assert_eq!(handle(), Reply::Dropped);
}

//! The OCI methods when all goes well: every request is looked at.

use base64ct::{Base64, Encoding};
use oraedge::auth::flow::KeyId;
use oraedge::auth::http::Method;
use oraedge::auth::oci::ApiKey;
use oraedge::time::UnixTime;
use serde_json::json;

use crate::script::*;

pub(crate) const USER: &str = "ocid1.user.oc1..u";
pub(crate) const TENANCY: &str = "ocid1.tenancy.oc1..t";
const SCOPED: &str =
    "https://auth.us-phoenix-1.oraclecloud.com/v1/actions/generateScopedAccessToken";
const FEDERATION: &str = "https://auth.us-phoenix-1.oraclecloud.com/v1/x509";
const METADATA: &str = "http://169.254.169.254/opc/v2";
const BODY_HEADERS: &str =
    "date (request-target) host content-length content-type x-content-sha256";

pub(crate) fn fingerprint() -> String {
    ApiKey::from_pem(API_KEY, None).unwrap().fingerprint()
}

/// A configuration file with a profile for each way.
pub(crate) fn config() -> String {
    let fingerprint = fingerprint();
    format!(
        "[DEFAULT]\nuser={USER}\ntenancy={TENANCY}\nfingerprint={fingerprint}\nregion=phx\n\
         key_file=~/.oci/key.pem\n\
         [LOCKED]\nkey_file=/keys/locked.pem\npass_phrase={PASS_PHRASE}\n\
         [WRONG]\nkey_file=/keys/other.pem\n\
         [st_1]\nkey_file=/sessions/key.pem\nsecurity_token_file=/sessions/token\n\
         [ip]\nauthentication_type=instance_principal\n"
    )
}

pub(crate) fn config_file() -> Script {
    Script::new(&[("auth_type", "ConfigFileAuthentication")])
        .file("/home/scott/.oci/config", &config())
        .file("/home/scott/.oci/key.pem", API_KEY)
        .file("/keys/locked.pem", API_KEY_ENCRYPTED)
        .file("/keys/other.pem", LEAF_KEY)
        .file("/sessions/key.pem", API_KEY)
        .file("/sessions/token", &format!("{}\n", token()))
}

pub(crate) fn simple() -> Script {
    Script::new(&[
        ("authType", "simpleAuthentication"),
        ("user", USER),
        ("tenancy", TENANCY),
        ("fingerprint", &fingerprint()),
        ("privateKey", API_KEY),
        ("regionId", "us-phoenix-1"),
    ])
}

/// The metadata service's four answers and that of the federation service.
pub(crate) fn instance_answers() -> Vec<Answer> {
    vec![
        response(200, LEAF),
        response(200, LEAF_KEY),
        response(200, INTERMEDIATE),
        response(200, "phx"),
        ok(json!({ "token": token() })),
    ]
}

/// The tokens of a resource, and the session token made of them.
pub(crate) fn resource_answers() -> Vec<Answer> {
    vec![
        ok(json!({ "resourcePrincipalToken": "rpt", "servicePrincipalSessionToken": "spst" })),
        ok(json!({ "token": token() })),
    ]
}

fn check_scoped_request(log: &Log, at: usize, key_id: &str) {
    let request = &log.requests[at];
    assert_eq!(request.method, Method::Post);
    assert_eq!(request.url, SCOPED);
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(request.header("accept"), Some("application/json"));
    let body = log.body(at);
    assert_eq!(body["scope"], "urn:oracle:db::id::*");
    let key = ApiKey::from_pem(API_KEY, None).unwrap();
    assert_eq!(body["publicKey"], key.public_key_pem().unwrap());
    assert_eq!(log.signature(at, API_KEY), (key_id.to_owned(), BODY_HEADERS.to_owned(), true));
}

#[test]
fn a_profile_signs_for_a_token() {
    let (token_got, log) = config_file().answer(database_token()).run();
    let got = token_got.unwrap();
    assert_eq!(text_of(&got), token());
    assert_eq!(got.expires_at, Some(UnixTime::from_secs(NOW.as_secs() + 3600)));
    assert_eq!(got.key, Some(KeyId(1)));
    assert_eq!(log.files, ["/home/scott/.oci/config", "/home/scott/.oci/key.pem"]);
    assert_eq!(log.key_bits, [2048]);
    check_scoped_request(&log, 0, &format!("{TENANCY}/{USER}/{}", fingerprint()));
}

#[test]
fn other_profiles_files_scopes_and_sizes_can_be_named() {
    let scope = "urn:oracle:db::id::ocid1.compartment.oc1..c";
    let script = config_file()
        .param("profile", "LOCKED")
        .param("configFileLocation", "~/other")
        .file("/home/scott/other", &config())
        .param("scope", scope)
        .param("key_bits", "4096")
        .param("endpoint", "http://127.0.0.1:8080");
    let (got, log) = script.answer(database_token()).run();
    got.unwrap();
    assert_eq!(log.files, ["/home/scott/other", "/keys/locked.pem"]);
    assert_eq!(log.key_bits, [4096]);
    assert_eq!(log.urls(), ["http://127.0.0.1:8080/v1/actions/generateScopedAccessToken"]);
    assert_eq!(log.body(0)["scope"], scope);
}

#[test]
fn a_configuration_in_the_hand_needs_no_files() {
    let script = Script::new(&[
        ("authType", "configFileBasedAuthentication"),
        ("configContent", &config()),
        ("key_content", API_KEY),
    ]);
    let (got, log) = script.answer(database_token()).run();
    got.unwrap();
    assert!(log.files.is_empty(), "{:?}", log.files);
    check_scoped_request(&log, 0, &format!("{TENANCY}/{USER}/{}", fingerprint()));
}

#[test]
fn the_environment_of_ocis_command_line_is_heeded() {
    let script = Script::new(&[("auth_type", "ConfigFileAuthentication")])
        .variable("OCI_CLI_USER", USER)
        .variable("OCI_CLI_TENANCY", TENANCY)
        .variable("OCI_CLI_FINGERPRINT", &fingerprint())
        .variable("OCI_CLI_KEY_CONTENT", API_KEY)
        .variable("OCI_CLI_REGION", "phx");
    let (got, log) = script.answer(database_token()).run();
    got.unwrap();
    check_scoped_request(&log, 0, &format!("{TENANCY}/{USER}/{}", fingerprint()));
}

#[test]
fn an_api_key_in_the_parameters_signs_for_a_token() {
    let (got, log) = simple().answer(database_token()).run();
    got.unwrap();
    check_scoped_request(&log, 0, &format!("{TENANCY}/{USER}/{}", fingerprint()));
}

#[test]
fn a_session_token_signs_for_a_token() {
    let by_profile = config_file().param("auth_type", "SecurityToken").param("profile", "st_1");
    // As article 2 passes it.
    let simple = Script::new(&[
        ("auth_type", "SecurityTokenSimple"),
        ("key_file", "/sessions/key.pem"),
        ("fingerprint", "aa:bb"),
        ("tenancy", TENANCY),
        ("region", "us-phoenix-1"),
        ("profile", "st_1"),
        ("security_token_file", "/sessions/token"),
    ])
    .file("/sessions/key.pem", API_KEY)
    .file("/sessions/token", &token());
    for script in [by_profile, simple] {
        let (got, log) = script.answer(database_token()).run();
        got.unwrap();
        check_scoped_request(&log, 0, &format!("ST${}", token()));
        assert!(log.notes.is_empty(), "{:?}", log.notes);
    }
}

#[test]
fn an_instance_exchanges_its_certificate_for_a_session_token() {
    let by_type = config_file().param("profile", "ip");
    for script in [Script::new(&[("auth_type", "InstancePrincipal")]), by_type] {
        let (got, log) = script.answers(instance_answers()).answer(database_token()).run();
        assert_eq!(got.unwrap().key, Some(KeyId(2)));
        assert_eq!(
            log.urls(),
            [
                &format!("{METADATA}/identity/cert.pem"),
                &format!("{METADATA}/identity/key.pem"),
                &format!("{METADATA}/identity/intermediate.pem"),
                &format!("{METADATA}/instance/region"),
                FEDERATION,
                SCOPED,
            ]
        );
        for request in &log.requests[..4] {
            assert_eq!(request.header("authorization"), Some("Bearer Oracle"));
        }
        // What OpenSSL says of leaf.pem.
        const LEAF_FINGERPRINT: &str = include_str!("../vectors/token_flows/leaf_fingerprint.txt");
        assert_eq!(
            log.signature(4, LEAF_KEY),
            (
                format!("{TENANCY}/fed-x509/{}", LEAF_FINGERPRINT.trim()),
                "date (request-target) content-length content-type x-content-sha256".to_owned(),
                true,
            )
        );
        let bare =
            |pem: &str| -> String { pem.lines().filter(|l| !l.starts_with("---")).collect() };
        let body = log.body(4);
        assert_eq!(body["certificate"], bare(LEAF));
        assert_eq!(body["intermediateCertificates"], json!([bare(INTERMEDIATE)]));
        let key = ApiKey::from_pem(API_KEY, None).unwrap();
        assert_eq!(body["publicKey"], Base64::encode_string(key.spki_der()));
        assert!(body.get("purpose").is_none());
        check_scoped_request(&log, 5, &format!("ST${}", token()));
    }
}

#[test]
fn metadata_of_version_1_and_at_other_addresses() {
    let mut answers = instance_answers();
    // Version 2 is asked first, once.
    answers.insert(0, response(404, "not found"));
    let (got, log) = Script::new(&[("auth_type", "InstancePrincipal")])
        .variable("OCI_METADATA_BASE_URL", "http://127.0.0.1:81/opc/v2/")
        .answers(answers)
        .answer(database_token())
        .run();
    got.unwrap();
    let urls = log.urls();
    assert_eq!(urls[0], "http://127.0.0.1:81/opc/v2/identity/cert.pem");
    assert_eq!(urls[1], "http://127.0.0.1:81/opc/v1/identity/cert.pem");
    assert_eq!(urls[2], "http://127.0.0.1:81/opc/v1/identity/key.pem");
    assert_eq!(log.requests[1].header("authorization"), None);
    assert!(log.waits.is_empty());
    assert!(log.notes.iter().any(|note| note.contains("version 1")), "{:?}", log.notes);
}

#[test]
fn a_new_region_is_described_by_the_metadata_service() {
    let mut answers = instance_answers();
    answers[3] = response(200, "xx-mars-1");
    answers.insert(
        4,
        ok(json!({ "realmKey": "oc99", "realmDomainComponent": "mars.example",
            "regionKey": "MRS", "regionIdentifier": "xx-mars-1" })),
    );
    let (got, log) = Script::new(&[("auth_type", "InstancePrincipal")])
        .answers(answers)
        .answer(database_token())
        .run();
    got.unwrap();
    assert_eq!(
        log.urls()[4..],
        [
            &format!("{METADATA}/instance/regionInfo"),
            "https://auth.xx-mars-1.mars.example/v1/x509",
            "https://auth.xx-mars-1.mars.example/v1/actions/generateScopedAccessToken",
        ]
    );
}

pub(crate) fn resource_2_2() -> Script {
    Script::new(&[("auth_type", "ResourcePrincipal")])
        .variable("OCI_RESOURCE_PRINCIPAL_VERSION", "2.2")
        .variable("OCI_RESOURCE_PRINCIPAL_RPST", &token())
        .variable("OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM", API_KEY)
        .variable("OCI_RESOURCE_PRINCIPAL_REGION", "phx")
}

#[test]
fn a_resource_has_its_token_in_the_environment_or_in_files() {
    let (got, log) = resource_2_2().answer(database_token()).run();
    got.unwrap();
    check_scoped_request(&log, 0, &format!("ST${}", token()));

    let files = resource_2_2()
        .variable("OCI_RESOURCE_PRINCIPAL_RPST", "/rp/rpst")
        .variable("OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM", "/rp/key")
        .variable("OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM_PASSPHRASE", "/rp/pass")
        .file("/rp/rpst", &format!("{}\n", token()))
        .file("/rp/key", API_KEY_ENCRYPTED)
        .file("/rp/pass", &format!("{PASS_PHRASE}\n"));
    // 401: the files are read once more, in case that they were replaced.
    let (got, log) =
        files.answer(refusal(401, "NotAuthenticated", "no")).answer(database_token()).run();
    got.unwrap();
    assert_eq!(log.files, ["/rp/rpst", "/rp/key", "/rp/pass", "/rp/rpst", "/rp/key", "/rp/pass"]);
    check_scoped_request(&log, 1, &format!("ST${}", token()));
}

#[test]
fn a_resource_of_version_1_1_is_told_by_its_service() {
    let (got, log) = Script::new(&[("auth_type", "ResourcePrincipal")])
        .variable("OCI_RESOURCE_PRINCIPAL_VERSION", "1.1")
        .variable("OCI_RESOURCE_PRINCIPAL_RPT_ENDPOINT", "https://service.example/")
        .answers(instance_answers())
        .answer(response(200, "ocid1.instance.oc1..I\n"))
        .answers(resource_answers())
        .answer(database_token())
        .run();
    got.unwrap();
    assert_eq!(
        log.urls()[5..],
        [
            &format!("{METADATA}/instance/id"),
            "https://service.example/20180711/resourcePrincipalToken/ocid1.instance.oc1..i",
            "https://auth.us-phoenix-1.oraclecloud.com/v1/resourcePrincipalSessionToken",
            SCOPED,
        ]
    );
    let (key_id, headers, fits) = log.signature(6, API_KEY);
    assert_eq!((key_id, fits), (format!("ST${}", token()), true));
    assert_eq!(headers, "date (request-target) host");
    let body = log.body(7);
    assert_eq!(body["resourcePrincipalToken"], "rpt");
    assert_eq!(body["servicePrincipalSessionToken"], "spst");
    let key = ApiKey::from_pem(API_KEY, None).unwrap();
    assert_eq!(body["sessionPublicKey"], Base64::encode_string(key.spki_der()));
    check_scoped_request(&log, 8, &format!("ST${}", token()));
}

#[test]
fn resources_of_version_2_1_sign_by_their_own_key() {
    for (version, key_id, url) in [
        ("2.1", "resource/v2.1/r", "https://s.example/20180711/resourcePrincipalTokenV2/r"),
        ("2.1.1", "resource/v2.1.1/t/r", "https://s.example/20180711/resourcePrincipalTokenV2/r"),
        ("2.1.2", "resource/v2.1.2/t/r", "https://s.example/20180711/resourcePrincipalTokenV212/r"),
    ] {
        let (got, log) = Script::new(&[("auth_type", "ResourcePrincipal")])
            .variable("OCI_RESOURCE_PRINCIPAL_VERSION", version)
            .variable("OCI_RESOURCE_PRINCIPAL_RPT_ENDPOINT", "https://s.example")
            .variable("OCI_RESOURCE_PRINCIPAL_RPST_ENDPOINT", "https://auth.example")
            .variable("OCI_RESOURCE_PRINCIPAL_RESOURCE_ID", "r")
            .variable("OCI_RESOURCE_PRINCIPAL_TENANCY_ID", "t")
            .variable("OCI_RESOURCE_PRINCIPAL_SECURITY_CONTEXT", "context")
            .variable("OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM", API_KEY)
            .variable("OCI_RESOURCE_PRINCIPAL_REGION", "phx")
            .answers(resource_answers())
            .answer(database_token())
            .run();
        got.unwrap();
        assert_eq!(
            log.urls(),
            [url, "https://auth.example/v1/resourcePrincipalSessionToken", SCOPED]
        );
        let context = log.requests[0].header("security-context");
        assert_eq!(context, (version == "2.1.2").then_some("context"));
        for at in [0, 1] {
            let (found, _, fits) = log.signature(at, API_KEY);
            assert_eq!((found.as_str(), fits), (key_id, true));
        }
        check_scoped_request(&log, 2, &format!("ST${}", token()));
    }
}

#[test]
fn a_resource_within_resources_climbs_to_the_outermost() {
    let mut first = resource_answers();
    let inner = first.remove(0);
    first.insert(0, with_header(inner, "opc-parent-rpt-url", "https://outer.example/rpt"));
    let script = Script::new(&[("auth_type", "ResourcePrincipal")])
        .variable("OCI_RESOURCE_PRINCIPAL_VERSION", "3.0")
        .variable("OCI_RESOURCE_PRINCIPAL_VERSION_FOR_LEAF_RESOURCE", "2.2")
        .variable("OCI_RESOURCE_PRINCIPAL_RPST_FOR_LEAF_RESOURCE", &token())
        .variable("OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM_FOR_LEAF_RESOURCE", API_KEY)
        .variable("OCI_RESOURCE_PRINCIPAL_REGION_FOR_LEAF_RESOURCE", "phx")
        .variable(
            "OCI_RESOURCE_PRINCIPAL_RPT_URL_FOR_PARENT_RESOURCE",
            "https://inner.example/rpt/x",
        )
        .variable(
            "OCI_RESOURCE_PRINCIPAL_RPST_ENDPOINT_FOR_PARENT_RESOURCE",
            "https://auth.example",
        );
    let (got, log) =
        script.answers(first).answers(resource_answers()).answer(database_token()).run();
    got.unwrap();
    assert_eq!(
        log.urls(),
        [
            "https://inner.example/rpt/x",
            "https://auth.example/v1/resourcePrincipalSessionToken",
            "https://outer.example/rpt",
            "https://auth.example/v1/resourcePrincipalSessionToken",
            SCOPED,
        ]
    );
    check_scoped_request(&log, 4, &format!("ST${}", token()));
}

pub(crate) fn oke() -> Script {
    Script::new(&[("auth_type", "oke_workload_identity")])
        .variable("KUBERNETES_SERVICE_HOST", "10.96.0.1")
        .variable("OCI_RESOURCE_PRINCIPAL_REGION", "phx")
        .file("/var/run/secrets/kubernetes.io/serviceaccount/token", &token())
        .file("/var/run/secrets/kubernetes.io/serviceaccount/ca.crt", INTERMEDIATE)
}

pub(crate) fn proxymux_answer() -> Answer {
    let json = json!({ "token": format!("ST${}", token()) }).to_string();
    response(200, Base64::encode_string(json.as_bytes()))
}

#[test]
fn a_pod_exchanges_its_service_account_token() {
    let (got, log) = oke().answer(proxymux_answer()).answer(database_token()).run();
    got.unwrap();
    assert_eq!(log.urls(), ["https://10.96.0.1:12250/resourcePrincipalSessionTokens", SCOPED]);
    let request = &log.requests[0];
    assert_eq!(request.header("authorization"), Some(format!("Bearer {}", token()).as_str()));
    assert_eq!(request.ca_pem.as_deref(), Some(INTERMEDIATE));
    let key = ApiKey::from_pem(API_KEY, None).unwrap();
    assert_eq!(log.body(0)["podKey"], Base64::encode_string(key.spki_der()));
    check_scoped_request(&log, 1, &format!("ST${}", token()));
}

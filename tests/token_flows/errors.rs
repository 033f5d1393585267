//! What a user reads when it did not work: the cause, what the service said, and what to do; and
//! never a secret.

use oraedge::auth::flow::{AuthParams, Environment, FlowInput, FlowOutput, TokenFlow};
use serde_json::json;

use crate::bearer::{SECRET, azure, azure_certificate, identity_domain};
use crate::methods::{
    config, config_file, fingerprint, instance_answers, oke, resource_2_2, simple,
};
use crate::script::*;

/// Runs, and checks that the error has all of `parts` and nothing secret.
#[track_caller]
fn fails(script: Script, parts: &[&str]) -> Log {
    let (got, log) = script.run();
    let error = got.expect_err("there should be an error");
    let text = format!("{error} {error:?} {:?}", log.notes);
    for part in parts {
        assert!(error.to_string().contains(part), "{error}\nlacks: {part}");
    }
    let key_line = API_KEY.lines().nth(5).unwrap();
    for secret in [PASS_PHRASE, SECRET, token().as_str(), key_line, "eyJ"] {
        assert!(!text.contains(secret), "{text}\nshows {secret}");
    }
    log
}

#[test]
fn services_that_refuse_are_quoted_with_a_remedy() {
    for (answer, parts) in [
        (
            refusal(
                404,
                "NotAuthorizedOrNotFound",
                "Authorization failed or requested resource not found.",
            ),
            &[
                "asking OCI for a database token",
                "POST https://auth.us-phoenix-1.oraclecloud.com/v1/actions/generateScopedAccessToken",
                "status 404 NotAuthorizedOrNotFound: Authorization failed or requested resource not found.",
                "(opc-request-id REQUEST1)",
                "policy",
                "`scope`",
            ][..],
        ),
        (
            refusal(401, "NotAuthenticated", "The required information is missing or invalid."),
            &["status 401 NotAuthenticated", "REQUEST1", "fingerprint", "clock"],
        ),
        (
            refusal(400, "InvalidParameter", "bad scope"),
            &["400 InvalidParameter: bad scope", "`scope`"],
        ),
        (response(302, ""), &["status 302 and no body", "redirects are not followed"]),
        (
            with_header(response(403, "<html>denied</html>"), "content-type", "text/html"),
            &["status 403 and 19 bytes of text/html"],
        ),
        (
            response(200, r#"{"token": "eyJhbGciOi"#),
            &["no JSON object: it ends too early (line 1, column", "proxy"],
        ),
        (response(200, "[]"), &["no JSON object"]),
        (
            response(200, vec![b' '; (1 << 20) + 1]),
            &["1048577 bytes long", "more than the 1048576"],
        ),
        (ok(json!({})), &["answered without a token"]),
        (ok(json!({ "token": 5 })), &["answered without a token"]),
        (ok(json!({ "token": "opaque" })), &["not a JWT"]),
        (
            ok(json!({ "token": token_with(r#"{"exp":"tomorrow"}"#) })),
            &["a token that is broken", "`exp`", "a text"],
        ),
        (
            ok(json!({ "token": token_with(r#"{"exp":1000000000}"#) })),
            &[
                "a token that expired at 2001-09-09T01:46:40Z",
                "clock says 2026-11-25T02:00:00Z",
                "NTP",
            ],
        ),
        (
            refusal(400, "X", &format!("your token {} is bad", token())),
            &["your token [redacted] is bad"],
        ),
    ] {
        fails(simple().answer(answer), parts);
    }
}

#[test]
fn faults_that_stay_are_told_with_the_number_of_attempts() {
    let again = |answer: fn() -> Answer| (0..8).map(move |_| answer());
    fails(
        simple()
            .param("token_timeout_ms", "3600000")
            .answers(again(|| refusal(429, "TooManyRequests", "slow down"))),
        &["429 TooManyRequests: slow down", "after 8 attempts", "too often"],
    );
    fails(
        simple()
            .param("token_timeout_ms", "3600000")
            .answers(again(|| refusal(500, "InternalServerError", "oops"))),
        &["500 InternalServerError: oops", "after 8 attempts", "try again later"],
    );
    fails(
        simple()
            .param("token_timeout_ms", "3600000")
            .answers(again(|| Err("connection refused".to_owned()))),
        &["no answer (3 attempts): connection refused", "network, proxy, region"],
    );
}

#[test]
fn keys_and_profiles_that_are_wrong_are_told_before_any_request() {
    let cases: Vec<(Script, &[&str])> = vec![
        (
            Script::new(&[("auth_type", "ConfigFileAuthentication")]),
            &[
                "the OCI configuration file cannot be read from /home/scott/.oci/config: no such file",
                "oci setup config",
                "`file_location`",
            ],
        ),
        (
            config_file().param("file_location", "/elsewhere"),
            &["cannot be read from /elsewhere: no such file"],
        ),
        (config_file().param("profile", "NOPE"), &["no profile NOPE", "DEFAULT, LOCKED, WRONG"]),
        (config_file().param("profile", "WRONG"), &["fingerprint"]),
        (
            config_file().param("profile", "LOCKED").param("pass_phrase", "wrong one"),
            &["/keys/locked.pem", "pass phrase"],
        ),
        (
            simple().param("fingerprint", "aa:bb"),
            &["`fingerprint` of SimpleAuthentication is malformed"],
        ),
        (
            simple().param("user", "scott"),
            &["`user` of SimpleAuthentication is malformed", "ocid1.user.oc1"],
        ),
        (
            simple().param("fingerprint", "00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff"),
            &["00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff"],
        ),
        (simple().param("privateKey", API_KEY_ENCRYPTED), &["pass phrase"]),
        (simple().param("privateKey", "no key"), &["PEM"]),
        (
            simple().param("scope", "everything"),
            &["`scope` is \"everything\"", "urn:oracle:db::id::<compartment OCID>"],
        ),
        (simple().param("endpoint", "http://auth.example"), &["`endpoint`", "TLS"]),
    ];
    for (script, parts) in cases {
        let log = fails(script, parts);
        assert!(log.requests.is_empty());
    }
    let wrong = simple().param("fingerprint", "00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff");
    fails(wrong, &[&fingerprint()]);
    let mut no_keys = simple();
    no_keys.no_keys = true;
    fails(no_keys, &["an RSA key pair of 2048 bits could not be made: no randomness"]);
}

#[test]
fn sessions_that_ended_are_told_with_the_command_to_run() {
    let session = || config_file().param("auth_type", "SecurityToken").param("profile", "st_1");
    let expired = token_with(r#"{"exp":1795571999}"#);
    for (script, parts) in [
        (
            session().file("/sessions/token", &expired),
            &[
                "the session token expired at 2026-11-25T01:59:59Z (it is 2026-11-25T02:00:00Z now)",
                "oci session refresh --profile st_1",
                "oci session authenticate --profile-name st_1",
            ][..],
        ),
        (
            session().file("/sessions/token", "rubbish"),
            &["the session token", "not a JWT", "oci session authenticate"],
        ),
        (
            session().file("/sessions/token", &token_with(r#"{"exp":{}}"#)),
            &["`exp`", "oci session authenticate"],
        ),
        (
            session().param("config", "[st_1]\nregion=phx\nkey_file=/sessions/key.pem\n"),
            &["security_token_file missing", "oci session authenticate"],
        ),
        (
            session().param("profile", "LOCKED"),
            &["no session", "oci session authenticate --profile-name LOCKED"],
        ),
    ] {
        let log = fails(script, parts);
        assert!(log.requests.is_empty());
    }
    fails(
        session().answer(refusal(401, "NotAuthenticated", "no")),
        &["401 NotAuthenticated", "oci session refresh"],
    );
    fails(
        config_file()
            .param("profile", "st")
            .param("config", "[st]\nsecurity_token_file=x\nkey_file=y\nregion=phx\n"),
        &["SecurityToken"],
    );
}

#[test]
fn instances_that_are_none_are_told_soon() {
    let instance = || Script::new(&[("auth_type", "InstancePrincipal")]);
    let log = fails(
        instance(),
        &[
            "metadata service of this instance",
            "no answer (3 attempts)",
            "OCI compute instances only",
        ],
    );
    assert!(log.elapsed.as_secs() < 20, "{:?}", log.elapsed);
    fails(
        instance().answers((0..9).map(|_| response(404, ""))),
        &["status 404", "OCI compute instances only"],
    );
    let with = |at: usize, answer: Answer| {
        let mut answers = instance_answers();
        answers[at] = answer;
        instance().answers(answers)
    };
    fails(
        with(0, response(200, LEAF_EXPIRED)),
        &[
            "the certificate of this instance expired",
            "valid from 2025-01-01T00:00:00Z until 2026-01-01T00:00:00Z",
            "the clock says 2026-11-25T02:00:00Z",
        ],
    );
    fails(
        with(0, response(200, "<html>")),
        &["the certificate of this instance", "BEGIN CERTIFICATE"],
    );
    fails(with(0, response(200, INTERMEDIATE)), &["names no tenancy"]);
    fails(with(0, response(200, "")), &["answered with no text"]);
    fails(
        with(4, refusal(401, "NotAuthenticated", "unknown certificate")),
        &["exchanging the certificate", "401 NotAuthenticated: unknown certificate", "clock"],
    );
    fails(with(4, ok(json!({ "token": "" }))), &["answered without a token"]);
    // The key of another certificate, twice.
    let mut answers = instance_answers();
    answers[1] = response(200, API_KEY);
    let again: Vec<Answer> = answers[..3].to_vec();
    fails(instance().answers(answers.drain(..3)).answers(again), &["do not belong together"]);
}

#[test]
fn resources_that_are_none_are_told_what_is_missing() {
    let bare = || Script::new(&[("auth_type", "ResourcePrincipal")]);
    const VERSION: &str = "OCI_RESOURCE_PRINCIPAL_VERSION";
    fails(bare(), &[VERSION, "is not set, nor is any other", "OCI Functions", "InstancePrincipal"]);
    fails(
        bare().variable("OCI_RESOURCE_PRINCIPAL_REGION", "phx"),
        &["is not set, though OCI_RESOURCE_PRINCIPAL_REGION is"],
    );
    fails(bare().variable(VERSION, "9"), &["is \"9\"", "2.2"]);
    for missing in ["RPST", "PRIVATE_PEM", "REGION"] {
        let name = format!("OCI_RESOURCE_PRINCIPAL_{missing}");
        let mut script = resource_2_2();
        script.variables.remove(&name);
        fails(script, &[&format!("the environment variable {name} is not set"), "OCI Functions"]);
    }
    for (version, missing) in [
        ("1.1", "OCI_RESOURCE_PRINCIPAL_RPT_ENDPOINT"),
        ("2.1", "OCI_RESOURCE_PRINCIPAL_RPT_ENDPOINT"),
        ("3.0", "OCI_RESOURCE_PRINCIPAL_RPT_URL_FOR_PARENT_RESOURCE"),
    ] {
        fails(bare().variable(VERSION, version), &[missing, "is not set"]);
    }
    fails(
        resource_2_2().variable("OCI_RESOURCE_PRINCIPAL_RPST", &token_with(r#"{"exp":5}"#)),
        &["OCI_RESOURCE_PRINCIPAL_RPST", "expired at 1970-01-01T00:00:05Z", "path"],
    );
    fails(
        resource_2_2().variable("OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM", API_KEY_ENCRYPTED),
        &["OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM", "pass phrase"],
    );
    fails(
        resource_2_2().variable("OCI_RESOURCE_PRINCIPAL_RPST", "/rp/rpst"),
        &["OCI_RESOURCE_PRINCIPAL_RPST", "cannot be read from /rp/rpst"],
    );
    fails(
        resource_2_2().answer(refusal(404, "NotAuthorizedOrNotFound", "x")),
        &["dynamic group", "policy"],
    );
}

#[test]
fn pods_that_are_none_are_told_what_is_missing() {
    let without = |name: &str| {
        let mut script = oke();
        script.variables.remove(name);
        script
    };
    fails(
        without("KUBERNETES_SERVICE_HOST"),
        &["KUBERNETES_SERVICE_HOST is not set", "enhanced OKE cluster"],
    );
    fails(without("OCI_RESOURCE_PRINCIPAL_REGION"), &["no region is known"]);
    let mut script = oke();
    script.files.clear();
    fails(script, &["service account token", "/var/run/secrets", "no such file"]);
    fails(oke().answer(response(403, "")), &["403", "enhanced cluster"]);
    fails(oke().answer(response(200, "***")), &["not base64"]);
}

#[test]
fn oauth_services_that_refuse_are_quoted_with_a_remedy() {
    let refused = |status, error: &str, description: &str| {
        response(status, json!({ "error": error, "error_description": description }).to_string())
    };
    for (answer, parts) in [
        (
            refused(401, "invalid_client", "AADSTS7000215: Invalid client secret provided."),
            &[
                "asking Microsoft Entra ID",
                "401 invalid_client: AADSTS7000215: Invalid client secret",
                "the secret's value",
            ][..],
        ),
        (
            refused(401, "invalid_client", "AADSTS7000222: expired keys"),
            &["the client secret expired"],
        ),
        (refused(400, "unauthorized_client", "AADSTS700016: no app"), &["check client_id"]),
        (
            refused(400, "invalid_request", "AADSTS90002: no tenant"),
            &["a tenant that does not exist"],
        ),
        (refused(400, "invalid_resource", "AADSTS500011: no resource"), &["application ID URI"]),
        (refused(400, "invalid_scope", "x"), &["/.default"]),
        (refused(400, "x", &format!("secret {SECRET} is bad")), &["[redacted] is bad"]),
        (ok(json!({ "token_type": "Bearer" })), &["no access_token"]),
        (
            ok(json!({ "access_token": token_with(r#"{"exp":"x"}"#) })),
            &["a token that is broken", "`exp`"],
        ),
        (ok(json!({ "access_token": token_with(r#"{"exp":7}"#) })), &["expired at 1970", "NTP"]),
    ] {
        fails(azure().answer(answer), parts);
    }
    fails(
        identity_domain().answer(refused(401, "invalid_client", "Client authentication failed.")),
        &["OCI identity domain", "401 invalid_client: Client authentication failed.", "activated"],
    );
    fails(azure().param("auth_flow", "on_behalf_of"), &["user_assertion"]);
    fails(azure().param("auth_flow", "magic"), &["unknown authentication flow `magic`"]);
    fails(
        azure_certificate().param("client_certificate", LEAF_EXPIRED),
        &["the client certificate expired"],
    );
    fails(azure_certificate().param("key_content", API_KEY), &["do not belong together"]);
    let mut no_key = azure_certificate();
    no_key.params.retain(|(name, _)| name != "key_content");
    fails(no_key, &["private key is missing"]);
}

#[test]
fn an_answer_to_another_question_ends_the_flow() {
    let pairs = [("auth_type".to_owned(), "InstancePrincipal".into())];
    let mut flow = TokenFlow::new(AuthParams::from_pairs(pairs).unwrap(), Environment::default());
    assert!(matches!(flow.poll_output(), FlowOutput::Idle));
    flow.handle_input(NOW, FlowInput::Start);
    assert!(matches!(flow.poll_output(), FlowOutput::Http(_)));
    assert!(matches!(flow.poll_output(), FlowOutput::Idle));
    flow.handle_input(NOW, FlowInput::Waited);
    let FlowOutput::Failed(error) = flow.poll_output() else { panic!() };
    assert!(error.to_string().contains("the input Waited while it waits for Http"), "{error}");
    flow.handle_input(NOW, FlowInput::Start);
    assert!(matches!(flow.poll_output(), FlowOutput::Idle));
}

#[test]
fn debug_output_shows_no_secrets() {
    let pairs = [
        ("auth_type".to_owned(), "ConfigFileAuthentication".into()),
        ("config".to_owned(), config().into()),
        ("key_content".to_owned(), API_KEY.into()),
        ("pass_phrase".to_owned(), PASS_PHRASE.into()),
    ];
    let params = AuthParams::from_pairs(pairs).unwrap();
    let variables = [("OCI_CLI_PASSPHRASE".to_owned(), PASS_PHRASE.to_owned())].into();
    let environment = Environment { variables, home: None, entropy: vec![] };
    let input = FlowInput::File(Ok(PASS_PHRASE.into()));
    let text = format!(
        "{params:?} {environment:?} {input:?} {} {:?}",
        params.cache_key(),
        TokenFlow::new(params.clone(), environment.clone())
    );
    assert!(!text.contains(PASS_PHRASE) && !text.contains("BEGIN"), "{text}");
    assert!(text.contains("OCI_CLI_PASSPHRASE"), "{text}");
}

//! No secret is in anything that a program may print: no note, no error, no `Debug` output. Each
//! method runs against services that refuse, fail, talk nonsense, and repeat what was sent to them,
//! and everything printable is searched for every secret, in every form that it may take.

use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

use base64ct::{Base64, Base64UrlUnpadded, Encoding};
use oraedge::auth::Secret;
use oraedge::auth::http::{HttpRequest, HttpResponse};
use oraedge::auth::jwt::Claims;
use oraedge::auth::oci::{ApiKey, OciConfig, signer};
use serde_json::json;

use crate::bearer::{SECRET, azure, azure_certificate};
use crate::garbled::{METHODS, method};
use crate::methods::{config, config_file, simple};
use crate::script::*;

/// Shorter pieces may be there by chance.
const SHORTEST: usize = 8;

/// Every secret that a flow of these tests is given or is answered, in pieces that are telling by
/// themselves: keys by line, tokens by part.
fn secrets() -> BTreeSet<String> {
    let mut secrets = BTreeSet::from([PASS_PHRASE.to_owned(), SECRET.to_owned()]);
    for key in [API_KEY, API_KEY_ENCRYPTED, LEAF_KEY] {
        let lines = key.lines().filter(|line| !line.contains("-----") && !line.contains(':'));
        secrets.extend(lines.filter(|line| line.len() >= SHORTEST).map(str::to_owned));
    }
    let token = token();
    // The header says no more than the algorithm.
    secrets.extend(token.split('.').skip(1).map(str::to_owned));
    secrets
}

/// A secret as it stands, and as what encodes it.
fn forms(secret: &str) -> Vec<String> {
    let bytes = secret.as_bytes();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let listed = format!("{bytes:?}");
    let mut forms = vec![
        secret.to_owned(),
        hex.to_uppercase(),
        hex,
        listed.trim_matches(['[', ']']).to_owned(),
        percent(secret),
        percent(secret).replace("%20", "+"),
        format!("{secret:?}").trim_matches('"').to_owned(),
    ];
    // Base64 of a text that the secret is a part of, at each offset within a group of three bytes;
    // what its neighbours have a share in is cut off.
    for offset in 0..3 {
        let padded = [&vec![b' '; offset], bytes].concat();
        let whole = padded.len() / 3 * 4;
        for text in [Base64::encode_string(&padded), Base64UrlUnpadded::encode_string(&padded)] {
            let from = if offset == 0 { 0 } else { 4 };
            forms.push(text[from..whole].to_owned());
        }
    }
    forms.retain(|form| form.len() >= SHORTEST);
    forms
}

fn percent(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(byte).to_string()
            }
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

/// All forms of all secrets, by their first bytes.
static FORMS: LazyLock<HashMap<[u8; SHORTEST], Vec<String>>> = LazyLock::new(|| {
    let mut table: HashMap<_, Vec<String>> = HashMap::new();
    for form in secrets().iter().flat_map(|secret| forms(secret)) {
        let (first, _) = form.as_bytes().split_first_chunk().unwrap();
        table.entry(*first).or_default().push(form);
    }
    table
});

/// Fails if `printed` has any form of any secret.
#[track_caller]
fn search(what: &str, printed: &str) {
    let bytes = printed.as_bytes();
    for (at, window) in bytes.windows(SHORTEST).enumerate() {
        let Some(forms) = FORMS.get(window) else { continue };
        if let Some(form) = forms.iter().find(|form| bytes[at..].starts_with(form.as_bytes())) {
            let from = at.saturating_sub(200);
            let to = (at + form.len() + 50).min(bytes.len());
            let around = String::from_utf8_lossy(&bytes[from..to]);
            panic!("{what} shows {form:?}: ...{around}...");
        }
    }
}

/// Runs a script and searches what came of it, the signatures of its requests included.
#[track_caller]
fn run(what: &str, script: Script) {
    let (got, log) = script.run();
    let mut printed = format!("{}\n{:?}\n", log.printed, log.notes);
    match got {
        Ok(token) => printed += &format!("{token:?} {token:#?}"),
        Err(error) => printed += &format!("{error}\n{error:?}\n{error:#?}\n{}", error.code()),
    }
    search(what, &printed);
    for request in &log.requests {
        let Some(authorization) = request.header("authorization") else { continue };
        let Some((_, rest)) = authorization.split_once("signature=\"") else { continue };
        let signature = rest.split('"').next().unwrap_or_default();
        assert!(!printed.contains(signature), "{what} shows a signature: {printed}");
    }
}

/// What a service says that repeats the request in its error: body and credentials.
fn repeated(request: &HttpRequest) -> String {
    let body = String::from_utf8_lossy(request.body.as_deref().unwrap_or_default()).into_owned();
    let authorization = request.header("authorization").unwrap_or_default();
    format!("cannot do {} with {authorization} and {body}", request.url)
}

fn says(status: u16, content_type: &str, body: String) -> Answer {
    let headers = vec![("content-type".to_owned(), content_type.to_owned())];
    Ok(HttpResponse { status, headers, body: body.into_bytes() })
}

/// Services that are of no help.
const SERVICES: [fn(&HttpRequest) -> Answer; 12] = [
    |request| {
        says(
            400,
            "application/json",
            json!({ "code": "Bad", "message": repeated(request) }).to_string(),
        )
    },
    |request| {
        says(
            401,
            "application/json",
            json!({ "code": repeated(request), "message": "" }).to_string(),
        )
    },
    |request| {
        let body = json!({ "error": "invalid_client", "error_description": repeated(request) });
        says(401, "application/json", body.to_string())
    },
    |request| says(404, "text/html", repeated(request)),
    |request| says(500, &repeated(request), repeated(request)),
    |request| says(200, "application/json", repeated(request)),
    |request| says(200, "application/json", json!({ "message": repeated(request) }).to_string()),
    |request| says(200, "application/json", json!({ "token": repeated(request) }).to_string()),
    |request| {
        says(200, "application/json", json!({ "access_token": repeated(request) }).to_string())
    },
    |request| Err(format!("cannot send: {}", repeated(request))),
    |request| {
        let answer = says(302, "text/plain", repeated(request));
        with_header(answer, "location", &repeated(request))
    },
    |request| {
        let answer = says(403, "text/plain", String::new());
        let answer = with_header(answer, "opc-request-id", &repeated(request));
        with_header(answer, "date", &repeated(request))
    },
];

#[test]
fn services_that_repeat_what_they_were_sent_make_no_flow_show_it() {
    for number in 0..METHODS {
        let (_, answers) = method(number);
        for good in 0..=answers.len() {
            for (at, service) in SERVICES.into_iter().enumerate() {
                let (script, answers) = method(number);
                let mut script = script.answers(answers.into_iter().take(good));
                script.then = Some(service);
                run(&format!("method {number}, {good} good answers, service {at}"), script);
            }
        }
    }
}

#[test]
fn answers_that_are_cut_short_make_no_flow_show_them() {
    for number in 0..METHODS {
        let (_, whole) = method(number);
        for (cut, answer) in whole.iter().enumerate() {
            let length = answer.as_ref().map_or(0, |answer| answer.body.len());
            // Whole answers are long where they hold keys; every 23rd place is enough.
            for end in (0..length).step_by(23) {
                let (script, mut answers) = method(number);
                answers.truncate(cut + 1);
                if let Some(Ok(answer)) = answers.get_mut(cut) {
                    answer.body.truncate(end);
                }
                run(
                    &format!("method {number}, answer {cut} cut at {end}"),
                    script.answers(answers),
                );
            }
        }
    }
}

/// Texts that are given in the wrong place: a key as the pass phrase, a token as the region ...
#[test]
fn secrets_in_the_wrong_place_are_not_shown() {
    let token = token();
    let one_line = API_KEY.replace('\n', "");
    for secret in [API_KEY, API_KEY_ENCRYPTED, PASS_PHRASE, token.as_str(), one_line.as_str()] {
        for key in ["fingerprint", "private_key", "key_content", "pass_phrase"] {
            run(key, simple().param(key, secret));
        }
        for path in ["/home/scott/.oci/config", "/home/scott/.oci/key.pem"] {
            run(path, config_file().file(path, secret));
        }
        for path in ["/sessions/key.pem", "/sessions/token"] {
            let script = config_file().param("auth_type", "SecurityToken").param("profile", "st_1");
            run(path, script.file(path, secret));
        }
        for key in ["client_credential", "client_certificate", "key_content"] {
            run(key, azure().param(key, secret));
            run(key, azure_certificate().param(key, secret));
        }
        for name in ["OCI_CLI_PASSPHRASE", "OCI_CLI_KEY_CONTENT", "OCI_CLI_FINGERPRINT"] {
            run(name, config_file().variable(name, secret));
        }
    }
}

#[test]
fn a_configuration_with_any_mistake_is_refused_without_showing_it() {
    let whole = config() + "key_content2=" + &API_KEY.replace('\n', "\n ");
    let places = || (0..whole.len()).filter(|at| whole.is_char_boundary(*at));
    let mut texts: Vec<String> = places().map(|at| whole[..at].to_owned()).collect();
    for wrong in ["\n", "[", "]", "=", "#", "\u{0}"] {
        texts.extend(
            places().step_by(5).map(|at| format!("{}{wrong}{}", &whole[..at], &whole[at..])),
        );
    }
    for text in texts {
        let mut printed = String::new();
        match OciConfig::parse(&text) {
            Err(error) => printed += &format!("{error} {error:?}"),
            Ok(all) => {
                printed += &format!("{all:?}");
                for name in ["DEFAULT", "LOCKED", "WRONG", "st_1", "nobody"] {
                    match all.profile(name) {
                        Err(error) => printed += &format!("{error} {error:?}"),
                        Ok(config) => {
                            printed += &format!("{config:?} {:?}", config.notes());
                            for result in [config.validate(), config.validate_session()] {
                                printed += &format!("{result:?}");
                            }
                        }
                    }
                }
            }
        }
        // A key that began in the next line is a line of its own, and a section may be named so.
        search(&text, &printed);
    }
}

#[test]
fn a_key_with_any_mistake_is_refused_without_showing_it() {
    let pass_phrase = Secret::from(PASS_PHRASE);
    for whole in [API_KEY, API_KEY_ENCRYPTED] {
        let mut texts: Vec<String> = (0..whole.len()).map(|at| whole[..at].to_owned()).collect();
        texts.extend((0..whole.len()).map(|at| whole[at..].to_owned()));
        for wrong in ["-", "\n", ":", "*", "A"] {
            texts.extend(
                (0..whole.len())
                    .step_by(9)
                    .map(|at| format!("{}{wrong}{}", &whole[..at], &whole[at..])),
            );
        }
        // Without the five dashes that end the first line, the rest looks like its words.
        texts.push(whole.replacen("KEY-----", "KEY", 1));
        texts.push(whole.replace('\n', " "));
        for text in texts {
            for pass_phrase in [None, Some(&pass_phrase), Some(&Secret::from(SECRET))] {
                let printed = match ApiKey::from_pem(&text, pass_phrase) {
                    Ok(key) => format!("{key:?} {key:#?}"),
                    Err(error) => format!("{error} {error:?}"),
                };
                search("a key", &printed);
            }
        }
    }
}

#[test]
fn tokens_and_requests_do_not_show_what_they_carry() {
    let token = token();
    for at in 0..=token.len() {
        let printed = match Claims::parse(&token[..at]) {
            Ok(claims) => format!("{claims:?} {:?}", claims.expires_at()),
            Err(error) => format!("{error} {error:?}"),
        };
        search("a token", &printed);
    }
    let key = ApiKey::from_pem(API_KEY, None).unwrap();
    let mut request = HttpRequest::post(
        format!("https://user:{SECRET}@h/p?token={token}"),
        "text/plain",
        API_KEY.as_bytes().to_vec(),
    )
    .with_header("authorization", format!("Bearer {token}"));
    let refused = signer::sign_request(&mut request, &signer::token_key_id(&token), &key, NOW);
    search("a request with a user", &format!("{request:?} {refused:?}"));
    request.url = format!("https://h/p q?token={token}");
    let refused = signer::sign_request(&mut request, &signer::token_key_id(&token), &key, NOW);
    search("a request that cannot be sent", &format!("{request:?} {refused:?}"));
}

/// The search itself: it must find what is there.
#[test]
fn the_search_finds_each_form_of_a_secret() {
    let token = token();
    for text in [
        format!("x{PASS_PHRASE}y"),
        format!("{:?}", PASS_PHRASE.as_bytes()),
        Base64::encode_string(format!("user:{SECRET}").as_bytes()),
        Base64::encode_string(format!("users:{SECRET}:").as_bytes()),
        percent(SECRET),
        percent(SECRET).replace("%20", "+"),
        API_KEY.to_owned(),
        format!("{:?}", API_KEY_ENCRYPTED),
        token,
    ] {
        let found = std::panic::catch_unwind(|| search("text", &text));
        assert!(found.is_err(), "{text} passes");
    }
}

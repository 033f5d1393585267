//! Answers that were cut, mixed up or made up: a flow ends in a token or in an error, and never in a
//! panic.

use oraedge::auth::http::HttpResponse;
use proptest::prelude::*;
use serde_json::json;

use crate::bearer::{azure, bearer_token, identity_domain};
use crate::methods::{
    config_file, instance_answers, oke, proxymux_answer, resource_answers, simple,
};
use crate::script::*;

/// A method and the answers with which it succeeds.
pub(crate) fn method(number: usize) -> (Script, Vec<Answer>) {
    let instance = || Script::new(&[("auth_type", "InstancePrincipal")]);
    match number {
        0 => (simple(), vec![database_token()]),
        1 => (
            config_file().param("auth_type", "SecurityToken").param("profile", "st_1"),
            vec![database_token()],
        ),
        2 => {
            let mut answers = instance_answers();
            answers.push(database_token());
            (instance(), answers)
        }
        3 => {
            let mut answers = instance_answers();
            answers.push(response(200, "ocid1.instance.oc1..i"));
            answers.extend(resource_answers());
            answers.push(database_token());
            let script = Script::new(&[("auth_type", "ResourcePrincipal")])
                .variable("OCI_RESOURCE_PRINCIPAL_VERSION", "1.1")
                .variable("OCI_RESOURCE_PRINCIPAL_RPT_ENDPOINT", "https://service.example");
            (script, answers)
        }
        4 => (oke(), vec![proxymux_answer(), database_token()]),
        5 => (azure(), vec![bearer_token()]),
        _ => (identity_domain(), vec![bearer_token()]),
    }
}

pub(crate) const METHODS: usize = 7;

/// JSON of the wrong kinds in the right places.
fn odd_json() -> impl Strategy<Value = Vec<u8>> {
    let value = prop_oneof![
        Just(json!(null)),
        Just(json!(-1)),
        Just(json!([])),
        Just(json!({})),
        Just(json!("")),
        Just(json!("a.b.c")),
        Just(json!(token_with("{}"))),
        Just(json!(token_with(r#"{"exp":1e300}"#))),
        Just(json!(token_with(r#"{"exp":"x"}"#))),
        Just(json!(u64::MAX)),
    ];
    let name = prop_oneof![
        Just("token"),
        Just("access_token"),
        Just("expires_in"),
        Just("code"),
        Just("message"),
        Just("error"),
        Just("resourcePrincipalToken"),
    ];
    proptest::collection::vec((name, value), 0..4).prop_map(|fields| {
        let object: serde_json::Map<_, _> =
            fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        serde_json::Value::Object(object).to_string().into_bytes()
    })
}

fn garble(response: &mut HttpResponse, how: u8, at: usize, with: u8, odd: Vec<u8>) {
    let length = response.body.len().max(1);
    let at = at % length;
    match how % 4 {
        0 => response.body.truncate(at),
        1 => {
            if let Some(byte) = response.body.get_mut(at) {
                *byte ^= with | 1;
            }
        }
        2 => response.body.insert(at.min(response.body.len()), with),
        _ => response.body = odd,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn no_answer_makes_a_flow_panic(
        number in 0..METHODS,
        which in 0usize..16,
        how: u8,
        at in 0usize..4000,
        with: u8,
        odd in odd_json(),
        status in prop_oneof![4 => Just(200u16), 1 => any::<u16>()],
    ) {
        let (script, mut answers) = method(number);
        let which = which % answers.len();
        if let Some(Ok(response)) = answers.get_mut(which) {
            garble(response, how, at, with, odd);
            response.status = status;
        }
        let (got, log) = script.answers(answers).run();
        if let Err(error) = got {
            prop_assert!(!error.to_string().is_empty());
        }
        prop_assert!(log.elapsed.as_secs() <= 60);
    }
}

#[test]
fn every_method_succeeds_with_its_answers_whole() {
    for number in 0..METHODS {
        let (script, answers) = method(number);
        let (got, _) = script.answers(answers).run();
        assert!(got.is_ok(), "{number}: {}", got.unwrap_err());
    }
}

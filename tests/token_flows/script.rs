//! A host whose answers are written down: it runs a flow and keeps what the flow asked.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use base64ct::{Base64, Base64UrlUnpadded, Encoding};
use oraedge::auth::flow::{
    AuthParams, DatabaseToken, Environment, FlowInput, FlowOutput, KeyId, ParamValue, TokenFlow,
};
use oraedge::auth::http::{HttpRequest, HttpResponse};
use oraedge::auth::oci::ApiKey;
use oraedge::error::Error;
use oraedge::time::UnixTime;
use serde_json::{Value, json};

pub(crate) const API_KEY: &str = include_str!("../vectors/token_flows/api_key.pem");
pub(crate) const API_KEY_ENCRYPTED: &str =
    include_str!("../vectors/token_flows/api_key_encrypted.pem");
pub(crate) const PASS_PHRASE: &str = "hunter2pass";
pub(crate) const LEAF: &str = include_str!("../vectors/token_flows/leaf.pem");
pub(crate) const LEAF_EXPIRED: &str = include_str!("../vectors/token_flows/leaf_expired.pem");
pub(crate) const LEAF_KEY: &str = include_str!("../vectors/token_flows/leaf_key.pem");
pub(crate) const INTERMEDIATE: &str = include_str!("../vectors/token_flows/intermediate.pem");

/// 2026-11-25 02:00 UTC.
pub(crate) const NOW: UnixTime = UnixTime::from_secs(1_795_572_000);

/// The time of an answer that never comes.
const NETWORK_TIMEOUT: &str = "timed out";

pub(crate) type Answer = Result<HttpResponse, String>;

/// What a flow asked and told while it ran.
#[derive(Default)]
pub(crate) struct Log {
    pub(crate) requests: Vec<HttpRequest>,
    pub(crate) files: Vec<String>,
    pub(crate) notes: Vec<String>,
    pub(crate) waits: Vec<Duration>,
    pub(crate) key_bits: Vec<u32>,
    /// All of the time that passed.
    pub(crate) elapsed: Duration,
    /// What a careless host would print: `Debug` of all that went to and fro.
    pub(crate) printed: String,
}

impl Log {
    pub(crate) fn urls(&self) -> Vec<&str> {
        self.requests.iter().map(|request| request.url.as_str()).collect()
    }

    pub(crate) fn body(&self, at: usize) -> Value {
        serde_json::from_slice(self.requests[at].body.as_deref().unwrap()).unwrap()
    }

    /// The key id, the signed headers and whether `pem` signed a request as OCI wants it: the text is
    /// put together here from the headers that were sent.
    pub(crate) fn signature(&self, at: usize, pem: &str) -> (String, String, bool) {
        let request = &self.requests[at];
        let authorization = request.header("authorization").unwrap();
        let field = |name: &str| {
            let (_, rest) = authorization.split_once(&format!("{name}=\"")).unwrap();
            rest.split('"').next().unwrap().to_owned()
        };
        let names = field("headers");
        let (_, target) = request.url.split_once("://").unwrap();
        let target = &target[target.find('/').unwrap()..];
        let lines: Vec<String> = names
            .split(' ')
            .map(|name| match name {
                "(request-target)" => {
                    let method = request.method.as_str().to_lowercase();
                    format!("(request-target): {method} {target}")
                }
                name => format!("{name}: {}", request.header(name).unwrap()),
            })
            .collect();
        let key = ApiKey::from_pem(pem, None).unwrap();
        let expected = key.sign_sha256(lines.join("\n").as_bytes()).unwrap();
        let fits = Base64::encode_string(&expected) == field("signature");
        (field("keyId"), names, fits)
    }
}

/// The answers, file by file and request by request.
pub(crate) struct Script {
    pub(crate) params: Vec<(String, ParamValue)>,
    pub(crate) variables: BTreeMap<String, String>,
    pub(crate) files: BTreeMap<String, String>,
    answers: VecDeque<Answer>,
    /// What answers once `answers` are used up, if anything does.
    pub(crate) then: Option<fn(&HttpRequest) -> Answer>,
    /// Whether the host cannot make keys.
    pub(crate) no_keys: bool,
}

impl Script {
    pub(crate) fn new(params: &[(&str, &str)]) -> Script {
        let params = params.iter().map(|(name, value)| ((*name).to_owned(), (*value).into()));
        Script {
            params: params.collect(),
            variables: BTreeMap::new(),
            files: BTreeMap::new(),
            answers: VecDeque::new(),
            then: None,
            no_keys: false,
        }
    }

    pub(crate) fn param(mut self, name: &str, value: &str) -> Self {
        self.params.retain(|(other, _)| other != name);
        self.params.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    pub(crate) fn file(mut self, path: &str, content: &str) -> Self {
        self.files.insert(path.to_owned(), content.to_owned());
        self
    }

    pub(crate) fn answer(mut self, answer: Answer) -> Self {
        self.answers.push_back(answer);
        self
    }

    pub(crate) fn answers(mut self, answers: impl IntoIterator<Item = Answer>) -> Self {
        self.answers.extend(answers);
        self
    }

    /// Runs to the end. A request beyond the last answer is never answered.
    pub(crate) fn run(self) -> (Result<DatabaseToken, Error>, Log) {
        let mut log = Log::default();
        let result = self.run_into(&mut log);
        (result, log)
    }

    fn run_into(mut self, log: &mut Log) -> Result<DatabaseToken, Error> {
        let params = AuthParams::from_pairs(self.params)?;
        let environment = Environment {
            variables: self.variables,
            home: Some("/home/scott".to_owned()),
            entropy: b"entropy".to_vec(),
        };
        log.printed += &format!("{params:?} {environment:?}");
        let mut flow = TokenFlow::new(params, environment);
        let mut keys = 0;
        let mut now = NOW;
        flow.handle_input(now, FlowInput::Start);
        for _ in 0..1000 {
            let output = flow.poll_output();
            log.printed += &format!("{output:?} {flow:?}\n");
            let input = match output {
                FlowOutput::Http(request) => {
                    let timeout = request.timeout;
                    assert!(!timeout.is_zero());
                    let answer = match (self.answers.pop_front(), self.then) {
                        (Some(answer), _) => answer,
                        (None, Some(then)) => then(&request),
                        (None, None) => Err(NETWORK_TIMEOUT.into()),
                    };
                    log.requests.push(request);
                    if answer.as_ref().is_err_and(|reason| reason == NETWORK_TIMEOUT) {
                        now = now + timeout;
                        log.elapsed += timeout;
                    }
                    FlowInput::Http(answer)
                }
                FlowOutput::ReadFile(path) => {
                    let content = self.files.get(&path).map(|text| text.clone().into_bytes());
                    log.files.push(path);
                    FlowInput::File(content.ok_or_else(|| "no such file".to_owned()))
                }
                FlowOutput::GenerateKeyPair { bits } => {
                    log.key_bits.push(bits);
                    if self.no_keys {
                        FlowInput::KeyPairFailed("no randomness".to_owned())
                    } else {
                        keys += 1;
                        let public_key = host_key().spki_der().to_vec();
                        FlowInput::KeyPair { key: KeyId(keys), public_key }
                    }
                }
                FlowOutput::Sign { key, message } => {
                    assert!((1..=keys).contains(&key.0));
                    FlowInput::Signed(Ok(host_key().sign_sha256(&message).unwrap()))
                }
                FlowOutput::Wait(time) => {
                    log.waits.push(time);
                    log.elapsed += time;
                    now = now + time;
                    FlowInput::Waited
                }
                FlowOutput::Note(text) => {
                    log.notes.push(text);
                    continue;
                }
                FlowOutput::Done(token) => return Ok(token),
                FlowOutput::Failed(error) => return Err(error),
                FlowOutput::Idle => panic!("the flow waits for nothing"),
            };
            log.printed += &format!("{input:?}\n");
            flow.handle_input(now, input);
        }
        panic!("the flow does not end");
    }
}

/// The key that the host makes, each time: it takes long to make one.
fn host_key() -> ApiKey {
    ApiKey::from_pem(API_KEY, None).unwrap()
}

pub(crate) fn response(status: u16, body: impl Into<Vec<u8>>) -> Answer {
    let headers = vec![("opc-request-id".to_owned(), "REQUEST1".to_owned())];
    Ok(HttpResponse { status, headers, body: body.into() })
}

pub(crate) fn with_header(answer: Answer, name: &str, value: &str) -> Answer {
    answer.map(|mut response| {
        response.headers.push((name.to_owned(), value.to_owned()));
        response
    })
}

pub(crate) fn ok(body: Value) -> Answer {
    response(200, body.to_string())
}

pub(crate) fn refusal(status: u16, code: &str, message: &str) -> Answer {
    response(status, json!({ "code": code, "message": message }).to_string())
}

/// A token that lives an hour.
pub(crate) fn token() -> String {
    token_with(&json!({ "sub": "s", "exp": NOW.as_secs() + 3600 }).to_string())
}

pub(crate) fn token_with(claims: &str) -> String {
    let part = |text: &str| Base64UrlUnpadded::encode_string(text.as_bytes());
    format!("{}.{}.{}", part(r#"{"alg":"RS256"}"#), part(claims), part("signature"))
}

/// The answer with a scoped token.
pub(crate) fn database_token() -> Answer {
    ok(json!({ "token": token() }))
}

pub(crate) fn text_of(token: &DatabaseToken) -> &str {
    token.token.expose_text().unwrap()
}

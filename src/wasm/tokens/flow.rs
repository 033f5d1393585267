//! A token flow as JavaScript drives it: `start`, then `poll` and answer in turn until it is done.

use js_sys::{Array, Object, Reflect, Uint8Array};
use sha2::{Digest, Sha256};
use wasm_bindgen::prelude::*;

use super::random::Random;
use crate::auth::flow::{self, AuthParams, DatabaseToken, Environment, FlowInput, FlowOutput};
use crate::auth::flow::{KeyId, ParamValue};
use crate::auth::http::{HttpRequest, HttpResponse};
use crate::error::{Error, Result};
use crate::time::UnixTime;
use crate::wasm::errors::to_js;
use rsa::rand_core::TryRng;

/// How much randomness a flow gets.
const ENTROPY_BYTES: usize = 32;

/// One way to one token. Each `now` is in milliseconds since 1970.
#[wasm_bindgen]
pub struct TokenFlow {
    flow: flow::TokenFlow,
    cache_key: String,
}

#[wasm_bindgen]
impl TokenFlow {
    /// `parameters` has texts and arrays of texts, `variables` texts.
    #[wasm_bindgen(constructor)]
    pub fn new(
        parameters: &Object,
        variables: &Object,
        home: Option<String>,
    ) -> Result<TokenFlow, JsValue> {
        make(parameters, variables, home).map_err(|error| to_js(&error))
    }

    /// A hash of everything that decides on the token: parameters, variables, home folder.
    #[wasm_bindgen(getter, js_name = cacheKey)]
    pub fn cache_key(&self) -> String {
        self.cache_key.clone()
    }

    /// Begins.
    pub fn start(&mut self, now: f64) {
        self.tell(now, FlowInput::Start);
    }

    /// Answers `http`; `headers` is an array of [name, value].
    pub fn response(&mut self, now: f64, status: u16, headers: &Array, body: Vec<u8>) {
        let headers = headers.iter().filter_map(|pair| text_pair(&pair)).collect();
        self.tell(now, FlowInput::Http(Ok(HttpResponse { status, headers, body })));
    }

    /// Answers `http` where there is no response.
    #[wasm_bindgen(js_name = noResponse)]
    pub fn no_response(&mut self, now: f64, reason: String) {
        self.tell(now, FlowInput::Http(Err(reason)));
    }

    /// Answers `readFile`.
    pub fn file(&mut self, now: f64, content: Vec<u8>) {
        self.tell(now, FlowInput::File(Ok(content)));
    }

    /// Answers `readFile` where there is no such file.
    #[wasm_bindgen(js_name = noFile)]
    pub fn no_file(&mut self, now: f64, reason: String) {
        self.tell(now, FlowInput::File(Err(reason)));
    }

    /// Answers `generateKeyPair`; `key` is the caller's number for it.
    #[wasm_bindgen(js_name = keyPair)]
    pub fn key_pair(&mut self, now: f64, key: u32, public_key: Vec<u8>) {
        self.tell(now, FlowInput::KeyPair { key: KeyId(key), public_key });
    }

    /// Answers `generateKeyPair` where none could be made.
    #[wasm_bindgen(js_name = noKeyPair)]
    pub fn no_key_pair(&mut self, now: f64, reason: String) {
        self.tell(now, FlowInput::KeyPairFailed(reason));
    }

    /// Answers `sign`.
    pub fn signed(&mut self, now: f64, signature: Vec<u8>) {
        self.tell(now, FlowInput::Signed(Ok(signature)));
    }

    /// Answers `sign` where the key did not.
    #[wasm_bindgen(js_name = notSigned)]
    pub fn not_signed(&mut self, now: f64, reason: String) {
        self.tell(now, FlowInput::Signed(Err(reason)));
    }

    /// Answers `wait`.
    pub fn waited(&mut self, now: f64) {
        self.tell(now, FlowInput::Waited);
    }

    /// What to do next: an object with its `kind` and what belongs to it, as `src/js/tokens/flow.js`
    /// reads it.
    pub fn poll(&mut self) -> Object {
        match self.flow.poll_output() {
            FlowOutput::Http(request) => http(&request),
            FlowOutput::ReadFile(path) => object("readFile", &[("path", path.into())]),
            FlowOutput::GenerateKeyPair { bits } => {
                object("generateKeyPair", &[("bits", bits.into())])
            }
            FlowOutput::Sign { key, message } => object(
                "sign",
                &[("key", key.0.into()), ("message", Uint8Array::from(&message[..]).into())],
            ),
            FlowOutput::Wait(time) => {
                object("wait", &[("milliseconds", (time.as_secs_f64() * 1000.0).into())])
            }
            FlowOutput::Note(text) => object("note", &[("text", text.into())]),
            FlowOutput::Done(token) => done(&token),
            FlowOutput::Failed(error) => object("failed", &[("error", to_js(&error))]),
            FlowOutput::Idle => object("idle", &[]),
        }
    }

    fn tell(&mut self, now: f64, input: FlowInput) {
        // The cast saturates.
        self.flow.handle_input(UnixTime::from_millis(now as _), input);
    }
}

fn make(parameters: &Object, variables: &Object, home: Option<String>) -> Result<TokenFlow> {
    let pairs = entries(parameters)
        .map(|(name, value)| Ok((name.clone(), parameter(&name, &value)?)))
        .collect::<Result<Vec<_>>>()?;
    let params = AuthParams::from_pairs(pairs)?;
    let mut entropy = vec![0; ENTROPY_BYTES];
    Random
        .try_fill_bytes(&mut entropy)
        .map_err(|error| Error::unsupported(error.to_string(), "use a runtime that has it"))?;
    let environment = Environment {
        variables: entries(variables)
            .filter_map(|(name, value)| Some((name, value.as_string()?)))
            .collect(),
        home,
        entropy,
    };
    let cache_key = cache_key(&params, &environment);
    Ok(TokenFlow { flow: flow::TokenFlow::new(params, environment), cache_key })
}

fn cache_key(params: &AuthParams, environment: &Environment) -> String {
    let mut hash = Sha256::new();
    hash.update(params.cache_key());
    for (name, value) in &environment.variables {
        for part in [name, value] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
    }
    hash.update(environment.home.as_deref().unwrap_or_default());
    base16ct::lower::encode_string(&hash.finalize())
}

fn entries(object: &Object) -> impl Iterator<Item = (String, JsValue)> {
    let pairs = Object::entries(object).iter().collect::<Vec<_>>();
    pairs.into_iter().filter_map(|pair| {
        let pair: Array = pair.dyn_into().ok()?;
        Some((pair.get(0).as_string()?, pair.get(1)))
    })
}

fn parameter(name: &str, value: &JsValue) -> Result<ParamValue> {
    if let Some(text) = value.as_string() {
        return Ok(ParamValue::Text(text));
    }
    match value.dyn_ref::<Array>() {
        Some(list) => {
            Ok(ParamValue::List(list.iter().filter_map(|part| part.as_string()).collect()))
        }
        None => Err(Error::misuse(format!("the parameter `{name}` is not text"), "")),
    }
}

fn text_pair(pair: &JsValue) -> Option<(String, String)> {
    let pair = pair.dyn_ref::<Array>()?;
    Some((pair.get(0).as_string()?, pair.get(1).as_string()?))
}

fn http(request: &HttpRequest) -> Object {
    let headers: Array = request
        .headers
        .iter()
        .map(|(name, value)| Array::of2(&name.as_str().into(), &value.as_str().into()))
        .collect();
    let body = match &request.body {
        Some(body) => Uint8Array::from(&body[..]).into(),
        None => JsValue::UNDEFINED,
    };
    object(
        "http",
        &[
            ("method", request.method.as_str().into()),
            ("url", request.url.as_str().into()),
            ("headers", headers.into()),
            ("body", body),
            ("ca", request.ca_pem.as_deref().map_or(JsValue::UNDEFINED, Into::into)),
            ("timeout", (request.timeout.as_millis() as f64).into()),
        ],
    )
}

fn done(token: &DatabaseToken) -> Object {
    let expires_at = token.expires_at.map(|time| (time.as_millis() as f64).into());
    object(
        "done",
        &[
            ("token", token.token.expose_text().unwrap_or_default().into()),
            ("expiresAt", expires_at.unwrap_or(JsValue::UNDEFINED)),
            ("key", token.key.map_or(JsValue::UNDEFINED, |key| key.0.into())),
        ],
    )
}

fn object(kind: &str, fields: &[(&str, JsValue)]) -> Object {
    let object = Object::new();
    for (name, value) in [("kind", kind.into())].iter().chain(fields) {
        // It fails for no plain object.
        let _ = Reflect::set(&object, &JsValue::from_str(name), value);
    }
    object
}

//! `POST /identity`: a page's token request, relayed to an identity service that gives pages no CORS
//! headers. What goes in and out is described in `PROTOCOL.md`.

mod envelope;
mod hosts;
mod relay;

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_MAX_AGE, ALLOW, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, ORIGIN,
    VARY,
};
use hyper::{Method, Request, Response, StatusCode};
use tokio::select;
use tokio::time::timeout;
use tracing::info;

pub use hosts::IdentityHost;

use self::envelope::{Answer, ENVELOPE_MAX, IdentityRequest};
use self::relay::{Relayed, relay};
use crate::pump::shutting_down;
use crate::refusal::{Code, Refusal};
use crate::server::{Client, Shared, admit, origin_of};
use crate::token::Token;

/// Where identity requests are sent.
pub(crate) const PATH: &str = "/identity";

/// Seconds for which a browser need not ask again.
const PREFLIGHT_MAX_AGE: &str = "600";

/// Answers a request for [`PATH`].
pub(crate) async fn answer(
    request: Request<Incoming>,
    client: &Client,
    shared: &Arc<Shared>,
) -> Response<Full<Bytes>> {
    let page = request.headers().get(ORIGIN).cloned();
    let allowed_page =
        page.filter(|_| shared.policy.check_origin(origin_of(&request).as_deref()).is_ok());
    let mut response = match *request.method() {
        Method::OPTIONS => preflight(allowed_page.is_some()),
        Method::POST => {
            let origin = origin_of(&request);
            let origin = origin.as_deref().unwrap_or("none");
            let peer = client.peer;
            match relayed(request, client, shared, origin).await {
                Ok(answer) => json(StatusCode::OK, &answer),
                Err(refusal) => {
                    info!(%peer, origin, code = refusal.code.name(), "identity request refused: {}", refusal.logged());
                    shared.metrics.refused(refusal.code);
                    refused(&refusal)
                }
            }
        }
        _ => {
            let refusal = Refusal::new(Code::MethodNotAllowed, "/identity takes POST", "");
            let mut response = refused(&refusal);
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST, OPTIONS"));
            response
        }
    };
    let headers = response.headers_mut();
    headers.insert(VARY, HeaderValue::from_static("origin"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(page) = allowed_page {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, page);
    }
    response
}

/// The answer to the browser's question whether the page may.
fn preflight(allowed: bool) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    if !allowed {
        *response.status_mut() = StatusCode::FORBIDDEN;
        return response;
    }
    *response.status_mut() = StatusCode::NO_CONTENT;
    for (name, value) in [
        (ACCESS_CONTROL_ALLOW_METHODS, "POST"),
        (ACCESS_CONTROL_ALLOW_HEADERS, "authorization, content-type"),
        (ACCESS_CONTROL_MAX_AGE, PREFLIGHT_MAX_AGE),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// The guards, in order, and the request behind them.
async fn relayed(
    request: Request<Incoming>,
    client: &Client,
    shared: &Arc<Shared>,
    origin: &str,
) -> Result<Answer, Refusal> {
    let _place = admit(&request, client, shared)?;
    let grant = shared.credentials.get().check(bearer(&request).as_ref())?;
    let page = origin_of(&request);
    check_content_type(&request)?;
    let envelope = timeout(shared.limits.handshake, read_envelope(request.into_body()));
    let envelope = envelope.await.map_err(|_| {
        Refusal::new(
            Code::HandshakeTimeout,
            format!("the request did not arrive within {} ms", shared.limits.handshake.as_millis()),
            "",
        )
    })??;
    let request = IdentityRequest::parse(&envelope)?;
    grant.check(&request.host.target, page.as_deref())?;
    shared.policy.check_identity_host(&request.host)?;

    let begin = Instant::now();
    let (host, path, sent) = (request.host.to_string(), request.path.clone(), request.body.len());
    let Relayed { status, headers, body } = select! {
        relayed = relay(request, shared) => relayed?,
        () = shared.kill.cancelled() => return Err(shutting_down()),
    };
    let ms = begin.elapsed().as_millis();
    let (peer, status_number, received) = (client.peer, status.as_u16(), body.len());
    shared.metrics.identity_answered(status_number);
    info!(%peer, origin, host, path, status = status_number, sent, received, ms, subject = grant.subject(), "identity request relayed");
    Ok(Answer::new(status, &headers, &body))
}

/// The token of an `Authorization: Bearer` header.
fn bearer<B>(request: &Request<B>) -> Option<Token> {
    let value = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| Token::new(token))?
}

/// JSON alone: a browser sends it only after a preflight request.
fn check_content_type<B>(request: &Request<B>) -> Result<(), Refusal> {
    let value = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = value.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(Refusal::new(
        Code::BadRequest,
        "an identity request has the content type application/json",
        "",
    ))
}

async fn read_envelope(body: Incoming) -> Result<Bytes, Refusal> {
    match Limited::new(body, ENVELOPE_MAX).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Refusal::new(
            Code::MessageTooBig,
            format!("an identity request has at most {ENVELOPE_MAX} bytes"),
            "",
        )),
        Err(_) => Err(Refusal::new(Code::BadRequest, "the request broke off", "")),
    }
}

fn refused(refusal: &Refusal) -> Response<Full<Bytes>> {
    let status = refusal.code.http_status();
    json(StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY), &refusal.as_refused())
}

fn json(status: StatusCode, body: &impl serde::Serialize) -> Response<Full<Bytes>> {
    // Strings, numbers and lists of them: there is nothing in it that could fail.
    let mut response = Response::new(Full::from(serde_json::to_vec(body).unwrap_or_default()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

//! SQL*Net over WebSocket, as Oracle's own clients speak it: `(PROTOCOL=wss)` in a descriptor.
//!
//! What public documents tell: the sub-protocol is `sqlnet.oracle.com` (IANA's registry of WebSocket
//! sub-protocols), the request URI is `/sqlnet` unless the descriptor says otherwise
//! (`WEBSOCK_URI`; ODP.NET's `SqlnetURI`), user and password for the web server, if any, are HTTP's
//! Basic authentication (JDBC's `oracle.net.websocketUser`). The client names no target, so the
//! operator does. Binary frames carry the bytes of the connection; there are no control frames.

use std::fmt;
use std::num::NonZeroU16;
use std::str::FromStr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, HeaderValue, SEC_WEBSOCKET_PROTOCOL, WWW_AUTHENTICATE};
use hyper::{Request, Response, StatusCode};
use tokio_tungstenite::tungstenite::handshake::server::create_response_with_body;
use tracing::info;

use crate::admission::Place;
use crate::credentials::Grant;
use crate::message::{ConnectRequest, Protocol};
use crate::policy::{ConfigError, Target};
use crate::refusal::{Code, Refusal};
use crate::server::{Client, Shared, admit, names, origin_of, plain, upgrade};
use crate::token::Token;
use crate::tunnel::{self, Opening};

/// The sub-protocol of Oracle's clients.
pub(crate) const SUBPROTOCOL: &str = "sqlnet.oracle.com";

/// Where they ask for it.
const PATH: &str = "/sqlnet";

/// Where clients of SQL*Net over WebSocket are connected to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqlNetTarget {
    target: Target,
    tcps: bool,
}

impl fmt::Display for SqlNetTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", if self.tcps { "tcps" } else { "tcp" }, self.target)
    }
}

impl FromStr for SqlNetTarget {
    type Err = ConfigError;

    /// `HOST:PORT`, with `tcp://` (the default) or `tcps://` in front.
    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let (tcps, rest) = match text.split_once("://") {
            None => (false, text),
            Some(("tcp", rest)) => (false, rest),
            Some(("tcps", rest)) => (true, rest),
            Some((scheme, _)) => {
                return Err(ConfigError::new(format!(
                    "{text:?} is no target for SQL*Net: {scheme} is neither tcp nor tcps"
                )));
            }
        };
        Ok(SqlNetTarget { target: rest.parse()?, tcps })
    }
}

impl SqlNetTarget {
    /// The request that a client of `oraedge.v1` would have made.
    fn request(&self) -> Option<ConnectRequest> {
        let port = NonZeroU16::new(self.target.port())?;
        let protocol = if self.tcps { Protocol::Tcps } else { Protocol::Tcp };
        Some(ConnectRequest::new(self.target.host(), port, protocol))
    }
}

/// Whether a request asks for SQL*Net over WebSocket.
pub(crate) fn is_asked_for<B>(request: &Request<B>) -> bool {
    request.uri().path() == PATH
        && names(request.headers(), SEC_WEBSOCKET_PROTOCOL).any(|name| name == SUBPROTOCOL)
}

/// Lets the client in, or says in HTTP why not: there is no frame to say it in.
pub(crate) fn answer(
    request: Request<Incoming>,
    client: &Client,
    shared: &Arc<Shared>,
) -> Response<Full<Bytes>> {
    let (place, opening) = match check(&request, client, shared) {
        Ok(checked) => checked,
        Err(refusal) => {
            let peer = client.peer;
            info!(%peer, code = refusal.code.name(), "SQL*Net refused: {}", refusal.logged());
            shared.metrics.refused(refusal.code);
            return refused(&refusal);
        }
    };
    match create_response_with_body(&request, Full::default) {
        Ok(mut response) => {
            let protocol = HeaderValue::from_static(SUBPROTOCOL);
            response.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, protocol);
            let (shared, peer) = (Arc::clone(shared), client.peer);
            let client = client.clone();
            shared.tasks.clone().spawn(async move {
                let origin = origin_of(&request);
                if let Some(socket) = upgrade(request, peer, &shared).await {
                    tunnel::serve(socket, shared, peer, origin, opening).await;
                }
                drop((place, client));
            });
            response
        }
        Err(error) => plain(StatusCode::BAD_REQUEST, format!("{error}\n")),
    }
}

fn check(
    request: &Request<Incoming>,
    client: &Client,
    shared: &Shared,
) -> Result<(Place, Opening), Refusal> {
    let place = admit(request, client, shared)?;
    let Some((target, connect)) =
        shared.policy.sqlnet.as_ref().and_then(|sqlnet| Some((&sqlnet.target, sqlnet.request()?)))
    else {
        return Err(Refusal::new(
            Code::TargetNotAllowed,
            "this bridge has no target for SQL*Net over WebSocket",
            "start oraedge-bridge with --sqlnet HOST:PORT to give it one",
        ));
    };
    let grant: Grant = shared.credentials.get().check(shown(request).as_ref())?;
    grant.check(target, origin_of(request).as_deref())?;
    let subject = grant.subject().map(str::to_owned);
    Ok((place, Opening::Given { request: Box::new(connect), subject }))
}

/// The token or ticket: a bearer token, or the password of Basic authentication, whose user name
/// does not matter.
fn shown<B>(request: &Request<B>) -> Option<Token> {
    let value = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, rest) = value.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Token::new(rest);
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(rest.trim()).ok()?).ok()?;
    Token::new(decoded.split_once(':')?.1)
}

fn refused(refusal: &Refusal) -> Response<Full<Bytes>> {
    let status =
        StatusCode::from_u16(refusal.code.http_status()).unwrap_or(StatusCode::BAD_GATEWAY);
    let mut response = plain(status, format!("{refusal}\n"));
    if refusal.code == Code::Unauthorized {
        let basic = HeaderValue::from_static("Basic realm=\"oraedge-bridge\"");
        response.headers_mut().insert(WWW_AUTHENTICATE, basic);
    }
    response
}

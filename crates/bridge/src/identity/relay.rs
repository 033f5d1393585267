//! One identity request, out and back.

use std::io;
use std::net::IpAddr;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::rt::{Read, Write};
use hyper::{Request, Response, StatusCode, header::HeaderMap};
use hyper_util::rt::TokioIo;
use tokio::time::{Instant, timeout_at};
use tokio_util::task::AbortOnDropHandle;

use crate::dial::dial;
use crate::dn::NameRule;
use crate::identity::envelope::IdentityRequest;
use crate::refusal::{Code, Refusal};
use crate::server::Shared;

/// The longest answer, in bytes. Tokens have a few kB, discovery documents as well.
const ANSWER_MAX: usize = 256 * 1024;

/// What the service said.
#[derive(Debug)]
pub(crate) struct Relayed {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// Sends the request, whose host must have been checked against the list, and reads the answer.
pub(crate) async fn relay(request: IdentityRequest, shared: &Shared) -> Result<Relayed, Refusal> {
    let limit = request.timeout.min(shared.limits.identity);
    let deadline = Instant::now() + limit;
    let target = request.host.target.clone();
    let networks = &shared.policy.networks;
    let tcp = dial(&target, networks, deadline, limit).await?;
    let too_late = || {
        Refusal::new(
            Code::ConnectionTimedOut,
            format!("{} did not answer within {} ms", request.host, limit.as_millis()),
            "try again; oraedge-bridge --identity-timeout sets the upper limit",
        )
    };
    let exchanged = async {
        if !request.host.https {
            return exchange(&request, TokioIo::new(tcp)).await;
        }
        let host = target.host();
        // RFC 6066: an address is no server name.
        let sni = host.parse::<IpAddr>().is_err().then_some(host);
        let rule = NameRule::Host(host.to_owned());
        let tls = shared.trust.get().connect(&target, rule, sni, tcp).await?;
        exchange(&request, TokioIo::new(tls)).await
    };
    timeout_at(deadline, exchanged).await.unwrap_or_else(|_| Err(too_late()))
}

async fn exchange<I>(request: &IdentityRequest, io: I) -> Result<Relayed, Refusal>
where
    I: Read + Write + Unpin + Send + 'static,
{
    let broken = |error: hyper::Error| broken_answer(request, &error);
    let (mut sender, connection) = http1::handshake(io).await.map_err(broken)?;
    // The connection is worked on beside the request, and ends with it.
    let _connection = AbortOnDropHandle::new(tokio::spawn(connection));
    let mut outgoing = Request::new(Full::new(request.body.clone()));
    *outgoing.method_mut() = request.method.clone();
    // A path that the bridge knows is a URI.
    *outgoing.uri_mut() = request
        .path
        .parse()
        .map_err(|_| Refusal::new(Code::PathNotAllowed, "the path of url is not a path", ""))?;
    *outgoing.headers_mut() = request.headers.clone();
    let (parts, body) = sender.send_request(outgoing).await.map_err(broken)?.into_parts();
    let body = read_answer(request, Response::new(body)).await?;
    Ok(Relayed { status: parts.status, headers: parts.headers, body })
}

async fn read_answer(
    request: &IdentityRequest,
    response: Response<Incoming>,
) -> Result<Bytes, Refusal> {
    match Limited::new(response.into_body(), ANSWER_MAX).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Refusal::new(
            Code::BadAnswer,
            format!("{} answered with more than {ANSWER_MAX} bytes", request.host),
            "check that it is an identity service",
        )),
        Err(error) => Err(Refusal::new(
            Code::BadAnswer,
            format!("the answer of {} broke off: {error}", request.host),
            "try again",
        )),
    }
}

/// What came back is no answer. hyper's text names the kind of fault and quotes nothing.
fn broken_answer(request: &IdentityRequest, error: &hyper::Error) -> Refusal {
    let io = std::error::Error::source(error).and_then(|source| source.downcast_ref::<io::Error>());
    let what = match io {
        Some(io) => io.to_string(),
        None if error.is_incomplete_message() => "it hung up before it answered".to_owned(),
        None => error.to_string(),
    };
    let remedy = if request.host.https {
        "check host and port"
    } else {
        "check host and port, and whether it should be https"
    };
    Refusal::new(
        Code::BadAnswer,
        format!("{} did not answer in HTTP: {what}", request.host),
        remedy,
    )
}

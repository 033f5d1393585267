//! The services on sockets: HTTP/1.1, with and without TLS.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, Limited, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::rt::{Read, Write};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::{TlsAcceptor, rustls};

use super::http::{Reply, Request, Response};
use super::services::{Arrival, Services};

/// The longest body that is read, in bytes.
const MAX_BODY: usize = 1024 * 1024;
/// How long a TLS handshake, and the headers of a request, may take.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);
/// How long a listener waits before it tries again to accept.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How long the first half of an answer has to reach the client.
const FLUSH_PAUSE: Duration = Duration::from_millis(50);

/// One listener of the services.
pub(crate) struct Listener {
    pub(crate) services: Services,
    pub(crate) tls: Option<Arc<rustls::ServerConfig>>,
    pub(crate) verbose: bool,
}

impl Listener {
    /// Accepts until `stopping`.
    pub(crate) async fn run(self, listener: TcpListener, mut stopping: watch::Receiver<bool>) {
        let mut connections = JoinSet::new();
        let acceptor = self.tls.clone().map(TlsAcceptor::from);
        let (services, verbose) = (self.services, self.verbose);
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                _ = stopping.changed() => break,
            };
            let Ok((stream, peer)) = accepted else {
                // Running out of file descriptors passes, but not at once.
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            };
            while connections.try_join_next().is_some() {}
            let (services, acceptor) = (services.clone(), acceptor.clone());
            connections.spawn(async move {
                // Answers are small and waited for.
                let _ = stream.set_nodelay(true);
                let end = match acceptor {
                    None => serve(TokioIo::new(stream), services, Arrival::Plain).await,
                    Some(acceptor) => {
                        match tokio::time::timeout(HANDSHAKE_LIMIT, acceptor.accept(stream)).await {
                            Ok(Ok(stream)) => {
                                serve(TokioIo::new(stream), services, Arrival::Tls).await
                            }
                            Ok(Err(error)) => Err(error.to_string()),
                            Err(_) => Err("the TLS handshake took too long".to_owned()),
                        }
                    }
                };
                if let Err(error) = end
                    && verbose
                {
                    eprintln!("identity, {peer}: {error}");
                }
            });
        }
        connections.shutdown().await;
    }
}

async fn serve<S>(stream: S, services: Services, arrival: Arrival) -> Result<(), String>
where
    S: Read + Write + Unpin + Send + 'static,
{
    let service = service_fn(move |request| answer(request, services.clone(), arrival));
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HANDSHAKE_LIMIT)
        .serve_connection(stream, service)
        .await
        .map_err(|error| error.to_string())
}

type ResponseBody = UnsyncBoxBody<Bytes, io::Error>;

/// An error ends the connection without an answer.
async fn answer(
    request: hyper::Request<Incoming>,
    services: Services,
    arrival: Arrival,
) -> io::Result<hyper::Response<ResponseBody>> {
    let request = match collect(request).await {
        Ok(request) => request,
        Err(error) => {
            let response = Response::error(413, "RequestEntityTooLarge", &error.to_string());
            return send(response, false);
        }
    };
    // Signing takes some milliseconds of computing.
    let reply = tokio::task::spawn_blocking(move || services.handle(&request, arrival)).await;
    match reply.map_err(io::Error::other)? {
        Reply::Whole(response) => send(response, false),
        Reply::Truncated(response) => send(response, true),
        Reply::Late(response, time) => {
            tokio::time::sleep(time).await;
            send(response, false)
        }
        Reply::Dropped => Err(io::Error::other("told to drop the connection")),
    }
}

async fn collect(
    request: hyper::Request<Incoming>,
) -> Result<Request, Box<dyn std::error::Error + Send + Sync>> {
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, MAX_BODY).collect().await?.to_bytes();
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str()).to_owned();
    let headers = parts.headers.iter().map(|(name, value)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    });
    Ok(Request {
        method: parts.method.as_str().to_owned(),
        target,
        headers: headers.collect(),
        body: body.to_vec(),
    })
}

fn send(response: Response, truncated: bool) -> io::Result<hyper::Response<ResponseBody>> {
    let mut builder = hyper::Response::builder().status(response.status);
    for (name, value) in &response.headers {
        builder = builder.header(name, value);
    }
    builder = builder.header("content-length", response.body.len());
    let body = if truncated {
        half(response.body)
    } else {
        Full::from(response.body).map_err(|never: Infallible| match never {}).boxed_unsync()
    };
    builder.body(body).map_err(io::Error::other)
}

/// The first half of `body`, and then the end of the connection.
fn half(mut body: Vec<u8>) -> ResponseBody {
    body.truncate(body.len() / 2);
    let first = futures::stream::iter([Ok(Frame::data(Bytes::from(body)))]);
    let rest = futures::stream::once(async {
        // An error at once would take back what is still to be written.
        tokio::time::sleep(FLUSH_PAUSE).await;
        Err(io::Error::new(io::ErrorKind::UnexpectedEof, "told to send half of it"))
    });
    StreamBody::new(first.chain(rest)).boxed_unsync()
}

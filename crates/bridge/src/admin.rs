//! The operator's own address: `/metrics` and `/healthz`, for whoever can reach it.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::select;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tracing::{debug, warn};

use crate::metrics;
use crate::server::{Shared, health, plain};

/// Scrapers at a time.
const CONNECTIONS_MAX: usize = 16;

/// How long one may stay.
const CONNECTION_LIMIT: Duration = Duration::from_secs(60);

/// Serves until the bridge is down, so that going down can be watched.
pub(crate) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let accepted = select! {
            () = shared.kill.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((tcp, _)) => {
                let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
                let shared = Arc::clone(&shared);
                tokio::spawn(async move {
                    let _ = timeout(CONNECTION_LIMIT, serve_one(tcp, shared)).await;
                    drop(place);
                });
            }
            Err(error) => {
                warn!("cannot accept on the admin address: {error}");
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn serve_one(tcp: TcpStream, shared: Arc<Shared>) {
    let limit = shared.limits.handshake;
    let service = service_fn(|request| {
        let response = answer(&request, &shared);
        async { Ok::<_, Infallible>(response) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limit)
        .serve_connection(TokioIo::new(tcp), service)
        .await;
    if let Err(error) = served {
        debug!("admin connection ended: {error}");
    }
}

fn answer(request: &Request<Incoming>, shared: &Shared) -> Response<Full<Bytes>> {
    match (request.method(), request.uri().path()) {
        (_, "/healthz") => health(request.method(), shared),
        (&Method::GET, "/metrics") => {
            let figures = shared.metrics.render(shared.admission.current());
            let mut response = Response::new(Full::from(figures));
            let figures = HeaderValue::from_static(metrics::CONTENT_TYPE);
            response.headers_mut().insert(CONTENT_TYPE, figures);
            response
        }
        (_, "/metrics") => plain(StatusCode::METHOD_NOT_ALLOWED, "GET\n".to_owned()),
        _ => plain(StatusCode::NOT_FOUND, "/metrics, /healthz\n".to_owned()),
    }
}

//! The listening side: accepts, answers `/healthz`, lets WebSockets in, and goes down in order.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{
    CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, ORIGIN, SEC_WEBSOCKET_PROTOCOL, UPGRADE,
};
use hyper::rt::{Read, Write};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::select;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::server::create_response_with_body;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, info, warn};

use crate::admission::{Admission, Place};
use crate::credentials::Credentials;
use crate::dial::tune;
use crate::identity;
use crate::message::{BRIDGE_NAME, SUBPROTOCOL};
use crate::metrics::Metrics;
use crate::policy::Policy;
use crate::pump::shutting_down;
use crate::refusal::{Code, Refusal};
use crate::reload::{Reload, Reloaded};
use crate::sqlnet;
use crate::tls::Trust;
use crate::tunnel::{self, Opening, Socket};

/// What a connection may take and how long things may last.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Connections in all.
    pub max_connections: usize,
    /// Connections from one address; a /64 network counts as one address.
    pub max_connections_per_address: usize,
    /// Bytes in one frame from the client.
    pub max_message_bytes: usize,
    /// From the TCP connection to the HTTP request, and from the upgrade to the `connect` frame.
    pub handshake: Duration,
    /// Name look-up, TCP and TLS to the target, together.
    pub connect: Duration,
    /// For one identity request, from its envelope to the whole answer.
    pub identity: Duration,
    /// Without a byte either way; `None` for no limit.
    pub idle: Option<Duration>,
    /// From the begin of a WebSocket; `None` for no limit.
    pub lifetime: Option<Duration>,
    /// Bytes that a connection may carry, both ways together; `None` for no limit.
    pub max_bytes: Option<u64>,
    /// For the client to take a frame.
    pub stall: Duration,
    /// Between two pings to the client.
    pub ping_interval: Duration,
    /// From the begin of a shutdown to the closing of what is still open.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            max_connections: 1000,
            max_connections_per_address: 100,
            max_message_bytes: 1024 * 1024,
            handshake: Duration::from_secs(10),
            connect: Duration::from_secs(20),
            identity: Duration::from_secs(60),
            idle: Some(Duration::from_secs(3600)),
            lifetime: None,
            max_bytes: None,
            stall: Duration::from_secs(120),
            ping_interval: Duration::from_secs(20),
            drain: Duration::from_secs(30),
        }
    }
}

/// Sockets beyond the limits of connections that may be open, in all and from one address: for
/// `/healthz`, for refusals with a reason, and for those who have not said yet what they want.
const SPARE_SOCKETS: usize = 128;
const SPARE_SOCKETS_PER_ADDRESS: usize = 16;

/// The WebSocket library's read buffer for each connection; larger frames grow their own.
const READ_BUFFER: usize = 16 * 1024;

/// How long the last tasks may take to say goodbye after the drain time.
const KILL_LIMIT: Duration = Duration::from_secs(6);

/// What all connections share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) policy: Policy,
    pub(crate) credentials: Arc<Reloaded<Credentials>>,
    pub(crate) trust: Arc<Reloaded<Trust>>,
    /// The bridge's own TLS, where it has one.
    pub(crate) tls: Option<Arc<Reloaded<TlsAcceptor>>>,
    pub(crate) limits: Limits,
    pub(crate) admission: Arc<Admission>,
    pub(crate) metrics: Metrics,
    /// The bridge is going down: nobody new, and whoever is there is told.
    pub(crate) draining: CancellationToken,
    /// The drain time is over.
    pub(crate) kill: CancellationToken,
    pub(crate) tasks: TaskTracker,
}

impl Shared {
    /// Whatever comes from files.
    pub(crate) fn files(&self) -> Vec<Arc<dyn Reload>> {
        let mut all: Vec<Arc<dyn Reload>> =
            vec![Arc::clone(&self.credentials) as _, Arc::clone(&self.trust) as _];
        all.extend(self.tls.clone().map(|tls| tls as Arc<dyn Reload>));
        all
    }

    /// Goes down: no one new from now on; what is open has the drain time to end by itself.
    pub(crate) async fn shut_down(&self) {
        self.draining.cancel();
        self.tasks.close();
        if timeout(self.limits.drain, self.tasks.wait()).await.is_err() {
            info!(connections = self.admission.current(), "the drain time is over, closing");
            self.kill.cancel();
            let _ = timeout(KILL_LIMIT, self.tasks.wait()).await;
        }
        self.kill.cancel();
    }
}

/// Where a request came from; the place counts its socket for as long as it lives.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    pub(crate) peer: SocketAddr,
    _socket: Arc<Place>,
}

/// Accepts until the bridge goes down.
pub(crate) async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let sockets = Admission::new(
        shared.limits.max_connections.saturating_add(SPARE_SOCKETS),
        shared.limits.max_connections_per_address.saturating_add(SPARE_SOCKETS_PER_ADDRESS),
    );
    loop {
        let accepted = select! {
            () = shared.draining.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let (tcp, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, most likely: they come back when connections end.
                warn!("cannot accept: {error}");
                sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let Ok(place) = sockets.admit(peer.ip()) else {
            warn!(%peer, "too many open sockets, hung up");
            continue;
        };
        let client = Client { peer, _socket: Arc::new(place) };
        shared.tasks.spawn(serve_socket(tcp, client, Arc::clone(&shared)));
    }
}

async fn serve_socket(tcp: TcpStream, client: Client, shared: Arc<Shared>) {
    let peer = client.peer;
    if let Err(error) = tune(&tcp) {
        debug!(%peer, "gone at once: {error}");
        return;
    }
    let Some(acceptor) = shared.tls.as_ref().map(|tls| tls.get()) else {
        return serve_http(TokioIo::new(tcp), client, shared).await;
    };
    match timeout(shared.limits.handshake, acceptor.accept(tcp)).await {
        Ok(Ok(stream)) => serve_http(TokioIo::new(stream), client, shared).await,
        Ok(Err(error)) => info!(%peer, "TLS handshake failed: {error}"),
        Err(_) => info!(%peer, "TLS handshake timed out"),
    }
}

async fn serve_http<I>(io: I, client: Client, shared: Arc<Shared>)
where
    I: Read + Write + Unpin + Send + 'static,
{
    let peer = client.peer;
    let service = service_fn(|request| {
        let (client, shared) = (client.clone(), Arc::clone(&shared));
        async move { Ok::<_, Infallible>(answer(request, &client, &shared).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(shared.limits.handshake)
        .serve_connection(io, service)
        .with_upgrades();
    tokio::pin!(connection);
    let served = select! {
        served = &mut connection => served,
        () = shared.draining.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = served {
        debug!(%peer, "HTTP connection ended: {error}");
    }
}

async fn answer(
    request: Request<Incoming>,
    client: &Client,
    shared: &Arc<Shared>,
) -> Response<Full<Bytes>> {
    if request.uri().path() == "/healthz" {
        return health(request.method(), shared);
    }
    if request.uri().path() == identity::PATH {
        return identity::answer(request, client, shared).await;
    }
    if !names(request.headers(), UPGRADE).any(|name| name.eq_ignore_ascii_case("websocket")) {
        let text = format!(
            "{BRIDGE_NAME} speaks WebSocket here, with the sub-protocol {SUBPROTOCOL}; see /healthz for its state.\n"
        );
        let mut response = plain(StatusCode::UPGRADE_REQUIRED, text);
        response.headers_mut().insert(UPGRADE, HeaderValue::from_static("websocket"));
        return response;
    }
    if sqlnet::is_asked_for(&request) {
        return sqlnet::answer(request, client, shared);
    }
    let verdict = admit(&request, client, shared);
    if !names(request.headers(), SEC_WEBSOCKET_PROTOCOL).any(|name| name == SUBPROTOCOL) {
        if let Err(refusal) = &verdict {
            shared.metrics.refused(refusal.code);
        }
        return match verdict {
            Ok(_) => plain(
                StatusCode::BAD_REQUEST,
                format!("Offer the WebSocket sub-protocol {SUBPROTOCOL}.\n"),
            ),
            Err(refusal) if refusal.code == Code::OriginNotAllowed => {
                plain(StatusCode::FORBIDDEN, format!("{refusal}\n"))
            }
            Err(refusal) => plain(StatusCode::SERVICE_UNAVAILABLE, format!("{refusal}\n")),
        };
    }
    match create_response_with_body(&request, Full::default) {
        Ok(mut response) => {
            let protocol = HeaderValue::from_static(SUBPROTOCOL);
            response.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, protocol);
            shared.tasks.spawn(upgraded(request, verdict, client.clone(), Arc::clone(shared)));
            response
        }
        Err(error) => plain(StatusCode::BAD_REQUEST, format!("{error}\n")),
    }
}

/// Whether this client may use the bridge now.
pub(crate) fn admit<B>(
    request: &Request<B>,
    client: &Client,
    shared: &Shared,
) -> Result<Place, Refusal> {
    if shared.draining.is_cancelled() {
        return Err(shutting_down());
    }
    shared.policy.check_origin(origin_of(request).as_deref())?;
    shared.admission.admit(client.peer.ip())
}

/// The Origin header; what is not plain text in it is shown as such, and is on no list.
pub(crate) fn origin_of<B>(request: &Request<B>) -> Option<String> {
    let value = request.headers().get(ORIGIN)?;
    Some(String::from_utf8_lossy(value.as_bytes()).escape_default().take(200).collect())
}

/// The WebSocket, once the upgrade is through.
pub(crate) async fn upgrade(
    mut request: Request<Incoming>,
    peer: SocketAddr,
    shared: &Shared,
) -> Option<Socket> {
    let io = match timeout(shared.limits.handshake, hyper::upgrade::on(&mut request)).await {
        Ok(Ok(upgraded)) => TokioIo::new(upgraded),
        Ok(Err(_)) | Err(_) => {
            debug!(%peer, "the client left during the upgrade");
            return None;
        }
    };
    let max = shared.limits.max_message_bytes;
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_message_size(Some(max))
        .max_frame_size(Some(max));
    Some(WebSocketStream::from_raw_socket(io, Role::Server, Some(config)).await)
}

/// Serves a WebSocket of `oraedge.v1`, or says in it why not.
async fn upgraded(
    request: Request<Incoming>,
    verdict: Result<Place, Refusal>,
    client: Client,
    shared: Arc<Shared>,
) {
    let origin = origin_of(&request);
    let peer = client.peer;
    let Some(socket) = upgrade(request, peer, &shared).await else { return };
    match verdict {
        Ok(place) => {
            tunnel::serve(socket, shared, peer, origin, Opening::Frame).await;
            drop(place);
        }
        Err(refusal) => {
            info!(%peer, origin, code = refusal.code.name(), "refused: {}", refusal.logged());
            shared.metrics.refused(refusal.code);
            tunnel::refuse(socket, &refusal).await;
        }
    }
}

/// The comma-separated names of a header.
pub(crate) fn names(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',').map(str::trim))
}

pub(crate) fn health(method: &Method, shared: &Shared) -> Response<Full<Bytes>> {
    if method != Method::GET && method != Method::HEAD {
        return plain(StatusCode::METHOD_NOT_ALLOWED, "GET or HEAD\n".to_owned());
    }
    let draining = shared.draining.is_cancelled();
    let body = serde_json::json!({
        "status": if draining { "draining" } else { "ok" },
        "bridge": BRIDGE_NAME,
        "connections": shared.admission.current(),
        "maxConnections": shared.admission.max(),
    });
    let mut response = Response::new(Full::from(format!("{body}\n")));
    if draining {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    }
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

pub(crate) fn plain(status: StatusCode, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    let text = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, text);
    response
}

/// Binds, with the address in the error.
pub(crate) async fn listen(address: &str) -> io::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| {
        io::Error::new(error.kind(), format!("cannot listen on {address}: {error}"))
    })
}

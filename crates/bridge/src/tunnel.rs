//! One WebSocket's life: `connect`, the target, bytes, the end.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::select;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tracing::{info, warn};

use crate::dial::dial;
use crate::message::{BRIDGE_NAME, BridgeFrame, ClientFrame, ConnectRequest, Protocol, TlsEnd};
use crate::policy::Target;
use crate::pump::{self, Ending, Traffic, next_message};
use crate::refusal::{Code, Refusal};
use crate::server::{Limits, Shared};
use crate::tls::name_rule;
use crate::upstream::Upstream;

/// The server's end of a WebSocket.
pub(crate) type Socket = WebSocketStream<TokioIo<Upgraded>>;
/// The half that sends.
pub(crate) type Sink = SplitSink<Socket, Message>;
/// The half that receives.
pub(crate) type Source = SplitStream<Socket>;

/// How long the goodbye may take: the client's answer to the close frame keeps the bytes before it
/// from being thrown away by a TCP reset.
const CLOSE_LIMIT: Duration = Duration::from_secs(5);

/// The longest host name that is looked at (RFC 1035: 253 characters).
const HOST_MAX: usize = 253;

/// A WebSocket with a connected target.
#[derive(Debug)]
pub(crate) struct Tunnel {
    pub(crate) shared: Arc<Shared>,
    pub(crate) target: Target,
    pub(crate) request: ConnectRequest,
    /// Whom the client's ticket was given to.
    pub(crate) subject: Option<String>,
    /// Whether the client knows control frames.
    pub(crate) controls: bool,
    pub(crate) traffic: Traffic,
}

/// How a WebSocket's target comes to be known.
#[derive(Debug)]
pub(crate) enum Opening {
    /// By the client's `connect` frame.
    Frame,
    /// By the operator, for clients that name none and know no control frames.
    Given { request: Box<ConnectRequest>, subject: Option<String> },
}

impl Tunnel {
    pub(crate) fn limits(&self) -> &Limits {
        &self.shared.limits
    }

    /// Connects to the target.
    async fn connect(&self) -> Result<Upstream, Refusal> {
        let deadline = Instant::now() + self.limits().connect;
        let tcp = dial(&self.target, &self.shared.policy.networks, deadline, self.limits().connect)
            .await?;
        if self.request.bridge_ends_tls() {
            self.start_tls_before(deadline, tcp).await
        } else {
            Ok(Upstream::Plain(tcp))
        }
    }

    /// TLS with the target on `tcp`, within the time to connect.
    pub(crate) async fn start_tls(&self, tcp: TcpStream) -> Result<Upstream, Refusal> {
        self.start_tls_before(Instant::now() + self.limits().connect, tcp).await
    }

    async fn start_tls_before(
        &self,
        deadline: Instant,
        tcp: TcpStream,
    ) -> Result<Upstream, Refusal> {
        let rule = name_rule(&self.target, &self.request);
        let sni = self.request.sni.as_deref();
        let trust = self.shared.trust.get();
        let handshake = trust.connect(&self.target, rule, sni, tcp);
        match timeout_at(deadline, handshake).await {
            Ok(stream) => Ok(Upstream::Tls(Box::new(stream?))),
            Err(_) => Err(Refusal::new(
                Code::ConnectionTimedOut,
                format!(
                    "{} did not finish the TLS handshake within {} ms",
                    self.target,
                    self.limits().connect.as_millis()
                ),
                "the port may listen for plain TCP: connect with protocol tcp, or use the database's TCPS port",
            )),
        }
    }
}

/// Tells the client why not, and closes.
pub(crate) async fn refuse(socket: Socket, refusal: &Refusal) {
    let (mut sink, mut source) = socket.split();
    say_goodbye(&mut sink, &mut source, Some((Some(refusal.as_refused()), refusal))).await;
}

/// Serves a WebSocket until it ends.
pub(crate) async fn serve(
    socket: Socket,
    shared: Arc<Shared>,
    peer: SocketAddr,
    origin: Option<String>,
    opening: Opening,
) {
    let (mut sink, mut source) = socket.split();
    let controls = matches!(opening, Opening::Frame);
    let opened = open(&mut source, &shared, origin.as_deref(), opening).await;
    let origin = origin.as_deref().unwrap_or("none");
    let (tunnel, upstream, first) = match opened {
        Ok(opened) => opened,
        Err(Ending::Failed(refusal)) => {
            info!(%peer, origin, code = refusal.code.name(), "refused: {}", refusal.logged());
            shared.metrics.refused(refusal.code);
            let frame = refusal.as_refused();
            say_goodbye(&mut sink, &mut source, Some((controls.then_some(frame), &refusal))).await;
            return;
        }
        Err(Ending::Done | Ending::ClientLeft) => {
            info!(%peer, origin, "the client left before it was connected");
            return;
        }
    };
    let tls = match (tunnel.request.protocol, tunnel.request.tls) {
        (Protocol::Tcp, _) => "none",
        (Protocol::Tcps, TlsEnd::Bridge) => "bridge",
        (Protocol::Tcps, TlsEnd::Relay) => "relay",
    };
    let target = &tunnel.target;
    info!(%peer, origin, %target, tls, subject = tunnel.subject, "connected");
    if tls == "bridge" && !tunnel.request.dn_match {
        warn!(%peer, %target, "the client asked for no DN match: any name of a trusted certificate is taken");
    }

    let connected = BridgeFrame::Connected {
        bridge: BRIDGE_NAME,
        max_message_bytes: shared.limits.max_message_bytes,
        tls: upstream.tls_facts(),
    };
    let told = match controls {
        true => sink.send(Message::text(connected.to_json())).await,
        false => Ok(()),
    };
    let ending = match told {
        Ok(()) => pump::run(&tunnel, upstream, &mut sink, &mut source, first).await,
        Err(_) => Ending::ClientLeft,
    };
    let lasted = tunnel.traffic.lasted();
    let seconds = lasted.as_secs();
    let how = match &ending {
        Ending::Done => "done",
        Ending::ClientLeft => "client_left",
        Ending::Failed(refusal) => refusal.code.name(),
    };
    shared.metrics.ended(how, lasted);
    let (up, down) = (tunnel.traffic.up.load(Relaxed), tunnel.traffic.down.load(Relaxed));
    match &ending {
        Ending::Failed(refusal) => {
            info!(%peer, %target, up, down, seconds, code = refusal.code.name(), "closed: {}", refusal.logged());
            let Refusal { code, message, remedy } = refusal;
            let frame = BridgeFrame::Error { code: *code, message, remedy };
            say_goodbye(&mut sink, &mut source, Some((controls.then_some(frame), refusal))).await;
        }
        Ending::Done | Ending::ClientLeft => {
            let by = if matches!(ending, Ending::Done) { "both ends" } else { "the client" };
            info!(%peer, %target, up, down, seconds, "closed by {by}");
            say_goodbye(&mut sink, &mut source, None).await;
        }
    }
}

/// From the `connect` frame to a connected target. A message that came meanwhile is handed on.
async fn open(
    source: &mut Source,
    shared: &Arc<Shared>,
    origin: Option<&str>,
    opening: Opening,
) -> Result<(Tunnel, Upstream, Option<Message>), Ending> {
    let limits = &shared.limits;
    let controls = matches!(opening, Opening::Frame);
    let (target, request, subject) = match opening {
        Opening::Given { request, subject } => {
            (Target::new(&request.host, request.port.get()), *request, subject)
        }
        Opening::Frame => asked_for(source, shared, origin).await?,
    };
    let tunnel = Tunnel {
        shared: Arc::clone(shared),
        target,
        request,
        subject,
        controls,
        traffic: Traffic::new(),
    };
    let mut early = None;
    let upstream = {
        let mut connecting = pin!(tunnel.connect());
        loop {
            select! {
                connected = &mut connecting => break connected.map_err(Ending::Failed)?,
                // One message ahead and no more: a client that leaves is noticed, one that hurries
                // is held back by TCP.
                message = next_message(source, limits.max_message_bytes), if early.is_none() => {
                    match message? {
                        Message::Close(_) => return Err(Ending::ClientLeft),
                        Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
                        message => early = Some(message),
                    }
                }
                () = shared.kill.cancelled() => {
                    return Err(Ending::Failed(pump::shutting_down()));
                }
            }
        }
    };
    shared.metrics.connected(tunnel.traffic.lasted());
    Ok((tunnel, upstream, early))
}

/// What the `connect` frame asks for, if the client may have it.
async fn asked_for(
    source: &mut Source,
    shared: &Shared,
    origin: Option<&str>,
) -> Result<(Target, ConnectRequest, Option<String>), Ending> {
    let limits = &shared.limits;
    let first = timeout(limits.handshake, first_frame(source, limits.max_message_bytes));
    let request = first.await.unwrap_or_else(|_| {
        Err(Ending::Failed(Refusal::new(
            Code::HandshakeTimeout,
            format!("no connect frame came within {} ms", limits.handshake.as_millis()),
            "",
        )))
    })?;
    let checked = || {
        let grant = shared.credentials.get().check(request.token.as_ref())?;
        let target = checked_target(&request)?;
        grant.check(&target, origin)?;
        shared.policy.check_target(&target)?;
        Ok((target, grant.subject().map(str::to_owned)))
    };
    let (target, subject) = checked().map_err(Ending::Failed)?;
    Ok((target, request, subject))
}

/// Waits for the `connect` frame.
async fn first_frame(source: &mut Source, max: usize) -> Result<ConnectRequest, Ending> {
    let not_connect = || {
        Ending::Failed(Refusal::new(
            Code::BadRequest,
            "the first frame must be the text frame {\"type\":\"connect\",...}",
            "see PROTOCOL.md of oraedge-bridge",
        ))
    };
    loop {
        match next_message(source, max).await? {
            Message::Text(text) => {
                return match ClientFrame::parse(&text).map_err(Ending::Failed)? {
                    ClientFrame::Connect(request) => Ok(*request),
                    ClientFrame::Eof | ClientFrame::RestartTls => Err(not_connect()),
                };
            }
            Message::Close(_) => return Err(Ending::ClientLeft),
            Message::Ping(_) | Message::Pong(_) => {}
            Message::Binary(_) | Message::Frame(_) => return Err(not_connect()),
        }
    }
}

/// The target of a request whose host is something that can be looked up and shown.
fn checked_target(request: &ConnectRequest) -> Result<Target, Refusal> {
    let host = &request.host;
    let sound = !host.is_empty()
        && host.len() <= HOST_MAX
        && host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_:[]".contains(&b));
    if !sound {
        return Err(Refusal::new(
            Code::BadRequest,
            "host is not a host name or an address",
            "write a name of letters, digits, '-', '_' and '.', or an IP address",
        ));
    }
    Ok(Target::new(host, request.port.get()))
}

/// Sends the last frame, if there is one, and the close frame, and waits for the client's.
async fn say_goodbye(
    sink: &mut Sink,
    source: &mut Source,
    last: Option<(Option<BridgeFrame<'_>>, &Refusal)>,
) {
    let goodbye = async {
        let close = match last {
            Some((frame, refusal)) => {
                if let Some(frame) = frame {
                    sink.feed(Message::text(frame.to_json())).await?;
                }
                let code = CloseCode::from(refusal.code.close_code());
                CloseFrame { code, reason: refusal.close_reason().into() }
            }
            None => CloseFrame { code: CloseCode::Normal, reason: "".into() },
        };
        sink.send(Message::Close(Some(close))).await?;
        while let Some(Ok(_)) = source.next().await {}
        Ok::<_, tokio_tungstenite::tungstenite::Error>(())
    };
    // Whoever does not take the goodbye goes without it.
    let _ = timeout(CLOSE_LIMIT, goodbye).await;
}

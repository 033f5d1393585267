//! Bytes both ways between one WebSocket and one database connection.
//!
//! The two directions run independently: a break must reach the database while rows are held back.
//! Each holds at most one frame, and reads on only after that frame is written.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::task::Poll;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::select;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until, timeout};
use tokio_tungstenite::tungstenite::error::{CapacityError, ProtocolError};
use tokio_tungstenite::tungstenite::{Error as WsError, Message};
use tokio_util::io::poll_read_buf;
use tokio_util::sync::CancellationToken;

use crate::message::{BridgeFrame, ClientFrame};
use crate::refusal::{Code, Refusal};
use crate::server::Limits;
use crate::tls::broken_stream_text;
use crate::tunnel::{Sink, Source, Tunnel};
use crate::upstream::Upstream;

/// The largest frame to the client, and the smallest buffer for one, in bytes.
const FRAME_MAX: usize = 64 * 1024;
const FRAME_MIN: usize = 4 * 1024;

/// How long the client may go on after the database ended its direction. Oracle's protocol says
/// nothing more then, so this is for the client to notice and to close.
const HALF_CLOSED_LIMIT: Duration = Duration::from_secs(30);

/// A client that has let this many pings pass, while it was being listened to, is gone.
const UNANSWERED_PINGS_MAX: u32 = 3;

/// How a connection ended.
#[derive(Debug)]
pub(crate) enum Ending {
    /// Both directions ended in order.
    Done,
    /// The client closed or went away.
    ClientLeft,
    /// Something broke, or a limit was reached.
    Failed(Refusal),
}

/// What the directions tell each other, and the figures for the log.
#[derive(Debug)]
pub(crate) struct Traffic {
    start: Instant,
    /// Milliseconds after `start` at which bytes moved last.
    last: AtomicU64,
    /// Bytes from the client to the database, and back.
    pub(crate) up: AtomicU64,
    pub(crate) down: AtomicU64,
    unanswered_pings: AtomicU32,
    /// The upload waits for the database, so it does not see the client's pongs.
    upload_blocked: AtomicBool,
    client_ended: AtomicBool,
    database_ended: AtomicBool,
}

impl Traffic {
    pub(crate) fn new() -> Self {
        Traffic {
            start: Instant::now(),
            last: AtomicU64::new(0),
            up: AtomicU64::new(0),
            down: AtomicU64::new(0),
            unanswered_pings: AtomicU32::new(0),
            upload_blocked: AtomicBool::new(false),
            client_ended: AtomicBool::new(false),
            database_ended: AtomicBool::new(false),
        }
    }

    /// Counts bytes; an end if they are more than the connection may carry.
    fn moved(&self, counter: &AtomicU64, bytes: usize, limits: &Limits) -> Result<(), Ending> {
        counter.fetch_add(bytes as u64, Relaxed);
        let now = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last.store(now, Relaxed);
        let carried = self.up.load(Relaxed).saturating_add(self.down.load(Relaxed));
        match limits.max_bytes {
            Some(max) if carried > max => Err(Ending::Failed(Refusal::new(
                Code::ByteLimit,
                format!("the connection has carried its {max} bytes"),
                "connect again; oraedge-bridge --max-bytes sets the limit",
            ))),
            _ => Ok(()),
        }
    }

    /// How long ago the connection's work began.
    pub(crate) fn lasted(&self) -> Duration {
        self.start.elapsed()
    }

    /// Resolves when nothing has moved for `limit`.
    async fn idle(&self, limit: Duration) {
        loop {
            let due = self.start + Duration::from_millis(self.last.load(Relaxed)) + limit;
            if due <= Instant::now() {
                return;
            }
            sleep_until(due).await;
        }
    }
}

/// Carries bytes until the connection ends. `first` is a message that came before the target was
/// connected.
pub(crate) async fn run(
    tunnel: &Tunnel,
    mut upstream: Upstream,
    sink: &mut Sink,
    source: &mut Source,
    mut first: Option<Message>,
) -> Ending {
    loop {
        let (mut reader, mut writer) = tokio::io::split(upstream);
        let ending = both_ways(tunnel, &mut reader, &mut writer, sink, source, first.take()).await;
        match ending {
            Some(ending) => return ending,
            None => {
                let tcp = reader.unsplit(writer).into_tcp();
                upstream = match tunnel.start_tls(tcp).await {
                    Ok(upstream) => upstream,
                    Err(refusal) => return Ending::Failed(refusal),
                };
                let frame = BridgeFrame::TlsRestarted { tls: upstream.tls_facts() };
                if sink.send(Message::text(frame.to_json())).await.is_err() {
                    return Ending::ClientLeft;
                }
            }
        }
    }
}

/// Runs both directions; `None` asks for a new TLS handshake.
async fn both_ways(
    tunnel: &Tunnel,
    reader: &mut ReadHalf<Upstream>,
    writer: &mut WriteHalf<Upstream>,
    sink: &mut Sink,
    source: &mut Source,
    first: Option<Message>,
) -> Option<Ending> {
    let traffic = &tunnel.traffic;
    let limits = tunnel.limits();
    let stop = CancellationToken::new();
    let mut down = pin!(download(tunnel, reader, sink, &stop));
    let mut up = pin!(upload(tunnel, writer, source, first));
    let idle = async {
        match limits.idle {
            Some(limit) => traffic.idle(limit).await,
            None => std::future::pending().await,
        }
    };
    let mut idle = pin!(idle);
    let lifetime = async {
        match limits.lifetime {
            Some(limit) => sleep_until(traffic.start + limit).await,
            None => std::future::pending().await,
        }
    };
    let mut lifetime = pin!(lifetime);
    let mut half_closed_until: Option<Instant> = None;
    loop {
        select! {
            end = &mut up => return match end {
                UploadEnd::RestartTls if half_closed_until.is_none() => {
                    stop.cancel();
                    // Ends at the next point between two frames. If the client takes no frame just
                    // now it cannot have read the RESEND that the restart answers.
                    match timeout(limits.connect, down).await {
                        Ok(DownloadEnd::Stopped) => None,
                        Ok(DownloadEnd::Over(ending)) => Some(ending),
                        Ok(DownloadEnd::Eof) | Err(_) => Some(Ending::Failed(Refusal::new(
                            Code::BadRequest,
                            "restart_tls came while the database's bytes were still on their way",
                            "",
                        ))),
                    }
                }
                UploadEnd::RestartTls => Some(Ending::Failed(Refusal::new(
                    Code::BadRequest, "restart_tls came after the database ended the connection", "",
                ))),
                UploadEnd::Over(ending) => Some(ending),
            },
            end = &mut down, if half_closed_until.is_none() => match end {
                DownloadEnd::Eof if traffic.client_ended.load(Relaxed) => return Some(Ending::Done),
                DownloadEnd::Eof => half_closed_until = Some(Instant::now() + HALF_CLOSED_LIMIT),
                DownloadEnd::Over(ending) => return Some(ending),
                // `stop` is cancelled above and nowhere else.
                DownloadEnd::Stopped => return None,
            },
            () = &mut idle => return Some(Ending::Failed(Refusal::new(
                Code::IdleTimeout,
                format!("no bytes either way for {} s", limits.idle.unwrap_or_default().as_secs()),
                "connect again; oraedge-bridge --idle-timeout sets the limit",
            ))),
            () = &mut lifetime => return Some(Ending::Failed(Refusal::new(
                Code::LifetimeOver,
                format!("the connection has been open for {} s", limits.lifetime.unwrap_or_default().as_secs()),
                "connect again; oraedge-bridge --max-lifetime sets the limit",
            ))),
            () = sleep_until(half_closed_until.unwrap_or(traffic.start)), if half_closed_until.is_some() => {
                return Some(Ending::Done);
            }
            () = tunnel.shared.kill.cancelled() => return Some(Ending::Failed(shutting_down())),
        }
    }
}

pub(crate) fn shutting_down() -> Refusal {
    Refusal::new(Code::ShuttingDown, "the bridge is shutting down", "connect again in a moment")
}

enum DownloadEnd {
    /// The database ended its direction, and the client has been told.
    Eof,
    /// `stop` was cancelled.
    Stopped,
    Over(Ending),
}

/// From the database to the client; pings and the announcement of a shutdown on the way.
async fn download(
    tunnel: &Tunnel,
    reader: &mut ReadHalf<Upstream>,
    sink: &mut Sink,
    stop: &CancellationToken,
) -> DownloadEnd {
    let traffic = &tunnel.traffic;
    let limits = tunnel.limits();
    let mut chunks = Chunks::new();
    let every = limits.ping_interval;
    let mut pings = interval_at(Instant::now() + every, every);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let draining = &tunnel.shared.draining;
    let mut told = false;
    loop {
        let message = select! {
            biased;
            () = stop.cancelled() => return DownloadEnd::Stopped,
            () = draining.cancelled(), if !told && tunnel.controls => {
                told = true;
                let drain = tunnel.limits().drain.as_millis();
                let closes_in_ms = u64::try_from(drain).unwrap_or(u64::MAX);
                Message::text(BridgeFrame::Draining { closes_in_ms }.to_json())
            }
            _ = pings.tick() => {
                if !traffic.upload_blocked.load(Relaxed)
                    && traffic.unanswered_pings.fetch_add(1, Relaxed) >= UNANSWERED_PINGS_MAX
                {
                    return DownloadEnd::Over(Ending::Failed(Refusal::new(
                        Code::ClientGone, "the client stopped answering pings", "",
                    )));
                }
                Message::Ping(Bytes::new())
            }
            chunk = chunks.next(reader) => match chunk {
                Ok(chunk) if chunk.is_empty() => {
                    traffic.database_ended.store(true, Relaxed);
                    if !tunnel.controls {
                        return DownloadEnd::Over(Ending::Done);
                    }
                    let eof = Message::text(BridgeFrame::Eof.to_json());
                    return match send(tunnel, sink, eof).await {
                        Ok(()) => DownloadEnd::Eof,
                        Err(ending) => DownloadEnd::Over(ending),
                    };
                }
                Ok(chunk) => {
                    let length = chunk.len();
                    let sent = send(tunnel, sink, Message::Binary(chunk)).await;
                    tunnel.shared.metrics.down.inc_by(length as u64);
                    let sent = sent.and_then(|()| traffic.moved(&traffic.down, length, limits));
                    if let Err(ending) = sent {
                        return DownloadEnd::Over(ending);
                    }
                    continue;
                }
                Err(error) => return DownloadEnd::Over(lost(tunnel, &error)),
            },
        };
        if let Err(ending) = send(tunnel, sink, message).await {
            return DownloadEnd::Over(ending);
        }
    }
}

/// Sends a frame to a client that may be slow, but must not stand still.
async fn send(tunnel: &Tunnel, sink: &mut Sink, message: Message) -> Result<(), Ending> {
    let stall = tunnel.limits().stall;
    match timeout(stall, sink.send(message)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(Ending::ClientLeft),
        Err(_) => Err(Ending::Failed(Refusal::new(
            Code::ClientStalled,
            format!("the client took no bytes for {} s", stall.as_secs_f32()),
            "read on, or connect again when there is time to; oraedge-bridge --stall-timeout sets the limit",
        ))),
    }
}

enum UploadEnd {
    /// The client asks for a new TLS handshake.
    RestartTls,
    Over(Ending),
}

/// From the client to the database; control frames on the way.
async fn upload(
    tunnel: &Tunnel,
    writer: &mut WriteHalf<Upstream>,
    source: &mut Source,
    mut first: Option<Message>,
) -> UploadEnd {
    let traffic = &tunnel.traffic;
    let bad = |message: &str| {
        UploadEnd::Over(Ending::Failed(Refusal::new(Code::BadRequest, message, "")))
    };
    loop {
        let message = match first.take() {
            Some(message) => message,
            None => match next_message(source, tunnel.limits().max_message_bytes).await {
                Ok(message) => message,
                Err(ending) => return UploadEnd::Over(ending),
            },
        };
        traffic.unanswered_pings.store(0, Relaxed);
        let ended = traffic.client_ended.load(Relaxed);
        match message {
            Message::Binary(_) if ended => return bad("a binary frame came after eof"),
            Message::Binary(bytes) => {
                traffic.upload_blocked.store(true, Relaxed);
                let written = async {
                    writer.write_all(&bytes).await?;
                    // A TLS stream keeps what it has encrypted until it is flushed.
                    writer.flush().await
                };
                if let Err(error) = written.await {
                    return UploadEnd::Over(lost(tunnel, &error));
                }
                traffic.upload_blocked.store(false, Relaxed);
                tunnel.shared.metrics.up.inc_by(bytes.len() as u64);
                if let Err(ending) = traffic.moved(&traffic.up, bytes.len(), tunnel.limits()) {
                    return UploadEnd::Over(ending);
                }
            }
            Message::Text(_) if !tunnel.controls => {
                return bad("a text frame came; SQL*Net over WebSocket has binary frames alone");
            }
            Message::Text(text) => match ClientFrame::parse(&text) {
                Ok(ClientFrame::Eof) if ended => return bad("eof came twice"),
                Ok(ClientFrame::Eof) => {
                    if let Err(error) = writer.shutdown().await {
                        return UploadEnd::Over(lost(tunnel, &error));
                    }
                    traffic.client_ended.store(true, Relaxed);
                    if traffic.database_ended.load(Relaxed) {
                        return UploadEnd::Over(Ending::Done);
                    }
                }
                Ok(ClientFrame::RestartTls) if ended => return bad("restart_tls came after eof"),
                Ok(ClientFrame::RestartTls) if !tunnel.request.bridge_ends_tls() => {
                    return bad("restart_tls came, but the bridge does not end TLS here");
                }
                Ok(ClientFrame::RestartTls) => return UploadEnd::RestartTls,
                Ok(ClientFrame::Connect(_)) => {
                    return bad("connect came twice; a WebSocket carries one connection");
                }
                Err(refusal) => return UploadEnd::Over(Ending::Failed(refusal)),
            },
            Message::Close(_) => return UploadEnd::Over(Ending::ClientLeft),
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
        }
    }
}

/// The client's next message, or how the connection ends.
pub(crate) async fn next_message(source: &mut Source, max: usize) -> Result<Message, Ending> {
    match source.next().await {
        None => Err(Ending::ClientLeft),
        Some(Ok(message)) => Ok(message),
        Some(Err(WsError::Capacity(CapacityError::MessageTooLong { size, .. }))) => {
            Err(Ending::Failed(Refusal::new(
                Code::MessageTooBig,
                format!("a frame of {size} bytes came, the limit is {max}"),
                "cut it into several, or start oraedge-bridge with a higher --max-message-bytes",
            )))
        }
        Some(Err(
            WsError::Protocol(ProtocolError::ResetWithoutClosingHandshake)
            | WsError::Io(_)
            | WsError::ConnectionClosed
            | WsError::AlreadyClosed,
        )) => Err(Ending::ClientLeft),
        Some(Err(error)) => Err(Ending::Failed(Refusal::new(
            Code::BadRequest,
            format!("not a WebSocket message: {error}"),
            "",
        ))),
    }
}

/// The database side broke off.
fn lost(tunnel: &Tunnel, error: &io::Error) -> Ending {
    let (what, remedy) = broken_stream_text(error).unwrap_or_else(|| match error.kind() {
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => {
            ("the database reset it".to_owned(), "the listener's or the database's log may say why")
        }
        // rustls: the stream ended without close_notify.
        io::ErrorKind::UnexpectedEof => {
            ("the database hung up without ending TLS".to_owned(), "connect again")
        }
        _ => (error.to_string(), "connect again"),
    });
    let message = format!("the connection to {} is lost: {what}", tunnel.target);
    Ending::Failed(Refusal::new(Code::ConnectionLost, message, remedy))
}

/// Reads what is there, up to [`FRAME_MAX`], into one piece.
struct Chunks {
    buffer: BytesMut,
    /// How much to make room for; follows the traffic, so that idle connections hold little.
    size: usize,
    /// An error that came after bytes, which go first.
    failed: Option<io::Error>,
}

impl Chunks {
    fn new() -> Self {
        Chunks { buffer: BytesMut::new(), size: FRAME_MIN, failed: None }
    }

    /// The next bytes; empty at the end. Nothing is lost when the future is dropped.
    async fn next(&mut self, reader: &mut ReadHalf<Upstream>) -> io::Result<Bytes> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        self.buffer.reserve(self.size);
        poll_fn(|cx| {
            while self.buffer.len() < self.size {
                // A buffer that is used again may be larger than what was asked for.
                let free = self.size - self.buffer.len();
                let mut room = (&mut self.buffer).limit(free);
                match poll_read_buf(Pin::new(&mut *reader), cx, &mut room) {
                    Poll::Ready(Ok(0)) => break,
                    Poll::Ready(Ok(_)) => {}
                    Poll::Ready(Err(error)) if self.buffer.is_empty() => {
                        return Poll::Ready(Err(error));
                    }
                    Poll::Ready(Err(error)) => {
                        self.failed = Some(error);
                        break;
                    }
                    Poll::Pending if self.buffer.is_empty() => return Poll::Pending,
                    Poll::Pending => break,
                }
            }
            Poll::Ready(Ok(()))
        })
        .await?;
        let chunk = self.buffer.split().freeze();
        if chunk.len() >= self.size {
            self.size = (self.size * 2).min(FRAME_MAX);
        } else if chunk.len() < self.size / 4 {
            self.size = (self.size / 2).max(FRAME_MIN);
        }
        Ok(chunk)
    }
}

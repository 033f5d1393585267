//! One connection on a socket.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use oraedge::time::Timestamp;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

use super::defective::wait_for_end;
use crate::net::packet::asks_for_break;
use crate::server::{Output, ServerConnection};

/// How much is read at once, in bytes.
const READ_SIZE: usize = 64 * 1024;

/// How long a TLS handshake may take.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(60);

/// A stream that may be a socket or one with faults.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// What a client is connected to.
pub(super) type Socket = Box<dyn Stream>;

/// Whether a client has to begin TLS anew behind its first CONNECT, and what it finds there.
#[derive(Clone)]
pub(super) enum TlsRestart {
    No,
    With(Arc<ServerConfig>),
    /// A server without TLS.
    Plain,
    /// Nobody.
    Silent,
}

/// How the serving of a stream ended.
enum Served<S> {
    /// For this reason.
    Over(String),
    /// The client is to begin TLS anew below this stream.
    RestartTls(S, ServerConnection),
}

/// What happened on the socket.
enum Event {
    Received(Vec<u8>),
    Ended,
    TimedOut,
    /// Nothing did: what is to be sent was sent.
    Sent,
}

/// The time on the connections' clock.
pub(super) fn since(started: Instant) -> Timestamp {
    let elapsed = started.elapsed().as_micros();
    Timestamp::from_micros(u64::try_from(elapsed).unwrap_or(u64::MAX))
}

/// Serves a connection without TLS until one side ends it; says why.
pub(super) async fn serve_plain(
    socket: Socket,
    connection: ServerConnection,
    started: Instant,
) -> io::Result<String> {
    match serve(socket, connection, started).await? {
        Served::Over(reason) => Ok(reason),
        Served::RestartTls(..) => Ok("TLS was to begin anew where there is none".to_owned()),
    }
}

/// Serves a connection with TLS until one side ends it; says why.
pub(super) async fn serve_tls(
    socket: Socket,
    config: Arc<ServerConfig>,
    restart: TlsRestart,
    connection: ServerConnection,
    started: Instant,
) -> io::Result<String> {
    let connection = connection.over_tls().restarting_tls(!matches!(restart, TlsRestart::No));
    let stream = accept(config, socket).await?;
    let (stream, connection) = match serve(stream, connection, started).await? {
        Served::Over(reason) => return Ok(reason),
        Served::RestartTls(stream, connection) => (stream, connection),
    };
    let (mut socket, _) = stream.into_inner();
    match restart {
        TlsRestart::With(config) => {
            let stream = accept(config, socket).await?;
            match serve(stream, connection, started).await? {
                Served::Over(reason) => Ok(reason),
                Served::RestartTls(..) => Ok("TLS was to begin anew a second time".to_owned()),
            }
        }
        TlsRestart::Plain => serve_plain(socket, connection, started).await,
        TlsRestart::Silent | TlsRestart::No => {
            wait_for_end(&mut socket).await;
            Ok("nobody answered the new handshake".to_owned())
        }
    }
}

async fn accept(
    config: Arc<ServerConfig>,
    socket: Socket,
) -> io::Result<tokio_rustls::server::TlsStream<Socket>> {
    let accepting = TlsAcceptor::from(config).accept(socket);
    timeout(HANDSHAKE_TIMEOUT, accepting)
        .await
        .unwrap_or_else(|_| Err(io::Error::other("the TLS handshake took too long")))
}

/// Serves a stream until one side ends it, or TLS is to begin anew.
///
/// Statements run in SQLite, which blocks, so the connection goes to a thread of its own for each
/// step.
async fn serve<S: Stream>(
    stream: S,
    mut connection: ServerConnection,
    started: Instant,
) -> io::Result<Served<S>> {
    let (mut reader, mut writer) = tokio::io::split(stream);
    let mut buffer = vec![0; READ_SIZE];
    let mut event = Event::Sent;
    loop {
        let at = since(started);
        let interrupter = connection.interrupter();
        let step = spawn_blocking(move || {
            match event {
                Event::Received(bytes) => connection.handle_input(at, &bytes),
                Event::Ended => connection.handle_end(),
                Event::TimedOut => connection.handle_timeout(at),
                Event::Sent => {}
            }
            let output = connection.poll_output();
            (connection, output)
        });
        let mut step = pin!(step);
        let mut arrived = None;
        let result = loop {
            tokio::select! {
                biased;
                result = &mut step => break result,
                event = wait_for(&mut reader, &mut buffer, None), if arrived.is_none() => {
                    let event = event?;
                    if let Some(interrupter) = &interrupter && event.breaks() {
                        interrupter.interrupt();
                    }
                    arrived = Some(event);
                }
            }
        };
        let (moved, output) = result.map_err(io::Error::other)?;
        connection = moved;
        let wait = match output {
            Output::Transmit(bytes) => {
                writer.write_all(&bytes).await?;
                writer.flush().await?;
                // A client may break off an answer that is still being sent.
                None
            }
            Output::Close(reason) => {
                // The client may be gone already.
                let _ = writer.shutdown().await;
                return Ok(Served::Over(reason));
            }
            Output::RestartTls => {
                return Ok(Served::RestartTls(reader.unsplit(writer), connection));
            }
            Output::Timeout(when) => Some(when.map(|when| when.since(since(started)))),
        };
        event = match (arrived, wait) {
            (Some(event), _) => event,
            (None, Some(wait)) => wait_for(&mut reader, &mut buffer, wait).await?,
            (None, None) => match wait_for(&mut reader, &mut buffer, Some(Duration::ZERO)).await? {
                Event::TimedOut => Event::Sent,
                event => event,
            },
        };
    }
}

impl Event {
    /// Whether it ends the statement that is running: a break, or the client's end.
    fn breaks(&self) -> bool {
        match self {
            Event::Received(bytes) => asks_for_break(bytes),
            Event::Ended => true,
            Event::TimedOut | Event::Sent => false,
        }
    }
}

async fn wait_for(
    reader: &mut (impl AsyncRead + Unpin),
    buffer: &mut [u8],
    wait: Option<Duration>,
) -> io::Result<Event> {
    let read = reader.read(buffer);
    let length = match wait {
        Some(wait) => match tokio::time::timeout(wait, read).await {
            Ok(length) => length,
            Err(_) => return Ok(Event::TimedOut),
        },
        None => read.await,
    };
    match length {
        Ok(0) => Ok(Event::Ended),
        Ok(length) => Ok(Event::Received(buffer.get(..length).unwrap_or_default().to_vec())),
        // Clients that end without a word are as good as those that say so.
        Err(error) if is_hang_up(&error) => Ok(Event::Ended),
        Err(error) => Err(error),
    }
}

fn is_hang_up(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::UnexpectedEof)
}

//! What a listener answers to CONNECT.

use std::time::Duration;

use futures::{AsyncReadExt, AsyncWriteExt};
use oraedge::connect_string::Description;
use oraedge::protocol::{Opening, OpeningEvent};
use oraedge::wire::connect::{Accept, Connect, Refuse};
use oraedge::wire::packet::Framer;
use oraedge::{Error, Result};
use oraedge_native::{Endpoint, NativeStream, NativeTransport, client_info};

/// Times that a listener may ask for CONNECT again.
const MAX_RESENDS: usize = 3;

/// `ORA-12506`, `TNS-12506`: an access list keeps this client out.
const FILTERED: u32 = 12506;
/// The listener does not know the service.
const UNKNOWN_SERVICE: u32 = 12514;
/// The listener does not know the SID.
const UNKNOWN_SID: u32 = 12505;

/// What became of CONNECT.
pub(crate) enum Answer {
    /// It is taken.
    Accepted(Accept),
    /// It is to be said elsewhere; the text of the address.
    Redirected(String),
}

/// Sends CONNECT and waits for the answer.
///
/// # Errors
/// [`Error::Transport`] with the reason of a refusal, and what an end without an answer means.
pub(crate) async fn connect(
    transport: &NativeTransport,
    endpoint: &Endpoint,
    mut stream: NativeStream,
    description: &Description,
    limit: Duration,
) -> Result<Answer> {
    let doing = || format!("CONNECT to {}", endpoint.authority());
    let data = description.connect_data(&client_info(), "oraedge-doctor");
    let mut packet = Vec::new();
    Connect { data: &data, sdu: description.sdu, packet_flags: 0 }.encode(&mut packet);
    for _ in 0..MAX_RESENDS {
        let answered = async {
            stream.write_all(&packet).await.map_err(|error| closed(doing(), &error))?;
            stream.flush().await.map_err(|error| closed(doing(), &error))?;
            answer(&mut stream, &doing()).await
        };
        let event = match tokio::time::timeout(limit, answered).await {
            Ok(event) => event?,
            Err(_) => return Err(Error::TimedOut { doing: doing(), after: limit }),
        };
        match event {
            OpeningEvent::Accepted(accept) => return Ok(Answer::Accepted(accept)),
            OpeningEvent::Refused(refuse) => return Err(refused(doing(), &refuse)),
            OpeningEvent::Redirected { text } => {
                let text = text.split(|byte| *byte == 0).next().unwrap_or_default();
                return Ok(Answer::Redirected(String::from_utf8_lossy(text).into_owned()));
            }
            OpeningEvent::Resend { restart_tls: true } => {
                stream = transport.restart_tls(stream, endpoint).await?;
            }
            OpeningEvent::Resend { restart_tls: false } => {}
        }
    }
    Err(Error::transport(doing(), "the listener asks for it again and again", ""))
}

async fn answer(stream: &mut NativeStream, doing: &str) -> Result<OpeningEvent> {
    let (mut framer, mut opening) = (Framer::new(), Opening::default());
    let mut buffer = [0; 4096];
    loop {
        let length =
            stream.read(&mut buffer).await.map_err(|error| closed(doing.to_owned(), &error))?;
        let mut input = buffer.get(..length).unwrap_or_default();
        if input.is_empty() {
            let end = std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
            return Err(closed(doing.to_owned(), &end));
        }
        while let Some(packet) = framer.next(&mut input)? {
            if let Some(event) = opening.handle_packet(&packet)? {
                return Ok(event);
            }
        }
    }
}

fn closed(doing: String, error: &std::io::Error) -> Error {
    Error::transport(
        doing,
        format!("the connection was closed without an answer ({error})"),
        "an access control list may keep this machine out (in OCI's console: Network, Access control list), or a firewall on the way",
    )
}

fn refused(doing: String, refuse: &Refuse) -> Error {
    let remedy = match refuse.error_number() {
        Some(FILTERED) => {
            "an access control list keeps this machine out: add its address (in OCI's console: Network, Access control list)"
        }
        Some(UNKNOWN_SERVICE) => {
            "the listener does not know the service: check its name, and that the database is open (lsnrctl services)"
        }
        Some(UNKNOWN_SID) => {
            "the listener does not know the SID: a pluggable database has a service name"
        }
        _ => "look into the listener's log",
    };
    let number =
        refuse.error_number().map_or("no number".to_owned(), |number| format!("ORA-{number:05}"));
    Error::transport(doing, format!("the listener refuses: {number} {}", refuse.data), remedy)
}

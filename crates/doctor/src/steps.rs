//! The steps themselves.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use oraedge::auth::Secret;
use oraedge::connect_string::{Address, Description};
use oraedge::{Error, Result};
use oraedge_native::{ConnectOptions, Endpoint, NativeTransport, Trust, read_wallet};
use tokio::net::{TcpStream, lookup_host};

use crate::certificates;
use crate::listener::{self, Answer};
use crate::report::Report;

const CONNECT_STRING: &str = "connect string";
const WALLET: &str = "wallet";
const LOOK_UP: &str = "name look-up";
const TCP: &str = "TCP";
const TLS: &str = "TLS";
const LISTENER: &str = "listener";
const NATIVE_ENCRYPTION: &str = "native encryption";
const LOG_ON: &str = "log-on";
/// All that there can be.
const ALL: [&str; 8] =
    [CONNECT_STRING, WALLET, LOOK_UP, TCP, TLS, LISTENER, NATIVE_ENCRYPTION, LOG_ON];

/// The connection that is looked into, with the options that it would have.
#[derive(Debug, Clone, Default)]
pub struct Patient {
    /// What a program gives as its connect string.
    pub connect_string: String,
    /// Who logs on; without a user the last step is left out.
    pub user: Option<String>,
    /// The user's password.
    pub password: Secret,
    /// Certificates of authorities in PEM, instead of the public ones.
    pub ca: Option<Vec<u8>>,
    /// The wallet: folder, archive or file.
    pub wallet_location: Option<PathBuf>,
    /// The wallet's password.
    pub wallet_password: Option<Secret>,
}

/// Takes the steps, up to the first that fails.
pub async fn diagnose(patient: &Patient) -> Report {
    let mut report = Report::default();
    // What failed is in the report.
    let _ = examine(patient, &mut report).await;
    report.leave_out(&ALL);
    report
}

/// A step has failed.
struct Stopped;

async fn examine(patient: &Patient, report: &mut Report) -> Result<(), Stopped> {
    let options = options(patient).map_err(|error| stop(report, CONNECT_STRING, &error))?;
    let session = options.session_options();
    let session = session.map_err(|error| stop(report, CONNECT_STRING, &error))?;
    let addresses =
        session.descriptor.descriptions.iter().flat_map(|description| {
            description.addresses().map(move |address| (description, address))
        });
    let addresses: Vec<(&Description, &Address)> = addresses.collect();
    report.pass(CONNECT_STRING, addresses.iter().map(|(one, at)| describe(one, at)).collect());
    let Some((description, address)) = addresses.first().copied() else { return Err(Stopped) };

    let location = description.security.wallet_location.as_ref().map(PathBuf::from);
    let wallet = match location.as_ref().or(patient.wallet_location.as_ref()) {
        None => {
            report.pass(WALLET, vec!["none is named".to_owned()]);
            None
        }
        Some(location) => {
            let wallet = read_wallet(location, patient.wallet_password.as_ref())
                .and_then(|wallet| wallet.check_dates(now()).map(|()| wallet))
                .map_err(|error| stop(report, WALLET, &error.into()))?;
            let key =
                if wallet.key.is_some() { "a client certificate" } else { "no client certificate" };
            let count = wallet.roots.len();
            report.pass(WALLET, vec![format!("{}: {key}, {count} authorities", wallet.source)]);
            Some(wallet)
        }
    };

    let endpoint = Endpoint::new(description, address);
    let limit = endpoint.connect_timeout;
    let found = look_up(&endpoint).await.map_err(|error| stop(report, LOOK_UP, &error))?;
    report.pass(LOOK_UP, found.iter().map(|address| address.ip().to_string()).collect());

    let plain = Endpoint { tls: None, ..endpoint.clone() };
    let trust = trust(patient).map_err(|error| stop(report, TLS, &error))?;
    let transport =
        NativeTransport::new(trust).with_wallet(wallet, patient.wallet_password.clone());
    let stream = transport.open(&plain).await.map_err(|error| stop(report, TCP, &error))?;
    report.pass(TCP, vec![format!("{} takes connections", endpoint.authority())]);

    let stream = if endpoint.tls.is_none() {
        report.pass(
            TLS,
            vec!["the connect string asks for none: nothing is encrypted by it".to_owned()],
        );
        stream
    } else {
        drop(stream);
        report.chain = shown(&found, &endpoint, limit).await;
        let lines = report.chain.iter().enumerate();
        let lines: Vec<String> =
            lines.flat_map(|(number, der)| certificates::describe(number, der)).collect();
        match transport.open(&endpoint).await {
            Ok(stream) => {
                report.pass(TLS, lines);
                stream
            }
            Err(error) => {
                report.fail(TLS, lines, &error);
                return Err(Stopped);
            }
        }
    };

    match listener::connect(&transport, &endpoint, stream, description, limit).await {
        Err(error) => return Err(stop(report, LISTENER, &error)),
        Ok(Answer::Redirected(to)) => {
            report.pass(LISTENER, vec![format!("it sends clients to {to}")]);
        }
        Ok(Answer::Accepted(accept)) => {
            let version = accept.protocol_version;
            let (sdu, flags) = (accept.sdu, accept.flags2);
            report.pass(
                LISTENER,
                vec![format!("ACCEPT: TNS version {version}, SDU {sdu}, flags {flags:#010x}")],
            );
            if accept.native_encryption_required {
                let error = Error::unsupported("native encryption, which the server demands,", "");
                let error = Error::transport(
                    "ACCEPT",
                    error.to_string(),
                    "use TCPS, or set SQLNET.ENCRYPTION_SERVER and SQLNET.CRYPTO_CHECKSUM_SERVER to ACCEPTED on the server",
                );
                return Err(stop(report, NATIVE_ENCRYPTION, &error));
            }
            report.pass(NATIVE_ENCRYPTION, vec!["the server does not demand it".to_owned()]);
        }
    }

    if patient.user.is_some() {
        let connection = options.connect().await;
        let connection = connection.map_err(|error| stop(report, LOG_ON, &error))?;
        let version = connection.info().version_text();
        report.pass(LOG_ON, vec![format!("Oracle Database {version}")]);
        // It was there; how it ends says nothing about the next one.
        let _ = connection.close().await;
    }
    Ok(())
}

fn stop(report: &mut Report, name: &'static str, error: &Error) -> Stopped {
    report.fail(name, Vec::new(), error);
    Stopped
}

fn trust(patient: &Patient) -> Result<Trust> {
    patient.ca.as_ref().map_or_else(|| Ok(Trust::public()), |pem| Trust::only_pem(pem))
}

fn options(patient: &Patient) -> Result<ConnectOptions> {
    let user = patient.user.as_deref().unwrap_or_default();
    let mut options =
        ConnectOptions::new(user, patient.password.clone(), patient.connect_string.clone())
            .trust(trust(patient)?);
    if let Some(location) = &patient.wallet_location {
        options = options.wallet_location(location);
    }
    if let Some(password) = &patient.wallet_password {
        options = options.wallet_password(password.clone());
    }
    Ok(options)
}

fn describe(description: &Description, address: &Address) -> String {
    let data = &description.connect_data;
    let service = data.service_name.as_deref().or(data.sid.as_deref()).unwrap_or("(none)");
    format!("{} {}, service {service}", address.protocol.name(), address.authority())
}

async fn look_up(endpoint: &Endpoint) -> Result<Vec<SocketAddr>> {
    let doing = format!("looking up the host name {:?}", endpoint.host);
    let failed = |detail: String| {
        Error::transport(
            doing.clone(),
            detail,
            "check the host in the connect string, and that this machine's name service knows it",
        )
    };
    let search = lookup_host((endpoint.host.as_str(), endpoint.port));
    match tokio::time::timeout(endpoint.connect_timeout, search).await {
        Err(_) => Err(Error::TimedOut { doing, after: endpoint.connect_timeout }),
        Ok(Err(error)) => Err(failed(error.to_string())),
        Ok(Ok(found)) => {
            let mut found: Vec<SocketAddr> = found.collect();
            found.sort();
            found.dedup();
            if found.is_empty() {
                Err(failed("the name has no address".to_owned()))
            } else {
                Ok(found)
            }
        }
    }
}

async fn shown(found: &[SocketAddr], endpoint: &Endpoint, limit: Duration) -> Vec<Vec<u8>> {
    for address in found {
        let opening = tokio::time::timeout(limit, TcpStream::connect(address));
        if let Ok(Ok(stream)) = opening.await {
            return certificates::shown(stream, &endpoint.host, limit).await;
        }
    }
    Vec::new()
}

/// Seconds since 1970.
fn now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

//! How long a log-on by token takes, and the RSA work in it.
//!
//! usage: oraedge-bench-tokens CONNECT_STRING ENVIRONMENT_JSON USER PASSWORD N
//!
//! ENVIRONMENT_JSON is what `oraedge-simulator --identity-dir` writes. Each log-on is timed from the
//! call to the session, over TCPS to the same server, one after the other; tickets of TLS are kept
//! as a program would keep them. Prints a table: median and 90th percentile of N in milliseconds.

use std::error::Error;
use std::time::Instant;

use oraedge::Connection;
use oraedge::auth::oci::key::ApiKey;
use oraedge_native::{ConnectOptions, Trust};
use serde_json::Value as Json;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The length of the keys that OCI's tools make and that a token is bound to, in bits.
const KEY_BITS: u32 = 2048;

struct Arguments {
    connect_string: String,
    environment: Json,
    user: String,
    password: String,
    n: usize,
}

impl Arguments {
    fn read() -> Result<Arguments> {
        let mut arguments = std::env::args().skip(1);
        let mut next =
            || arguments.next().ok_or("usage: CONNECT_STRING ENVIRONMENT_JSON USER PASSWORD N");
        Ok(Arguments {
            connect_string: next()?,
            environment: serde_json::from_str(&std::fs::read_to_string(next()?)?)?,
            user: next()?,
            password: next()?,
            n: next()?.parse()?,
        })
    }

    fn text(&self, pointer: &str) -> Result<String> {
        let found = self.environment.pointer(pointer).and_then(Json::as_str);
        Ok(found.ok_or_else(|| format!("no {pointer} in the environment"))?.to_owned())
    }

    fn trust(&self) -> Result<Trust> {
        Ok(Trust::only_file(self.text("/ca")?)?)
    }

    /// An API key of the configuration file; with no token in the cache yet.
    fn api_key(&self, options: ConnectOptions) -> Result<ConnectOptions> {
        let region = ("OCI_REGION_METADATA", self.environment["regionMetadata"].to_string());
        Ok(options.token_environment([region]).extra_auth_params([
            ("auth_type", "ConfigFileAuthentication".to_owned()),
            ("file_location", self.text("/config")?),
            ("endpoint", self.text("/endpoints/auth")?),
        ])?)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let arguments = Arguments::read()?;
    let n = arguments.n;
    println!("| what | median ms | p90 ms | n |\n| --- | --- | --- | --- |");

    let password = ConnectOptions::new(
        &arguments.user,
        arguments.password.as_str(),
        &arguments.connect_string,
    )
    .trust(arguments.trust()?);
    log_on(&password).await?;
    let mut times = Vec::new();
    for _ in 0..n {
        times.push(log_on(&password).await?);
    }
    report("log on with a password, its hash kept", times);

    let options = ConnectOptions::without_password(&arguments.connect_string);
    let options = options.trust(arguments.trust()?);
    let kept = arguments.api_key(options.clone())?;
    log_on(&kept).await?;
    let mut times = Vec::new();
    for _ in 0..n {
        times.push(log_on(&kept).await?);
    }
    report("log on with a token from the cache", times);

    let mut times = Vec::new();
    for _ in 0..n {
        // The connections to the identity service are shared and kept, the token is not.
        times.push(log_on(&arguments.api_key(options.clone())?).await?);
    }
    report("log on with a new token: key pair, signed request, token", times);

    let mut keys = Vec::new();
    let times = timed(n, || {
        keys.push(ApiKey::generate(&mut getrandom::SysRng, KEY_BITS)?);
        Ok(())
    })?;
    report("make an RSA key pair of 2048 bits", times);
    let key = keys.first().ok_or("N is 0")?;
    let times = timed(n.max(100), || {
        std::hint::black_box(key.sign_sha256(b"date: Mon, 05 Jan 2026 12:00:00 GMT")?);
        Ok(())
    })?;
    report("sign with it", times);
    let pem = std::fs::read_to_string(arguments.text("/oci/keyFile")?)?;
    let times = timed(n, || {
        std::hint::black_box(ApiKey::from_pem(&pem, None)?);
        Ok(())
    })?;
    report("read a key from PEM", times);
    Ok(())
}

/// Milliseconds from the call to the session.
async fn log_on(options: &ConnectOptions) -> Result<f64> {
    let start = Instant::now();
    let connection: Connection = options.connect().await?;
    let time = start.elapsed().as_secs_f64() * 1000.0;
    connection.close().await?;
    Ok(time)
}

fn timed(n: usize, mut work: impl FnMut() -> Result<()>) -> Result<Vec<f64>> {
    let mut times = Vec::new();
    for _ in 0..n {
        let start = Instant::now();
        work()?;
        times.push(start.elapsed().as_secs_f64() * 1000.0);
    }
    Ok(times)
}

fn report(what: &str, mut times: Vec<f64>) {
    times.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let index = (times.len() as f64 * share) as usize;
        times.get(index.min(times.len().saturating_sub(1))).copied().unwrap_or_default()
    };
    println!("| {what} | {:.2} | {:.2} | {} |", at(0.5), at(0.9), times.len());
}

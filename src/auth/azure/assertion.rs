//! The application's proof by certificate: a JWT that its private key signs (RFC 7523), as MSAL
//! makes it.

use std::time::Duration;

use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::json;

use crate::auth::flow::certificate::Certificate;
use crate::auth::flow::credentials::{SigningKey, key_from_pem};
use crate::auth::flow::driver::Host;
use crate::auth::flow::{AuthParams, Key};
use crate::error::{Error, Result};

/// How long the assertion is good; MSAL's figure.
const LIFETIME: Duration = Duration::from_secs(600);

/// A client assertion for the token endpoint `audience`.
pub(super) async fn make(
    host: &Host,
    params: &AuthParams,
    client_id: &str,
    audience: &str,
) -> Result<String> {
    let (certificate, key) = certificate_and_key(host, params).await?;
    let encode =
        |value: &serde_json::Value| Base64UrlUnpadded::encode_string(value.to_string().as_bytes());
    // RS256 and the SHA-1 thumbprint are what Entra ID and ADFS both take.
    let header = json!({
        "alg": "RS256",
        "typ": "JWT",
        "x5t": Base64UrlUnpadded::encode_string(&certificate.thumbprint()),
    });
    let now = host.now();
    let claims = json!({
        "aud": audience,
        "iss": client_id,
        "sub": client_id,
        "iat": now.as_secs(),
        "nbf": now.as_secs(),
        "exp": (now + LIFETIME).as_secs(),
        "jti": uuid(host),
    });
    let signed = format!("{}.{}", encode(&header), encode(&claims));
    let signature = key.sign(host, signed.clone().into_bytes()).await?;
    Ok(format!("{signed}.{}", Base64UrlUnpadded::encode_string(&signature)))
}

async fn certificate_and_key(
    host: &Host,
    params: &AuthParams,
) -> Result<(Certificate, SigningKey)> {
    const CERTIFICATE: &str = "the client certificate";
    let text = match (params.text(Key::ClientCertificate), params.text(Key::ClientCertificateFile))
    {
        (Some(text), _) => text.to_owned(),
        (None, Some(path)) => host.read_text(path.trim(), CERTIFICATE).await?,
        (None, None) => params.required(Key::ClientCertificate)?.to_owned(),
    };
    let certificate = Certificate::all_from_pem(&text, CERTIFICATE)?
        .into_iter()
        .next()
        .ok_or_else(|| Error::auth(format!("{CERTIFICATE} is missing"), ""))?;
    certificate.check_validity(
        host.now(),
        CERTIFICATE,
        "register a new certificate with the application",
    )?;
    let key = match (params.text(Key::KeyContent), params.text(Key::KeyFile)) {
        (Some(text), _) => text.to_owned(),
        (None, Some(path)) => host.read_text(path.trim(), "the client certificate's key").await?,
        // Often both are in one file.
        (None, None) => text,
    };
    let key = private_key_of(&key).ok_or_else(|| {
        Error::auth(
            "the client certificate's private key is missing",
            "give it as `key_content` or `key_file`, or in the same PEM text as the certificate",
        )
    })?;
    let key = key_from_pem(&key, params.secret(Key::PassPhrase), "the client certificate's key")?;
    if certificate.public_key().is_none_or(|public| public != key.public_key()) {
        return Err(Error::auth(
            "the client certificate and the private key do not belong together",
            "give the key that the certificate was made with",
        ));
    }
    Ok((certificate, key))
}

/// The block of PEM that is a private key.
fn private_key_of(text: &str) -> Option<String> {
    let mut rest = text;
    loop {
        let (_, after) = rest.split_once("-----BEGIN ")?;
        let (label, body) = after.split_once("-----")?;
        let end = format!("-----END {label}-----");
        if label.ends_with("PRIVATE KEY") {
            let (body, _) = body.split_once(&end)?;
            return Some(format!("-----BEGIN {label}-----{body}{end}\n"));
        }
        rest = body.split_once(&end)?.1;
    }
}

/// A random identifier (RFC 9562, version 4).
fn uuid(host: &Host) -> String {
    let mut bytes: [u8; 16] = [0; 16];
    for (byte, random) in bytes.iter_mut().zip(host.random()) {
        *byte = random;
    }
    let number = u128::from_be_bytes(bytes);
    let number = number & !(0xf << 76) & !(0x3 << 62) | 0x4 << 76 | 0x2 << 62;
    let text = format!("{number:032x}");
    let mut out = String::new();
    for (at, c) in text.chars().enumerate() {
        if matches!(at, 8 | 12 | 16 | 20) {
            out.push('-');
        }
        out.push(c);
    }
    out
}

//! What tests share: keys (made once a process, since making one takes long), the sample directory,
//! signed requests.

use std::sync::OnceLock;
use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rsa::sha2::{Digest, Sha256};

use super::directory::{Directory, IssuerKeys};
use super::http::Request;
use super::instance_certificates::{self, InstanceCertificates};
use super::keys::PrivateKey;
use super::metadata::Metadata;
use super::sample;
use super::services::Services;

/// How many different ones there are.
const KEYS: usize = 3;

/// The `index`th key of this process.
pub(crate) fn key(index: usize) -> PrivateKey {
    static KEYS_MADE: [OnceLock<PrivateKey>; KEYS] = [const { OnceLock::new() }; KEYS];
    KEYS_MADE[index].get_or_init(|| PrivateKey::generate().expect("random bytes")).clone()
}

/// The sample directory.
pub(crate) fn directory() -> Directory {
    let keys = IssuerKeys { oci: key(2), azure: key(2), domain: key(2) };
    let directory = Directory::with_keys(sample::database(), keys);
    sample::fill(&directory);
    sample::add_applications(&directory, "azure secret", None, "domain secret");
    directory
}

/// A request that a test signs.
pub(crate) struct SignedRequest(Request);

impl SignedRequest {
    /// A GET.
    pub(crate) fn get(target: &str) -> SignedRequest {
        SignedRequest(Request {
            method: "GET".to_owned(),
            target: target.to_owned(),
            headers: vec![("host".to_owned(), "auth.test".to_owned())],
            body: Vec::new(),
        })
    }

    /// A POST of JSON.
    pub(crate) fn post(target: &str, body: &[u8]) -> SignedRequest {
        let SignedRequest(mut request) = SignedRequest::get(target);
        request.method = "POST".to_owned();
        request.body = body.to_vec();
        let digest = STANDARD.encode(Sha256::digest(body));
        for (name, value) in [
            ("content-length", body.len().to_string()),
            ("content-type", "application/json".to_owned()),
            ("x-content-sha256", digest),
        ] {
            request.headers.push((name.to_owned(), value));
        }
        SignedRequest(request)
    }

    /// Signs it with `key` at `date`.
    pub(crate) fn sign(self, key_id: &str, key: &PrivateKey, date: SystemTime) -> Request {
        let SignedRequest(mut request) = self;
        let date = httpdate::fmt_http_date(date);
        request.headers.push(("date".to_owned(), date));
        let mut names = vec!["date", "(request-target)", "host"];
        if request.method == "POST" {
            names.extend(["content-length", "content-type", "x-content-sha256"]);
        }
        let line = |name: &&str| match *name {
            "(request-target)" => {
                format!("{name}: {} {}", request.method.to_lowercase(), request.target)
            }
            name => format!("{name}: {}", request.header(name).expect("set above")),
        };
        let text = names.iter().map(line).collect::<Vec<_>>().join("\n");
        let signature = STANDARD.encode(key.sign(text.as_bytes()));
        let value = format!(
            "Signature algorithm=\"rsa-sha256\",headers=\"{}\",keyId=\"{key_id}\",signature=\"{signature}\",version=\"1\"",
            names.join(" ")
        );
        request.headers.push(("authorization".to_owned(), value));
        request
    }
}

/// Gives a header another value.
pub(crate) fn set_header(request: &mut Request, name: &str, value: &str) {
    for (candidate, found) in &mut request.headers {
        if candidate == name {
            *found = value.to_owned();
        }
    }
}

/// Replaces a part of the header `Authorization`.
pub(crate) fn edit_authorization(request: &mut Request, from: &str, to: &str) {
    let value = request.header("authorization").expect("a signed request");
    assert!(value.contains(from), "{value} has no {from}");
    set_header(request, "authorization", &value.replacen(from, to, 1));
}

/// The services of the sample directory: the user's key is `key(0)`, the certificate of the
/// application of Entra ID has `key(1)`.
pub(crate) fn services() -> Services {
    let directory = directory();
    directory.add_api_key(sample::TENANCY, sample::USER, key(0).public_key());
    directory.add_resource_key(sample::RESOURCE, key(0).public_key());
    let certificate = instance_certificates::self_signed("demo-app", &key(1), SystemTime::now());
    let certificate = certificate.expect("a certificate");
    let assertion = instance_certificates::assertion_key(&certificate).expect("an RSA key");
    sample::add_applications(&directory, "azure secret", Some(assertion), "domain secret");
    let certificates = InstanceCertificates::generate(
        [key(1), key(2), key(0)],
        sample::INSTANCE,
        sample::TENANCY,
        sample::COMPARTMENT,
        SystemTime::now(),
    );
    let metadata = Metadata { realm_domain: sample::REALM_DOMAIN.to_owned() };
    Services::new(directory, certificates.expect("certificates"), metadata)
}

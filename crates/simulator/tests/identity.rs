//! The identity services on sockets, and the folder of what their users have.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use oraedge_simulator::identity::control::{Endpoint, Fault};
use oraedge_simulator::identity::keys::PrivateKey;
use oraedge_simulator::listen::Simulator;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, rustls};

const LIMIT: Duration = Duration::from_secs(30);

async fn start(folder: &Path) -> Simulator {
    let any: SocketAddr = "127.0.0.1:0".parse().expect("an address");
    let builder = Simulator::builder().identity(any).identity_tls(any);
    builder.identity_folder(folder).start().await.expect("started")
}

/// Sends a GET over `stream`; gives what came until the end, as text.
async fn get(mut stream: impl AsyncRead + AsyncWrite + Unpin, path: &str, header: &str) -> String {
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{header}Connection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = Vec::new();
    // A connection that is cut off may say so or not.
    let _ = tokio::time::timeout(LIMIT, stream.read_to_end(&mut answer)).await.expect("in time");
    String::from_utf8(answer).expect("text")
}

async fn plain(simulator: &Simulator, path: &str) -> String {
    let address = simulator.identity().and_then(|identity| identity.plain_address());
    let stream = TcpStream::connect(address.expect("listens")).await.expect("connected");
    get(stream, path, "Authorization: Bearer Oracle\r\n").await
}

async fn tls(simulator: &Simulator, host: &str, path: &str) -> String {
    let mut roots = rustls::RootCertStore::empty();
    let ca = simulator.ca_pem().expect("an authority").as_bytes();
    roots.add(CertificateDer::from_pem_slice(ca).expect("PEM")).expect("a certificate");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let address = simulator.identity().and_then(|identity| identity.tls_address());
    let stream = TcpStream::connect(address.expect("listens")).await.expect("connected");
    let name = ServerName::try_from(host.to_owned()).expect("a name");
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
    get(stream.expect("trusted"), path, "").await
}

#[tokio::test]
async fn the_services_answer_with_and_without_tls() {
    let folder = tempfile::tempdir().expect("a folder");
    let simulator = start(folder.path()).await;
    let region = plain(&simulator, "/opc/v2/instance/region").await;
    assert!(region.starts_with("HTTP/1.1 200") && region.ends_with("sim-local-1"), "{region}");
    for host in ["localhost", "auth.sim-local-1.simulator.example", "login.microsoftonline.com"] {
        let answer = tls(&simulator, host, "/opc/v2/instance/region").await;
        assert!(answer.starts_with("HTTP/1.1 403"), "{host}: {answer}");
    }
    let requests = plain(&simulator, "/simulator/requests").await;
    assert!(requests.contains("\"metadata-v2\":4"), "{requests}");

    let control = simulator.identity().expect("asked for").world().services.control();
    control.add_fault(Endpoint::MetadataV2, Fault::TruncatedBody, 1);
    control.add_fault(Endpoint::MetadataV2, Fault::Dropped, 1);
    let cut = plain(&simulator, "/opc/v2/instance/region").await;
    assert!(cut.contains("content-length: 11") && cut.ends_with("\r\n\r\nsim-l"), "{cut}");
    assert_eq!(plain(&simulator, "/opc/v2/instance/region").await, "");
    simulator.shut_down().await;
}

#[tokio::test]
async fn the_folder_has_what_its_index_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let simulator = start(folder.path()).await;
    let text = std::fs::read_to_string(folder.path().join("environment.json")).expect("an index");
    let environment: Value = serde_json::from_str(&text).expect("JSON");
    let identity = simulator.identity().expect("asked for");
    assert_eq!(identity.environment(), Some(&environment));
    for pointer in [
        "/ca",
        "/config",
        "/oci/keyFile",
        "/oci/encryptedKeyFile",
        "/oci/securityTokenFile",
        "/oci/sessionKeyFile",
        "/azure/keyFile",
        "/azure/certificateFile",
        "/azure/userTokenFile",
        "/principals/resource2.2/OCI_RESOURCE_PRINCIPAL_RPST",
        "/principals/resource2.2Encrypted/OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM_PASSPHRASE",
        "/principals/workload/ORAEDGE_SERVICE_ACCOUNT_TOKEN_FILE",
    ] {
        let path = environment.pointer(pointer).and_then(Value::as_str);
        let path = Path::new(path.unwrap_or_else(|| panic!("no {pointer}")));
        assert!(path.is_absolute() && path.is_file(), "{pointer}: {}", path.display());
    }
    let config = std::fs::read_to_string(folder.path().join("config")).expect("a configuration");
    for profile in environment["profiles"].as_array().expect("profiles") {
        let heading = format!("[{}]\n", profile.as_str().expect("a name"));
        assert_eq!(config.matches(&heading).count(), 1, "{heading}");
    }
    let key = std::fs::read_to_string(folder.path().join("oci_api_key.pem")).expect("a key");
    let key = PrivateKey::from_pkcs8_pem(&key).expect("PKCS#8");
    assert_eq!(environment["oci"]["fingerprint"], key.public_key().fingerprint());

    let file = "/principals/resource2.2/OCI_RESOURCE_PRINCIPAL_RPST";
    let file = environment.pointer(file).and_then(Value::as_str).expect("a path");
    let before = std::fs::read_to_string(file).expect("a token");
    let address = identity.plain_address().expect("listens");
    let mut stream = TcpStream::connect(address).await.expect("connected");
    let request = "POST /simulator/rotate HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_ne!(before, std::fs::read_to_string(file).expect("a token"));
    simulator.shut_down().await;
}

//! The roots in the file that `ORAEDGE_PEER_ROOTS` names, in the place of Mozilla's.

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, TrustAnchor};

/// What a program trusts: read when it is asked for.
pub static TLS_SERVER_ROOTS: Roots = Roots;

/// The roots of the file, as a list.
#[derive(Clone, Copy)]
pub struct Roots;

impl From<Roots> for Vec<TrustAnchor<'static>> {
    fn from(_: Roots) -> Self {
        let Some(file) = std::env::var_os("ORAEDGE_PEER_ROOTS") else { return Vec::new() };
        let certificates = CertificateDer::pem_file_iter(file).expect("ORAEDGE_PEER_ROOTS is PEM");
        certificates
            .map(|certificate| {
                let certificate = certificate.expect("ORAEDGE_PEER_ROOTS is PEM");
                let anchor = webpki::anchor_from_trusted_cert(&certificate);
                anchor.expect("ORAEDGE_PEER_ROOTS has certificates").to_owned()
            })
            .collect()
    }
}

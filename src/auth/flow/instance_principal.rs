//! The compute instance that the program runs on: its metadata service hands out a certificate, the
//! federation service a session token for it, and that signs for the database token.

use super::certificate::Certificate;
use super::credentials::{Credentials, Regions, SigningKey, key_from_pem, regions_of};
use super::driver::Host;
use super::federation::{self, Identity};
use super::metadata::Metadata;
use super::{AuthParams, DatabaseToken, Key, endpoint, scoped_token};
use crate::auth::oci::region;
use crate::error::{Error, Result};

/// The path of X.509 federation at the service `auth`.
const FEDERATION_PATH: &str = "/v1/x509";

/// Bits of the session key; the SDK's default.
const SESSION_KEY_BITS: u32 = 2048;

pub(crate) async fn run(host: Host, params: &AuthParams) -> Result<DatabaseToken> {
    let mut regions = regions_of(host.environment());
    let instance = Instance::log_in(&host, params, &mut regions).await?;
    scoped_token::request(&host, params, &instance.credentials, &instance.region, &regions).await
}

/// An instance with a session token.
pub(crate) struct Instance {
    pub(crate) credentials: Credentials,
    pub(crate) region: String,
    pub(crate) metadata: Metadata,
}

impl Instance {
    /// Asks the metadata service who the instance is, and the federation service for a token.
    pub(crate) async fn log_in(
        host: &Host,
        params: &AuthParams,
        regions: &mut Regions,
    ) -> Result<Instance> {
        let mut metadata = Metadata::new(host, params)?;
        let identity = identity(host, &mut metadata).await?;
        let region = match params.text(Key::Region) {
            Some(region) => region::identifier(region, regions),
            None => metadata.region(host, regions).await?,
        };
        let url = federation_url(params, &region, regions)?;
        let session_key = SigningKey::make(host, SESSION_KEY_BITS).await?;
        let credentials = federation::exchange(host, &url, &identity, session_key).await?;
        Ok(Instance { credentials, region, metadata })
    }
}

async fn identity(host: &Host, metadata: &mut Metadata) -> Result<Identity> {
    let first = read_identity(host, metadata).await?;
    if fits(&first) {
        return Ok(first);
    }
    // The certificate is renewed every few hours; between two requests it may just have been.
    let second = read_identity(host, metadata).await?;
    if fits(&second) {
        return Ok(second);
    }
    Err(Error::auth(
        "the metadata service of this instance gave a certificate and a key that do not belong together",
        "try again; if it stays so, restart the instance's metadata agent or the instance",
    ))
}

async fn read_identity(host: &Host, metadata: &mut Metadata) -> Result<Identity> {
    let leaf = metadata.text(host, "/identity/cert.pem", "its certificate").await?;
    let leaf_key = metadata.text(host, "/identity/key.pem", "its key").await?;
    let chain =
        metadata.text(host, "/identity/intermediate.pem", "the intermediate certificates").await?;
    const LEAF: &str = "the certificate of this instance";
    let leaf = Certificate::all_from_pem(&leaf, LEAF)?
        .into_iter()
        .next()
        .ok_or_else(|| Error::auth(format!("{LEAF} is missing"), ""))?;
    leaf.check_validity(
        host.now(),
        LEAF,
        "check the clock of the instance; if that is right, the instance's identity was not renewed: \
         restart it",
    )?;
    let tenancy = leaf.tenancy().ok_or_else(|| {
        Error::auth(
            "the certificate of this instance names no tenancy (no opc-tenant in its subject)",
            "check that the metadata service is that of OCI",
        )
    })?;
    let leaf_key = key_from_pem(&leaf_key, None, "the key of this instance")?;
    let intermediates = Certificate::all_from_pem(&chain, "the intermediate certificates")?;
    Ok(Identity { tenancy, leaf, leaf_key, intermediates })
}

fn fits(identity: &Identity) -> bool {
    identity.leaf.public_key().is_some_and(|key| key == identity.leaf_key.public_key())
}

fn federation_url(params: &AuthParams, region: &str, regions: &Regions) -> Result<String> {
    let base = match params.text(Key::FederationEndpoint) {
        Some(url) => endpoint::checked(url, "`federation_endpoint`")?,
        None => {
            endpoint::checked(&region::endpoint("auth", region, regions), "the region's address")?
        }
    };
    let base = base.trim_end_matches('/');
    Ok(if base.ends_with(FEDERATION_PATH) {
        base.to_owned()
    } else {
        format!("{base}{FEDERATION_PATH}")
    })
}

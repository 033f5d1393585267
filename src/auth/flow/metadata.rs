//! The metadata service of a compute instance, which knows who the instance is.
//!
//! Version 2 wants the header `Authorization: Bearer Oracle`; version 1, which administrators may
//! have left switched on alone, does not, and is asked where version 2 answers 404.

use std::time::Duration;

use serde_json::Value;

use super::credentials::Regions;
use super::driver::Host;
use super::retry::{Answer, RetryPolicy, Unsigned, jittered, send};
use super::{AuthParams, Key, endpoint, service_error};
use crate::auth::http::HttpRequest;
use crate::auth::oci::region::{self, Region};
use crate::error::{Error, Result};

const DEFAULT_BASE: &str = "http://169.254.169.254/opc/v2";
const BASE_VARIABLE: &str = "OCI_METADATA_BASE_URL";
const VERSION_1: &str = "/opc/v1";
const VERSION_2: &str = "/opc/v2";

/// Where there is a metadata service it answers in milliseconds; where there is none, nobody does.
const TIMEOUT: Duration = Duration::from_secs(5);

/// While an instance starts, its identity may not be there yet, so 404 is worth another attempt.
const ATTEMPTS_NOT_FOUND: u32 = 3;

const HINT: &str = "this method works on OCI compute instances only, where the metadata service is \
                    reached at 169.254.169.254 (another address: `metadata_base_url` or \
                    OCI_METADATA_BASE_URL). Elsewhere use ConfigFileAuthentication, or \
                    ResourcePrincipal in a function or container";

/// The metadata service.
pub(crate) struct Metadata {
    base: String,
}

impl Metadata {
    /// The service at the address that the parameters or the environment name.
    pub(crate) fn new(host: &Host, params: &AuthParams) -> Result<Metadata> {
        let base = match (params.text(Key::MetadataBaseUrl), host.variable(BASE_VARIABLE)) {
            (Some(url), _) => endpoint::checked(url, "`metadata_base_url`")?,
            (None, Some(url)) => endpoint::checked(url, BASE_VARIABLE)?,
            (None, None) => DEFAULT_BASE.to_owned(),
        };
        Ok(Metadata { base: base.trim_end_matches('/').to_owned() })
    }

    /// The text at a path below the version.
    pub(crate) async fn text(&mut self, host: &Host, path: &str, what: &str) -> Result<String> {
        let doing = format!("asking the metadata service of this instance for {what}");
        let mut answer = self.get(host, path, &doing).await?;
        for attempt in 1..=ATTEMPTS_NOT_FOUND {
            if answer.response.status != 404 {
                break;
            }
            if let Some(stem) = self.base.strip_suffix(VERSION_2) {
                let version_1 = Metadata { base: format!("{stem}{VERSION_1}") };
                let other = version_1.get(host, path, &doing).await?;
                if other.response.is_success() {
                    host.note("the metadata service of this instance knows its version 1 only");
                    *self = version_1;
                    answer = other;
                    break;
                }
            }
            let pause = jittered(attempt, host.random());
            if attempt == ATTEMPTS_NOT_FOUND || pause >= host.time_left() {
                break;
            }
            host.wait(pause).await;
            answer = self.get(host, path, &doing).await?;
        }
        if !answer.response.is_success() {
            return Err(service_error::refused(&doing, &answer, HINT));
        }
        let text = String::from_utf8(answer.response.body).unwrap_or_default();
        if text.trim().is_empty() {
            return Err(Error::auth(
                format!("{doing}: {} was answered with no text", answer.asked),
                HINT,
            ));
        }
        Ok(text)
    }

    async fn get(&self, host: &Host, path: &str, doing: &str) -> Result<Answer> {
        let mut request = HttpRequest::get(format!("{}{path}", self.base)).with_timeout(TIMEOUT);
        if !self.base.ends_with(VERSION_1) {
            request = request.with_header("authorization", "Bearer Oracle");
        }
        send(host, doing, &request, &Unsigned, RetryPolicy::METADATA).await.map_err(|error| {
            match error {
                Error::Transport { doing, detail, .. } => Error::transport(doing, detail, HINT),
                other => other,
            }
        })
    }

    /// The region that the instance is in, `us-phoenix-1`; its realm is added to `regions` if it is
    /// not known yet.
    pub(crate) async fn region(&mut self, host: &Host, regions: &mut Regions) -> Result<String> {
        let text = self.text(host, "/instance/region", "its region").await?;
        let name = region::identifier(&text, regions);
        if regions.find(&name).is_some() {
            return Ok(name);
        }
        // A region that is newer than our table: the service knows its realm's domain.
        let info = self.text(host, "/instance/regionInfo", "the realm of its region").await;
        let described = info.ok().and_then(|text| serde_json::from_str::<Value>(&text).ok());
        if let Some(region) = described.as_ref().and_then(Region::from_json) {
            let name = region.name.clone();
            regions.insert(region);
            return Ok(name);
        }
        Ok(name)
    }
}

//! The resource that the program runs in (a function, a container instance, a data flow run ...). The
//! platform tells it who it is by environment variables, in one of several versions.

mod exchange;
mod nested;
mod v1;
mod v2_1;
mod v2_2;

use super::credentials::{Credentials, Regions, regions_of};
use super::driver::Host;
use super::{AuthParams, DatabaseToken, Key, scoped_token};
use crate::auth::oci::region;
use crate::error::{Error, Result};

/// Where such variables come from, in every error about them.
const HINT: &str = "a platform that gives its programs a resource principal sets these variables itself \
                    (OCI Functions, Container Instances, Data Flow, Data Science jobs ...): check that \
                    this program runs on one and that it passes its environment on. On a compute \
                    instance use InstancePrincipal, in an OKE pod OkeWorkloadIdentity, elsewhere \
                    ConfigFileAuthentication";

const VERSION: &str = "OCI_RESOURCE_PRINCIPAL_VERSION";

/// Versions that there are.
const VERSIONS: &str = "1.1, 2.1, 2.1.1, 2.1.2, 2.2 or 3.0";

/// A principal that can sign, and where it is.
struct Principal {
    credentials: Credentials,
    region: String,
}

/// The variables of the resource itself, or of the innermost one of several (version 3.0), which
/// have a suffix.
#[derive(Clone, Copy)]
struct Variables<'a> {
    host: &'a Host,
    suffix: &'static str,
}

impl<'a> Variables<'a> {
    fn name(self, name: &str) -> String {
        format!("{name}{}", self.suffix)
    }

    fn get(self, name: &str) -> Option<&'a str> {
        self.host.variable(&self.name(name))
    }

    fn require(self, name: &str) -> Result<&'a str> {
        self.get(name).ok_or_else(|| {
            Error::auth(format!("the environment variable {} is not set", self.name(name)), HINT)
        })
    }

    /// The value of a variable, or of the file that it names by an absolute path.
    async fn content(self, name: &str, what: &str) -> Result<Option<String>> {
        match self.get(name) {
            Some(path) if super::credentials::is_path(path) => {
                self.host.read_text(path.trim(), what).await.map(Some)
            }
            value => Ok(value.map(str::to_owned)),
        }
    }
}

pub(crate) async fn run(host: Host, params: &AuthParams) -> Result<DatabaseToken> {
    let mut regions = regions_of(host.environment());
    let principal = log_in(&host, params, &mut regions).await?;
    let first =
        scoped_token::ask(&host, params, &principal.credentials, &principal.region, &regions)
            .await?;
    let (answer, key) = if first.0.response.status == 401 && reads_files(&host) {
        // The files may have been replaced since they were read: the platform does so before the
        // token in them expires.
        host.note(
            "the service does not accept the token of this resource; its files are read again",
        );
        let principal = log_in(&host, params, &mut regions).await?;
        scoped_token::ask(&host, params, &principal.credentials, &principal.region, &regions)
            .await?
    } else {
        first
    };
    scoped_token::read(&host, params, &answer, &key)
}

async fn log_in(host: &Host, params: &AuthParams, regions: &mut Regions) -> Result<Principal> {
    let variables = Variables { host, suffix: "" };
    let Some(version) = variables.get(VERSION) else {
        let there: Vec<&str> = host
            .environment()
            .variables
            .keys()
            .map(String::as_str)
            .filter(|name| name.starts_with("OCI_RESOURCE_PRINCIPAL_"))
            .collect();
        let there = if there.is_empty() {
            "nor is any other OCI_RESOURCE_PRINCIPAL_ variable".to_owned()
        } else {
            format!("though {} is", there.join(", "))
        };
        return Err(Error::auth(
            format!("the environment variable {VERSION} is not set, {there}"),
            HINT,
        ));
    };
    if version.trim() == "3.0" {
        return nested::log_in(host, params, regions).await;
    }
    of_version(version.trim(), VERSION, variables, params, regions).await
}

/// A principal of one of the versions that stand for themselves.
async fn of_version(
    version: &str,
    name: &str,
    variables: Variables<'_>,
    params: &AuthParams,
    regions: &mut Regions,
) -> Result<Principal> {
    match version {
        "2.2" => v2_2::log_in(variables, params, regions).await,
        "2.1" | "2.1.1" | "2.1.2" => v2_1::log_in(version, variables, params, regions).await,
        "1.1" => v1::log_in(variables, params, regions).await,
        other => Err(Error::auth(
            format!("{name} is {other:?}, which is not known"),
            format!("known are {VERSIONS}"),
        )),
    }
}

/// The region by parameter or by environment.
fn region_of(variables: Variables<'_>, params: &AuthParams, regions: &Regions) -> Result<String> {
    match params.text(Key::Region) {
        Some(region) => Ok(region::identifier(region, regions)),
        None => {
            Ok(region::identifier(variables.require("OCI_RESOURCE_PRINCIPAL_REGION")?, regions))
        }
    }
}

fn reads_files(host: &Host) -> bool {
    ["", nested::LEAF].iter().any(|suffix| {
        let variables = Variables { host, suffix };
        [v2_2::SESSION_TOKEN, PRIVATE_KEY]
            .iter()
            .any(|name| variables.get(name).is_some_and(super::credentials::is_path))
    })
}

const PRIVATE_KEY: &str = "OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM";
const PASS_PHRASE: &str = "OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM_PASSPHRASE";

/// The private key that the environment gives.
async fn private_key(variables: Variables<'_>) -> Result<super::credentials::SigningKey> {
    let what = format!("the private key ({})", variables.name(PRIVATE_KEY));
    let pem = variables.content(PRIVATE_KEY, &what).await?;
    let Some(pem) = pem else {
        variables.require(PRIVATE_KEY)?;
        return Err(Error::auth(format!("{what} is missing"), HINT));
    };
    let pass_phrase = variables
        .content(PASS_PHRASE, "the pass phrase of the private key")
        .await?
        // Editors and `echo` end a file with a line break that is no part of it.
        .map(|text| crate::auth::Secret::from(text.trim_end_matches(['\r', '\n'])));
    super::credentials::key_from_pem(&pem, pass_phrase.as_ref(), &what)
}

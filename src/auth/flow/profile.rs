//! The profile that a method signs with: from the configuration file, from text, or from the
//! environment alone.

use super::credentials::{Regions, SigningKey, in_place, key_from_pem, regions_of};
use super::driver::Host;
use super::{AuthParams, Key};
use crate::auth::oci::config::{DEFAULT_PROFILE, OciConfig, Profiles};
use crate::auth::oci::region::REGIONS_CONFIG_FILE;
use crate::auth::oci::{environment, region};
use crate::error::{Error, Result};

/// The profile that the parameters name, with what the environment and the parameters say over it.
pub(crate) async fn load(host: &Host, params: &AuthParams) -> Result<OciConfig> {
    let variables = &host.environment().variables;
    let name = params
        .text(Key::Profile)
        .or_else(|| environment::profile(variables))
        .unwrap_or(DEFAULT_PROFILE)
        .trim();
    let mut config = match text(host, params).await? {
        Source::Text { text, place } => Profiles::parse(&text)
            .and_then(|profiles| profiles.profile(name))
            .map_err(|error| in_place(error, &place))?,
        Source::None(error) => {
            let nothing: [(&str, &str); 0] = [];
            let mut config = OciConfig::from_pairs(name, nothing);
            environment::apply(variables, &mut config);
            // The variables of OCI's command line may say all; if they say nothing, the missing
            // file is what the user has to know.
            if config.get("user").is_none() && config.get("security_token_file").is_none() {
                return Err(error);
            }
            config
        }
    };
    environment::apply(variables, &mut config);
    for (key, field) in [
        (Key::PassPhrase, "pass_phrase"),
        (Key::KeyContent, "key_content"),
        (Key::Region, "region"),
    ] {
        if let Some(value) = params.text(key) {
            config.set(field, value);
        }
    }
    for note in config.notes() {
        host.note(note.clone());
    }
    Ok(config)
}

enum Source {
    Text { text: String, place: String },
    None(Error),
}

async fn text(host: &Host, params: &AuthParams) -> Result<Source> {
    if let Some(text) = params.text(Key::Config) {
        return Ok(Source::Text { text: text.to_owned(), place: "`config`".to_owned() });
    }
    const WHAT: &str = "the OCI configuration file";
    if let Some(path) = params.text(Key::FileLocation) {
        let text = host.read_text(path.trim(), WHAT).await?;
        return Ok(Source::Text { text, place: path.trim().to_owned() });
    }
    let mut first_error = None;
    for path in environment::config_files(&host.environment().variables) {
        match host.read_text(&path, WHAT).await {
            Ok(text) => return Ok(Source::Text { text, place: path }),
            Err(error) => first_error = first_error.or(Some(error)),
        }
    }
    let error = match first_error {
        Some(Error::Auth { what, .. }) | Some(Error::Misuse { what, .. }) => Error::auth(
            what,
            "make it with `oci setup config`, or name another file with `file_location` \
             (configFileLocation), or give its text as `config`",
        ),
        Some(other) => other,
        None => Error::auth("no OCI configuration file is known", ""),
    };
    Ok(Source::None(error))
}

/// The private key of a profile.
pub(crate) async fn key(host: &Host, config: &OciConfig) -> Result<SigningKey> {
    let pass_phrase = config.pass_phrase();
    // As in the SDK, a key in the hand goes over one in a file.
    if let Some(content) = config.get("key_content") {
        return key_from_pem(content, pass_phrase.as_ref(), "the private key (key_content)");
    }
    let path = config.require("key_file")?;
    let pem = host
        .read_text(path, "the private key")
        .await
        .map_err(|error| in_place(error, &config.place("key_file")))?;
    key_from_pem(&pem, pass_phrase.as_ref(), &format!("the private key {path}"))
}

/// The regions, with the user's own file if `region` is not among those that are known. Where the
/// address of the service is given, the region says nothing about it.
pub(crate) async fn regions(host: &Host, params: &AuthParams, region: &str) -> Regions {
    let regions = regions_of(host.environment());
    if params.text(Key::Endpoint).is_some() || regions.find(region).is_some() {
        return regions;
    }
    let file = host.read_text(REGIONS_CONFIG_FILE, "the regions file").await.ok();
    let regions = Regions::read(file.as_deref(), &host.environment().variables);
    for note in regions.notes() {
        host.note(note.clone());
    }
    if regions.find(region).is_none() {
        host.note(format!(
            "the region {} is not known here; its services are looked for at {}",
            region::identifier(region, &regions),
            region::endpoint("<service>", region, &regions)
        ));
    }
    regions
}

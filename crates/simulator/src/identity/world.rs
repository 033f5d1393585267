//! The sample directory with everything that its people hold: keys, secrets, certificates.

use std::io;
use std::path::Path;
use std::time::SystemTime;

use super::directory::{AssertionKey, Directory, IssuerKeys};
use super::instance_certificates::{self, InstanceCertificates};
use super::keys::{KeyError, PrivateKey};
use super::metadata::Metadata;
use super::services::Services;
use super::{make_keys, sample};

/// How many keys there are.
const KEYS: usize = 12;
/// The file of a folder in which they are kept.
const KEYS_FILE: &str = "simulator-keys.pem";
/// What ends the PEM block of a key.
const END_OF_KEY: &str = "-----END PRIVATE KEY-----\n";

/// What the people and machines of the sample hold, and the services that know them.
#[derive(Clone, Debug)]
pub struct World {
    /// The services.
    pub services: Services,
    /// The API key of the users.
    pub user_key: PrivateKey,
    /// A key that is registered nowhere.
    pub stranger_key: PrivateKey,
    /// The key of sessions that users began with a browser.
    pub session_key: PrivateKey,
    /// The keys of the resource, in turn.
    pub resource_keys: [PrivateKey; 2],
    /// The key of the application of Entra ID.
    pub azure_key: PrivateKey,
    /// Its certificate in PEM.
    pub azure_certificate: String,
    /// The thumbprints of that certificate.
    pub azure_assertion: AssertionKey,
    /// The client secret of the application of Entra ID.
    pub azure_secret: String,
    /// The client secret of the application of the identity domain.
    pub domain_secret: String,
}

impl World {
    /// Makes it anew.
    ///
    /// # Errors
    /// When there are no random bytes.
    pub fn generate() -> Result<World, KeyError> {
        World::with_keys(make_keys()?)
    }

    /// Makes it with the keys that an earlier run left in `folder`, since making keys takes long; if
    /// there are none, with new ones, which it leaves there.
    ///
    /// # Errors
    /// When there are no random bytes, or the folder cannot be written.
    pub fn load_or_generate(folder: &Path) -> io::Result<World> {
        let file = folder.join(KEYS_FILE);
        let keys = match std::fs::read_to_string(&file).ok().and_then(|text| read_keys(&text)) {
            Some(keys) => keys,
            None => {
                let keys = make_keys().map_err(io::Error::other)?;
                let pem: Result<Vec<_>, _> = keys.iter().map(PrivateKey::to_pkcs8_pem).collect();
                std::fs::create_dir_all(folder)?;
                super::folder::write(&file, &pem.map_err(io::Error::other)?.concat())?;
                keys
            }
        };
        World::with_keys(keys).map_err(io::Error::other)
    }

    fn with_keys(keys: [PrivateKey; KEYS]) -> Result<World, KeyError> {
        let [
            oci,
            azure,
            domain,
            root,
            intermediate,
            leaf,
            user,
            stranger,
            session,
            first,
            second,
            app,
        ] = keys;
        let now = SystemTime::now();
        let directory = Directory::with_keys(sample::database(), IssuerKeys { oci, azure, domain });
        let azure_secret = super::random_secret()?;
        let domain_secret = super::random_secret()?;
        let certificate = instance_certificates::self_signed("demo-app", &app, now)?;
        let azure_assertion = instance_certificates::assertion_key(&certificate)?;
        sample::fill(&directory);
        sample::add_applications(
            &directory,
            &azure_secret,
            Some(azure_assertion.clone()),
            &domain_secret,
        );
        for ocid in [sample::USER, sample::OTHER_USER, sample::LONER, sample::OUTSIDER] {
            directory.add_api_key(sample::TENANCY, ocid, user.public_key());
        }
        directory.add_resource_key(sample::RESOURCE, first.public_key());
        let certificates = InstanceCertificates::generate(
            [root, intermediate, leaf],
            sample::INSTANCE,
            sample::TENANCY,
            sample::COMPARTMENT,
            now,
        )?;
        let metadata = Metadata { realm_domain: sample::REALM_DOMAIN.to_owned() };
        Ok(World {
            services: Services::new(directory, certificates, metadata),
            user_key: user,
            stranger_key: stranger,
            session_key: session,
            resource_keys: [first, second],
            azure_certificate: instance_certificates::pem(&certificate)?,
            azure_key: app,
            azure_assertion,
            azure_secret,
            domain_secret,
        })
    }
}

/// The keys of a file: one PEM block after the other.
fn read_keys(text: &str) -> Option<[PrivateKey; KEYS]> {
    let blocks = text.split_inclusive(END_OF_KEY);
    let keys = blocks.map(str::trim).filter(|block| !block.is_empty());
    keys.map(PrivateKey::from_pkcs8_pem).collect::<Result<Vec<_>, _>>().ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_keeps_its_keys() {
        let folder = tempfile::tempdir().expect("a folder");
        let made = World::load_or_generate(folder.path()).expect("made");
        let loaded = World::load_or_generate(folder.path()).expect("loaded");
        let fingerprints = |world: &World| {
            let keys = [&world.user_key, &world.azure_key, &world.resource_keys[1]];
            keys.map(|key| key.public_key().fingerprint())
        };
        assert_eq!(fingerprints(&made), fingerprints(&loaded));
        std::fs::write(folder.path().join(KEYS_FILE), "rubbish").expect("written");
        let anew = World::load_or_generate(folder.path()).expect("made anew");
        assert_ne!(fingerprints(&made), fingerprints(&anew));
    }
}

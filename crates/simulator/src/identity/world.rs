//! The sample directory with everything that its people hold: keys, secrets, certificates.

use std::time::SystemTime;

use super::directory::{AssertionKey, Directory, IssuerKeys};
use super::instance_certificates::{self, InstanceCertificates};
use super::keys::{KeyError, PrivateKey};
use super::metadata::Metadata;
use super::services::Services;
use super::{make_keys, sample};

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
        ] = make_keys()?;
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
        for ocid in [sample::USER, sample::OTHER_USER, sample::LONER] {
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

//! The people, machines and applications of the sample directory: those that the guides about
//! logging on without passwords speak of.

use super::directory::{
    Application, AssertionKey, DatabaseIdentity, Directory, Principal, PrincipalKind,
};

/// The region's name: there is no such one.
pub const REGION: &str = "sim-local-1";
/// Its short code.
pub const REGION_CODE: &str = "sim";
/// The realm.
pub const REALM: &str = "ocsim";
/// The domain of its hosts.
pub const REALM_DOMAIN: &str = "simulator.example";
/// The host of the identity domain.
pub const DOMAIN_HOST: &str = "idcs-1.identity.simulator.example";
/// The names that the services' certificate is good for, besides those of this machine.
pub const HOSTS: [&str; 3] =
    ["auth.sim-local-1.simulator.example", DOMAIN_HOST, super::entra::HOST];
/// The tenancy.
pub const TENANCY: &str =
    "ocid1.tenancy.oc1..aaaaaaaasimulatedtenancyofthesampledirectory2q7gk4mvkx5ta";
/// The compartment of the database.
pub const COMPARTMENT: &str =
    "ocid1.compartment.oc1..aaaaaaaasimulatedcompartmentofthesample5nw3jtl7zqo2ca";
/// The database.
pub const DATABASE: &str =
    "ocid1.autonomousdatabase.oc1.sim-local-1.antxeljrsimulateddatabaseofthesampledirectoryq4d7a";
/// The user of the guides, in the group `IAMUsers23c`.
pub const USER: &str = "ocid1.user.oc1..aaaaaaaavk23csimulateduserofthesampledirectoryd6m3u7zxqpla";
/// Another user, in the group `IAMUsers19Group`.
pub const OTHER_USER: &str =
    "ocid1.user.oc1..aaaaaaaavkvsimulateduserofthesampledirectory7h2n4q6w8xqpla";
/// A user in no group.
pub const LONER: &str =
    "ocid1.user.oc1..aaaaaaaalonersimulateduserofthesampledirectoryk2r5w7ynqpla";
/// A user whom no policy lets connect to databases.
pub const OUTSIDER: &str =
    "ocid1.user.oc1..aaaaaaaaoutsidersimulateduserofthesampledirectoryn4k9qpla";
/// The compute instance, in the dynamic group `demodg`.
pub const INSTANCE: &str =
    "ocid1.instance.oc1.sim-local-1.antxeljrsimulatedinstanceofthesampledirectory3h6tqa";
/// The notebook session, in the dynamic group `rpdg`.
pub const RESOURCE: &str =
    "ocid1.datasciencenotebooksession.oc1.sim-local-1.amaaaaaasimulatednotebookofthesample7wq5ya";
/// What the notebook session belongs to (resource principal 3.0), in the dynamic group `rpdg`.
pub const PARENT_RESOURCE: &str =
    "ocid1.datascienceproject.oc1.sim-local-1.amaaaaaasimulatedprojectofthesampledirectory4tza";
/// The Kubernetes workload, in the dynamic group `rpdg`.
pub const WORKLOAD: &str =
    "ocid1.workload.oc1.sim-local-1.amaaaaaasimulatedworkloadofthesampledirectory6pkqa";
/// The tenant of Entra ID.
pub const AZURE_TENANT: &str = "5ab3c5f1-0d6c-4f2e-9a73-3d2f7f6e8b01";
/// The application of Entra ID that logs on.
pub const AZURE_CLIENT: &str = "7c1d9c36-52a4-4d0e-8a1b-0e5f2a9b4c10";
/// Its object id.
pub const AZURE_OBJECT: &str = "e0b7a4d2-6c3f-47a9-b6f8-91d5c2e47a33";
/// The database's own application of Entra ID.
pub const AZURE_DATABASE: &str = "2f6e8b01-9a73-4f2e-8d6c-5ab3c5f13d2f";
/// The user of Entra ID on whose behalf an application asks.
pub const AZURE_USER: &str = "peter.fitch@simulator.example";
/// That user's object id.
pub const AZURE_USER_OBJECT: &str = "0c7fd2b8-11de-4a57-8c8f-3d9a6b5e4f21";
/// The confidential application of the identity domain.
pub const DOMAIN_CLIENT: &str = "3b1f0c8e5d7a4e62a9c4f0d2b7e68153";

/// The database that the sample's tokens are for.
pub fn database() -> DatabaseIdentity {
    DatabaseIdentity {
        ocid: DATABASE.to_owned(),
        compartment: COMPARTMENT.to_owned(),
        tenancy: TENANCY.to_owned(),
        azure_application_uri: format!("https://simulator.example/{AZURE_DATABASE}"),
        azure_client_id: AZURE_DATABASE.to_owned(),
        domain_audience: "urn:simulator:database".to_owned(),
    }
}

/// Puts the sample's users, instance and resources into `directory`. API keys are not among it:
/// whoever has the private half adds them.
pub fn fill(directory: &Directory) {
    for (kind, ocid, name, groups) in [
        (PrincipalKind::User, USER, "vk23c", &["IAMUsers23c"][..]),
        (PrincipalKind::User, OTHER_USER, "vkv", &["IAMUsers19Group"]),
        (PrincipalKind::User, LONER, "loner", &[]),
        (PrincipalKind::User, OUTSIDER, "outsider", &[]),
        (PrincipalKind::Instance, INSTANCE, "demo-instance", &["demodg"]),
        (PrincipalKind::Resource, RESOURCE, "demo-notebook", &["rpdg"]),
        (PrincipalKind::Resource, PARENT_RESOURCE, "demo-project", &["rpdg"]),
        (PrincipalKind::Resource, WORKLOAD, "demo-workload", &["rpdg"]),
    ] {
        directory.add_principal(Principal {
            kind,
            ocid: ocid.to_owned(),
            name: name.to_owned(),
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
            roles: Vec::new(),
            tenancy: TENANCY.to_owned(),
        });
    }
    directory.remove_policy(OUTSIDER);
    for (holder, resource) in
        [(INSTANCE, RESOURCE), (RESOURCE, RESOURCE), (RESOURCE, PARENT_RESOURCE)]
    {
        directory.add_delegation(holder, resource);
    }
}

/// Puts the sample's applications into `directory`, with these secrets.
pub fn add_applications(
    directory: &Directory,
    azure_secret: &str,
    azure_certificate: Option<AssertionKey>,
    domain_secret: &str,
) {
    directory.add_azure_application(Application {
        principal: application(PrincipalKind::AzureApplication, AZURE_OBJECT, "demo-app"),
        client_id: AZURE_CLIENT.to_owned(),
        secret: azure_secret.to_owned(),
        certificate: azure_certificate,
    });
    directory.add_domain_application(Application {
        principal: application(PrincipalKind::DomainApplication, DOMAIN_CLIENT, "demo-domain-app"),
        client_id: DOMAIN_CLIENT.to_owned(),
        secret: domain_secret.to_owned(),
        certificate: None,
    });
}

fn application(kind: PrincipalKind, id: &str, name: &str) -> Principal {
    let tenancy = match kind {
        PrincipalKind::AzureApplication => AZURE_TENANT,
        _ => TENANCY,
    };
    Principal {
        kind,
        ocid: id.to_owned(),
        name: name.to_owned(),
        groups: Vec::new(),
        roles: vec!["oracle_user".to_owned()],
        tenancy: tenancy.to_owned(),
    }
}

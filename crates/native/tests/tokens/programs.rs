//! The programs of `examples/rust`, run as a user would run them.

use std::path::{Path, PathBuf};
use std::process::Command;

use oraedge_simulator::generation::Generation;

use crate::world::World;

/// Builds the examples if they are not there; gives their folder.
fn build() -> PathBuf {
    let status = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--package", "oraedge-native", "--examples"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .expect("cargo");
    assert!(status.success(), "the examples do not build");
    // The test itself is target/debug/deps/tokens-HASH.
    let test = std::env::current_exe().expect("a path");
    test.parent().and_then(Path::parent).expect("a folder").join("examples")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_programs_print_what_the_articles_print() {
    let folder = build();
    let world = World::start(Generation::V23ai).await;
    let text = |pointer: &str| world.text(pointer);
    let set = |pairs: &[(&str, String)]| {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect::<Vec<_>>()
    };
    let config = ("PYO_OCI_CONFIG_FILE_LOCATION", text("/config"));
    let ca = world.folder().join("ca.pem").display().to_string();
    for (program, principal, variables, expected) in [
        ("config_file", "apiKey", set(std::slice::from_ref(&config)), "VK23C"),
        (
            "simple",
            "apiKey",
            set(&[
                ("PYO_OCI_USER_OCID", text("/oci/user")),
                ("PYO_OCI_KEYFILE", text("/oci/keyFile")),
                ("PYO_OCI_FINGERPRINT", text("/oci/fingerprint")),
                ("PYO_OCI_TENANCY", text("/oci/tenancy")),
                ("PYO_OCI_REGION", text("/oci/region")),
                ("PYO_OCI_PROFILE", "DEFAULT".to_owned()),
            ]),
            "VK23C",
        ),
        (
            "security_token",
            "apiKey",
            set(&[config, ("PYO_OCI_PROFILE", "st_1".to_owned())]),
            "VK23C",
        ),
        (
            "security_token_simple",
            "apiKey",
            set(&[
                ("PYO_STSA_OCI_KEYFILE", text("/oci/sessionKeyFile")),
                ("PYO_STSA_OCI_FINGERPRINT", text("/oci/sessionFingerprint")),
                ("PYO_STSA_OCI_TENANCY", text("/oci/tenancy")),
                ("PYO_STSA_OCI_REGION", text("/oci/region")),
                ("PYO_STSA_OCI_PROFILE", "st_1".to_owned()),
                ("PYO_STSA_OCI_SECURITY_TOKEN_FILE", text("/oci/securityTokenFile")),
            ]),
            "VK23C",
        ),
        (
            "instance_principal",
            "instance",
            set(&[("OCI_FEDERATION_ENDPOINT", text("/endpoints/auth"))]),
            "SHARED_USER",
        ),
        ("resource_principal", "resource2.2", Vec::new(), "SHARED_USER"),
        (
            "azure",
            "apiKey",
            set(&[
                ("PYO_AZURE_AUTHTYPE", "AzureServicePrincipal".to_owned()),
                ("PYO_AZURE_AUTHORITY", text("/azure/authority")),
                ("PYO_AZURE_CLIENTID", text("/azure/clientId")),
                ("PYO_AZURE_CLIENTSECRET", text("/azure/clientSecret")),
                ("PYO_AZURE_SCOPES", text("/azure/scopes")),
            ]),
            "",
        ),
    ] {
        let mut command = tokio::process::Command::new(folder.join(program));
        command
            .env_clear()
            .env("SSL_CERT_FILE", &ca)
            .env("OCI_AUTH_ENDPOINT", text("/endpoints/auth"))
            .envs(world.variables(principal))
            .envs(variables)
            .arg(world.connect_string());
        let output = command.output().await.expect(program);
        let printed = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{program}: {errors}");
        assert!(expected.is_empty() || printed.trim() == expected, "{program}: {printed}");
        world.check_secrets(&format!("{printed}{errors}"));
    }
}

//! What a connect string says about tokens: `TOKEN_AUTH` and its companions in `SECURITY`, by the
//! names of Oracle Net (Database Net Services Reference; ODP.NET and JDBC document the same).

use oraedge::auth::flow::{AuthParams, ParamValue};
use oraedge::connect_string::{ConnectDescriptor, Parameter, ParameterValue, Security};
use oraedge::{Error, Result};

use super::file::TokenFile;

/// Where the token is to come from.
#[derive(Debug)]
pub(crate) enum FromDescriptor {
    /// Files.
    File(TokenFile),
    /// A method that fetches it.
    Method(AuthParams),
}

/// The folder of the token and its key unless `TOKEN_LOCATION` says another.
const DEFAULT_LOCATION: &str = "~/.oci/db-token";

/// The values of `TOKEN_AUTH` that there are.
const VALUES: &str =
    "OCI_TOKEN, OAUTH, OCI_API_KEY, OCI_INSTANCE_PRINCIPAL, OCI_RESOURCE_PRINCIPAL, DISABLED";

/// What the first of the descriptions with a `TOKEN_AUTH` says.
///
/// # Errors
/// [`Error::Misuse`] for an unknown value, or a location that is missing.
pub(crate) fn token_of(
    descriptor: &ConnectDescriptor,
    home: Option<&str>,
) -> Result<Option<FromDescriptor>> {
    let security = descriptor
        .descriptions
        .iter()
        .map(|description| &description.security)
        .find_map(|security| Some((security, security.token_auth()?)));
    let Some((security, value)) = security else { return Ok(None) };
    let location = security.token_location();
    Ok(Some(match value.to_ascii_uppercase().as_str() {
        "DISABLED" => return Ok(None),
        "OCI_TOKEN" => {
            let location = expand(location.unwrap_or(DEFAULT_LOCATION), home)?;
            FromDescriptor::File(TokenFile::with_key(location))
        }
        "OAUTH" => {
            let location = location.ok_or_else(|| {
                Error::misuse(
                    "the connect string says TOKEN_AUTH=OAUTH but not where the token is",
                    "add TOKEN_LOCATION with the path of the token's file, or of the folder where \
                     it is named `token`",
                )
            })?;
            FromDescriptor::File(TokenFile::bearer(expand(location, home)?))
        }
        "OCI_API_KEY" => method("ConfigFileAuthentication", security)?,
        "OCI_INSTANCE_PRINCIPAL" => method("InstancePrincipal", security)?,
        "OCI_RESOURCE_PRINCIPAL" => method("ResourcePrincipal", security)?,
        _ => {
            return Err(Error::misuse(
                format!("the connect string says TOKEN_AUTH={value}, which is not known here"),
                format!(
                    "use one of {VALUES}, or name the method with extra_auth_params instead of \
                     TOKEN_AUTH"
                ),
            ));
        }
    }))
}

/// A method, with the file, the profile and the scope that the connect string names.
fn method(name: &str, security: &Security) -> Result<FromDescriptor> {
    let mut pairs = vec![("auth_type", name.to_owned())];
    if name == "ConfigFileAuthentication" {
        pairs.extend(text(security, "OCI_CONFIG_FILE").map(|it| ("file_location", it.to_owned())));
        pairs.extend(text(security, "OCI_PROFILE").map(|it| ("profile", it.to_owned())));
    }
    let database = text(security, "OCI_DATABASE");
    if let Some(compartment) = text(security, "OCI_COMPARTMENT") {
        let database = database.map(|database| format!("::{database}")).unwrap_or_default();
        pairs.push(("scope", format!("urn:oracle:db::id::{compartment}{database}")));
    } else if database.is_some() {
        return Err(Error::misuse(
            "the connect string has OCI_DATABASE without OCI_COMPARTMENT",
            "add the OCID of the compartment that the database is in",
        ));
    }
    let pairs = pairs.into_iter().map(|(name, value)| (name.to_owned(), ParamValue::from(value)));
    AuthParams::from_pairs(pairs).map(FromDescriptor::Method)
}

fn text<'a>(security: &'a Security, name: &str) -> Option<&'a str> {
    security.extra.iter().find_map(|parameter| match parameter {
        Parameter { name: found, value: ParameterValue::Text(text) } if found == name => {
            Some(text.as_str())
        }
        _ => None,
    })
}

/// A path with a leading `~` replaced by the home folder.
fn expand(path: &str, home: Option<&str>) -> Result<String> {
    match path.strip_prefix('~').filter(|rest| rest.is_empty() || rest.starts_with(['/', '\\'])) {
        None => Ok(path.to_owned()),
        Some(rest) => match home {
            Some(home) => Ok(format!("{home}{rest}")),
            None => Err(Error::misuse(
                format!("the path {path} begins with `~`, and no home folder is known here"),
                "give an absolute path in TOKEN_LOCATION",
            )),
        },
    }
}

#[cfg(test)]
mod tests {
    use oraedge::auth::flow::AuthMethod;

    use super::*;

    fn read(connect_string: &str) -> Result<Option<FromDescriptor>> {
        token_of(&ConnectDescriptor::parse(connect_string).unwrap(), Some("/home/me"))
    }

    fn security(text: &str) -> Result<Option<FromDescriptor>> {
        read(&format!("(DESCRIPTION=(ADDRESS=(PROTOCOL=TCPS)(HOST=h)(PORT=1))(SECURITY={text}))"))
    }

    #[test]
    fn token_files_are_where_the_other_drivers_look() {
        for (connect_string, expected) in [
            ("tcps://h/s?token_auth=OCI_TOKEN", TokenFile::with_key("/home/me/.oci/db-token")),
            ("tcps://h/s?token_auth=oci_token&token_location=/t", TokenFile::with_key("/t")),
            ("tcps://h/s?TOKEN_AUTH=OAUTH&TOKEN_LOCATION=~/jwt", TokenFile::bearer("/home/me/jwt")),
        ] {
            match read(connect_string).unwrap() {
                Some(FromDescriptor::File(file)) => assert_eq!(file, expected, "{connect_string}"),
                other => panic!("{connect_string}: {other:?}"),
            }
        }
        assert!(read("tcps://h/s").unwrap().is_none());
        assert!(read("tcps://h/s?token_auth=DISABLED").unwrap().is_none());
    }

    #[test]
    fn methods_take_their_parameters_from_beside_it() {
        let params = |text: &str| match security(text).unwrap() {
            Some(FromDescriptor::Method(params)) => params,
            other => panic!("{text}: {other:?}"),
        };
        let key = params("(TOKEN_AUTH=OCI_API_KEY)(OCI_CONFIG_FILE=/c)(OCI_PROFILE=P)");
        assert_eq!(key.method(), AuthMethod::ConfigFileAuthentication);
        let same = AuthParams::from_pairs(
            [("authType", "ConfigFileAuthentication"), ("file_location", "/c"), ("profile", "P")]
                .map(|(name, value)| (name.to_owned(), value.into())),
        );
        assert_eq!(key.cache_key(), same.unwrap().cache_key());
        let instance =
            params("(TOKEN_AUTH=OCI_INSTANCE_PRINCIPAL)(OCI_COMPARTMENT=c)(OCI_DATABASE=d)");
        assert_eq!(instance.method(), AuthMethod::InstancePrincipal);
        assert_ne!(instance.cache_key(), params("(TOKEN_AUTH=OCI_INSTANCE_PRINCIPAL)").cache_key());
        let resource = params("(TOKEN_AUTH=OCI_RESOURCE_PRINCIPAL)");
        assert_eq!(resource.method(), AuthMethod::ResourcePrincipal);
    }

    #[test]
    fn what_is_missing_or_unknown_is_named() {
        for (text, expected) in [
            ("(TOKEN_AUTH=OAUTH)", "TOKEN_LOCATION"),
            ("(TOKEN_AUTH=KERBEROS)", "OCI_INSTANCE_PRINCIPAL"),
            ("(TOKEN_AUTH=OCI_API_KEY)(OCI_DATABASE=d)", "OCI_COMPARTMENT"),
        ] {
            let error = security(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}

//! Where tnsnames.ora lies.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use oraedge::{Error, Result};

/// The folder of Oracle's configuration files, from the environment: `TNS_ADMIN`, else
/// `network/admin` under `ORACLE_HOME`; `None` if neither is set. python-oracledb looks in the same
/// places.
pub fn config_dir() -> Option<PathBuf> {
    from_environment(|name| std::env::var_os(name))
}

fn from_environment(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let set = |name| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("TNS_ADMIN").or_else(|| Some(set("ORACLE_HOME")?.join("network").join("admin")))
}

/// The text of the tnsnames.ora in a folder.
///
/// # Errors
/// [`Error::Misuse`] if it cannot be read or is not UTF-8, with its path.
pub fn read_tnsnames(folder: &Path) -> Result<String> {
    let path = folder.join("tnsnames.ora");
    std::fs::read_to_string(&path).map_err(|error| {
        Error::misuse(
            format!("cannot read {}: {error}", path.display()),
            "set TNS_ADMIN to the folder of tnsnames.ora, or write host:port/service in full",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tns_admin_comes_before_oracle_home() {
        let look = |set: &'static [(&str, &str)]| {
            from_environment(|name| {
                set.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into())
            })
        };
        assert_eq!(look(&[("TNS_ADMIN", "/a"), ("ORACLE_HOME", "/b")]), Some("/a".into()));
        assert_eq!(look(&[("ORACLE_HOME", "/b")]), Some("/b/network/admin".into()));
        assert_eq!(
            look(&[("TNS_ADMIN", ""), ("ORACLE_HOME", "/b")]),
            Some("/b/network/admin".into())
        );
        assert_eq!(look(&[]), None);
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = read_tnsnames(Path::new("/nonexistent")).unwrap_err().to_string();
        assert!(error.contains("/nonexistent/tnsnames.ora"), "{error}");
        assert!(error.contains("TNS_ADMIN"), "{error}");
    }
}

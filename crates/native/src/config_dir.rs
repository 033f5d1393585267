//! Where tnsnames.ora lies, and how it and the files that it includes are read.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use oraedge::connect_string::{IncludedFile, TnsNames};
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

/// Reads the tnsnames.ora in a folder. A relative path in an IFILE line counts from the folder of
/// the file that has the line.
///
/// # Errors
/// [`Error::Misuse`] if it cannot be read or is not UTF-8, with its path;
/// [`Error::ConnectString`] if its text is wrong.
pub fn read_tnsnames(folder: &Path) -> Result<TnsNames> {
    let path = folder.join("tnsnames.ora");
    let text = std::fs::read_to_string(&path).map_err(|error| {
        Error::misuse(
            format!("cannot read {}: {error}", path.display()),
            "set TNS_ADMIN to the folder of tnsnames.ora, or write host:port/service in full",
        )
    })?;
    Ok(TnsNames::parse_with(&path.to_string_lossy(), &text, &mut include)?)
}

fn include(file: &str, included_by: &str) -> Result<IncludedFile, String> {
    let path = Path::new(included_by).parent().unwrap_or(Path::new("")).join(file);
    // The canonical name makes a circle visible, however it is written.
    let path = path.canonicalize().map_err(|error| format!("{}: {error}", path.display()))?;
    let text =
        std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(IncludedFile { name: path.to_string_lossy().into_owned(), text })
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

    #[test]
    fn included_files_are_read_and_circles_are_found() {
        let folder = std::env::temp_dir().join(format!("oraedge-tns-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("more")).unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
        write("tnsnames.ora", "IFILE = more/others.ora\nONE = db1:1521/one\n");
        write("more/others.ora", "IFILE = third.ora\nTWO = db2:1521/two\n");
        write("more/third.ora", "THREE = db3:1521/three\n");
        let names = read_tnsnames(&folder);
        write("more/third.ora", "IFILE = ../tnsnames.ora\n");
        let circle = read_tnsnames(&folder);
        write("more/third.ora", "IFILE = gone.ora\n");
        let gone = read_tnsnames(&folder);
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(names.unwrap().aliases().collect::<Vec<_>>(), ["ONE", "THREE", "TWO"]);
        assert!(matches!(circle.unwrap_err(), Error::ConnectString(_)));
        assert!(gone.unwrap_err().to_string().contains("gone.ora"));
    }
}

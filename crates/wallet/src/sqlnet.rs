//! sqlnet.ora: what of it concerns a thin driver's TLS.

use oraedge::Result;
use oraedge::connect_string::TnsNames;

/// Settings of a sqlnet.ora.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sqlnet {
    /// The folder in `WALLET_LOCATION`, as it is written. `?` stands for ORACLE_HOME.
    pub wallet_directory: Option<String>,
    /// `SSL_SERVER_DN_MATCH`: whether a server's certificate has to name the server. Oracle's thin
    /// drivers check it in any case unless the connect string says otherwise.
    pub dn_match: Option<bool>,
}

impl Sqlnet {
    /// Reads the text. Other settings are for Oracle's client libraries and mean nothing here.
    ///
    /// # Errors
    /// [`oraedge::Error::ConnectString`] where it has an IFILE line, or is larger than 4 MiB.
    pub fn parse(text: &str) -> Result<Sqlnet> {
        // The syntax is that of tnsnames.ora: a name, an equals sign, a value over several lines.
        let entries = TnsNames::parse(text)?;
        let directory = entries.get("WALLET_LOCATION").and_then(directory);
        let dn_match = entries.get("SSL_SERVER_DN_MATCH").and_then(switch);
        Ok(Sqlnet { wallet_directory: directory, dn_match })
    }
}

/// The folder in `(SOURCE=(METHOD=file)(METHOD_DATA=(DIRECTORY="/path")))`.
fn directory(value: &str) -> Option<String> {
    const NAME: &str = "DIRECTORY";
    let start = value.to_ascii_uppercase().find(NAME)? + NAME.len();
    let (_, after) = value.get(start..)?.split_once('=')?;
    let (path, _) = after.split_once(')')?;
    let path = path.trim().trim_matches(['"', '\'']).trim();
    (!path.is_empty()).then(|| path.to_owned())
}

fn switch(value: &str) -> Option<bool> {
    match value.trim().to_ascii_lowercase().as_str() {
        "yes" | "on" | "true" | "1" => Some(true),
        "no" | "off" | "false" | "0" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_of_a_cloud_wallet() {
        let text = "WALLET_LOCATION = (SOURCE = (METHOD = file) (METHOD_DATA = \
                    (DIRECTORY=\"?/network/admin\")))\nSSL_SERVER_DN_MATCH=yes\n";
        let sqlnet = Sqlnet::parse(text).unwrap();
        assert_eq!(sqlnet.wallet_directory.as_deref(), Some("?/network/admin"));
        assert_eq!(sqlnet.dn_match, Some(true));
    }

    #[test]
    fn settings_of_others_and_comments_are_passed_over() {
        let text = "# a comment\nNAMES.DIRECTORY_PATH= (TNSNAMES, EZCONNECT)\n\
                    ssl_server_dn_match = OFF\nWALLET_LOCATION =\n  (SOURCE =\n    (METHOD = FILE)\n\
                    \x20   (METHOD_DATA =\n      (DIRECTORY = /u01/wallet)\n    )\n  )\n";
        let sqlnet = Sqlnet::parse(text).unwrap();
        assert_eq!(sqlnet.wallet_directory.as_deref(), Some("/u01/wallet"));
        assert_eq!(sqlnet.dn_match, Some(false));
        assert_eq!(Sqlnet::parse("").unwrap(), Sqlnet::default());
    }
}

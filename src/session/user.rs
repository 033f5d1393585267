//! The user's name, and whose session a proxy user wants.

/// `proxy[user]`, taken apart as python-oracledb does it (`parse_user` in
/// `impl/base/connect_params.pyx`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct UserName<'a> {
    /// Who logs on; empty if the token tells.
    pub(super) name: &'a str,
    /// Whose session it shall be, if that is somebody else.
    pub(super) proxied: Option<&'a str>,
}

impl UserName<'_> {
    pub(super) fn split(user: &str) -> UserName<'_> {
        match user.strip_suffix(']').and_then(|user| user.split_once('[')) {
            Some((name, proxied)) => UserName { name, proxied: Some(proxied) },
            None => UserName { name: user, proxied: None },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_user_is_taken_apart() {
        for (user, name, proxied) in [
            ("scott", "scott", None),
            ("", "", None),
            ("proxy[scott]", "proxy", Some("scott")),
            ("[scott]", "", Some("scott")),
            ("\"Proxy\"[\"Scott\"]", "\"Proxy\"", Some("\"Scott\"")),
            ("odd[name", "odd[name", None),
            ("odd]", "odd]", None),
        ] {
            assert_eq!(UserName::split(user), UserName { name, proxied }, "{user}");
        }
    }
}

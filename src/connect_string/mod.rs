//! Connect strings: Easy Connect Plus, descriptors, tnsnames.ora.
//!
//! [`resolve`] takes whatever a user calls a connect string and gives a [`ConnectDescriptor`];
//! [`ConnectDescriptor::plan`] gives the order of attempts, and [`Description::connect_data`] the
//! text that a listener is sent.
//!
//! | text | what it is |
//! | --- | --- |
//! | begins with `(` | a descriptor |
//! | has a `/`, or a `:`, `,`, `;` or `[` | Easy Connect Plus |
//! | anything else | an alias in tnsnames.ora |
//!
//! Syntax, defaults and what is sent are those of python-oracledb 26.1. Where that driver would
//! take a slip of the pen in silence (a parenthesis that is missing at the end, `PORT=0`,
//! `SSL_SERVER_DN_MATCH=onn`, a parameter given twice) there is an error here.

mod credentials;
mod descriptor;
mod easy_connect;
mod interpret;
mod model;
mod parameters;
mod plan;
mod print;
mod redirect;
mod scan;
mod tnsnames;
mod values;

pub use credentials::{SplitCredentials, split_credentials};
pub use model::{
    Address, AddressList, Choice, ConnectData, ConnectDescriptor, DEFAULT_PORT,
    DEFAULT_RETRY_DELAY, DEFAULT_SDU, DEFAULT_TRANSPORT_CONNECT_TIMEOUT, Description, MAX_SDU,
    MIN_SDU, Parameter, ParameterValue, PoolPurity, Protocol, Security, ServerType, TlsVersion,
};
pub use plan::{Attempt, ConnectPlan, Step};
pub use print::ClientInfo;
pub use redirect::Redirect;
pub use tnsnames::{IncludedFile, TnsNames};

use crate::error::ConnectStringError;
use scan::Fault;

/// The longest connect string that is read, in bytes. (node-oracledb stops at 4 KiB.)
pub const MAX_SIZE: usize = 32 * 1024;

/// How deep parentheses may nest (node-oracledb: the same).
pub const MAX_DEPTH: usize = 64;

impl ConnectDescriptor {
    /// Reads a descriptor or an Easy Connect string.
    ///
    /// # Errors
    ///
    /// If it is neither; the error names the place in the text. An alias needs [`resolve`].
    pub fn parse(text: &str) -> Result<ConnectDescriptor, ConnectStringError> {
        resolve(text, None)
    }
}

impl std::str::FromStr for ConnectDescriptor {
    type Err = ConnectStringError;

    fn from_str(text: &str) -> Result<ConnectDescriptor, ConnectStringError> {
        ConnectDescriptor::parse(text)
    }
}

/// Reads a descriptor or an Easy Connect string, or looks an alias up in `names`.
///
/// # Errors
///
/// If the text is none of them, or holds a user and a password; the error names the place in the
/// text, or in the tnsnames.ora.
pub fn resolve(
    connect_string: &str,
    names: Option<&TnsNames>,
) -> Result<ConnectDescriptor, ConnectStringError> {
    let fail = |fault: Fault| fault.into_error(connect_string);
    let text = connect_string.trim();
    if !is_alias(text) {
        return parse_text(connect_string).map_err(fail);
    }
    if text.is_empty() {
        return Err(fail(Fault::new(
            0,
            "the connect string is empty; give host:port/service, a descriptor or an alias",
        )));
    }
    let Some(names) = names else {
        return Err(fail(Fault::new(
            0,
            format!(
                "{text:?} can only be an alias, but there is no tnsnames.ora to look it up in; \
                 give its text, or write host:port/service"
            ),
        )));
    };
    names.descriptor(text).unwrap_or_else(|| {
        let similar = names.similar(text);
        let remedy = if similar.is_empty() {
            format!("tnsnames.ora has {} aliases, none like it", names.aliases().count())
        } else {
            format!("similar aliases: {}", similar.join(", "))
        };
        Err(fail(Fault::new(0, format!("no alias {text:?} in tnsnames.ora; {remedy}"))))
    })
}

/// Whether the text has nothing that an alias cannot have, so that [`resolve`] looks it up.
pub fn is_alias(text: &str) -> bool {
    !text.contains(['(', '/', ':', ',', ';', '[', '@'])
}

/// Reads a descriptor or an Easy Connect string.
fn parse_text(text: &str) -> Result<ConnectDescriptor, Fault> {
    if text.len() > MAX_SIZE {
        return Err(Fault::new(
            0,
            format!("the connect string has {} bytes; at most {MAX_SIZE} are read", text.len()),
        ));
    }
    let start = text.len() - text.trim_start().len();
    let inner = text.trim();
    let shift = |fault: Fault| Fault { at: fault.at + start, ..fault };
    if inner.starts_with('(') {
        return descriptor::parse(inner)
            .and_then(|root| interpret::interpret(&root))
            .map_err(shift);
    }
    let before_parameters = inner.split('?').next().unwrap_or_default();
    if let Some(at) = before_parameters.find('@') {
        return Err(shift(Fault::new(
            at,
            "a connect string holds no user and password; give them apart from it, or split \
             them off with split_credentials",
        )));
    }
    easy_connect::parse(inner).map_err(shift)
}

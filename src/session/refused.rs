//! Why a listener did not take the connection, in the database's own words.

use crate::connect_string::{Address, Description};
use crate::error::{DbError, Error};
use crate::wire::connect::Refuse;

/// The listener knows no such service.
const UNKNOWN_SERVICE: u32 = 12514;
/// The listener knows no such SID.
const UNKNOWN_SID: u32 = 12505;
/// The service's instances take no more connections.
const NO_HANDLER: u32 = 12520;

/// The error that the caller sees.
pub(super) fn error(refuse: &Refuse, description: &Description, address: &Address) -> Error {
    let at = format!("host \"{}\" port {}", address.host, address.port);
    let name = |name: &Option<String>| name.clone().unwrap_or_default();
    let number = refuse.error_number().unwrap_or_default();
    let message = match number {
        UNKNOWN_SERVICE => format!(
            "ORA-12514: Cannot connect to database. Service {} is not registered with the listener \
             at {at}.",
            name(&description.connect_data.service_name)
        ),
        UNKNOWN_SID => format!(
            "ORA-12505: Cannot connect to database. SID {} is not registered with the listener at \
             {at}.",
            name(&description.connect_data.sid)
        ),
        0 => {
            let said = if refuse.data.is_empty() {
                String::new()
            } else {
                format!(" It said: {}", refuse.data)
            };
            return Error::transport(
                format!("connecting to {at}"),
                format!("the listener refused the connection without a number.{said}"),
                "ask the listener's log",
            );
        }
        NO_HANDLER => format!(
            "ORA-12520: Cannot connect to database. The listener at {at} could not find an \
             available handler for the requested type of server."
        ),
        number => format!(
            "ORA-{number:05}: Cannot connect to database. The listener at {at} refused the \
             connection: {}",
            refuse.data
        ),
    };
    DbError { number, message, ..DbError::default() }.into()
}

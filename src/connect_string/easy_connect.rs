//! Easy Connect Plus: `[[protocol:]//]host[:port][,host[:port]][;...]/[service][:server][/instance]`
//! and `?name=value&name=value` behind it.
//!
//! Learned from python-oracledb `impl/base/parsers.pyx` and node-oracledb
//! `lib/thin/sqlnet/ezConnectResolver.js`. A parameter that neither driver knows has no effect, as
//! there; one that either knows has.

use super::model::{
    Address, AddressList, Choice, ConnectDescriptor, DEFAULT_PORT, Description, Parameter, Protocol,
};
use super::parameters::{self, Given};
use super::scan::{Fault, Scanner, is_name_char};
use super::values;

/// What python-oracledb puts before the names of its own parameters.
const PYTHON_PREFIX: &str = "pyo.";

/// Parameters that are passed on, by the place in the descriptor where they go.
const PASSED_ON_IN_DESCRIPTION: [&str; 5] =
    ["ENABLE", "RECV_BUF_SIZE", "SEND_BUF_SIZE", "RECV_TIMEOUT", "COMPRESSION"];
const PASSED_ON_IN_CONNECT_DATA: [&str; 2] = ["SERVICE_TAG", "COLOCATION_TAG"];
const PASSED_ON_IN_SECURITY: [&str; 4] =
    ["SSL_ALLOW_WEAK_DN_MATCH", "TLS_ALLOW_WEAK_DN_MATCH", "TOKEN_AUTH", "TOKEN_LOCATION"];

/// Names that belong into the descriptor's own places and mean nothing behind a `?`.
const NOT_BEHIND_QUESTION_MARK: [&str; 6] =
    ["PROTOCOL", "HOST", "PORT", "SERVICE_NAME", "SID", "INSTANCE_NAME"];

/// Reads a whole Easy Connect string.
pub(super) fn parse(text: &str) -> Result<ConnectDescriptor, Fault> {
    let mut scanner = Scanner::new(text);
    let protocol = protocol(&mut scanner)?;
    let mut description =
        Description { address_lists: hosts(&mut scanner, protocol)?, ..Description::default() };
    service(&mut scanner, &mut description)?;
    scanner.skip_whitespace();
    parameters(&mut scanner, &mut description)?;
    Ok(ConnectDescriptor { choice: Choice::default(), descriptions: vec![description] })
}

/// `protocol://`, `//` or nothing.
fn protocol(scanner: &mut Scanner<'_>) -> Result<Protocol, Fault> {
    let mut ahead = scanner.clone();
    let name = ahead.take_while(|c| c.is_alphanumeric() || c == '-' || c == '_');
    let named = !name.is_empty() && ahead.take(':');
    if (named || name.is_empty()) && ahead.take('/') && ahead.take('/') {
        let at = scanner.at();
        *scanner = ahead;
        if named {
            return values::protocol(name)
                .map_err(|why| Fault::new(at, format!("the protocol before :// {why}")));
        }
    }
    Ok(Protocol::Tcp)
}

/// Lists of hosts: `,` parts hosts of one list, `;` parts lists. A port belongs to its host and to
/// those before it in the list that have none.
fn hosts(scanner: &mut Scanner<'_>, protocol: Protocol) -> Result<Vec<AddressList>, Fault> {
    let mut lists = vec![AddressList::default()];
    let mut without_port = 0;
    loop {
        let mut address = Address::new(protocol, host(scanner)?, DEFAULT_PORT);
        let list = match lists.last_mut() {
            Some(list) => list,
            None => return Ok(lists),
        };
        if scanner.take(':') {
            let at = scanner.at();
            let digits = scanner.take_while(|c| c.is_ascii_digit());
            if !digits.is_empty() {
                address.port = values::port(digits)
                    .map_err(|why| Fault::new(at, format!("the port {why}")))?;
            } else if !matches!(scanner.peek(), Some('/' | ',' | ';')) {
                return Err(Fault::new(
                    at,
                    format!("expected a port (1 to 65535) after ':', {}", scanner.found()),
                ));
            }
            for earlier in list.addresses.iter_mut().skip(without_port) {
                earlier.port = address.port;
            }
            without_port = list.addresses.len() + 1;
        }
        list.addresses.push(address);
        if scanner.take(';') {
            lists.push(AddressList::default());
            without_port = 0;
        } else if !scanner.take(',') {
            return Ok(lists);
        }
    }
}

fn host<'a>(scanner: &mut Scanner<'a>) -> Result<&'a str, Fault> {
    let at = scanner.at();
    if scanner.take('[') {
        let host = scanner.take_while(|c| c != ']' && c != '/');
        if host.is_empty() || !scanner.take(']') {
            return Err(Fault::new(
                at,
                "expected an IPv6 address and ']' after '[', such as [2001:db8::1]",
            ));
        }
        return Ok(host);
    }
    let host = scanner.take_while(is_host_char);
    if host.is_empty() {
        return Err(Fault::new(at, format!("expected the name of a host, {}", scanner.found())));
    }
    Ok(host)
}

/// Characters of host, service and instance names (python-oracledb: the same set).
fn is_host_char(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '-' | '_' | '.')
}

/// `/service:server/instance`, each part but the first slash optional.
fn service(scanner: &mut Scanner<'_>, description: &mut Description) -> Result<(), Fault> {
    if !scanner.take('/') {
        return Err(Fault::new(
            scanner.at(),
            format!(
                "expected ':' and a port, or '/' and the name of a service after the host, {}",
                scanner.found()
            ),
        ));
    }
    let data = &mut description.connect_data;
    let service = scanner.take_while(is_host_char);
    if !service.is_empty() {
        data.service_name = Some(service.to_owned());
    }
    if scanner.take(':') {
        let at = scanner.at();
        let server = scanner.take_while(char::is_alphabetic);
        let server = values::server_type(server)
            .map_err(|why| Fault::new(at, format!("the kind of server after ':' {why}")))?;
        data.server_type = Some(server);
    }
    if scanner.take('/') {
        let instance = scanner.take_while(is_host_char);
        if instance.is_empty() {
            return Err(Fault::new(
                scanner.at(),
                format!("expected the name of an instance after '/', {}", scanner.found()),
            ));
        }
        data.instance_name = Some(instance.to_owned());
    }
    Ok(())
}

/// `?name=value&name="value"` to the end of the text.
fn parameters(scanner: &mut Scanner<'_>, description: &mut Description) -> Result<(), Fault> {
    if scanner.peek().is_none() {
        return Ok(());
    }
    if !scanner.take('?') {
        return Err(Fault::new(
            scanner.at(),
            format!(
                "expected the end of the connect string, or '?' and parameters, {}; a name that \
                 holds other characters than letters, digits, '-', '_' and '.' needs a descriptor",
                scanner.found()
            ),
        ));
    }
    let mut seen = Vec::new();
    loop {
        scanner.skip_whitespace();
        let at = scanner.at();
        let name = scanner.take_while(is_name_char);
        scanner.skip_whitespace();
        if name.is_empty() || !scanner.take('=') {
            let wanted = if name.is_empty() { "the name of a parameter" } else { "'='" };
            return Err(Fault::new(
                if name.is_empty() { at } else { scanner.at() },
                format!("expected {wanted}, {}", scanner.found()),
            ));
        }
        scanner.skip_whitespace();
        let given = value(scanner, name)?;
        if !given.text.is_empty() && apply(description, &given)? {
            let lower = name.to_ascii_lowercase();
            let known = parameters::canonical(lower.strip_prefix(PYTHON_PREFIX).unwrap_or(&lower));
            if seen.contains(&known) {
                let what = format!("{} is given twice; remove one", name.to_uppercase());
                return Err(Fault::new(at, what));
            }
            seen.push(known);
        }
        scanner.skip_whitespace();
        if scanner.peek().is_none() {
            return Ok(());
        }
        if !scanner.take('&') {
            return Err(Fault::new(
                scanner.at(),
                format!("expected '&' and another parameter, or the end, {}", scanner.found()),
            ));
        }
    }
}

fn value<'a>(scanner: &mut Scanner<'a>, name: &'a str) -> Result<Given<'a>, Fault> {
    let at = scanner.at();
    if !scanner.take('"') {
        let text = scanner.take_while(|c| c != '&' && c != '"').trim_end();
        return Ok(Given { name, text, at });
    }
    let text = scanner.take_while(|c| c != '"');
    if !scanner.take('"') {
        return Err(Fault::new(
            at,
            "the quotation mark that opens here is never closed; add a '\"' after the value",
        ));
    }
    Ok(Given { name, text, at: at + 1 })
}

/// Sets the parameter wherever it belongs, and says whether it has an effect.
fn apply(description: &mut Description, given: &Given<'_>) -> Result<bool, Fault> {
    let lower = given.name.to_ascii_lowercase();
    let given = match lower.strip_prefix(PYTHON_PREFIX) {
        Some(name) => &Given { name, ..*given },
        None => given,
    };
    let name = given.name.to_ascii_uppercase();
    if NOT_BEHIND_QUESTION_MARK.contains(&name.as_str()) {
        return Ok(false);
    }
    let mut known = false;
    for list in &mut description.address_lists {
        for address in &mut list.addresses {
            known |= parameters::set_address(address, given)?;
        }
    }
    if parameters::set_description(description, given)?
        || parameters::set_connect_data(&mut description.connect_data, given)?
        || parameters::set_security(&mut description.security, given)?
    {
        return Ok(true);
    }
    let passed_on = Parameter::text(name.clone(), given.text);
    if PASSED_ON_IN_DESCRIPTION.contains(&name.as_str()) {
        description.extra.push(passed_on);
    } else if PASSED_ON_IN_CONNECT_DATA.contains(&name.as_str()) {
        description.connect_data.extra.push(passed_on);
    } else if PASSED_ON_IN_SECURITY.contains(&name.as_str()) {
        description.security.extra.push(passed_on);
    } else {
        return Ok(known);
    }
    Ok(true)
}

//! From the tree of names to a [`ConnectDescriptor`].
//!
//! Which parameter belongs where, and what happens to one that is not known, is learned from
//! python-oracledb `impl/base/connect_params.pyx`: below DESCRIPTION, CONNECT_DATA and SECURITY
//! unknown ones are kept and passed on, elsewhere they have no effect.

use super::descriptor::{Node, NodeValue};
use super::model::{
    Address, AddressList, Choice, ConnectData, ConnectDescriptor, Description, Parameter,
    ParameterValue, Security,
};
use super::parameters::{self, Given};
use super::scan::Fault;
use super::{DEFAULT_PORT, Protocol};

/// Names that need parentheses behind their `=`.
const CONTAINERS: [&str; 6] =
    ["ADDRESS", "ADDRESS_LIST", "CONNECT_DATA", "DESCRIPTION", "DESCRIPTION_LIST", "SECURITY"];

/// Interprets a whole descriptor.
///
/// Beside DESCRIPTION and DESCRIPTION_LIST a bare ADDRESS or ADDRESS_LIST is taken, as listeners
/// send it in a redirect.
pub(super) fn interpret(root: &Node<'_>) -> Result<ConnectDescriptor, Fault> {
    let mut descriptor = ConnectDescriptor { choice: Choice::default(), descriptions: Vec::new() };
    if root.is("DESCRIPTION_LIST") {
        for child in group(root)? {
            if child.is("DESCRIPTION") {
                descriptor.descriptions.push(description(group(child)?)?);
            } else if let Some(given) = given(child)? {
                parameters::set_choice(&mut descriptor.choice, &given)?;
            }
        }
    } else if root.is("DESCRIPTION") {
        descriptor.descriptions.push(description(group(root)?)?);
    } else if root.is("ADDRESS") || root.is("ADDRESS_LIST") {
        descriptor.descriptions.push(description(std::slice::from_ref(root))?);
    } else {
        return Err(Fault::new(
            root.at,
            format!(
                "a descriptor begins with DESCRIPTION, DESCRIPTION_LIST, ADDRESS or ADDRESS_LIST, \
                 not with {}",
                root.name
            ),
        ));
    }
    if descriptor.addresses().next().is_none() {
        return Err(Fault::new(
            root.at,
            "the descriptor names no address; add \
             (ADDRESS=(PROTOCOL=tcp)(HOST=...)(PORT=1521)) to its DESCRIPTION",
        ));
    }
    Ok(descriptor)
}

/// The parameters of a container; none if nothing stands behind the `=`.
fn group<'n, 'a>(node: &'n Node<'a>) -> Result<&'n [Node<'a>], Fault> {
    match &node.value {
        NodeValue::Group(children) => Ok(children),
        NodeValue::Nothing => Ok(&[]),
        NodeValue::Text(text, at) => Err(Fault::new(
            *at,
            format!(
                "expected '(' after {}=, found {text:?}; its parameters stand in parentheses",
                node.name.to_uppercase()
            ),
        )),
    }
}

/// A parameter with a text; `None` if it has no value or is a group that only some know.
fn given<'a>(node: &Node<'a>) -> Result<Option<Given<'a>>, Fault> {
    match &node.value {
        NodeValue::Text(text, at) => {
            if CONTAINERS.iter().any(|name| node.is(name)) {
                group(node)?;
            }
            Ok(Some(Given { name: node.name, text, at: *at }))
        }
        NodeValue::Nothing | NodeValue::Group(_) => Ok(None),
    }
}

fn description(nodes: &[Node<'_>]) -> Result<Description, Fault> {
    let mut description = Description::default();
    let mut seen = Seen::default();
    let mut bare = AddressList::default();
    for node in nodes {
        if node.is("ADDRESS") {
            bare.addresses.extend(address(node)?);
            // Beside an ADDRESS_LIST an address that stands alone is a list of its own.
            if !description.address_lists.is_empty() {
                description.address_lists.push(std::mem::take(&mut bare));
            }
        } else if node.is("ADDRESS_LIST") {
            let Some(list) = address_list(node)? else { continue };
            for address in bare.addresses.drain(..) {
                let list = AddressList { choice: Choice::default(), addresses: vec![address] };
                description.address_lists.push(list);
            }
            description.address_lists.push(list);
        } else if node.is("CONNECT_DATA") {
            seen.once(node)?;
            connect_data(&mut description.connect_data, group(node)?)?;
        } else if node.is("SECURITY") {
            seen.once(node)?;
            security(&mut description.security, group(node)?)?;
        } else if node.is("DESCRIPTION") || node.is("DESCRIPTION_LIST") {
            return Err(Fault::new(
                node.at,
                format!(
                    "{} cannot stand inside DESCRIPTION; put several DESCRIPTIONs into one \
                     DESCRIPTION_LIST",
                    node.name.to_uppercase()
                ),
            ));
        } else if let Some(given) = given(node)?
            && parameters::set_description(&mut description, &given)?
        {
            seen.once(node)?;
        } else {
            seen.known_needs_text(node, parameters::DESCRIPTION_NAMES)?;
            description.extra.extend(parameter(node));
        }
    }
    if description.address_lists.is_empty() && !bare.addresses.is_empty() {
        // Addresses without a list are chosen from as the description says.
        bare.choice = description.choice;
        description.address_lists.push(bare);
    }
    if description.address_lists.len() == 1 {
        description.choice.source_route = false;
    }
    Ok(description)
}

fn address_list(node: &Node<'_>) -> Result<Option<AddressList>, Fault> {
    let children = group(node)?;
    let mut list = AddressList::default();
    let mut seen = Seen::default();
    for child in children {
        if child.is("ADDRESS") {
            list.addresses.extend(address(child)?);
        } else if child.is("ADDRESS_LIST") {
            return Err(Fault::new(
                child.at,
                "ADDRESS_LIST cannot stand inside ADDRESS_LIST; put both into DESCRIPTION",
            ));
        } else if let Some(given) = given(child)?
            && parameters::set_choice(&mut list.choice, &given)?
        {
            seen.once(child)?;
        }
    }
    if list.addresses.is_empty() && !children.is_empty() {
        return Err(Fault::new(
            node.at,
            "the ADDRESS_LIST names no address; add (ADDRESS=...) to it or remove it",
        ));
    }
    Ok((!children.is_empty()).then_some(list))
}

fn address(node: &Node<'_>) -> Result<Option<Address>, Fault> {
    let children = group(node)?;
    if children.is_empty() {
        return Ok(None);
    }
    let mut address = Address::new(Protocol::Tcp, "", DEFAULT_PORT);
    let mut seen = Seen::default();
    for child in children {
        if let Some(given) = given(child)?
            && parameters::set_address(&mut address, &given)?
        {
            seen.once(child)?;
        } else {
            seen.known_needs_text(child, parameters::ADDRESS_NAMES)?;
        }
    }
    if address.host.is_empty() {
        return Err(Fault::new(node.at, "the ADDRESS names no host; add (HOST=...) to it"));
    }
    Ok(Some(address))
}

fn connect_data(data: &mut ConnectData, nodes: &[Node<'_>]) -> Result<(), Fault> {
    let mut seen = Seen::default();
    for node in nodes {
        if let Some(given) = given(node)?
            && parameters::set_connect_data(data, &given)?
        {
            seen.once(node)?;
        } else {
            seen.known_needs_text(node, parameters::CONNECT_DATA_NAMES)?;
            data.extra.extend(parameter(node));
        }
    }
    Ok(())
}

fn security(security: &mut Security, nodes: &[Node<'_>]) -> Result<(), Fault> {
    let mut seen = Seen::default();
    for node in nodes {
        if let Some(given) = given(node)?
            && parameters::set_security(security, &given)?
        {
            seen.once(node)?;
        } else if let Some(directory) = wallet_directory(node) {
            seen.once(node)?;
            security.wallet_location = Some(directory.to_owned());
        } else {
            seen.known_needs_text(node, parameters::SECURITY_NAMES)?;
            security.extra.extend(parameter(node));
        }
    }
    Ok(())
}

/// The folder in sqlnet.ora's form of a wallet location:
/// `(WALLET_LOCATION=(SOURCE=(METHOD=FILE)(METHOD_DATA=(DIRECTORY=...))))`.
fn wallet_directory<'a>(node: &Node<'a>) -> Option<&'a str> {
    fn child<'n, 'a>(node: &'n Node<'a>, name: &str) -> Option<&'n Node<'a>> {
        match &node.value {
            NodeValue::Group(children) => children.iter().find(|child| child.is(name)),
            _ => None,
        }
    }
    if !node.is("WALLET_LOCATION") {
        return None;
    }
    let data = child(child(node, "SOURCE")?, "METHOD_DATA")?;
    match child(data, "DIRECTORY")?.value {
        NodeValue::Text(text, _) => Some(text),
        _ => None,
    }
}

/// A parameter to be passed on; `None` if it has no value.
fn parameter(node: &Node<'_>) -> Option<Parameter> {
    let value = match &node.value {
        NodeValue::Nothing => return None,
        NodeValue::Text(text, _) => ParameterValue::Text((*text).to_owned()),
        // The tree is at most MAX_DEPTH deep, so this recursion is.
        NodeValue::Group(children) => {
            ParameterValue::Group(children.iter().filter_map(parameter).collect())
        }
    };
    Some(Parameter { name: node.name.to_uppercase(), value })
}

/// The known parameters that a container has shown so far.
#[derive(Default)]
struct Seen {
    names: Vec<String>,
}

impl Seen {
    /// Fails if this parameter, by whichever of its names, has been there before.
    fn once(&mut self, node: &Node<'_>) -> Result<(), Fault> {
        let name = parameters::canonical(node.name);
        if self.names.contains(&name) {
            return Err(Fault::new(
                node.at,
                format!("{} is given twice; remove one", node.name.to_uppercase()),
            ));
        }
        self.names.push(name);
        Ok(())
    }

    /// Fails if a parameter of this place, which needs a text, has parentheses instead.
    fn known_needs_text(&self, node: &Node<'_>, names: &[&str]) -> Result<(), Fault> {
        if matches!(node.value, NodeValue::Group(_)) && names.iter().any(|name| node.is(name)) {
            return Err(Fault::new(
                node.at,
                format!(
                    "expected a text after {}=, found parentheses; put a value that holds \
                     parentheses in quotation marks",
                    node.name.to_uppercase()
                ),
            ));
        }
        Ok(())
    }
}

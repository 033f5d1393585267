//! The grammar of a descriptor, `(NAME=(NAME=text)(NAME="text"))`, read into a tree of names.
//!
//! It is read without recursion, so that a text cannot exhaust the stack. Learned from
//! python-oracledb `impl/base/parsers.pyx`; unlike there, a parenthesis that is missing at the
//! end of the text is an error here.

use super::MAX_DEPTH;
use super::scan::{Fault, Scanner, is_name_char};

/// One `(NAME=value)`.
#[derive(Debug)]
pub(super) struct Node<'a> {
    /// The name as it is written.
    pub(super) name: &'a str,
    /// The byte where the name begins.
    pub(super) at: usize,
    pub(super) value: NodeValue<'a>,
}

#[derive(Debug)]
pub(super) enum NodeValue<'a> {
    /// `(NAME=)` or `(NAME="")`: the same as if the parameter were not there.
    Nothing,
    /// A text, without quotes and outer spaces, and the byte where it begins.
    Text(&'a str, usize),
    Group(Vec<Node<'a>>),
}

impl Node<'_> {
    pub(super) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

/// A group whose closing parenthesis is still to come.
struct Open<'a> {
    name: &'a str,
    at: usize,
    parenthesis: usize,
    children: Vec<Node<'a>>,
}

/// Reads a text that holds one descriptor and nothing else.
pub(super) fn parse(text: &str) -> Result<Node<'_>, Fault> {
    let mut scanner = Scanner::new(text);
    let mut open: Vec<Open<'_>> = Vec::new();
    scanner.skip_whitespace();
    let root = loop {
        // Here a parameter must begin, or the innermost open group must end.
        scanner.skip_whitespace();
        let node = match (scanner.peek(), open.pop()) {
            (Some('('), parent) => {
                let parenthesis = scanner.at();
                scanner.next();
                open.extend(parent);
                match parameter(&mut scanner, parenthesis)? {
                    Begun::Whole(node) => node,
                    Begun::Group(group) => {
                        if open.len() >= MAX_DEPTH {
                            return Err(Fault::new(
                                parenthesis,
                                format!(
                                    "parentheses nest deeper than {MAX_DEPTH}; flatten the descriptor"
                                ),
                            ));
                        }
                        open.push(group);
                        continue;
                    }
                }
            }
            (Some(')'), Some(group)) => {
                scanner.next();
                Node { name: group.name, at: group.at, value: NodeValue::Group(group.children) }
            }
            (_, None) => {
                return Err(Fault::new(
                    scanner.at(),
                    format!("expected '(' at the start of a descriptor, {}", scanner.found()),
                ));
            }
            (None, Some(group)) => return Err(unclosed(group.name, group.parenthesis)),
            (Some(_), Some(group)) => {
                return Err(Fault::new(
                    scanner.at(),
                    format!(
                        "expected '(' or ')' in {}, {}",
                        group.name.to_uppercase(),
                        scanner.found()
                    ),
                ));
            }
        };
        match open.last_mut() {
            Some(parent) => parent.children.push(node),
            None => break node,
        }
    };
    scanner.skip_whitespace();
    match scanner.peek() {
        None => Ok(root),
        Some(')') => Err(Fault::new(
            scanner.at(),
            "unbalanced parenthesis: this ')' has no '(' before it; remove it",
        )),
        Some(_) => Err(Fault::new(
            scanner.at(),
            format!("the descriptor ends here, but {} after it; remove the rest", scanner.found()),
        )),
    }
}

enum Begun<'a> {
    Whole(Node<'a>),
    Group(Open<'a>),
}

/// Reads `NAME=` and, if it is not a group, the value and the closing parenthesis.
fn parameter<'a>(scanner: &mut Scanner<'a>, parenthesis: usize) -> Result<Begun<'a>, Fault> {
    scanner.skip_whitespace();
    let at = scanner.at();
    let name = scanner.take_while(is_name_char);
    if name.is_empty() {
        return Err(Fault::new(
            at,
            format!("expected the name of a parameter after '(', {}", scanner.found()),
        ));
    }
    scanner.skip_whitespace();
    if !scanner.take('=') {
        return Err(Fault::new(
            scanner.at(),
            format!("expected '=' after {}, {}", name.to_uppercase(), scanner.found()),
        ));
    }
    scanner.skip_whitespace();
    let value_at = scanner.at();
    let value = match scanner.peek() {
        Some('(') => {
            return Ok(Begun::Group(Open { name, at, parenthesis, children: Vec::new() }));
        }
        Some('"') => {
            scanner.next();
            let text = scanner.take_while(|c| c != '"');
            if !scanner.take('"') {
                return Err(Fault::new(
                    value_at,
                    "the quotation mark that opens here is never closed; add a '\"' after the value",
                ));
            }
            scanner.skip_whitespace();
            (text, value_at + 1)
        }
        _ => {
            let text = scanner.take_while(|c| !matches!(c, '(' | ')' | '"'));
            (text.trim_end(), value_at)
        }
    };
    if !scanner.take(')') {
        return Err(match scanner.peek() {
            None => unclosed(name, parenthesis),
            Some(_) => Fault::new(
                scanner.at(),
                format!(
                    "expected ')' after the value of {}, {}; put a value that holds parentheses \
                     in quotation marks",
                    name.to_uppercase(),
                    scanner.found()
                ),
            ),
        });
    }
    let value =
        if value.0.is_empty() { NodeValue::Nothing } else { NodeValue::Text(value.0, value.1) };
    Ok(Begun::Whole(Node { name, at, value }))
}

fn unclosed(name: &str, parenthesis: usize) -> Fault {
    Fault::new(
        parenthesis,
        format!(
            "unbalanced parenthesis: the one that opens {} here is never closed; add a ')'",
            name.to_uppercase()
        ),
    )
}

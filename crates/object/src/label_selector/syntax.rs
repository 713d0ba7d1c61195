//! What keys and values may look like, and how a requirement is refused.

use super::{LabelOperator, LabelRequirement};

const NAME_MAX: usize = 63;
const PREFIX_MAX: usize = 253;
const NAME: &str = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const PREFIX: &str = "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";

/// Everything wrong with a requirement, as field errors.
pub(super) fn requirement_errors(requirement: &LabelRequirement) -> Vec<String> {
    use LabelOperator as Op;
    let (key, values) = (&requirement.key, &requirement.values);
    let mut errors: Vec<String> = key_error(key, "key").into_iter().collect();
    let mut whole = |detail: &str| {
        let printed: Vec<_> = values.iter().map(|v| quote(v)).collect();
        errors.push(format!("values: Invalid value: [{}]: {detail}", printed.join(",")));
    };
    match requirement.operator {
        Op::In | Op::NotIn if values.is_empty() => whole("for 'in', 'notin' operators, values set can't be empty"),
        Op::Equals | Op::NotEquals if values.len() != 1 => whole("exact-match compatibility requires one single value"),
        Op::Exists | Op::DoesNotExist if !values.is_empty() => whole("values set must be empty for exists and does not exist"),
        Op::GreaterThan | Op::LessThan => {
            if values.len() != 1 {
                whole("for 'Gt', 'Lt' operators, exactly one value is required");
            }
            for (i, value) in values.iter().enumerate().filter(|(_, v)| v.parse::<i64>().is_err()) {
                let detail = "for 'Gt', 'Lt' operators, the value must be an integer";
                errors.push(format!("values[{i}]: Invalid value: {}: {detail}", quote(value)));
            }
        }
        _ => {}
    }
    for (i, value) in values.iter().enumerate() {
        let messages = value_messages(value);
        if !messages.is_empty() {
            errors.push(format!("values[{i}][{key}]: Invalid value: {}: {}", quote(value), messages.join("; ")));
        }
    }
    errors
}

/// What is wrong with a label key, as the error of the field at `path`.
pub(super) fn key_error(key: &str, path: &str) -> Option<String> {
    let messages = key_messages(key);
    (!messages.is_empty()).then(|| format!("{path}: Invalid value: {}: {}", quote(key), messages.join("; ")))
}

fn key_messages(key: &str) -> Vec<String> {
    let rule = format!(
        "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character \
         (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '{NAME}')"
    );
    let mut messages = Vec::new();
    let (prefix, name) = match key.split('/').collect::<Vec<_>>().as_slice() {
        [name] => (None, *name),
        [prefix, name] => (Some(*prefix), *name),
        _ => return vec![format!("a valid label key {rule} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')")],
    };
    match prefix {
        Some("") => messages.push("prefix part must be non-empty".to_owned()),
        Some(prefix) => {
            if prefix.len() > PREFIX_MAX {
                messages.push(format!("prefix part must be no more than {PREFIX_MAX} bytes"));
            }
            if !prefix.split('.').all(is_dns_label) {
                messages.push(format!(
                    "prefix part a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and \
                     must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '{PREFIX}')"
                ));
            }
        }
        None => {}
    }
    if name.is_empty() {
        messages.push("name part must be non-empty".to_owned());
    } else if name.len() > NAME_MAX {
        messages.push(format!("name part must be no more than {NAME_MAX} bytes"));
    }
    if !is_name(name) {
        messages.push(format!("name part {rule}"));
    }
    messages
}

fn value_messages(value: &str) -> Vec<String> {
    let mut messages = Vec::new();
    if value.len() > NAME_MAX {
        messages.push(format!("must be no more than {NAME_MAX} bytes"));
    }
    if !value.is_empty() && !is_name(value) {
        messages.push(format!(
            "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end \
             with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '({NAME})?')"
        ));
    }
    messages
}

/// Whether `text` begins and ends with what `edge` accepts and has only that and `inner` between.
fn is_edged(text: &str, edge: impl Fn(u8) -> bool, inner: &[u8]) -> bool {
    let bytes = text.as_bytes();
    bytes.first().is_some_and(|b| edge(*b)) && bytes.last().is_some_and(|b| edge(*b)) && bytes.iter().all(|b| edge(*b) || inner.contains(b))
}

fn is_name(text: &str) -> bool {
    is_edged(text, |b| b.is_ascii_alphanumeric(), b"-_.")
}

fn is_dns_label(text: &str) -> bool {
    is_edged(text, |b| b.is_ascii_lowercase() || b.is_ascii_digit(), b"-")
}

/// Quotes as Go's `%q`.
pub(super) fn quote(text: &str) -> String {
    use std::fmt::Write;
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\x07' => quoted.push_str("\\a"),
            '\x08' => quoted.push_str("\\b"),
            '\x0b' => quoted.push_str("\\v"),
            '\x0c' => quoted.push_str("\\f"),
            c if c.is_ascii_control() => drop(write!(quoted, "\\x{:02x}", u32::from(c))),
            c if c.is_control() => drop(write!(quoted, "\\u{:04x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

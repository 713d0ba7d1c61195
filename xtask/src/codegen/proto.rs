//! Messages of `generated.proto`: field names, numbers and types.

use super::inputs::{Inputs, packages};
use std::collections::BTreeMap;

/// Fields of one message by protobuf name.
pub type Message = BTreeMap<String, ProtoField>;

/// One field of a message.
#[derive(Debug, Clone)]
pub struct ProtoField {
    /// Field number.
    pub number: u32,
    /// Its place in the message as it is written down, which is that in the Go struct.
    pub place: usize,
    /// Whether it is `repeated`.
    pub repeated: bool,
    /// A scalar's name, or the OpenAPI name of a message.
    pub of: String,
    /// For `map<string, of>`.
    pub map: bool,
}

/// Every message that is read, by OpenAPI name.
pub fn read(inputs: &mut Inputs) -> Result<BTreeMap<String, Message>, String> {
    let staging = inputs.path("staging/src/k8s.io");
    let mut messages = BTreeMap::new();
    for (module, dir) in packages(|m| staging.join(m))? {
        let text = inputs.read(&format!("staging/src/k8s.io/{module}/{dir}/generated.proto"))?;
        parse(&text, &mut messages)?;
    }
    Ok(messages)
}

fn parse(text: &str, messages: &mut BTreeMap<String, Message>) -> Result<(), String> {
    let mut package = "";
    let mut current: Option<(String, Message)> = None;
    for line in text.lines().map(str::trim).filter(|l| !l.starts_with("//")) {
        if let Some(name) = line.strip_prefix("package ") {
            package = name.trim_end_matches(';');
        } else if let Some(name) = line.strip_prefix("message ").and_then(|l| l.strip_suffix(" {")) {
            current = Some((openapi_name(package, name), Message::new()));
        } else if line == "}" {
            messages.extend(current.take());
        } else if let Some((name, message)) = &mut current
            && let Some((declaration, number)) = line.trim_end_matches(';').rsplit_once(" = ")
        {
            let (field, mut found) = field(package, declaration, number).ok_or_else(|| format!("{name}: cannot read {line:?}"))?;
            found.place = message.len();
            message.insert(field, found);
        }
    }
    Ok(())
}

fn field(package: &str, declaration: &str, number: &str) -> Option<(String, ProtoField)> {
    let (of, name) = declaration.rsplit_once(' ')?;
    let number = number.parse().ok()?;
    let (label, of) = of.split_once(' ').filter(|(l, _)| !l.starts_with("map<")).unwrap_or(("", of));
    let values = of.strip_prefix("map<string, ").and_then(|v| v.strip_suffix('>'));
    let of = openapi_name(package, values.unwrap_or(of));
    Some((name.to_owned(), ProtoField { number, place: 0, repeated: label == "repeated", of, map: values.is_some() }))
}

/// `.k8s.io.kube_aggregator.pkg.X` is `io.k8s.kube-aggregator.pkg.X` in OpenAPI.
fn openapi_name(package: &str, name: &str) -> String {
    const SCALARS: [&str; 6] = ["string", "bytes", "bool", "int32", "int64", "double"];
    if SCALARS.contains(&name) {
        return name.to_owned();
    }
    let name = name.trim_start_matches('.');
    let full = if name.contains('.') { name.to_owned() } else { format!("{package}.{name}") };
    full.replacen("k8s.io.", "io.k8s.", 1).replace('_', "-")
}

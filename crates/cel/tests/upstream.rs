//! Expressions over all libraries, compared with what kube-apiserver's own packages say of them: issues, values, errors and costs.

#![allow(clippy::unwrap_used, missing_docs)]

use minkapi_cel::{Expression, Scope, Type, Val, Value as Cel};
use minkapi_schema::Structural;
use serde_json::Value;

/// What is evaluated otherwise: keys that kube-apiserver takes only in constants, numbers in lists of no type, exponents
/// (which change with the release of Go's tables), and what its parser expects.
const KNOWN: [&str; 13] = [
    "{'a': 1, 'a': 2}",
    "{1.5: 'a'}",
    "string(null)",
    "dyn([1]).join('-')",
    "'%e'.format([1234.5678])",
    "'%.3e'.format([1234.5678])",
    "'%s'.format([int])",
    "'%.xf'.format([1.0])",
    "[dyn(1), dyn('a')].sort()",
    "self.spec.name? 1",
    "google.protobuf.Timestamp{}",
    "self.spec.n in []",
    "[?optional.none(), 2]",
];

/// A type as the recording shows it, which has longer names than issues.
fn type_text(of: &Type) -> String {
    let text = of.to_string().replace("timestamp", "google.protobuf.Timestamp").replace("duration", "google.protobuf.Duration");
    text.replace("null", "null_type").replace("null_type_type", "null_type")
}

/// A value as the recording shows it.
fn show(value: &Val<'_>) -> String {
    if let Some(items) = value.items() {
        return format!("[{}]", items.iter().map(show).collect::<Vec<_>>().join(","));
    }
    if let Some(keys) = value.keys() {
        let mut shown: Vec<String> =
            keys.iter().filter_map(|key| Some(format!("{}:{}", show(&Val::of_key(key)), show(&value.entry(key)?)))).collect();
        shown.sort();
        return format!("{{{}}}", shown.join(","));
    }
    match value {
        Val::Text(text) => minkapi_schema::field::quoted(text.as_str()),
        Val::Null => "NULL_VALUE".to_owned(),
        Val::Optional(None) => "null".to_owned(),
        Val::Optional(Some(of)) => show(of),
        Val::Type(name) => format!("\"{name}\""),
        Val::Double(f) if f.is_infinite() => "+Inf".to_owned(),
        Val::Double(f) => minkapi_schema::structural::print_float(*f),
        Val::Bool(b) => b.to_string(),
        Val::Int(i) => i.to_string(),
        Val::Uint(u) => u.to_string(),
        Val::Other(Cel::Bytes(bytes)) => format!("{bytes:?}").replace(", ", " "),
        _ => "?".to_owned(),
    }
}

#[test]
fn expressions_mean_what_they_mean_upstream() {
    let data: Value = serde_json::from_str(include_str!("data/upstream.json")).unwrap();
    let schema = Structural::parse(&data["schema"]);
    let scope = Scope::new().with("self", Type::of_resource(&schema));
    let mut differences = Vec::new();
    let mut costs = 0;
    let mut estimates = 0;
    for row in data["rows"].as_array().unwrap() {
        let (source, kind, expected) = (row[0].as_str().unwrap(), row[1].as_str().unwrap(), row[2].as_str().unwrap());
        let (found, cost) = match Expression::compile(source, &scope).and_then(|e| match e.constants() {
            Ok(()) => Ok(e),
            Err(why) => Err(format!("program instantiation failed: {why}")),
        }) {
            Err(issues) => (("issue".to_owned(), issues), None),
            Ok(expression) => {
                let variables = [("self", Val::json(&data["object"], Some(&schema)))];
                let run = expression.run(&variables, u64::MAX);
                let found = match run.value {
                    Err(why) => ("error".to_owned(), why.to_string()),
                    Ok(value) => (type_text(expression.result()), format!("{} {}", value.type_name(), show(&value))),
                };
                if row[4].as_u64() != Some(expression.cost()) {
                    estimates += 1;
                }
                (found, Some(run.cost))
            }
        };
        let type_of = |text: &str| text.split(' ').next().unwrap_or_default().to_owned();
        let opaque = found.1.ends_with(" ?");
        let same = if opaque { type_of(&found.1) == type_of(expected) } else { found.1 == expected };
        if !same || (found.0 == "issue") != (kind == "issue") {
            differences.push(format!("{source}\n   want {kind}: {expected}\n   have {}: {}", found.0, found.1));
        } else if cost.is_some() && cost != row[3].as_u64() {
            costs += 1;
            differences.push(format!("{source}\n   cost {} want {}", cost.unwrap(), row[3]));
        }
    }
    let unknown: Vec<&String> =
        differences.iter().filter(|text| !KNOWN.iter().any(|source| text.starts_with(&format!("{source}\n")))).collect();
    println!("{} differ ({costs} in cost), {estimates} estimates of costs", differences.len());
    assert!(unknown.is_empty(), "{unknown:#?}");
}

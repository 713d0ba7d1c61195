//! Parameters that version 2 writes once, as kube-openapi does: operations refer to them.

use base64::{Engine as _, engine::general_purpose::URL_SAFE};
use serde_json::{Map, Value, json};

/// Takes the parameters that do not depend on a kind out of the paths, which then refer to them.
pub(super) fn take(paths: &mut Map<String, Value>) -> Map<String, Value> {
    let mut shared = Map::new();
    for item in paths.values_mut() {
        for (name, of) in item.as_object_mut().into_iter().flatten() {
            let list = if name == "parameters" { Some(of) } else { of.get_mut("parameters") };
            for parameter in list.and_then(Value::as_array_mut).into_iter().flatten() {
                if is_shared(parameter) {
                    let name = format!("{}-{}", text(parameter, "name"), hash(parameter));
                    let reference = json!({"$ref": format!("#/parameters/{name}")});
                    shared.insert(name, std::mem::replace(parameter, reference));
                }
            }
        }
    }
    shared
}

fn text<'a>(parameter: &'a Value, member: &str) -> &'a str {
    parameter[member].as_str().unwrap_or_default()
}

/// Names are described with their kind, bodies are of a kind, and old clients look for the other two.
fn is_shared(parameter: &Value) -> bool {
    match text(parameter, "in") {
        "body" => text(&parameter["schema"], "$ref").starts_with("#/definitions/io.k8s.apimachinery"),
        _ => !matches!(text(parameter, "name"), "name" | "fieldValidation" | "dryRun"),
    }
}

/// Eight characters of FNV-1 over the JSON that Go writes.
fn hash(parameter: &Value) -> String {
    const ORDER: [&str; 8] = ["uniqueItems", "type", "format", "description", "name", "in", "required", "schema"];
    let members = ORDER.iter().filter_map(|name| parameter.get(*name).map(|value| format!("\"{name}\":{value}")));
    let json = format!("{{{}}}", members.collect::<Vec<_>>().join(","));
    let hash = json.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| hash.wrapping_mul(0x0100_0000_01b3) ^ u64::from(byte));
    let mut text = URL_SAFE.encode(hash.to_be_bytes());
    text.truncate(8);
    text
}

//! What differs from run to run, by name: uids, resourceVersions by rank, times, generated names, addresses.

use super::{Json, json::Object};
use regex::{Captures, Regex};

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
    time::{SystemTime, UNIX_EPOCH},
};

#[expect(clippy::unwrap_used, reason = "constant patterns")]
fn pattern(text: &str) -> Regex {
    Regex::new(text).unwrap()
}

static UUID: LazyLock<Regex> = LazyLock::new(|| pattern(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"));
static TIME: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?Z$"));
static IPV4: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\d+\.\d+\.\d+\.\d+$"));
static REVISION: LazyLock<Regex> = LazyLock::new(|| pattern(r"(resource version: |Revision: |current: )\d+( \(\d+\))?"));
static VERSION_FIELD: LazyLock<Regex> = LazyLock::new(|| pattern(r#"(resourceVersion":? ?=?"?)\d{2,}"#));

/// Answers of one case as they are compared.
pub(crate) fn answers(namespace: &str, answers: &[Json]) -> Vec<Json> {
    let mut known = Known { namespace, uids: BTreeMap::new(), names: Vec::new(), ranks: BTreeMap::new() };
    let mut versions = BTreeSet::new();
    answers.iter().for_each(|a| known.collect(a, &mut versions));
    versions.remove(&0);
    known.ranks = versions.into_iter().zip(1..).collect();
    answers.iter().map(|a| known.walk(a, false, false)).collect()
}

struct Known<'a> {
    namespace: &'a str,
    uids: BTreeMap<String, usize>,
    names: Vec<(String, String)>,
    ranks: BTreeMap<u64, usize>,
}

fn is_list(object: &Object) -> bool {
    object.contains_key("items") || object.get("kind").and_then(Json::as_str).is_some_and(|k| k.ends_with("List") || k == "Table")
}

fn number(value: &Json) -> Option<u64> {
    value.as_str().filter(|s| s.bytes().all(|b| b.is_ascii_digit()))?.parse().ok()
}

impl Known<'_> {
    fn collect(&mut self, value: &Json, versions: &mut BTreeSet<u64>) {
        match value {
            Json::Object(object) => {
                if object.get("type").and_then(Json::as_str).is_some_and(|t| t == "BOOKMARK") {
                    return;
                }
                if let Some(meta) = object.get("metadata").and_then(Json::as_object).filter(|_| !is_list(object)) {
                    versions.extend(meta.get("resourceVersion").and_then(number));
                    let text = |key: &str| meta.get(key).and_then(Json::as_str);
                    if let (Some(prefix), Some(name)) = (text("generateName").filter(|p| !p.is_empty()), text("name"))
                        && !self.names.iter().any(|(n, _)| n == name)
                    {
                        self.names.push((name.to_owned(), format!("{prefix}<name {}>", self.names.len() + 1)));
                    }
                }
                object.values().for_each(|v| self.collect(v, versions));
            }
            Json::Array(list) => list.iter().for_each(|v| self.collect(v, versions)),
            _ => {}
        }
    }

    fn walk(&mut self, value: &Json, list_meta: bool, bookmark: bool) -> Json {
        match value {
            Json::Object(object) => {
                let bookmark = bookmark || object.get("type").and_then(Json::as_str).is_some_and(|t| t == "BOOKMARK");
                let mut out = Object::new();
                for (key, v) in object {
                    let name = if key.contains(self.namespace) { self.text(key) } else { key.clone() };
                    let new = match (key.as_str(), v) {
                        ("resourceVersion", v) if number(v).is_some() => {
                            let rank = number(v).and_then(|n| self.ranks.get(&n));
                            match rank {
                                _ if list_meta || bookmark => "<rv>".into(),
                                Some(rank) => format!("<rv {rank}>").into(),
                                None if number(v) == Some(0) => v.clone(),
                                None => "<rv>".into(),
                            }
                        }
                        ("continue", Json::String(s)) if !s.is_empty() => "<continue>".into(),
                        // The recorder did so with anything of this name, such as the schema of the field.
                        ("continue", Json::Object(_)) => "<continue>".into(),
                        ("clusterIP" | "serverAddress", Json::String(s)) if s.contains('.') => "<ip>".into(),
                        ("clusterIPs", Json::Array(ips)) => ips
                            .iter()
                            .map(|ip| if ip.as_str().is_some_and(|s| IPV4.is_match(s)) { "<ip>".into() } else { ip.clone() })
                            .collect(),
                        ("nodePort" | "healthCheckNodePort", Json::Number(n)) if n.is_i64() => "<port>".into(),
                        _ => self.walk(v, key == "metadata" && is_list(object), bookmark),
                    };
                    out.insert(name, new);
                }
                Json::Object(out)
            }
            Json::Array(list) => list.iter().map(|v| self.walk(v, false, bookmark)).collect(),
            Json::String(s) => self.text(s).into(),
            other => other.clone(),
        }
    }

    fn text(&mut self, text: &str) -> String {
        if let Some(time) = TIME.captures(text) {
            return match is_fresh(&time[1]) {
                true if time.get(2).is_some() => "<microtime>".to_owned(),
                true => "<time>".to_owned(),
                false => text.to_owned(),
            };
        }
        let text = text.replace(self.namespace, "<ns>");
        let uids = &mut self.uids;
        let mut text = UUID
            .replace_all(&text, |uid: &Captures<'_>| {
                let next = uids.len() + 1;
                format!("<uid {}>", uids.entry(uid[0].to_owned()).or_insert(next))
            })
            .into_owned();
        for (name, shown) in &self.names {
            text = text.replace(&name.replace(self.namespace, "<ns>"), &shown.replace(self.namespace, "<ns>"));
        }
        let text = REVISION.replace_all(&text, "$1<n>");
        VERSION_FIELD.replace_all(&text, "${1}<n>").into_owned()
    }
}

/// Whether a time is within a day of now.
fn is_fresh(time: &str) -> bool {
    let Ok(time) = format!("{time}Z").parse::<jiff::Timestamp>() else { return false };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| i64::try_from(d.as_secs()).unwrap_or(0));
    (time.as_second() - now).abs() < 86_400
}

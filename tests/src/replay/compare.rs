//! Comparing answers with recorded ones.

use super::{Json, substitute::split_path};

use std::fmt;

/// One place where an answer is not what was recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// The step: its id or request.
    pub step: String,
    /// The path in its answer.
    pub path: String,
    /// What was recorded; None if it was absent.
    pub want: Option<Json>,
    /// What was answered; None if it was absent.
    pub got: Option<Json>,
}

impl Difference {
    /// A conversation that could not be held.
    pub(crate) fn broken(why: &str) -> Self {
        Self { step: "the whole case".to_owned(), path: String::new(), want: None, got: Some(why.into()) }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short = |v: &Option<Json>| v.as_ref().map_or_else(|| "(absent)".to_owned(), |v| v.to_string().chars().take(200).collect());
        write!(f, "{} {}: want {} got {}", self.step, self.path, short(&self.want), short(&self.got))
    }
}

/// All differences between the steps' recorded answers and these.
pub(crate) fn answers(steps: &[Json], answers: &[Json]) -> Vec<Difference> {
    let mut found = Vec::new();
    for (i, step) in steps.iter().enumerate() {
        let mut got =
            answers.get(i).cloned().unwrap_or_else(|| Json::object([("broken", "the conversation ended before this step".into())]));
        let mut want = step.get("expect").cloned().unwrap_or_else(|| Json::object([]));
        for path in step["ignore"].as_array().into_iter().flatten().filter_map(Json::as_str) {
            let path = split_path(path);
            for side in [&mut got, &mut want] {
                let part = if side.get("body").is_some() { "body" } else { "events" };
                if let Some(value) = side.get_mut(part) {
                    strip(value, &path);
                }
            }
        }
        let name = ["id", "do", "events"].iter().find_map(|k| step[*k].as_str()).map_or_else(|| i.to_string(), str::to_owned);
        compare(&name, "", Some(&want), Some(&got), &mut found);
    }
    found
}

/// Removes one ignored path, `*` matching any key or index.
fn strip(value: &mut Json, path: &[String]) {
    let Some((head, rest)) = path.split_first() else { return };
    match value {
        Json::Object(map) => {
            let keys: Vec<String> = if head == "*" { map.keys().cloned().collect() } else { vec![head.clone()] };
            for key in keys {
                if rest.is_empty() {
                    map.shift_remove(&key);
                } else if let Some(child) = map.get_mut(&key) {
                    strip(child, rest);
                }
            }
        }
        Json::Array(list) => {
            for (i, child) in list.iter_mut().enumerate() {
                if head != "*" && head.parse() != Ok(i) {
                    continue;
                }
                if rest.is_empty() {
                    *child = "<ignored>".into();
                } else {
                    strip(child, rest);
                }
            }
        }
        _ => {}
    }
}

fn compare(step: &str, path: &str, want: Option<&Json>, got: Option<&Json>, found: &mut Vec<Difference>) {
    match (want, got) {
        (Some(Json::Object(w)), Some(Json::Object(g))) => {
            for (key, value) in w {
                compare(step, &format!("{path}.{key}"), Some(value), g.get(key), found);
            }
            for (key, value) in g.iter().filter(|(key, _)| !w.contains_key(*key)) {
                compare(step, &format!("{path}.{key}"), None, Some(value), found);
            }
        }
        (Some(Json::Array(w)), Some(Json::Array(g))) => {
            for i in 0..w.len().max(g.len()) {
                compare(step, &format!("{path}[{i}]"), w.get(i), g.get(i), found);
            }
        }
        (Some(Json::Number(w)), Some(Json::Number(g))) if w.as_f64() == g.as_f64() => {}
        (want, got) if want == got => {}
        (want, got) => found.push(Difference { step: step.to_owned(), path: path.to_owned(), want: want.cloned(), got: got.cloned() }),
    }
}

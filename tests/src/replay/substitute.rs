//! `$ns`, `${step.path}` and `{"$from": ...}` in recorded requests.

use super::{Json, json::Object};
use std::{collections::BTreeMap, io};

/// What can stand in for references: the case's namespace and the answers so far.
#[derive(Debug)]
pub(crate) struct Substitution {
    namespace: String,
    answers: BTreeMap<String, Json>,
}

impl Substitution {
    pub fn new(namespace: &str) -> Self {
        Self { namespace: namespace.to_owned(), answers: BTreeMap::new() }
    }

    /// Remembers a step's answer.
    pub fn learn(&mut self, id: &str, answer: Json) {
        self.answers.insert(id.to_owned(), answer);
    }

    /// Text with its references replaced.
    ///
    /// # Errors
    /// A reference to nothing.
    pub fn text(&self, text: &str) -> io::Result<String> {
        Ok(match self.string(text)? {
            Json::String(s) => s,
            other => other.to_string(),
        })
    }

    /// A value with all references in it replaced.
    ///
    /// # Errors
    /// A reference to nothing.
    pub fn value(&self, value: &Json) -> io::Result<Json> {
        match value {
            Json::String(text) => self.string(text),
            Json::Array(items) => items.iter().map(|v| self.value(v)).collect(),
            Json::Object(map) if map.contains_key("$from") => self.edited(map),
            Json::Object(map) => {
                let pairs = map.iter().map(|(k, v)| Ok((self.text(k)?, self.value(v)?)));
                pairs.collect::<io::Result<Object>>().map(Json::Object)
            }
            other => Ok(other.clone()),
        }
    }

    fn string(&self, text: &str) -> io::Result<Json> {
        if let Some(reference) = text.strip_prefix("${").and_then(|t| t.strip_suffix('}')).filter(|t| !t.contains('}')) {
            return self.look(reference);
        }
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let Some((reference, after)) = after.split_once('}') else { break };
            out.push_str(before);
            out.push_str(&match self.look(reference)? {
                Json::String(s) => s,
                other => other.to_string(),
            });
            rest = after;
        }
        out.push_str(rest);
        Ok(out.replace("$ns", &self.namespace).into())
    }

    fn look(&self, reference: &str) -> io::Result<Json> {
        let (step, path) = reference.split_once('.').unwrap_or((reference, ""));
        let missing = || io::Error::other(format!("no answer for ${{{reference}}}"));
        let answer = self.answers.get(step).ok_or_else(missing)?;
        if let Some(header) = path.strip_prefix("header.") {
            return Ok(answer["headers"][header].clone());
        }
        let (root, path) = match path.strip_prefix("event.") {
            Some(path) => (&answer["events"], path),
            None => (&answer["body"], path),
        };
        if path.is_empty() {
            return Ok(root.clone());
        }
        split_path(path).iter().try_fold(root, |value, key| child(value, key)).cloned().ok_or_else(missing)
    }

    /// `{"$from": step, "$set": {path: value}, "$unset": [path]}`.
    fn edited(&self, map: &Object) -> io::Result<Json> {
        let from = map["$from"].as_str().unwrap_or_default();
        let mut base = self.answers.get(from).map(|a| a["body"].clone()).ok_or_else(|| io::Error::other(format!("no answer {from}")))?;
        for path in map.get("$unset").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str) {
            let path = split_path(path);
            let Some((last, parents)) = path.split_last() else { continue };
            let parent = parents.iter().try_fold(&mut base, |v, key| child_mut(v, key));
            match parent {
                Some(Json::Object(object)) => {
                    object.shift_remove(last);
                }
                Some(Json::Array(list)) => {
                    if let Some(at) = last.parse::<usize>().ok().filter(|at| *at < list.len()) {
                        list.remove(at);
                    }
                }
                _ => {}
            }
        }
        for (path, value) in map.get("$set").and_then(Json::as_object).into_iter().flatten() {
            let value = self.value(value)?;
            let path = split_path(path);
            let Some((last, parents)) = path.split_last() else { continue };
            let mut at = &mut base;
            for key in parents {
                at = match at {
                    Json::Array(_) => child_mut(at, key).ok_or_else(|| io::Error::other(format!("no item {key}")))?,
                    other => other.entry(key),
                };
                if at.is_null() {
                    *at = Json::Object(Object::new());
                }
            }
            match at {
                Json::Array(list) if last == "-" => list.push(value),
                Json::Array(list) => {
                    if let Some(place) = last.parse::<usize>().ok().and_then(|i| list.get_mut(i)) {
                        *place = value;
                    }
                }
                other => *other.entry(last) = value,
            }
        }
        Ok(base)
    }
}

/// Path segments; a dot inside a key is written `\.`.
pub(crate) fn split_path(path: &str) -> Vec<String> {
    path.replace("\\.", "\0").split('.').map(|s| s.replace('\0', ".")).collect()
}

fn child<'a>(value: &'a Json, key: &str) -> Option<&'a Json> {
    match value {
        Json::Array(list) => list.get(key.parse::<usize>().ok()?),
        other => other.get(key),
    }
}

fn child_mut<'a>(value: &'a mut Json, key: &str) -> Option<&'a mut Json> {
    match value {
        Json::Array(list) => list.get_mut(key.parse::<usize>().ok()?),
        other => other.get_mut(key),
    }
}

//! JSON pointers into an object.

use serde_json::Value;
use std::borrow::Cow;

/// Where a JSON pointer leads: a member or item, existing or not, of an existing object or list.
///
/// Text before the first `/` is dropped, and a pointer without one leads nowhere (C-07-21).
pub(super) struct Place<'v> {
    parent: &'v mut Value,
    key: String,
}

impl<'v> Place<'v> {
    pub(super) fn find(root: &'v mut Value, pointer: &str) -> Option<Self> {
        let (_, steps) = pointer.split_once('/')?;
        let (parents, key) = match steps.rsplit_once('/') {
            Some((parents, key)) => (Some(parents), key),
            None => (None, steps),
        };
        let mut parent = root;
        for step in parents.into_iter().flat_map(|p| p.split('/')) {
            let step = unescape(step);
            parent = match parent {
                Value::Object(members) => members.get_mut(&*step)?,
                Value::Array(items) => {
                    let at = index(&step, items.len()).ok()?;
                    items.get_mut(at)?
                }
                _ => return None,
            };
        }
        matches!(parent, Value::Object(_) | Value::Array(_)).then(|| Self { parent, key: unescape(key).into_owned() })
    }

    /// The member or item in its parent.
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// What is there; None for a missing member of an object.
    pub(super) fn get(&mut self) -> Result<Option<&Value>, String> {
        match &*self.parent {
            Value::Array(items) => Ok(items.get(index(&self.key, items.len())?)),
            Value::Object(members) => Ok(members.get(&self.key)),
            _ => Ok(None),
        }
    }

    /// Puts a value in place of what is there.
    pub(super) fn set(self, value: Value) -> Result<(), String> {
        match self.parent {
            Value::Array(items) => {
                let at = index(&self.key, items.len())?;
                if let Some(item) = items.get_mut(at) {
                    *item = value;
                }
            }
            Value::Object(members) => {
                members.insert(self.key, value);
            }
            _ => {}
        }
        Ok(())
    }

    /// Adds a member, or an item before the one at that index; `-` appends.
    pub(super) fn add(self, value: Value) -> Result<(), String> {
        match self.parent {
            Value::Array(items) if self.key == "-" => items.push(value),
            Value::Array(items) => {
                let at = index(&self.key, items.len() + 1)?;
                items.insert(at, value);
            }
            Value::Object(members) => {
                members.insert(self.key, value);
            }
            _ => {}
        }
        Ok(())
    }

    /// Takes out what is there.
    pub(super) fn remove(self) -> Result<Value, String> {
        match self.parent {
            Value::Array(items) => {
                let at = index(&self.key, items.len())?;
                Ok(items.remove(at))
            }
            Value::Object(members) => {
                members.remove(&self.key).ok_or_else(|| format!("Unable to remove nonexistent key: {}: missing value", self.key))
            }
            _ => Ok(Value::Null),
        }
    }
}

/// An index below `len`; negative ones count from the end (C-07-21).
fn index(key: &str, len: usize) -> Result<usize, String> {
    let number: i64 = key.parse().map_err(|_| format!("value was not a proper array index: '{key}'"))?;
    let at = if number < 0 { number + len as i64 } else { number };
    usize::try_from(at)
        .ok()
        .filter(|at| *at < len)
        .ok_or_else(|| format!("Unable to access invalid index: {number}: invalid index referenced"))
}

fn unescape(step: &str) -> Cow<'_, str> {
    if !step.contains('~') {
        return Cow::Borrowed(step);
    }
    let mut out = String::with_capacity(step.len());
    let mut rest = step;
    while let Some(at) = rest.find('~') {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        let (text, len) = match after.as_bytes().get(1) {
            Some(b'1') => ('/', 2),
            Some(b'0') => ('~', 2),
            _ => ('~', 1),
        };
        out.push(text);
        rest = after.get(len..).unwrap_or_default();
    }
    out.push_str(rest);
    Cow::Owned(out)
}

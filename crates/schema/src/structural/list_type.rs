//! Lists that are sets or maps hold nothing twice (C-10-15).

use super::{Additional, ListKind, Structural};
use crate::field::{Error, ErrorList, Path};
use serde_json::{Map, Value};

impl Structural {
    /// Duplicates in the lists of sets and maps below `value`.
    pub fn validate_list_types(&self, value: &Value) -> ErrorList {
        let mut errors = ErrorList::new();
        if let Value::Object(map) = value {
            self.fields(map, &Path::ROOT, &mut errors);
        }
        errors
    }

    fn fields(&self, map: &Map<String, Value>, path: &Path<'_>, errors: &mut ErrorList) {
        if let Some(Additional::Schema(of)) = &self.additional {
            for (name, value) in map {
                of.list_types(value, &path.key(name), errors);
            }
        }
        for (name, value) in map {
            if let Some(property) = self.properties.get(name) {
                property.list_types(value, &path.child(name), errors);
            }
        }
    }

    fn list_types(&self, value: &Value, path: &Path<'_>, errors: &mut ErrorList) {
        match value {
            Value::Object(map) => self.fields(map, path, errors),
            Value::Array(list) => {
                match self.list_kind {
                    ListKind::Set => {
                        for index in repeated(list) {
                            if let Some(item) = list.get(index) {
                                errors.push(Error::duplicate(&path.index(index), item.clone()));
                            }
                        }
                    }
                    ListKind::Map => self.list_map(list, path, errors),
                    ListKind::Atomic => {}
                }
                if let Some(items) = &self.items {
                    for (index, item) in list.iter().enumerate() {
                        items.list_types(item, &path.index(index), errors);
                    }
                }
            }
            _ => {}
        }
    }

    fn list_map(&self, list: &[Value], path: &Path<'_>, errors: &mut ErrorList) {
        if let Some((index, item)) = list.iter().enumerate().find(|(_, item)| !item.is_object() && !item.is_null()) {
            errors.push(Error::invalid(&path.index(index), item.clone(), "must be an object for an array of list-type map"));
            return;
        }
        let keys: Vec<Value> = list.iter().map(|item| Value::Object(self.key_of(item))).collect();
        for index in repeated(&keys) {
            if let Some(key) = keys.get(index) {
                errors.push(Error::duplicate(&path.index(index), key.clone()));
            }
        }
    }

    /// The item of the old list that an item of a keyed list was before; items of other lists do not correspond.
    pub fn corresponding<'a>(&self, item: &Value, old: &'a Value) -> Option<&'a Value> {
        if self.list_kind != ListKind::Map {
            return None;
        }
        let key = self.key_of(item);
        old.as_array()?.iter().find(|before| self.key_of(before) == key)
    }

    /// The key fields of a list's item.
    pub fn key_of(&self, item: &Value) -> Map<String, Value> {
        self.list_map_keys.iter().filter_map(|key| item.get(key).map(|value| (key.clone(), value.clone()))).collect()
    }
}

/// Where a value comes for the second time; a third time is not told.
fn repeated(list: &[Value]) -> Vec<usize> {
    let mut seen = std::collections::HashMap::new();
    let mut found = Vec::new();
    if list.len() < 2 {
        return found;
    }
    for (index, item) in list.iter().enumerate() {
        let times = seen.entry(item.to_string()).or_insert(0);
        *times += 1;
        if *times == 2 {
            found.push(index);
        }
    }
    found
}

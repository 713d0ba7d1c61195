//! Defaulting: `default` values fill in what is missing, and nulls where null is no value (C-10-14).

use super::{Additional, Structural, fields::Fields};
use serde_json::Value;

impl Structural {
    /// Fills in the defaults of a value of this schema, however deep.
    pub fn default_value(&self, value: &mut Value) {
        match value {
            Value::Object(map) => {
                let mut fields = Fields::of(self);
                for (name, value) in map.iter_mut() {
                    match (fields.next(name), &self.additional) {
                        (Some(of), _) => of.default_or_descend(value),
                        (None, Some(Additional::Schema(of))) => of.default_or_descend(value),
                        _ => {}
                    }
                }
                for (name, property, default) in fields.missing_defaults() {
                    let mut value = default.clone();
                    property.default_value(&mut value);
                    map.insert(name.to_owned(), value);
                }
            }
            Value::Array(list) => {
                if let Some(items) = &self.items {
                    list.iter_mut().for_each(|item| items.default_or_descend(item));
                }
            }
            _ => {}
        }
    }

    fn default_or_descend(&self, value: &mut Value) {
        self.default_null(value);
        self.default_value(value);
    }

    /// Puts the default in the place of a null that is no value.
    pub(super) fn default_null(&self, value: &mut Value) {
        if value.is_null()
            && !self.nullable
            && let Some(default) = &self.default
        {
            value.clone_from(default);
        }
    }

    /// Removes from every default what the schema does not know, as upstream does before it serves a CRD. Call it on
    /// the schema of a whole object.
    pub fn prune_defaults(&mut self) {
        let unpruned = self.clone();
        self.prune_default(&unpruned);
    }

    fn prune_default(&mut self, unpruned: &Self) {
        if let Some(default) = &mut self.default {
            let embedded_root = Self { embedded: false, ..unpruned.clone() };
            embedded_root.prune(default);
        }
        for (name, property) in &mut self.properties {
            if let Some(unpruned) = unpruned.properties.get(name) {
                property.prune_default(unpruned);
            }
        }
        if let (Some(items), Some(unpruned)) = (&mut self.items, &unpruned.items) {
            items.prune_default(unpruned);
        }
        if let (Some(Additional::Schema(of)), Some(Additional::Schema(unpruned))) = (&mut self.additional, &unpruned.additional) {
            of.prune_default(unpruned);
        }
    }
}

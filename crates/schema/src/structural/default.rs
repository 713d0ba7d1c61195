//! Defaulting: `default` values fill in what is missing, and nulls where null is no value (C-10-14).

use super::{Additional, Structural};
use serde_json::{Value, map::Entry};

impl Structural {
    /// Fills in the defaults of a value of this schema, however deep.
    pub fn default_value(&self, value: &mut Value) {
        match value {
            Value::Object(map) => {
                for (name, property) in &self.properties {
                    let Some(default) = &property.default else { continue };
                    match map.entry(name.clone()) {
                        Entry::Vacant(missing) => {
                            missing.insert(default.clone());
                        }
                        Entry::Occupied(mut present) if present.get().is_null() && !property.nullable => {
                            present.insert(default.clone());
                        }
                        Entry::Occupied(_) => {}
                    }
                }
                for (name, value) in map.iter_mut() {
                    match (self.properties.get(name), &self.additional) {
                        (Some(property), _) => property.default_value(value),
                        (None, Some(Additional::Schema(of))) => of.default_or_descend(value),
                        _ => {}
                    }
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
        if value.is_null()
            && !self.nullable
            && let Some(default) = &self.default
        {
            *value = default.clone();
        }
        self.default_value(value);
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

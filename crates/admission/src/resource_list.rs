//! Amounts by resource name, such as `requests` of a container.

use minkapi_schema::quantity::{self, Quantity};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Amounts by resource name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ResourceList(pub BTreeMap<String, Quantity>);

impl ResourceList {
    /// The list that an API object holds. What does not parse was refused when the object was decoded, and is left out.
    pub fn read(value: &Value) -> Self {
        let entries = value.as_object().into_iter().flatten();
        Self(entries.filter_map(|(name, amount)| Some((name.clone(), quantity::from_json(amount).ok()?))).collect())
    }

    /// As API objects hold it.
    pub fn to_value(&self) -> Value {
        self.0.iter().map(|(name, amount)| (name.clone(), Value::from(amount.to_string()))).collect::<Map<_, _>>().into()
    }

    /// The amount of one resource.
    pub fn get(&self, name: &str) -> Option<&Quantity> {
        self.0.get(name)
    }

    /// Sets one amount.
    pub fn set(&mut self, name: impl Into<String>, amount: Quantity) {
        self.0.insert(name.into(), amount);
    }

    /// Adds each amount of another list.
    pub fn add(&mut self, other: &Self) {
        for (name, amount) in &other.0 {
            match self.0.get_mut(name) {
                Some(sum) => sum.add(amount),
                None => self.set(name.clone(), amount.clone()),
            }
        }
    }

    /// Raises each amount to that of another list.
    pub fn raise_to(&mut self, other: &Self) {
        for (name, amount) in &other.0 {
            if self.0.get(name).is_none_or(|own| amount > own) {
                self.set(name.clone(), amount.clone());
            }
        }
    }

    /// What another list has less, but nothing below zero.
    pub fn less(&self, other: &Self) -> Self {
        let mut result = self.clone();
        for (name, amount) in &mut result.0 {
            if let Some(subtracted) = other.0.get(name) {
                amount.sub(subtracted);
            }
            if amount.sign() <= 0 {
                *amount = Quantity::ZERO;
            }
        }
        result
    }

    /// Only the resources for which `wanted` holds.
    pub fn only(&self, wanted: impl Fn(&str) -> bool) -> Self {
        Self(self.0.iter().filter(|(name, _)| wanted(name)).map(|(name, amount)| (name.clone(), amount.clone())).collect())
    }

    /// The names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

impl std::fmt::Display for ResourceList {
    /// `cpu=1,memory=2Gi`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (i, (name, amount)) in self.0.iter().enumerate() {
            write!(f, "{}{name}={amount}", if i == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

//! Configurations of admission as values, parsed once while they do not change.

use crate::Cluster;
use minkapi_object::Object;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

/// Parsed objects of one kind.
#[derive(Debug, Default)]
pub(crate) struct Parsed(Mutex<Values>);

/// By uid and resourceVersion, which no two states of objects share.
type Values = BTreeMap<(Arc<str>, u64), Arc<Value>>;

/// How many are remembered. Views of one server may have different ones.
const MAX: usize = 1024;

impl Parsed {
    /// All objects of a kind, by name.
    pub fn list(&self, cluster: &dyn Cluster, storage: &str) -> Vec<Arc<Value>> {
        cluster.list(storage, None).iter().map(|object| self.get(object)).collect()
    }

    fn get(&self, object: &Object) -> Arc<Value> {
        let key = (object.head().uid.clone(), object.resource_version());
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(value) = known.get(&key) {
            return value.clone();
        }
        if known.len() >= MAX {
            known.clear();
        }
        let value = Arc::new(object.to_value());
        known.insert(key, value.clone());
        value
    }
}

//! Recorded objects, and the values that they hold by the field that holds them.

use crate::replay::{cases, chapters, goldens};
use minkapi_registry::{Resource, Schema, Shape, Struct, Verb};
use serde_json::Value;
use std::{
    collections::{BTreeMap, HashMap},
    fs, io,
};

/// Values of one field that are kept at most.
const VALUES_MAX: usize = 200;

/// A recorded object that kube-apiserver took.
#[derive(Debug, Clone)]
pub struct Seed {
    /// Its resource.
    pub resource: &'static Resource,
    /// The object.
    pub object: Value,
}

impl Seed {
    /// Where such objects are created in a namespace.
    pub fn collection(&self, namespace: &str) -> String {
        let Resource { group, version, plural, namespaced, .. } = self.resource;
        let root = if group.is_empty() { format!("/api/{version}") } else { format!("/apis/{group}/{version}") };
        if *namespaced { format!("{root}/namespaces/{namespace}/{plural}") } else { format!("{root}/{plural}") }
    }
}

/// Recorded objects by kind, and their values by Go type and field.
#[derive(Debug, Default)]
pub struct Corpus {
    seeds: Vec<Vec<Seed>>,
    values: HashMap<(String, String), Vec<Value>>,
}

impl Corpus {
    /// Reads the recordings. What they say of a namespace of their own is said of `namespace`.
    ///
    /// # Errors
    /// Recordings that cannot be read.
    pub fn read(namespace: &str) -> io::Result<Self> {
        let (mut corpus, mut seeds) = (Self::default(), BTreeMap::<String, Vec<Seed>>::new());
        for chapter in chapters()? {
            for case in cases(&chapter)? {
                let text = fs::read_to_string(goldens().join(format!("{case}.json")))?.replace("$ns", namespace);
                let case: Value = serde_json::from_str(&text)?;
                for step in case["steps"].as_array().into_iter().flatten() {
                    if let Some(seed) = corpus.learn(step) {
                        seeds.entry(format!("{}/{}", seed.resource.api_version(), seed.resource.kind)).or_default().push(seed);
                    }
                }
            }
        }
        corpus.seeds = seeds.into_values().collect();
        Ok(corpus)
    }

    /// Only kinds whose name holds this text.
    #[must_use]
    pub fn of_kinds(mut self, text: &str) -> Self {
        self.seeds.retain(|seeds| seeds.iter().any(|s| s.resource.kind.contains(text)));
        self
    }

    /// The recorded objects, by kind.
    pub(super) fn kinds(&self) -> &[Vec<Seed>] {
        &self.seeds
    }

    /// What was ever sent in a field of a Go type.
    pub(super) fn values(&self, of: &Struct, field: &str) -> &[Value] {
        self.values.get(&(of.name.to_string(), field.to_owned())).map_or(&[], Vec::as_slice)
    }

    /// Takes the values of a request, and the object itself when it was created.
    fn learn(&mut self, step: &Value) -> Option<Seed> {
        let object = step.get("body").filter(|b| b.is_object())?;
        let resource = minkapi_registry::kind(object["apiVersion"].as_str()?, object["kind"].as_str()?)?;
        // References to earlier answers mean nothing here.
        if object.to_string().contains("\"$") {
            return None;
        }
        self.take(object, &resource.schema);
        let created = step["do"].as_str()?.starts_with("POST ") && step["expect"]["status"] == 201;
        let plain = resource.verbs.has(Verb::Get) && resource.verbs.has(Verb::Create);
        (created && plain).then(|| Seed { resource, object: object.clone() })
    }

    fn take(&mut self, value: &Value, of: &Struct) {
        for (name, value) in value.as_object().into_iter().flatten() {
            let Some(field) = of.field(name) else { continue };
            let known = self.values.entry((of.name.to_string(), name.clone())).or_default();
            if known.len() < VALUES_MAX && !known.contains(value) {
                known.push(value.clone());
            }
            self.take_in(value, &field.schema);
        }
    }

    fn take_in(&mut self, value: &Value, schema: &Schema) {
        match (&schema.shape, value) {
            (Shape::Struct(of), _) => self.take(value, of),
            (Shape::List(item), Value::Array(items)) => items.iter().for_each(|value| self.take_in(value, item)),
            (Shape::Map(item), Value::Object(members)) => members.values().for_each(|value| self.take_in(value, item)),
            _ => {}
        }
    }
}

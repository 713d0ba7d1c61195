//! A cluster in a map and requests to try plugins with.

use crate::{Attributes, Authorizer, Cluster, Decision, Operation, Plugin, Question, Reinvocation};
use minkapi_authorization::{Attributes as Wanted, Subject};
use minkapi_object::{Draft, Object, Status};
use minkapi_registry::{Ref, Resource};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

/// Objects by storage name, namespace and name.
#[derive(Debug, Default)]
pub(crate) struct FakeCluster(Mutex<BTreeMap<(String, String, String), Arc<Object>>>);

impl FakeCluster {
    pub fn with(storage: &str, object: Value) -> Self {
        Self::default().and(storage, object)
    }

    pub fn and(self, storage: &str, object: Value) -> Self {
        self.put(storage, &object);
        self
    }

    /// The first object of a kind.
    pub fn first(&self, storage: &str) -> Value {
        self.list(storage, None)[0].to_value()
    }

    fn put(&self, storage: &str, object: &Value) {
        let text = |key: &str| object["metadata"][key].as_str().unwrap_or_default().to_owned();
        let key = (storage.to_owned(), text("namespace"), text("name"));
        self.0.lock().unwrap().insert(key, Arc::new(Draft::new(object, Box::default(), 1).stamp(1)));
    }
}

impl Cluster for FakeCluster {
    fn get(&self, storage: &str, namespace: &str, name: &str) -> Option<Arc<Object>> {
        self.0.lock().unwrap().get(&(storage.to_owned(), namespace.to_owned(), name.to_owned())).cloned()
    }

    fn list(&self, storage: &str, namespace: Option<&str>) -> Vec<Arc<Object>> {
        let all = self.0.lock().unwrap();
        let wanted = |key: &(String, String, String)| key.0 == storage && namespace.is_none_or(|n| n == key.1);
        all.iter().filter(|(key, _)| wanted(key)).map(|(_, object)| object.clone()).collect()
    }

    fn resource_of(&self, api_version: &str, kind: &str) -> Option<Ref<Resource>> {
        minkapi_registry::kind(api_version, kind).map(Ref::Static)
    }

    fn equivalents(&self, resource: &Resource) -> Vec<Ref<Resource>> {
        let all = minkapi_registry::resources().iter();
        all.filter(|r| r.storage == resource.storage && r.version != resource.version).map(Ref::Static).collect()
    }

    fn convert(&self, object: &Value, _: &Resource, to: &Resource) -> Option<Value> {
        let mut object = object.clone();
        object["apiVersion"] = (*to.api_version()).into();
        Some(object)
    }

    fn decode(&self, _: &Resource, _: &str, object: Value, _: bool) -> Result<Value, String> {
        Ok(object)
    }

    /// What is granted is an object `grants` with the name `verb:signer`; without any, everything is.
    fn allows(&self, _: &Subject<'_>, wanted: &Wanted<'_>) -> bool {
        let name = format!("{}:{}", wanted.verb, wanted.name);
        self.list("grants", None).is_empty() || self.get("grants", "", &name).is_some()
    }

    fn authorizer(&self) -> Arc<dyn Authorizer> {
        Arc::new(Anything)
    }

    fn uid(&self) -> String {
        "11111111-2222-3333-4444-555555555555".to_owned()
    }

    fn name_suffix(&self) -> String {
        "abcde".to_owned()
    }

    fn update(
        &self,
        storage: &str,
        namespace: &str,
        name: &str,
        change: &dyn Fn(&Value) -> Result<Option<Value>, Status>,
    ) -> Result<(), Status> {
        let Some(stored) = self.get(storage, namespace, name) else { return Ok(()) };
        if let Some(new) = change(&stored.to_value())? {
            self.put(storage, &new);
        }
        Ok(())
    }
}

/// A request by `alice`.
#[derive(Debug)]
pub(crate) struct Request {
    resource: &'static Resource,
    pub operation: Operation,
    pub subresource: String,
    pub object: Value,
    pub old: Option<Value>,
    pub dry_run: bool,
    pub warnings: Vec<String>,
    namespace: String,
    name: String,
}

impl Request {
    pub fn create(group: &str, version: &str, kind: &str, mut object: Value) -> Self {
        let mut resources = minkapi_registry::resources().iter();
        let resource = resources.find(|r| r.group == group && r.version == version && r.kind == kind).unwrap();
        object["kind"] = kind.into();
        object["apiVersion"] = (*resource.api_version()).into();
        Self {
            resource,
            operation: Operation::Create,
            subresource: String::new(),
            object,
            old: None,
            dry_run: false,
            warnings: Vec::new(),
            namespace: String::new(),
            name: String::new(),
        }
    }

    pub fn admit(&mut self, plugin: &dyn Plugin, cluster: &dyn Cluster) -> Result<(), Status> {
        self.run(|attributes| plugin.admit(attributes, cluster))
    }

    pub fn validate(&mut self, plugin: &dyn Plugin, cluster: &dyn Cluster) -> Result<(), Status> {
        self.run(|attributes| plugin.validate(attributes, cluster))
    }

    pub fn run<T>(&mut self, f: impl FnOnce(&mut Attributes<'_>) -> T) -> T {
        f(&mut self.attributes())
    }

    pub fn attributes(&mut self) -> Attributes<'_> {
        static OPTIONS: Value = Value::Null;
        let of = if self.object.is_object() { &self.object } else { self.old.as_ref().unwrap_or(&Value::Null) };
        let text = |key: &str| of["metadata"][key].as_str().unwrap_or_default().to_owned();
        (self.namespace, self.name) = (text("namespace"), text("name"));
        Attributes {
            resource: self.resource,
            subresource: &self.subresource,
            operation: self.operation,
            namespace: &self.namespace,
            name: &self.name,
            object: &mut self.object,
            old: self.old.as_ref(),
            options: &OPTIONS,
            dry_run: self.dry_run,
            user: "alice",
            user_uid: "",
            groups: &[],
            user_extra: &[],
            now: "2026-01-01T00:00:00Z",
            warnings: &mut self.warnings,
            reinvocation: Reinvocation::default(),
        }
    }
}

/// Allows everything.
struct Anything;

impl Authorizer for Anything {
    fn decide(&self, _: &Question) -> Decision {
        Decision { allowed: true, ..Decision::default() }
    }
}

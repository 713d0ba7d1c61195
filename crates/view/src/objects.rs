//! Short calls for programs that hold a view: values in, values out, no request to build.

use crate::{
    Body, Call, Content, Conversions, DeleteOptions, FieldValidation, List, ListOptions, Outcome, PatchType, ResourceVersion, Served,
    Target, UserInfo, View, Warnings, WriteOptions,
};
use minkapi_object::{GroupVersionKind, Object, Status};
use minkapi_store::{MatchCriteria, ResourceStore};
use serde_json::{Value, json};
use std::sync::Arc;

/// The name under which these calls appear in managedFields.
const MANAGER: &str = "minkapi";

impl View {
    /// A call to this view by the program itself.
    ///
    /// # Errors
    /// 404 when the kind is not served here.
    pub fn call(&self, api_version: &str, kind: &str, namespace: &str, name: &str) -> Result<Call, Status> {
        let served = self.served(api_version, kind)?;
        Ok(Call {
            target: Target { served, namespace: namespace.to_owned(), name: name.to_owned(), subresource: String::new() },
            user: UserInfo { name: MANAGER.to_owned(), groups: vec!["system:masters".to_owned()], ..UserInfo::default() },
            user_agent: MANAGER.to_owned(),
            warnings: Warnings::default(),
            emptied: Vec::new(),
            conversions: Conversions::default(),
        })
    }

    /// The resource that holds objects of this kind.
    ///
    /// # Errors
    /// 404 when the kind is not served here.
    pub fn served(&self, api_version: &str, kind: &str) -> Result<Arc<Served>, Status> {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let catalog = self.catalog();
        let versions = catalog.group(group).map(|g| g.versions.as_slice()).unwrap_or_default();
        let resources = versions.iter().find(|v| v.version == version).map(|v| v.resources.as_slice()).unwrap_or_default();
        resources.iter().find(|s| s.resource.kind == kind).cloned().ok_or_else(Status::unknown_path)
    }

    /// Creates an object (with `apiVersion` and `kind`) and returns it as stored.
    ///
    /// # Errors
    /// As [`View::create`].
    pub async fn create_object(&self, object: &Value) -> Result<Value, Status> {
        self.create_object_with(object, &own_options()).await
    }

    pub(crate) async fn create_object_with(&self, object: &Value, options: &WriteOptions) -> Result<Value, Status> {
        let mut call = self.call_for(object)?;
        call.target.name.clear();
        let outcome = self.home(&call.target.served).create(&mut call, body(object), options).await?;
        self.value_of(&call, outcome)
    }

    /// The object of this kind and name.
    ///
    /// # Errors
    /// 404.
    pub async fn get_object(&self, api_version: &str, kind: &str, namespace: &str, name: &str) -> Result<Value, Status> {
        let mut call = self.call(api_version, kind, namespace, name)?;
        let outcome = self.home(&call.target.served).get(&mut call, ResourceVersion::Unset).await?;
        self.value_of(&call, outcome)
    }

    /// Replaces an object; its resourceVersion, if any, must be the current one.
    ///
    /// # Errors
    /// As [`View::update`].
    pub async fn update_object(&self, object: &Value) -> Result<Value, Status> {
        let mut call = self.call_for(object)?;
        let outcome = self.home(&call.target.served).update(&mut call, body(object), &own_options()).await?;
        self.value_of(&call, outcome)
    }

    /// Patches an object, or one of its subresources when `subresource` is not empty.
    ///
    /// # Errors
    /// As [`View::patch`].
    pub async fn patch_object(
        &self,
        (api_version, kind): (&str, &str),
        (namespace, name): (&str, &str),
        subresource: &str,
        patch_type: PatchType,
        patch: &Value,
    ) -> Result<Value, Status> {
        let mut call = self.call(api_version, kind, namespace, name)?;
        subresource.clone_into(&mut call.target.subresource);
        let outcome = self.home(&call.target.served).patch(&mut call, patch_type, patch.to_string().into(), &own_options()).await?;
        self.value_of(&call, outcome)
    }

    /// Deletes an object with default options.
    ///
    /// # Errors
    /// As [`View::delete`].
    pub async fn delete_object(&self, api_version: &str, kind: &str, namespace: &str, name: &str) -> Result<(), Status> {
        let mut call = self.call(api_version, kind, namespace, name)?;
        self.home(&call.target.served).delete(&mut call, &DeleteOptions::default()).await.map(|_| ())
    }

    /// Deletes all objects of a kind that match; returns how many there were.
    ///
    /// # Errors
    /// As [`View::delete_collection`].
    pub async fn delete_objects(&self, api_version: &str, kind: &str, criteria: &MatchCriteria) -> Result<usize, Status> {
        let objects = self.list_objects(api_version, kind, criteria)?;
        for object in &objects {
            self.delete_object(api_version, kind, &object.head().namespace, &object.head().name).await?;
        }
        Ok(objects.len())
    }

    /// The stored objects of a kind that match, in order of namespace and name.
    ///
    /// # Errors
    /// 404 when the kind is not served here.
    pub fn list_objects(&self, api_version: &str, kind: &str, criteria: &MatchCriteria) -> Result<Vec<Arc<Object>>, Status> {
        let served = self.served(api_version, kind)?;
        let snapshot = self.home(&served).snapshot();
        let all = snapshot.range(served.storage, criteria.namespace.as_deref(), None);
        Ok(all.filter(|(_, object)| criteria.matches(&***object)).map(|(_, object)| object.clone()).collect())
    }

    /// All nodes.
    pub fn nodes(&self) -> Vec<Arc<Object>> {
        self.list_objects("v1", "Node", &MatchCriteria::all()).unwrap_or_default()
    }

    /// The pods of a namespace, or all with an empty one.
    pub fn pods(&self, namespace: &str) -> Vec<Arc<Object>> {
        self.list_objects("v1", "Pod", &within(namespace)).unwrap_or_default()
    }

    /// The events of a namespace, or all with an empty one.
    pub fn events(&self, namespace: &str) -> Vec<Arc<Object>> {
        self.list_objects("v1", "Event", &within(namespace)).unwrap_or_default()
    }

    /// Assigns a pod to a node, as a scheduler does.
    ///
    /// # Errors
    /// 404, 409 when it is assigned already.
    pub async fn bind(&self, namespace: &str, pod: &str, node: &str) -> Result<(), Status> {
        let mut call = self.call("v1", "Pod", namespace, pod)?;
        "binding".clone_into(&mut call.target.subresource);
        let binding = json!({"apiVersion": "v1", "kind": "Binding", "metadata": {"name": pod, "namespace": namespace}, "target": {"kind": "Node", "name": node}});
        self.home(&call.target.served).create(&mut call, body(&binding), &own_options()).await.map(|_| ())
    }

    /// The objects of one kind as a store of their own: no validation, no defaults.
    ///
    /// # Errors
    /// 404 when the kind is not served here.
    pub fn resource_store(&self, api_version: &str, kind: &str) -> Result<ResourceStore<Object>, Status> {
        let served = self.served(api_version, kind)?;
        let resource = &served.resource;
        let gvk = GroupVersionKind::new(&resource.group, &resource.version, &resource.kind);
        let list = GroupVersionKind::new(&resource.group, &resource.version, &resource.list_kind);
        Ok(ResourceStore::new(self.home(&served).store.clone(), served.storage, gvk, list))
    }

    pub(crate) fn call_for(&self, object: &Value) -> Result<Call, Status> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let meta = &object["metadata"];
        self.call(&text(&object["apiVersion"]), &text(&object["kind"]), &text(&meta["namespace"]), &text(&meta["name"]))
    }

    /// An outcome as a value with `apiVersion` and `kind`.
    ///
    /// # Errors
    /// A conversion that fails.
    pub fn value_of(&self, call: &Call, outcome: Outcome) -> Result<Value, Status> {
        match outcome.content {
            Content::Stored(object) => self.object_value(&call.target.served, &object),
            Content::Value(value) => Ok(value),
            Content::Nothing => Ok(Value::Null),
            Content::Status(status) => serde_json::to_value(status).map_err(Status::internal),
            Content::List(List { items, revision, .. }) => {
                let items = items.iter().map(|o| self.object_value(&call.target.served, o)).collect::<Result<Vec<_>, _>>()?;
                let resource = &call.target.served.resource;
                Ok(
                    json!({"apiVersion": resource.api_version(), "kind": resource.list_kind, "metadata": {"resourceVersion": revision.to_string()}, "items": items}),
                )
            }
        }
    }

    /// The objects of a collection that the options select.
    ///
    /// # Errors
    /// As [`View::list`].
    pub async fn select(&self, call: &mut Call, options: &ListOptions) -> Result<List, Status> {
        match self.list(call, options).await?.content {
            Content::List(list) => Ok(list),
            _ => Err(Status::internal("a list is no list")),
        }
    }
}

fn within(namespace: &str) -> MatchCriteria {
    if namespace.is_empty() { MatchCriteria::all() } else { MatchCriteria::in_namespace(namespace) }
}

fn body(object: &Value) -> Body {
    Body::Json(object.to_string().into())
}

fn own_options() -> WriteOptions {
    WriteOptions { field_validation: FieldValidation::Strict, ..WriteOptions::default() }
}

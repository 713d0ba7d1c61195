//! `scale`: a resource with replicas seen as an autoscaling/v1 Scale (C-09-20, C-10-18).

use crate::{Call, Content, Outcome, Target, View, form::Form, managed_fields, metadata, update::Edit, view::Moment};
use minkapi_kinds::ScalePaths;
use minkapi_object::{GroupResource, LabelSelector, Status};
use minkapi_patch::{ReplicasPaths, scale_to_parent, scale_to_subresource};
use minkapi_schema::field::{self, Error, Path};
use serde_json::{Map, Value, json};

/// Where a resource keeps what its Scale shows.
#[derive(Debug, Clone)]
pub(crate) enum Projection {
    /// In `spec.replicas`, `status.replicas` and `spec.selector`, as the built-in kinds do.
    BuiltIn,
    /// Where its definition says.
    Custom(ScalePaths),
}

/// The projection of a target: none unless it is a `scale` subresource.
pub(crate) fn projection(target: &Target) -> Option<Projection> {
    if target.subresource != "scale" {
        return None;
    }
    let custom = target.served.custom.as_ref().and_then(|custom| custom.strategy.scale());
    Some(custom.map_or(Projection::BuiltIn, |paths| Projection::Custom(paths.clone())))
}

/// An edit of the Scale as one of the object behind it.
struct Through<'a> {
    projection: &'a Projection,
    edit: &'a dyn Edit,
}

impl Projection {
    /// The edit of the object that this edit of its Scale means.
    pub fn through<'a>(&'a self, edit: &'a dyn Edit) -> impl Edit + 'a {
        Through { projection: self, edit }
    }

    /// An outcome that holds the object, as one that holds its Scale.
    ///
    /// # Errors
    /// 500 for a custom resource without replicas.
    pub fn answer(&self, view: &View, call: &Call, outcome: Outcome) -> Result<Outcome, Status> {
        let object = view.value_of(call, outcome)?;
        Ok(Outcome::ok(Content::Value(self.scale_of(&object)?)))
    }

    fn scale_of(&self, object: &Value) -> Result<Value, Status> {
        let paths = match self {
            Self::BuiltIn => return Ok(built_in_scale(object)),
            Self::Custom(paths) => paths,
        };
        let (scale, has_replicas) = paths.read(object).map_err(Status::internal)?;
        if !has_replicas {
            return Err(Status::internal(format!("the spec replicas field \"{}\" does not exist", paths.spec_replicas_path())));
        }
        Ok(scale)
    }

    /// The Scale that is changed: replicas that are not there can be set.
    fn changed_scale_of(&self, object: &Value) -> Result<Value, Status> {
        match self {
            Self::BuiltIn => Ok(built_in_scale(object)),
            Self::Custom(paths) => paths.read(object).map(|(scale, _)| scale).map_err(Status::internal),
        }
    }

    /// Path of the replicas in the object.
    fn path(&self) -> Vec<&str> {
        match self {
            Self::BuiltIn => vec!["spec", "replicas"],
            Self::Custom(paths) => paths.spec_replicas_path().split('.').filter(|s| !s.is_empty()).collect(),
        }
    }

    fn set_replicas(&self, object: &mut Value, replicas: i64) -> Result<(), Status> {
        match self {
            Self::BuiltIn => object["spec"]["replicas"] = replicas.into(),
            Self::Custom(paths) => paths.write(object, i32::try_from(replicas).unwrap_or(i32::MAX)).map_err(Status::internal)?,
        }
        Ok(())
    }
}

fn built_in_scale(object: &Value) -> Value {
    let mut meta = Map::new();
    for key in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
        if let Some(value) = object["metadata"].get(key) {
            meta.insert(key.to_owned(), value.clone());
        }
    }
    let count = |part: &str| object[part]["replicas"].as_i64().unwrap_or(0);
    let mut scale =
        json!({"kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": meta, "spec": {}, "status": {"replicas": count("status")}});
    // Zero replicas are omitted, as Go's encoder does (chapter 18 on C-09-20).
    if count("spec") != 0 {
        scale["spec"]["replicas"] = count("spec").into();
    }
    let selector = &object["spec"]["selector"];
    // A ReplicationController's selector is a plain map of labels.
    let is_selector = selector.get("matchLabels").is_some() || selector.get("matchExpressions").is_some();
    let as_selector = if is_selector { selector.clone() } else { json!({"matchLabels": selector}) };
    let text = LabelSelector::from_value(&as_selector).map(|s| s.to_string()).unwrap_or_default();
    if !text.is_empty() {
        scale["status"]["selector"] = text.into();
    }
    scale
}

impl Edit for Through<'_> {
    fn edit(&self, call: &mut Call, moment: &Moment, current: Option<&Value>) -> Result<Value, Status> {
        let resource = call.target.served.resource.clone();
        let name = call.target.name.clone();
        let gr = GroupResource::new(&resource.group, &format!("{}/scale", resource.plural));
        let Some(current) = current else { return Err(Status::not_found(&gr, &name)) };
        let api_version = resource.api_version();
        let path = self.projection.path();
        let paths: ReplicasPaths<'_> = &[(&*api_version, Some(path.as_slice()))];
        let recorded = current["metadata"].get("managedFields");
        let mut old = self.projection.changed_scale_of(current)?;
        set_managed_fields(&mut old, scale_to_subresource(recorded, paths).map_err(Status::internal)?);
        let new = self.edit.edit(call, moment, Some(&old))?;
        let replicas = new["spec"]["replicas"].as_i64().unwrap_or(0);
        // Of a custom resource the whole object is validated.
        if replicas < 0 && matches!(self.projection, Projection::BuiltIn) {
            let error = Error::invalid(&Path::new("spec").child("replicas"), replicas, "must be greater than or equal to 0");
            return Err(field::invalid("autoscaling", "Scale", &name, &[error]));
        }
        let (given, found) = (metadata::text(&new, "uid"), metadata::text(current, "uid"));
        if !given.is_empty() && given != found {
            let why = format!("Precondition failed: UID in precondition: {given}, UID in object meta: {found}");
            return Err(Status::conflict(&gr, &name, why));
        }
        let mut object = current.clone();
        self.projection.set_replicas(&mut object, replicas)?;
        let entries = scale_to_parent(recorded, new["metadata"].get("managedFields"), &api_version, paths);
        set_managed_fields(&mut object, entries.map_err(Status::internal)?);
        managed_fields::settle(&Form::of_resource(&call.target.served), &mut object);
        let meta = metadata::of(&mut object);
        match new["metadata"].get("resourceVersion") {
            Some(version) => meta.insert("resourceVersion".to_owned(), version.clone()),
            None => meta.remove("resourceVersion"),
        };
        Ok(object)
    }
}

fn set_managed_fields(object: &mut Value, entries: Option<Value>) {
    let meta = metadata::of(object);
    match entries {
        Some(entries) => meta.insert("managedFields".to_owned(), entries),
        None => meta.remove("managedFields"),
    };
}

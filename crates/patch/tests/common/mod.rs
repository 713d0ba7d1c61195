//! Small schemas made by hand, of the shapes that matter.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, missing_docs)]

use minkapi_registry::{Field, ListType, Ref, Schema, Shape, Struct};
use std::sync::Arc;

pub fn schema(shape: Shape) -> Schema {
    Schema { shape, list_type: ListType::Atomic, atomic: false, nullable: false, rules: None }
}

pub fn string() -> Schema {
    schema(Shape::String)
}

pub fn int() -> Schema {
    schema(Shape::Int32)
}

pub fn list(items: Schema) -> Schema {
    schema(Shape::List(Ref::Shared(Arc::new(items))))
}

pub fn set(items: Schema) -> Schema {
    Schema { list_type: ListType::Set, ..list(items) }
}

pub fn keyed(keys: &[&'static str], items: Schema) -> Schema {
    Schema { list_type: ListType::Map(keys.iter().map(|k| (*k).into()).collect::<Vec<_>>().into()), ..list(items) }
}

pub fn map(values: Schema) -> Schema {
    schema(Shape::Map(Ref::Shared(Arc::new(values))))
}

pub fn atomic(of: Schema) -> Schema {
    Schema { atomic: true, ..of }
}

pub fn field(name: &'static str, schema: Schema) -> Field {
    Field::new(name.into(), schema)
}

pub fn merging(field: Field, key: &'static str) -> Field {
    Field { patch_merge: true, patch_merge_key: (!key.is_empty()).then(|| key.into()), ..field }
}

pub fn retaining(field: Field) -> Field {
    Field { patch_retain_keys: true, ..field }
}

pub fn defaulted(field: Field, json: &'static str) -> Field {
    Field { default: Some(json.into()), ..field }
}

pub fn object(name: &'static str, mut fields: Vec<Field>) -> Struct {
    fields.sort_by(|a, b| a.name.cmp(&b.name));
    Struct { name: name.into(), go_name: name.into(), fields: fields.into(), preserve_unknown: false, embedded: false, additional: None }
}

pub fn of(object: Struct) -> Schema {
    schema(Shape::Struct(Ref::Shared(Arc::new(object))))
}

/// A workload: containers by name with ports, args and env, labels, finalizers, a strategy with retained keys.
pub fn workload() -> Ref<Struct> {
    let port = object(
        "v1.ContainerPort",
        vec![field("containerPort", int()), defaulted(field("protocol", string()), "\"TCP\""), field("name", string())],
    );
    let env = object("v1.EnvVar", vec![field("name", string()), field("value", string())]);
    let container = object(
        "v1.Container",
        vec![
            field("name", string()),
            field("image", string()),
            field("args", list(string())),
            merging(field("ports", keyed(&["containerPort", "protocol"], of(port))), "containerPort"),
            merging(field("env", keyed(&["name"], of(env))), "name"),
            field("limits", map(schema(Shape::Quantity))),
        ],
    );
    let strategy =
        object("v1.Strategy", vec![field("type", string()), field("rolling", of(object("v1.Rolling", vec![field("max", int())])))]);
    let meta = object(
        "v1.ObjectMeta",
        vec![
            field("name", string()),
            field("namespace", string()),
            field("uid", string()),
            field("resourceVersion", string()),
            field("generation", schema(Shape::Int64)),
            field("creationTimestamp", schema(Shape::Time)),
            field("labels", map(string())),
            field("annotations", map(string())),
            merging(field("finalizers", set(string())), ""),
            field("managedFields", list(schema(Shape::Any))),
        ],
    );
    let spec = object(
        "v1.WorkloadSpec",
        vec![
            field("replicas", int()),
            merging(field("containers", keyed(&["name"], of(container))), "name"),
            field("nodeSelector", atomic(map(string()))),
            field("tolerations", list(of(object("v1.Toleration", vec![field("key", string())])))),
            retaining(field("strategy", of(strategy))),
        ],
    );
    Ref::Shared(Arc::new(object(
        "v1.Workload",
        vec![
            field("apiVersion", string()),
            field("kind", string()),
            field("metadata", of(meta)),
            field("data", map(string())),
            field("spec", of(spec)),
            field("status", of(object("v1.Status", vec![field("ready", int()), field("phase", string())]))),
        ],
    )))
}

/// A custom resource with lists and maps of every type, and a part that keeps unknown fields.
pub fn thing() -> Ref<Struct> {
    let nested = object("", vec![field("x", int()), field("y", set(string()))]);
    let port = object(
        "",
        vec![field("port", int()), defaulted(field("protocol", string()), "\"TCP\""), field("name", string()), field("nested", of(nested))],
    );
    let deep = object("", vec![field("c", string()), field("d", int())]);
    let spec = object(
        "",
        vec![
            field("replicas", int()),
            field("labels", map(string())),
            field("selector", atomic(map(string()))),
            field("ports", keyed(&["port", "protocol"], of(port))),
            field("tags", set(string())),
            field("steps", list(of(object("", vec![field("run", string())])))),
            field("free", of(Struct { preserve_unknown: true, ..object("", vec![]) })),
            field("sub", of(object("", vec![field("a", string()), field("b", of(deep))]))),
        ],
    );
    let meta = minkapi_registry::struct_named("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta").expect("a built-in struct");
    Ref::Shared(Arc::new(object(
        "",
        vec![
            field("apiVersion", string()),
            field("kind", string()),
            field("metadata", schema(Shape::Struct(Ref::Static(meta)))),
            field("spec", of(spec)),
        ],
    )))
}

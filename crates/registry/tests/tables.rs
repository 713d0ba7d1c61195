//! What must hold of the generated tables, and spot checks against what kube-apiserver 1.37 shows.

#![allow(clippy::unwrap_used, reason = "tests")]

use minkapi_registry::{
    Alternative, Field, ListType, Presence, Schema, Shape, Struct, Verb, group_versions, kind, resource, resources, struct_named, structs,
    top_level_kind,
};
use std::collections::BTreeSet;

fn field(of: &'static Struct, name: &str) -> &'static Field {
    of.field(name).unwrap_or_else(|| panic!("{} has no {name}", of.name))
}

fn core(name: &str) -> &'static Struct {
    struct_named(&format!("io.k8s.api.core.v1.{name}")).unwrap()
}

/// The struct at a position, or in its items or values.
fn inner(schema: &Schema) -> Option<&Struct> {
    match &schema.shape {
        Shape::Struct(of) | Shape::SchemaOr(of, _) => Some(of),
        Shape::Map(of) | Shape::List(of) => inner(of),
        _ => None,
    }
}

#[test]
fn fields_are_sorted_and_found_by_name() {
    for of in structs() {
        assert!(of.fields.is_sorted_by(|a, b| a.name < b.name), "{}", of.name);
        assert!(of.fields.iter().all(|f| of.field(&f.name).is_some_and(|found| found.proto == f.proto)), "{}", of.name);
        assert!(std::ptr::eq(struct_named(&of.name).unwrap(), *of));
    }
}

#[test]
fn every_struct_that_a_field_refers_to_is_listed() {
    for of in structs() {
        for target in of.fields.iter().filter_map(|f| inner(&f.schema)) {
            assert!(struct_named(&target.name).is_some(), "{} refers to {}", of.name, target.name);
        }
    }
}

#[test]
fn protobuf_places_are_unique_within_a_struct_and_only_type_meta_has_none() {
    for of in structs() {
        let places: Vec<_> = of.fields.iter().filter(|f| f.proto != 0).map(|f| (f.proto_in, f.proto)).collect();
        assert_eq!(places.iter().collect::<BTreeSet<_>>().len(), places.len(), "{}", of.name);
        let bare: Vec<_> = of.fields.iter().filter(|f| f.proto == 0).map(|f| &*f.name).collect();
        assert!(bare.is_empty() || bare == ["apiVersion", "kind"], "{}: {bare:?}", of.name);
    }
}

#[test]
fn keys_of_keyed_lists_are_fields_of_their_items() {
    for of in structs() {
        for f in of.fields.iter() {
            let keys: Vec<&str> = match &f.schema.list_type {
                ListType::Map(keys) => keys.iter().map(|k| &**k).collect(),
                _ => Vec::new(),
            };
            for key in keys.into_iter().chain(f.patch_merge_key.as_deref()) {
                let item = inner(&f.schema).unwrap_or_else(|| panic!("{}.{} is keyed but holds no structs", of.name, f.name));
                assert!(item.field(key).is_some(), "{}.{} by {key}", of.name, f.name);
            }
        }
    }
}

#[test]
fn both_kinds_of_merge_keys_are_kept() {
    let ports = field(core("ServiceSpec"), "ports");
    assert_eq!(ports.patch_merge_key.as_deref(), Some("port"));
    let ListType::Map(keys) = &ports.schema.list_type else { panic!("ports are a keyed list") };
    assert_eq!(keys.as_ref(), ["port", "protocol"]);
    assert!(field(core("PodSpec"), "volumes").patch_retain_keys);
    assert!(field(core("PodSpec"), "nodeSelector").schema.atomic);
}

#[test]
fn presence_follows_go() {
    let presence = |of: &'static Struct, name| field(of, name).presence;
    assert_eq!(presence(core("Container"), "resources"), Presence::Always);
    assert_eq!(presence(core("Container"), "image"), Presence::NonZero);
    assert_eq!(presence(core("Container"), "securityContext"), Presence::Set);
    assert_eq!(presence(core("PodSpec"), "containers"), Presence::Always);
    assert_eq!(presence(core("TypedLocalObjectReference"), "apiGroup"), Presence::Nullable);
    let meta = struct_named("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta").unwrap();
    assert_eq!(presence(meta, "creationTimestamp"), Presence::NonZero);
}

#[test]
fn embedded_structs_are_flat_in_json_and_nested_in_protobuf() {
    let empty_dir = field(core("Volume"), "emptyDir");
    assert_eq!((empty_dir.proto_in, empty_dir.proto), ([2].as_slice(), 2));
    let operations = struct_named("io.k8s.api.admissionregistration.v1.NamedRuleWithOperations").unwrap();
    assert_eq!(field(operations, "resources").proto_in, [2, 2]);
}

#[test]
fn schemas_of_custom_resource_definitions_are_recursive() {
    let props = struct_named("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps").unwrap();
    let Shape::SchemaOr(of, Alternative::Schemas) = &field(props, "items").schema.shape else { panic!("items are schemas") };
    assert!(std::ptr::eq(&raw const **of, props));
}

#[test]
fn resources_are_found_by_plural_and_by_kind() {
    for r in resources() {
        assert_eq!(resource(&r.group, &r.version, &r.plural).unwrap().kind, r.kind);
        assert_eq!(kind(&r.api_version(), &r.kind).unwrap().plural, r.plural);
        assert!(std::ptr::eq(&raw const *top_level_kind(&r.api_version(), &r.kind).unwrap().schema, &raw const *r.schema));
        if r.verbs.has(Verb::List) {
            assert!(top_level_kind(&r.api_version(), &r.list_kind).is_some(), "{}", r.list_kind);
        }
    }
    assert!(resource("apps", "v1beta1", "deployments").is_none());
}

#[test]
fn group_versions_come_in_discovery_order() {
    let names: Vec<_> = group_versions().iter().map(|gv| format!("{}/{}", gv.group, gv.version)).collect();
    assert_eq!(names[..4], ["/v1", "apiregistration.k8s.io/v1", "apps/v1", "events.k8s.io/v1"]);
    assert_eq!(names.last().unwrap(), "storagemigration.k8s.io/v1");
    let position = |name: &str| names.iter().position(|n| n == name).unwrap();
    assert!(position("autoscaling/v2") < position("autoscaling/v1"));
    assert_eq!(names.len(), 23);
}

#[test]
fn two_views_of_the_same_objects_share_their_storage() {
    let storage = |group, version, plural| {
        let r = resource(group, version, plural).unwrap();
        (&*r.storage, &*r.storage_version, &*r.storage_version_hash)
    };
    assert_eq!(storage("", "v1", "events"), storage("events.k8s.io", "v1", "events"));
    assert_eq!(storage("", "v1", "events").1, "v1");
    let scalers = "horizontalpodautoscalers";
    assert_eq!(storage("autoscaling", "v1", scalers), ("horizontalpodautoscalers.autoscaling", "autoscaling/v2", "qwQve8ut294="));
    assert_eq!(storage("autoscaling", "v1", scalers), storage("autoscaling", "v2", scalers));
    assert_eq!(storage("apps", "v1", "deployments").0, "deployments.apps");
}

#[test]
fn subresources_name_the_kind_they_speak() {
    let pods = resource("", "v1", "pods").unwrap();
    let eviction = pods.subresource("eviction").unwrap();
    assert_eq!((&*eviction.group, &*eviction.version, &*eviction.kind), ("policy", "v1", "Eviction"));
    assert!(eviction.schema.is_some());
    assert!(pods.subresource("exec").unwrap().schema.is_none());
    assert_eq!(pods.subresource("resize").unwrap().verbs.iter().map(Verb::as_str).collect::<Vec<_>>(), ["get", "patch", "update"]);
}

#[test]
fn options_are_accepted_in_any_version_and_evictions_in_the_old_one() {
    assert!(top_level_kind("apps/v1", "DeleteOptions").is_some());
    assert_eq!(top_level_kind("policy/v1beta1", "Eviction").unwrap().schema.go_name, "v1beta1.Eviction");
    assert!(top_level_kind("meta.k8s.io/v1", "PartialObjectMetadataList").is_some());
    assert!(top_level_kind("v1", "Nonsense").is_none());
}

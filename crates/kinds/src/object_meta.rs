//! ObjectMeta: what every object's metadata must be, and what an update of it may not change.
//!
//! On create the pipeline calls [`validate`] with the kind's name rule; on update [`keep_generation`], the kind's
//! `prepare_for_update`, [`keep_system_fields`] and [`validate_update`], in this order.

pub use crate::update::{IMMUTABLE, immutable};
use crate::{Context, NameRule, Strategy, Traits, go_struct, update, value};
use minkapi_object::OBJECT_META_FIELDS;
use minkapi_schema::{
    field::{self, Error, ErrorList, Path, invalid_each},
    names,
};
use serde_json::Value;

/// Keys and values of all annotations together may have this many bytes (C-03-18).
pub const TOTAL_ANNOTATION_SIZE_LIMIT: usize = 256 * 1024;

const PATH: Path<'static> = Path::new("metadata");
const MANAGER_MAX: usize = 128;
const SUBRESOURCE_MAX: usize = 256;

impl NameRule {
    /// What is wrong with a name of an object; with `prefix`, with a `generateName`.
    pub fn check(self, object: &Value, name: &str, prefix: bool) -> names::Messages {
        let masked = if prefix { names::mask_trailing_dash(name) } else { name.into() };
        match self {
            Self::Subdomain => names::is_dns1123_subdomain(&masked),
            Self::Label => names::is_dns1123_label(&masked),
            Self::Label1035 => names::is_dns1035_label(&masked),
            Self::PathSegment if prefix => names::is_valid_path_segment_prefix(name),
            Self::PathSegment => names::is_valid_path_segment_name(name),
            Self::Own(check) => check(object, name, prefix),
            Self::Declared => names::Messages::new(),
        }
    }
}

/// Everything wrong with a new object: its metadata and what its kind finds.
pub fn validate_new(strategy: &dyn Strategy, cx: &Context<'_>, object: &Value, namespaced: bool) -> ErrorList {
    let traits = strategy.traits();
    if !traits.metadata_last {
        let mut errors = validate(object, namespaced, &traits);
        errors.extend(strategy.validate(cx, object));
        return errors;
    }
    let errors = strategy.validate(cx, object);
    if errors.is_empty() { validate(object, namespaced, &traits) } else { errors }
}

/// What a template's metadata may not say, in Go's order of fields: all but labels and annotations.
const NOT_IN_TEMPLATES: &[&str] = &[
    "name",
    "generateName",
    "namespace",
    "selfLink",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "ownerReferences",
    "finalizers",
    "managedFields",
];

/// Everything wrong with the metadata of objects that a controller makes from a template.
pub fn validate_of_template(metadata: &Value, path: &Path<'_>) -> ErrorList {
    let mut errors = validate_annotations(metadata.get("annotations"), &path.child("annotations"));
    errors.extend(validate_labels(metadata.get("labels"), &path.child("labels")));
    // The grace period is a pointer in Go, so that zero is set as well.
    let is_set = |key: &str| key == "deletionGracePeriodSeconds" || !metadata.get(key).is_some_and(value::is_zero);
    for key in NOT_IN_TEMPLATES.iter().filter(|key| value::has(metadata, key) && is_set(key)) {
        let shown = if *key == "uid" { "uID" } else { key };
        errors.push(Error::forbidden(&path.child(shown), "cannot be set"));
    }
    errors
}

/// The metadata of a template as Go prints it within the template: its fields that are set, one by one.
pub fn printed(meta: &Value) -> Vec<String> {
    // A pointer in Go, so that zero is set as well.
    let is_set = |key: &str, value: &Value| key == "deletionGracePeriodSeconds" || !value::is_zero(value);
    let fields = OBJECT_META_FIELDS.iter().filter_map(|key| Some((key, value::field(meta, key)?)));
    let set = fields.filter(|(key, value)| is_set(key, value));
    const PARTS: &[&str] = &["apiVersion", "kind", "name", "uid", "controller", "blockOwnerDeletion"];
    set.map(|(key, value)| format!("\"{key}\":{}", go_struct::in_order(value, if *key == "ownerReferences" { PARTS } else { &[] })))
        .collect()
}

/// Everything wrong with the metadata of a new object; a name has been generated already.
pub fn validate(object: &Value, namespaced: bool, traits: &Traits) -> ErrorList {
    let mut errors = validate_generic(object, namespaced, traits.name);
    errors.extend(validate_finalizer_names(object, traits));
    errors
}

fn validate_generic(object: &Value, namespaced: bool, rule: NameRule) -> ErrorList {
    let meta = object.get("metadata").unwrap_or(&Value::Null);
    validate_at(meta, namespaced, &PATH, |name, prefix| rule.check(object, name, prefix))
}

/// As [`validate`], for an ObjectMeta at any place and with any name rule, which gets a name and whether it is a prefix.
pub fn validate_at(meta: &Value, namespaced: bool, path: &Path<'_>, rule: impl Fn(&str, bool) -> names::Messages) -> ErrorList {
    let mut errors = ErrorList::new();
    let generate_name = value::text(meta, "generateName");
    if !generate_name.is_empty() {
        invalid_each(&mut errors, &path.child("generateName"), generate_name, rule(generate_name, true));
    }
    match value::text(meta, "name") {
        "" => errors.push(Error::required(&path.child("name"), "name or generateName is required")),
        name => invalid_each(&mut errors, &path.child("name"), name, rule(name, false)),
    }
    match (namespaced, value::text(meta, "namespace")) {
        (true, "") => errors.push(Error::required(&path.child("namespace"), "")),
        (true, namespace) => invalid_each(&mut errors, &path.child("namespace"), namespace, names::is_dns1123_label(namespace)),
        (false, "") => {}
        (false, _) => errors.push(Error::forbidden(&path.child("namespace"), "not allowed on this type")),
    }
    errors.extend(non_negative(value::int(meta, "generation").unwrap_or_default(), &path.child("generation")));
    errors.extend(validate_labels(meta.get("labels"), &path.child("labels")));
    errors.extend(validate_annotations(meta.get("annotations"), &path.child("annotations")));
    errors.extend(validate_owner_references(value::items(meta, "ownerReferences"), &path.child("ownerReferences")));
    errors.extend(validate_finalizers(value::items(meta, "finalizers"), &path.child("finalizers")));
    errors.extend(validate_managed_fields(value::items(meta, "managedFields"), &path.child("managedFields")));
    errors
}

/// Everything wrong with the change of an object's metadata.
pub fn validate_update(strategy: &dyn Strategy, cx: &Context<'_>, new: &Value, old: &Value, namespaced: bool) -> ErrorList {
    let traits = strategy.traits();
    let anew = traits.name_on_update && cx.subresource != "status";
    let rule = |name: &str, prefix: bool| {
        let mut told = NameRule::PathSegment.check(new, name, prefix);
        if anew && prefix {
            told.extend(traits.name.check(new, name, prefix));
        }
        told
    };
    let mut errors = validate_at(new.get("metadata").unwrap_or(&Value::Null), namespaced, &PATH, rule);
    let (new_meta, old_meta) = (new.get("metadata").unwrap_or(&Value::Null), old.get("metadata").unwrap_or(&Value::Null));
    errors.extend(validate_change(new_meta, old_meta));
    errors.extend(validate_finalizer_names(new, &traits));
    errors
}

/// Whether finalizers without a domain are ones that upstream defines.
fn validate_finalizer_names(object: &Value, traits: &Traits) -> ErrorList {
    const STANDARD: [&str; 3] = ["kubernetes", "orphan", "foregroundDeletion"];
    let finalizers = object.get("metadata").map_or(&[][..], |meta| value::items(meta, "finalizers"));
    let names = finalizers.iter().map(|name| name.as_str().unwrap_or_default()).enumerate();
    names
        .filter(|(_, name)| traits.checks_finalizers && !name.contains('/') && !STANDARD.contains(name))
        .map(|(i, name)| {
            let why = "name is neither a standard finalizer name nor is it fully qualified";
            Error::invalid(&PATH.child("finalizers").index(i), name, why)
        })
        .collect()
}

fn validate_change(new: &Value, old: &Value) -> ErrorList {
    let mut errors = ErrorList::new();
    if value::has(old, "deletionTimestamp") {
        errors.extend(no_new_finalizers(new, old));
    }
    if value::text(new, "resourceVersion").is_empty() {
        errors.push(Error::invalid(&PATH.child("resourceVersion"), "", "must be specified for an update"));
    }
    let generation = |meta| value::int(meta, "generation").unwrap_or_default();
    if generation(new) < generation(old) {
        errors.push(Error::invalid(&PATH.child("generation"), generation(new), "must not be decremented"));
    }
    for key in ["name", "namespace", "uid"] {
        if value::text(new, key) != value::text(old, key) {
            errors.push(Error::invalid(&PATH.child(key), value::text(new, key), IMMUTABLE));
        }
    }
    for key in ["creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"] {
        if value::field(new, key) != value::field(old, key) {
            errors.push(Error::invalid(&PATH.child(key), value::field(new, key).cloned().unwrap_or_default(), IMMUTABLE));
        }
    }
    errors
}

/// C-04-16: a finalizer added to a deleted object would be waited for by nobody who knew of it in time.
fn no_new_finalizers(new: &Value, old: &Value) -> Option<Error> {
    let known = value::items(old, "finalizers");
    let mut added: Vec<_> = value::items(new, "finalizers").iter().filter(|f| !known.contains(f)).filter_map(Value::as_str).collect();
    added.sort_unstable();
    added.dedup();
    let listed = added.iter().map(|f| field::quoted(f)).collect::<Vec<_>>().join(", ");
    let text = format!("no new finalizers can be added if the object is being deleted, found new finalizers []string{{{listed}}}");
    (!added.is_empty()).then(|| Error::forbidden(&PATH.child("finalizers"), text))
}

/// Before a kind prepares an update: clients do not write the generation (C-04-15).
pub fn keep_generation(new: &mut Value, old: &Value) {
    update::restore(new, old, &["metadata", "generation"]);
}

/// After a kind has prepared an update: puts back what updates can never change (C-04-14, C-04-15).
pub fn keep_system_fields(new: &mut Value, old: &Value) {
    let Some(old) = old.get("metadata") else { return };
    let Some(new) = value::object_mut(new, "metadata") else { return };
    for (key, only_if_unset) in
        [("uid", true), ("creationTimestamp", false), ("deletionTimestamp", false), ("deletionGracePeriodSeconds", true)]
    {
        if let Some(before) = value::field(old, key)
            && (!only_if_unset || new.get(key).is_none_or(|v| v.is_null() || v.as_str() == Some("")))
        {
            value::set(new, key, before.clone());
        }
    }
}

/// Whether a label map's keys and values are well-formed; both are reported at `path`.
pub fn validate_labels(labels: Option<&Value>, path: &Path<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    for (key, label) in labels.and_then(Value::as_object).into_iter().flatten() {
        errors.extend(validate_label_name(key, path));
        let label = label.as_str().unwrap_or_default();
        invalid_each(&mut errors, path, label, names::is_valid_label_value(label));
    }
    errors
}

/// Whether `name` is a label key.
pub fn validate_label_name(name: &str, path: &Path<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    invalid_each(&mut errors, path, name, names::is_qualified_name(name));
    errors
}

/// Whether annotation keys are well-formed in lower case, and all of it small enough.
pub fn validate_annotations(annotations: Option<&Value>, path: &Path<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let mut size = 0;
    for (key, text) in annotations.and_then(Value::as_object).into_iter().flatten() {
        invalid_each(&mut errors, path, key, names::is_qualified_name(&key.to_lowercase()));
        size += key.len() + text.as_str().map_or(0, str::len);
    }
    if size > TOTAL_ANNOTATION_SIZE_LIMIT {
        errors.push(Error::too_long(path, TOTAL_ANNOTATION_SIZE_LIMIT));
    }
    errors
}

/// Whether finalizers are qualified names that do not contradict each other.
pub fn validate_finalizers(finalizers: &[Value], path: &Path<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    for name in finalizers.iter().filter_map(Value::as_str) {
        invalid_each(&mut errors, path, name, names::is_qualified_name(name));
    }
    let has = |name: &str| finalizers.iter().any(|f| f.as_str() == Some(name));
    if has("orphan") && has("foregroundDeletion") {
        errors.push(Error::invalid(path, finalizers.to_vec(), "finalizer orphan and foregroundDeletion cannot be both set"));
    }
    errors
}

/// Whether owner references are complete, and at most one of them is the controller (C-03-19).
pub fn validate_owner_references(references: &[Value], path: &Path<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let mut controller: Option<String> = None;
    for (i, reference) in references.iter().enumerate() {
        errors.extend(validate_owner_reference(reference, &path.index(i)));
        if !value::flag(reference, "controller") {
            continue;
        }
        let name = format!("{}/{}", value::text(reference, "kind"), value::text(reference, "name"));
        if let Some(first) = &controller {
            let printed = references.iter().map(printed_owner_reference).collect::<Vec<_>>().join(",");
            let detail = format!("Only one reference can have Controller set to true. Found \"true\" in references for {first} and {name}");
            errors.push(Error::invalid_printed(path, format!("[{printed}]"), detail));
        } else {
            controller = Some(name);
        }
    }
    errors
}

fn validate_owner_reference(reference: &Value, path: &Path<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let api_version = value::text(reference, "apiVersion");
    if api_version.is_empty() {
        errors.push(Error::required(&path.child("apiVersion"), "must not be empty"));
    } else if api_version.matches('/').count() > 1 || api_version.ends_with('/') {
        errors.push(Error::invalid(&path.child("apiVersion"), api_version, "must be <group>/<version> or <version>"));
    }
    for key in ["kind", "name", "uid"] {
        if value::text(reference, key).is_empty() {
            errors.push(Error::required(&path.child(key), "must not be empty"));
        }
    }
    if (api_version, value::text(reference, "kind")) == ("v1", "Event") {
        errors.push(Error::invalid_printed(path, printed_owner_reference(reference), "/v1, Kind=Event is disallowed from being an owner"));
    }
    errors
}

/// An owner reference as Go writes it: in the order of its struct.
fn printed_owner_reference(reference: &Value) -> String {
    let always = ["apiVersion", "kind", "name", "uid"].map(|key| format!("\"{key}\":{}", Value::from(value::text(reference, key))));
    let optional = ["controller", "blockOwnerDeletion"]
        .into_iter()
        .filter_map(|key| value::flag_if_set(reference, key).map(|flag| format!("\"{key}\":{flag}")));
    format!("{{{}}}", always.into_iter().chain(optional).collect::<Vec<_>>().join(","))
}

/// Whether entries of managedFields are well-formed; their fields are checked where they are decoded.
pub fn validate_managed_fields(entries: &[Value], path: &Path<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    for (i, entry) in entries.iter().enumerate() {
        let path = path.index(i);
        match value::text(entry, "operation") {
            "Apply" | "Update" => {}
            "" => errors.push(Error::required(&path.child("operation"), "must not be empty")),
            other => errors.push(Error::not_supported(&path.child("operation"), other, &["Apply", "Update"])),
        }
        match value::text(entry, "fieldsType") {
            "" | "FieldsV1" => {}
            other => errors.push(Error::invalid(&path.child("fieldsType"), other, "must be `FieldsV1`")),
        }
        errors.extend(validate_field_manager(value::text(entry, "manager"), &path.child("manager")));
        if value::text(entry, "subresource").len() > SUBRESOURCE_MAX {
            errors.push(Error::too_long(&path.child("subresource"), SUBRESOURCE_MAX));
        }
    }
    errors
}

/// Whether a field manager's name is short and printable (C-03-20).
pub fn validate_field_manager(manager: &str, path: &Path<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    if manager.len() > MANAGER_MAX {
        errors.push(Error::too_long(path, MANAGER_MAX));
    }
    for (at, c) in manager.char_indices().filter(|(_, c)| c.is_control() || (c.is_whitespace() && *c != ' ')) {
        errors.push(Error::invalid(path, manager, format!("invalid character U+{:04X} (at position {at})", c as u32)));
    }
    errors
}

/// `must be greater than or equal to 0`.
pub fn non_negative(number: i64, path: &Path<'_>) -> Option<Error> {
    (number < 0).then(|| Error::invalid(path, number, "must be greater than or equal to 0"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn named(name: NameRule) -> Traits {
        Traits { name, ..Traits::DEFAULT }
    }

    fn told(errors: &ErrorList) -> Vec<String> {
        errors.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_name_is_required_and_a_generated_one_is_checked_too() {
        assert_eq!(
            told(&validate(&json!({"metadata": {}}), false, &named(NameRule::Subdomain))),
            ["metadata.name: Required value: name or generateName is required"]
        );
        let errors = validate(&json!({"metadata": {"name": "ok", "generateName": "Bad-"}}), false, &named(NameRule::Label));
        assert!(told(&errors)[0].starts_with("metadata.generateName: Invalid value: \"Bad-\": a lowercase RFC 1123 label"));
    }

    #[test]
    fn annotation_keys_are_checked_in_lower_case_and_all_of_it_is_bounded() {
        let meta = |annotations| json!({"metadata": {"name": "a", "namespace": "n", "annotations": annotations}});
        assert!(validate(&meta(json!({"Example.com/A": "x"})), true, &Traits::DEFAULT).is_empty());
        let errors = validate(&meta(json!({"a": "x".repeat(TOTAL_ANNOTATION_SIZE_LIMIT)})), true, &Traits::DEFAULT);
        assert_eq!(told(&errors), ["metadata.annotations: Too long: may not be more than 262144 bytes"]);
    }

    #[test]
    fn finalizers_are_standard_or_have_a_domain() {
        let object = json!({"metadata": {"name": "a", "finalizers": ["kubernetes", "a.example/b", "x"]}});
        assert_eq!(
            told(&validate(&object, false, &Traits::DEFAULT)),
            ["metadata.finalizers[2]: Invalid value: \"x\": name is neither a standard finalizer name nor is it fully qualified"]
        );
        assert!(validate(&object, false, &Traits { checks_finalizers: false, ..Traits::DEFAULT }).is_empty());
    }

    #[test]
    fn only_one_owner_controls() {
        let owner = |name| json!({"apiVersion": "v1", "kind": "Pod", "name": name, "uid": "u", "controller": true});
        let errors = validate_owner_references(&[owner("a"), owner("b")], &Path::new("o"));
        assert_eq!(
            told(&errors),
            [
                r#"o: Invalid value: [{"apiVersion":"v1","kind":"Pod","name":"a","uid":"u","controller":true},{"apiVersion":"v1","kind":"Pod","name":"b","uid":"u","controller":true}]: Only one reference can have Controller set to true. Found "true" in references for Pod/a and Pod/b"#
            ]
        );
    }

    #[test]
    fn an_event_owns_nothing() {
        let owner = json!({"apiVersion": "v1", "kind": "Event", "name": "a", "uid": "u"});
        let errors = validate_owner_references(&[owner], &Path::new("o"));
        assert!(told(&errors)[0].ends_with("/v1, Kind=Event is disallowed from being an owner"));
    }

    #[test]
    fn a_deleted_object_gets_no_new_finalizers() {
        let old = json!({"metadata": {"name": "a", "resourceVersion": "1", "deletionTimestamp": "t", "finalizers": ["a/b"]}});
        let mut new = old.clone();
        new["metadata"]["finalizers"] = json!(["a/b", "z/z", "c/d"]);
        assert_eq!(
            told(&validate_update(&crate::role::Role, &Context::example(), &new, &old, false)),
            [
                r#"metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"c/d", "z/z"}"#
            ]
        );
    }

    #[test]
    fn system_fields_come_back_on_update() {
        let old = json!({"metadata": {"uid": "u", "creationTimestamp": "c", "generation": 3, "deletionGracePeriodSeconds": 0}});
        let mut new = json!({"metadata": {"creationTimestamp": "x", "generation": 9}});
        keep_generation(&mut new, &old);
        keep_system_fields(&mut new, &old);
        assert_eq!(new, old);
    }

    #[test]
    fn kinds_that_are_validated_anew_check_generate_name_on_updates_but_not_on_those_of_their_status() {
        let old = json!({"metadata": {"name": "a", "namespace": "x", "resourceVersion": "1"}});
        let mut new = old.clone();
        new["metadata"]["generateName"] = "App_".into();
        let of = |strategy: &dyn Strategy, subresource| {
            told(&validate_update(strategy, &Context { subresource, ..Context::example() }, &new, &old, true))
        };
        assert!(of(&crate::pod::Pod, "")[0].starts_with("metadata.generateName: Invalid value: \"App_\": a lowercase RFC 1123 subdomain"));
        assert!(of(&crate::pod::Pod, "status").is_empty());
        assert!(of(&crate::lease::Lease, "").is_empty());
    }

    #[test]
    fn a_deletion_timestamp_cannot_be_given_by_an_update() {
        let old = json!({"metadata": {"name": "a", "resourceVersion": "1"}});
        let mut new = old.clone();
        new["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        assert_eq!(
            told(&validate_update(&crate::role::Role, &Context::example(), &new, &old, false)),
            ["metadata.deletionTimestamp: Invalid value: \"2026-01-01T00:00:00Z\": field is immutable"]
        );
    }

    #[test]
    fn unprintable_managers_are_refused() {
        assert_eq!(
            told(&validate_field_manager("a\u{7}", &Path::new("fieldManager"))),
            ["fieldManager: Invalid value: \"a\\a\": invalid character U+0007 (at position 1)"]
        );
    }
}

//! Defaults must fit the schema that they are defaults of, and must survive its pruning (C-10-14).

use crate::{custom_resource, value};
use minkapi_cel::Rules;
use minkapi_schema::{
    field::{Error, ErrorList, Path},
    structural::Structural,
};
use serde_json::Value;

/// Everything wrong with the defaults of a whole object's schema.
pub fn validate(schema: &Value, path: &Path<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    check(schema, path, true, false, &mut errors);
    errors
}

fn check(schema: &Value, path: &Path<'_>, is_root: bool, inside_meta: bool, errors: &mut ErrorList) {
    let is_object = is_root || value::flag(schema, "x-kubernetes-embedded-resource");
    let inside_meta = inside_meta && !is_object;
    if let Some(default) = value::field(schema, "default") {
        let at = path.child("default");
        let structural = Structural::parse(schema);
        if !inside_meta && is_pruned(default, &structural) {
            errors.push(Error::invalid(&at, default.clone(), "must not have unknown fields"));
        }
        // A default of the whole is an object of its own, which says what it is.
        let whole = Structural { embedded: structural.embedded || is_root, ..structural.clone() };
        let mut problems = custom_resource::validate_embedded(default, &whole, &at);
        if problems.is_empty() {
            problems.extend(structural.validate_part(default, None, &at.to_string()));
        }
        if problems.is_empty() {
            let broken = Rules::compile_part(&structural).check_at(&structural, default, Some(default), &at);
            problems.extend(broken.into_iter().map(|error| Error { forgiven: false, ..error }));
        }
        errors.extend(problems);
    }
    if let Some(items) = value::field(schema, "items") {
        check(items, &path.child("items"), false, inside_meta, errors);
    }
    let properties = path.child("properties");
    for (name, property) in value::entries(schema, "properties") {
        let meta = inside_meta || (is_object && matches!(name, "apiVersion" | "kind" | "metadata"));
        check(property, &properties.key(name), false, meta, errors);
    }
}

/// Whether pruning would take something out of a default.
fn is_pruned(default: &Value, schema: &Structural) -> bool {
    // The default stands inside of an object, so nothing of it is kept for being an object's own.
    let mut wrapped = serde_json::json!({"value": default});
    let mut around = Structural::default();
    around.properties.insert("value".to_owned(), schema.clone());
    !around.prune(&mut wrapped).is_empty()
}

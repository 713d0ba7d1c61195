//! The schema of a version, seen as a whole.

use super::{default_values, expressions::Expressions, internal, schema, structural};
use crate::value;
use minkapi_schema::field::{Error, ErrorList, Path};
use serde_json::Value;

/// Keywords at the root of a schema when the status has an endpoint of its own, by Go's names and in Go's order.
const ALLOWED: [&str; 22] = [
    "Description",
    "Type",
    "Format",
    "Title",
    "Maximum",
    "ExclusiveMaximum",
    "Minimum",
    "ExclusiveMinimum",
    "MaxLength",
    "MinLength",
    "Pattern",
    "MaxItems",
    "MinItems",
    "UniqueItems",
    "MultipleOf",
    "Required",
    "Items",
    "Properties",
    "ExternalDocs",
    "Example",
    "XPreserveUnknownFields",
    "XValidations",
];

/// The `{openAPIV3Schema: ...}` of a spec or of a version.
pub fn validate(validation: Option<&Value>, has_status: bool, path: &Path<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let Some(root) = validation.and_then(|v| value::field(v, "openAPIV3Schema")) else { return errors };
    let at = path.child("openAPIV3Schema");
    if has_status {
        errors.extend(allowed_with_status(root, path));
    }
    if value::flag(root, "nullable") {
        errors.push(Error::forbidden(&path.child("openAPIV3Schema.nullable"), "nullable cannot be true at the root"));
    }
    let unsupported = structural::unsupported(root);
    let mut expressions = None;
    if unsupported.is_none() {
        let problems = structural::validate(root, &at);
        if problems.is_empty() {
            let problems = default_values::validate(root, &at);
            if problems.is_empty() {
                expressions = Some(Expressions::default());
            }
            errors.extend(problems);
        } else {
            errors.extend(problems);
        }
    }
    errors.extend(schema::validate(root, &at, expressions));
    if let Some(why) = unsupported.filter(|_| errors.is_empty()) {
        errors.push(Error::invalid(&at, "", why));
    }
    errors
}

fn allowed_with_status(root: &Value, path: &Path<'_>) -> Option<Error> {
    for keyword in internal::keywords_in_use(root) {
        if keyword == "Type" {
            let type_ = value::text(root, "type");
            if type_ != "object" {
                let detail = "only \"object\" is allowed as the type at the root of the schema if the status subresource is enabled";
                return Some(Error::invalid(&path.child("openAPIV3Schema.type"), type_, detail));
            }
        } else if !ALLOWED.contains(&keyword) {
            let detail =
                format!("only [{}] fields are allowed at the root of the schema if the status subresource is enabled", ALLOWED.join(" "));
            return Some(Error::invalid_printed(&path.child("openAPIV3Schema"), internal::printed_schema(root), detail));
        }
    }
    None
}

//! Everything wrong with a definition but its schemas.

use super::{approval, conversion, internal, names, root_schema, selectable_fields, subresources};
use crate::{NameRule, update, value};
use minkapi_schema::{
    field::{Error, ErrorList, Path},
    names as rules,
};
use serde_json::Value;

const SPEC: Path<'static> = Path::new("spec");
const STATUS: Path<'static> = Path::new("status");

/// Of a new definition.
pub fn validate(definition: &Value) -> ErrorList {
    let spec = internal::spec(definition);
    let mut errors = self::spec(&spec);
    errors.extend(rest(definition, None));
    errors
}

/// Of a change.
pub fn validate_update(new: &Value, old: &Value) -> ErrorList {
    let spec = internal::spec(new);
    let mut errors = self::spec(&spec);
    let old_spec = old.get("spec").unwrap_or(&Value::Null);
    let names = SPEC.child("names");
    let mut fixed = |path: &Path<'_>, at: &[&str]| {
        let (new, old) = (value::at(&spec, at), value::at(old_spec, at));
        if new != old {
            let shown = new.cloned().unwrap_or_else(|| Value::from(""));
            errors.push(Error::invalid(path, shown, update::IMMUTABLE));
        }
    };
    if super::is_condition_true(old, super::ESTABLISHED) {
        fixed(&SPEC.child("scope"), &["scope"]);
        fixed(&names.child("kind"), &["names", "kind"]);
    }
    fixed(&SPEC.child("group"), &["group"]);
    fixed(&names.child("plural"), &["names", "plural"]);
    errors.extend(rest(new, Some(old)));
    errors
}

/// Of a write to the status.
pub fn validate_status(definition: &Value) -> ErrorList {
    let status = definition.get("status").unwrap_or(&Value::Null);
    names::validate(status.get("acceptedNames").unwrap_or(&Value::Null), &STATUS.child("acceptedNames"))
}

fn rest(new: &Value, old: Option<&Value>) -> ErrorList {
    let mut errors = validate_status(new);
    errors.extend(stored_versions(new));
    errors.extend(approval::validate(new, old));
    let preserves = |definition: &Value| definition.get("spec").is_some_and(|spec| value::flag(spec, "preserveUnknownFields"));
    if preserves(new) && !old.is_some_and(preserves) {
        errors.push(Error::invalid(
            &SPEC.child("preserveUnknownFields"),
            true,
            "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead",
        ));
    }
    errors
}

/// A definition is named after its plural and its group.
pub fn name_errors(definition: &Value, name: &str, prefix: bool) -> rules::Messages {
    let mut problems = NameRule::Subdomain.check(definition, name, prefix);
    let spec = internal::spec(definition);
    let plural = spec.get("names").map_or("", |names| value::text(names, "plural"));
    if name != format!("{plural}.{}", value::text(&spec, "group")) {
        problems.push("must be spec.names.plural+\".\"+spec.group".to_owned());
    }
    problems
}

fn stored_versions(definition: &Value) -> ErrorList {
    let path = STATUS.child("storedVersions");
    let stored = definition.get("status").map_or(&[][..], |status| value::items(status, "storedVersions"));
    if stored.is_empty() {
        return vec![Error::invalid(&path, Value::Null, "must have at least one stored version")];
    }
    let versions = definition.get("spec").map_or(&[][..], |spec| value::items(spec, "versions"));
    let mut errors = ErrorList::new();
    for version in versions.iter().filter(|v| value::flag(v, "storage")) {
        let name = value::text(version, "name");
        if !stored.iter().any(|s| s.as_str() == Some(name)) {
            errors.push(Error::invalid(&path, stored.to_vec(), format!("must have the storage version {name}")));
        }
    }
    for (index, name) in stored.iter().enumerate() {
        let name = name.as_str().unwrap_or_default();
        if !versions.iter().any(|v| value::text(v, "name") == name) {
            errors.push(Error::invalid(&path.index(index), name, format!("missing from spec.versions; {name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in {name} and removes {name} from status.storedVersions")));
        }
    }
    errors
}

fn spec(spec: &Value) -> ErrorList {
    let mut errors = ErrorList::new();
    let group = value::text(spec, "group");
    let group_path = SPEC.child("group");
    let problems = rules::is_dns1123_subdomain(group);
    if group.is_empty() {
        errors.push(Error::required(&group_path, ""));
    } else if !problems.is_empty() {
        errors.push(Error::invalid(&group_path, group, problems.join(",")));
    } else if !group.contains('.') {
        errors.push(Error::invalid(&group_path, group, "should be a domain with at least one dot"));
    }
    errors.extend(one_of(&SPEC.child("scope"), value::text(spec, "scope"), &["Cluster", "Namespaced"]));
    errors.extend(schemas_present(spec));
    errors.extend(versions(spec));
    errors.extend(names::required(spec, &SPEC.child("names")));
    errors.extend(names::validate(spec.get("names").unwrap_or(&Value::Null), &SPEC.child("names")));
    let any_status = |v: &Value| value::at(v, &["subresources", "status"]).is_some();
    let status = any_status(spec) || value::items(spec, "versions").iter().any(any_status);
    errors.extend(root_schema::validate(spec.get("validation"), status, &SPEC.child("validation")));
    errors.extend(subresources::validate(spec.get("subresources"), &SPEC.child("subresources")));
    errors.extend(columns(spec, &SPEC));
    if !value::items(spec, "selectableFields").is_empty() {
        let path = SPEC.child("selectableFields");
        match value::at(spec, &["validation", "openAPIV3Schema"]) {
            None => errors.push(Error::invalid(&path, "", "may only be set when validations.schema is included")),
            Some(schema) => errors.extend(selectable_fields::validate(value::items(spec, "selectableFields"), schema, &path)),
        }
    }
    errors.extend(conversion::validate(spec.get("conversion"), &SPEC.child("conversion")));
    errors
}

/// C-10-02: every version has a schema.
fn schemas_present(spec: &Value) -> ErrorList {
    if value::at(spec, &["validation", "openAPIV3Schema"]).is_some() {
        return ErrorList::new();
    }
    let versions = SPEC.child("versions");
    let missing = value::items(spec, "versions").iter().enumerate().filter(|(_, v)| value::at(v, &["schema", "openAPIV3Schema"]).is_none());
    missing.map(|(index, _)| Error::required(&versions.index(index).child("schema").child("openAPIV3Schema"), "")).collect()
}

fn versions(spec: &Value) -> ErrorList {
    let path = SPEC.child("versions");
    let list = value::items(spec, "versions");
    let mut errors = ErrorList::new();
    for (index, version) in list.iter().enumerate() {
        let at = path.index(index);
        let name = value::text(version, "name");
        let problems = rules::is_dns1035_label(name);
        if !problems.is_empty() {
            errors.push(Error::invalid(&at.child("name"), name, problems.join(",")));
        }
        errors.extend(self::version(spec, version, &at));
    }
    let name_of = |v: &Value| value::text(v, "name").to_owned();
    let unique = list.iter().enumerate().all(|(i, v)| list.iter().take(i).all(|w| name_of(w) != name_of(v)));
    if !unique {
        errors.push(Error::invalid_printed(&path, internal::printed_versions(spec), "must contain unique version names"));
    }
    if list.iter().filter(|v| value::flag(v, "storage")).count() != 1 {
        let shown = internal::printed_versions(spec);
        errors.push(Error::invalid_printed(&path, shown, "must have exactly one version marked as storage version"));
    }
    let version = value::text(spec, "version");
    let problems = rules::is_dns1035_label(version);
    if !version.is_empty() && !problems.is_empty() {
        errors.push(Error::invalid(&SPEC.child("version"), version, problems.join(",")));
    }
    errors
}

fn version(spec: &Value, version: &Value, at: &Path<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let warning = value::text_if_set(version, "deprecationWarning");
    for problem in deprecation_warning(value::flag(version, "deprecated"), warning) {
        errors.push(Error::invalid(&at.child("deprecationWarning"), warning.unwrap_or_default(), problem));
    }
    let status = internal::of_version(spec, version, "subresources").is_some_and(|s| value::has(s, "status"));
    errors.extend(root_schema::validate(version.get("schema"), status, &at.child("schema")));
    errors.extend(subresources::validate(version.get("subresources"), &at.child("subresources")));
    errors.extend(columns(version, at));
    if !value::items(version, "selectableFields").is_empty() {
        let path = at.child("selectableFields");
        match value::at(version, &["schema", "openAPIV3Schema"]) {
            None => errors.push(Error::invalid(&path, "", "may only be set when `version.schema.openAPIV3Schema` is not included")),
            Some(schema) => errors.extend(selectable_fields::validate(value::items(version, "selectableFields"), schema, &path)),
        }
    }
    errors
}

fn deprecation_warning(deprecated: bool, warning: Option<&str>) -> Vec<String> {
    let Some(warning) = warning else { return Vec::new() };
    if !deprecated {
        return vec!["can only be set for deprecated versions".to_owned()];
    }
    let mut problems = Vec::new();
    if warning.len() > 256 {
        problems.push("must be <= 256 characters long".to_owned());
    }
    if warning.is_empty() {
        problems.push("must not be an empty string".to_owned());
    }
    // Go's printable characters: of white space only the blank.
    if let Some((at, _)) = warning.char_indices().find(|(_, c)| c.is_control() || (c.is_whitespace() && *c != ' ')) {
        problems.push(format!("must only contain printable UTF-8 characters; non-printable character found at index {at}"));
    }
    problems
}

const COLUMN_TYPES: [&str; 5] = ["boolean", "date", "integer", "number", "string"];
const COLUMN_FORMATS: [&str; 8] = ["byte", "date", "date-time", "double", "float", "int32", "int64", "password"];

fn columns(of: &Value, at: &Path<'_>) -> ErrorList {
    let path = at.child("additionalPrinterColumns");
    let mut errors = ErrorList::new();
    for (index, column) in value::items(of, "additionalPrinterColumns").iter().enumerate() {
        let at = path.index(index);
        if value::text(column, "name").is_empty() {
            errors.push(Error::required(&at.child("name"), ""));
        }
        let types = format!("must be one of {}", COLUMN_TYPES.join(","));
        match value::text(column, "type") {
            "" => errors.push(Error::required(&at.child("type"), types)),
            other if !COLUMN_TYPES.contains(&other) => errors.push(Error::invalid(&at.child("type"), other, types)),
            _ => {}
        }
        let format = value::text(column, "format");
        if !format.is_empty() && !COLUMN_FORMATS.contains(&format) {
            errors.push(Error::invalid(&at.child("format"), format, format!("must be one of {}", COLUMN_FORMATS.join(","))));
        }
        match value::text(column, "jsonPath") {
            "" => errors.push(Error::required(&at.child("JSONPath"), "")),
            path => errors.extend(subresources::simple_json_path(path, &at.child("JSONPath"))),
        }
    }
    errors
}

/// A required word out of a list.
pub fn one_of(path: &Path<'_>, word: &str, accepted: &[&str]) -> Option<Error> {
    match word {
        "" => Some(Error::required(path, "")),
        word if accepted.contains(&word) => None,
        word => Some(Error::not_supported(path, word, accepted)),
    }
}

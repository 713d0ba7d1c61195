//! The paths of a scale subresource and of printer columns.

use crate::value;
use minkapi_schema::field::{Error, ErrorList, Path};
use serde_json::Value;

/// The subresources of a spec or of a version.
pub fn validate(subresources: Option<&Value>, path: &Path<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let Some(scale) = subresources.and_then(|s| value::field(s, "scale")) else { return errors };
    let mut check = |key: &str, roots: &[&str], optional: bool, detail: &str| {
        let at = path.child(key);
        let json_path = value::text(scale, key.trim_start_matches("scale."));
        if json_path.is_empty() {
            if !optional {
                errors.push(Error::required(&at, ""));
            }
            return;
        }
        let problem = simple_json_path(json_path, &at);
        if problem.is_none() && !roots.iter().any(|root| json_path.starts_with(root)) {
            errors.push(Error::invalid(&at, json_path, detail));
        }
        errors.extend(problem);
    };
    check("scale.specReplicasPath", &[".spec."], false, "should be a json path under .spec");
    check("scale.statusReplicasPath", &[".status."], false, "should be a json path under .status");
    check("scale.labelSelectorPath", &[".spec.", ".status."], true, "should be a json path under either .spec or .status");
    errors
}

/// A path that starts with a dot.
pub fn simple_json_path(json_path: &str, at: &Path<'_>) -> Option<Error> {
    (!json_path.starts_with('.')).then(|| Error::invalid(at, json_path, "must be a simple json path starting with ."))
}

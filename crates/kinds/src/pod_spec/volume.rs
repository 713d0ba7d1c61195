//! Volumes of a pod.

use super::{Options, volume_source};
use crate::value::{at, field, has, items, text};
use minkapi_schema::{
    field::{Error, ErrorList, Path, invalid_each},
    names,
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The valid volumes of a pod by name.
pub type Volumes<'a> = BTreeMap<&'a str, &'a Value>;

/// Checks the volumes and returns those that containers may use. `pod_name` is empty in templates.
pub fn validate<'a>(errors: &mut ErrorList, spec: &'a Value, pod_name: &str, path: &Path<'_>, options: &Options) -> Volumes<'a> {
    let volumes = items(spec, "volumes");
    let created_claims: BTreeSet<String> =
        volumes.iter().filter(|v| !pod_name.is_empty() && has(v, "ephemeral")).map(|v| format!("{pod_name}-{}", text(v, "name"))).collect();
    let mut valid = Volumes::new();
    for (i, volume) in volumes.iter().enumerate() {
        let at_index = path.index(i);
        let name_path = at_index.child("name");
        let name = text(volume, "name");
        let before = errors.len();
        volume_source::validate(errors, volume, pod_name, &at_index, options);
        if name.is_empty() {
            errors.push(Error::required(&name_path, ""));
        } else {
            invalid_each(errors, &name_path, name, names::is_dns1123_label(name));
        }
        if valid.contains_key(name) {
            errors.push(Error::duplicate(&name_path, name));
        }
        if errors.len() == before {
            valid.insert(name, volume);
        }
        let claim = at(volume, &["persistentVolumeClaim", "claimName"]).and_then(Value::as_str);
        if let Some(claim) = claim.filter(|c| created_claims.contains(*c)) {
            let claim_path = at_index.child("persistentVolumeClaim");
            errors.push(Error::invalid(
                &claim_path.child("claimName"),
                claim,
                "must not reference a PVC that gets created for an ephemeral volume",
            ));
        }
    }
    valid
}

/// Whether a volume can be a block device.
pub fn is_claim(volume: &Value) -> bool {
    field(volume, "persistentVolumeClaim").or_else(|| field(volume, "ephemeral")).is_some()
}

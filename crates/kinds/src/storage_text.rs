//! Words about volumes and claims that their tables share.

use crate::value::{at, field, text, text_if_set};
use serde_json::Value;

/// The annotation that named the storage class before a field did.
pub const BETA_CLASS_ANNOTATION: &str = "volume.beta.kubernetes.io/storage-class";

const SHORT_MODES: &[(&str, &str)] =
    &[("ReadWriteOnce", "RWO"), ("ReadOnlyMany", "ROX"), ("ReadWriteMany", "RWX"), ("ReadWriteOncePod", "RWOP")];

/// Access modes in short: `RWO,ROX`.
pub fn access_modes(modes: &[Value]) -> String {
    let given = |mode: &&str| modes.iter().any(|m| m.as_str() == Some(mode));
    SHORT_MODES.iter().filter(|(mode, _)| given(mode)).map(|(_, short)| *short).collect::<Vec<_>>().join(",")
}

/// The storage class that a volume or claim names, be it by annotation.
pub fn class(object: &Value) -> &str {
    at(object, &["metadata", "annotations"])
        .and_then(|a| text_if_set(a, BETA_CLASS_ANNOTATION))
        .or_else(|| field(object, "spec").map(|spec| text(spec, "storageClassName")))
        .unwrap_or_default()
}

/// The phase, or that it is being deleted.
pub fn phase(object: &Value) -> &str {
    if at(object, &["metadata", "deletionTimestamp"]).is_some() {
        "Terminating"
    } else {
        field(object, "status").map_or("", |s| text(s, "phase"))
    }
}

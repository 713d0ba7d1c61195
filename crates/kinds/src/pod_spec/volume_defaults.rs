//! Defaults of volumes (C-03-40).

use super::{defaults, resources};
use crate::value::{field_mut, items_mut, set, set_default, set_default_nonzero, text};
use serde_json::{Map, Value, json};

/// What one source has by default, given the volume's source.
type Fill = fn(&mut Value);

/// The sources with defaults.
const SOURCES: &[(&str, Fill)] = &[
    ("hostPath", |s| set_default(s, "type", "")),
    ("secret", default_mode),
    ("iscsi", |s| set_default_nonzero(s, "iscsiInterface", "default")),
    ("rbd", |s| {
        set_default_nonzero(s, "pool", "rbd");
        set_default_nonzero(s, "user", "admin");
        set_default_nonzero(s, "keyring", "/etc/ceph/keyring");
    }),
    ("downwardAPI", |s| {
        default_mode(s);
        default_field_refs(s);
    }),
    ("configMap", default_mode),
    ("azureDisk", |s| {
        set_default(s, "cachingMode", "ReadWrite");
        set_default(s, "fsType", "ext4");
        set_default(s, "readOnly", false);
        set_default(s, "kind", "Shared");
    }),
    ("projected", default_projected),
    ("scaleIO", |s| {
        set_default_nonzero(s, "storageMode", "ThinProvisioned");
        set_default_nonzero(s, "fsType", "xfs");
    }),
    ("ephemeral", |s| {
        if let Some(spec) = field_mut(s, "volumeClaimTemplate").and_then(|t| field_mut(t, "spec")) {
            default_claim_spec(spec);
        }
    }),
    ("image", |s| {
        if text(s, "pullPolicy").is_empty() {
            let policy = defaults::pull_policy(text(s, "reference"));
            set(s, "pullPolicy", policy);
        }
    }),
];

/// Fills in one volume; without a source it is an empty directory.
pub fn default(volume: &mut Value) {
    let has_source = volume.as_object().is_some_and(|v| v.iter().any(|(key, source)| key != "name" && !source.is_null()));
    if !has_source {
        set(volume, "emptyDir", Map::new());
        return;
    }
    default_sources(volume);
}

/// Fills in the sources of a volume in a pod or of a persistent volume.
pub fn default_sources(volume: &mut Value) {
    for (key, fill) in SOURCES {
        if let Some(source) = field_mut(volume, key) {
            fill(source);
        }
    }
}

/// Fills in the spec of a persistent volume claim, of its own or in a template.
pub fn default_claim_spec(spec: &mut Value) {
    set_default(spec, "volumeMode", "Filesystem");
    if let Some(requirements) = field_mut(spec, "resources") {
        resources::round(requirements);
    }
}

fn default_mode(source: &mut Value) {
    set_default(source, "defaultMode", json!(0o644));
}

fn default_field_refs(downward: &mut Value) {
    for item in items_mut(downward, "items") {
        if let Some(field_ref) = field_mut(item, "fieldRef") {
            defaults::default_field_ref(field_ref);
        }
    }
}

fn default_projected(source: &mut Value) {
    default_mode(source);
    for projection in items_mut(source, "sources") {
        if let Some(downward) = field_mut(projection, "downwardAPI") {
            default_field_refs(downward);
        }
        if let Some(token) = field_mut(projection, "serviceAccountToken") {
            set_default(token, "expirationSeconds", 3600);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::default;
    use serde_json::json;

    #[test]
    fn a_volume_without_source_is_an_empty_directory() {
        let mut volume = json!({"name": "v"});
        default(&mut volume);
        assert_eq!(volume, json!({"name": "v", "emptyDir": {}}));
    }

    #[test]
    fn sources_have_defaults_of_their_own() {
        let cases = [
            (json!({"name": "v", "hostPath": {"path": "/"}}), json!({"name": "v", "hostPath": {"path": "/", "type": ""}})),
            (json!({"name": "v", "secret": {}}), json!({"name": "v", "secret": {"defaultMode": 420}})),
            (
                json!({"name": "v", "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}}),
                json!({"name": "v", "projected": {"defaultMode": 420, "sources": [{"serviceAccountToken": {"path": "t", "expirationSeconds": 3600}}]}}),
            ),
            (json!({"name": "v", "image": {"reference": "a"}}), json!({"name": "v", "image": {"reference": "a", "pullPolicy": "Always"}})),
        ];
        for (mut volume, expected) in cases {
            default(&mut volume);
            assert_eq!(volume, expected);
        }
    }
}

//! Descriptions of built-in kinds and their fields.
#![doc = include_str!("../README.md")]

use flate2::read::ZlibDecoder;
use std::collections::HashMap;

/// Made by the build script.
static COMPRESSED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptions.json.z"));

/// The descriptions of structs and their fields, by OpenAPI name.
///
/// They take about a megabyte when unpacked: load them for the documents of one version, and drop them.
#[derive(Debug, Clone)]
pub struct Descriptions(HashMap<String, HashMap<String, String>>);

impl Descriptions {
    /// Unpacks them, which takes milliseconds.
    pub fn load() -> Self {
        // What the build script wrote can be read.
        Self(serde_json::from_reader(ZlibDecoder::new(COMPRESSED)).unwrap_or_default())
    }

    /// What a struct is, by a name such as `io.k8s.api.core.v1.PodSpec`.
    pub fn of_kind(&self, name: &str) -> Option<&str> {
        self.of_field(name, "")
    }

    /// What a field of a struct is.
    pub fn of_field(&self, name: &str, field: &str) -> Option<&str> {
        self.0.get(name)?.get(field).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_and_their_fields_are_described_at_every_depth() {
        let descriptions = Descriptions::load();
        let probe = "io.k8s.api.core.v1.Probe";
        assert!(descriptions.of_kind(probe).is_some_and(|text| text.starts_with("Probe describes a health check")));
        assert!(descriptions.of_field(probe, "periodSeconds").is_some_and(|text| text.starts_with("How often")));
        assert_eq!(descriptions.of_field(probe, "noSuchField"), None);
        assert_eq!(descriptions.of_kind("io.k8s.api.core.v1.NoSuchKind"), None);
    }

    #[test]
    fn meta_types_are_described() {
        let descriptions = Descriptions::load();
        for name in ["ObjectMeta", "DeleteOptions", "Status", "APIResourceList", "WatchEvent", "Time"] {
            let name = format!("io.k8s.apimachinery.pkg.apis.meta.v1.{name}");
            assert!(descriptions.of_kind(&name).is_some(), "{name}");
        }
    }
}

//! Objects as a real kube-apiserver 1.37.2 sent them, each as JSON, protobuf and YAML: `tests/data/*.{json,pb,yaml}`.

#![allow(clippy::unwrap_used, reason = "tests")]

use minkapi_codec::{protobuf, yaml};
use serde_json::Value;
use std::{fs, path::PathBuf};

/// Every recording: its name, JSON, protobuf and YAML.
fn recordings() -> Vec<(String, Vec<u8>, Vec<u8>, String)> {
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let files = fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()).filter(|p| p.extension().is_some_and(|e| e == "json"));
    let read = |path: PathBuf| {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let yaml = fs::read_to_string(path.with_extension("yaml")).unwrap();
        (name, fs::read(&path).unwrap(), fs::read(path.with_extension("pb")).unwrap(), yaml)
    };
    let found: Vec<_> = files.map(read).collect();
    assert!(!found.is_empty());
    found
}

/// The first lines in which two values differ.
fn first_difference(ours: &Value, real: &Value) -> Option<(String, String)> {
    let text = |v: &Value| serde_json::to_string_pretty(v).unwrap();
    let (ours, real) = (text(ours), text(real));
    let pair = ours.lines().zip(real.lines()).find(|(a, b)| a != b).map(|(a, b)| (a.to_owned(), b.to_owned()));
    pair.or_else(|| if ours == real { None } else { Some((ours, real)) })
}

#[test]
fn json_becomes_the_bytes_that_the_real_server_sends() {
    for (name, json, bytes, _) in recordings() {
        let value: Value = serde_json::from_slice(&json).unwrap();
        let ours = protobuf::encode_object(&value).unwrap();
        assert!(ours == bytes, "{name}:\nours {}\nreal {}", ours.escape_ascii(), bytes.escape_ascii());
    }
}

#[test]
fn protobuf_becomes_the_json_that_the_real_server_sends() {
    for (name, json, bytes, _) in recordings() {
        let value: Value = serde_json::from_slice(&json).unwrap();
        if value["kind"] == "PartialObjectMetadataList" {
            // Its items say apiVersion and kind in JSON, which protobuf items never do.
            continue;
        }
        let ours = protobuf::decode_object(&bytes, "", "").unwrap();
        assert_eq!(first_difference(&ours, &value), None, "{name}");
    }
}

#[test]
fn json_becomes_the_yaml_that_the_real_server_sends() {
    for (name, json, _, text) in recordings() {
        let value: Value = serde_json::from_slice(&json).unwrap();
        assert_eq!(yaml::write(&value), text, "{name}");
    }
}

#[test]
fn yaml_is_read_back_as_the_same_value() {
    for (name, json, _, text) in recordings() {
        let value: Value = serde_json::from_slice(&json).unwrap();
        let document = yaml::read(text.as_bytes()).unwrap();
        assert_eq!(document.value, value, "{name}");
        assert!(document.duplicates.is_empty(), "{name}");
    }
}

#[test]
fn a_list_of_encoded_items_is_the_list_that_the_real_server_sends() {
    let (_, json, bytes, _) = recordings().into_iter().find(|(name, ..)| name == "configmaplist").unwrap();
    let list: Value = serde_json::from_slice(&json).unwrap();
    let of = |api_version, kind| &minkapi_registry::top_level_kind(api_version, kind).unwrap().schema;
    let items: Vec<_> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|i| protobuf::list_item(&protobuf::encode_value(i, of("v1", "ConfigMap")).unwrap()))
        .collect();
    let metadata = minkapi_registry::struct_named("io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta").unwrap();
    let metadata = protobuf::encode_value(&list["metadata"], metadata).unwrap();
    let mut encoded = protobuf::list_head("v1", "ConfigMapList", &metadata, items.iter().map(Vec::len));
    items.iter().for_each(|item| encoded.extend_from_slice(item));
    encoded.extend_from_slice(protobuf::LIST_TAIL);
    assert_eq!(encoded, bytes);
}

#[test]
fn a_watch_event_is_framed_as_the_real_server_does() {
    let frame = include_bytes!("data/configmap-added.frame");
    let (_, _, envelope, _) = recordings().into_iter().find(|(name, ..)| name == "configmap").unwrap();
    assert_eq!(protobuf::watch_frame("ADDED", &envelope), frame);
}

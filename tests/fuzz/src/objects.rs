//! Objects in each form in which they come.

use crate::input;
use minkapi_codec::{protobuf, yaml};
use minkapi_schema::decode;

/// JSON of a kind; what was read reads the same when it is written.
pub fn json(data: &[u8]) {
    let (kind, body) = input::kind(data);
    if let Ok(decoded) = decode::decode(body, &kind.schema) {
        let again = decode::decode_value(&decoded.value, &kind.schema).map(|d| d.value);
        assert_eq!(again.as_ref(), Ok(&decoded.value), "a decoded {} reads otherwise", kind.kind);
    }
    let _ = decode::decode_untyped(body);
}

/// A protobuf message of a kind; what was read reads the same when it is written.
pub fn protobuf(data: &[u8]) {
    let (kind, body) = input::kind(data);
    if let Ok(value) = protobuf::decode(body, &kind.schema) {
        let written = protobuf::encode_value(&value, &kind.schema).expect("a decoded message can be written");
        let again = protobuf::decode(&written, &kind.schema).expect("what was written can be read");
        assert_eq!(again, value, "a decoded {} reads otherwise", kind.kind);
    }
}

/// A protobuf body with its envelope.
pub fn protobuf_envelope(data: &[u8]) {
    if let Ok(value) = protobuf::decode_object(data, "v1", "Pod") {
        let _ = protobuf::encode_object(&value);
    }
}

/// A YAML document; what was read reads the same when it is written.
pub fn yaml(data: &[u8]) {
    if let Ok(document) = yaml::read(data) {
        let written = yaml::write(&document.value);
        let again = yaml::read(written.as_bytes()).expect("what was written can be read");
        assert_eq!(again.value, document.value, "{written}");
    }
}

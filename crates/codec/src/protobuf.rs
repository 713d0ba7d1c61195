//! Protobuf of every built-in kind, translated from and to JSON by a walk over the registry's tables.
//!
//! [`plan`] turns the tables into message layouts once; [`encode`] walks JSON text backwards into bytes, [`decode`] walks
//! bytes into a [`serde_json::Value`]; [`envelope`] is the `k8s\0` frame around both; [`list`] and [`watch`] put encoded
//! objects together without decoding them again.

mod backward;
mod decode;
mod encode;
mod envelope;
mod json_index;
mod list;
mod plan;
mod watch;
mod wire;

pub use decode::decode;
pub use encode::{EncodeError, encode, encode_value};
pub use envelope::{Unknown, decode_object, encode_object, unwrap, wrap};
pub use list::{LIST_TAIL, list_head, list_item};
pub use watch::watch_frame;

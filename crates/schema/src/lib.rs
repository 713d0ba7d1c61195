//! What the API checks of a value before any kind looks at it: strict decoding, zero values as Go writes them, schema
//! defaults, quantities, names, and the field errors that everything above reports in.
//!
//! This crate knows schemas ([`minkapi_registry::Struct`]), not kinds: built-ins and custom resources alike.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod base64;
pub mod decode;
pub mod duration;
pub mod field;
pub mod ip;
mod json;
pub mod names;
mod normalize;
pub mod pattern;
pub mod quantity;
pub mod structural;
pub mod time;
mod write;

pub use normalize::{canonicalize, is_zero, zero};
pub use structural::Structural;
pub use write::GoOrder;

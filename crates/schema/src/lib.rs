//! What the API checks of a value before any kind looks at it: strict decoding, zero values as Go writes them, schema
//! defaults, quantities, names, and the field errors that everything above reports in.
//!
//! This crate knows schemas ([`minkapi_registry::Struct`]), not kinds: built-ins and custom resources alike.

pub mod base64;
pub mod decode;
pub mod duration;
pub mod field;
pub mod ip;
mod json;
pub mod names;
mod normalize;
pub mod quantity;
pub mod time;

pub use normalize::{canonicalize, is_zero, zero};

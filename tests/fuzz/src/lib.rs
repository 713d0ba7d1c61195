//! Fuzz targets: every parser of MinKAPI, and whole requests at the tower seam.
//!
//! A target is a function of bytes that must not panic, whatever they are. Most also check a property: what was read and
//! written again reads the same. `libfuzzer/` feeds them by libFuzzer (`cargo xtask fuzz`), and `tests/corpora.rs` runs what
//! is in `corpus/` as normal tests; inputs that once found a fault stay there.
//!
//! Inputs are text where they can be, so that they can be read and written by hand: see [`requests`] and [`input`].
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a fuzz target fails by panicking")]

pub mod custom;
pub mod files;
pub mod input;
pub mod objects;
pub mod patches;
pub mod requests;
pub mod selectors;
pub mod values;

/// A name and what is done with the bytes.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: &[Target] = &[
    ("apply", patches::apply),
    ("cel", custom::cel),
    ("continue_token", requests::continue_token),
    ("custom_schema", custom::schema),
    ("duration", values::duration),
    ("field_selector", selectors::field),
    ("fields_v1", patches::fields_v1),
    ("json", objects::json),
    ("json_patch", patches::json_patch),
    ("json_path", custom::json_path),
    ("label_selector", selectors::label),
    ("log", files::log),
    ("merge_patch", patches::merge_patch),
    ("protobuf", objects::protobuf),
    ("protobuf_envelope", objects::protobuf_envelope),
    ("quantity", values::quantity),
    ("query", requests::query),
    ("request", requests::request),
    ("snapshot", files::snapshot),
    ("strategic_merge_patch", patches::strategic_merge_patch),
    ("texts", values::texts),
    ("time", values::time),
    ("token_file", files::token_file),
    ("yaml", objects::yaml),
];

/// Runs a target.
///
/// # Panics
/// There is none of that name, or the input has found a fault.
pub fn run(name: &str, data: &[u8]) {
    let (_, target) = TARGETS.iter().find(|(n, _)| *n == name).unwrap_or_else(|| panic!("no target is called {name}"));
    target(data);
}

//! What the tests of kinds share.

use crate::{Context, Strategy, object_meta};
use minkapi_schema::field::Error;
use serde_json::Value;

/// Everything wrong with a new object of a cluster-scoped kind, its metadata included.
pub fn refused(strategy: &dyn Strategy, object: &Value) -> Vec<String> {
    texts(&object_meta::validate_new(strategy, &Context::example(), object, false))
}

/// The errors as clients read them.
pub fn texts(errors: &[Error]) -> Vec<String> {
    errors.iter().map(ToString::to_string).collect()
}

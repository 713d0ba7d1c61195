//! What the tests of kinds share.

use minkapi_schema::field::Error;

/// The errors as clients read them.
pub fn texts(errors: &[Error]) -> Vec<String> {
    errors.iter().map(ToString::to_string).collect()
}

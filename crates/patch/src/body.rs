//! Bodies of merge and strategic merge patches.

use crate::{
    PatchError, go_format,
    strict_json::{self, StrictErrors},
};
use serde_json::Value;

/// The body as JSON, with what strict decoding has to say if that is asked for.
pub(crate) fn parse(body: &[u8], strict: bool) -> Result<(Value, Vec<String>), PatchError> {
    let text = std::str::from_utf8(body).map_err(|_| not_json())?;
    let mut errors = StrictErrors::default();
    let value = if strict { strict_json::parse(text, "", &mut errors) } else { serde_json::from_str(text) };
    Ok((value.map_err(|_| not_json())?, errors.into_vec()))
}

/// C-07-04.
pub(crate) fn not_json() -> PatchError {
    PatchError::BadRequest("invalid JSON patch".into())
}

/// `encoding/json`'s words for a body that is no object.
pub(crate) fn not_an_object(value: &Value) -> String {
    format!("json: cannot unmarshal {} into Go value of type map[string]interface {{}}", go_format::json_type(value))
}

/// Whether a patch of metadata says anything of `managedFields`.
pub(crate) fn touches_managed_fields(metadata: Option<&Value>) -> bool {
    metadata.is_some_and(|metadata| metadata.get("managedFields").is_some())
}

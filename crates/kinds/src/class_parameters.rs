//! What StorageClass and VolumeAttributesClass have in common: a driver's name and parameters for it.

use crate::value::{map, text};
use minkapi_schema::{
    field::{Error, ErrorList, Path, invalid_each},
    names,
};
use serde_json::Value;

const MAX_PARAMETERS: usize = 512;
const MAX_PARAMETERS_BYTES: usize = 256 * 1024;

/// The driver's name, if there is one, must be a qualified name.
pub fn validate_driver(errors: &mut ErrorList, object: &Value, key: &str) {
    let driver = text(object, key).to_lowercase();
    if !driver.is_empty() {
        invalid_each(errors, &Path::new(key), &driver, names::is_qualified_name(&driver));
    }
}

/// The number, keys and size of the parameters.
pub fn validate_parameters(errors: &mut ErrorList, object: &Value, may_be_empty: bool) {
    let path = Path::new("parameters");
    let Some(parameters) = map(object, "parameters").filter(|p| !p.is_empty()) else {
        if !may_be_empty {
            errors.push(Error::required(&path, "must contain at least one key/value pair"));
        }
        return;
    };
    if parameters.len() > MAX_PARAMETERS {
        errors.push(Error::too_long(&path, MAX_PARAMETERS));
        return;
    }
    if parameters.contains_key("") {
        errors.push(Error::invalid(&path, "", "field can not be empty."));
    }
    let size: usize = parameters.iter().map(|(key, value)| key.len() + value.as_str().map_or(0, str::len)).sum();
    if size > MAX_PARAMETERS_BYTES {
        errors.push(Error::too_long(&path, MAX_PARAMETERS_BYTES));
    }
}

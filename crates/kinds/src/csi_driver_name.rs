//! Names of CSI drivers, as storage kinds and volumes refer to them.

use minkapi_schema::{
    field::{Error, ErrorList, Path, invalid_each},
    names,
};

/// Longest name.
pub const MAX: usize = 63;

/// Everything wrong with a required driver name.
pub fn validate(name: &str, path: &Path<'_>) -> ErrorList {
    if name.is_empty() {
        return vec![Error::required(path, "")];
    }
    let mut errors = ErrorList::new();
    if name.len() > MAX {
        errors.push(Error::too_long(path, MAX));
    }
    invalid_each(&mut errors, path, name, names::is_dns1123_subdomain(&name.to_lowercase()));
    errors
}

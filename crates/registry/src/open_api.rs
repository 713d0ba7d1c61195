//! What OpenAPI documents say of built-in structs beyond [`Struct`](crate::Struct).

use crate::generated::open_api::OPEN_API_EXTENSIONS;

/// A merge patch of the schema that the tables give for a struct or a field: values of enumerations, unions, and marks that
/// mean nothing to the server.
#[derive(Debug, Clone, Copy)]
pub struct OpenApiExtension {
    /// OpenAPI name of the struct.
    pub of: &'static str,
    /// JSON name of the field; empty for the struct itself.
    pub field: &'static str,
    /// JSON merge patch (RFC 7386).
    pub patch: &'static str,
}

/// The extensions of a struct and its fields.
pub fn open_api_extensions(of: &str) -> &'static [OpenApiExtension] {
    let start = OPEN_API_EXTENSIONS.partition_point(|e| e.of < of);
    let rest = OPEN_API_EXTENSIONS.get(start..).unwrap_or_default();
    rest.get(..rest.partition_point(|e| e.of == of)).unwrap_or_default()
}

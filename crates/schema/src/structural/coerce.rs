//! What a custom resource goes through after it has been read: metadata takes ObjectMeta's form, unknown fields go.

use super::Structural;
use crate::{decode::decode_part, field::Path};
use minkapi_registry::Struct;
use serde_json::Value;

impl Structural {
    /// Brings a whole custom resource into the form in which it is kept, with its defaults. Returns `unknown field "spec.x"`
    /// for what was dropped: of its metadata first, then of its fields sorted, then of the metadata of embedded objects
    /// (C-03-31), which are looked for if the schema has any.
    ///
    /// # Errors
    /// Metadata of a wrong form, in the words of the 400.
    pub fn coerce(&self, object: &mut Value, metadata: &Struct, has_embedded: bool) -> Result<Vec<String>, String> {
        let mut problems = Vec::new();
        if let Some(meta) = object.get_mut("metadata") {
            let decoded = decode_part(meta, metadata, "metadata")?;
            problems.extend(decoded.problems);
            *meta = decoded.value;
        }
        problems.extend(self.conform(object).iter().map(|path| format!("unknown field {}", crate::field::quoted(path))));
        if !has_embedded {
            return Ok(problems);
        }
        let mut embedded = Vec::new();
        self.coerce_embedded(object, &Path::ROOT, metadata, &mut embedded, true)?;
        embedded.sort();
        problems.extend(embedded);
        Ok(problems)
    }

    fn coerce_embedded(
        &self,
        value: &mut Value,
        path: &Path<'_>,
        metadata: &Struct,
        problems: &mut Vec<String>,
        is_root: bool,
    ) -> Result<(), String> {
        match value {
            Value::Object(map) => {
                for (name, value) in map {
                    if self.embedded && !is_root {
                        let at = path.child(name);
                        match name.as_str() {
                            "apiVersion" | "kind" if !value.is_string() => {
                                return Err(crate::field::Error::invalid(&at, value.clone(), "must be a string").to_string());
                            }
                            "metadata" => {
                                let decoded = decode_part(value, metadata, &at.to_string())
                                    .map_err(|why| crate::field::Error::invalid(&at, value.clone(), why).to_string())?;
                                problems.extend(decoded.problems);
                                *value = decoded.value;
                            }
                            _ => {}
                        }
                    }
                    if let Some(property) = self.properties.get(name) {
                        property.coerce_embedded(value, &path.child(name), metadata, problems, false)?;
                    } else if let Some(of) = self.child(name) {
                        of.coerce_embedded(value, &path.key(name), metadata, problems, false)?;
                    }
                }
            }
            Value::Array(list) => {
                if let Some(items) = &self.items {
                    for (index, item) in list.iter_mut().enumerate() {
                        items.coerce_embedded(item, &path.index(index), metadata, problems, false)?;
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }
}

//! The scale subresource of custom resources (C-10-18).

use crate::value;
use minkapi_schema::field::{Error, Path};
use serde_json::{Map, Value, json};

/// Where replicas and the selector stand in an object, as simple paths (`.spec.replicas`).
#[derive(Debug, Clone)]
pub struct ScalePaths {
    spec_replicas: String,
    status_replicas: String,
    label_selector: Option<String>,
}

impl ScalePaths {
    /// Reads `subresources.scale` of a definition.
    pub(super) fn parse(scale: &Value) -> Self {
        Self {
            spec_replicas: value::text(scale, "specReplicasPath").to_owned(),
            status_replicas: value::text(scale, "statusReplicasPath").to_owned(),
            label_selector: value::text_if_set(scale, "labelSelectorPath").filter(|p| !p.is_empty()).map(str::to_owned),
        }
    }

    /// Path of the replicas in the spec, as the definition writes it.
    pub fn spec_replicas_path(&self) -> &str {
        &self.spec_replicas
    }

    /// An object's Scale (`autoscaling/v1`), and whether its spec says how many replicas it wants.
    ///
    /// # Errors
    /// A field on the way has another type.
    pub fn read(&self, object: &Value) -> Result<(Value, bool), String> {
        let wanted = integer(object, &self.spec_replicas)?;
        let actual = integer(object, &self.status_replicas)?.unwrap_or_default();
        let selector = match &self.label_selector {
            Some(path) => text(object, path)?.unwrap_or_default(),
            None => String::new(),
        };
        let null = Value::Null;
        let meta = object.get("metadata").unwrap_or(&null);
        let kept = ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"];
        let metadata: Map<String, Value> =
            kept.iter().filter_map(|key| value::field(meta, key).map(|v| ((*key).to_owned(), v.clone()))).collect();
        let mut scale = json!({
            "apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": metadata, "spec": {}, "status": {"replicas": actual},
        });
        if let Some(spec) = scale.get_mut("spec").filter(|_| wanted.unwrap_or_default() != 0) {
            value::set(spec, "replicas", wanted.unwrap_or_default());
        }
        if let Some(status) = scale.get_mut("status").filter(|_| !selector.is_empty()) {
            value::set(status, "selector", selector);
        }
        Ok((scale, wanted.is_some()))
    }

    /// Sets how many replicas an object wants.
    ///
    /// # Errors
    /// A field on the way is no object.
    pub fn write(&self, object: &mut Value, replicas: i32) -> Result<(), String> {
        let fields = segments(&self.spec_replicas);
        let Some((last, parents)) = fields.split_last() else { return Ok(()) };
        let mut at = object;
        for (depth, field) in parents.iter().enumerate() {
            if at.get(field).is_none() {
                value::set(at, field, Map::new());
            }
            at = at.get_mut(field).filter(|v| v.is_object()).ok_or_else(|| {
                let path = fields.iter().take(depth + 1).copied().collect::<Vec<_>>().join(".");
                format!("value cannot be set because .{path} is not a map[string]interface{{}}")
            })?;
        }
        value::set(at, last, replicas);
        Ok(())
    }

    pub(super) fn validate_spec(&self, object: &Value) -> Option<Error> {
        replicas(object, &self.spec_replicas)
    }

    pub(super) fn validate_status(&self, object: &Value) -> Vec<Error> {
        let mut errors: Vec<Error> = replicas(object, &self.status_replicas).into_iter().collect();
        if let Some(path) = &self.label_selector
            && let Err(why) = text(object, path)
        {
            errors.push(Error::invalid(&Path::new(path), "", why));
        }
        errors
    }
}

fn replicas(object: &Value, path: &str) -> Option<Error> {
    let at = Path::new(path);
    match integer(object, path) {
        Err(why) => Some(Error::invalid(&at, 0, why)),
        Ok(Some(n)) if n < 0 => Some(Error::invalid(&at, n, "should be a non-negative integer")),
        Ok(Some(n)) if n > i64::from(i32::MAX) => Some(Error::invalid(&at, n, format!("should be less than or equal to {}", i32::MAX))),
        Ok(_) => None,
    }
}

fn segments(path: &str) -> Vec<&str> {
    path.strip_prefix('.').unwrap_or(path).split('.').collect()
}

/// The value at a path; Err in the words of apimachinery's `Nested...` functions.
fn nested<'a>(object: &'a Value, path: &str) -> Result<Option<&'a Value>, String> {
    let fields = segments(path);
    let mut at = object;
    for (depth, field) in fields.iter().enumerate() {
        match at {
            Value::Object(map) => match map.get(*field) {
                Some(next) => at = next,
                None => return Ok(None),
            },
            Value::Null => return Ok(None),
            other => {
                let so_far = fields.iter().take(depth + 1).copied().collect::<Vec<_>>().join(".");
                return Err(wrong_type(&so_far, other, "map[string]interface{}"));
            }
        }
    }
    Ok(Some(at))
}

fn integer(object: &Value, path: &str) -> Result<Option<i64>, String> {
    match nested(object, path)? {
        None => Ok(None),
        Some(found) => match found.as_i64() {
            Some(n) => Ok(Some(n)),
            None => Err(wrong_type(&segments(path).join("."), found, "int64")),
        },
    }
}

fn text(object: &Value, path: &str) -> Result<Option<String>, String> {
    match nested(object, path)? {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(other) => Err(wrong_type(&segments(path).join("."), other, "string")),
    }
}

fn wrong_type(path: &str, value: &Value, expected: &str) -> String {
    let (shown, type_) = match value {
        Value::Null => ("<nil>".to_owned(), "<nil>"),
        Value::Bool(b) => (b.to_string(), "bool"),
        Value::Number(n) if n.is_f64() => (n.to_string(), "float64"),
        Value::Number(n) => (n.to_string(), "int64"),
        Value::String(s) => (s.clone(), "string"),
        Value::Array(_) => (go_print(value), "[]interface {}"),
        Value::Object(_) => (go_print(value), "map[string]interface {}"),
    };
    format!(".{path} accessor error: {shown} is of the type {type_}, expected {expected}")
}

/// A value as Go's `%v` prints it.
fn go_print(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::String(s) => s.clone(),
        Value::Array(list) => format!("[{}]", list.iter().map(go_print).collect::<Vec<_>>().join(" ")),
        Value::Object(map) => {
            format!("map[{}]", map.iter().map(|(k, v)| format!("{k}:{}", go_print(v))).collect::<Vec<_>>().join(" "))
        }
        other => other.to_string(),
    }
}

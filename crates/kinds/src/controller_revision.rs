//! ControllerRevision: data that never changes.

use crate::{
    Column, Context, Row, Strategy, Traits,
    object_meta::non_negative,
    table,
    update::immutable,
    value::{at, flag, int, items, text},
};
use minkapi_schema::field::{Error, ErrorList, Path};
use serde_json::Value;

/// The strategy of ControllerRevision.
#[derive(Debug)]
pub struct ControllerRevision;

impl Strategy for ControllerRevision {
    fn traits(&self) -> Traits {
        Traits { name_on_update: true, ..Traits::DEFAULT }
    }

    fn validate(&self, _: &Context<'_>, object: &Value) -> ErrorList {
        let mut errors: ErrorList = non_negative(int(object, "revision").unwrap_or_default(), &Path::new("revision")).into_iter().collect();
        let missing = match object.get("data") {
            Some(Value::Object(_)) => None,
            None | Some(Value::Null) => Some("data is mandatory"),
            Some(_) => Some("data must be a valid JSON object"),
        };
        errors.extend(missing.map(|why| Error::required(&Path::new("data"), why)));
        errors
    }

    fn validate_update(&self, _: &Context<'_>, new: &Value, old: &Value) -> ErrorList {
        let mut errors: ErrorList = non_negative(int(new, "revision").unwrap_or_default(), &Path::new("revision")).into_iter().collect();
        errors.extend(immutable(new.get("data"), old.get("data"), &Path::new("data")));
        errors
    }

    fn columns(&self, _: &str) -> Option<&[Column]> {
        Some(COLUMNS)
    }

    fn row(&self, object: &Value, now_millis: i64, _: bool) -> Row {
        let controller = controller(object).unwrap_or_else(|| table::NONE.to_owned());
        let revision = int(object, "revision").unwrap_or_default();
        Row::of(vec![table::name(object), controller.into(), revision.into(), table::age(object, now_millis)])
    }
}

/// The controlling owner as `statefulset.apps/web`.
fn controller(object: &Value) -> Option<String> {
    let owner = items(at(object, &["metadata"])?, "ownerReferences").iter().find(|o| flag(o, "controller"))?;
    let group = text(owner, "apiVersion").split_once('/').map_or("", |(group, _)| group);
    let kind = text(owner, "kind").to_lowercase();
    let dot = if group.is_empty() { "" } else { "." };
    Some(format!("{kind}{dot}{group}/{}", text(owner, "name")))
}

static COLUMNS: &[Column] = &[
    table::NAME,
    Column::new("Controller", "string", "", 0, "Controller of the object"),
    Column::new("Revision", "string", "", 0, "Revision indicates the revision of the state represented by Data."),
    table::AGE,
];

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_controller_is_named_with_its_kind() {
        let object = json!({"metadata": {"name": "web-1", "ownerReferences": [
            {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "web", "controller": true}]}, "revision": 1});
        assert_eq!(ControllerRevision.row(&object, 0, true).cells[1], "statefulset.apps/web");
    }

    #[test]
    fn data_is_an_object() {
        let errors = ControllerRevision.validate(&Context::example(), &json!({"data": []}));
        assert_eq!(errors[0].to_string(), "data: Required value: data must be a valid JSON object");
    }

    #[test]
    fn data_is_needed_and_stays() {
        let errors = ControllerRevision.validate(&Context::example(), &json!({"revision": -1}));
        assert_eq!(errors.iter().map(|e| e.field.as_str()).collect::<Vec<_>>(), ["revision", "data"]);
        let errors = ControllerRevision.validate_update(&Context::example(), &json!({"data": {"a": 1}}), &json!({"data": {"a": 2}}));
        assert_eq!(errors[0].detail, "field is immutable");
    }
}

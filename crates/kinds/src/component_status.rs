//! ComponentStatus: only its table.

use crate::{
    Column, Row, Strategy, Traits, table,
    value::{items, text},
};
use serde_json::Value;

/// The strategy of ComponentStatus.
#[derive(Debug)]
pub struct ComponentStatus;

impl Strategy for ComponentStatus {
    fn traits(&self) -> Traits {
        Traits { unstored: true, deprecation_warning: Some("v1 ComponentStatus is deprecated in v1.19+"), ..Traits::DEFAULT }
    }

    fn columns(&self, _: &str) -> Option<&[Column]> {
        Some(COLUMNS)
    }

    fn row(&self, object: &Value, _: i64, _: bool) -> Row {
        let healthy = items(object, "conditions").iter().find(|c| text(c, "type") == "Healthy");
        let status = match healthy.map(|c| text(c, "status")) {
            Some("True") => "Healthy",
            Some(_) => "Unhealthy",
            None => "Unknown",
        };
        let of = |key| healthy.map_or("", |c| text(c, key)).into();
        Row::of(vec![table::name(object), status.into(), of("message"), of("error")])
    }
}

static COLUMNS: &[Column] = &[
    table::NAME,
    Column::new("Status", "string", "", 0, "Status of the component conditions"),
    Column::new("Message", "string", "", 0, "Message of the component conditions"),
    Column::new("Error", "string", "", 0, "Error of the component conditions"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_healthy_condition_is_told() {
        let object = json!({"metadata": {"name": "etcd-0"}, "conditions": [{"type": "Healthy", "status": "True", "message": "ok"}]});
        assert_eq!(ComponentStatus.row(&object, 0, true).cells, ["etcd-0", "Healthy", "ok", ""]);
    }
}

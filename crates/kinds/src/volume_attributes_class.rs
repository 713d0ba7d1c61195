//! VolumeAttributesClass: changeable attributes of volumes.

use crate::{
    Column, Context, DeletedAnswer, Row, Strategy, Traits,
    class_parameters::{validate_driver, validate_parameters},
    declarative, table,
    value::text,
};
use minkapi_schema::field::{Error, ErrorList, Path};
use serde_json::{Value, json};

/// The strategy of VolumeAttributesClass.
#[derive(Debug)]
pub struct VolumeAttributesClass;

impl Strategy for VolumeAttributesClass {
    fn traits(&self) -> Traits {
        Traits { deleted: DeletedAnswer::Object, name_on_update: true, ..Traits::DEFAULT }
    }

    fn validate(&self, _: &Context<'_>, class: &Value) -> ErrorList {
        let mut errors = ErrorList::new();
        if text(class, "driverName").is_empty() {
            errors.push(Error::required(&Path::new("driverName"), ""));
        }
        validate_driver(&mut errors, class, "driverName");
        validate_parameters(&mut errors, class, false);
        errors
    }

    fn validate_update(&self, cx: &Context<'_>, new: &Value, old: &Value) -> ErrorList {
        let mut errors = ErrorList::new();
        for key in ["driverName", "parameters"] {
            if declarative::changed(new, old, key) {
                errors.push(Error::forbidden(&Path::new(key), format!("updates to {key} are forbidden.")));
            }
        }
        errors.extend(self.validate(cx, new));
        errors
    }

    fn columns(&self, _: &str) -> Option<&[Column]> {
        Some(COLUMNS)
    }

    fn row(&self, class: &Value, now_millis: i64, _: bool) -> Row {
        Row::of(vec![table::name(class), json!(text(class, "driverName")), table::age(class, now_millis)])
    }
}

static COLUMNS: &[Column] = &[
    table::NAME,
    Column::new("DriverName", "string", "", 0, "driverName is the name of the CSI driver This field is immutable."),
    table::AGE,
];

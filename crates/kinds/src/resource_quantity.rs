//! Rules for single quantities.

use minkapi_schema::{
    field::{Error, Path},
    quantity::{self, Quantity},
};
use serde_json::Value;

/// A decoded quantity; zero where there is none.
pub fn read(value: Option<&Value>) -> Quantity {
    value.and_then(|v| quantity::from_json(v).ok()).unwrap_or(Quantity::ZERO)
}

/// Wrong if it is below zero.
pub fn non_negative(value: &Value, path: &Path<'_>) -> Option<Error> {
    let amount = read(Some(value));
    (amount.sign() < 0).then(|| Error::invalid(path, amount.to_string(), "must be greater than or equal to 0"))
}

/// Wrong if it is zero or below.
pub fn positive(value: &Value, path: &Path<'_>) -> Option<Error> {
    let amount = read(Some(value));
    (amount.sign() <= 0).then(|| Error::invalid(path, amount.to_string(), "must be greater than zero"))
}

/// Wrong if its whole part is below zero; told as a number.
pub fn basic(value: &Value, path: &Path<'_>) -> Option<Error> {
    let whole = read(Some(value)).value();
    (whole < 0).then(|| Error::invalid(path, whole, "must be a valid resource quantity"))
}

//! ConfigMap: sizes, keys, immutability.

use crate::{
    Column, Context, Row, Strategy, Traits, table,
    update::same,
    value::{entries, flag, map},
};
use minkapi_schema::{
    field::{Error, ErrorList, Path, invalid_each},
    names,
};
use serde_json::Value;

/// All data of a ConfigMap or Secret together may have this many bytes.
pub const MAX_SIZE: usize = 1024 * 1024;

/// The strategy of ConfigMap.
#[derive(Debug)]
pub struct ConfigMap;

impl Strategy for ConfigMap {
    fn traits(&self) -> Traits {
        Traits { stays_canonical: true, name_on_update: true, ..Traits::DEFAULT }
    }

    fn validate(&self, _: &Context<'_>, object: &Value) -> ErrorList {
        let mut errors = ErrorList::new();
        let (data, binary) = (Path::new("data"), Path::new("binaryData"));
        let binary_data = map(object, "binaryData");
        let mut size = 0;
        for (key, text) in entries(object, "data") {
            invalid_each(&mut errors, &data.key(key), key, names::is_config_map_key(key));
            if binary_data.is_some_and(|m| m.contains_key(key)) {
                errors.push(Error::invalid(&data.key(key), key, "duplicate of key present in binaryData"));
            }
            size += text.as_str().map_or(0, str::len);
        }
        for (key, base64) in entries(object, "binaryData") {
            invalid_each(&mut errors, &binary.key(key), key, names::is_config_map_key(key));
            size += decoded_len(base64.as_str().unwrap_or_default());
        }
        if size > MAX_SIZE {
            errors.push(Error::too_long(&Path::new(""), MAX_SIZE));
        }
        errors
    }

    fn validate_update(&self, cx: &Context<'_>, new: &Value, old: &Value) -> ErrorList {
        let mut errors = frozen_data_errors(new, old, &["data", "binaryData"]);
        errors.extend(self.validate(cx, new));
        errors
    }

    fn columns(&self, _: &str) -> Option<&[Column]> {
        Some(COLUMNS)
    }

    fn row(&self, object: &Value, now_millis: i64, _: bool) -> Row {
        let count = entries(object, "data").count() + entries(object, "binaryData").count();
        Row::of(vec![table::name(object), count.into(), table::age(object, now_millis)])
    }
}

/// How many bytes base64 text stands for.
pub fn decoded_len(base64: &str) -> usize {
    base64.trim_end_matches('=').len() * 3 / 4
}

/// What an immutable ConfigMap or Secret may not do: change `keys`, or become mutable again (C-04-42).
pub fn frozen_data_errors(new: &Value, old: &Value, keys: &[&str]) -> ErrorList {
    let mut errors = ErrorList::new();
    if flag(old, "immutable") {
        let mut forbid = |key| errors.push(Error::forbidden(&Path::new(key), "field is immutable when `immutable` is set"));
        if !flag(new, "immutable") {
            forbid("immutable");
        }
        keys.iter().filter(|key| !same(new.get(**key), old.get(**key))).for_each(|key| forbid(key));
    }
    errors
}

static COLUMNS: &[Column] = &[
    table::NAME,
    Column::new(
        "Data",
        "string",
        "",
        0,
        "Data contains the configuration data. Each key must consist of alphanumeric characters, '-', '_' or '.'. Values with non-UTF-8 byte sequences must use the BinaryData field. The keys stored in Data must not overlap with the keys in the BinaryData field, this is enforced during validation process.",
    ),
    table::AGE,
];

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn texts(errors: ErrorList) -> Vec<String> {
        errors.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_key_is_in_one_of_both_maps() {
        let errors = ConfigMap.validate(&Context::example(), &json!({"data": {"a": "x"}, "binaryData": {"a": "eA=="}}));
        assert_eq!(texts(errors), ["data[a]: Invalid value: \"a\": duplicate of key present in binaryData"]);
    }

    #[test]
    fn a_megabyte_is_the_limit() {
        let errors = ConfigMap.validate(&Context::example(), &json!({"data": {"a": "x".repeat(MAX_SIZE + 1)}}));
        assert_eq!(texts(errors), ["[]: Too long: may not be more than 1048576 bytes"]);
    }

    #[test]
    fn an_immutable_one_stays_as_it_is() {
        let old = json!({"immutable": true, "data": {"a": "x"}});
        let new = json!({"data": {"a": "y"}});
        assert_eq!(
            texts(ConfigMap.validate_update(&Context::example(), &new, &old)),
            [
                "immutable: Forbidden: field is immutable when `immutable` is set",
                "data: Forbidden: field is immutable when `immutable` is set"
            ]
        );
    }

    #[test]
    fn padding_is_no_data() {
        assert_eq!((decoded_len("eA=="), decoded_len("eHh4"), decoded_len("")), (1, 3, 0));
    }
}

//! The errors of apimachinery's `mergepatch` package, by the status that C-07-32 gives them.

use super::{Members, SET_ELEMENT_ORDER};
use crate::{
    PatchError,
    go_format::{plain, text, type_name},
};
use serde_json::Value;

pub(super) fn bad_primitive_list() -> PatchError {
    PatchError::BadRequest("invalid patch format of primitive list".into())
}

pub(super) fn bad_retain_keys() -> PatchError {
    PatchError::BadRequest("invalid patch format of retainKeys".into())
}

pub(super) fn bad_set_element_order() -> PatchError {
    PatchError::BadRequest("invalid patch format of setElementOrder list".into())
}

pub(super) fn list_of_lists() -> PatchError {
    PatchError::Unprocessable("lists of lists are not supported".into())
}

pub(super) fn no_merge_key(item: &Members, key: &str) -> PatchError {
    unclassified(format!("map: {} does not contain declared merge key: {key}", plain_map(item)))
}

pub(super) fn unknown_patch_type(directive: &Value, item: &Members) -> PatchError {
    unclassified(format!("unknown patch type: {} in map: {}", text(directive), plain_map(item)))
}

pub(super) fn expected_list(actual: &Value) -> PatchError {
    expected("[]interface {}", actual)
}

pub(super) fn expected_map(actual: &Value) -> PatchError {
    expected("map[string]interface {}", actual)
}

fn expected(wanted: &str, actual: &Value) -> PatchError {
    let actual = if actual.is_null() { "%!s(<nil>)" } else { type_name(actual) };
    unclassified(format!("expected a {wanted}, but received a {actual}"))
}

pub(super) fn item_not_a_map(index: usize) -> PatchError {
    unclassified(format!("value for key {index} is not a map"))
}

pub(super) fn mixed_types(lists: &[&[Value]]) -> PatchError {
    let lists: Vec<String> = lists.iter().map(|list| plain_list(list)).collect();
    unclassified(format!("list element types are not identical: [{}]", lists.join(" ")))
}

pub(super) fn order_mismatch(patch: &[Value], order: &[Value]) -> PatchError {
    let (patch, order) = (plain_list(patch), plain_list(order));
    unclassified(format!("The order in patch list:\n{patch}\n doesn't match {SET_ELEMENT_ORDER} list:\n{order}\n"))
}

pub(super) fn unclassified(text: impl Into<String>) -> PatchError {
    PatchError::Unclassified(text.into())
}

fn plain_list(items: &[Value]) -> String {
    let items: Vec<String> = items.iter().map(|item| plain(item).to_string()).collect();
    format!("[{}]", items.join(" "))
}

fn plain_map(members: &Members) -> String {
    plain(&Value::Object(members.clone())).to_string()
}

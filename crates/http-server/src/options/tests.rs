//! Options of requests: what is accepted and how the rest is refused.

use super::*;
use minkapi_view::{DeleteOptions, PatchType, ResourceVersion};
use serde_json::json;

fn query(text: &str) -> Query<'_> {
    Query::parse(Some(text))
}

#[test]
fn all_wrong_create_options_are_told_at_once() {
    let status = write_options(&query("dryRun=x&fieldValidation=y"), WriteKind::Create).unwrap_err();
    assert_eq!(
        status.message,
        r#"CreateOptions.meta.k8s.io "" is invalid: [dryRun: Unsupported value: ["x"]: supported values: "All", fieldValidation: Unsupported value: "y": supported values: "", "Ignore", "Strict", "Warn"]"#
    );
}

#[test]
fn an_apply_needs_a_manager_and_nothing_else_may_force() {
    let apply = write_options(&query("force=true"), WriteKind::Patch(PatchType::Apply)).unwrap_err();
    assert_eq!(apply.message, r#"PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch"#);
    let merge = write_options(&query("force=perhaps"), WriteKind::Patch(PatchType::Merge)).unwrap_err();
    assert_eq!(merge.message, r#"PatchOptions.meta.k8s.io "" is invalid: force: Forbidden: may not be specified for non-apply patch"#);
}

#[test]
fn a_manager_is_printable() {
    let status = write_options(&query("fieldManager=a%01b"), WriteKind::Create).unwrap_err();
    assert_eq!(
        status.message,
        r#"CreateOptions.meta.k8s.io "" is invalid: fieldManager: Invalid value: "a\x01b": invalid character U+0001 (at position 1)"#
    );
}

#[test]
fn an_empty_number_does_not_parse() {
    let status = list_options(&query("limit="), ListKind::List).unwrap_err();
    assert_eq!((status.code, status.message.as_str()), (400, r#"strconv.ParseInt: parsing "": invalid syntax"#));
}

#[test]
fn a_version_that_is_no_number_fails_differently_for_list_and_watch() {
    let list = list_options(&query("resourceVersion=abc"), ListKind::List).unwrap_err();
    assert_eq!(list.code, 400);
    assert_eq!(
        list.message,
        r#"invalid resource version: resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing "abc": invalid syntax"#
    );
    assert_eq!(list_options(&query("resourceVersion=-1"), ListKind::Watch).unwrap_err().code, 500);
}

#[test]
fn options_of_lists_are_checked_for_what_goes_together() {
    let status = list_options(&query("resourceVersion=0&resourceVersionMatch=Exact"), ListKind::List).unwrap_err();
    assert_eq!(status.code, 422);
    let fine = list_options(&query("resourceVersion=7&resourceVersionMatch=NotOlderThan&limit=-1"), ListKind::List).unwrap();
    assert_eq!((fine.resource_version, fine.limit), (ResourceVersion::At(7), 0));
}

#[test]
fn watches_with_initial_events_must_say_how_old() {
    let status = list_options(&query("sendInitialEvents=true&resourceVersionMatch=Exact"), ListKind::Watch).unwrap_err();
    assert_eq!(status.details.unwrap().causes.len(), 2);
}

#[test]
fn a_body_of_delete_options_is_checked_as_a_query_is() {
    let options = DeleteOptions::decoded(&json!({"gracePeriodSeconds": 3, "preconditions": {"uid": "u"}, "dryRun": ["All"]})).unwrap();
    assert_eq!((options.grace_period_seconds, options.uid.as_deref(), options.dry_run), (Some(3), Some("u"), true));
    assert_eq!(DeleteOptions::decoded(&json!({"propagationPolicy": "Sideways"})).unwrap_err().code, 422);
    let unsafe_with_more = json!({"ignoreStoreReadErrorWithClusterBreakingPotential": true, "gracePeriodSeconds": 1});
    let why = DeleteOptions::decoded(&unsafe_with_more).unwrap_err().message;
    assert!(why.ends_with("Invalid value: true: cannot be set together with .gracePeriodSeconds"), "{why}");
    assert_eq!(delete_options(&query("propagationPolicy=&orphanDependents=")).unwrap_err().details.unwrap().causes.len(), 2);
}

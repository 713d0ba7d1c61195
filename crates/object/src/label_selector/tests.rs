//! Label selectors: parsing, matching, refusals.

use super::*;
use proptest::prelude::*;
use serde_json::json;

fn labels() -> Labels {
    Labels::new([("app", "web"), ("size", "10"), ("empty", ""), ("example.com/tier", "front")])
}

fn error(text: &str) -> String {
    LabelSelector::parse(text).unwrap_err().to_string()
}

#[test]
fn each_operator_compares_as_upstream_does() {
    for (text, expected) in [
        ("", true),
        ("app", true),
        ("!app", false),
        ("!other", true),
        ("app=web", true),
        ("app==web", true),
        ("app != web", false),
        ("other!=web", true),
        ("app in (db, web)", true),
        ("app notin (db,web)", false),
        ("other notin (a)", true),
        ("other in (a)", false),
        ("size>9", true),
        ("size>10", false),
        ("size<11", true),
        ("app<11", false),
        ("other>1", false),
        ("empty=", true),
        ("empty in ()", true),
        ("empty in (,x)", true),
        ("app=web,size=11", false),
        ("example.com/tier=front\t,\n app", true),
        ("app in (in, notin)", false),
    ] {
        let selector = LabelSelector::parse(text).unwrap_or_else(|e| panic!("{text:?}: {e}"));
        assert_eq!(selector.matches(&labels()), expected, "{text:?}");
    }
}

#[test]
fn keywords_are_keys_and_values_where_these_stand() {
    let selector = LabelSelector::parse("in in (in,notin),notin=in").unwrap();
    assert_eq!(selector.to_string(), "in in (in,notin),notin=in");
}

#[test]
fn errors_are_those_of_upstream() {
    for (text, expected) in [
        ("color=blue=green", "found '=', expected: ',' or 'end of string'"),
        ("color in blue", "unable to parse requirement: found 'blue' expected: '('"),
        ("color in (blue", "unable to parse requirement: found '', expected: ',' or ')'"),
        ("color in (", "unable to parse requirement: found '', expected: ',', ')' or identifier"),
        ("color in (a,", "unable to parse requirement: found '', expected: ',', or identifier"),
        ("=blue", "found '=', expected: !, identifier, or 'end of string'"),
        ("!color=blue", "found '=', expected: ',' or 'end of string'"),
        ("!=blue", "found '!=', expected: !, identifier, or 'end of string'"),
        ("!", "unable to parse requirement: found '', expected: identifier"),
        ("color=blue,", "found '', expected: identifier after ','"),
        ("a=(", "unable to parse requirement: found '(', expected: identifier"),
        ("x\0y", "unable to parse requirement: found 'y', expected: in, notin, =, ==, !=, gt, lt"),
        ("bad key=x", "unable to parse requirement: found 'key', expected: in, notin, =, ==, !=, gt, lt"),
        (
            "size>abc",
            "unable to parse requirement: values[0]: Invalid value: \"abc\": for 'Gt', 'Lt' operators, the value must be an integer",
        ),
    ] {
        assert_eq!(error(text), expected, "{text:?}");
    }
}

#[test]
fn keys_and_values_are_validated() {
    let key = error("-color=x");
    assert!(key.starts_with("unable to parse requirement: <nil>: Invalid value: \"-color\": name part must consist of"), "{key}");
    let value = error("color=-x");
    assert!(value.starts_with("unable to parse requirement: values[0][color]: Invalid value: \"-x\": a valid label must be"), "{value}");
    let long = error(&format!("color={}", "x".repeat(64)));
    assert!(long.ends_with("must be no more than 63 bytes"), "{long}");
    let both = error("size>-x");
    assert!(both.contains("[values[0]: Invalid value: \"-x\": for 'Gt'") && both.ends_with(']'), "{both}");
    assert!(error("Up.com/a=x").contains("prefix part a lowercase RFC 1123 subdomain"));
    assert!(error("/a=x").contains("prefix part must be non-empty"));
}

#[test]
fn a_selector_object_is_read() {
    let selector = LabelSelector::from_value(&json!({
        "matchLabels": {"app": "web"},
        "matchExpressions": [{"key": "tier", "operator": "In", "values": ["b", "a"]}, {"key": "x", "operator": "DoesNotExist"}],
    }))
    .unwrap();
    assert_eq!(selector.to_string(), "app=web,tier in (a,b),!x");
    assert!(LabelSelector::from_value(&json!({})).unwrap().is_empty());
    let unknown = LabelSelector::from_value(&json!({"matchExpressions": [{"key": "x", "operator": "in"}]})).unwrap_err();
    assert_eq!(unknown.to_string(), "\"in\" is not a valid label selector operator");
}

fn requirement() -> impl Strategy<Value = String> {
    let key = "[a-c]{1,2}";
    let value = "[a-z0-9]{0,3}";
    prop_oneof![
        key.prop_map(|k| k),
        key.prop_map(|k| format!("!{k}")),
        (key, value).prop_map(|(k, v)| format!("{k}={v}")),
        (key, value).prop_map(|(k, v)| format!("{k} != {v}")),
        (key, proptest::collection::vec(value, 1..4)).prop_map(|(k, v)| format!("{k} in ({})", v.join(" , "))),
        (key, proptest::collection::vec(value, 1..4)).prop_map(|(k, v)| format!("{k} notin ({})", v.join(","))),
        (key, any::<i16>().prop_map(i32::from)).prop_map(|(k, n)| format!("{k}>{}", n.abs())),
    ]
}

proptest! {
    #[test]
    fn the_printed_form_parses_to_the_same_selector(parts in proptest::collection::vec(requirement(), 0..5)) {
        let selector = LabelSelector::parse(&parts.join(",")).unwrap();
        prop_assert_eq!(LabelSelector::parse(&selector.to_string()).unwrap(), selector);
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in "[a-z0-9=!<>(),\\- \0é/.]{0,24}") {
        let _ = LabelSelector::parse(&text);
    }
}

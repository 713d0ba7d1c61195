//! Validation by structural schemas.

use super::*;
use serde_json::json;

fn errors(schema: &Value, value: &Value) -> Vec<String> {
    Structural::parse(schema).validate(value, None).iter().map(ToString::to_string).collect()
}

fn spec(schema: Value) -> Value {
    json!({"type": "object", "properties": {"x": schema}})
}

#[test]
fn values_are_told_what_they_should_be() {
    for (schema, value, expected) in [
        (json!({"type": "integer"}), json!("a"), r#"x: Invalid value: "string": x in body must be of type integer: "string""#),
        (json!({"type": "string"}), json!(null), r#"x: Invalid value: "null": x in body must be of type string: "null""#),
        (
            json!({"x-kubernetes-int-or-string": true}),
            json!(true),
            r#"x: Invalid value: "boolean": x in body must be of type integer,string: "boolean""#,
        ),
        (json!({"type": "string", "enum": ["a", "b"]}), json!("c"), r#"x: Unsupported value: "c": supported values: "a", "b""#),
        (json!({"type": "string", "maxLength": 2}), json!("abc"), "x: Too long: may not be more than 2 bytes"),
        (json!({"type": "string", "minLength": 2}), json!("é"), "x: Invalid value: \"é\": x in body should be at least 2 chars long"),
        (json!({"type": "string", "pattern": "^a$"}), json!("b"), "x: Invalid value: \"b\": x in body should match '^a$'"),
        (json!({"type": "integer", "minimum": 1}), json!(0), "x: Invalid value: 0: x in body should be greater than or equal to 1"),
        (json!({"type": "number", "maximum": 1.5}), json!(2.5), "x: Invalid value: 2.5: x in body should be less than or equal to 1.5"),
        (json!({"type": "integer", "multipleOf": 3}), json!(4), "x: Invalid value: 4: x in body should be a multiple of 3"),
        (
            json!({"type": "array", "items": {"type": "string"}, "maxItems": 1}),
            json!(["a", "b"]),
            "x: Too many: 2: must have at most 1 item",
        ),
        (json!({"type": "array", "minItems": 1}), json!([]), "x: Invalid value: 0: x in body should have at least 1 items"),
        (json!({"type": "object", "required": ["y"]}), json!({}), "x.y: Required value"),
        (
            json!({"type": "object", "additionalProperties": false}),
            json!({"y": 1}),
            "x: Invalid value: \"y\": x.y in body is a forbidden property",
        ),
        (json!({"type": "string", "format": "ipv4"}), json!("a"), r#"x: Invalid value: "a": x in body must be of type ipv4: "a""#),
        (
            json!({"type": "integer", "format": "int32"}),
            json!(3_000_000_000i64),
            r#"<nil>: Invalid value: "": Checked value must be of type integer with format int32 in x"#,
        ),
        (
            json!({"not": {"enum": ["a"]}, "type": "string"}),
            json!("a"),
            r#"<nil>: Invalid value: "": "x" must not validate the schema (not)"#,
        ),
    ] {
        assert_eq!(errors(&spec(schema.clone()), &json!({"x": value})), [expected], "{schema}");
    }
}

#[test]
fn fractions_are_no_integers_twice_over() {
    assert_eq!(
        errors(&spec(json!({"type": "integer"})), &json!({"x": 3.5})),
        [
            r#"x: Invalid value: "number": x in body must be of type integer: "number""#,
            r#"<nil>: Invalid value: "": Checked value must be of type integer (default format) in x"#,
        ]
    );
}

#[test]
fn what_fits_is_not_mentioned() {
    for (schema, value) in [
        (json!({"type": "integer"}), json!(1.0)),
        (json!({"type": "number"}), json!(1)),
        (json!({"type": "string", "nullable": true}), json!(null)),
        (json!({"type": "string", "maxLength": 2}), json!("éé")),
        (json!({"type": "string", "format": "unheard-of"}), json!("a")),
        (json!({"oneOf": [{"required": ["a"]}, {"required": ["b"]}], "type": "object"}), json!({"a": 1})),
    ] {
        assert_eq!(errors(&spec(schema), &json!({"x": value})), Vec::<String>::new());
    }
}

#[test]
fn the_closest_alternative_is_told_too() {
    let schema = spec(json!({"type": "object", "oneOf": [{"required": ["a"]}, {"required": ["b"]}]}));
    assert_eq!(
        errors(&schema, &json!({"x": {}})),
        [r#"<nil>: Invalid value: "": "x" must validate one and only one schema (oneOf). Found none valid"#, "x.a: Required value",]
    );
    assert_eq!(
        errors(&schema, &json!({"x": {"a": 1, "b": 1}})),
        [r#"<nil>: Invalid value: "": "x" must validate one and only one schema (oneOf). Found 2 valid alternatives"#,]
    );
}

#[test]
fn parts_that_did_not_change_are_tolerated() {
    let schema = Structural::parse(&json!({"type": "object", "properties": {
        "a": {"type": "string", "maxLength": 1},
        "list": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"],
                 "items": {"type": "object", "properties": {"k": {"type": "string"}, "v": {"type": "integer", "maximum": 1}}}},
    }}));
    let old = json!({"a": "long", "list": [{"k": "x", "v": 5}]});
    let new = json!({"a": "long", "b": 1, "list": [{"k": "y", "v": 5}, {"k": "x", "v": 5, "w": 1}]});
    let errors: Vec<String> = schema.validate(&new, Some(&old)).iter().map(ToString::to_string).collect();
    assert_eq!(errors, ["list[0].v: Invalid value: 5: list[0].v in body should be less than or equal to 1"]);
}

#[test]
fn unknown_fields_are_pruned_and_named() {
    let schema = Structural::parse(&json!({"type": "object", "properties": {
        "spec": {"type": "object", "properties": {
            "known": {"type": "string"},
            "open": {"type": "object", "x-kubernetes-preserve-unknown-fields": true, "properties": {"in": {"type": "object"}}},
            "any": {"type": "object", "additionalProperties": true},
            "map": {"type": "object", "additionalProperties": {"type": "object", "properties": {"a": {"type": "string"}}}},
            "object": {"type": "object", "x-kubernetes-embedded-resource": true},
        }},
    }}));
    let mut object = json!({"apiVersion": "v1", "kind": "X", "metadata": {"name": "a"}, "extra": 1, "spec": {
        "known": "a", "unknown": {"b": 1}, "open": {"z": {"y": 1}, "in": {"w": 1}}, "any": {"s": "t", "o": {"p": 1}},
        "map": {"k": {"a": "1", "b": 2}}, "object": {"kind": "Y", "data": 1},
    }});
    assert_eq!(schema.prune(&mut object), ["extra", "spec.any.o.p", "spec.map.k.b", "spec.object.data", "spec.open.in.w", "spec.unknown",]);
    assert_eq!(
        object["spec"],
        json!({
            "known": "a", "open": {"z": {"y": 1}, "in": {}}, "any": {"s": "t", "o": {}}, "map": {"k": {"a": "1"}}, "object": {"kind": "Y"},
        })
    );
}

#[test]
fn defaults_fill_what_is_missing_and_what_may_not_be_null() {
    let schema = Structural::parse(&json!({"type": "object", "properties": {
        "a": {"type": "string", "default": "x"},
        "b": {"type": "string", "default": "x", "nullable": true},
        "c": {"type": "object", "default": {}, "properties": {"d": {"type": "integer", "default": 1}}},
        "e": {"type": "string"},
    }}));
    let mut value = json!({"a": null, "b": null, "e": null});
    schema.default_value(&mut value);
    schema.prune_with_nulls(&mut value);
    assert_eq!(value, json!({"a": "x", "b": null, "c": {"d": 1}}));
}

#[test]
fn sets_and_maps_hold_nothing_twice() {
    let schema = Structural::parse(&json!({"type": "object", "properties": {
        "set": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
        "map": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["a", "b"], "items": {"type": "object"}},
    }}));
    let value = json!({"set": ["x", "y", "x", "x"], "map": [{"a": 1, "b": 2}, {"a": 1, "b": 2, "c": 3}]});
    let errors: Vec<String> = schema.validate_list_types(&value).iter().map(ToString::to_string).collect();
    assert_eq!(errors, [r#"map[1]: Duplicate value: {"a":1,"b":2}"#, r#"set[2]: Duplicate value: "x""#]);
}

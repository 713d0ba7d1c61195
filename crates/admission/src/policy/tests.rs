//! Validating and mutating admission policies.

use super::*;
use crate::testing::{FakeCluster, Request};
use serde_json::{Value, json};

const GROUP: &str = "admissionregistration.k8s.io";

fn bound(kind: &str, spec: Value, binding: Value) -> FakeCluster {
    let mut spec = spec;
    spec["matchConstraints"] =
        json!({"resourceRules": [{"operations": ["*"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"]}]});
    let mut binding = binding;
    binding["policyName"] = "p".into();
    FakeCluster::with(&format!("{kind}policies.{GROUP}"), json!({"metadata": {"name": "p", "uid": "1"}, "spec": spec}))
        .and(&format!("{kind}policybindings.{GROUP}"), json!({"metadata": {"name": "b", "uid": "2"}, "spec": binding}))
        .and("configmaps", json!({"metadata": {"name": "limits", "namespace": "x"}, "data": {"max": "3"}}))
}

fn config(data: Value) -> Request {
    Request::create("", "v1", "ConfigMap", json!({"metadata": {"name": "app", "namespace": "x"}, "data": data}))
}

fn denied(spec: Value, data: Value) -> Option<minkapi_object::Status> {
    let cluster = bound("validatingadmission", spec, json!({"validationActions": ["Deny"]}));
    config(data).validate(&ValidatingAdmissionPolicy::default(), &cluster).err()
}

fn mutated(spec: Value, data: Value) -> Result<Value, minkapi_object::Status> {
    let cluster = bound("mutatingadmission", spec, json!({}));
    let mut request = config(data);
    request.admit(&MutatingAdmissionPolicy::default(), &cluster)?;
    Ok(request.object)
}

#[test]
fn a_validation_that_does_not_hold_is_told_with_policy_and_binding() {
    let spec = json!({"validations": [{"expression": "object.data.mode != 'debug'", "message": "no debugging"}]});
    assert!(denied(spec.clone(), json!({"mode": "prod"})).is_none());
    let status = denied(spec, json!({"mode": "debug"})).unwrap();
    assert_eq!(status.code, 422);
    assert_eq!(
        status.message,
        "configmaps \"app\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no debugging"
    );
}

#[test]
fn reason_and_message_expression_shape_the_answer() {
    let spec = json!({"validations": [{"expression": "false", "reason": "Forbidden", "messageExpression": "'mode ' + object.data.mode"}]});
    let status = denied(spec, json!({"mode": "debug"})).unwrap();
    assert_eq!(status.code, 403);
    assert!(status.message.ends_with("denied request: mode debug"));
}

#[test]
fn an_expression_that_fails_denies_unless_failures_are_ignored() {
    let mut spec = json!({"validations": [{"expression": "object.data.level == 'low'"}]});
    let status = denied(spec.clone(), json!({"mode": "debug"})).unwrap();
    assert!(
        status.message.ends_with("denied request: expression 'object.data.level == 'low'' resulted in error: no such key: level"),
        "{}",
        status.message
    );
    spec["failurePolicy"] = "Ignore".into();
    assert!(denied(spec, json!({"mode": "debug"})).is_none());
}

#[test]
fn expressions_may_cost_so_much_and_no_more() {
    let words: Vec<String> = (0..600).map(|n| format!("'{n}'")).collect();
    let words = words.join(",");
    let costly = format!("[{words}].all(a, [{words}].all(b, a + b != 'x'))");
    let status = denied(json!({"validations": [{"expression": costly}]}), json!({})).unwrap();
    assert!(status.message.ends_with("resulted in error: operation cancelled: actual cost limit exceeded"), "{}", status.message);
    // Eleven of these cost more than ten million together; each costs less than one.
    let most = format!("[{words}].all(a, [{words}].all(b, true)) || true");
    let many: Vec<Value> = (0..11).map(|_| json!({"expression": most})).collect();
    let status = denied(json!({"validations": many}), json!({})).unwrap();
    assert!(
        status
            .message
            .ends_with("denied request: validation failed due to running out of cost budget, no further validation rules will be run"),
        "{}",
        status.message
    );
}

#[test]
fn variables_are_evaluated_once_and_tell_why_they_have_no_value() {
    let spec = json!({
        "variables": [{"name": "mode", "expression": "object.data.mode"}, {"name": "again", "expression": "variables.mode + '!'"}],
        "validations": [{"expression": "variables.again == 'a!'"}]
    });
    assert!(denied(spec.clone(), json!({"mode": "a"})).is_none());
    let status = denied(spec, json!({})).unwrap();
    assert!(
        status.message.contains("composited variable \"again\" fails to evaluate: composited variable \"mode\" fails"),
        "{}",
        status.message
    );
}

#[test]
fn parameters_come_from_the_object_that_the_binding_names() {
    let spec = json!({
        "paramKind": {"apiVersion": "v1", "kind": "ConfigMap"},
        "validations": [{"expression": "int(object.data.n) <= int(params.data.max)"}]
    });
    let with = |reference: Value| {
        let cluster = bound("validatingadmission", spec.clone(), json!({"validationActions": ["Deny"], "paramRef": reference}));
        config(json!({"n": "5"})).validate(&ValidatingAdmissionPolicy::default(), &cluster).err().map(|status| status.message)
    };
    assert!(with(json!({"name": "limits"})).unwrap().contains("failed expression"));
    assert!(with(json!({"name": "none", "parameterNotFoundAction": "Allow"})).is_none());
    assert!(with(json!({"name": "none", "parameterNotFoundAction": "Deny"})).unwrap().contains("no params found"));
}

#[test]
fn a_binding_that_warns_lets_pass() {
    let spec = json!({"validations": [{"expression": "false", "message": "hm"}]});
    let cluster = bound("validatingadmission", spec, json!({"validationActions": ["Warn"]}));
    let mut request = config(json!({}));
    request.validate(&ValidatingAdmissionPolicy::default(), &cluster).unwrap();
    assert_eq!(request.warnings, ["Validation failed for ValidatingAdmissionPolicy 'p' with binding 'b': hm"]);
}

#[test]
fn match_conditions_choose_the_requests() {
    let spec = json!({
        "matchConditions": [{"name": "c", "expression": "object.metadata.name != 'app'"}],
        "validations": [{"expression": "false"}]
    });
    assert!(denied(spec, json!({})).is_none());
}

#[test]
fn a_configuration_is_merged_into_the_object() {
    let expression = "Object{metadata: Object.metadata{labels: {'team': object.data.team}}}";
    let spec = json!({"mutations": [{"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": expression}}]});
    assert_eq!(mutated(spec.clone(), json!({"team": "web"})).unwrap()["metadata"]["labels"], json!({"team": "web"}));
    let status = mutated(spec, json!({})).unwrap_err();
    assert_eq!((status.code, status.reason), (403, minkapi_object::StatusReason::Invalid));
    assert!(status.message.starts_with("policy 'p' with binding 'b' denied request: expression '"), "{}", status.message);
}

#[test]
fn a_json_patch_is_applied_in_order() {
    let expression = "[JSONPatch{op: 'add', path: '/data/x', value: 'y'}, JSONPatch{op: 'remove', path: '/data/a'}]";
    let spec = json!({"mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": expression}}]});
    assert_eq!(mutated(spec, json!({"a": "b"})).unwrap()["data"], json!({"x": "y"}));
}

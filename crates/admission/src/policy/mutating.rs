//! MutatingAdmissionPolicies: expressions that make changes to an object.

use super::{
    hooks::{Hook, hooks, is_bound},
    params,
};
use crate::{
    Attributes, Cluster, Operation, Plugin,
    extension::{Conditions, Expressions, Inputs, Parsed, convert, is_exempt, list, match_conditions, text},
};
use minkapi_cel::{to_json, without_types};
use minkapi_object::{Status, StatusCause, StatusReason, fields_v1};
use minkapi_patch::{JsonPatch, apply_configuration};
use minkapi_registry::Resource;
use serde_json::{Value, json};

#[derive(Debug, Default)]
pub(crate) struct MutatingAdmissionPolicy {
    parsed: Parsed,
    expressions: Expressions,
}

/// One application of a policy: through a binding, with one of its parameters.
struct Invocation<'a> {
    hook: &'a Hook,
    binding: &'a Value,
    params: Value,
    matched: Resource,
}

impl Invocation<'_> {
    fn key(&self) -> String {
        let params = &self.params["metadata"];
        format!("{}/{}/{}/{}", self.hook.name(), text(&self.binding["metadata"], "name"), text(params, "namespace"), text(params, "name"))
    }

    fn refusal(&self, why: &str) -> String {
        let binding = text(&self.binding["metadata"], "name");
        format!("policy '{}' with binding '{binding}' denied request: {why}", self.hook.name())
    }
}

impl Plugin for MutatingAdmissionPolicy {
    fn name(&self) -> &'static str {
        "MutatingAdmissionPolicy"
    }

    fn admit(&self, attributes: &mut Attributes<'_>, cluster: &dyn Cluster) -> Result<(), Status> {
        if is_exempt(attributes) || !matches!(attributes.operation, Operation::Create | Operation::Update | Operation::Connect) {
            return Ok(());
        }
        let hooks = hooks(
            cluster,
            &self.parsed,
            "mutatingadmissionpolicies.admissionregistration.k8s.io",
            "mutatingadmissionpolicybindings.admissionregistration.k8s.io",
        );
        if hooks.is_empty() {
            return Ok(());
        }
        // What becomes of it is compared with it.
        fields_v1::expand(attributes.object);
        let mut refusals = Vec::new();
        let invocations = invocations(&hooks, attributes, cluster, &mut refusals);
        if attributes.reinvocation.again {
            attributes.reinvocation.policies.begin_again(attributes.object);
        }
        for invocation in &invocations {
            self.invoke(invocation, attributes, cluster, &mut refusals)?;
        }
        attributes.reinvocation.policies.end(attributes.object);
        match refusals.first() {
            None => Ok(()),
            Some((first, reason)) => {
                let mut status = attributes.forbidden("");
                first.clone_into(&mut status.message);
                status.reason = *reason;
                let cause = |(message, _): &(String, _)| StatusCause { message: message.clone(), ..StatusCause::default() };
                Err(status.with_causes(refusals.iter().map(cause).collect()))
            }
        }
    }
}

type Refusals = Vec<(String, StatusReason)>;

fn invocations<'a>(hooks: &'a [Hook], attributes: &Attributes<'_>, cluster: &dyn Cluster, refusals: &mut Refusals) -> Vec<Invocation<'a>> {
    let mut found = Vec::new();
    for hook in hooks {
        let mut broken = |message: String| {
            if !hook.ignores_failures() {
                refusals.push((message, StatusReason::Forbidden));
            }
        };
        let policy = hook.name();
        let matched = match hook.matches(attributes, cluster) {
            Ok(None) => continue,
            Ok(Some(matched)) => params::check_kind(&hook.policy, cluster).map(|()| matched),
            Err(why) => Err(why),
        };
        let matched = match matched {
            Ok(matched) => matched,
            Err(why) => {
                broken(format!("policy \"{policy}\" denied request: failed to configure policy: {why}"));
                continue;
            }
        };
        for binding in &hook.bindings {
            let params = match is_bound(binding, attributes, cluster) {
                Ok(false) => continue,
                Ok(true) => params::collect(&hook.policy, binding, attributes.namespace, cluster),
                Err(why) => Err(why),
            };
            match params {
                Ok(params) => found.extend(params.into_iter().map(|params| Invocation {
                    hook,
                    binding,
                    params,
                    matched: matched.clone().into_owned(),
                })),
                Err(why) => {
                    let name = text(&binding["metadata"], "name");
                    broken(format!("policy '{policy}' with binding '{name}' denied request: failed to configure binding: {why}"));
                }
            }
        }
    }
    found
}

impl MutatingAdmissionPolicy {
    fn invoke(
        &self,
        invocation: &Invocation<'_>,
        attributes: &mut Attributes<'_>,
        cluster: &dyn Cluster,
        refusals: &mut Refusals,
    ) -> Result<(), Status> {
        let spec = &invocation.hook.policy["spec"];
        let ignore = invocation.hook.ignores_failures();
        let mut refuse = |why: &str| {
            if !ignore {
                refusals.push((invocation.refusal(why), StatusReason::Invalid));
            }
        };
        let inputs = self.inputs(invocation, attributes, cluster)?;
        match match_conditions(list(spec, "matchConditions"), &inputs, &self.expressions, ignore) {
            Conditions::Hold => {}
            Conditions::Fail => return Ok(()),
            Conditions::Error(why) => {
                refuse(&why);
                return Ok(());
            }
        }
        let key = invocation.key();
        if attributes.reinvocation.again && !attributes.reinvocation.policies.is_due(&key) {
            return Ok(());
        }
        let before = attributes.object.clone();
        for mutation in list(spec, "mutations") {
            // Each change sees those before it.
            let inputs = self.inputs(invocation, attributes, cluster)?;
            match self.mutate(mutation, &inputs, &invocation.matched, attributes, cluster) {
                Ok(object) => *attributes.object = object,
                Err(Failure::Policy(why)) => refuse(&why),
                Err(Failure::Request(status)) => return Err(status),
            }
        }
        if *attributes.object != before {
            attributes.reinvocation.policies.changed();
            attributes.reinvocation.wanted = true;
        }
        if text(spec, "reinvocationPolicy") == "IfNeeded" {
            attributes.reinvocation.policies.called(key);
        }
        Ok(())
    }

    fn inputs(&self, invocation: &Invocation<'_>, attributes: &Attributes<'_>, cluster: &dyn Cluster) -> Result<Inputs, Status> {
        let in_version = |object: &Value| convert(object, attributes.resource, &invocation.matched, cluster);
        let (object, old) = (in_version(attributes.object)?, in_version(attributes.old.unwrap_or(&Value::Null))?);
        let inputs = Inputs::new(attributes, &invocation.matched, &object, &old, &invocation.params, cluster);
        Ok(inputs.with_variables(list(&invocation.hook.policy["spec"], "variables"), &self.expressions))
    }

    /// The object with one change, in the version of the request.
    fn mutate(
        &self,
        mutation: &Value,
        inputs: &Inputs,
        matched: &Resource,
        attributes: &Attributes<'_>,
        cluster: &dyn Cluster,
    ) -> Result<Value, Failure> {
        let object = convert(attributes.object, attributes.resource, matched, cluster).map_err(|status| status.message)?;
        let value_of = |source: &str| {
            let value = self.expressions.evaluate(source, inputs)?;
            to_json(&value).ok_or_else(|| format!("expression '{source}' evaluated to a type that could not marshal to JSON"))
        };
        let is_strict = text(mutation, "patchType") == "JSONPatch";
        let changed = match text(mutation, "patchType") {
            "ApplyConfiguration" => {
                let mut configuration = value_of(text(&mutation["applyConfiguration"], "expression"))?;
                without_types(&mut configuration).map_err(|why| format!("type mismatch: {why}"))?;
                for key in ["apiVersion", "kind"] {
                    configuration[key] = object[key].clone();
                }
                let schema = schema_of(matched, attributes);
                apply_configuration(schema, &object, &configuration).map_err(|why| format!("error applying patch: {why}"))?
            }
            _ => {
                let operations = operations(value_of(text(&mutation["jsonPatch"], "expression"))?)?;
                let patch = JsonPatch::parse(operations.to_string().as_bytes(), false).map_err(|err| err.to_string())?;
                match patch.apply(object.clone()) {
                    Ok(patched) => patched,
                    // A patch with a test that fails is not applied, and that is no error.
                    Err(err) if err.to_string().ends_with(TEST_FAILED) => object,
                    Err(err) => return Err(format!("JSON Patch: {err}").into()),
                }
            }
        };
        let decoded =
            cluster.decode(matched, attributes.subresource, changed, is_strict).map_err(|why| Failure::Request(Status::internal(why)))?;
        Ok(convert(&decoded, matched, attributes.resource, cluster).map_err(|status| status.message)?)
    }
}

/// Why a change has not been made.
enum Failure {
    /// The policy fails.
    Policy(String),
    /// The request fails, whatever the policy says of failures.
    Request(Status),
}

impl From<String> for Failure {
    fn from(why: String) -> Self {
        Self::Policy(why)
    }
}

/// What a test operation says that has not found what it expects.
const TEST_FAILED: &str = "test failed";

/// The operations of a JSON patch that an expression has made.
fn operations(made: Value) -> Result<Value, String> {
    let Value::Array(made) = made else {
        return Err("type mismatch: JSONPatchType.expression should evaluate to array".to_owned());
    };
    made.into_iter()
        .map(|made| {
            let mut operation = json!({"op": text(&made, "op"), "path": text(&made, "path")});
            if !text(&made, "from").is_empty() {
                operation["from"] = made["from"].clone();
            }
            if let Some(value) = made.get("value") {
                let mut value = value.clone();
                without_types(&mut value).map_err(|why| format!("type mismatch: {why}"))?;
                operation["value"] = value;
            }
            Ok(operation)
        })
        .collect()
}

/// The schema of what is sent: of the resource, or of the subresource's own body.
fn schema_of<'a>(matched: &'a Resource, attributes: &Attributes<'_>) -> &'a minkapi_registry::Struct {
    let subresource = matched.subresource(attributes.subresource).filter(|sub| sub.kind != matched.kind);
    subresource.and_then(|sub| sub.schema.as_ref()).unwrap_or(&matched.schema)
}

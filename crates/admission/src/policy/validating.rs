//! ValidatingAdmissionPolicies: expressions that must hold for a request to pass.

use super::{
    hooks::{Hook, hooks, is_bound},
    params,
};
use crate::{
    Attributes, Cluster, Plugin,
    extension::{Conditions, Expressions, Inputs, OUT_OF_BUDGET, Parsed, convert, is_exempt, list, match_conditions, text},
};
use minkapi_cel::Value as Cel;
use minkapi_object::{Status, StatusCause, StatusReason};
use minkapi_registry::Resource;
use serde_json::Value;

/// A message that an expression makes may have so many bytes.
const MAX_MESSAGE: usize = 5 * 1024;

#[derive(Debug, Default)]
pub(crate) struct ValidatingAdmissionPolicy {
    parsed: Parsed,
    expressions: Expressions,
}

/// Why a policy refuses a request.
#[derive(Debug, Clone)]
struct Denial {
    reason: StatusReason,
    message: String,
}

impl Denial {
    /// What goes wrong with a policy itself.
    const fn error(message: String) -> Self {
        Self { reason: StatusReason::Invalid, message }
    }
}

impl Plugin for ValidatingAdmissionPolicy {
    fn name(&self) -> &'static str {
        "ValidatingAdmissionPolicy"
    }

    fn validate(&self, attributes: &mut Attributes<'_>, cluster: &dyn Cluster) -> Result<(), Status> {
        if is_exempt(attributes) {
            return Ok(());
        }
        let hooks = hooks(
            cluster,
            &self.parsed,
            "validatingadmissionpolicies.admissionregistration.k8s.io",
            "validatingadmissionpolicybindings.admissionregistration.k8s.io",
        );
        let mut refusal = None;
        for hook in &hooks {
            // Warnings are given by all policies, the first refusal is told.
            let denied = self.apply(hook, attributes, cluster)?;
            refusal = refusal.or(denied);
        }
        match refusal {
            Some((message, reason)) => Err(status(attributes, message, reason)),
            None => Ok(()),
        }
    }
}

impl ValidatingAdmissionPolicy {
    /// The first refusal of a policy, as it is told.
    fn apply(&self, hook: &Hook, attributes: &mut Attributes<'_>, cluster: &dyn Cluster) -> Result<Option<(String, StatusReason)>, Status> {
        let policy = hook.name();
        let broken = |why: String| {
            let message = format!("ValidatingAdmissionPolicy '{policy}' denied request: failed to configure policy: {why}");
            (!hook.ignores_failures()).then_some((message, StatusReason::Invalid))
        };
        let matched = match hook.matches(attributes, cluster) {
            Err(why) => return Ok(broken(why)),
            Ok(None) => return Ok(None),
            Ok(Some(matched)) => matched,
        };
        if let Err(why) = params::check_kind(&hook.policy, cluster) {
            return Ok(broken(why));
        }
        let mut refusal = None;
        for binding in &hook.bindings {
            let name = text(&binding["metadata"], "name");
            let denials = match self.evaluate(hook, binding, attributes, &matched, cluster) {
                Ok(denials) => denials,
                Err(_) if hook.ignores_failures() => continue,
                Err(why) => {
                    refusal = refusal.or_else(|| {
                        let why = format!("failed to configure binding: {why}");
                        Some((
                            format!("ValidatingAdmissionPolicy '{policy}' with binding '{name}' denied request: {why}"),
                            StatusReason::Invalid,
                        ))
                    });
                    continue;
                }
            };
            let actions = list(&binding["spec"], "validationActions");
            for denial in denials {
                if actions.iter().any(|action| action == "Warn") {
                    let warning =
                        format!("Validation failed for ValidatingAdmissionPolicy '{policy}' with binding '{name}': {}", denial.message);
                    attributes.warnings.push(warning);
                }
                if actions.iter().any(|action| action == "Deny") {
                    let message = format!("ValidatingAdmissionPolicy '{policy}' with binding '{name}' denied request: {}", denial.message);
                    refusal = refusal.or(Some((message, denial.reason)));
                }
            }
        }
        Ok(refusal)
    }

    /// All that a policy finds wrong through a binding. The error is one of the configuration.
    fn evaluate(
        &self,
        hook: &Hook,
        binding: &Value,
        attributes: &Attributes<'_>,
        matched: &Resource,
        cluster: &dyn Cluster,
    ) -> Result<Vec<Denial>, String> {
        if !is_bound(binding, attributes, cluster)? {
            return Ok(Vec::new());
        }
        let params = params::collect(&hook.policy, binding, attributes.namespace, cluster)?;
        let in_version = |object: &Value| convert(object, attributes.resource, matched, cluster).map_err(|status| status.message);
        let (object, old) = (in_version(attributes.object)?, in_version(attributes.old.unwrap_or(&Value::Null))?);
        let mut denials = Vec::new();
        for params in &params {
            let inputs = Inputs::new(attributes, matched, &object, &old, params, cluster);
            denials.extend(self.validations(hook, inputs));
        }
        Ok(denials)
    }

    fn validations(&self, hook: &Hook, inputs: Inputs) -> Vec<Denial> {
        let spec = &hook.policy["spec"];
        let ignore = hook.ignores_failures();
        let inputs = inputs.with_variables(list(spec, "variables"), &self.expressions);
        match match_conditions(list(spec, "matchConditions"), &inputs, &self.expressions, ignore) {
            Conditions::Hold => {}
            Conditions::Fail => return Vec::new(),
            Conditions::Error(why) => return vec![Denial::error(why)],
        }
        let mut denials = Vec::new();
        for validation in list(spec, "validations") {
            let source = text(validation, "expression");
            match self.expressions.evaluate(source, &inputs) {
                Ok(Cel::Bool(true)) => {}
                Ok(_) => denials.push(Denial { reason: reason(text(validation, "reason")), message: self.message(validation, &inputs) }),
                Err(why) if why == OUT_OF_BUDGET => return if ignore { Vec::new() } else { vec![Denial::error(why)] },
                Err(_) if ignore => {}
                Err(why) => denials.push(Denial::error(why)),
            }
        }
        for annotation in list(spec, "auditAnnotations") {
            if let Err(why) = self.expressions.evaluate(text(annotation, "valueExpression"), &inputs)
                && !ignore
            {
                denials.push(Denial::error(why));
            }
        }
        denials
    }

    /// What is told of a validation that does not hold: what its message expression makes, its message, or the expression.
    fn message(&self, validation: &Value, inputs: &Inputs) -> String {
        let expression = text(validation, "messageExpression");
        let made = match expression {
            "" => None,
            _ => match self.expressions.evaluate(expression, inputs) {
                Ok(Cel::String(made)) => Some(made.trim().to_owned()),
                _ => None,
            },
        };
        let made = made.filter(|made| !made.is_empty() && made.len() <= MAX_MESSAGE && !made.contains('\n'));
        made.or_else(|| Some(text(validation, "message").trim().to_owned()).filter(|message| !message.is_empty()))
            .unwrap_or_else(|| format!("failed expression: {}", text(validation, "expression").trim()))
    }
}

fn reason(name: &str) -> StatusReason {
    match name {
        "Unauthorized" => StatusReason::Unauthorized,
        "Forbidden" => StatusReason::Forbidden,
        "RequestEntityTooLarge" => StatusReason::RequestEntityTooLarge,
        _ => StatusReason::Invalid,
    }
}

fn status(attributes: &Attributes<'_>, message: String, reason: StatusReason) -> Status {
    let mut status = attributes.forbidden(&message);
    status.code = match reason {
        StatusReason::Forbidden => 403,
        StatusReason::Unauthorized => 401,
        StatusReason::RequestEntityTooLarge => 413,
        _ => 422,
    };
    status.reason = reason;
    status.with_causes(vec![StatusCause { message, ..StatusCause::default() }])
}

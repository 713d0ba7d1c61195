//! MutatingWebhookConfigurations: webhooks that may change the object, one after the other.

use super::{
    call::{Failure, ask},
    hook::Hook,
};
use crate::{
    AsyncPlugin, Attributes, Cluster, Verdict,
    extension::{Expressions, Parsed, convert, is_exempt, text},
};
use minkapi_object::{Status, fields_v1};
use minkapi_patch::JsonPatch;
use minkapi_registry::Resource;

#[derive(Debug, Default)]
pub(crate) struct MutatingAdmissionWebhook {
    parsed: Parsed,
    expressions: Expressions,
}

impl AsyncPlugin for MutatingAdmissionWebhook {
    fn name(&self) -> &'static str {
        "MutatingAdmissionWebhook"
    }

    fn admit<'a>(&'a self, attributes: &'a mut Attributes<'_>, cluster: &'a dyn Cluster) -> Verdict<'a> {
        let hooks = if is_exempt(attributes) {
            Vec::new()
        } else {
            Hook::all(cluster, &self.parsed, "mutatingwebhookconfigurations.admissionregistration.k8s.io")
        };
        if hooks.is_empty() {
            return Verdict::Now(Ok(()));
        }
        // What comes back is compared with it.
        fields_v1::expand(attributes.object);
        Verdict::Later(Box::pin(async move {
            if attributes.reinvocation.again {
                attributes.reinvocation.webhooks.begin_again(attributes.object);
            }
            for hook in &hooks {
                self.invoke(hook, attributes, cluster).await?;
            }
            attributes.reinvocation.webhooks.end(attributes.object);
            Ok(())
        }))
    }
}

impl MutatingAdmissionWebhook {
    async fn invoke(&self, hook: &Hook, attributes: &mut Attributes<'_>, cluster: &dyn Cluster) -> Result<(), Status> {
        let Some(matched) = hook.concerns(attributes, &self.expressions, cluster)? else { return Ok(()) };
        let matched = matched.into_owned();
        let key = hook.key();
        if attributes.reinvocation.again && !attributes.reinvocation.webhooks.is_due(&key) {
            return Ok(());
        }
        let result = call(hook, attributes, &matched, cluster).await;
        if let Ok(true) = result {
            attributes.reinvocation.webhooks.changed();
            attributes.reinvocation.wanted = true;
        }
        if text(hook.value(), "reinvocationPolicy") == "IfNeeded" {
            attributes.reinvocation.webhooks.called(key);
        }
        match result {
            Ok(_) => Ok(()),
            Err(failure) => failure.status(hook).map_or(Ok(()), Err),
        }
    }
}

/// Asks the webhook and makes its changes; tells whether there were any.
async fn call(hook: &Hook, attributes: &mut Attributes<'_>, matched: &Resource, cluster: &dyn Cluster) -> Result<bool, Failure> {
    let answer = ask(hook, attributes, matched, true, cluster)?.await?;
    attributes.warnings.extend(answer.warnings.iter().cloned());
    if !answer.allowed {
        return Err(Failure::Refused(Box::new(answer.refusal(hook.name()))));
    }
    if answer.patch.is_empty() {
        return Ok(false);
    }
    let name = hook.name();
    let internal = |why: String| Failure::Refused(Box::new(Status::internal(why)));
    if attributes.object.is_null() {
        let why = format!("admission webhook \"{name}\" attempted to modify the object, which is not supported for this operation");
        return Err(internal(why));
    }
    let patch = JsonPatch::parse(&answer.patch, false).map_err(|err| {
        Failure::Unreachable(format!("failed calling webhook \"{name}\": received undecodable patch in webhook response: {err}"))
    })?;
    let refused = |status: Status| Failure::Refused(Box::new(status));
    let object = convert(attributes.object, attributes.resource, matched, cluster).map_err(refused)?;
    let patched = patch.apply(object).map_err(|err| internal(err.to_string()))?;
    let decoded = cluster.decode(matched, attributes.subresource, patched, false).map_err(internal)?;
    let changed = convert(&decoded, matched, attributes.resource, cluster).map_err(refused)?;
    let differs = changed != *attributes.object;
    *attributes.object = changed;
    Ok(differs)
}

//! ValidatingWebhookConfigurations: webhooks that may refuse a request, all asked at once.

use super::{
    call::{Failure, ask},
    hook::Hook,
};
use crate::{
    AsyncPlugin, Attributes, Cluster, Verdict,
    extension::{Expressions, Parsed, is_exempt},
};
use futures_util::future::join_all;
use minkapi_object::Status;

#[derive(Debug, Default)]
pub(crate) struct ValidatingAdmissionWebhook {
    parsed: Parsed,
    expressions: Expressions,
}

impl AsyncPlugin for ValidatingAdmissionWebhook {
    fn name(&self) -> &'static str {
        "ValidatingAdmissionWebhook"
    }

    fn validate<'a>(&'a self, attributes: &'a mut Attributes<'_>, cluster: &'a dyn Cluster) -> Verdict<'a> {
        let hooks = if is_exempt(attributes) {
            Vec::new()
        } else {
            Hook::all(cluster, &self.parsed, "validatingwebhookconfigurations.admissionregistration.k8s.io")
        };
        if hooks.is_empty() {
            return Verdict::Now(Ok(()));
        }
        Verdict::Later(Box::pin(self.ask_all(hooks, attributes, cluster)))
    }
}

impl ValidatingAdmissionWebhook {
    async fn ask_all(&self, hooks: Vec<Hook>, attributes: &mut Attributes<'_>, cluster: &dyn Cluster) -> Result<(), Status> {
        let mut asked = Vec::new();
        for hook in hooks {
            if let Some(matched) = hook.concerns(attributes, &self.expressions, cluster)? {
                let question = ask(&hook, attributes, &matched, false, cluster);
                asked.push((hook, question));
            }
        }
        let answers = join_all(asked.into_iter().map(|(hook, question)| async move {
            let answer = match question {
                Ok(question) => question.await,
                Err(failure) => Err(failure),
            };
            (hook, answer)
        }));
        let mut refusal = None;
        for (hook, answer) in answers.await {
            let failure = match answer {
                Ok(answer) => {
                    attributes.warnings.extend(answer.warnings.iter().cloned());
                    if answer.allowed {
                        continue;
                    }
                    Failure::Refused(Box::new(answer.refusal(hook.name())))
                }
                Err(failure) => failure,
            };
            refusal = refusal.or_else(|| failure.status(&hook));
        }
        refusal.map_or(Ok(()), Err)
    }
}

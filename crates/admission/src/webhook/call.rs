//! One call of one webhook.

use super::{
    client,
    endpoint::Endpoint,
    hook::Hook,
    review::{self, Answer},
};
use crate::{
    Attributes, Cluster,
    extension::{convert, text},
};
use minkapi_object::Status;
use minkapi_registry::Resource;
use serde_json::Value;
use std::{future::Future, time::Duration};

/// How long a webhook that does not say is waited for.
const DEFAULT_SECONDS: u64 = 10;

/// Why a webhook has not agreed.
#[derive(Debug)]
pub(super) enum Failure {
    /// It could not be asked; what is told is why.
    Unreachable(String),
    /// It said no, or the request is wrong.
    Refused(Box<Status>),
}

impl Failure {
    fn unreachable(webhook: &str, why: impl std::fmt::Display) -> Self {
        Self::Unreachable(format!("failed calling webhook \"{webhook}\": {why}"))
    }

    /// What is answered; None when failures are ignored.
    pub fn status(self, hook: &Hook) -> Option<Status> {
        match self {
            Self::Unreachable(why) if hook.ignores_failures() => {
                let _ = why;
                None
            }
            Self::Unreachable(why) => Some(Status::internal(why)),
            Self::Refused(status) => Some(*status),
        }
    }
}

/// Asks a webhook. The question is put together at once; what is returned only waits for the answer.
pub(super) fn ask(
    hook: &Hook,
    attributes: &Attributes<'_>,
    matched: &Resource,
    mutating: bool,
    cluster: &dyn Cluster,
) -> Result<impl Future<Output = Result<Answer, Failure>> + Send + use<>, Failure> {
    let (name, webhook) = (hook.name().to_owned(), hook.value());
    let side_effects = text(webhook, "sideEffects");
    if attributes.dry_run && !matches!(side_effects, "None" | "NoneOnDryRun") {
        let why = format!("admission webhook \"{name}\" does not support dry run");
        return Err(Failure::Refused(Box::new(Status::bad_request(why))));
    }
    let Some(version) = review::version(webhook).map(str::to_owned) else {
        let why = "could not create admission objects: webhook does not accept known AdmissionReview versions (v1, v1beta1)";
        return Err(Failure::unreachable(&name, why));
    };
    let in_version =
        |object: &Value| convert(object, attributes.resource, matched, cluster).map_err(|status| Failure::Refused(Box::new(status)));
    let (object, old) = (in_version(attributes.object)?, in_version(attributes.old.unwrap_or(&Value::Null))?);
    let uid = cluster.uid();
    let question = review::question(&version, &uid, attributes, matched, &object, &old);
    let seconds = webhook["timeoutSeconds"].as_u64().filter(|seconds| *seconds > 0).unwrap_or(DEFAULT_SECONDS);
    let timeout = Duration::from_secs(seconds);
    let endpoint = Endpoint::of(&webhook["clientConfig"], cluster, timeout)
        .map_err(|why| Failure::unreachable(&name, format_args!("failed to call webhook: {why}")))?;
    Ok(async move {
        let body = question.to_string().into_bytes();
        let failed = |why: String| Failure::unreachable(&name, format_args!("failed to call webhook: {why}"));
        let answer = client::post(&endpoint, body, timeout).await.map_err(failed)?;
        let review = review::decode(&answer, &version).map_err(failed)?;
        Answer::read(&review, &version, &uid, mutating)
            .map_err(|why| Failure::unreachable(&name, format_args!("received invalid webhook response: {why}")))
    })
}

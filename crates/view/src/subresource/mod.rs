//! Subresources and resources that do not store what is sent to them.

mod binding;
mod connect;
mod eviction;
mod review;
mod review_selectors;
mod scale;
mod token;

use crate::{
    Body, Call, Outcome, Served, View, WriteOptions,
    admit::{Admission, Phase, RequestOptions},
    decode,
    form::Form,
    metadata,
};
use minkapi_admission::Operation;
use minkapi_object::Status;
use serde_json::Value;
use std::{future::Future, pin::Pin};

pub(crate) use scale::projection;

/// A future of a verb.
pub(crate) type Answer<'a> = Pin<Box<dyn Future<Output = Result<Outcome, Status>> + Send + 'a>>;

/// What is only posted to: bindings, evictions, tokens, reviews.
pub(crate) trait Post: Sync {
    /// Answers a POST of the decoded `object`.
    fn post<'a>(&'a self, view: &'a View, call: &'a mut Call, object: Value, options: &'a WriteOptions) -> Answer<'a>;
}

/// By resource and subresource.
static POSTS: &[(&str, &str, &dyn Post)] = &[
    ("bindings", "", &binding::Binding),
    ("pods", "binding", &binding::Binding),
    ("pods", "eviction", &eviction::Eviction),
    ("serviceaccounts", "token", &token::Token),
    ("subjectaccessreviews.authorization.k8s.io", "", &review::ACCESS),
    ("selfsubjectaccessreviews.authorization.k8s.io", "", &review::ACCESS),
    ("localsubjectaccessreviews.authorization.k8s.io", "", &review::ACCESS),
    ("selfsubjectrulesreviews.authorization.k8s.io", "", &review::RULES),
    ("selfsubjectreviews.authentication.k8s.io", "", &review::SELF_SUBJECT),
    ("tokenreviews.authentication.k8s.io", "", &review::TOKEN),
];

fn find(storage: &str, subresource: &str) -> Option<&'static dyn Post> {
    POSTS.iter().find(|(r, s, _)| *r == storage && *s == subresource).map(|(_, _, post)| *post)
}

/// What answers a POST to a resource that stores nothing.
pub(crate) fn post_of(served: &Served) -> Option<&'static dyn Post> {
    find(served.storage.name(), "")
}

/// POST to a subresource.
///
/// # Errors
/// 405 where nothing can be posted; else those of the subresource.
pub(crate) async fn create(view: &View, call: &mut Call, body: Body, options: &WriteOptions) -> Result<Outcome, Status> {
    let post = find(call.target.served.storage.name(), &call.target.subresource).ok_or_else(Status::method_not_allowed)?;
    let form = Form::of(&call.target);
    let mut object = decode::object(call, body, options.field_validation, &form)?;
    metadata::match_namespace(&mut object, &call.target)?;
    admit_and_post(view, call, post, object, options).await
}

/// What is posted passes admission like an object that is to be stored.
///
/// # Errors
/// Those of admission and of the resource.
pub(crate) async fn admit_and_post(
    view: &View,
    call: &mut Call,
    post: &dyn Post,
    mut object: Value,
    options: &WriteOptions,
) -> Result<Outcome, Status> {
    let moment = view.moment();
    for phase in [Phase::Mutating, Phase::Validating] {
        let request = Admission { operation: Operation::Create, object: &mut object, old: None, options: RequestOptions::Write(options) };
        view.admit(call, &moment, phase, request).await?;
    }
    post.post(view, call, object, options).await
}

//! Subresources and resources that do not store what is sent to them.

mod binding;

use crate::{Body, Call, Outcome, PatchType, Served, Target, View, WriteOptions};
use bytes::Bytes;
use minkapi_object::{Object, Status};
use serde_json::Value;
use std::{future::Future, pin::Pin, sync::Arc};

/// A future of a verb.
pub(crate) type Answer<'a> = Pin<Box<dyn Future<Output = Result<Outcome, Status>> + Send + 'a>>;

/// What is only posted to: bindings, evictions, tokens, reviews.
pub(crate) trait Post: Sync {
    /// Answers a POST of the decoded `object`.
    fn post<'a>(&'a self, view: &'a View, call: &'a mut Call, object: Value, options: &'a WriteOptions) -> Answer<'a>;
}

/// A subresource that shows its object in another form, such as `scale`. Others (`status` ...) are the object itself,
/// and their rules are the kind's.
pub(crate) trait Special: Sync {
    /// GET.
    fn get(&self, view: &View, call: &Call, stored: &Arc<Object>) -> Result<Outcome, Status>;
    /// PUT.
    fn update<'a>(&'a self, view: &'a View, call: &'a mut Call, body: Body, options: &'a WriteOptions) -> Answer<'a>;
    /// PATCH.
    fn patch<'a>(
        &'a self,
        view: &'a View,
        call: &'a mut Call,
        kind: PatchType,
        patch: Bytes,
        options: &'a WriteOptions,
    ) -> Answer<'a>;
}

/// By resource and subresource.
static POSTS: &[(&str, &str, &dyn Post)] = &[("bindings", "", &binding::Binding), ("pods", "binding", &binding::Binding)];

static SPECIAL: &[(&str, &dyn Special)] = &[];

fn find(storage: &str, subresource: &str) -> Option<&'static dyn Post> {
    POSTS.iter().find(|(r, s, _)| *r == storage && *s == subresource).map(|(_, _, post)| *post)
}

/// What answers a POST to a resource that stores nothing.
pub(crate) fn post_of(served: &Served) -> Option<&'static dyn Post> {
    find(served.storage.name(), "")
}

/// What serves a subresource that has a form of its own.
pub(crate) fn special(target: &Target) -> Option<&'static dyn Special> {
    SPECIAL.iter().find(|(name, _)| *name == target.subresource).map(|(_, special)| *special)
}

/// POST to a subresource.
///
/// # Errors
/// 405 where nothing can be posted; else those of the subresource.
pub(crate) async fn create(view: &View, call: &mut Call, body: Body, options: &WriteOptions) -> Result<Outcome, Status> {
    let served = call.target.served.clone();
    let sub = served.resource.subresource(&call.target.subresource).ok_or_else(Status::unknown_path)?;
    let post = find(served.storage.name(), &call.target.subresource).ok_or_else(Status::method_not_allowed)?;
    let api_version = if sub.group.is_empty() { sub.version.to_string() } else { format!("{}/{}", sub.group, sub.version) };
    let schema = sub.schema.as_ref().unwrap_or(&served.resource.schema);
    let object = view.decode_as(call, body, options.field_validation, &api_version, &sub.kind, schema)?;
    post.post(view, call, object, options).await
}

//! Whether a user may do what a request asks for.

use crate::{exchange::Exchange, impersonation::subject, request_info::Path};
use http::Method;
use minkapi_authorization::Attributes;
use minkapi_object::{FieldSelector, GroupResource, Status};
use minkapi_schema::{field::quoted, names};
use minkapi_view::{UserInfo, View};

/// Lets a request pass or not, by what the view holds.
///
/// # Errors
/// 403 in upstream's words (C-02-28).
pub(crate) fn check(view: &View, user: &UserInfo, wanted: &Attributes<'_>) -> Result<(), Status> {
    let authorization = view.authorization();
    if authorization.allows_everything() {
        return Ok(());
    }
    let (state, subject) = (view.store().snapshot(), subject(user));
    if authorization.allows(&state, &subject, wanted) {
        return Ok(());
    }
    Err(forbidden(user, wanted, &authorization.decide(&state, &subject, wanted).reason))
}

/// What a request to a path inside a view asks for. `named` holds a name that its field selector asks for.
pub(crate) fn attributes<'a>(exchange: &Exchange<'_>, path: &'a str, parsed: Path<'a>, named: &'a str) -> Attributes<'a> {
    let method = exchange.method();
    let Path::Resource(info) = parsed else {
        return Attributes { verb: method_verb(method), path, ..Attributes::default() };
    };
    let watch = info.watch || exchange.query.flag("watch") == Some(true);
    let reads = matches!(*method, Method::GET | Method::HEAD);
    let verb = match *method {
        Method::POST => "create",
        Method::PUT => "update",
        Method::PATCH => "patch",
        Method::DELETE if info.name.is_empty() => "deletecollection",
        Method::DELETE => "delete",
        _ if !reads => "",
        _ if info.watch => "watch",
        _ if !info.name.is_empty() => "get",
        _ if watch => "watch",
        _ => "list",
    };
    // A namespace is an object within itself.
    let namespace = if info.resource == "namespaces" && info.namespace.is_empty() { info.name } else { info.namespace };
    let name = if info.name.is_empty() && reads && !info.watch { named } else { info.name };
    Attributes { verb, group: info.group, resource: info.resource, subresource: info.subresource, namespace, name, path: "" }
}

/// The name of the only object that a list or watch asks for by its field selector.
pub(crate) fn selected_name(exchange: &Exchange<'_>) -> String {
    let selector = FieldSelector::parse(exchange.query.text("fieldSelector")).ok();
    let name = selector.as_ref().and_then(|s| s.exact("metadata.name")).unwrap_or_default();
    if names::is_valid_path_segment_name(name).is_empty() { name.to_owned() } else { String::new() }
}

/// The verb of a path that is no resource.
pub(crate) fn method_verb(method: &Method) -> &'static str {
    match *method {
        Method::GET => "get",
        Method::HEAD => "head",
        Method::POST => "post",
        Method::PUT => "put",
        Method::PATCH => "patch",
        Method::DELETE => "delete",
        Method::OPTIONS => "options",
        _ => "",
    }
}

/// A refusal in upstream's words, with what the authorizer has to say.
pub(crate) fn forbidden(user: &UserInfo, wanted: &Attributes<'_>, reason: &str) -> Status {
    let Attributes { verb, group, resource, subresource, namespace, name, path } = *wanted;
    let who = quoted(&user.name);
    let text = if !wanted.is_resource() {
        format!("User {who} cannot {verb} path {}", quoted(path))
    } else {
        let what = if subresource.is_empty() { resource.to_owned() } else { format!("{resource}/{subresource}") };
        let place =
            if namespace.is_empty() { "at the cluster scope".to_owned() } else { format!("in the namespace {}", quoted(namespace)) };
        format!("User {who} cannot {verb} resource {} in API group {} {place}", quoted(&what), quoted(group))
    };
    // So that nothing in it can be taken for HTML.
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let text = if reason.is_empty() { text } else { format!("{text}: {reason}") };
    Status::forbidden(&GroupResource::new(group, resource), name, text)
}

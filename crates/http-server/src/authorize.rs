//! Whether a user may do what a request asks for.

use crate::{exchange::Exchange, request_info::Path};
use http::Method;
use minkapi_authorization::{Attributes, Rbac, Subject};
use minkapi_object::{GroupResource, Status};
use minkapi_view::{UserInfo, View};

/// How requests are authorized.
#[derive(Debug, Default)]
pub enum Authorization {
    /// Everybody may do everything.
    #[default]
    AlwaysAllow,
    /// By the RBAC objects of the view that a request is about.
    Rbac(Rbac),
}

/// Paths that need no permission.
const ALWAYS_ALLOWED: [&str; 3] = ["/healthz", "/livez", "/readyz"];

impl Authorization {
    /// Lets a request pass or not.
    ///
    /// # Errors
    /// 403 in upstream's words (C-02-28).
    pub(crate) fn check(&self, view: &View, user: &UserInfo, wanted: &Attributes<'_>) -> Result<(), Status> {
        let Self::Rbac(rbac) = self else { return Ok(()) };
        if !wanted.is_resource() && ALWAYS_ALLOWED.contains(&wanted.path) {
            return Ok(());
        }
        let subject = Subject { name: &user.name, groups: &user.groups };
        if rbac.allows(&view.store().snapshot(), &subject, wanted) { Ok(()) } else { Err(forbidden(user, wanted)) }
    }
}

/// What a request to a path inside a view asks for.
pub(crate) fn attributes<'a>(exchange: &Exchange<'_>, path: &'a str, parsed: Path<'a>) -> Attributes<'a> {
    let method = exchange.method();
    let Path::Resource(info) = parsed else {
        return Attributes { verb: method_verb(method), path, ..Attributes::default() };
    };
    let watch = info.watch || exchange.query.flag("watch") == Some(true);
    let verb = match *method {
        Method::POST => "create",
        Method::PUT => "update",
        Method::PATCH => "patch",
        Method::DELETE if info.name.is_empty() => "deletecollection",
        Method::DELETE => "delete",
        _ if watch => "watch",
        _ if info.name.is_empty() => "list",
        _ => "get",
    };
    // A namespace is an object within itself.
    let namespace = if info.resource == "namespaces" && info.namespace.is_empty() { info.name } else { info.namespace };
    Attributes { verb, group: info.group, resource: info.resource, subresource: info.subresource, namespace, name: info.name, path: "" }
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

fn forbidden(user: &UserInfo, wanted: &Attributes<'_>) -> Status {
    let Attributes { verb, group, resource, subresource, namespace, name, path } = *wanted;
    let who = &user.name;
    let text = if !wanted.is_resource() {
        format!("User \"{who}\" cannot {verb} path \"{path}\"")
    } else {
        let what = if subresource.is_empty() { resource.to_owned() } else { format!("{resource}/{subresource}") };
        let place = if namespace.is_empty() { "at the cluster scope".to_owned() } else { format!("in the namespace \"{namespace}\"") };
        format!("User \"{who}\" cannot {verb} resource \"{what}\" in API group \"{group}\" {place}")
    };
    // Nothing that looks like HTML.
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    Status::forbidden(&GroupResource::new(group, resource), name, text)
}

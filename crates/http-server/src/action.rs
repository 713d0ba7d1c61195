//! Which verb of which resource a request is, or why there is none (C-01-01, C-01-06 to C-01-09).

use crate::{errors, query::Query, request_info::RequestInfo};
use http::Method;
use minkapi_object::{GroupResource, Status};
use minkapi_registry::{Verb, Verbs};
use minkapi_view::{Catalog, Served, Target};
use std::sync::Arc;

/// A verb on a target.
#[derive(Debug)]
pub(crate) struct Action {
    pub verb: Verb,
    pub target: Target,
}

/// Why a request is none.
#[derive(Debug)]
pub(crate) enum NoAction {
    /// The plain-text 404 (C-01-08).
    NotFound,
    /// A failure of the API.
    Status(Status),
}

impl From<Status> for NoAction {
    fn from(status: Status) -> Self {
        Self::Status(status)
    }
}

impl Action {
    /// Finds the verb that a method on a path is.
    ///
    /// # Errors
    /// 404 and 405 in the forms that built-in and custom resources give them.
    pub fn resolve(catalog: &Catalog, method: &Method, info: &RequestInfo<'_>, query: &Query<'_>) -> Result<Self, NoAction> {
        let Some(served) = catalog.find(info.group, info.version, info.resource) else {
            return Err(unknown(catalog, info.group));
        };
        let verb = if served.resource.custom { custom(&served, method, info, query)? } else { built_in(&served, method, info, query)? };
        let target =
            Target { served, namespace: info.namespace.to_owned(), name: info.name.to_owned(), subresource: info.subresource.to_owned() };
        Ok(Self { verb, target })
    }
}

/// What an unknown version or resource is: a Status in the groups that are built in, else the plain 404.
pub(crate) fn unknown(catalog: &Catalog, group: &str) -> NoAction {
    let built_in = catalog.group(group).is_some_and(|g| g.versions.iter().flat_map(|v| &v.resources).any(|r| !r.resource.custom));
    if built_in { NoAction::Status(Status::unknown_path()) } else { NoAction::NotFound }
}

fn list_or_watch(info: &RequestInfo<'_>, query: &Query<'_>) -> Verb {
    if info.watch || query.flag("watch") == Some(true) { Verb::Watch } else { Verb::List }
}

/// Built-in resources: first there must be a route with this path, then one with this method.
fn built_in(served: &Served, method: &Method, info: &RequestInfo<'_>, query: &Query<'_>) -> Result<Verb, NoAction> {
    let resource = &served.resource;
    let across = resource.namespaced && info.namespace.is_empty();
    if (!resource.namespaced && !info.namespace.is_empty()) || (across && !(info.name.is_empty() && resource.verbs.has(Verb::List))) {
        return Err(Status::unknown_path().into());
    }
    let offered = |verb: Verb, of: Verbs| if of.has(verb) { Ok(verb) } else { Err(NoAction::Status(Status::method_not_allowed())) };
    let refused = || Err(NoAction::Status(Status::method_not_allowed()));
    if info.watch {
        if !resource.verbs.has(Verb::Watch) || !info.subresource.is_empty() {
            return Err(Status::unknown_path().into());
        }
        return if *method == Method::GET { Ok(Verb::Watch) } else { refused() };
    }
    if info.name.is_empty() {
        if !info.subresource.is_empty() {
            return Err(Status::unknown_path().into());
        }
        return match *method {
            Method::GET => offered(Verb::List, resource.verbs).and_then(|_| offered(list_or_watch(info, query), resource.verbs)),
            Method::POST if !across => offered(Verb::Create, resource.verbs),
            Method::DELETE if !across => offered(Verb::DeleteCollection, resource.verbs),
            _ => refused(),
        };
    }
    if info.subresource.is_empty() {
        let of_objects = [Verb::Get, Verb::Update, Verb::Patch, Verb::Delete];
        if !of_objects.iter().any(|v| resource.verbs.has(*v)) {
            return Err(Status::unknown_path().into());
        }
        return match *method {
            Method::GET => offered(Verb::Get, resource.verbs),
            Method::PUT => offered(Verb::Update, resource.verbs),
            Method::PATCH => offered(Verb::Patch, resource.verbs),
            Method::DELETE => offered(Verb::Delete, resource.verbs),
            _ => refused(),
        };
    }
    let Some(sub) = resource.subresource(info.subresource).filter(|_| info.rest.is_none() || info.subresource == "proxy") else {
        return Err(Status::unknown_path().into());
    };
    match *method {
        Method::GET => offered(Verb::Get, sub.verbs),
        Method::POST => offered(Verb::Create, sub.verbs),
        Method::PUT => offered(Verb::Update, sub.verbs),
        Method::PATCH => offered(Verb::Patch, sub.verbs),
        Method::DELETE => offered(Verb::Delete, sub.verbs),
        _ => refused(),
    }
}

/// Custom resources: one handler takes all paths and looks at the verb last (chapter 18 on C-01-06).
fn custom(served: &Served, method: &Method, info: &RequestInfo<'_>, query: &Query<'_>) -> Result<Verb, NoAction> {
    let resource = &served.resource;
    let verb = match *method {
        Method::GET | Method::HEAD if info.watch => Some(Verb::Watch),
        Method::GET | Method::HEAD if info.name.is_empty() => Some(list_or_watch(info, query)),
        Method::GET | Method::HEAD => Some(Verb::Get),
        Method::POST => Some(Verb::Create),
        Method::PUT => Some(Verb::Update),
        Method::PATCH => Some(Verb::Patch),
        Method::DELETE if info.name.is_empty() => Some(Verb::DeleteCollection),
        Method::DELETE => Some(Verb::Delete),
        _ => None,
    };
    let namespaced = !info.namespace.is_empty();
    let across = resource.namespaced && matches!(verb, None | Some(Verb::List | Verb::Watch));
    if namespaced != resource.namespaced && (namespaced || !across) {
        return Err(NoAction::NotFound);
    }
    let verbs = if info.subresource.is_empty() {
        // Discovery no longer offers writes while the definition is being deleted, but finalizers must be taken off.
        let is_terminating = served.custom.as_ref().is_some_and(|custom| custom.terminating);
        if is_terminating { Verb::ALL.iter().fold(Verbs(0), |all, verb| Verbs(all.0 | *verb as u16)) } else { resource.verbs }
    } else {
        match resource.subresource(info.subresource) {
            Some(sub) => sub.verbs,
            None => {
                let gr = GroupResource::new(&resource.group, &resource.plural);
                return Err(Status::not_found(&gr, info.name).into());
            }
        }
    };
    match verb {
        Some(verb) if verbs.has(verb) => match verb {
            Verb::Update | Verb::Patch if info.name.is_empty() => Err(Status::bad_request("name must be provided").into()),
            _ => Ok(verb),
        },
        _ => Err(errors::verb_not_supported(resource, verb.map_or("", Verb::as_str)).into()),
    }
}

/// Whether anything can be answered as a Table: not what is only created (C-05-44).
pub(crate) fn has_table(served: &Arc<Served>, subresource: &str) -> bool {
    let verbs =
        if subresource.is_empty() { Some(served.resource.verbs) } else { served.resource.subresource(subresource).map(|s| s.verbs) };
    verbs.is_some_and(|v| v != Verbs::of(&["create"]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request_info::Path;

    fn outcome(method: Method, path: &str) -> Result<Verb, u16> {
        let Path::Resource(info) = Path::parse(path) else { panic!("{path} is no resource") };
        match Action::resolve(&Catalog::built_in(), &method, &info, &Query::default()) {
            Ok(action) => Ok(action.verb),
            Err(NoAction::NotFound) => Err(0),
            Err(NoAction::Status(status)) => Err(status.code),
        }
    }

    #[test]
    fn over_all_namespaces_only_reads_are_offered() {
        assert_eq!(outcome(Method::GET, "/api/v1/configmaps"), Ok(Verb::List));
        assert_eq!(outcome(Method::POST, "/api/v1/configmaps"), Err(405));
        assert_eq!(outcome(Method::DELETE, "/api/v1/configmaps"), Err(405));
        assert_eq!(outcome(Method::GET, "/api/v1/configmaps/a"), Err(404));
    }

    #[test]
    fn cluster_scoped_resources_are_not_found_below_a_namespace() {
        assert_eq!(outcome(Method::GET, "/api/v1/namespaces/x/nodes"), Err(404));
        assert_eq!(outcome(Method::PUT, "/api/v1/nodes"), Err(405));
    }

    #[test]
    fn subresources_answer_their_own_verbs_only() {
        assert_eq!(outcome(Method::POST, "/api/v1/namespaces/x/pods/a/binding"), Ok(Verb::Create));
        assert_eq!(outcome(Method::GET, "/api/v1/namespaces/x/pods/a/binding"), Err(405));
        assert_eq!(outcome(Method::GET, "/api/v1/namespaces/x/pods/a/foo"), Err(404));
        assert_eq!(outcome(Method::GET, "/api/v1/namespaces/x/pods/a/status/more"), Err(404));
    }

    #[test]
    fn unknown_groups_are_told_in_plain_text_and_unknown_versions_in_a_status() {
        assert_eq!(outcome(Method::GET, "/apis/foo.example.com/v1/foos"), Err(0));
        assert_eq!(outcome(Method::GET, "/apis/apps/v1beta1/deployments"), Err(404));
    }
}

//! Acting as somebody else: the `Impersonate-*` headers, and how one may come by the right to.

use crate::authorize::forbidden;
use dashmap::DashMap;
use http::{HeaderMap, HeaderName};
use minkapi_authorization::{Attributes, Subject};
use minkapi_object::Status;
use minkapi_schema::{field::quoted, names};
use minkapi_view::{UserInfo, View};

const USER: HeaderName = HeaderName::from_static("impersonate-user");
const GROUP: HeaderName = HeaderName::from_static("impersonate-group");
const UID: HeaderName = HeaderName::from_static("impersonate-uid");
const EXTRA: &str = "impersonate-extra-";

const ANONYMOUS: &str = "system:anonymous";
const AUTHENTICATED: &str = "system:authenticated";
const UNAUTHENTICATED: &str = "system:unauthenticated";
const MASTERS: &str = "system:masters";
const NODES: &str = "system:nodes";
const AUTHENTICATION: &str = "authentication.k8s.io";

/// In the `extra` of a service account whose token is bound to a pod on a node.
const NODE_NAME: &str = "authentication.kubernetes.io/node-name";

/// From so many groups or values on, the right to all of them is asked for first.
const MANY: usize = 4;

/// More requesters than this are not remembered.
const REMEMBERED: usize = 10_000;

/// Whom a request wants to act as; none if it does not.
///
/// # Errors
/// 400 when there are other headers but no user.
pub(crate) fn wanted(headers: &HeaderMap) -> Result<Option<UserInfo>, Status> {
    let texts =
        |name: &HeaderName| -> Vec<String> { headers.get_all(name).iter().filter_map(|v| v.to_str().ok()).map(str::to_owned).collect() };
    let first = |name: &HeaderName| texts(name).into_iter().next().unwrap_or_default();
    let mut extra: Vec<(String, Vec<String>)> = Vec::new();
    for name in headers.keys().filter(|n| n.as_str().starts_with(EXTRA)) {
        let key = name.as_str().get(EXTRA.len()..).unwrap_or_default();
        let key = percent_encoding::percent_decode_str(key).decode_utf8_lossy().into_owned();
        extra.push((key, texts(name)));
    }
    extra.sort();
    let user = UserInfo { name: first(&USER), uid: first(&UID), groups: texts(&GROUP), extra };
    if !user.name.is_empty() {
        return Ok(Some(user));
    }
    if only_name(&user) {
        return Ok(None);
    }
    Err(Status::bad_request(format!("requested {} without impersonating a user name", printed(&user))))
}

/// As Go's `%#v` prints it.
fn printed(user: &UserInfo) -> String {
    let list = |items: &[String]| match items {
        [] => "[]string(nil)".to_owned(),
        items => format!("[]string{{{}}}", items.iter().map(|i| quoted(i)).collect::<Vec<_>>().join(", ")),
    };
    let extra = match user.extra.as_slice() {
        [] => "map[string][]string(nil)".to_owned(),
        extra => {
            let items: Vec<String> = extra.iter().map(|(key, values)| format!("{}:{}", quoted(key), list(values))).collect();
            format!("map[string][]string{{{}}}", items.join(", "))
        }
    };
    let (name, uid, groups) = (quoted(&user.name), quoted(&user.uid), list(&user.groups));
    format!("&user.DefaultInfo{{Name:{name}, UID:{uid}, Groups:{groups}, Extra:{extra}}}")
}

/// One of the ways to the right. The constrained ones need the right to act as such a user, and the right to do what is asked
/// for in that manner; the last one is older and needs the former only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    AssociatedNode,
    ArbitraryNode,
    ServiceAccount,
    UserInfo,
    Legacy,
}

const MODES: [Mode; 5] = [Mode::AssociatedNode, Mode::ArbitraryNode, Mode::ServiceAccount, Mode::UserInfo, Mode::Legacy];

impl Mode {
    const fn name(self) -> &'static str {
        match self {
            Self::AssociatedNode => "associated-node",
            Self::ArbitraryNode => "arbitrary-node",
            Self::ServiceAccount => "serviceaccount",
            Self::UserInfo => "user-info",
            Self::Legacy => "",
        }
    }

    const fn is_constrained(self) -> bool {
        !matches!(self, Self::Legacy)
    }

    fn applies(self, requester: &UserInfo, wanted: &UserInfo) -> bool {
        let node = node(&wanted.name);
        match self {
            Self::AssociatedNode => {
                let own = requester.extra.iter().find(|(key, _)| key == NODE_NAME).map(|(_, values)| values.as_slice());
                let own = if let Some([one]) = own { Some(one.as_str()) } else { None };
                only_name(wanted) && node.is_some() && service_account(&requester.name).is_some() && own == node
            }
            Self::ArbitraryNode => only_name(wanted) && node.is_some(),
            Self::ServiceAccount => only_name(wanted) && service_account(&wanted.name).is_some(),
            Self::UserInfo => node.is_none() && service_account(&wanted.name).is_none(),
            Self::Legacy => true,
        }
    }
}

/// By which way somebody came to the right last: that one is tried first.
#[derive(Debug, Default)]
pub(crate) struct Modes {
    last: DashMap<String, usize>,
}

impl Modes {
    /// The user that `requester` acts as when he wants to be `wanted` for this request.
    ///
    /// # Errors
    /// 403 in the words of the first way that was tried.
    pub fn act_as(&self, view: &View, requester: &UserInfo, wanted: &UserInfo, request: &Attributes<'_>) -> Result<UserInfo, Status> {
        let last = self.last.get(&requester.name).map(|at| *at);
        let mut refused = None;
        for at in last.into_iter().chain((0..MODES.len()).filter(|at| Some(*at) != last)) {
            let Some(mode) = MODES.get(at).copied().filter(|mode| mode.applies(requester, wanted)) else { continue };
            match (Attempt { view, requester, mode }).act_as(wanted, request) {
                Ok(user) => {
                    if last != Some(at) {
                        self.remember(&requester.name, at);
                    }
                    return Ok(user);
                }
                Err(status) => refused = refused.or(Some(status)),
            }
        }
        Err(refused.unwrap_or_else(|| Status::unclassified("all impersonation modes failed")))
    }

    fn remember(&self, name: &str, at: usize) {
        if self.last.len() >= REMEMBERED {
            self.last.clear();
        }
        self.last.insert(name.to_owned(), at);
    }
}

struct Attempt<'a> {
    view: &'a View,
    requester: &'a UserInfo,
    mode: Mode,
}

impl Attempt<'_> {
    fn check(&self, wanted: &Attributes<'_>) -> Result<(), Status> {
        crate::authorize::check(self.view, self.requester, wanted)
    }

    fn act_as(&self, wanted: &UserInfo, request: &Attributes<'_>) -> Result<UserInfo, Status> {
        let mode = self.mode.name();
        let verb = match self.mode.is_constrained() {
            true => format!("impersonate:{mode}"),
            false => "impersonate".to_owned(),
        };
        if self.mode.is_constrained() {
            let verb = format!("impersonate-on:{mode}:{}", request.verb);
            self.check(&Attributes { verb: &verb, ..*request })?;
        }
        let of_users = if self.mode.is_constrained() { AUTHENTICATION } else { "" };
        let asked = Attributes { verb: &verb, group: of_users, ..Attributes::default() };
        let mut acting = wanted.clone();
        self.check_name(&mut acting, asked)?;
        let asked = Attributes { group: AUTHENTICATION, ..asked };
        if !wanted.uid.is_empty() {
            self.check(&Attributes { resource: "uids", name: &wanted.uid, ..asked })?;
        }
        self.check_groups(&wanted.groups, Attributes { group: of_users, resource: "groups", ..asked })?;
        self.check_extra(&wanted.extra, Attributes { resource: "userextras", ..asked })?;
        let group = match acting.name == ANONYMOUS {
            true => Some(UNAUTHENTICATED),
            false => Some(AUTHENTICATED).filter(|_| !acting.groups.iter().any(|g| g == UNAUTHENTICATED)),
        };
        if let Some(group) = group.filter(|group| !acting.groups.iter().any(|g| g == group)) {
            acting.groups.push(group.to_owned());
        }
        Ok(acting)
    }

    /// Groups that follow from a name are given with it.
    fn check_name(&self, acting: &mut UserInfo, asked: Attributes<'_>) -> Result<(), Status> {
        let name = acting.name.clone();
        if let Some((namespace, name)) = service_account(&name) {
            if acting.groups.is_empty() {
                acting.groups = vec!["system:serviceaccounts".to_owned(), format!("system:serviceaccounts:{namespace}")];
            }
            return self.check(&Attributes { resource: "serviceaccounts", namespace, name, ..asked });
        }
        match node(&name).filter(|_| self.mode.is_constrained()) {
            Some(node) => {
                acting.groups = vec![NODES.to_owned()];
                let name = if self.mode == Mode::AssociatedNode { "*" } else { node };
                self.check(&Attributes { resource: "nodes", name, ..asked })
            }
            None => self.check(&Attributes { resource: "users", name: &name, ..asked }),
        }
    }

    fn check_groups(&self, groups: &[String], asked: Attributes<'_>) -> Result<(), Status> {
        if self.mode.is_constrained() {
            if groups.iter().any(String::is_empty) {
                return Err(forbidden(self.requester, &asked, "impersonating the empty string group is not allowed"));
            }
            if groups.iter().any(|group| group == MASTERS) {
                let asked = Attributes { name: MASTERS, ..asked };
                return Err(forbidden(self.requester, &asked, "impersonating the system:masters group is not allowed"));
            }
            if groups.len() >= MANY && self.check(&Attributes { name: "*", ..asked }).is_ok() {
                return Ok(());
            }
        }
        groups.iter().try_for_each(|group| self.check(&Attributes { name: group, ..asked }))
    }

    fn check_extra(&self, extra: &[(String, Vec<String>)], asked: Attributes<'_>) -> Result<(), Status> {
        if self.mode.is_constrained() {
            validate_extra(extra).map_err(|why| forbidden(self.requester, &asked, &why))?;
            let values: usize = extra.iter().map(|(_, values)| values.len()).sum();
            let all = Attributes { subresource: "*", name: "*", ..asked };
            if (extra.len() >= MANY || values >= MANY) && self.check(&all).is_ok() {
                return Ok(());
            }
        }
        for (key, values) in extra {
            for value in values {
                self.check(&Attributes { subresource: key, name: value, ..asked })?;
            }
        }
        Ok(())
    }
}

fn validate_extra(extra: &[(String, Vec<String>)]) -> Result<(), String> {
    for (key, values) in extra {
        let refused = |what: &str| Err(format!("impersonating {what} is not allowed"));
        if key.is_empty() {
            return refused("the empty string key in extra");
        }
        let domain = key.split_once('/').filter(|(domain, rest)| !domain.is_empty() && !rest.is_empty()).map(|(domain, _)| domain);
        let problem = match domain {
            None => Some("must be a domain-prefixed path (such as \"acme.io/foo\")".to_owned()),
            Some(domain) => names::is_dns1123_subdomain(domain).into_iter().next(),
        };
        if let Some(problem) = problem {
            return Err(format!(
                "impersonating an invalid key in extra is not allowed: extra.key: Invalid value: {}: {problem}",
                quoted(key)
            ));
        }
        if values.is_empty() {
            return refused("empty values in extra");
        }
        if values.iter().any(String::is_empty) {
            return refused("the empty string value in extra");
        }
    }
    Ok(())
}

fn only_name(user: &UserInfo) -> bool {
    user.uid.is_empty() && user.groups.is_empty() && user.extra.is_empty()
}

/// Namespace and name of a service account, if the user name is that of one.
fn service_account(name: &str) -> Option<(&str, &str)> {
    let (namespace, name) = name.strip_prefix("system:serviceaccount:")?.split_once(':')?;
    let named = names::is_dns1123_label(namespace).is_empty() && names::is_dns1123_subdomain(name).is_empty();
    named.then_some((namespace, name))
}

/// The name of a node, if the user name is that of one.
fn node(name: &str) -> Option<&str> {
    name.strip_prefix("system:node:").filter(|node| names::is_dns1123_subdomain(node).is_empty())
}

/// Somebody as the authorizer sees him.
pub(crate) fn subject(user: &UserInfo) -> Subject<'_> {
    Subject { name: &user.name, groups: &user.groups }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;
    use minkapi_view::{Config, Views};

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(HeaderName::from_static(name), value.parse().unwrap());
        }
        map
    }

    fn acting(pairs: &[(&'static str, &str)]) -> UserInfo {
        let view = Views::new(Config::default()).base();
        let wanted = wanted(&headers(pairs)).unwrap().unwrap();
        Modes::default().act_as(&view, &UserInfo::default(), &wanted, &Attributes::default()).unwrap()
    }

    #[test]
    fn headers_tell_the_user() {
        let user = acting(&[
            ("impersonate-user", "anna"),
            ("impersonate-group", "a"),
            ("impersonate-group", "b"),
            ("impersonate-extra-acme%2fscope", "x"),
        ]);
        assert_eq!(user.groups, ["a", "b", "system:authenticated"]);
        assert_eq!(user.extra, [("acme/scope".to_owned(), vec!["x".to_owned()])]);
        assert!(wanted(&HeaderMap::new()).unwrap().is_none());
        let refused = wanted(&headers(&[("impersonate-group", "a"), ("impersonate-extra-b", "c")])).unwrap_err();
        assert_eq!(
            (refused.code, refused.message.as_str()),
            (
                400,
                r#"requested &user.DefaultInfo{Name:"", UID:"", Groups:[]string{"a"}, Extra:map[string][]string{"b":[]string{"c"}}} without impersonating a user name"#
            )
        );
    }

    #[test]
    fn service_accounts_and_nodes_have_their_groups() {
        let robot = acting(&[("impersonate-user", "system:serviceaccount:x:s")]);
        assert_eq!(robot.groups, ["system:serviceaccounts", "system:serviceaccounts:x", "system:authenticated"]);
        assert_eq!(acting(&[("impersonate-user", "system:node:n1")]).groups, ["system:nodes", "system:authenticated"]);
        assert_eq!(acting(&[("impersonate-user", "system:anonymous")]).groups, ["system:unauthenticated"]);
    }
}

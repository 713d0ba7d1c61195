//! Acting as somebody else: the `Impersonate-*` headers.

use http::{HeaderMap, HeaderName};
use minkapi_authorization::Attributes;
use minkapi_object::Status;
use minkapi_view::UserInfo;

const USER: HeaderName = HeaderName::from_static("impersonate-user");
const GROUP: HeaderName = HeaderName::from_static("impersonate-group");
const UID: HeaderName = HeaderName::from_static("impersonate-uid");
const EXTRA: &str = "impersonate-extra-";

const AUTHENTICATED: &str = "system:authenticated";
const UNAUTHENTICATED: &str = "system:unauthenticated";

/// Whom a request wants to act as; none if it does not.
///
/// # Errors
/// 500, as kube-apiserver answers headers without a user.
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
    let mut user = UserInfo { name: first(&USER), uid: first(&UID), groups: texts(&GROUP), extra };
    if user.name.is_empty() {
        let others = !user.uid.is_empty() || !user.groups.is_empty() || !user.extra.is_empty();
        let text = "Internal error occurred: requested impersonation without a user name";
        return if others { Err(Status::failure(500, minkapi_object::StatusReason::InternalError, text)) } else { Ok(None) };
    }
    if let Some((namespace, _)) = service_account(&user.name)
        && user.groups.is_empty()
    {
        user.groups = vec!["system:serviceaccounts".to_owned(), format!("system:serviceaccounts:{namespace}")];
    }
    let known = |group: &str| user.groups.iter().any(|g| g == group);
    match user.name == "system:anonymous" {
        true if !known(UNAUTHENTICATED) => user.groups.push(UNAUTHENTICATED.to_owned()),
        false if !known(AUTHENTICATED) && !known(UNAUTHENTICATED) => user.groups.push(AUTHENTICATED.to_owned()),
        _ => {}
    }
    Ok(Some(user))
}

fn service_account(name: &str) -> Option<(&str, &str)> {
    name.strip_prefix("system:serviceaccount:")?.split_once(':')
}

/// What one must be allowed to do to act as that user.
pub(crate) fn needed(user: &UserInfo) -> Vec<Attributes<'_>> {
    let impersonate = Attributes { verb: "impersonate", ..Attributes::default() };
    let mut needed = vec![match service_account(&user.name) {
        Some((namespace, name)) => Attributes { resource: "serviceaccounts", namespace, name, ..impersonate },
        None => Attributes { resource: "users", name: &user.name, ..impersonate },
    }];
    // The groups that follow from the user need no permission of their own.
    let given = user.groups.iter().filter(|g| *g != AUTHENTICATED && *g != UNAUTHENTICATED && !g.starts_with("system:serviceaccounts"));
    needed.extend(given.map(|group| Attributes { resource: "groups", name: group, ..impersonate }));
    let authentication = Attributes { group: "authentication.k8s.io", ..impersonate };
    if !user.uid.is_empty() {
        needed.push(Attributes { resource: "uids", name: &user.uid, ..authentication });
    }
    for (key, values) in &user.extra {
        needed.extend(values.iter().map(|value| Attributes { resource: "userextras", subresource: key, name: value, ..authentication }));
    }
    needed
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(HeaderName::from_static(name), value.parse().unwrap());
        }
        map
    }

    #[test]
    fn headers_tell_the_user() {
        let all = headers(&[
            ("impersonate-user", "anna"),
            ("impersonate-group", "a"),
            ("impersonate-group", "b"),
            ("impersonate-extra-acme%2fscope", "x"),
        ]);
        let user = wanted(&all).unwrap().unwrap();
        assert_eq!(user.groups, ["a", "b", "system:authenticated"]);
        assert_eq!(user.extra, [("acme/scope".to_owned(), vec!["x".to_owned()])]);
        assert_eq!(needed(&user).iter().map(|a| a.resource).collect::<Vec<_>>(), ["users", "groups", "groups", "userextras"]);
        assert!(wanted(&HeaderMap::new()).unwrap().is_none());
        assert_eq!(wanted(&headers(&[("impersonate-group", "a")])).unwrap_err().code, 500);
    }

    #[test]
    fn service_accounts_have_their_groups() {
        let user = wanted(&headers(&[("impersonate-user", "system:serviceaccount:x:s")])).unwrap().unwrap();
        assert_eq!(user.groups, ["system:serviceaccounts", "system:serviceaccounts:x", "system:authenticated"]);
        assert_eq!(
            needed(&user),
            [Attributes { verb: "impersonate", resource: "serviceaccounts", namespace: "x", name: "s", ..Attributes::default() }]
        );
    }
}

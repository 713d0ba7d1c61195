//! Who makes a request.

use http::request::Parts;
use minkapi_view::{UserInfo, View};
use std::fmt;

/// Tells who makes a request. This is where tokens, client certificates, and checks of `Host` and `Origin` belong.
pub trait Authenticate: Send + Sync + fmt::Debug {
    /// The user, or none for a request that is to be answered with 401 (C-02-29). `view` is the one that the request is about;
    /// the base view if it is about none.
    fn authenticate(&self, request: &Parts, view: &View) -> Option<UserInfo>;

    /// The user of a token that is good in a view and none of a service account there, for TokenReviews.
    fn user_of_token(&self, token: &str, view: &View) -> Option<UserInfo> {
        let _ = (token, view);
        None
    }
}

/// Takes everyone for the administrator: for servers that only their owner can reach.
#[derive(Debug, Clone, Copy, Default)]
pub struct EveryoneIsAdmin;

impl Authenticate for EveryoneIsAdmin {
    fn authenticate(&self, _: &Parts, _: &View) -> Option<UserInfo> {
        Some(administrator())
    }
}

/// Who may do everything.
pub(crate) fn administrator() -> UserInfo {
    UserInfo {
        name: "admin".to_owned(),
        groups: vec!["system:masters".to_owned(), "system:authenticated".to_owned()],
        ..UserInfo::default()
    }
}

/// The client program as managed fields name it: the User-Agent up to the first slash, as far as it is printable (C-03-20).
pub(crate) fn manager_of(user_agent: &str) -> String {
    const LENGTH: usize = 128;
    let mut name = String::new();
    for c in user_agent.split('/').next().unwrap_or_default().chars().filter(|c| crate::options::is_printable(*c)) {
        if name.len() + c.len_utf8() > LENGTH {
            break;
        }
        name.push(c);
    }
    if name.is_empty() { "unknown".to_owned() } else { name }
}

//! Proofs of who makes a request: bearer tokens and client certificates.

use crate::{Authenticate, authenticate::administrator};
use http::{header::AUTHORIZATION, request::Parts};
use minkapi_view::{UserInfo, View};
use sha2::{Digest as _, Sha256};
use std::{collections::HashMap, fmt};

/// Every user who proved who he is.
const AUTHENTICATED: &str = "system:authenticated";

/// In the `extra` of a user whose token is good for one view only: its name.
pub(crate) const ONLY_VIEW: &str = "minkapi.dev/view";

/// Who a client certificate is for; the network puts it into the extensions of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerCertificate {
    /// `CN`: the user.
    pub common_name: String,
    /// `O`: the groups.
    pub organizations: Vec<String>,
    /// The SHA-256 of the certificate, by which a user is told which of his certificates it was.
    pub sha256: [u8; 32],
}

impl PeerCertificate {
    fn user(&self) -> UserInfo {
        let id = format!("X509SHA256={}", hex(&self.sha256));
        UserInfo {
            name: self.common_name.clone(),
            uid: String::new(),
            groups: self.organizations.clone(),
            extra: vec![("authentication.kubernetes.io/credential-id".to_owned(), vec![id])],
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Knows users by static tokens, by tokens of views and by client certificates. A bearer token that is not known is refused
/// (C-02-29), even where no credentials are needed.
#[derive(Default)]
pub struct Authentication {
    /// Users by the SHA-256 of their token, so that looking one up tells nothing by the time it takes.
    tokens: HashMap<[u8; 32], UserInfo>,
    view_tokens: Option<ViewTokens>,
    without_credentials: WithoutCredentials,
}

/// What somebody is who comes without credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum WithoutCredentials {
    #[default]
    Refused,
    Anonymous,
    Administrator,
}

impl fmt::Debug for Authentication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authentication")
            .field("tokens", &self.tokens.len())
            .field("without_credentials", &self.without_credentials)
            .finish_non_exhaustive()
    }
}

/// A line of a token file that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct TokenFileError {
    /// Which line, from 1.
    pub line: usize,
    /// What is wrong.
    pub problem: &'static str,
}

impl Authentication {
    /// Takes whoever comes without credentials for the administrator: for servers that only their owner can reach.
    #[must_use]
    pub fn open(self) -> Self {
        Self { without_credentials: WithoutCredentials::Administrator, ..self }
    }

    /// Takes whoever comes without credentials for `system:anonymous`.
    #[must_use]
    pub fn anonymous(self) -> Self {
        Self { without_credentials: WithoutCredentials::Anonymous, ..self }
    }

    /// Takes the holder of this token for a user.
    #[must_use]
    pub fn with_token(mut self, token: &str, user: UserInfo) -> Self {
        self.tokens.insert(digest(token), user);
        self
    }

    /// Takes the holder of a view's token for the administrator of that view.
    #[must_use]
    pub fn with_view_tokens(self, tokens: ViewTokens) -> Self {
        Self { view_tokens: Some(tokens), ..self }
    }

    /// Reads a token file as kube-apiserver does: lines of `token,user,uid,"group1,group2"`, the groups optional.
    ///
    /// # Errors
    /// The first line with less than three columns or an empty token.
    pub fn with_token_file(mut self, text: &str) -> Result<Self, TokenFileError> {
        for (at, line) in text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty() && !l.starts_with('#')) {
            let failed = |problem| TokenFileError { line: at + 1, problem };
            let columns = columns(line);
            let [token, name, uid, groups @ ..] = columns.as_slice() else {
                return Err(failed("a token file must have at least 3 columns (token, user name, user uid)"));
            };
            if token.is_empty() {
                return Err(failed("the token is empty"));
            }
            // A column that is empty is one group without a name, as upstream has it.
            let groups = groups.first().into_iter().flat_map(|groups| groups.split(','));
            let user = UserInfo { name: name.clone(), uid: uid.clone(), groups: groups.map(str::to_owned).collect(), extra: Vec::new() };
            self.tokens.insert(digest(token), user);
        }
        Ok(self)
    }

    fn of_token(&self, token: &str) -> Option<UserInfo> {
        let known = self.tokens.get(&digest(token)).cloned();
        let of_view = || self.view_tokens.as_ref()?.user(token);
        known.or_else(of_view).map(authenticated)
    }
}

impl Authenticate for Authentication {
    fn authenticate(&self, request: &Parts, view: &View) -> Option<UserInfo> {
        // As upstream, a certificate goes before a token, and one without a name is none.
        if let Some(peer) = request.extensions.get::<PeerCertificate>().filter(|peer| !peer.common_name.is_empty()) {
            return Some(authenticated(peer.user()));
        }
        if let Some(header) = request.headers.get(AUTHORIZATION) {
            // Other schemes are no credentials that kube-apiserver knows, and are passed over.
            let mut words = header.to_str().unwrap_or_default().splitn(2, ' ');
            let bearer = words.next().is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer"));
            if let Some(token) = words.next().map(str::trim).filter(|t| bearer && !t.is_empty()) {
                return self.of_token(token).or_else(|| view.token_user(token));
            }
        }
        match self.without_credentials {
            WithoutCredentials::Refused => None,
            WithoutCredentials::Anonymous => Some(UserInfo {
                name: "system:anonymous".to_owned(),
                groups: vec!["system:unauthenticated".to_owned()],
                ..UserInfo::default()
            }),
            WithoutCredentials::Administrator => Some(administrator()),
        }
    }

    fn user_of_token(&self, token: &str, view: &View) -> Option<UserInfo> {
        self.of_token(token).filter(|user| may_enter(user, view.name()))
    }
}

fn authenticated(mut user: UserInfo) -> UserInfo {
    if !user.groups.iter().any(|g| g == AUTHENTICATED) {
        user.groups.push(AUTHENTICATED.to_owned());
    }
    user
}

fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

/// The columns of a line of comma-separated values.
fn columns(line: &str) -> Vec<String> {
    let (mut columns, mut current, mut quoted) = (Vec::new(), String::new(), false);
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => columns.push(std::mem::take(&mut current).trim().to_owned()),
            c => current.push(c),
        }
    }
    columns.push(current.trim().to_owned());
    columns
}

/// A token for each view, made from a secret of the server: who holds that of a sandbox can do everything in it and nothing
/// elsewhere.
#[derive(Clone)]
pub struct ViewTokens {
    secret: [u8; 32],
}

impl ViewTokens {
    /// Tokens that only who knows the secret can make.
    pub const fn new(secret: [u8; 32]) -> Self {
        Self { secret }
    }

    /// The token of a view: its name and a proof.
    pub fn token(&self, view: &str) -> String {
        format!("{view}.{}", self.proof(view))
    }

    fn proof(&self, view: &str) -> String {
        // The secret goes first and last, so that a proof cannot be continued to one of another name.
        let hash = Sha256::new().chain_update(self.secret).chain_update(view).chain_update(self.secret).finalize();
        hex(&hash)
    }

    fn user(&self, token: &str) -> Option<UserInfo> {
        let (view, proof) = token.rsplit_once('.')?;
        // Comparing digests tells nothing about the proof by the time it takes.
        (digest(proof) == digest(&self.proof(view))).then(|| UserInfo {
            name: format!("minkapi:view:{view}"),
            groups: vec!["system:masters".to_owned()],
            extra: vec![(ONLY_VIEW.to_owned(), vec![view.to_owned()])],
            ..UserInfo::default()
        })
    }
}

/// Whether a user may enter what the first segment of a path names.
pub(crate) fn may_enter(user: &UserInfo, segment: &str) -> bool {
    user.extra.iter().find(|(key, _)| key == ONLY_VIEW).is_none_or(|(_, views)| views.iter().any(|v| v == segment))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;

    fn request(authorization: &str) -> Parts {
        let request = http::Request::builder();
        let request = if authorization.is_empty() { request } else { request.header(AUTHORIZATION, authorization) };
        request.body(()).unwrap().into_parts().0
    }

    fn base() -> View {
        minkapi_view::Views::new(minkapi_view::Config::default()).base()
    }

    fn name(authentication: &Authentication, authorization: &str) -> Option<String> {
        authentication.authenticate(&request(authorization), &base()).map(|u| u.name)
    }

    #[test]
    fn a_token_that_is_not_known_is_refused_even_where_none_is_needed() {
        let open = Authentication::default().open();
        assert_eq!(name(&open, "").as_deref(), Some("admin"));
        assert_eq!(name(&open, "Bearer wrong"), None);
        assert_eq!(name(&open, "bearer wrong"), None);
        assert_eq!(name(&open, "Basic d3Jvbmc=").as_deref(), Some("admin"));
        assert_eq!(name(&Authentication::default(), ""), None);
        assert_eq!(name(&Authentication::default().anonymous(), "").as_deref(), Some("system:anonymous"));
    }

    #[test]
    fn a_token_file_names_users_with_their_groups() {
        let file = "# comment\nsecret,anna,u1,\"dev,ops\"\nother, bob ,u2,\n";
        let authentication = Authentication::default().with_token_file(file).unwrap();
        let anna = authentication.authenticate(&request("Bearer secret"), &base()).unwrap();
        assert_eq!((anna.name.as_str(), anna.uid.as_str()), ("anna", "u1"));
        assert_eq!(anna.groups, ["dev", "ops", "system:authenticated"]);
        assert_eq!(name(&authentication, "Bearer other").as_deref(), Some("bob"));
        assert_eq!(Authentication::default().with_token_file("a,b\n").unwrap_err().line, 1);
    }

    #[test]
    fn the_token_of_a_view_is_good_for_no_other() {
        let tokens = ViewTokens::new([7; 32]);
        let authentication = Authentication::default().with_view_tokens(tokens.clone());
        let blue = authentication.authenticate(&request(&format!("Bearer {}", tokens.token("blue"))), &base()).unwrap();
        assert!(may_enter(&blue, "blue") && !may_enter(&blue, "base") && !may_enter(&blue, "views"));
        let forged = tokens.token("blue").replace("blue", "base");
        assert_eq!(name(&authentication, &format!("Bearer {forged}")), None);
        assert_eq!(name(&authentication, &format!("Bearer {}", ViewTokens::new([8; 32]).token("blue"))), None);
    }

    #[test]
    fn a_client_certificate_tells_user_and_groups() {
        let mut parts = request("");
        let peer = PeerCertificate { common_name: "anna".to_owned(), organizations: vec!["dev".to_owned()], sha256: [0xab; 32] };
        parts.extensions.insert(peer.clone());
        let anna = Authentication::default().authenticate(&parts, &base()).unwrap();
        assert_eq!(
            (anna.name.as_str(), anna.groups.as_slice()),
            ("anna", ["dev".to_owned(), "system:authenticated".to_owned()].as_slice())
        );
        assert_eq!(anna.extra[0].1, [format!("X509SHA256={}", "ab".repeat(32))]);
        parts.extensions.insert(PeerCertificate { common_name: String::new(), ..peer });
        assert_eq!(Authentication::default().authenticate(&parts, &base()), None, "a certificate without a name is nobody's");
    }
}

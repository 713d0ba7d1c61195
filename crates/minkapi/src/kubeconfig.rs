//! Kubeconfig files: what points clients at a view.

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// First line of every kubeconfig that this program writes; files without it are not overwritten.
pub(crate) const HEADER: &str = "# Written by minkapi; removed when it stops.";

/// A kubeconfig for the API at `url`, with the view's name in cluster, user and context: with the
/// certificates (PEM) by which the server is known, and the token of the user, if there are any.
pub(crate) fn text(url: &str, name: &str, authority: Option<&[u8]>, token: Option<&str>) -> String {
    let authority = authority.map(|pem| format!("\n    certificate-authority-data: {}", STANDARD.encode(pem))).unwrap_or_default();
    let user = token.map_or_else(|| " {}".to_owned(), |token| format!("\n    token: {token}"));
    format!(
        r#"{HEADER}
apiVersion: v1
kind: Config
clusters:
- name: minkapi-{name}
  cluster:
    server: {url}{authority}
contexts:
- name: minkapi-{name}
  context:
    cluster: minkapi-{name}
    user: minkapi-{name}
users:
- name: minkapi-{name}
  user:{user}
current-context: minkapi-{name}
preferences: {{}}
"#
    )
}

//! Kubeconfig files: what points clients at a view.

/// First line of every kubeconfig that this program writes; files without it are not overwritten.
pub(crate) const HEADER: &str = "# Written by minkapi; removed when it stops.";

/// A kubeconfig for the API at `url`, with the view's name in cluster, user and context.
pub(crate) fn text(url: &str, name: &str) -> String {
    format!(
        r#"{HEADER}
apiVersion: v1
kind: Config
clusters:
- name: minkapi-{name}
  cluster:
    server: {url}
contexts:
- name: minkapi-{name}
  context:
    cluster: minkapi-{name}
    user: minkapi-{name}
users:
- name: minkapi-{name}
  user: {{}}
current-context: minkapi-{name}
preferences: {{}}
"#
    )
}

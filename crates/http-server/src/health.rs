//! `/healthz`, `/livez`, `/readyz` (C-01-29).

use crate::{
    exchange::{Exchange, Reply},
    metrics::Slis,
};
use http::header::X_CONTENT_TYPE_OPTIONS;

/// One of the three endpoints and its checks: its own, those of what was started, and its own again.
struct Endpoint {
    name: &'static str,
    first: &'static [&'static str],
    last: &'static [&'static str],
}

/// The check that fails while the server shuts down.
const SHUTDOWN: &str = "shutdown";

/// The checks of what state is kept in: they fail when changes cannot be kept on disk any more, as only a restart helps then.
const STORAGE: [&str; 2] = ["etcd", "etcd-readiness"];

/// What the checks look at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Condition {
    pub shutting_down: bool,
    /// Changes cannot be kept any more.
    pub log_failed: bool,
    /// Whether roles decide, so that the default ones are among what was started.
    pub has_roles: bool,
}

impl Condition {
    fn fails(self, check: &str) -> bool {
        (check == SHUTDOWN && self.shutting_down) || (STORAGE.contains(&check) && self.log_failed)
    }
}

static ENDPOINTS: [Endpoint; 3] = [
    Endpoint { name: "healthz", first: &["ping", "log", "loopback-serving-certificate", "etcd"], last: &[] },
    Endpoint { name: "livez", first: &["ping", "log", "loopback-serving-certificate", "etcd"], last: &[] },
    Endpoint { name: "readyz", first: &["ping", "log", "etcd", "etcd-readiness", "informer-sync"], last: &[SHUTDOWN] },
];

/// The check that there is only where roles decide.
const ROLES: &str = "poststarthook/rbac/bootstrap-roles";

/// What a kube-apiserver has running besides requests, by the names that probes may ask for. Here all of it is done with when the
/// first request comes.
const STARTED: &[&str] = &[
    "poststarthook/start-apiserver-admission-initializer",
    "poststarthook/generic-apiserver-start-informers",
    "poststarthook/priority-and-fairness-config-consumer",
    "poststarthook/priority-and-fairness-filter",
    "poststarthook/storage-object-count-tracker-hook",
    "poststarthook/start-apiextensions-informers",
    "poststarthook/start-apiextensions-controllers",
    "poststarthook/crd-informer-synced",
    "poststarthook/start-system-namespaces-controller",
    "poststarthook/peer-endpoint-reconciler-controller",
    "poststarthook/start-cluster-authentication-info-controller",
    "poststarthook/start-kube-apiserver-identity-lease-controller",
    "poststarthook/start-kube-apiserver-identity-lease-garbage-collector",
    "poststarthook/storage-readiness",
    "poststarthook/start-legacy-token-tracking-controller",
    "poststarthook/start-service-ip-repair-controllers",
    ROLES,
    "poststarthook/scheduling/bootstrap-system-priority-classes",
    "poststarthook/priority-and-fairness-config-producer",
    "poststarthook/bootstrap-controller",
    "poststarthook/start-kubernetes-service-cidr-controller",
    "poststarthook/start-kube-aggregator-informers",
    "poststarthook/apiservice-status-local-available-controller",
    "poststarthook/apiservice-status-remote-available-controller",
    "poststarthook/apiservice-registration-controller",
    "poststarthook/apiservice-discovery-controller",
    "poststarthook/kube-apiserver-autoregistration",
    "autoregister-completion",
    "poststarthook/apiservice-openapi-controller",
    "poststarthook/apiservice-openapiv3-controller",
];

impl Endpoint {
    fn checks(&self, has_roles: bool) -> impl Iterator<Item = &'static str> {
        self.first.iter().chain(STARTED).chain(self.last).copied().filter(move |check| has_roles || *check != ROLES)
    }
}

/// All paths, for the list at the root.
pub(crate) fn paths(has_roles: bool) -> impl Iterator<Item = String> {
    ENDPOINTS
        .iter()
        .flat_map(move |e| std::iter::once(format!("/{}", e.name)).chain(e.checks(has_roles).map(|c| format!("/{}/{c}", e.name))))
}

/// Answers `/readyz`, `/readyz/ping`; none for paths that are neither an endpoint nor a check of one.
pub(crate) fn serve(exchange: &Exchange<'_>, path: &str, condition: Condition, slis: &Slis) -> Option<Reply> {
    let (name, check) = match path.trim_start_matches('/').split_once('/') {
        Some((name, check)) => (name, Some(check)),
        None => (path.trim_start_matches('/'), None),
    };
    let endpoint = ENDPOINTS.iter().find(|e| e.name == name)?;
    if let Some(check) = check {
        let check = endpoint.checks(condition.has_roles).find(|c| *c == check)?;
        return Some(match (condition.fails(check), check) {
            (false, _) => {
                let mut reply = exchange.text(200, "ok");
                reply.headers_mut().remove(X_CONTENT_TYPE_OPTIONS);
                reply
            }
            (true, SHUTDOWN) => exchange.text(500, "internal server error: process is shutting down\n"),
            (true, _) => exchange.text(500, "internal server error: changes cannot be kept\n"),
        });
    }
    let mut excluded: Vec<&str> = exchange.query.all("exclude").flat_map(|e| e.split(',')).collect();
    excluded.sort_unstable();
    excluded.dedup();
    let mut report = String::new();
    let mut failed = false;
    for check in endpoint.checks(condition.has_roles) {
        if !excluded.contains(&check) {
            slis.note(check, endpoint.name, !condition.fails(check));
        }
        let line = match (excluded.contains(&check), condition.fails(check)) {
            (true, _) => format!("[+]{check} excluded: ok\n"),
            (false, false) => format!("[+]{check} ok\n"),
            (false, true) => format!("[-]{check} failed: reason withheld\n"),
        };
        failed |= line.starts_with("[-]");
        report.push_str(&line);
    }
    let unknown: Vec<String> =
        excluded.iter().filter(|e| !endpoint.checks(condition.has_roles).any(|c| c == **e)).map(|e| format!("\"{e}\"")).collect();
    if !unknown.is_empty() {
        report.push_str(&format!("warn: some health checks cannot be excluded: no matches for {}\n", unknown.join(", ")));
    }
    Some(match (failed, exchange.query.has("verbose")) {
        (true, _) => exchange.text(500, format!("{report}{name} check failed\n")),
        (false, true) => exchange.text(200, format!("{report}{name} check passed\n")),
        (false, false) => exchange.text(200, "ok"),
    })
}

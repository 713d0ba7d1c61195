//! `/healthz`, `/livez`, `/readyz` (C-01-29).

use crate::exchange::{Exchange, Reply};

/// One of the three endpoints and its checks.
struct Endpoint {
    name: &'static str,
    checks: &'static [&'static str],
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
}

impl Condition {
    fn fails(self, check: &str) -> bool {
        (check == SHUTDOWN && self.shutting_down) || (STORAGE.contains(&check) && self.log_failed)
    }
}

static ENDPOINTS: [Endpoint; 3] = [
    Endpoint { name: "healthz", checks: &["ping", "log", "etcd"] },
    Endpoint { name: "livez", checks: &["ping", "log", "etcd"] },
    Endpoint { name: "readyz", checks: &["ping", "log", "etcd", "etcd-readiness", "informer-sync", SHUTDOWN] },
];

/// All paths, for the list at the root.
pub(crate) fn paths() -> impl Iterator<Item = String> {
    ENDPOINTS.iter().flat_map(|e| std::iter::once(format!("/{}", e.name)).chain(e.checks.iter().map(|c| format!("/{}/{c}", e.name))))
}

/// Answers `/readyz`, `/readyz/ping`; none for paths that are neither an endpoint nor a check of one.
pub(crate) fn serve(exchange: &Exchange<'_>, path: &str, condition: Condition) -> Option<Reply> {
    let (name, check) = match path.trim_start_matches('/').split_once('/') {
        Some((name, check)) => (name, Some(check)),
        None => (path.trim_start_matches('/'), None),
    };
    let endpoint = ENDPOINTS.iter().find(|e| e.name == name)?;
    if let Some(check) = check {
        let check = endpoint.checks.iter().find(|c| **c == check)?;
        return Some(match (condition.fails(check), *check) {
            (false, _) => exchange.text(200, "ok"),
            (true, SHUTDOWN) => exchange.text(500, "internal server error: process is shutting down\n"),
            (true, _) => exchange.text(500, "internal server error: changes cannot be kept\n"),
        });
    }
    let excluded: Vec<&str> = exchange.query.all("exclude").flat_map(|e| e.split(',')).collect();
    let mut report = String::new();
    let mut failed = false;
    for check in endpoint.checks {
        let line = match (excluded.contains(check), condition.fails(check)) {
            (true, _) => format!("[+]{check} excluded: ok\n"),
            (false, false) => format!("[+]{check} ok\n"),
            (false, true) => format!("[-]{check} failed: reason withheld\n"),
        };
        failed |= line.starts_with("[-]");
        report.push_str(&line);
    }
    let unknown: Vec<String> = excluded.iter().filter(|e| !endpoint.checks.contains(e)).map(|e| format!("\"{e}\"")).collect();
    if !unknown.is_empty() {
        report.push_str(&format!("warn: some health checks cannot be excluded: no matches for {}\n", unknown.join(", ")));
    }
    Some(match (failed, exchange.query.has("verbose")) {
        (true, _) => exchange.text(500, format!("{report}{name} check failed\n")),
        (false, true) => exchange.text(200, format!("{report}{name} check passed\n")),
        (false, false) => exchange.text(200, "ok"),
    })
}

//! `/version` (C-01-28).

use crate::{
    errors,
    exchange::{Exchange, Reply},
    media_type::router_accepts,
};
use http::Method;
use minkapi_object::Status;
use minkapi_registry::KUBERNETES_VERSION;
use serde_json::{Value, json};

/// Answers with the version of Kubernetes that is served.
pub(crate) fn serve(exchange: &Exchange<'_>) -> Reply {
    if *exchange.method() != Method::GET {
        return exchange.error(&Status::method_not_allowed());
    }
    if !router_accepts(exchange.accept(), &["application/json"]) {
        return exchange.error(&errors::router_not_acceptable("application/json"));
    }
    exchange.raw_json(&document())
}

/// The numbers of the version by which clients tell what they may use.
pub(crate) fn major_minor() -> (&'static str, &'static str) {
    let mut parts = KUBERNETES_VERSION.trim_start_matches('v').split('.');
    (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
}

fn document() -> Value {
    let (major, minor) = major_minor();
    let before = minor.parse::<u32>().map_or_else(|_| minor.to_owned(), |m| m.saturating_sub(1).to_string());
    json!({
        "major": major,
        "minor": minor,
        "emulationMajor": major,
        "emulationMinor": minor,
        "minCompatibilityMajor": major,
        "minCompatibilityMinor": before,
        "gitVersion": KUBERNETES_VERSION,
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "",
        // Clients may look at these two; kube-apiserver's own are as constant.
        "compiler": "gc",
        "platform": "linux/amd64",
    })
}

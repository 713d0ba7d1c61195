//! `/statusz`: since when the server runs, and what it is.

use crate::{
    errors,
    exchange::{Exchange, Reply},
    media_type::clauses,
};
use http::header::X_CONTENT_TYPE_OPTIONS;
use jiff::Timestamp;
use minkapi_registry::KUBERNETES_VERSION;
use serde_json::json;
use std::sync::LazyLock;

/// When the process began to serve.
static STARTED: LazyLock<Timestamp> = LazyLock::new(Timestamp::now);

/// Paths that the document tells of.
const PATHS: [&str; 6] = ["/healthz", "/livez", "/metrics", "/readyz", "/statusz", "/version"];

const VERSIONS: [&str; 2] = ["v1alpha1", "v1beta1"];

/// Takes note of the time.
pub(crate) fn started() {
    LazyLock::force(&STARTED);
}

/// Answers with text, or with a `Statusz` to those who name a version of it.
pub(crate) fn serve(exchange: &Exchange<'_>) -> Reply {
    let seconds = Timestamp::now().as_second() - STARTED.as_second();
    let version = KUBERNETES_VERSION.trim_start_matches('v');
    let emulated = version.rsplit_once('.').map_or(version, |(minor, _)| minor);
    let accept = if exchange.accept().is_empty() { "*/*" } else { exchange.accept() };
    for clause in clauses(accept) {
        let wants = |name: &str| clause.parameters().find(|(n, _)| *n == name).map(|(_, value)| value);
        match (wants("as"), wants("g"), wants("v")) {
            (None, None, None) if clause.covers_type("text", "plain") => {
                let mut reply = exchange.text(200, text(seconds, version, emulated));
                reply.headers_mut().remove(X_CONTENT_TYPE_OPTIONS);
                return reply;
            }
            (Some("Statusz"), Some("config.k8s.io"), Some(v)) if clause.is_application("json") && VERSIONS.contains(&v) => {
                return exchange.raw_json(&json!({
                    "kind": "Statusz",
                    "apiVersion": format!("config.k8s.io/{v}"),
                    "metadata": {"name": "apiserver"},
                    "startTime": STARTED.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
                    "uptimeSeconds": seconds,
                    "goVersion": "",
                    "binaryVersion": version,
                    "emulationVersion": emulated,
                    "paths": PATHS,
                }));
            }
            _ => {}
        }
    }
    exchange.error(&errors::not_acceptable("application/json, application/yaml, text/plain"))
}

fn text(seconds: i64, version: &str, emulated: &str) -> String {
    let started = STARTED.strftime("%a %b %e %H:%M:%S UTC %Y");
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    format!(
        "\napiserver statusz\nWarning: This endpoint is not meant to be machine parseable, has no formatting compatibility guarantees and is for \
         debugging purposes only.\n\nStarted: {started}\nUp: {hours} hr {minutes:02} min {:02} sec\nGo version: \nBinary version: {version}\n\
         Emulation version: {emulated}\nPaths: {}\n",
        seconds % 60,
        PATHS.join(" ")
    )
}

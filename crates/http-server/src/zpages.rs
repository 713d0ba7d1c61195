//! `/statusz` and `/flagz`: what the server is, and with which flags it was started. Text for people, and documents for those who name
//! a version of them.

use crate::{
    errors,
    exchange::{Exchange, Reply},
    media_type::clauses,
};
use http::{HeaderValue, header::X_CONTENT_TYPE_OPTIONS};
use jiff::Timestamp;
use minkapi_codec::yaml;
use minkapi_registry::KUBERNETES_VERSION;
use serde_json::{Map, Value, json};
use std::sync::LazyLock;

/// When the process began to serve.
static STARTED: LazyLock<Timestamp> = LazyLock::new(Timestamp::now);

/// Paths that the document tells of.
const PATHS: [&str; 7] = ["/flagz", "/healthz", "/livez", "/metrics", "/readyz", "/statusz", "/version"];

const GROUP: &str = "config.k8s.io";
const VERSIONS: [&str; 2] = ["v1alpha1", "v1beta1"];

/// Takes note of the time.
pub(crate) fn started() {
    LazyLock::force(&STARTED);
}

/// A page as text, or the document that the client names.
struct Page {
    kind: &'static str,
    text: String,
    /// Its members beside kind, version and metadata.
    content: Value,
}

/// Answers `/statusz`.
pub(crate) fn status(exchange: &Exchange<'_>) -> Reply {
    let seconds = Timestamp::now().as_second().saturating_sub(STARTED.as_second());
    let version = KUBERNETES_VERSION.trim_start_matches('v');
    let emulated = version.rsplit_once('.').map_or(version, |(minor, _)| minor);
    let started = STARTED.strftime("%a %b %e %H:%M:%S UTC %Y");
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    let text = format!(
        "Started: {started}\nUp: {hours} hr {minutes:02} min {:02} sec\nGo version: \nBinary version: {version}\nEmulation version: \
         {emulated}\nPaths: {}\n",
        seconds % 60,
        PATHS.join(" ")
    );
    let content = json!({
        "startTime": STARTED.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "uptimeSeconds": seconds,
        "goVersion": "",
        "binaryVersion": version,
        "emulationVersion": emulated,
        "paths": PATHS,
    });
    Page { kind: "Statusz", text: format!("\n{text}"), content }.answer(exchange)
}

/// Answers `/flagz`: names and values, in order of the names.
pub(crate) fn flags(exchange: &Exchange<'_>, flags: &[(String, String)]) -> Reply {
    let text = flags.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
    let flags: Map<String, Value> = flags.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    Page { kind: "Flagz", text, content: json!({"flags": flags}) }.answer(exchange)
}

impl Page {
    fn answer(self, exchange: &Exchange<'_>) -> Reply {
        let accept = if exchange.accept().is_empty() { "*/*" } else { exchange.accept() };
        for clause in clauses(accept) {
            let wants = |name: &str| clause.parameters().find(|(n, _)| *n == name).map(|(_, value)| value);
            let version = wants("v").and_then(|wanted| VERSIONS.into_iter().find(|version| *version == wanted));
            match (wants("as"), wants("g"), version) {
                (None, None, None) if clause.covers_type("text", "plain") => return self.as_text(exchange),
                (Some(kind), Some(GROUP), Some(version)) if kind == self.kind && clause.is_application("json") => {
                    return exchange.raw_json(&self.document(version));
                }
                (Some(kind), Some(GROUP), Some(version)) if kind == self.kind && clause.is_application("yaml") => {
                    let document = yaml::write(&self.document(version));
                    return exchange.reply(200, HeaderValue::from_static("application/yaml"), crate::ResponseBody::full(document));
                }
                _ => {}
            }
        }
        exchange.error(&errors::not_acceptable("application/json, application/yaml, text/plain"))
    }

    fn as_text(&self, exchange: &Exchange<'_>) -> Reply {
        let mut reply = exchange.text(
            200,
            format!(
                "\napiserver {}\nWarning: This endpoint is not meant to be machine parseable, has no formatting compatibility guarantees and \
                 is for debugging purposes only.\n{}",
                self.kind.to_ascii_lowercase(),
                self.text
            ),
        );
        reply.headers_mut().remove(X_CONTENT_TYPE_OPTIONS);
        reply
    }

    fn document(&self, version: &str) -> Value {
        let mut document = json!({"kind": self.kind, "apiVersion": format!("{GROUP}/{version}"), "metadata": {"name": "apiserver"}});
        if let (Value::Object(into), Value::Object(content)) = (&mut document, &self.content) {
            into.extend(content.clone());
        }
        document
    }
}

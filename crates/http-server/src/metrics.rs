//! `/metrics`: Prometheus' text, under the names that kube-apiserver uses.

use crate::{
    exchange::{Exchange, Reply},
    request_info::Path,
};
use dashmap::DashMap;
use http::{HeaderValue, Method};
use minkapi_view::Views;
use std::{
    collections::BTreeMap,
    fmt::Write as _,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::atomic::{AtomicI64, AtomicU64, Ordering},
    time::Duration,
};

/// Upper bounds of the buckets of durations, in seconds: some of kube-apiserver's.
const BUCKETS: [f64; 12] = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 2.0, 5.0, 60.0];

/// More different requests than this are counted as one, so that clients cannot fill the memory with names.
const SERIES_MAX: usize = 4096;

const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// What is counted. Counting a request costs one look-up and some additions.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    requests: DashMap<u64, Series>,
    mutating: AtomicI64,
    read_only: AtomicI64,
    pub panics: AtomicU64,
}

/// Requests that are alike.
#[derive(Debug, Default)]
struct Series {
    labels: String,
    code: u16,
    count: AtomicU64,
    micros: AtomicU64,
    buckets: [AtomicU64; BUCKETS.len()],
}

/// What is counted of a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request<'a> {
    verb: &'static str,
    group: &'a str,
    version: &'a str,
    resource: &'a str,
    subresource: &'a str,
    scope: &'static str,
}

impl<'a> Request<'a> {
    /// By the method and the path within a view.
    pub fn of(method: &Method, path: &'a str, watch: bool) -> Self {
        let verb = match *method {
            Method::GET => "GET",
            Method::HEAD => "HEAD",
            Method::POST => "POST",
            Method::PUT => "PUT",
            Method::PATCH => "PATCH",
            Method::DELETE => "DELETE",
            _ => "other",
        };
        let Path::Resource(info) = Path::parse(path) else {
            return Self { verb, group: "", version: "", resource: "", subresource: "", scope: "" };
        };
        let collection = info.name.is_empty();
        let verb = match verb {
            "GET" | "HEAD" if watch || info.watch => "WATCH",
            "GET" | "HEAD" if collection => "LIST",
            "DELETE" if collection => "DELETECOLLECTION",
            verb => verb,
        };
        let scope = match (collection, info.namespace.is_empty()) {
            (false, _) => "resource",
            (true, false) => "namespace",
            (true, true) => "cluster",
        };
        Self { verb, group: info.group, version: info.version, resource: info.resource, subresource: info.subresource, scope }
    }

    fn id(&self, code: u16) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self.verb, self.group, self.version, self.resource, self.subresource, self.scope, code).hash(&mut hasher);
        hasher.finish()
    }

    fn labels(&self) -> String {
        let Self { verb, group, version, resource, subresource, scope } = *self;
        format!(
            "component=\"apiserver\",group=\"{}\",resource=\"{}\",scope=\"{scope}\",subresource=\"{}\",verb=\"{verb}\",version=\"{}\"",
            escaped(group),
            escaped(resource),
            escaped(subresource),
            escaped(version)
        )
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// A request under way; dropping it ends that.
pub(crate) struct InFlight<'a>(&'a AtomicI64);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Metrics {
    /// Notes that a request is under way.
    pub fn begin(&self, method: &Method) -> InFlight<'_> {
        let gauge = if method.is_safe() { &self.read_only } else { &self.mutating };
        gauge.fetch_add(1, Ordering::Relaxed);
        InFlight(gauge)
    }

    /// Counts an answered request.
    pub fn count(&self, request: Request<'_>, code: u16, took: Duration) {
        let id = request.id(code);
        if let Some(series) = self.requests.get(&id) {
            return series.add(took);
        }
        let (id, labels) = match self.requests.len() < SERIES_MAX {
            true => (id, request.labels()),
            false => (0, "component=\"apiserver\",verb=\"other\"".to_owned()),
        };
        self.requests.entry(id).or_insert_with(|| Series { labels, code, ..Series::default() }).add(took);
    }

    /// Answers `/metrics`.
    pub fn serve(&self, exchange: &Exchange<'_>, views: &Views) -> Reply {
        exchange.reply(200, CONTENT_TYPE, crate::ResponseBody::full(self.text(views)))
    }

    fn text(&self, views: &Views) -> String {
        let mut out = String::new();
        head(&mut out, "apiserver_request_total", "counter", "Requests by verb, resource and status code.");
        let mut durations: BTreeMap<String, (u64, u64, [u64; BUCKETS.len()])> = BTreeMap::new();
        let mut counts = BTreeMap::new();
        for series in &self.requests {
            let count = series.count.load(Ordering::Relaxed);
            counts.insert((series.labels.clone(), series.code), count);
            let sum = durations.entry(series.labels.clone()).or_default();
            sum.0 += count;
            sum.1 += series.micros.load(Ordering::Relaxed);
            sum.2.iter_mut().zip(&series.buckets).for_each(|(to, from)| *to += from.load(Ordering::Relaxed));
        }
        for ((labels, code), count) in counts {
            let _ = writeln!(out, "apiserver_request_total{{code=\"{code}\",{labels}}} {count}");
        }
        let name = "apiserver_request_duration_seconds";
        head(&mut out, name, "histogram", "Seconds until the answer to a request begins.");
        for (labels, (count, micros, buckets)) in durations {
            let mut below = 0;
            for (bound, n) in BUCKETS.iter().zip(buckets) {
                below += n;
                let _ = writeln!(out, "{name}_bucket{{{labels},le=\"{bound}\"}} {below}");
            }
            let _ = writeln!(out, "{name}_bucket{{{labels},le=\"+Inf\"}} {count}");
            let _ = writeln!(out, "{name}_sum{{{labels}}} {}", Duration::from_micros(micros).as_secs_f64());
            let _ = writeln!(out, "{name}_count{{{labels}}} {count}");
        }
        head(&mut out, "apiserver_current_inflight_requests", "gauge", "Requests whose answer has not begun.");
        for (kind, gauge) in [("mutating", &self.mutating), ("readOnly", &self.read_only)] {
            let _ = writeln!(out, "apiserver_current_inflight_requests{{request_kind=\"{kind}\"}} {}", gauge.load(Ordering::Relaxed));
        }
        head(&mut out, "apiserver_storage_objects", "gauge", "Objects in the base view by resource.");
        let state = views.base().store().snapshot();
        for kind in state.kinds() {
            let _ = writeln!(out, "apiserver_storage_objects{{resource=\"{}\"}} {}", escaped(kind.name()), state.len(kind));
        }
        let ours = [
            ("minkapi_views", "gauge", "Named sandbox views.", views.len() as u64),
            ("minkapi_store_revision", "gauge", "The revision of the latest change in any view.", views.revision()),
            (
                "minkapi_request_panics_total",
                "counter",
                "Requests that were answered with 500 after a panic.",
                self.panics.load(Ordering::Relaxed),
            ),
        ];
        for (name, kind, help, value) in ours {
            head(&mut out, name, kind, help);
            let _ = writeln!(out, "{name} {value}");
        }
        out
    }
}

impl Series {
    fn add(&self, took: Duration) {
        self.count.fetch_add(1, Ordering::Relaxed);
        self.micros.fetch_add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
        let seconds = took.as_secs_f64();
        if let Some((_, bucket)) = BUCKETS.iter().zip(&self.buckets).find(|(bound, _)| seconds <= **bound) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn head(out: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_clients_make_up_do_not_fill_the_memory() {
        let metrics = Metrics::default();
        for n in 0..SERIES_MAX + 100 {
            let path = format!("/api/v1/made-up-{n}");
            metrics.count(Request::of(&Method::GET, &path, false), 404, Duration::ZERO);
        }
        assert_eq!(metrics.requests.len(), SERIES_MAX + 1);
        assert_eq!(metrics.requests.get(&0).map(|s| s.count.load(Ordering::Relaxed)), Some(100));
    }
}

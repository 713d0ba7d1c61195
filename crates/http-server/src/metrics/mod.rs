//! `/metrics`: Prometheus' text, under the names, labels and buckets of kube-apiserver.

mod histogram;
mod labels;
mod process;
mod slis;
mod text;
mod watches;

use crate::exchange::{Exchange, Reply};
use dashmap::DashMap;
use histogram::{Counted, Histogram};
use http::{HeaderValue, Method};
use minkapi_view::{View, Views};
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};
use text::Text;
use watches::Watches;

pub(crate) use labels::Labels;
pub(crate) use slis::Slis;
pub(crate) use watches::WatchMeter;

/// Upper bounds of the buckets of durations, in microseconds.
static DURATIONS: [u64; 23] = [
    5_000, 25_000, 50_000, 100_000, 200_000, 400_000, 600_000, 800_000, 1_000_000, 1_250_000, 1_500_000, 2_000_000, 3_000_000, 4_000_000,
    5_000_000, 6_000_000, 8_000_000, 10_000_000, 15_000_000, 20_000_000, 30_000_000, 45_000_000, 60_000_000,
];
const MICROS: f64 = 1e6;

/// How many of these kube-apiserver leaves out of `apiserver_request_sli_duration_seconds`.
const NO_SLI: usize = 2;

/// Upper bounds of the buckets of answers' sizes, in bytes.
static SIZES: [u64; 7] = [1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000];

/// More different requests than this are counted as one, so that clients cannot fill the memory with names.
const SERIES_MAX: usize = 4096;

/// Of more views than this, none is told by name.
const VIEWS_MAX: usize = 1000;

const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// What is counted. Counting a request costs one look-up and some additions, and no memory once its like was seen.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    requests: DashMap<u64, Arc<Series>>,
    watches: Watches,
    mutating: AtomicI64,
    read_only: AtomicI64,
    pub panics: AtomicU64,
    pub slis: Slis,
}

/// Requests that are alike.
#[derive(Debug)]
struct Series {
    labels: String,
    /// The labels without `dry_run`.
    short_labels: String,
    /// Whether it is a read whose answer ends, so that its size tells something.
    is_read: bool,
    /// Whether it goes on for as long as the client likes.
    is_long: bool,
    code: u16,
    durations: Histogram<23>,
    sizes: Histogram<7>,
}

impl Series {
    fn add(&self, took: Duration) {
        self.durations.add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    }
}

/// Histograms by labels.
struct Sums<const N: usize>(BTreeMap<String, Counted<N>>);

impl<const N: usize> Default for Sums<N> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<const N: usize> Sums<N> {
    fn add(&mut self, labels: &str, counted: Counted<N>) {
        match self.0.get_mut(labels) {
            Some(sum) => sum.merge(&counted),
            None => drop(self.0.insert(labels.to_owned(), counted)),
        }
    }
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

    /// Counts an answered request, and how large its answer is if that is known.
    pub fn count(&self, labels: &Labels<'_>, code: u16, took: Duration, size: Option<u64>) {
        let series = self.series(labels, code);
        series.add(took);
        if let Some(size) = size.filter(|_| series.is_read) {
            series.sizes.add(size);
        }
    }

    /// Counts a watch, its events, and when it ends the request.
    pub fn watch(&self, labels: &Labels<'_>, code: u16) -> WatchMeter {
        self.watches.begin(labels, self.series(labels, code))
    }

    fn series(&self, labels: &Labels<'_>, code: u16) -> Arc<Series> {
        let id = labels.id(code);
        if let Some(series) = self.requests.get(&id) {
            return series.clone();
        }
        let (id, labels) = match self.requests.len() < SERIES_MAX {
            true => (id, *labels),
            false => (0, Labels { verb: "other", ..Labels::default() }),
        };
        let new = || {
            Arc::new(Series {
                labels: labels.text(),
                short_labels: labels.short_text(),
                is_read: matches!(labels.verb, "GET" | "LIST"),
                is_long: matches!(labels.verb, "WATCH" | "CONNECT"),
                code,
                durations: Histogram::new(&DURATIONS),
                sizes: Histogram::new(&SIZES),
            })
        };
        self.requests.entry(id).or_insert_with(new).clone()
    }

    /// Answers `/metrics`.
    pub fn serve(&self, exchange: &Exchange<'_>, views: &Views) -> Reply {
        exchange.reply(200, CONTENT_TYPE, crate::ResponseBody::full(self.text(views)))
    }

    fn text(&self, views: &Views) -> String {
        let mut text = Text::default();
        self.write_requests(&mut text);
        text.family("apiserver_current_inflight_requests", "gauge", "Requests whose answer has not begun.");
        for (kind, gauge) in [("mutating", &self.mutating), ("readOnly", &self.read_only)] {
            let labels = format!("request_kind=\"{kind}\"");
            text.sample("apiserver_current_inflight_requests", &labels, gauge.load(Ordering::Relaxed));
        }
        self.watches.write(&mut text);
        write_objects(&mut text, &views.base());
        text.family("kubernetes_build_info", "gauge", "What this server is compatible with.");
        let (major, minor) = crate::version::major_minor();
        let labels = format!("git_version=\"{}\",major=\"{major}\",minor=\"{minor}\"", minkapi_registry::KUBERNETES_VERSION);
        text.sample("kubernetes_build_info", &labels, 1);
        process::write(&mut text);
        self.write_own(&mut text, views);
        text.into_string()
    }

    fn write_requests(&self, text: &mut Text) {
        let (mut durations, mut indicators, mut sizes) = (Sums::default(), Sums::default(), Sums::default());
        let mut counts = BTreeMap::new();
        for series in &self.requests {
            let counted = series.durations.counted();
            counts.insert((series.labels.clone(), series.code), counted.count);
            if !series.is_long {
                indicators.add(&series.short_labels, counted.clone());
            }
            durations.add(&series.labels, counted);
            if series.is_read {
                sizes.add(&series.short_labels, series.sizes.counted());
            }
        }
        text.family("apiserver_request_total", "counter", "Requests by verb, resource and status code.");
        for ((labels, code), count) in counts {
            text.sample("apiserver_request_total", &format!("code=\"{code}\",{labels}"), count);
        }
        let name = "apiserver_request_duration_seconds";
        text.family(name, "histogram", "Seconds until the answer to a request begins; of watches, until they end.");
        for (labels, counted) in durations.0 {
            text.histogram(name, &labels, &counted, 0, MICROS);
        }
        let name = "apiserver_request_sli_duration_seconds";
        text.family(name, "histogram", "The same, without what goes on for as long as the client likes.");
        for (labels, counted) in indicators.0 {
            text.histogram(name, &labels, &counted, NO_SLI, MICROS);
        }
        let name = "apiserver_response_sizes";
        text.family(name, "histogram", "Bytes of the answers to reads, but for those that are compressed.");
        for (labels, counted) in sizes.0 {
            text.histogram(name, &labels, &counted, 0, 1.0);
        }
    }

    fn write_own(&self, text: &mut Text, views: &Views) {
        text.one("minkapi_views", "gauge", "Named sandbox views.", views.len());
        text.one("minkapi_store_revision", "gauge", "The revision of the latest change in any view.", views.revision());
        let panics = self.panics.load(Ordering::Relaxed);
        text.one("minkapi_request_panics_total", "counter", "Requests that were answered with 500 after a panic.", panics);
        text.one("minkapi_log_failed", "gauge", "1 when changes can no longer be kept on disk.", u8::from(views.can_keep().is_err()));
        if views.len() <= VIEWS_MAX {
            text.family("minkapi_view_changes", "gauge", "Objects in a sandbox that differ from its parent's.");
            for view in views.list() {
                text.sample("minkapi_view_changes", &format!("view=\"{}\"", labels::escaped(view.name())), view.change_count());
            }
        }
    }
}

fn write_objects(text: &mut Text, base: &View) {
    let name = "apiserver_resource_objects";
    text.family(name, "gauge", "Stored objects in the base view by resource.");
    let state = base.store().snapshot();
    for kind in state.kinds() {
        let (resource, group) = kind.name().split_once('.').unwrap_or((kind.name(), ""));
        let labels = format!("group=\"{}\",resource=\"{}\"", labels::escaped(group), labels::escaped(resource));
        text.sample(name, &labels, state.len(kind));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;

    #[test]
    fn names_that_clients_make_up_do_not_fill_the_memory() {
        let metrics = Metrics::default();
        let parts = http::Request::new(()).into_parts().0;
        for n in 0..SERIES_MAX + 100 {
            let path = format!("/api/v1/made-up-{n}");
            metrics.count(&Labels::of(&parts, &path, false), 404, Duration::ZERO, None);
        }
        assert_eq!(metrics.requests.len(), SERIES_MAX + 1);
        assert_eq!(metrics.requests.get(&0).map(|s| s.durations.counted().count), Some(100));
    }
}

//! Watches: how many there are, and what they send.

use super::{SERIES_MAX, Series, histogram::Histogram, labels, labels::Labels, text::Text};
use dashmap::DashMap;
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Instant,
};

/// Upper bounds of the buckets of sizes, in bytes.
static SIZES: [u64; 8] = [1024, 2048, 4096, 8192, 16_384, 32_768, 65_536, 131_072];

/// What is counted of watches.
#[derive(Debug, Default)]
pub(crate) struct Watches {
    running: DashMap<u64, Arc<Running>>,
    events: DashMap<u64, Arc<Sent>>,
}

#[derive(Debug)]
struct Running {
    labels: String,
    count: AtomicI64,
}

/// The events of a resource.
#[derive(Debug)]
struct Sent {
    labels: String,
    sizes: Histogram<8>,
}

/// One watch. Dropping it ends it, and counts the request.
#[derive(Debug)]
pub(crate) struct WatchMeter {
    running: Arc<Running>,
    sent: Arc<Sent>,
    series: Arc<Series>,
    begun: Instant,
}

impl WatchMeter {
    /// An event of so many bytes was sent.
    pub fn event(&self, bytes: usize) {
        self.sent.sizes.add(bytes as u64);
    }
}

impl Drop for WatchMeter {
    fn drop(&mut self) {
        self.running.count.fetch_sub(1, Ordering::Relaxed);
        self.series.add(self.begun.elapsed());
    }
}

impl Watches {
    pub(super) fn begin(&self, labels: &Labels<'_>, series: Arc<Series>) -> WatchMeter {
        let known = Labels { dry_run: "", ..*labels };
        let [group, resource, version] = [known.group, known.resource, known.version].map(labels::escaped);
        let running = self.running_of(&known);
        let of_resource = Labels { group: known.group, resource: known.resource, version: known.version, ..Labels::default() };
        let full = self.events.len() >= SERIES_MAX;
        let text = format!("group=\"{group}\",resource=\"{resource}\",version=\"{version}\"");
        let id = if full { 0 } else { of_resource.id(0) };
        let sent = self.events.entry(id).or_insert_with(|| Arc::new(Sent { labels: text, sizes: Histogram::new(&SIZES) })).clone();
        running.count.fetch_add(1, Ordering::Relaxed);
        WatchMeter { running, sent, series, begun: Instant::now() }
    }

    fn running_of(&self, labels: &Labels<'_>) -> Arc<Running> {
        let id = if self.running.len() < SERIES_MAX { labels.id(0) } else { 0 };
        let new = || Arc::new(Running { labels: labels.short_text(), count: AtomicI64::new(0) });
        self.running.entry(id).or_insert_with(new).clone()
    }

    /// Adds what was counted.
    pub fn write(&self, text: &mut Text) {
        text.family("apiserver_longrunning_requests", "gauge", "Watches that are open.");
        let running: BTreeMap<String, i64> =
            self.running.iter().map(|running| (running.labels.clone(), running.count.load(Ordering::Relaxed))).collect();
        for (labels, count) in running {
            text.sample("apiserver_longrunning_requests", &labels, count);
        }
        let sent: BTreeMap<String, _> = self.events.iter().map(|sent| (sent.labels.clone(), sent.sizes.counted())).collect();
        text.family("apiserver_watch_events_total", "counter", "Events that were sent to watches.");
        for (labels, counted) in &sent {
            text.sample("apiserver_watch_events_total", labels, counted.count);
        }
        text.family("apiserver_watch_events_sizes", "histogram", "Bytes of events that were sent to watches.");
        for (labels, counted) in &sent {
            text.histogram("apiserver_watch_events_sizes", labels, counted, 0, 1.0);
        }
    }
}

//! Watch: where one starts and how it ends (contract chapter 6); what it sends is `minkapi-watch`'s business.

use crate::{
    Call, ListOptions, ResourceVersion, View,
    conversion::{Watched, uncached},
    selection::Selection,
};
use minkapi_object::Status;
use minkapi_watch::{Start, WatchOptions, Watcher};
use rand::Rng as _;

impl View {
    /// The changes of a collection.
    ///
    /// # Errors
    /// 400 selectors. A start that is too old is told in the stream (C-06-22).
    pub async fn watch(&self, call: &mut Call, options: &ListOptions) -> Result<Watcher, Status> {
        let selector = Selection::new(&call.target, options)?.into_selector();
        let convert = Watched::of(self, call);
        if convert.is_some() {
            // As upstream's watch cache, which must have everything before anyone may watch.
            let all = self.snapshot().range(call.target.served.storage, None, None).map(|(_, object)| object.clone()).collect();
            self.all_readable(&call.target.served, all).await.map_err(|corrupt| uncached(&call.target, &corrupt))?;
        }
        let asked = match options.resource_version {
            ResourceVersion::At(revision) => revision,
            ResourceVersion::Unset | ResourceVersion::Any => 0,
        };
        let start = match (options.send_initial_events, options.resource_version) {
            (Some(true), _) => Start::InitialState { not_older_than: asked, marker: !options.watch_prefix },
            // C-06-32: unset or 0 is as good as asking for initial events.
            (None, ResourceVersion::Unset | ResourceVersion::Any) => {
                Start::InitialState { not_older_than: 0, marker: !options.watch_prefix }
            }
            (Some(false), ResourceVersion::Unset | ResourceVersion::Any) => Start::Now,
            (_, ResourceVersion::At(revision)) => Start::After(revision),
        };
        let timeout = options.timeout.unwrap_or_else(|| {
            // Spread, so that watches that began together do not end together.
            let least = self.config().watch_timeout;
            least.mul_f64(rand::rng().random_range(1.0..2.0))
        });
        let options = WatchOptions {
            selector,
            start,
            bookmarks: options.allow_watch_bookmarks,
            bookmark_interval: self.config().bookmark_interval,
            timeout: Some(timeout),
            too_old_message: call.target.served.strategy.traits().uncached_watch.then_some(UNCACHED_TOO_OLD),
            convert,
        };
        Ok(Watcher::new(self.store.clone(), call.target.served.storage, options))
    }
}

/// What is said of a start that is too old by kinds that kube-apiserver serves without its watch cache (events).
const UNCACHED_TOO_OLD: &str = "The resourceVersion for the provided watch is too old.";

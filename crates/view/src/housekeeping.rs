//! What is done for named views as time passes.

use crate::{Views, view::Shared};
use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

/// How often views are looked after.
const EVERY: Duration = Duration::from_secs(1);

impl Views {
    /// Deletes the views whose time is over, and tells in the View objects of the others how much they have changed. A
    /// view from which others were forked stays until they are gone.
    pub fn tick(&self) {
        tick(&self.shared);
    }

    /// Calls [`Self::tick`] every second until all handles on the views are dropped. A server runs this.
    pub fn housekeeping(&self) -> impl Future<Output = ()> + Send + use<> {
        let views = Arc::downgrade(&self.shared);
        async move {
            loop {
                tokio::time::sleep(EVERY).await;
                match views.upgrade() {
                    Some(shared) => tick(&shared),
                    None => return,
                }
            }
        }
    }
}

fn tick(shared: &Arc<Shared>) {
    let now = shared.config.clock.now_micros();
    for view in shared.sandboxes.all(shared) {
        if now >= view.own.expires.load(Ordering::Relaxed) && shared.remove(view.name(), false).is_ok() {
            continue;
        }
        let changes = view.change_count();
        if view.own.reported.swap(changes, Ordering::Relaxed) != changes {
            shared.report(&view);
        }
    }
}

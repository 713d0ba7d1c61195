//! The store alone, for a value of one's own: `cargo run -p minkapi-store --example alone`.

use minkapi_store::{Change, Expect, Fork, Key, Kind, Options, Store, Versioned};

struct Score {
    revision: u64,
    points: u32,
}

impl Versioned for Score {
    fn revision(&self) -> u64 {
        self.revision
    }

    fn with_revision(&self, revision: u64) -> Self {
        Self { revision, points: self.points }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let store = Store::new(Options::default());
    let (scores, anna) = (Kind::new("scores"), Key::new("chess", "anna"));
    store.base().commit(scores, anna.clone(), Expect::Absent, |revision, _| Change::Put(Score { revision, points: 1 }))?;

    let what_if = store.fork("what-if", Fork::default())?;
    what_if.commit(scores, anna.clone(), Expect::Present, |revision, current| {
        Change::Put(Score { revision, points: current.map_or(0, |s| s.points) + 41 })
    })?;

    for view in store.views() {
        let points = view.snapshot().get(scores, &anna).map(|s| s.points);
        println!("{}: {points:?}", view.name());
    }
    Ok(())
}

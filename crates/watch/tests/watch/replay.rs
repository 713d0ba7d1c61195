//! From any place in the history, what a watch tells leads from the list there to the list at the end.

use crate::pods::{delete, pods, put, store, watch};
use futures_core::Stream;
use minkapi_object::{LabelSelector, Object};
use minkapi_store::{Fork, Mode, Snapshot, View};
use minkapi_watch::{Selector, Start, WatchEventKind, WatchOptions, Watcher};
use proptest::prelude::*;
use std::{
    collections::BTreeMap,
    pin::Pin,
    task::{Context, Poll, Waker},
};

/// Name -> resourceVersion of what is selected.
type Listed = BTreeMap<String, u64>;

fn list(state: &Snapshot<Object>, selector: &Selector) -> Listed {
    let objects = state.range(pods(), None, None).map(|(_, o)| o).filter(|o| selector.matches(o));
    objects.map(|o| (o.head().name.to_string(), o.resource_version())).collect()
}

/// A client that keeps a list up to date by a watch, and checks what it is told.
struct Client {
    view: View<Object>,
    watcher: Watcher,
    selector: Selector,
    listed: Listed,
}

impl Client {
    fn new(view: &View<Object>, selector: &str, from_list: bool) -> Self {
        let selector = Selector { labels: LabelSelector::parse(selector).unwrap(), ..Selector::default() };
        let state = view.snapshot();
        let (listed, start) = if from_list {
            (list(&state, &selector), Start::After(state.revision()))
        } else {
            (Listed::new(), Start::InitialState { not_older_than: 0, marker: false })
        };
        let watcher = watch(view, WatchOptions { selector: selector.clone(), start, ..WatchOptions::default() });
        Self { view: view.clone(), watcher, selector, listed }
    }

    /// Reads up to `max` events; tells whether there were fewer.
    fn read(&mut self, max: usize) -> bool {
        for _ in 0..max {
            let polled = Pin::new(&mut self.watcher).poll_next(&mut Context::from_waker(Waker::noop()));
            let Poll::Ready(event) = polled else { return true };
            let event = event.unwrap();
            let object = event.object.unwrap();
            let name = object.head().name.to_string();
            match event.kind {
                WatchEventKind::Added => assert_eq!(self.listed.insert(name, event.revision), None, "added twice"),
                WatchEventKind::Modified => assert!(self.listed.insert(name, event.revision).unwrap() < event.revision),
                WatchEventKind::Deleted => assert!(self.listed.remove(&name).unwrap() < event.revision),
                other => panic!("{other:?}"),
            }
        }
        false
    }

    fn catch_up(&mut self) {
        while !self.read(100) {}
        assert_eq!(self.listed, list(&self.view.snapshot(), &self.selector));
    }
}

#[derive(Debug, Clone)]
enum Action {
    Put { view: usize, name: usize, app: usize },
    Delete { view: usize, name: usize },
    Start { view: usize, selector: usize, from_list: bool },
    Read { client: usize, max: usize },
    Rewind { view: usize, back: u64 },
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        6 => (0..3usize, 0..4usize, 0..3usize).prop_map(|(view, name, app)| Action::Put { view, name, app }),
        3 => (0..3usize, 0..4usize).prop_map(|(view, name)| Action::Delete { view, name }),
        2 => (0..3usize, 0..4usize, any::<bool>()).prop_map(|(view, selector, from_list)| Action::Start { view, selector, from_list }),
        4 => (0..8usize, 1..4usize).prop_map(|(client, max)| Action::Read { client, max }),
        1 => (0..3usize, 0..6u64).prop_map(|(view, back)| Action::Rewind { view, back }),
    ]
}

const NAMES: [&str; 4] = ["w", "x", "y", "z"];
const APPS: [&str; 3] = ["web", "db", "none"];
const SELECTORS: [&str; 4] = ["", "app=web", "app in (web,db)", "app!=web"];

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn a_watch_leads_from_any_list_to_the_last_one(nested_mode in any::<bool>(), actions in proptest::collection::vec(action(), 1..60)) {
        // Watchers have timers, so there must be a runtime.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let _entered = runtime.enter();
        let store = store();
        let live = store.fork("live", Fork::default()).unwrap();
        let mode = if nested_mode { Mode::Frozen } else { Mode::Live };
        let nested = store.fork("nested", Fork { parent: "live".into(), mode, at: None }).unwrap();
        let views = [store.base(), live, nested];
        let mut clients: Vec<Client> = Vec::new();
        for action in actions {
            match action {
                Action::Put { view, name, app } => assert!(put(&views[view], NAMES[name], APPS[app]) > 0),
                Action::Delete { view, name } => delete(&views[view], NAMES[name]),
                Action::Start { view, selector, from_list } => clients.push(Client::new(&views[view], SELECTORS[selector], from_list)),
                Action::Rewind { view, back } => assert!(views[view].rewind(store.revision().saturating_sub(back)).is_ok()),
                Action::Read { client, max } => {
                    let count = clients.len();
                    if let Some(client) = clients.get_mut(client % count.max(1)) {
                        client.read(max);
                    }
                }
            }
        }
        clients.iter_mut().for_each(Client::catch_up);
    }
}

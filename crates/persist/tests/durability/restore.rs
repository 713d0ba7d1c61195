//! What was kept comes back.

use crate::{
    actions::{act, action},
    state::{draft, options, state},
};
use minkapi_object::Object;
use minkapi_persist::{DataDir, Fsync, Options, read_dir, read_snapshot, write_dir, write_snapshot};
use minkapi_store::{Change, Expect, Fork, Key, Kind, Mode, Store};
use proptest::prelude::*;
use std::time::Duration;

fn put(store: &Store<Object>, name: &str) {
    let draft = draft(name, 1);
    store.base().commit(Kind::new("pods"), Key::new("x", name), Expect::Any, |r, _| Change::Put(draft.stamp(r))).unwrap();
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn all_views_come_back_from_the_log_and_from_a_snapshot(actions in proptest::collection::vec(action(), 1..80), again in proptest::collection::vec(action(), 1..20)) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("data");
        let fsync = Options { fsync: Fsync::Never, ..Options::default() };
        let (store, data) = DataDir::open(&path, fsync.clone(), options()).unwrap();
        actions.iter().for_each(|a| act(&store, a));
        let expected = state(&store);
        data.close().unwrap();

        prop_assert_eq!(&state(&read_dir(&path, options()).unwrap()), &expected);
        let file = dir.path().join("snapshot");
        write_snapshot(&store.image(), &file).unwrap();
        prop_assert_eq!(&state(&read_snapshot(&file, options()).unwrap()), &expected);

        // What was restored goes on as the original does, from whichever of the two.
        let (reopened, data) = DataDir::open(&path, fsync.clone(), options()).unwrap();
        let from_snapshot = dir.path().join("loaded");
        write_dir(&from_snapshot, &read_snapshot(&file, options()).unwrap()).unwrap();
        let (loaded, loaded_data) = DataDir::open(&from_snapshot, fsync, options()).unwrap();
        let forgetful = again.iter().filter(|a| !matches!(a, crate::actions::Action::Rewind { .. } | crate::actions::Action::Fork { back: Some(_), .. }));
        for a in forgetful {
            [&store, &reopened, &loaded].iter().for_each(|s| act(s, a));
        }
        prop_assert_eq!(&state(&reopened), &state(&store));
        prop_assert_eq!(&state(&loaded), &state(&store));
        data.close().unwrap();
        loaded_data.close().unwrap();
        prop_assert_eq!(&state(&read_dir(&path, options()).unwrap()), &state(&store));
        prop_assert_eq!(&state(&read_dir(&from_snapshot, options()).unwrap()), &state(&store));
    }
}

#[test]
fn snapshots_replace_the_log_while_changes_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let small = Options { fsync: Fsync::Never, snapshot_from: 10_000 };
    let (store, data) = DataDir::open(dir.path(), small.clone(), options()).unwrap();
    store.fork("live", Fork::default()).unwrap();
    let start = std::time::Instant::now();
    let names = || std::fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect::<Vec<_>>();
    for round in 0.. {
        for n in 0..200 {
            put(&store, &format!("p{}", (round * 7 + n) % 500));
        }
        store.fork(&format!("frozen-{round}"), Fork { mode: Mode::Frozen, ..Fork::default() }).unwrap();
        std::thread::sleep(Duration::from_millis(20));
        if names().iter().any(|n| n.starts_with("snapshot-") && !n.ends_with("1")) && !names().contains(&"log-0000000000000001".to_owned())
        {
            break;
        }
        assert!(start.elapsed() < Duration::from_secs(30), "no snapshot was made: {:?}", names());
    }
    (0..100).for_each(|n| put(&store, &format!("later-{n}")));
    let expected = state(&store);
    data.close().unwrap();
    let (store, _data) = DataDir::open(dir.path(), small, options()).unwrap();
    assert_eq!(state(&store), expected);
}

#[test]
fn a_change_is_kept_once_it_has_settled() {
    for fsync in [Fsync::Always, Fsync::Interval(Duration::from_millis(5)), Fsync::Never] {
        let dir = tempfile::tempdir().unwrap();
        let (store, data) = DataDir::open(dir.path(), Options { fsync, ..Options::default() }, options()).unwrap();
        for n in 0..20 {
            put(&store, &format!("p{n}"));
            block_on(store.settled()).unwrap();
            assert_eq!(state(&read_dir(dir.path(), options()).unwrap()), state(&store), "{fsync:?}");
        }
        data.close().unwrap();
    }
}

#[test]
fn history_goes_on_after_an_orderly_end_and_is_forgotten_after_a_crash() {
    let dir = tempfile::tempdir().unwrap();
    let (store, data) = DataDir::open(dir.path(), Options::default(), options()).unwrap();
    (0..3).for_each(|n| put(&store, &format!("p{n}")));
    data.close().unwrap();
    let (store, data) = DataDir::open(dir.path(), Options::default(), options()).unwrap();
    assert_eq!((store.revision(), data.stats().closed), (3, true));
    assert_eq!(store.base().events(Kind::new("pods"), 1, 10).unwrap().events.len(), 2);
    put(&store, "p3");
    block_on(store.settled()).unwrap();

    // A copy of the directory is what a crash at this moment leaves.
    let crashed = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(dir.path()).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), crashed.path().join(file.file_name())).unwrap();
    }
    let (again, data) = DataDir::open(crashed.path(), Options::default(), options()).unwrap();
    assert!(!data.stats().closed);
    assert!(again.revision() > 4 + 1_000_000, "revisions that somebody may have seen are not used again");
    assert!(again.base().events(Kind::new("pods"), 4, 10).is_err(), "who follows has to list again");
    assert_eq!(state(&again).views, state(&store).views);
    put(&again, "p4");
    let expected = state(&again);
    data.close().unwrap();
    assert_eq!(state(&read_dir(crashed.path(), options()).unwrap()), expected);
}

#[test]
fn equal_objects_of_many_forks_are_written_once() {
    let dir = tempfile::tempdir().unwrap();
    let store: Store<Object> = Store::new(options());
    (0..1000).for_each(|n| put(&store, &format!("p{n}")));
    let file = dir.path().join("alone");
    write_snapshot(&store.image(), &file).unwrap();
    let alone = std::fs::metadata(&file).unwrap().len();
    for n in 0..100 {
        store.fork(&format!("f{n}"), Fork { mode: Mode::Frozen, ..Fork::default() }).unwrap();
        put(&store, &format!("p{n}"));
    }
    let file = dir.path().join("forked");
    write_snapshot(&store.image(), &file).unwrap();
    let forked = std::fs::metadata(&file).unwrap().len();
    assert!(forked < alone * 2, "{forked} bytes for a hundred forks, {alone} without");
    assert_eq!(state(&read_snapshot(&file, options()).unwrap()), state(&store));
}

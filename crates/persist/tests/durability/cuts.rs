//! A log that ends anywhere is read up to there; one that is changed anywhere is refused.

use crate::{
    actions::{act, action},
    state::{State, options, state},
};
use minkapi_persist::{DataDir, Fsync, Options, PersistError, read_dir};
use proptest::{
    prelude::*,
    strategy::ValueTree as _,
    test_runner::{Config, TestRunner},
};
use std::{fs, path::Path};

/// A log of some actions, each in a frame of its own, and what the store showed after each.
fn logged(actions: &[crate::actions::Action], dir: &Path) -> (Vec<u8>, Vec<(u64, State)>) {
    let (store, data) = DataDir::open(dir, Options { fsync: Fsync::Never, ..Options::default() }, options()).unwrap();
    let path = dir.join("log-0000000000000001");
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut states = vec![(fs::metadata(&path).unwrap().len(), state(&store))];
    for a in actions {
        act(&store, a);
        runtime.block_on(store.settled()).unwrap();
        states.push((fs::metadata(&path).unwrap().len(), state(&store)));
    }
    // Without an orderly end.
    let bytes = fs::read(&path).unwrap();
    drop(data);
    (bytes, states)
}

/// Some lists of actions, the same at every run.
fn samples(count: usize, length: usize) -> Vec<Vec<crate::actions::Action>> {
    let mut runner = TestRunner::new_with_rng(Config::default(), proptest::test_runner::TestRng::deterministic_rng(Default::default()));
    let strategy = proptest::collection::vec(action(), length..=length);
    (0..count).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}

#[test]
fn a_log_cut_at_any_byte_gives_every_change_that_was_kept_before() {
    let mut cuts = 0;
    for actions in samples(6, 25) {
        let original = tempfile::tempdir().unwrap();
        let (bytes, states) = logged(&actions, original.path());
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log-0000000000000001");
        for cut in 0..=bytes.len() {
            fs::write(&path, &bytes[..cut]).unwrap();
            let expected =
                states.iter().rev().find(|(len, _)| *len <= cut as u64).map(|(_, s)| s.clone()).unwrap_or_else(|| states[0].1.clone());
            let read = read_dir(dir.path(), options()).unwrap_or_else(|err| panic!("cut at {cut} of {}: {err}", bytes.len()));
            assert_eq!(state(&read), expected, "cut at {cut} of {}", bytes.len());
            cuts += 1;
        }
    }
    println!("{cuts} cuts");
}

#[test]
fn a_store_goes_on_after_a_cut_at_any_byte() {
    let actions = samples(1, 8).remove(0);
    let original = tempfile::tempdir().unwrap();
    let (bytes, _) = logged(&actions, original.path());
    for cut in (0..=bytes.len()).step_by(7) {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("log-0000000000000001"), &bytes[..cut]).unwrap();
        let fast = Options { fsync: Fsync::Never, ..Options::default() };
        let (store, data) = DataDir::open(dir.path(), fast.clone(), options()).unwrap();
        samples(1, 12)[0].iter().for_each(|a| act(&store, a));
        let expected = state(&store);
        data.close().unwrap();
        let (store, _data) = DataDir::open(dir.path(), fast, options()).unwrap();
        assert_eq!(state(&store), expected, "cut at {cut}");
    }
}

#[test]
fn a_log_with_any_changed_byte_is_refused_and_left_as_it_is() {
    let actions = samples(1, 12).remove(0);
    let original = tempfile::tempdir().unwrap();
    let (bytes, _) = logged(&actions, original.path());
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log-0000000000000001");
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 0x41;
        fs::write(&path, &changed).unwrap();
        match DataDir::open(dir.path(), Options::default(), options()) {
            Err(PersistError::Damaged { .. } | PersistError::Newer { .. }) => {}
            Err(err) => panic!("byte {at}: {err}"),
            Ok(_) => panic!("byte {at} was changed and nobody saw it"),
        }
        assert_eq!(fs::read(&path).unwrap(), changed, "byte {at}: the file was touched");
    }
}

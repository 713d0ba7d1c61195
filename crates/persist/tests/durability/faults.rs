//! Files that cannot be used.

use crate::state::{draft, options, state};
use minkapi_object::Object;
use minkapi_persist::{DataDir, Options, PersistError, read_dir, read_signing_key, read_snapshot, write_dir, write_snapshot};
use minkapi_store::{Change, Expect, Fork, Key, Kind, Store};
use std::fs;

fn put(store: &Store<Object>, name: &str) {
    let draft = draft(name, 1);
    store.base().commit(Kind::new("pods"), Key::new("x", name), Expect::Any, |r, _| Change::Put(draft.stamp(r))).unwrap();
}

fn some_store() -> Store<Object> {
    let store = Store::new(options());
    (0..5).for_each(|n| put(&store, &format!("p{n}")));
    store.fork("s", Fork::default()).unwrap();
    store
}

#[test]
fn a_snapshot_cut_or_changed_anywhere_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("snapshot");
    write_snapshot(&some_store().image(), &path).unwrap();
    let bytes = fs::read(&path).unwrap();
    for at in 0..bytes.len() {
        fs::write(&path, &bytes[..at]).unwrap();
        assert!(read_snapshot(&path, options()).is_err(), "cut at {at}");
        let mut changed = bytes.clone();
        changed[at] ^= 0x41;
        fs::write(&path, &changed).unwrap();
        assert!(read_snapshot(&path, options()).is_err(), "changed at {at}");
        assert_eq!(fs::read(&path).unwrap(), changed);
    }
    fs::write(&path, [bytes.as_slice(), b"x"].concat()).unwrap();
    assert!(read_snapshot(&path, options()).is_err(), "something follows");
}

#[test]
fn a_key_is_kept_and_one_cut_or_changed_anywhere_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (_, data) = DataDir::open(dir.path(), Options::default(), options()).unwrap();
    assert_eq!(read_signing_key(dir.path()).unwrap(), None);
    data.write_signing_key("first").unwrap();
    data.write_signing_key("a key").unwrap();
    assert_eq!(read_signing_key(dir.path()).unwrap().as_deref(), Some("a key"));
    let path = dir.path().join("signing-key");
    let bytes = fs::read(&path).unwrap();
    let refused = |bytes: Vec<u8>, why: String| {
        fs::write(&path, &bytes).unwrap();
        assert!(read_signing_key(dir.path()).is_err(), "{why}");
        assert_eq!(fs::read(&path).unwrap(), bytes);
    };
    for at in 0..bytes.len() {
        refused(bytes[..at].to_vec(), format!("cut at {at}"));
        let mut changed = bytes.clone();
        changed[at] ^= 0x41;
        refused(changed, format!("changed at {at}"));
    }
    refused([&bytes[..], b"x"].concat(), "something follows".to_owned());
    let mut newer = bytes;
    newer[8] = 9;
    fs::write(&path, newer).unwrap();
    assert!(matches!(read_signing_key(dir.path()), Err(PersistError::Newer { found: 9, .. })));
}

#[test]
fn a_newer_file_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("snapshot");
    write_snapshot(&some_store().image(), &path).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    bytes[8] = 9;
    fs::write(&path, &bytes).unwrap();
    let err = read_snapshot(&path, options()).err().unwrap();
    assert!(matches!(err, PersistError::Newer { found: 9, known: 1, .. }), "{err}");
    assert!(err.to_string().contains("use a newer minkapi"), "{err}");
}

#[test]
fn a_directory_is_used_by_one_process_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let (_, data) = DataDir::open(dir.path(), Options::default(), options()).unwrap();
    let err = DataDir::open(dir.path(), Options::default(), options()).err().unwrap();
    assert!(matches!(err, PersistError::Locked { .. }), "{err}");
    assert!(matches!(write_dir(dir.path(), &some_store()), Err(PersistError::Locked { .. })));
    drop(data);
    assert!(DataDir::open(dir.path(), Options::default(), options()).is_ok());
}

#[test]
fn a_missing_file_between_others_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    for _ in 0..3 {
        let (store, data) = DataDir::open(dir.path(), Options::default(), options()).unwrap();
        put(&store, "p");
        data.close().unwrap();
    }
    fs::remove_file(dir.path().join("log-0000000000000002")).unwrap();
    assert!(matches!(DataDir::open(dir.path(), Options::default(), options()), Err(PersistError::Missing { .. })));
    assert!(dir.path().join("log-0000000000000003").exists());
}

#[test]
fn state_is_not_written_over_other_state() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    write_dir(&data, &some_store()).unwrap();
    assert!(matches!(write_dir(&data, &some_store()), Err(PersistError::NotEmpty { .. })));
    assert_eq!(state(&read_dir(&data, options()).unwrap()), state(&some_store()));
}

#[cfg(unix)]
#[test]
fn files_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let (_store, _data) = DataDir::open(&data, Options::default(), options()).unwrap();
    assert_eq!(fs::metadata(&data).unwrap().permissions().mode() & 0o777, 0o700);
    for file in fs::read_dir(&data).unwrap() {
        assert_eq!(file.unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_written_is_never_said_to_be_kept() {
    let dir = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    // The next file cannot be made: the directory is gone.
    let (store, data) = DataDir::open(&dir.path().join("data"), Options { snapshot_from: 1, ..Options::default() }, options()).unwrap();
    put(&store, "kept");
    runtime.block_on(store.settled()).unwrap();
    fs::remove_dir_all(dir.path().join("data")).unwrap();
    let start = std::time::Instant::now();
    while store.log_failure().is_none() {
        put(&store, "lost");
        let _ = runtime.block_on(store.settled());
        assert!(start.elapsed() < std::time::Duration::from_secs(20), "nobody noticed");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    put(&store, "lost");
    assert!(runtime.block_on(store.settled()).is_err());
    assert!(data.close().is_err());
}

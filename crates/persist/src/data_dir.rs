//! A directory that holds the state of one store.

use crate::{
    Fsync, PersistError,
    file::{self, FileKind},
    log::{Log, Writer},
    read_log, snapshot,
};
use minkapi_object::Object;
use minkapi_store::{LogFailed, Store};
use parking_lot::{Condvar, Mutex};
use std::{
    fmt,
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

/// How state is kept.
#[derive(Debug, Clone)]
pub struct Options {
    /// When it is made to outlast a crash of the machine.
    pub fsync: Fsync,
    /// A snapshot is made when the log is larger than this and than the last snapshot.
    pub snapshot_from: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { fsync: Fsync::Always, snapshot_from: 64 << 20 }
    }
}

/// After a crash revisions go on so much later: clients may have seen changes that were not kept, and must not take others
/// for them.
const GAP: u64 = 10_000_000;

/// How often the length of the log is looked at.
const LOOK: Duration = Duration::from_millis(250);

/// The state of a store in a directory: `snapshot-N` and the changes since then in `log-N`, `log-N+1`, ... Only one process
/// can use a directory. Dropping this writes what was not written yet.
pub struct DataDir {
    path: PathBuf,
    log: Arc<Log>,
    threads: Vec<JoinHandle<()>>,
    stop: Arc<Stop>,
    stats: Stats,
    _lock: File,
}

/// What was found in a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Whether there was any state.
    pub restored: bool,
    /// Whether it was left in order; if not, what was being written when the process ended is gone.
    pub closed: bool,
    /// Bytes of log that were replayed.
    pub replayed: u64,
}

#[derive(Default)]
struct Stop {
    stopped: Mutex<bool>,
    changed: Condvar,
}

impl fmt::Debug for DataDir {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DataDir").field("path", &self.path).field("stats", &self.stats).finish_non_exhaustive()
    }
}

impl DataDir {
    /// Makes a store of what the directory holds, and keeps all later changes of it there. A missing directory is made.
    ///
    /// # Errors
    /// It is in use, cannot be read or written, or a file in it is damaged, missing or newer. Nothing was changed then.
    pub fn open(path: &Path, options: Options, store_options: minkapi_store::Options) -> Result<(Store<Object>, Self), PersistError> {
        make_dir(path)?;
        let lock = lock(path)?;
        let found = read(path, store_options)?;
        for (log, whole) in &found.torn {
            let file = fs::OpenOptions::new().write(true).open(log).map_err(PersistError::io("open", log))?;
            file.set_len(*whole).and_then(|()| file.sync_all()).map_err(PersistError::io("cut", log))?;
        }
        let store = found.store;
        let writer = Writer::create(path, found.next, options.fsync)?;
        let log = Arc::new(Log::new());
        if found.stats.restored && !found.stats.closed {
            store.forget_history(store.revision() + GAP);
            log.append_continue(store.revision());
        }
        store.attach(log.clone());
        let stop = Arc::new(Stop::default());
        let writing = thread::Builder::new().name("minkapi-log".to_owned()).spawn({
            let log = log.clone();
            move || log.run(writer)
        });
        let snapshots = Snapshots {
            dir: path.into(),
            store: store.clone(),
            log: log.clone(),
            from: options.snapshot_from,
            next: found.next + 1,
            last: found.snapshot_len,
        };
        let looking = thread::Builder::new().name("minkapi-snapshot".to_owned()).spawn({
            let stop = stop.clone();
            move || snapshots.run(&stop)
        });
        let threads = [writing, looking].into_iter().collect::<Result<_, _>>().map_err(PersistError::io("start writing", path))?;
        Ok((store, Self { path: path.into(), log, threads, stop, stats: found.stats, _lock: lock }))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What was found when the directory was opened.
    pub const fn stats(&self) -> Stats {
        self.stats
    }

    /// Writes what was not written yet and marks the log as closed in order. The store must not be changed any more.
    ///
    /// # Errors
    /// [`LogFailed`] when something could not be written.
    pub fn close(mut self) -> Result<(), LogFailed> {
        self.end();
        self.log.failed().map_or(Ok(()), Err)
    }

    fn end(&mut self) {
        *self.stop.stopped.lock() = true;
        self.stop.changed.notify_all();
        self.log.close();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

impl Drop for DataDir {
    fn drop(&mut self) {
        if !self.threads.is_empty() {
            self.end();
        }
    }
}

/// A store with the state of a directory as it is now, which may be in use.
///
/// # Errors
/// It cannot be read, or a file in it is damaged, missing or newer.
pub fn read_dir(path: &Path, options: minkapi_store::Options) -> Result<Store<Object>, PersistError> {
    // A snapshot may replace the files that are being read.
    let mut attempts = 5;
    loop {
        attempts -= 1;
        match read(path, options.clone()) {
            Ok(found) => return Ok(found.store),
            Err(PersistError::Io { .. } | PersistError::Missing { .. }) if attempts > 0 => thread::sleep(LOOK),
            Err(err) => return Err(err),
        }
    }
}

/// Makes a directory with the state of a store.
///
/// # Errors
/// It cannot be written, is in use, or holds state already.
pub fn write_dir(path: &Path, store: &Store<Object>) -> Result<(), PersistError> {
    make_dir(path)?;
    let _lock = lock(path)?;
    let (snapshots, logs) = file::sequences(path)?;
    if !snapshots.is_empty() || !logs.is_empty() {
        return Err(PersistError::NotEmpty { path: path.into() });
    }
    snapshot::write_numbered(&store.image(), &FileKind::Snapshot.path(path, 1), 1).map(|_| ())
}

fn make_dir(path: &Path) -> Result<(), PersistError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(PersistError::io("create", path))
}

fn lock(dir: &Path) -> Result<File, PersistError> {
    let path = dir.join("lock");
    let file = file::create(&path).map_err(PersistError::io("create", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(PersistError::Locked { path: dir.into() }),
        Err(TryLockError::Error(source)) => Err(PersistError::Io { action: "lock", path, source }),
    }
}

struct Found {
    store: Store<Object>,
    stats: Stats,
    /// The number of the next file.
    next: u64,
    snapshot_len: u64,
    /// Logs that end in the middle of a frame, and how much of them is whole.
    torn: Vec<(PathBuf, u64)>,
}

/// Reads the newest snapshot and the logs that follow it. Changes nothing.
fn read(dir: &Path, options: minkapi_store::Options) -> Result<Found, PersistError> {
    let (snapshots, logs) = file::sequences(dir)?;
    let mut found = match snapshots.last() {
        Some(number) => {
            let path = FileKind::Snapshot.path(dir, *number);
            let store = snapshot::read_numbered(&path, Some(*number), options)?;
            let len = fs::metadata(&path).map_or(0, |m| m.len());
            // A snapshot alone was made by hand, so nobody has seen what it lacks.
            let stats = Stats { restored: true, closed: true, replayed: 0 };
            Found { store, stats, next: *number, snapshot_len: len, torn: Vec::new() }
        }
        None => Found { store: Store::new(options), stats: Stats::default(), next: 1, snapshot_len: 0, torn: Vec::new() },
    };
    let later: Vec<u64> = logs.into_iter().filter(|l| *l >= found.next).collect();
    for (at, number) in later.iter().enumerate() {
        if *number != found.next {
            return Err(PersistError::Missing { path: FileKind::Log.path(dir, found.next) });
        }
        let path = FileKind::Log.path(dir, *number);
        let replayed = read_log::replay(&path, *number, &found.store)?;
        if replayed.whole < replayed.len || replayed.len == 0 {
            if at + 1 < later.len() {
                return Err(PersistError::Damaged { path, at: replayed.whole, problem: "it is cut off, but others follow".to_owned() });
            }
            found.torn.push((path, replayed.whole));
        }
        found.stats = Stats { restored: true, closed: replayed.closed, replayed: found.stats.replayed + replayed.whole };
        found.next = number + 1;
    }
    if let Some((path, 0)) = found.torn.last() {
        // Not even its head is whole: it is written anew.
        tracing::debug!(path = %path.display(), "an empty log");
        found.torn.pop();
        found.next -= 1;
    }
    Ok(found)
}

/// Makes a snapshot whenever the log has become long.
struct Snapshots {
    dir: PathBuf,
    store: Store<Object>,
    log: Arc<Log>,
    from: u64,
    next: u64,
    last: u64,
}

impl Snapshots {
    fn run(mut self, stop: &Stop) {
        loop {
            let mut stopped = stop.stopped.lock();
            if !*stopped {
                stop.changed.wait_for(&mut stopped, LOOK);
            }
            if *stopped {
                return;
            }
            drop(stopped);
            if self.log.failed().is_some() || self.log.file_len() <= self.from.max(self.last) {
                continue;
            }
            if let Err(err) = self.make() {
                // The log alone is enough.
                tracing::warn!(%err, "a snapshot could not be written");
                self.last = self.last.max(self.log.file_len()) * 2;
            }
        }
    }

    fn make(&mut self) -> Result<(), PersistError> {
        let number = self.next;
        self.next += 1;
        let (image, ()) = self.store.image_with(|| self.log.new_file(number));
        let path = FileKind::Snapshot.path(&self.dir, number);
        self.last = snapshot::write_numbered(&image, &path, number)?;
        let (snapshots, logs) = file::sequences(&self.dir)?;
        // Snapshots first: without one, the logs before it are needed.
        let (snapshots, logs) = (snapshots.iter().map(|n| (FileKind::Snapshot, *n)), logs.iter().map(|n| (FileKind::Log, *n)));
        for (kind, old) in snapshots.chain(logs).filter(|(_, n)| *n < number) {
            let path = kind.path(&self.dir, old);
            fs::remove_file(&path).map_err(PersistError::io("remove", &path))?;
        }
        Ok(())
    }
}

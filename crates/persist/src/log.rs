//! The write-ahead log: changes are encoded where they happen and written by one thread, many at a time.

use crate::{
    PersistError,
    encode::{Encoder, tag},
    file::{self, FileKind},
    frame,
};
use minkapi_object::Object;
use minkapi_store::{CommitLog, LogFailed, Record};
use parking_lot::{Condvar, Mutex};
use std::{
    collections::VecDeque,
    fs::File,
    future::Future,
    io::Write as _,
    path::{Path, PathBuf},
    pin::Pin,
    time::{Duration, Instant},
};
use tokio::sync::watch;

/// When what was written is made to outlast a crash of the machine. The end of the process alone loses nothing that was
/// acknowledged, whichever it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fsync {
    /// Before it is acknowledged.
    #[default]
    Always,
    /// At this interval.
    Interval(Duration),
    /// When the operating system thinks fit.
    Never,
}

/// A frame does not get much larger than this.
const FRAME_MAX: usize = 32 << 20;

/// The log of a store.
pub(crate) struct Log {
    queue: Mutex<Queue>,
    filled: Condvar,
    progress: watch::Sender<Progress>,
}

/// What waits to be written.
struct Queue {
    items: VecDeque<Item>,
    /// How many records were ever appended.
    appended: u64,
    closing: bool,
}

enum Item {
    Records {
        bytes: Vec<u8>,
        upto: u64,
    },
    /// What follows goes to a new file of this number.
    NewFile(u64),
}

#[derive(Debug, Clone, Default)]
struct Progress {
    /// How many records are kept.
    kept: u64,
    /// Bytes in the current file.
    file_len: u64,
    failed: Option<LogFailed>,
    /// Nothing is written any more.
    closed: bool,
}

impl Log {
    pub fn new() -> Self {
        let queue = Queue { items: VecDeque::new(), appended: 0, closing: false };
        Self { queue: Mutex::new(queue), filled: Condvar::new(), progress: watch::Sender::default() }
    }

    /// Notes that changes go on at a later revision.
    pub fn append_continue(&self, revision: u64) {
        self.append_with(|encoder| {
            encoder.byte(tag::CONTINUE);
            encoder.number(revision);
        });
    }

    /// Has what is appended from now on go to the file of this number.
    pub fn new_file(&self, sequence: u64) {
        self.queue.lock().items.push_back(Item::NewFile(sequence));
        self.filled.notify_one();
    }

    /// Notes that the log ends in order, and lets the writer end.
    pub fn close(&self) {
        self.append_with(|encoder| encoder.byte(tag::CLOSE));
        self.queue.lock().closing = true;
        self.filled.notify_one();
    }

    /// Bytes in the current file.
    pub fn file_len(&self) -> u64 {
        self.progress.borrow().file_len
    }

    pub fn failed(&self) -> Option<LogFailed> {
        self.progress.borrow().failed.clone()
    }

    fn append_with(&self, write: impl FnOnce(&mut Encoder)) {
        let mut queue = self.queue.lock();
        queue.appended += 1;
        let upto = queue.appended;
        let mut encoder = Encoder::default();
        match queue.items.back_mut() {
            Some(Item::Records { bytes, upto: last }) if bytes.len() < FRAME_MAX => {
                *last = upto;
                encoder.out = std::mem::take(bytes);
                write(&mut encoder);
                *bytes = encoder.out;
            }
            _ => {
                write(&mut encoder);
                queue.items.push_back(Item::Records { bytes: encoder.out, upto });
            }
        }
        drop(queue);
        self.filled.notify_one();
    }

    /// Writes what is appended until the log is closed or writing fails.
    pub fn run(&self, mut writer: Writer) {
        loop {
            let taken = {
                let mut queue = self.queue.lock();
                while queue.items.is_empty() && !queue.closing {
                    match writer.sync_due() {
                        None => self.filled.wait(&mut queue),
                        Some(due) => {
                            if self.filled.wait_until(&mut queue, due).timed_out() {
                                break;
                            }
                        }
                    }
                }
                if queue.items.is_empty() && queue.closing {
                    break;
                }
                std::mem::take(&mut queue.items)
            };
            match writer.write(taken).and_then(|kept| writer.sync_if_due().map(|()| kept)) {
                Ok(kept) => self.advance(kept, writer.len),
                Err(err) => return self.fail(&err),
            }
        }
        if let Err(err) = writer.sync() {
            self.fail(&err);
        }
        self.progress.send_modify(|progress| progress.closed = true);
    }

    fn advance(&self, kept: Option<u64>, file_len: u64) {
        self.progress.send_modify(|progress| {
            progress.kept = kept.unwrap_or(progress.kept);
            progress.file_len = file_len;
        });
    }

    fn fail(&self, err: &PersistError) {
        let source = std::error::Error::source(err).map(|s| format!(": {s}")).unwrap_or_default();
        let text = format!("{err}{source}");
        tracing::error!("the write-ahead log has failed, no change is accepted any more: {text}");
        self.progress.send_modify(|progress| progress.failed = Some(LogFailed(text.into())));
    }
}

impl CommitLog<Object> for Log {
    fn append(&self, record: Record<Object>) {
        match self.failure() {
            None => self.append_with(|encoder| encoder.record(&record)),
            // It is counted, so that nobody takes it for kept.
            Some(_) => self.queue.lock().appended += 1,
        }
    }

    fn settled(&self) -> Pin<Box<dyn Future<Output = Result<(), LogFailed>> + Send>> {
        let target = self.queue.lock().appended;
        let mut progress = self.progress.subscribe();
        Box::pin(async move {
            match progress.wait_for(|p| p.kept >= target || p.failed.is_some() || p.closed).await {
                Ok(progress) if progress.kept >= target => Ok(()),
                Ok(progress) => Err(progress.failed.clone().unwrap_or_else(closed)),
                Err(_) => Err(closed()),
            }
        })
    }

    fn failure(&self) -> Option<LogFailed> {
        let progress = self.progress.borrow();
        progress.failed.clone().or_else(|| progress.closed.then(closed))
    }
}

fn closed() -> LogFailed {
    LogFailed("the log is closed".into())
}

/// Writes the files of a log.
pub(crate) struct Writer {
    dir: PathBuf,
    fsync: Fsync,
    path: PathBuf,
    file: File,
    len: u64,
    /// Number of the next frame.
    frame: u64,
    /// Since when something is written and not synced.
    unsynced: Option<Instant>,
}

impl Writer {
    /// Begins a file.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn create(dir: &Path, sequence: u64, fsync: Fsync) -> Result<Self, PersistError> {
        let path = FileKind::Log.path(dir, sequence);
        let mut file = file::create(&path).map_err(PersistError::io("create", &path))?;
        file.write_all(&file::header(FileKind::Log, sequence)).map_err(PersistError::io("write", &path))?;
        file.sync_all().map_err(PersistError::io("sync", &path))?;
        file::sync_dir(dir)?;
        Ok(Self { dir: dir.into(), fsync, path, file, len: file::HEADER as u64, frame: 0, unsynced: None })
    }

    /// Writes all items; returns how many records are kept then.
    fn write(&mut self, items: VecDeque<Item>) -> Result<Option<u64>, PersistError> {
        let mut kept = None;
        let mut out = Vec::new();
        for item in items {
            match item {
                Item::Records { bytes, upto } => {
                    if u32::try_from(bytes.len() + 1).is_err() {
                        let source = std::io::Error::other("a change is larger than 4 GiB");
                        return Err(PersistError::Io { action: "write", path: self.path.clone(), source });
                    }
                    frame::write(&mut out, self.frame, &bytes);
                    self.frame += 1;
                    kept = Some(upto);
                }
                Item::NewFile(sequence) => {
                    self.flush(&mut out)?;
                    self.sync()?;
                    *self = Self::create(&self.dir, sequence, self.fsync)?;
                }
            }
        }
        self.flush(&mut out)?;
        if self.fsync == Fsync::Always {
            self.sync()?;
        }
        Ok(kept)
    }

    fn flush(&mut self, out: &mut Vec<u8>) -> Result<(), PersistError> {
        if out.is_empty() {
            return Ok(());
        }
        if let Err(source) = self.file.write_all(out) {
            // What was not acknowledged must not be found later either, if that can be helped.
            let _ = self.file.set_len(self.len);
            return Err(PersistError::Io { action: "write", path: self.path.clone(), source });
        }
        self.len += out.len() as u64;
        self.unsynced.get_or_insert_with(Instant::now);
        out.clear();
        Ok(())
    }

    fn sync(&mut self) -> Result<(), PersistError> {
        if self.unsynced.take().is_some() {
            self.file.sync_data().map_err(PersistError::io("sync", &self.path))?;
        }
        Ok(())
    }

    fn sync_due(&self) -> Option<Instant> {
        match self.fsync {
            Fsync::Interval(interval) => Some(self.unsynced? + interval),
            Fsync::Always | Fsync::Never => None,
        }
    }

    fn sync_if_due(&mut self) -> Result<(), PersistError> {
        if self.sync_due().is_some_and(|due| due <= Instant::now()) { self.sync() } else { Ok(()) }
    }
}

//! Reading logs back.

use crate::{
    PersistError,
    decode::{Decoder, LogRecord, MALFORMED},
    file::{self, FileKind},
    frame::{self, Frame},
};
use minkapi_object::Object;
use minkapi_store::Store;
use std::{fs, path::Path};

/// What a log came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Replayed {
    /// How much of the file is whole; the rest was being written when the process ended.
    pub whole: u64,
    /// How long the file is.
    pub len: u64,
    /// Whether it was closed in order.
    pub closed: bool,
}

/// Makes the changes of a log in `store`.
///
/// # Errors
/// The file cannot be read, is damaged, newer, or does not belong here.
pub(crate) fn replay(path: &Path, sequence: u64, store: &Store<Object>) -> Result<Replayed, PersistError> {
    let bytes = fs::read(path).map_err(PersistError::io("read", path))?;
    let len = bytes.len() as u64;
    let mut replayed = Replayed { whole: 0, len, closed: false };
    if bytes.len() < file::HEADER {
        // The process ended when it had just made the file.
        let expected = file::header(FileKind::Log, sequence);
        return match expected.starts_with(&bytes) {
            true => Ok(replayed),
            false => Err(PersistError::damaged(path, 0, "it does not begin as a log does")),
        };
    }
    file::check_header(path, &bytes, FileKind::Log, Some(sequence))?;
    let mut at = file::HEADER;
    for number in 0.. {
        replayed.whole = at as u64;
        match frame::read(&bytes, at, number) {
            Frame::End | Frame::Torn => break,
            Frame::Damaged(problem) => return Err(PersistError::damaged(path, at, problem)),
            Frame::Whole(payload, next) => {
                let mut decoder = Decoder::new(payload);
                while !decoder.is_empty() {
                    let record = decoder.log_record(store).ok_or_else(|| PersistError::damaged(path, at, MALFORMED))?;
                    replayed.closed = matches!(record, LogRecord::Close);
                    match record {
                        LogRecord::Change(record) => store.replay(record).map_err(|err| PersistError::damaged(path, at, err))?,
                        LogRecord::Continue(revision) => store.forget_history(revision),
                        LogRecord::Close => {}
                    }
                }
                at = next;
            }
        }
    }
    Ok(replayed)
}

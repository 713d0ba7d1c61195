//! The key that a server signs with: a text beside the state, written once.

use crate::{
    DataDir, PersistError,
    file::{self, FileKind},
    frame::{self, Frame},
};
use std::{fs, io::Write as _, path::Path};

/// The key that is kept in a directory, if there is one. The directory may be in use.
///
/// # Errors
/// It cannot be read, is damaged, incomplete or newer.
pub fn read_signing_key(dir: &Path) -> Result<Option<String>, PersistError> {
    let path = FileKind::Key.path(dir, 0);
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(err) if err.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(err) => return Err(PersistError::io("read", &path)(err)),
    };
    file::check_header(&path, &bytes, FileKind::Key, Some(0))?;
    let damaged = |problem: &str| PersistError::damaged(&path, file::HEADER, problem);
    match frame::read(&bytes, file::HEADER, 0) {
        Frame::Whole(key, end) if end == bytes.len() => {
            String::from_utf8(key.to_vec()).map(Some).map_err(|_| damaged("the key is not text"))
        }
        Frame::Whole(..) => Err(damaged("something follows the key")),
        Frame::Damaged(problem) => Err(damaged(problem)),
        // It appeared under its name when it was complete.
        Frame::Torn | Frame::End => Err(damaged("it is cut off")),
    }
}

impl DataDir {
    /// Keeps a key, in place of that which was kept before. It is on disk afterwards.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write_signing_key(&self, key: &str) -> Result<(), PersistError> {
        let mut bytes = file::header(FileKind::Key, 0).to_vec();
        frame::write(&mut bytes, 0, key.as_bytes());
        file::write_whole(&FileKind::Key.path(self.path(), 0), |path| {
            let mut file = file::create(path).map_err(PersistError::io("create", path))?;
            file.write_all(&bytes).and_then(|()| file.sync_all()).map_err(PersistError::io("write", path))
        })
    }
}

//! The start of every file, and what the directory calls them.

use crate::PersistError;
use std::{
    fs::{self, File, OpenOptions},
    io,
    path::{Path, PathBuf},
};

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileKind {
    Log,
    Snapshot,
    Key,
}

/// The newest format that is known; it is the one that is written.
pub(crate) const VERSION: u32 = 1;

/// Length of [`header`].
pub(crate) const HEADER: usize = 28;

impl FileKind {
    const fn magic(self) -> &'static [u8; 8] {
        match self {
            Self::Log => b"MINKLOG\n",
            Self::Snapshot => b"MINKSNP\n",
            Self::Key => b"MINKKEY\n",
        }
    }

    /// The file's name in a data directory.
    pub fn path(self, dir: &Path, sequence: u64) -> PathBuf {
        dir.join(match self {
            Self::Log => format!("log-{sequence:016}"),
            Self::Snapshot => format!("snapshot-{sequence:016}"),
            Self::Key => "signing-key".to_owned(),
        })
    }

    /// The sequence number in a file's name.
    pub fn sequence(self, name: &str) -> Option<u64> {
        let digits = name.strip_prefix(match self {
            Self::Log => "log-",
            Self::Snapshot => "snapshot-",
            Self::Key => return None,
        })?;
        if digits.len() == 16 { digits.parse().ok() } else { None }
    }
}

/// The first bytes of a file: magic, format version, reserved, sequence number, checksum of these.
pub(crate) fn header(kind: FileKind, sequence: u64) -> [u8; HEADER] {
    let mut bytes = [0; HEADER];
    let parts: [&[u8]; 4] = [kind.magic(), &VERSION.to_le_bytes(), &[0; 4], &sequence.to_le_bytes()];
    for (to, from) in bytes.iter_mut().zip(parts.concat()) {
        *to = from;
    }
    let checksum = crc32fast::hash(bytes.get(..24).unwrap_or_default()).to_le_bytes();
    bytes.iter_mut().skip(24).zip(checksum).for_each(|(to, from)| *to = from);
    bytes
}

/// Checks the first bytes of a file. The magic and the version stay where they are in all versions.
///
/// # Errors
/// Damage, or a newer version.
pub(crate) fn check_header(path: &Path, bytes: &[u8], kind: FileKind, sequence: Option<u64>) -> Result<(), PersistError> {
    if bytes.get(..8) != Some(kind.magic()) {
        return Err(PersistError::damaged(path, 0, "it does not begin as such a file does"));
    }
    let found = number(bytes, 8);
    if found > VERSION {
        return Err(PersistError::Newer { path: path.into(), found, known: VERSION });
    }
    if bytes.get(24..HEADER) != Some(&crc32fast::hash(bytes.get(..24).unwrap_or_default()).to_le_bytes()) {
        return Err(PersistError::damaged(path, 0, "the checksum of its first bytes is wrong"));
    }
    let own = u64::from(number(bytes, 16)) | u64::from(number(bytes, 20)) << 32;
    if sequence.is_some_and(|s| s != own) {
        return Err(PersistError::damaged(path, 16, "it was given another name"));
    }
    Ok(())
}

/// Four bytes as a number; 0 if they are not there.
pub(crate) fn number(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).and_then(|b| b.try_into().ok()).map_or(0, u32::from_le_bytes)
}

/// Creates a file that only its owner can read.
pub(crate) fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Writes a file that appears under its name only when it is complete.
pub(crate) fn write_whole<T>(path: &Path, write: impl FnOnce(&Path) -> Result<T, PersistError>) -> Result<T, PersistError> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".part");
    let temporary = Path::new(&temporary);
    let written = write(temporary).and_then(|written| {
        fs::rename(temporary, path).map_err(PersistError::io("rename", temporary))?;
        if let Some(dir) = path.parent().filter(|d| !d.as_os_str().is_empty()) {
            sync_dir(dir)?;
        }
        Ok(written)
    });
    if written.is_err() {
        let _ = fs::remove_file(temporary);
    }
    written
}

/// Makes the names in a directory outlast a crash of the machine.
pub(crate) fn sync_dir(dir: &Path) -> Result<(), PersistError> {
    #[cfg(unix)]
    File::open(dir).and_then(|d| d.sync_all()).map_err(PersistError::io("sync", dir))?;
    #[cfg(not(unix))]
    let _ = dir;
    Ok(())
}

/// Sequence numbers of the snapshots and logs in a directory, least first.
pub(crate) fn sequences(dir: &Path) -> Result<(Vec<u64>, Vec<u64>), PersistError> {
    let entries = fs::read_dir(dir).map_err(PersistError::io("read", dir))?;
    let (mut snapshots, mut logs) = (Vec::new(), Vec::new());
    for entry in entries {
        let name = entry.map_err(PersistError::io("read", dir))?.file_name();
        let name = name.to_string_lossy();
        snapshots.extend(FileKind::Snapshot.sequence(&name));
        logs.extend(FileKind::Log.sequence(&name));
    }
    snapshots.sort_unstable();
    logs.sort_unstable();
    Ok((snapshots, logs))
}

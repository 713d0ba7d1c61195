//! Why state cannot be read or kept.

use std::{
    io,
    path::{Path, PathBuf},
};

/// A file or directory cannot be used. It was left as it is.
#[derive(Debug, thiserror::Error)]
pub enum PersistError {
    /// It cannot be read or written.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// With which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Another process uses the directory.
    #[error("{} is in use by another process", path.display())]
    Locked {
        /// The directory.
        path: PathBuf,
    },
    /// It was written by a newer version of this program.
    #[error("{} has format version {found}, this program reads up to {known}: use a newer minkapi", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The newest version that is known.
        known: u32,
    },
    /// It is damaged.
    #[error("{} is damaged at byte {at}: {problem}; nothing was changed. Restore it from a copy{}", path.display(), instead(path, *at))]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where.
        at: u64,
        /// What is wrong.
        problem: String,
    },
    /// A file is missing between others.
    #[error("{} is missing, so the changes in the files after it cannot be used; nothing was changed", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// There is state in a directory that should have none.
    #[error("{} holds state already", path.display())]
    NotEmpty {
        /// The directory.
        path: PathBuf,
    },
}

/// What else can be done with a damaged file: the beginning of a log is good without its end, a snapshot is not.
fn instead(path: &Path, at: u64) -> String {
    let log = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("log-"));
    if log && at > 0 { format!(", or cut it to {at} bytes to give up what follows") } else { String::new() }
}

impl PersistError {
    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { action, path, source }
    }

    pub(crate) fn damaged(path: impl Into<PathBuf>, at: usize, problem: impl ToString) -> Self {
        Self::Damaged { path: path.into(), at: at as u64, problem: problem.to_string() }
    }
}

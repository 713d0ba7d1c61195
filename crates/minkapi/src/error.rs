//! Why something failed: one type an operation, each with its source.

use minkapi_object::Status;
use std::{io, net::SocketAddr, path::PathBuf};

/// A file that a server keeps could not be written or removed.
#[derive(Debug, thiserror::Error)]
#[error("{action} {}", path.display())]
pub struct FileError {
    /// What was tried: `cannot write`, `cannot remove`.
    pub action: &'static str,
    /// Which file.
    pub path: PathBuf,
    /// Why not.
    pub source: io::Error,
}

/// A server did not start.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// A setting cannot be used.
    #[error("invalid {setting}: {reason}")]
    Init {
        /// The setting, by its flag's name.
        setting: &'static str,
        /// Why not.
        reason: String,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// The state in the data directory cannot be used.
    #[error("cannot use the data directory")]
    Data(#[from] minkapi_persist::PersistError),
    /// A kubeconfig or scheduler configuration cannot be written.
    #[error(transparent)]
    File(#[from] FileError),
}

/// A server did not stop in order; it has stopped all the same.
#[derive(Debug, thiserror::Error)]
pub enum ShutdownError {
    /// Requests were still running when the time was up; they were cut off.
    #[error("{0} connections were cut off when the shutdown timeout was over")]
    Timeout(usize),
    /// A file could not be removed.
    #[error(transparent)]
    File(#[from] FileError),
    /// Not everything could be kept in the data directory.
    #[error("state was lost: {0}")]
    Data(#[from] minkapi_store::LogFailed),
    /// The serving task failed.
    #[error("the server failed: {0}")]
    Serve(String),
}

/// A sandbox view could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ViewError {
    /// Refused: a bad name, a taken one, an unknown parent.
    #[error("cannot create the view: {0}")]
    Refused(#[from] Status),
    /// Its files cannot be written; the view was not made.
    #[error(transparent)]
    File(#[from] FileError),
}

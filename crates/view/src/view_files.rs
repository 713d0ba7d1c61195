//! Files that go with views.

use std::{fmt, io, path::PathBuf};

/// Files that go with a view, such as its kubeconfig; made by whoever runs the server.
pub trait ViewFiles: Send + Sync + fmt::Debug {
    /// Where the API of a view is served.
    fn url(&self, view: &str) -> String;

    /// Writes the kubeconfig of a view, if it is not there yet, and tells where it is.
    ///
    /// # Errors
    /// The file cannot be written.
    fn kubeconfig(&self, view: &str) -> io::Result<PathBuf>;

    /// The view is gone.
    fn removed(&self, view: &str);
}

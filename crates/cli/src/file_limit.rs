//! How many files the process may have open: every connection is one.

/// Raises the limit as far as it may be raised, as Go programs do. Shells give 1,024, which a thousand watches use up.
pub fn raise() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let limit = getrlimit(Resource::Nofile);
        if let Err(err) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }) {
            tracing::warn!(%err, "the limit of open files stays as it is");
        }
    }
}

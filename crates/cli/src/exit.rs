//! Exit codes, and how a failure is told.

use minkapi::{LaunchError, ShutdownError};
use std::{error::Error, process::ExitCode};

/// A flag or its value cannot be used.
pub const BAD_OPTIONS: u8 = 2;
/// The server did not start: port taken, kubeconfig not writable.
pub const FAILED_START: u8 = 3;
/// The server stopped, but not in order: requests were cut off, or files could not be removed.
pub const FAILED_SHUTDOWN: u8 = 4;

/// A command could not do what it was asked to do.
pub const FAILED_COMMAND: u8 = 1;

/// Why the program ends with a failure.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A flag's value cannot be used.
    #[error("{0}")]
    Options(String),
    /// The server did not start.
    #[error("cannot start")]
    Launch(#[from] LaunchError),
    /// The server did not stop in order.
    #[error("cannot stop in order")]
    Shutdown(#[from] ShutdownError),
    /// The server of a command cannot be reached, or refuses.
    #[error("{0}")]
    Request(String),
    /// A file of a command cannot be read or written.
    #[error("{0}")]
    File(String, #[source] std::io::Error),
    /// State in a data directory or snapshot cannot be used.
    #[error("cannot use the state")]
    State(#[from] minkapi::persist::PersistError),
    /// The runtime or the signal handlers cannot be set up.
    #[error("cannot start the runtime")]
    Runtime(std::io::Error),
}

impl Failure {
    /// The exit code.
    pub fn code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Options(_) | Self::Launch(LaunchError::Init { .. }) => BAD_OPTIONS,
            Self::Launch(_) | Self::Runtime(_) => FAILED_START,
            Self::Shutdown(_) => FAILED_SHUTDOWN,
            Self::Request(_) | Self::File(..) | Self::State(_) => FAILED_COMMAND,
        })
    }
}

/// Prints a failure with its causes on standard error.
pub fn explain(failure: &Failure) {
    let mut text = format!("minkapi: {failure}");
    let mut cause = failure.source();
    while let Some(err) = cause {
        text.push_str(": ");
        text.push_str(&err.to_string());
        cause = err.source();
    }
    eprintln!("{text}");
}

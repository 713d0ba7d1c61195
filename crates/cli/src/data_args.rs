//! The flags about kept state.

use clap::{Args, ValueEnum};
use minkapi::persist::Fsync;
use std::{path::PathBuf, time::Duration};

/// Whether and how state is kept.
#[derive(Debug, Args)]
pub struct DataArgs {
    /// Keep all state in this directory (see docs/persistence.md); without it, it is in memory only
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,

    /// When kept state is made to outlast a crash of the machine. A crash of the program alone loses nothing in any case
    #[arg(long, value_name = "WHEN", default_value = "always", requires = "data_dir")]
    pub fsync: FsyncWhen,
}

/// When files are synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FsyncWhen {
    /// Before a write is answered
    Always,
    /// Every second
    Interval,
    /// When the operating system thinks fit
    Never,
}

impl FsyncWhen {
    /// The policy of this name.
    pub const fn policy(self) -> Fsync {
        match self {
            Self::Always => Fsync::Always,
            Self::Interval => Fsync::Interval(Duration::from_secs(1)),
            Self::Never => Fsync::Never,
        }
    }
}

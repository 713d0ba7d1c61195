//! `minkapi snapshot`: kept state as one portable file.

use crate::exit::Failure;
use clap::{Args, Subcommand};
use minkapi::persist::{read_dir, read_snapshot, write_dir, write_snapshot};
use std::path::PathBuf;

/// What is done with a snapshot.
#[derive(Debug, Subcommand)]
pub enum Snapshot {
    /// Write the state of a data directory, which may be in use, into a file
    Save(Paths),
    /// Make a data directory of a file
    Load(Paths),
}

/// From where to where.
#[derive(Debug, Args)]
pub struct Paths {
    /// The data directory
    #[arg(long, value_name = "DIR")]
    pub data_dir: PathBuf,

    /// The snapshot
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

impl Snapshot {
    /// Does it.
    ///
    /// # Errors
    /// A file or directory that cannot be read or written, is damaged, newer, or in the way.
    pub fn run(self) -> Result<(), Failure> {
        let options = minkapi::persist::StoreOptions::default();
        let (store, to) = match &self {
            Self::Save(Paths { data_dir, file }) => {
                let store = read_dir(data_dir, options)?;
                write_snapshot(&store.image(), file)?;
                (store, file)
            }
            Self::Load(Paths { data_dir, file }) => {
                let store = read_snapshot(file, options)?;
                write_dir(data_dir, &store)?;
                (store, data_dir)
            }
        };
        println!("{} views at revision {} written to {}", store.views().len(), store.revision(), to.display());
        Ok(())
    }
}

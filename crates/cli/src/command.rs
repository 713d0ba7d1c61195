//! What `minkapi` does besides serving: commands that talk to a running server.

use crate::{client::Client, exit::Failure, export, import, simulate, snapshot, view};
use clap::{Args, Subcommand};

/// A command; without one the server runs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Fork, compare, commit and delete views of a running server
    #[command(subcommand)]
    View(view::ViewCommand),
    /// Bring objects of another cluster into a view: from files, folders, dumps of `kubectl get -o yaml`, or the cluster itself
    Import(import::Import),
    /// Write the objects of a view, such that they can be imported again
    Export(export::Export),
    /// Fork a view, run a scheduler in the fork until nothing more gets bound, tell what it did, and throw the fork away
    Simulate(simulate::Simulate),
    /// Take the state of a data directory along in one file, or make a data directory of such a file
    #[command(subcommand)]
    Snapshot(snapshot::Snapshot),
}

/// Where the server is.
#[derive(Debug, Args)]
pub struct ServerArgs {
    /// The running server
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8091", env = "MINKAPI_SERVER")]
    pub server: String,
}

impl ServerArgs {
    /// A client of the server.
    ///
    /// # Errors
    /// A URL that is none.
    pub fn client(&self) -> Result<Client, Failure> {
        Client::new(&self.server)
    }
}

/// Runs a command.
///
/// # Errors
/// What the command could not do.
pub async fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::View(command) => view::run(command).await,
        Command::Import(import) => import.run().await,
        Command::Export(export) => export.run().await,
        Command::Simulate(simulate) => simulate.run().await,
        Command::Snapshot(snapshot) => snapshot.run(),
    }
}

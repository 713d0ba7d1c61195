//! The minkapi server: flags, signals and exit codes around the `minkapi` library.

mod access_args;
mod args;
mod client;
mod command;
mod data_args;
mod exit;
mod export;
mod file_limit;
mod flags;
mod import;
mod kubeconfig;
mod logging;
mod print;
mod simulate;
mod snapshot;
mod view;

use args::Args;
use clap::{CommandFactory as _, FromArgMatches as _};
use exit::Failure;
use minkapi::{Config, Server};
use std::process::ExitCode;

/// Chosen by measurement (docs/performance.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let parsed = Args::command().try_get_matches().and_then(|given| Ok((Args::from_arg_matches(&given)?, flags::values(&given))));
    let (args, flags) = match parsed {
        Ok(parsed) => parsed,
        Err(err) => {
            let _ = err.print();
            return if err.use_stderr() { ExitCode::from(exit::BAD_OPTIONS) } else { ExitCode::SUCCESS };
        }
    };
    match run(args, flags) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            exit::explain(&failure);
            failure.code()
        }
    }
}

fn run(args: Args, flags: Vec<(String, String)>) -> Result<(), Failure> {
    logging::start(args.verbosity, args.logging_format);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::Runtime)?;
    runtime.block_on(async {
        match args.command {
            Some(command) => command::run(command).await,
            None => serve(args, flags).await,
        }
    })
}

async fn serve(args: Args, flags: Vec<(String, String)>) -> Result<(), Failure> {
    println!("minkapi {} (Kubernetes {})", minkapi::VERSION, minkapi::KUBERNETES_VERSION);
    // Before anybody is told that the server runs: a signal that comes at once is one to stop in order.
    let stop = stop_signal().map_err(Failure::Runtime)?;
    let mut reload = reload_signal().map_err(Failure::Runtime)?;
    file_limit::raise();
    let server = Server::launch(Config { flags, ..args.into_config()? }).await?;
    println!("serving     {}", server.url());
    println!("kubeconfig  {}", server.kubeconfig().display());
    println!("try         kubectl --kubeconfig {} get namespaces", server.kubeconfig().display());
    let mut stop = std::pin::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            () = reload.next() => server.reload_certificates(),
        }
    }
    println!("stopping");
    server.shutdown().await?;
    Ok(())
}

/// SIGHUP, at which certificates are read again.
struct Reload {
    #[cfg(unix)]
    signal: tokio::signal::unix::Signal,
}

fn reload_signal() -> std::io::Result<Reload> {
    Ok(Reload {
        #[cfg(unix)]
        signal: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup())?,
    })
}

impl Reload {
    /// The next one.
    async fn next(&mut self) {
        #[cfg(unix)]
        let came = self.signal.recv().await.is_some();
        #[cfg(not(unix))]
        let came = false;
        if !came {
            std::future::pending().await
        }
    }
}

/// Listens for signals from now on; the future is ready at the first SIGINT or SIGTERM.
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        Ok(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        })
    }
    #[cfg(not(unix))]
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}

//! Logs on standard error, at klog's levels, as lines for people or as JSON for machines.

use clap::ValueEnum;
use std::io::IsTerminal as _;
use tracing_subscriber::filter::LevelFilter;

/// How lines of the log look, by kube-apiserver's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Format {
    /// Time, level, text, fields
    #[default]
    Text,
    /// One JSON object a line
    Json,
}

/// Starts logging. klog's verbosity 0 to 2 shows what matters, 3 to 5 also every request and what helps to find faults, from
/// 6 everything.
pub fn start(verbosity: u8, format: Format) {
    let level = match verbosity {
        0..=2 => LevelFilter::INFO,
        3..=5 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    let colours = std::io::stderr().is_terminal();
    let log = tracing_subscriber::fmt().with_max_level(level).with_writer(std::io::stderr).with_target(false).with_ansi(colours);
    // A second subscriber in one process is refused; the first one stays.
    let _ = match format {
        Format::Text => log.try_init(),
        Format::Json => log.json().flatten_event(true).try_init(),
    };
}

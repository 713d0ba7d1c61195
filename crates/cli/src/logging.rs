//! Logs on standard error, at klog's levels.

use tracing_subscriber::filter::LevelFilter;

/// Starts logging. klog's verbosity 0 to 2 shows what matters, 3 to 5 also what helps to find faults, from 6 everything.
pub fn start(verbosity: u8) {
    let level = match verbosity {
        0..=2 => LevelFilter::INFO,
        3..=5 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    // A second subscriber in one process is refused; the first one stays.
    let _ = tracing_subscriber::fmt().with_max_level(level).with_writer(std::io::stderr).with_target(false).try_init();
}

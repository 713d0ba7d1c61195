//! `process_*`, as Prometheus' client libraries name what the operating system tells of a process. Linux only.

use super::text::Text;
use std::fs;

/// Ticks of the clock in /proc: 100 a second on every machine that Linux runs on today.
const TICKS: f64 = 100.0;

/// Adds what is known.
pub(crate) fn write(text: &mut Text) {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let stat = read("/proc/self/stat");
    // The name of the program, in parentheses, may hold anything.
    let Some((_, fields)) = stat.rsplit_once(')') else { return };
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let field = |at: usize| fields.get(at).and_then(|f| f.parse::<f64>().ok());
    if let (Some(user), Some(system)) = (field(11), field(12)) {
        text.one("process_cpu_seconds_total", "counter", "User and system CPU time spent in seconds.", (user + system) / TICKS);
    }
    if let Ok(open) = fs::read_dir("/proc/self/fd") {
        text.one("process_open_fds", "gauge", "Number of open file descriptors.", open.count() as f64);
    }
    let limits = read("/proc/self/limits");
    let limit = limits.lines().find_map(|line| line.strip_prefix("Max open files")?.split_whitespace().next()?.parse::<f64>().ok());
    if let Some(limit) = limit {
        text.one("process_max_fds", "gauge", "Maximum number of open file descriptors.", limit);
    }
    let status = read("/proc/self/status");
    let kilobytes = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse::<f64>().ok()
    };
    if let Some(resident) = kilobytes("VmRSS:") {
        text.one("process_resident_memory_bytes", "gauge", "Resident memory size in bytes.", resident * 1024.0);
    }
    if let Some(size) = field(20) {
        text.one("process_virtual_memory_bytes", "gauge", "Virtual memory size in bytes.", size);
    }
    let stat = read("/proc/stat");
    let booted = stat.lines().find_map(|line| line.strip_prefix("btime ")?.trim().parse::<f64>().ok());
    if let (Some(booted), Some(started)) = (booted, field(19)) {
        let help = "Start time of the process since unix epoch in seconds.";
        text.one("process_start_time_seconds", "gauge", help, booted + started / TICKS);
    }
}

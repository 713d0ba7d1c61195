//! Load: many requests over a few connections, and what they cost the server.

use crate::{connection::Connection, process::Server};
use std::{
    future::Future,
    io,
    rc::Rc,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};
use tokio::task::LocalSet;

/// What a number of requests cost.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cost {
    /// CPU time of the server per request.
    pub cpu: Duration,
    /// Requests a second.
    pub rate: f64,
    /// Bytes of the bodies of one answer, on average.
    pub bytes: u64,
}

impl Cost {
    /// CPU time in microseconds.
    pub fn micros(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6
    }
}

/// Sends `count` requests over `connections`, each connection one after the other. `make` makes the n-th.
///
/// # Errors
/// A connection broke, or an answer was no success.
pub async fn closed_loop(server: &Server, connections: usize, count: u64, make: impl Fn(u64) -> Vec<u8> + 'static) -> io::Result<Cost> {
    let next = Rc::new(AtomicU64::new(0));
    let bytes = Rc::new(AtomicU64::new(0));
    let make = Rc::new(make);
    let mut open = Vec::new();
    for _ in 0..connections {
        open.push(Connection::open(&server.address).await?);
    }
    let (before, start) = (server.cpu(), Instant::now());
    let tasks: Vec<_> = open
        .into_iter()
        .map(|mut connection| {
            let (next, bytes, make) = (next.clone(), bytes.clone(), make.clone());
            tokio::task::spawn_local(async move {
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= count {
                        return Ok(());
                    }
                    let request = make(n);
                    let (status, length) = connection.send(&request).await?;
                    bytes.fetch_add(length, Ordering::Relaxed);
                    if status >= 300 {
                        let (status, body) = connection.fetch(&request).await?;
                        return Err(io::Error::other(format!("{status}: {}", String::from_utf8_lossy(&body))));
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.map_err(io::Error::other)??;
    }
    let (took, cpu) = (start.elapsed(), server.cpu().saturating_sub(before));
    Ok(Cost {
        cpu: cpu / u32::try_from(count.max(1)).unwrap_or(u32::MAX),
        rate: count as f64 / took.as_secs_f64(),
        bytes: bytes.load(Ordering::Relaxed) / count.max(1),
    })
}

/// The median by CPU time.
pub fn median(mut costs: Vec<Cost>) -> Cost {
    costs.sort_by_key(|cost| cost.cpu);
    costs.get(costs.len() / 2).copied().unwrap_or_default()
}

/// Runs a measurement on a runtime of one thread, so that the servers keep the other processors.
///
/// # Errors
/// Those of the measurement.
pub fn run<T>(measurement: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, measurement)
}

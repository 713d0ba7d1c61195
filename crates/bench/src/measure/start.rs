//! Start: how soon a server answers, what it needs when idle, and how large the program is.

use super::Plan;
use crate::{
    connection::wait_until_answered,
    process::Server,
    report::{Report, Row},
};
use std::{fs, io, time::Duration, time::Instant};

/// Measures a few starts.
///
/// # Errors
/// The server does not start.
pub async fn measure(plan: &Plan, report: &mut Report) -> io::Result<()> {
    let mut times = Vec::new();
    let mut resident = 0;
    for _ in 0..5 {
        let start = Instant::now();
        let server = Server::minkapi(&plan.minkapi)?;
        wait_until_answered(&server.address, "/base/api/v1/pods").await?;
        times.push(start.elapsed().as_secs_f64() * 1e3);
        tokio::time::sleep(Duration::from_millis(300)).await;
        resident = server.resident();
    }
    times.sort_by(f64::total_cmp);
    report.row(Row::at_most("start to the first answered LIST", 20.0, " ms", times.get(2).copied().unwrap_or_default(), "median of 5"));
    report.row(Row::at_most("resident memory when idle", 15.0, " MiB", resident as f64 / f64::from(1 << 20), ""));
    let size = fs::metadata(&plan.minkapi)?.len() as f64 / f64::from(1 << 20);
    report.row(Row::at_most("stripped release binary", 20.0, " MiB", size, ""));
    Ok(())
}

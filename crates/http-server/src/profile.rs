//! `/debug/pprof/profile`: where the time goes, as `go tool pprof` reads it.

use crate::{
    body::ResponseBody,
    exchange::{Exchange, Reply},
};
use http::HeaderValue;
use minkapi_object::Status;
use pprof::protos::Message as _;
use std::time::Duration;

/// Samples a second; a prime, so that periodic work is not missed.
const FREQUENCY: i32 = 99;
/// How long a profile may take.
const LONGEST: u64 = 300;

/// Profiles the process for `?seconds=N` (30 by default).
pub(crate) async fn serve(exchange: &Exchange<'_>) -> Reply {
    let seconds = exchange.query.first("seconds").map_or(Ok(30), str::parse::<u64>);
    let Ok(seconds) = seconds else { return exchange.error(&Status::bad_request("seconds must be a number")) };
    match profile(Duration::from_secs(seconds.clamp(1, LONGEST))).await {
        Ok(bytes) => exchange.reply(200, HeaderValue::from_static("application/octet-stream"), ResponseBody::full(bytes)),
        Err(err) => exchange.error(&Status::internal(err)),
    }
}

async fn profile(time: Duration) -> pprof::Result<Vec<u8>> {
    let guard = pprof::ProfilerGuardBuilder::default().frequency(FREQUENCY).build()?;
    tokio::time::sleep(time).await;
    Ok(guard.report().build()?.pprof()?.encode_to_vec())
}

//! A clock that is put back.

use crate::client::{get, post, send};
use minkapi_http_server::{ApiService, Config};
use minkapi_view::{Clock, Views};
use serde_json::{Value, json};
use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

const HOUR: i64 = 3_600_000_000;

#[derive(Debug)]
struct Hand(AtomicI64);

impl Clock for Hand {
    fn now_micros(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

#[tokio::test]
async fn a_clock_that_is_put_back_changes_times_and_nothing_else() {
    let clock = Arc::new(Hand(AtomicI64::new(1_800_000_000_000_000)));
    let views = Views::new(minkapi_view::Config { clock: clock.clone(), ..minkapi_view::Config::default() });
    let server = ApiService::new(views.clone(), Config::default());
    let leases = "/base/apis/coordination.k8s.io/v1/namespaces/default/leases";
    let lease =
        |name: &str| json!({"metadata": {"name": name}, "spec": {"leaseDurationSeconds": 15, "renewTime": "2027-01-15T08:00:00.000000Z"}});
    let before = post(&server, leases, &lease("before")).await.json();
    assert_eq!(post(&server, "/views/short", &json!({"ttlSeconds": 60})).await.status, 201);
    clock.0.fetch_sub(HOUR, Ordering::Relaxed);
    let after = post(&server, leases, &lease("after")).await.json();

    let version = |object: &Value| object["metadata"]["resourceVersion"].as_str().unwrap().parse::<u64>().unwrap();
    let made = |object: &Value| object["metadata"]["creationTimestamp"].as_str().unwrap().to_owned();
    assert!(version(&after) > version(&before), "versions are no times");
    assert!(made(&after) < made(&before));
    // The lease from the future can be renewed, and its managed fields take the time as it is now.
    let mut renewed = before.clone();
    renewed["spec"]["renewTime"] = "2027-01-15T07:00:15.000000Z".into();
    let answer = send(&server, "PUT", &format!("{leases}/before"), &[("content-type", "application/json")], renewed.to_string()).await;
    assert_eq!(answer.status, 200);
    let changed = answer.json()["metadata"]["managedFields"].to_string();
    assert!(changed.contains("2027-01-15T07:00:00Z") && !changed.contains("2027-01-15T08:00:00Z"), "{changed}");
    // Ages are never negative, and a view lives as long as the clock says: longer, not shorter.
    let table = crate::client::get_as(&server, leases, "application/json;as=Table;v=v1;g=meta.k8s.io").await.json();
    assert_eq!(table["rows"].as_array().unwrap().len(), 2);
    views.tick();
    assert_eq!(get(&server, "/short/api").await.status, 200);
    clock.0.fetch_add(HOUR + 61_000_000, Ordering::Relaxed);
    views.tick();
    assert_eq!(get(&server, "/short/api").await.status, 404);
}

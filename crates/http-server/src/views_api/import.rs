//! `POST /views/<name>/import`: objects of another cluster, many at a time.

use super::{ViewsApi, json_reply};
use crate::{
    exchange::{Exchange, Reply},
    limits,
};
use bytes::Bytes;
use minkapi_object::Status;
use minkapi_view::{Imported, Uids};
use serde_json::{Value, json};
use std::fmt;

/// An import comes in parts of at most this size.
const LARGEST: usize = 64 << 20;

/// The body is a JSON array of objects, which are created in order. `uids` is `keep` (the default) or `replace`; the latter
/// takes with `salt` a text that is the same for all parts of one import.
pub(super) async fn serve<B>(api: &ViewsApi<'_>, exchange: &Exchange<'_>, name: &str, body: B) -> Result<Reply, Status>
where
    B: http_body::Body<Data = Bytes>,
    B::Error: fmt::Display,
{
    let view = api.find(name)?;
    let uids = match exchange.query.text("uids") {
        "" | "keep" => Uids::Keep,
        "replace" => Uids::Replace(exchange.query.text("salt").to_owned()),
        other => return Err(Status::bad_request(format!("uids \"{other}\" is neither keep nor replace"))),
    };
    let body = limits::read(body, LARGEST).await?;
    let objects: Vec<Value> =
        serde_json::from_slice(&body).map_err(|e| Status::bad_request(format!("the body is no list of objects: {e}")))?;
    let (mut created, mut existing, mut refused) = (0, 0, Vec::new());
    for object in &objects {
        match view.import(object, &uids).await {
            Ok(Imported::Created) => created += 1,
            Ok(Imported::Existing) => existing += 1,
            Err(status) => refused.push(json!({
                "kind": object["kind"],
                "namespace": object["metadata"]["namespace"],
                "name": object["metadata"]["name"],
                "message": status.message,
            })),
        }
    }
    Ok(json_reply(exchange, 200, &json!({"created": created, "existing": existing, "refused": refused})))
}

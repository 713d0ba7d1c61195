//! Continue tokens of paged lists (C-05-20 to C-05-24).

use crate::Target;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use minkapi_object::Status;
use minkapi_store::Key;
use serde::{Deserialize, Serialize};

/// Where a list goes on.
#[derive(Debug)]
pub(crate) struct ContinueToken {
    /// The revision of the first page; none to go on with the latest state.
    pub revision: Option<u64>,
    /// The last key of the page before.
    pub after: Key,
}

/// The token's content as kube-apiserver writes it.
#[derive(Serialize, Deserialize)]
struct Encoded {
    v: String,
    rv: i64,
    #[serde(default)]
    start: String,
}

const VERSION: &str = "meta.k8s.io/v1";

impl ContinueToken {
    /// The token's text. Keys in it are relative to the list: names alone within a namespace.
    pub fn encode(&self, target: &Target) -> String {
        let relative = if target.namespace.is_empty() { self.after.path() } else { self.after.name() };
        let encoded = Encoded {
            v: VERSION.to_owned(),
            rv: self.revision.and_then(|r| i64::try_from(r).ok()).unwrap_or(-1),
            start: format!("{relative}\u{0}"),
        };
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(&encoded).unwrap_or_default())
    }

    /// Reads a token back.
    ///
    /// # Errors
    /// 400 when it is not one of ours.
    pub fn decode(token: &str, target: &Target) -> Result<Self, Status> {
        let bad = |why: &str| Status::bad_request(format!("continue key is not valid: {why}"));
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|err| bad(&err.to_string()))?;
        let encoded: Encoded = serde_json::from_slice(&bytes).map_err(|err| bad(&err.to_string()))?;
        if encoded.v != VERSION {
            return Err(bad("server does not recognize this encoded version"));
        }
        if encoded.start.is_empty() {
            return Err(bad("encoded start key empty"));
        }
        let start = encoded.start.trim_end_matches('\u{0}');
        let after = match start.split_once('/') {
            Some((namespace, name)) if target.namespace.is_empty() => Key::new(namespace, name),
            _ => Key::new(&target.namespace, start),
        };
        Ok(Self { revision: u64::try_from(encoded.rv).ok().filter(|r| *r > 0), after })
    }
}

//! Continue tokens of paged lists (C-05-20 to C-05-24).

use crate::Target;
use base64::{
    DecodeError, Engine as _, alphabet,
    engine::{
        DecodePaddingMode,
        general_purpose::{GeneralPurpose, GeneralPurposeConfig, URL_SAFE_NO_PAD},
    },
};
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
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Encoded {
    v: String,
    rv: i64,
    start: String,
}

/// Go's decoder does not mind stray bits at the end.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true).with_decode_padding_mode(DecodePaddingMode::RequireNone),
);

/// A decoding error in Go's words.
fn describe(err: &DecodeError) -> String {
    match err {
        DecodeError::InvalidByte(at, _) | DecodeError::InvalidLastSymbol(at, _) => format!("illegal base64 data at input byte {at}"),
        DecodeError::InvalidLength(len) => format!("illegal base64 data at input byte {}", len.saturating_sub(1)),
        DecodeError::InvalidPadding => "illegal base64 data at input byte 0".to_owned(),
    }
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
        let bad = |why: &str| Status::bad_request(format!("invalid continue token: continue key is not valid: {why}"));
        let bytes = LENIENT.decode(token).map_err(|err| bad(&describe(&err)))?;
        if let Some(first) = bytes.first().filter(|b| !matches!(b, b'{' | b' ' | b'\t' | b'\r' | b'\n')) {
            // A byte is shown as the character of its number, as Go does.
            return Err(bad(&format!("invalid character '{}' looking for beginning of value", char::from(*first))));
        }
        let encoded: Encoded = serde_json::from_slice(&bytes).map_err(|err| bad(&err.to_string()))?;
        if encoded.v != VERSION {
            return Err(bad(&format!("server does not recognize this encoded version {}", encoded.v)));
        }
        if encoded.rv == 0 {
            return Err(bad("incorrect encoded start resourceVersion (version meta.k8s.io/v1)"));
        }
        if encoded.start.is_empty() {
            return Err(bad("encoded start key empty (version meta.k8s.io/v1)"));
        }
        let start = encoded.start.strip_prefix('/').unwrap_or(&encoded.start);
        // No way out of the list's own keys.
        if start.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Err(bad(&encoded.start));
        }
        let start = start.trim_end_matches('\u{0}');
        let after = match start.split_once('/') {
            Some((namespace, name)) if target.namespace.is_empty() => Key::new(namespace, name),
            _ => Key::new(&target.namespace, start),
        };
        Ok(Self { revision: u64::try_from(encoded.rv).ok().filter(|r| *r > 0), after })
    }
}

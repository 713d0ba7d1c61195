//! What is wrong with a body, in kube-apiserver's words.

use minkapi_object::Status;
use std::fmt;

/// A body that could not be decoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct DecodeError {
    /// apiVersion and kind that the body (or the URL in its stead) names; `None` when decoding did not get that far.
    pub kind: Option<(String, String)>,
    /// What is wrong, as Go says it.
    pub message: String,
}

impl DecodeError {
    /// An error before the body's kind was known.
    pub fn unrecognized(message: impl fmt::Display) -> Self {
        Self { kind: None, message: message.to_string() }
    }

    /// The 400 that tells a client about it, where an object of kind `expected` was asked for (C-11-11).
    pub fn into_status(self, expected: &str, body: &[u8]) -> Status {
        let Self { kind, message } = self;
        Status::bad_request(match kind {
            Some((api_version, kind)) => {
                let version = api_version.rsplit('/').next().unwrap_or_default();
                format!("{kind} in version {version:?} cannot be handled as a {expected}: {message}")
            }
            None => format!("the object provided is unrecognized (must be of type {expected}): {message} ({})", summarize(body)),
        })
    }
}

/// The first 30 bytes of a body, as text if it looks like JSON, else in hex.
pub fn summarize(body: &[u8]) -> String {
    const SHOWN: usize = 30;
    let (shown, more) = (body.get(..SHOWN).unwrap_or(body), if body.len() > SHOWN { " ..." } else { "" });
    match body.first() {
        None => "<empty>".to_owned(),
        Some(b'{') => format!("{}{more}", String::from_utf8_lossy(shown)),
        Some(_) => format!("{}{more}", shown.iter().map(|b| format!("{b:02x}")).collect::<String>()),
    }
}

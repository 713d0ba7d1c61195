//! What a successful request is answered with.

use minkapi_object::{Object, Status};
use serde_json::Value;
use std::sync::Arc;

/// A success.
#[derive(Debug)]
pub struct Outcome {
    /// HTTP status: 200, 201 or 202.
    pub code: u16,
    /// What is sent.
    pub content: Content,
}

/// The body of a success.
#[derive(Debug)]
pub enum Content {
    /// A stored object, of the target's resource, in the *stored* version.
    Stored(Arc<Object>),
    /// A complete value with `apiVersion` and `kind`: dry runs, scales, reviews, and objects in another version.
    Value(Value),
    /// No body at all (204).
    Nothing,
    /// A Status.
    Status(Status),
    /// A list of stored objects of the target's resource, in the stored version.
    List(List),
}

/// Objects of one resource as of one revision.
#[derive(Debug)]
pub struct List {
    /// In storage order (C-00-05).
    pub items: Vec<Arc<Object>>,
    /// How many bytes these have stored, together.
    pub bytes: usize,
    /// Revision of the snapshot.
    pub revision: u64,
    /// Continue token, when the list was cut by `limit`.
    pub continue_token: Option<String>,
    /// `remainingItemCount`.
    pub remaining: Option<u64>,
}

impl Outcome {
    /// 200 with this content.
    pub const fn ok(content: Content) -> Self {
        Self { code: 200, content }
    }

    /// 201 with this content.
    pub const fn created(content: Content) -> Self {
        Self { code: 201, content }
    }
}

//! Why a patch fails, and what a client is told.

use minkapi_object::{Status, StatusDetails, StatusReason};
use thiserror::Error;

/// Why a JSON, merge or strategic merge patch failed, by what kube-apiserver answers (C-07-21, C-07-22, C-07-32).
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PatchError {
    /// The body is not a patch at all: 400 with this text.
    #[error("{0}")]
    BadRequest(String),
    /// More operations than one JSON patch may hold: 413.
    #[error("Request entity too large: The allowed maximum operations in a JSON patch is {limit}, got {count}")]
    TooManyOperations {
        /// What is allowed.
        limit: usize,
        /// What was sent.
        count: usize,
    },
    /// The patch does not fit the object: 422. The text is for logs, clients are not told (C-07-21).
    #[error("{0}")]
    Unprocessable(String),
    /// An error that kube-apiserver does not classify either: 500 with this text.
    #[error("{0}")]
    Unclassified(String),
}

impl PatchError {
    /// The answer that a client gets.
    pub fn status(&self) -> Status {
        match self {
            Self::BadRequest(text) => Status::bad_request(text.clone()),
            Self::TooManyOperations { .. } => Status::failure(413, StatusReason::RequestEntityTooLarge, self.to_string()),
            Self::Unprocessable(_) => {
                let text = "the server rejected our request due to an error in our request";
                Status { details: Some(StatusDetails::default()), ..Status::failure(422, StatusReason::Invalid, text) }
            }
            Self::Unclassified(text) => Status::unclassified(text.clone()),
        }
    }
}

impl From<&PatchError> for Status {
    fn from(err: &PatchError) -> Self {
        err.status()
    }
}

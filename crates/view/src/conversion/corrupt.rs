//! What is answered when a stored object cannot be converted: to kube-apiserver it is a corrupt one.

use crate::{Target, storage_key};
use minkapi_object::{GroupResource, Object, Status, StatusCause, StatusDetails, StatusReason};

/// Seconds after which a client may hope that the webhook works again.
const RETRY_AFTER: i32 = 5;

/// A stored object that could not be converted.
#[derive(Debug)]
pub(crate) struct Corrupt {
    namespace: String,
    name: String,
    revision: u64,
    why: String,
}

impl Corrupt {
    pub fn new(object: &Object, why: String) -> Self {
        let head = object.head();
        Self { namespace: head.namespace.to_string(), name: head.name.to_string(), revision: object.resource_version(), why }
    }

    /// What a change of the object is answered with.
    pub fn undecodable(&self) -> Status {
        Status::unclassified(self.decoding_error())
    }

    fn decoding_error(&self) -> String {
        format!("object not decodable revision={}: {}", self.revision, self.why)
    }

    fn storage_error(&self, key: &str) -> String {
        format!("StorageError: corrupt object, Code: 7, Key: {key}, ResourceVersion: 0, AdditionalErrorMsg: {}", self.decoding_error())
    }

    fn key(&self, target: &Target) -> String {
        let (namespace, name) = (self.namespace.clone(), self.name.clone());
        storage_key::of(&Target { namespace, name, ..target.clone() })
    }
}

/// The answer to a read or deletion of one object.
pub(crate) fn corrupt_object(target: &Target, corrupt: &Corrupt) -> Status {
    let key = corrupt.key(target);
    Status::internal(corrupt.storage_error(key.strip_prefix("/registry").unwrap_or(&key)))
}

/// The answer to a list that goes to storage.
pub(crate) fn corrupt_list(target: &Target, all: &[Corrupt]) -> Status {
    let resource = &target.served.resource;
    let cause = |corrupt: &Corrupt| {
        let key = corrupt.key(target);
        StatusCause { reason: "UnexpectedServerResponse".to_owned(), message: corrupt.storage_error(&key), field: key }
    };
    let causes: Vec<StatusCause> = all.iter().map(cause).collect();
    let first = causes.first().map(|cause| cause.message.clone()).unwrap_or_default();
    let more = if causes.len() > 1 { format!(" (and {} more)", causes.len() - 1) } else { String::new() };
    let gr = GroupResource::new(&resource.group, &resource.plural);
    let text = format!("failed to read one or more {gr} from the storage: {first}{more}");
    let mut status = Status::failure(500, StatusReason::StorageReadError, text);
    status.details = Some(StatusDetails {
        name: "list".to_owned(),
        group: resource.group.to_string(),
        kind: resource.plural.to_string(),
        causes,
        ..StatusDetails::default()
    });
    status
}

/// The answer to what upstream serves from its watch cache, which cannot be filled with what cannot be converted.
pub(crate) fn uncached(target: &Target, all: &[Corrupt]) -> Status {
    let why = corrupt_list(target, all).message;
    Status::too_many_requests(format!("storage is (re)initializing: failed to list <unspecified>: {why}"), RETRY_AFTER)
}

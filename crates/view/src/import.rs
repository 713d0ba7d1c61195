//! Bringing in objects of another cluster as they are there: with their status, and with their uids or others in place.

use crate::{FieldValidation, View, WriteOptions, create::completed, metadata};
use minkapi_object::{Status, StatusReason, fields_v1};
use minkapi_store::{Change, CommitError, Expect};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// What becomes of the uids of imported objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Uids {
    /// They stay.
    Keep,
    /// Each is replaced by one that follows from it and this text, so that objects which refer to each other still do,
    /// whenever they are imported.
    Replace(String),
}

/// Labels and selectors by which a job knows its pods.
const UID_LABELS: [&str; 2] = ["controller-uid", "batch.kubernetes.io/controller-uid"];

/// What an import of one object has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Imported {
    /// It was stored.
    Created,
    /// There is one of that name, which stays as it is.
    Existing,
}

/// What the other cluster gave the object and this one keeps.
const KEPT: [&str; 4] = ["uid", "creationTimestamp", "managedFields", "generation"];

impl View {
    /// Creates an object as [`View::create`] does, with all checks, and then gives it the status, the creation time and
    /// the uid that it has. What was on its way to being deleted is imported as if it were not.
    ///
    /// # Errors
    /// As [`View::create`], but that one of the same name is there is none.
    pub async fn import(&self, object: &Value, uids: &Uids) -> Result<Imported, Status> {
        let mut object = object.clone();
        if let Uids::Replace(salt) = uids {
            replace_uids(&mut object, salt);
        }
        let mut bare = object.clone();
        for key in ["resourceVersion", "selfLink", "managedFields"] {
            metadata::of(&mut bare).remove(key);
        }
        // Looked for at first, since an object that is there holds what another of its name would need: addresses, ports.
        let call = self.call_for(&bare)?;
        if !call.target.name.is_empty() && self.home(&call.target.served).stored(&call).is_some() {
            return Ok(Imported::Existing);
        }
        // From the start, since some kinds name their uid elsewhere: a job in its selector and labels.
        let uid = object["metadata"]["uid"].as_str().filter(|uid| !uid.is_empty()).map(str::to_owned);
        let options = WriteOptions { field_validation: FieldValidation::Ignore, uid, ..WriteOptions::default() };
        match self.create_object_with(&bare, &options).await {
            Ok(created) => self.restore(&object, &created).await.map(|()| Imported::Created),
            Err(status) if status.reason == StatusReason::AlreadyExists => Ok(Imported::Existing),
            Err(status) => Err(status),
        }
    }

    /// Stores what creating the object has left out.
    async fn restore(&self, imported: &Value, created: &Value) -> Result<(), Status> {
        let call = self.call_for(created)?;
        let (served, store) = (&call.target.served, self.home(&call.target.served).store);
        let version = metadata::resource_version(created)?;
        let mut object = created.clone();
        let meta = metadata::of(&mut object);
        for key in KEPT {
            if let Some(value) = imported["metadata"].get(key) {
                meta.insert(key.to_owned(), value.clone());
            }
        }
        if let Some(status) = imported.get("status").filter(|s| s.is_object()) {
            object["status"] = status.clone();
        }
        fields_v1::quote(&mut object);
        let object = if served.is_storage_version() { completed(served, object) } else { object };
        let draft = self.draft(served, object).await?;
        match store.commit(served.storage, call.target.key(), Expect::Revision(version), |revision, _| Change::Put(draft.stamp(revision))) {
            // Somebody else has taken it over already.
            Ok(_) | Err(CommitError::Conflict { .. } | CommitError::NotFound) => Ok(()),
            Err(err) => Err(self.commit_status(&call, &err)),
        }
    }
}

/// Replaces all uids, wherever an object names one: its own, its owners', those of what it refers to or selects by.
fn replace_uids(value: &mut Value, salt: &str) {
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                match member {
                    Value::String(uid) if (key == "uid" || UID_LABELS.contains(&key.as_str())) && !uid.is_empty() => {
                        *uid = replaced(uid, salt)
                    }
                    other => replace_uids(other, salt),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| replace_uids(item, salt)),
        _ => {}
    }
}

fn replaced(uid: &str, salt: &str) -> String {
    let digest = Sha256::new().chain_update(salt).chain_update([0]).chain_update(uid).finalize();
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}

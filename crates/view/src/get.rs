//! Get, and waiting for a revision.

use crate::{Call, Content, Outcome, ResourceVersion, View, conversion::corrupt_object, subresource};
use minkapi_object::Status;
use minkapi_store::Kind;
use std::time::Duration;

/// How long a request waits for a revision that the server has not reached (C-02-22).
const FRESHNESS_WAIT: Duration = Duration::from_secs(3);

impl View {
    /// One object, or a subresource that is read.
    ///
    /// # Errors
    /// 404, 504 when `version` is still in the future after three seconds.
    pub async fn get(&self, call: &mut Call, version: ResourceVersion) -> Result<Outcome, Status> {
        if let ResourceVersion::At(revision) = version {
            self.wait_for(call.target.served.storage, revision).await?;
        }
        let stored = self.stored(call).ok_or_else(|| Status::not_found(&call.target.group_resource(), &call.target.name))?;
        let readable = self.readable(&call.target.served, &stored).await.map_err(|corrupt| corrupt_object(&call.target, &corrupt))?;
        let outcome = Outcome::ok(Content::Stored(readable));
        match subresource::projection(&call.target) {
            Some(projection) => projection.answer(self, call, outcome),
            None => Ok(outcome),
        }
    }

    /// Waits until the view is at least at this revision.
    ///
    /// # Errors
    /// 504 after three seconds.
    pub(crate) async fn wait_for(&self, kind: Kind, revision: u64) -> Result<(), Status> {
        let enough = async {
            loop {
                let changed = self.store.changed(kind);
                if self.shared.store.revision() >= revision {
                    return;
                }
                // Any write anywhere moves the revision, but only those of the kind wake: look again now and then.
                let _ = tokio::time::timeout(Duration::from_millis(50), changed).await;
            }
        };
        tokio::time::timeout(FRESHNESS_WAIT, enough)
            .await
            .map_err(|_| Status::too_large_resource_version(revision, self.shared.store.revision()))
    }
}

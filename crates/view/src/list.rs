//! List: snapshots, selectors and pages (contract chapter 5).

use crate::{
    Call, Content, List, ListOptions, Outcome, ResourceVersion, ResourceVersionMatch, View, continue_token::ContinueToken,
    selection::Selection,
};
use minkapi_object::Object;
use minkapi_object::Status;
use minkapi_store::{AtError, Key, Snapshot};

impl View {
    /// The objects of a collection.
    ///
    /// # Errors
    /// 400 selectors and tokens, 410 a revision or token that is too old, 504 one in the future.
    pub async fn list(&self, call: &mut Call, options: &ListOptions) -> Result<Outcome, Status> {
        let served = call.target.served.clone();
        let selection = Selection::new(&call.target, options)?;
        let (snapshot, after) = self.list_snapshot(call, options).await?;
        let namespace = selection.namespace();
        // C-05-10: with resourceVersion 0 the limit is ignored, unless the match says otherwise.
        let unlimited = options.resource_version == ResourceVersion::Any && options.continue_token.is_empty();
        let limit = if unlimited || options.limit == 0 { usize::MAX } else { usize::try_from(options.limit).unwrap_or(usize::MAX) };
        let mut items = Vec::new();
        let mut last: Option<Key> = None;
        let mut more = false;
        for (key, object) in snapshot.range(served.storage, namespace, after.as_ref()) {
            if !selection.matches(object) {
                continue;
            }
            if items.len() == limit {
                more = true;
                break;
            }
            items.push(object.clone());
            if limit != usize::MAX {
                last = Some(key.clone());
            }
        }
        let revision = if served.strategy.traits().unstored { 0 } else { snapshot.revision() };
        let continue_token = last.filter(|_| more).map(|key| ContinueToken { revision: Some(revision), after: key }.encode(&call.target));
        let remaining = match &continue_token {
            Some(_) if selection.is_everything() => {
                let rest = snapshot.range(served.storage, namespace, after.as_ref()).count().saturating_sub(items.len());
                u64::try_from(rest).ok()
            }
            _ => None,
        };
        Ok(Outcome::ok(Content::List(List { items, revision, continue_token, remaining })))
    }

    /// The snapshot that a list reads, and the key after which it begins.
    async fn list_snapshot(&self, call: &Call, options: &ListOptions) -> Result<(Snapshot<Object>, Option<Key>), Status> {
        let kind = call.target.served.storage;
        if !options.continue_token.is_empty() {
            let token = ContinueToken::decode(&options.continue_token, &call.target)?;
            let Some(revision) = token.revision else { return Ok((self.snapshot(), Some(token.after))) };
            return match self.store.kind_at(kind, revision) {
                Ok(snapshot) => Ok((snapshot, Some(token.after))),
                Err(_) => Err(expired_token(&ContinueToken { revision: None, after: token.after }.encode(&call.target))),
            };
        }
        match options.resource_version {
            ResourceVersion::Unset | ResourceVersion::Any => Ok((self.snapshot(), None)),
            ResourceVersion::At(revision) => {
                self.wait_for(kind, revision).await?;
                let exact = match options.resource_version_match {
                    Some(ResourceVersionMatch::Exact) => true,
                    Some(ResourceVersionMatch::NotOlderThan) => false,
                    None => options.limit > 0,
                };
                if !exact {
                    return Ok((self.snapshot(), None));
                }
                match self.store.kind_at(kind, revision) {
                    Ok(snapshot) => Ok((snapshot, None)),
                    Err(AtError::Expired { .. }) => Err(Status::expired("The resourceVersion for the provided list is too old.")),
                    Err(AtError::Future { current }) => Err(Status::too_large_resource_version(revision, current)),
                }
            }
        }
    }
}

/// C-05-24.
fn expired_token(inconsistent: &str) -> Status {
    let mut status = Status::expired(
        "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.",
    );
    status.continue_token = inconsistent.to_owned();
    status
}

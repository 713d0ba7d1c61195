//! List: snapshots, selectors and pages (contract chapter 5).

use crate::{
    Call, Content, List, ListOptions, Outcome, ResourceVersion, ResourceVersionMatch, Target, View,
    continue_token::ContinueToken,
    conversion::{corrupt_list, uncached},
    selection::Selection,
};
use minkapi_object::Object;
use minkapi_object::Status;
use minkapi_store::{AtError, Key, Snapshot};
use std::sync::Arc;

/// How many objects are converted before it is seen whether they are enough.
const CONVERTED_AHEAD: usize = 64;

/// After how many objects others get their turn on the thread: a scan of them takes well below a millisecond.
const TURN: usize = 2048;

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
        let range = snapshot.range(served.storage, namespace, after.as_ref());
        let Page { items, bytes, last, more } = if served.webhook().is_some() {
            let all = range.map(|(_, object)| object.clone()).collect();
            self.converted_page(&call.target, all, &selection, limit).await?
        } else {
            Page::take(range, |object| selection.matches(object), limit).await
        };
        let revision = if served.strategy.traits().unstored { 0 } else { snapshot.revision() };
        let continue_token = last.filter(|_| more).map(|key| ContinueToken { revision: Some(revision), after: key }.encode(&call.target));
        let remaining = match &continue_token {
            Some(_) if selection.is_everything() => {
                let rest = snapshot.range(served.storage, namespace, after.as_ref()).count().saturating_sub(items.len());
                u64::try_from(rest).ok()
            }
            _ => None,
        };
        Ok(Outcome::ok(Content::List(List { items, bytes, revision, continue_token, remaining })))
    }

    /// The first objects that are selected in the version of the request, into which a webhook must convert them first.
    async fn converted_page(
        &self,
        target: &Target,
        objects: Vec<Arc<Object>>,
        selection: &Selection,
        limit: usize,
    ) -> Result<Page, Status> {
        let mut readable = Vec::with_capacity(objects.len());
        let mut corrupt = Vec::new();
        for some in objects.chunks(CONVERTED_AHEAD) {
            match self.all_readable(&target.served, some.to_vec()).await {
                Ok(some) => readable.extend(some.into_iter().filter(|object| selection.matches(object))),
                Err(some) => corrupt.extend(some),
            }
            if readable.len() > limit {
                break;
            }
        }
        match (corrupt.is_empty(), limit) {
            (true, _) => {}
            (false, usize::MAX) => return Err(uncached(target, &corrupt)),
            (false, _) => return Err(corrupt_list(target, &corrupt)),
        }
        let keyed: Vec<(Key, Arc<Object>)> =
            readable.into_iter().map(|object| (Key::new(&object.head().namespace, &object.head().name), object)).collect();
        Ok(Page::take(keyed.iter().map(|(key, object)| (key, object)), |_| true, limit).await)
    }

    /// The snapshot that a list reads, and the key after which it begins.
    async fn list_snapshot(&self, call: &Call, options: &ListOptions) -> Result<(Snapshot<Object>, Option<Key>), Status> {
        let kind = call.target.served.storage;
        if !options.continue_token.is_empty() {
            let token = ContinueToken::decode(&options.continue_token, &call.target)?;
            if matches!(options.resource_version, ResourceVersion::At(_)) {
                return Err(Status::bad_request("specifying resource version is not allowed when using continue"));
            }
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

/// A part of a list.
struct Page {
    items: Vec<Arc<Object>>,
    /// How long they are together.
    bytes: usize,
    /// Where it ends, if it was limited.
    last: Option<Key>,
    /// Whether there is more behind it.
    more: bool,
}

impl Page {
    async fn take<'a>(objects: impl Iterator<Item = (&'a Key, &'a Arc<Object>)>, selected: impl Fn(&Object) -> bool, limit: usize) -> Self {
        let mut page = Self { items: Vec::new(), bytes: 0, last: None, more: false };
        for (number, (key, object)) in objects.enumerate() {
            if number % TURN == TURN - 1 {
                tokio::task::yield_now().await;
            }
            if !selected(object) {
                continue;
            }
            if page.items.len() == limit {
                page.more = true;
                break;
            }
            page.bytes += object.bytes().len();
            page.items.push(object.clone());
            if limit != usize::MAX {
                page.last = Some(key.clone());
            }
        }
        page
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

#[cfg(test)]
mod tests {
    use super::*;
    use minkapi_object::Draft;
    use serde_json::json;
    use std::{
        pin::pin,
        task::{Context, Poll, Waker},
    };

    #[test]
    fn a_long_list_gives_others_their_turn() {
        let object = Arc::new(Draft::new(&json!({"metadata": {"name": "a"}}), Box::default(), 1).stamp(1));
        let all: Vec<(Key, Arc<Object>)> = (0..3 * TURN).map(|n| (Key::new("", &format!("{n:06}")), object.clone())).collect();
        let mut page = pin!(Page::take(all.iter().map(|(key, object)| (key, object)), |_| true, usize::MAX));
        let mut context = Context::from_waker(Waker::noop());
        let mut turns = 0;
        let page = loop {
            match page.as_mut().poll(&mut context) {
                Poll::Ready(page) => break page,
                Poll::Pending => turns += 1,
            }
        };
        assert_eq!((turns, page.items.len(), page.bytes), (3, 3 * TURN, 3 * TURN * object.bytes().len()));
    }
}

//! Views over a store that was there before, and what such a store remembers of a view.

use crate::{
    Config, CreateView, View, Views, bootstrap,
    create_view::{mode_name, mode_of},
    view::{Own, Shared},
};
use minkapi_object::{Object, Status, StatusReason};
use minkapi_store::{LogFailed, Store};
use serde_json::{Value, json};
use std::sync::Arc;

impl Views {
    /// A server over this store: with the views that are in it, or with what kube-apiserver holds at its start when nothing
    /// is. Unnamed forks are dropped, since nobody holds them. View objects are made anew.
    pub fn over(store: Store<Object>, config: Config) -> Self {
        let (is_new, held) = (store.revision() == 0, store.views());
        let views = Self { shared: Arc::new(Shared::new(store, config)) };
        if is_new && views.shared.config.bootstrap {
            bootstrap::fill(&views.base());
        }
        if views.shared.config.bootstrap && !views.shared.config.authorization.allows_everything() {
            bootstrap::reconcile_policy(&views.base());
        }
        for store in held.into_iter().filter(|v| v.origin().is_some()) {
            views.shared.restore(store);
        }
        views
    }

    /// Resolves when all changes made so far are kept by the log of the store; at once when it has none.
    ///
    /// # Errors
    /// 500 when they are not and will not be.
    pub async fn settled(&self) -> Result<(), Status> {
        self.shared.store.settled().await.map_err(not_kept)
    }

    /// Tells whether changes can be kept, before one is made.
    ///
    /// # Errors
    /// 500 when they are not any more.
    pub fn can_keep(&self) -> Result<(), Status> {
        self.shared.store.log_failure().map_or(Ok(()), |failed| Err(not_kept(failed)))
    }
}

fn not_kept(failed: LogFailed) -> Status {
    Status::failure(500, StatusReason::InternalError, format!("Internal error occurred: {failed}"))
}

impl Shared {
    fn restore(self: &Arc<Self>, store: minkapi_store::View<Object>) {
        let Some((made_with, created)) = of_note(store.note()) else {
            let _ = self.store.remove_view(store.name(), true);
            return;
        };
        let own = Arc::new(Own::restored(&self.config, made_with, created));
        let view = View::of(self.clone(), store.clone(), own.clone());
        self.sandboxes.insert(store, own);
        if let Err(err) = self.record(&view) {
            tracing::warn!(view = view.name(), %err, "a view has no View object");
        }
    }
}

/// What the store remembers of a named sandbox.
pub(crate) fn note(made_with: &CreateView, created: i64) -> String {
    let CreateView { from, mode, at_revision, labels, ttl_seconds } = made_with;
    let options = json!({"from": from, "mode": mode_name(*mode), "atRevision": at_revision, "labels": labels, "ttlSeconds": ttl_seconds});
    json!({"options": options, "created": created}).to_string()
}

fn of_note(note: &str) -> Option<(CreateView, i64)> {
    let note: Value = serde_json::from_str(note).ok()?;
    let options = &note["options"];
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let made_with = CreateView {
        from: text(&options["from"])?,
        mode: mode_of(options["mode"].as_str()?)?,
        at_revision: options["atRevision"].as_u64(),
        labels: options["labels"].as_object()?.iter().map(|(k, v)| Some((k.clone(), text(v)?))).collect::<Option<_>>()?,
        ttl_seconds: options["ttlSeconds"].as_u64(),
    };
    Some((made_with, note["created"].as_i64()?))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;
    use minkapi_store::{Mode, Options};

    #[test]
    fn a_note_tells_all_options() {
        let labels = [("a".to_owned(), "b".to_owned())].into();
        let options = CreateView { from: "x".to_owned(), mode: Mode::Frozen, at_revision: Some(7), labels, ttl_seconds: Some(60) };
        assert_eq!(of_note(&note(&options, 12)), Some((options, 12)));
    }

    #[test]
    fn views_over_a_store_are_those_that_were_made_in_it() {
        let store = Store::new(Options::default());
        let views = Views::over(store.clone(), Config::default());
        let options = CreateView { mode: Mode::Frozen, labels: [("a".to_owned(), "b".to_owned())].into(), ..CreateView::default() };
        let (view, _) = views.create("kept", &options).unwrap();
        let unnamed = view.fork().unwrap();
        let (created, revision) = (view.created_micros(), store.revision());
        std::mem::forget(unnamed);

        let again = Views::over(store, Config::default());
        let kept = again.get("kept").unwrap();
        assert_eq!((kept.made_with(), kept.created_micros()), (Some(&options), created));
        assert!(kept.object().is_some(), "it has its View object");
        assert_eq!((again.len(), again.revision()), (1, revision), "nothing was made twice");
        assert!(again.base().store().children().len() == 1 && kept.store().children().is_empty(), "the unnamed fork is gone");
        assert!(!again.create("kept", &options).unwrap().1, "the same options give the same view");
    }
}

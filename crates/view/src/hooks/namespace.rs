//! Namespaces are deleted in two phases (C-08-40).

use super::Hooks;
use crate::{
    DeleteOptions,
    delete::{Step, garbage_collection_finalizers},
    metadata,
    view::Moment,
};
use minkapi_kinds::GarbageCollection;
use serde_json::Value;

pub(super) struct Namespaces;

/// Whether `spec.finalizers` holds the namespace until it is emptied.
fn held(namespace: &Value) -> bool {
    namespace["spec"]["finalizers"].as_array().is_some_and(|f| !f.is_empty())
}

impl Hooks for Namespaces {
    fn may_be_removed(&self, object: &Value) -> bool {
        !held(object)
    }

    fn delete_step(&self, old: &Value, options: &DeleteOptions, moment: &Moment) -> Option<Step> {
        if old["metadata"]["deletionTimestamp"].is_null() {
            let mut new = old.clone();
            metadata::of(&mut new).insert("deletionTimestamp".to_owned(), moment.text.clone().into());
            new["status"]["phase"] = "Terminating".into();
            metadata::set_finalizers(&mut new, &garbage_collection_finalizers(old, options, GarbageCollection::Background));
            return Some(Step::Mark(new));
        }
        held(old).then_some(Step::Keep)
    }
}

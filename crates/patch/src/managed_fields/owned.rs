//! The fields that an entry owns, with their text as long as nobody changes them.
//!
//! Objects made from one template have the same entries, and most writes change none of them or only their time. So a
//! text that was read lately is not read again, and a set that stays what it was is not written again.

use crate::{
    field_set::{FieldSet, FieldsV1Error},
    typed::{self, Type},
};
use minkapi_registry::{Ref, Struct};
use serde_json::Value;
use std::{
    cell::RefCell,
    hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher},
    ops::Deref,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

/// How many sets each thread remembers.
const PLACES: usize = 64;

/// Longer texts are not remembered, so that little memory is held.
const LONGEST: usize = 8192;

thread_local! {
    static READ: RefCell<Vec<Owned>> = RefCell::new(vec![Owned::default(); PLACES]);
}

/// A set of fields.
#[derive(Debug, Clone, Default)]
pub(super) struct Owned {
    set: Arc<Set>,
    text: Option<Arc<str>>,
}

#[derive(Debug, Default)]
struct Set {
    fields: FieldSet,
    /// Address of the built-in type that it was last found to fit.
    fits: AtomicUsize,
}

impl From<FieldSet> for Set {
    fn from(fields: FieldSet) -> Self {
        Self { fields, fits: AtomicUsize::default() }
    }
}

impl Owned {
    /// Those of a `fieldsV1`.
    pub(super) fn read(fields: &Value) -> Result<Self, FieldsV1Error> {
        match fields {
            Value::String(text) if text.len() <= LONGEST => read_again(text),
            fields => FieldSet::from_fields_v1(fields).map(Self::from),
        }
    }

    pub(super) fn to_text(&self) -> String {
        self.text.as_deref().map_or_else(|| self.set.fields.to_fields_v1_text(), str::to_owned)
    }

    pub(super) fn change(&mut self, change: impl FnOnce(FieldSet) -> FieldSet) {
        *self = change(std::mem::take(self).into_set()).into();
    }

    /// Adds fields.
    pub(super) fn add(&mut self, fields: FieldSet) {
        if !fields.is_subset(self) {
            self.change(|own| own.union(fields));
        }
    }

    /// Takes fields away.
    pub(super) fn remove(&mut self, fields: &FieldSet) {
        if self.intersects(fields) {
            self.change(|own| own.difference(fields));
        }
    }

    /// Brings what was recorded under an older schema up to this one.
    pub(super) fn reconcile(&mut self, schema: &Ref<Struct>) {
        let address = match schema {
            Ref::Static(schema) => std::ptr::from_ref(*schema).addr(),
            // Another may come to lie at the place of this one.
            Ref::Shared(_) => 0,
        };
        if address != 0 && self.set.fits.load(Ordering::Relaxed) == address {
            return;
        }
        match typed::reconcile(Type::Root(schema), self) {
            Some(fields) => *self = fields.into(),
            None => self.set.fits.store(address, Ordering::Relaxed),
        }
    }

    pub(super) fn into_set(self) -> FieldSet {
        match Arc::try_unwrap(self.set) {
            Ok(set) => set.fields,
            Err(set) => set.fields.clone(),
        }
    }
}

impl Deref for Owned {
    type Target = FieldSet;

    fn deref(&self) -> &FieldSet {
        &self.set.fields
    }
}

impl From<FieldSet> for Owned {
    fn from(set: FieldSet) -> Self {
        Self { set: Arc::new(set.into()), text: None }
    }
}

fn read_again(text: &str) -> Result<Owned, FieldsV1Error> {
    let hash = BuildHasherDefault::<DefaultHasher>::new().hash_one(text);
    READ.with_borrow_mut(|read| {
        let place = read.get_mut((hash % PLACES as u64) as usize);
        if let Some(known) = &place
            && known.text.as_deref() == Some(text)
        {
            return Ok((*known).clone());
        }
        let owned = Owned { set: Arc::new(FieldSet::from_text(text)?.into()), text: Some(text.into()) };
        if let Some(place) = place {
            place.clone_from(&owned);
        }
        Ok(owned)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field_set::Path;
    use serde_json::json;

    fn set(names: &[&str]) -> FieldSet {
        names.iter().map(|name| Path::of_fields([*name])).collect()
    }

    #[test]
    fn what_is_read_twice_is_one_set_and_changes_of_one_are_not_seen_in_the_other() {
        let text = Value::String(r#"{"f:b":{},"f:a":{}}"#.to_owned());
        let (mut first, second) = (Owned::read(&text).unwrap(), Owned::read(&text).unwrap());
        assert!(Arc::ptr_eq(&first.set, &second.set));
        first.add(set(&["c"]));
        first.remove(&set(&["a"]));
        assert_eq!((first.to_text().as_str(), &*second), (r#"{"f:b":{},"f:c":{}}"#, &set(&["a", "b"])));
        assert_eq!(*Owned::read(&text).unwrap(), set(&["a", "b"]));
    }

    #[test]
    fn what_fits_one_type_is_still_looked_at_for_another() {
        let schema = |api_version, kind| Ref::Static(&*minkapi_registry::kind(api_version, kind).unwrap().schema);
        // In a Deployment the selector is one field as a whole; a Role has none.
        let text = json!(r#"{"f:spec":{"f:selector":{"f:matchLabels":{}}}}"#);
        for _ in 0..2 {
            let (mut of_role, mut of_deployment) = (Owned::read(&text).unwrap(), Owned::read(&text).unwrap());
            of_role.reconcile(&schema("rbac.authorization.k8s.io/v1", "Role"));
            assert_eq!(of_role.to_text(), text.as_str().unwrap());
            of_deployment.reconcile(&schema("apps/v1", "Deployment"));
            assert_eq!(of_deployment.to_text(), r#"{"f:spec":{"f:selector":{}}}"#);
        }
    }

    #[test]
    fn a_set_that_stays_what_it_was_keeps_its_text() {
        let text = r#"{"f:b":{},"f:a":{}}"#;
        let mut owned = Owned::read(&json!(text)).unwrap();
        owned.add(set(&["a"]));
        owned.remove(&set(&["c"]));
        assert_eq!(owned.to_text(), text);
    }

    #[test]
    fn texts_at_the_same_place_are_not_mixed_up() {
        for n in 0..500 {
            let text = format!(r#"{{"f:{n}":{{}}}}"#);
            assert_eq!(*Owned::read(&json!(text)).unwrap(), set(&[&n.to_string()]));
        }
    }
}

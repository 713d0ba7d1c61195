//! View objects: the named sandboxes as Kubernetes objects on the base view.

use crate::{Catalog, Served, View, crd, sandboxes::resource, view::Shared};
use minkapi_kinds::view;
use minkapi_object::{Object, Status};
use minkapi_store::{Change, Expect, Key, Kind, Store};
use serde_json::{Value, json};
use std::sync::{Arc, LazyLock};

static SERVED: LazyLock<Vec<Arc<Served>>> = LazyLock::new(|| crd::serve(&view::definition()));

/// What the base view serves as long as it has no custom resources.
static CATALOG: LazyLock<Arc<Catalog>> = LazyLock::new(|| Arc::new(Catalog::with_custom(SERVED.clone(), 1)));

/// The resource of View objects.
pub(crate) fn served() -> &'static [Arc<Served>] {
    &SERVED
}

/// The built-in resources and that of View objects.
pub(crate) fn catalog() -> Arc<Catalog> {
    CATALOG.clone()
}

/// Whether a resource is that of View objects, and not one that a definition in some view has given the same name.
pub(crate) fn is(served: &Served) -> bool {
    SERVED.iter().any(|own| std::ptr::eq(&raw const **own, served))
}

fn kind() -> Kind {
    Kind::new("views.views.minkapi.dev")
}

impl View {
    /// The view in which the objects of a resource are: this one, but for View objects, which have a place of their own.
    #[must_use]
    pub fn home(&self, served: &Served) -> Self {
        if !is(served) {
            return self.clone();
        }
        Self::of(self.shared.clone(), self.shared.sandboxes.objects.base(), self.shared.base.clone())
    }

    /// The View object of a named sandbox.
    pub fn object(&self) -> Option<Arc<Object>> {
        self.shared.sandboxes.objects.base().snapshot().get(kind(), &Key::new("", self.name()))
    }

    /// What the server tells of a sandbox in its View object.
    pub(crate) fn status(&self) -> Value {
        let mut status = json!({"revision": self.forked_at(), "changes": self.change_count()});
        let files = self.shared.sandboxes.files.get();
        let texts =
            [("url", files.map(|f| f.url(self.name()))), ("kubeconfig", self.kubeconfig().map(|p| p.to_string_lossy().into_owned()))];
        for (key, text) in texts {
            if let Some(text) = text {
                status[key] = text.into();
            }
        }
        status
    }
}

impl Shared {
    /// Stores the View object of a sandbox that was made in another way than by creating the object.
    ///
    /// # Errors
    /// There is one of that name, which is being deleted.
    pub fn record(&self, view: &View) -> Result<(), Status> {
        let (Some(served), Some(made_with)) = (SERVED.first(), view.made_with()) else { return Ok(()) };
        let mut object = json!({
            "apiVersion": served.resource.api_version(),
            "kind": "View",
            "metadata": {
                "name": view.name(),
                "uid": self.config.ids.uid(),
                "creationTimestamp": crate::clock::rfc3339(view.created_micros()),
                "generation": 1,
            },
            "spec": made_with.spec(self.public_name(&made_with.from)),
            "status": view.status(),
        });
        if !made_with.labels.is_empty() {
            object["metadata"]["labels"] = json!(made_with.labels);
        }
        let draft = view.draft_stored(served, object);
        let objects = self.sandboxes.objects.base();
        let done = objects.commit(kind(), Key::new("", view.name()), Expect::Absent, |revision, _| Change::Put(draft.stamp(revision)));
        done.map(|_| ()).map_err(|_| Status::already_exists(&resource(), view.name()))
    }

    /// Writes the status of a sandbox into its View object, as a controller would.
    pub fn report(&self, view: &View) {
        let Some(served) = SERVED.first() else { return };
        let status = view.status();
        let (objects, key) = (self.sandboxes.objects.base(), Key::new("", view.name()));
        while let Some(stored) = objects.snapshot().get(kind(), &key) {
            let mut object = stored.to_value();
            if object["status"] == status {
                return;
            }
            object["status"] = status.clone();
            let draft = view.draft_stored(served, object);
            let expect = Expect::Revision(stored.resource_version());
            if objects.commit(kind(), key.clone(), expect, |revision, _| Change::Put(draft.stamp(revision))).is_ok() {
                return;
            }
        }
    }

    /// The name under which clients know a view.
    pub fn public_name<'a>(&'a self, name: &'a str) -> &'a str {
        if name == minkapi_store::BASE { &self.config.base_name } else { name }
    }
}

/// Whether there is a View object of that name.
pub(crate) fn has_object(objects: &Store<Object>, name: &str) -> bool {
    objects.base().snapshot().find(kind(), &Key::new("", name)).is_some()
}

/// Removes the View object of a sandbox that is gone.
pub(crate) fn remove_object(objects: &Store<Object>, name: &str) {
    // An object that is not there was what the removal began with.
    let _ = objects.base().commit(kind(), Key::new("", name), Expect::Any, |_, _| Change::Delete);
}

//! What a list, watch or deletecollection selects (C-05-30 to C-05-34).

use crate::{ListOptions, Served, Target};
use minkapi_object::{LabelSelector, Marks, Object, Status};
use minkapi_watch::Selector;
use std::sync::Arc;

/// Selectors of a request, with field labels resolved to places in an object's head.
#[derive(Debug, Clone)]
pub(crate) struct Selection {
    namespace: Option<Arc<str>>,
    name: Option<Arc<str>>,
    labels: LabelSelector,
    fields: Arc<[FieldTest]>,
    /// Marks that every selected object has.
    marks: Marks,
    /// Of custom resources whose definition has changed: the fields kept with an object may be those of another time.
    reread: Option<Arc<Served>>,
}

/// One part of a field selector.
#[derive(Debug)]
struct FieldTest {
    place: Place,
    value: String,
    negated: bool,
}

#[derive(Debug, Clone, Copy)]
enum Place {
    Name,
    Namespace,
    /// The kind's selectable field of this index.
    Field(usize),
}

impl FieldTest {
    fn holds(&self, object: &Object, fields: &[Arc<str>]) -> bool {
        let head = object.head();
        let value = match self.place {
            Place::Name => &*head.name,
            Place::Namespace => &*head.namespace,
            Place::Field(at) => fields.get(at).map_or("", |v| &**v),
        };
        (value == self.value) != self.negated
    }
}

/// Whether all tests hold.
fn all_hold(tests: &[FieldTest], reread: Option<&Served>, object: &Object) -> bool {
    match reread.filter(|_| !object.is_converted()) {
        None => tests.iter().all(|test| test.holds(object, &object.head().fields)),
        Some(served) => {
            let api_version = served.resource.api_version();
            let Ok(value) = served.strategy.from_storage(&api_version, served.stored_value(object)) else { return false };
            let fields = minkapi_kinds::field_values(&*served.strategy, &value);
            tests.iter().all(|test| test.holds(object, &fields))
        }
    }
}

impl Selection {
    /// Resolves the selectors of a request to this target.
    ///
    /// # Errors
    /// 400 for a field that the kind does not select by.
    pub fn new(target: &Target, options: &ListOptions) -> Result<Self, Status> {
        let served = &target.served;
        let mut selection = Self {
            namespace: Some(target.namespace.as_str()).filter(|n| !n.is_empty()).map(Arc::from),
            name: Some(target.name.as_str()).filter(|n| !n.is_empty()).map(Arc::from),
            labels: options.label_selector.clone(),
            fields: Arc::new([]),
            marks: Marks::wanted_by_labels(&options.label_selector),
            reread: None,
        };
        let mut tests = Vec::new();
        for part in &options.field_selector.requirements {
            let label = served
                .strategy
                .field_label(&served.resource.api_version(), &served.resource.kind, &part.path)
                .map_err(Status::bad_request)?;
            // Cluster-scoped kinds with fields of their own do not list the namespace (C-05-32).
            let narrow = !served.resource.namespaced && !served.resource.custom && !served.strategy.selectable_fields().is_empty();
            if narrow && label == "metadata.namespace" {
                return Err(Status::bad_request("field label not supported: metadata.namespace"));
            }
            let place = match label {
                "metadata.name" => Place::Name,
                "metadata.namespace" => Place::Namespace,
                other => match served.strategy.selectable_fields().iter().position(|f| f.label == other) {
                    Some(at) => Place::Field(at),
                    None => return Err(Status::bad_request(format!("field label not supported: {}", part.path))),
                },
            };
            if matches!(place, Place::Field(_)) && served.custom.is_some() && !served.is_storage_version() {
                selection.reread = Some(served.clone());
            }
            if let (Place::Field(at), false, None) = (place, part.negated, &selection.reread) {
                selection.marks = selection.marks.and(Marks::wanted_by_field(at, &part.value));
            }
            match (place, part.negated) {
                (Place::Namespace, false) if selection.namespace.is_none() && !part.value.is_empty() => {
                    selection.namespace = Some(part.value.as_str().into());
                }
                (Place::Name, false) if selection.name.is_none() => selection.name = Some(part.value.as_str().into()),
                _ => tests.push(FieldTest { place, value: part.value.clone(), negated: part.negated }),
            }
        }
        selection.fields = tests.into();
        Ok(selection)
    }

    /// The only namespace in which something can be selected.
    pub fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref()
    }

    /// Whether nothing but the namespace narrows the selection.
    pub fn is_everything(&self) -> bool {
        self.name.is_none() && self.labels.requirements.is_empty() && self.fields.is_empty()
    }

    /// Whether an object of the namespace is selected.
    pub fn matches(&self, object: &Object) -> bool {
        object.marks().have(self.marks)
            && self.name.as_ref().is_none_or(|n| **n == *object.head().name)
            && (self.labels.requirements.is_empty() || self.labels.matches(&object.head().labels))
            && all_hold(&self.fields, self.reread.as_deref(), object)
    }

    /// The same for a watcher.
    pub fn into_selector(self) -> Selector {
        let (fields, reread) = (self.fields, self.reread);
        Selector {
            namespace: self.namespace,
            name: self.name,
            labels: self.labels,
            fields: if fields.is_empty() { None } else { Some(Arc::new(move |object| all_hold(&fields, reread.as_deref(), object))) },
        }
    }
}

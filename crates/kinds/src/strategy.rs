//! What the write pipeline asks of a kind.

use crate::{Column, Row};
use minkapi_object::{Outline, Status};
use minkapi_registry::Text;
use minkapi_schema::{field::ErrorList, names};
use serde_json::Value;
use std::{borrow::Cow, sync::Arc};

/// What a kind may know of the request and the server.
#[derive(Debug, Clone)]
pub struct Context<'a> {
    /// Now, RFC 3339 in whole seconds and UTC, as `creationTimestamp` is written.
    pub now: &'a str,
    /// Now in milliseconds since 1970.
    pub now_millis: i64,
    /// The API version of the request, such as `apps/v1`.
    pub api_version: &'a str,
    /// The subresource written to; empty for the object itself.
    pub subresource: &'a str,
    /// Name of the user.
    pub user: &'a str,
    /// Groups of the user.
    pub groups: &'a [String],
    /// UID of the user.
    pub user_uid: &'a str,
}

#[cfg(test)]
impl Context<'_> {
    /// A write to the object itself by an administrator, for tests.
    pub const fn example() -> Self {
        Self {
            now: "2026-01-01T00:00:00Z",
            now_millis: 1_767_225_600_000,
            api_version: "v1",
            subresource: "",
            user: "admin",
            groups: &[],
            user_uid: "",
        }
    }
}

/// How names of a kind are checked (C-03-17); the functions are in `minkapi_schema::names`.
#[derive(Debug, Clone, Copy)]
pub enum NameRule {
    /// DNS-1123 subdomain.
    Subdomain,
    /// DNS-1123 label.
    Label,
    /// DNS-1035 label.
    Label1035,
    /// Any path segment.
    PathSegment,
    /// The kind's own: given the object, and a name or (with `true`) a `generateName`.
    Own(fn(&Value, &str, bool) -> names::Messages),
    /// A rule that is declared on the type: [`Strategy::validate`] tells of a bad name after everything else, and
    /// `generateName` is not looked at.
    Declared,
}

/// What a deletion without finalizers answers (C-08-12).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeletedAnswer {
    /// The object.
    Object,
    /// A Status.
    Status,
}

/// What propagation means for a kind (C-08-15).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GarbageCollection {
    /// Dependents are deleted in the background unless asked otherwise.
    Background,
    /// Dependents are orphaned unless asked otherwise.
    Orphan,
    /// No finalizers of the garbage collector at all.
    Unsupported,
}

/// What differs between kinds as plain data.
#[derive(Debug, Clone, Copy)]
pub struct Traits {
    /// PUT of an absent object creates it (C-04-13).
    pub create_on_update: bool,
    /// PUT without resourceVersion goes through (C-04-12).
    pub unconditional_update: bool,
    /// How names are checked.
    pub name: NameRule,
    /// A `generateName` is the name, with nothing added to it.
    pub generated_name_is_base: bool,
    /// Updates check `generateName` as creations do, since upstream validates the object anew; otherwise any path segment will do.
    pub name_on_update: bool,
    /// The metadata is looked at only when [`Strategy::validate`] has found nothing, since upstream's validation of the
    /// kind leaves it out.
    pub metadata_last: bool,
    /// Finalizers without a domain must be standard ones (C-03-18). Upstream leaves this out where a kind's validation
    /// is apimachinery's alone.
    pub checks_finalizers: bool,
    /// What a deletion answers.
    pub deleted: DeletedAnswer,
    /// What propagation means.
    pub garbage_collection: GarbageCollection,
    /// kube-apiserver serves it without its watch cache, which shows in the text of a watch that starts too early (C-06-22).
    pub uncached_watch: bool,
    /// A written object has its defaults and is canonical when it comes to be stored, since nothing on the way takes that
    /// away again, so it is not looked at once more. Debug builds check it.
    pub stays_canonical: bool,
    /// Its objects are made up when asked for, so that a list of them has no resourceVersion.
    pub unstored: bool,
    /// An annotation that stands for a field of upstream's internal type, so that metadata alone does not show it.
    pub hidden_annotation: Option<&'static str>,
    /// The Warning of a deletion that does not say what becomes of dependents.
    pub propagation_warning: Option<&'static str>,
    /// The Warning of every request, of kinds that are deprecated (C-01-14).
    pub deprecation_warning: Option<&'static str>,
    /// Fields that a write to the object itself does not own, as paths (`&["status"]`), and likewise per subresource:
    /// `(subresource, paths)` (C-07-50).
    pub reset_fields: &'static [(&'static str, &'static [&'static [&'static str]])],
}

impl Traits {
    /// What most kinds are.
    pub const DEFAULT: Self = Self {
        create_on_update: false,
        unconditional_update: true,
        name: NameRule::Subdomain,
        generated_name_is_base: false,
        name_on_update: false,
        metadata_last: false,
        checks_finalizers: true,
        deleted: DeletedAnswer::Status,
        garbage_collection: GarbageCollection::Background,
        uncached_watch: false,
        stays_canonical: false,
        unstored: false,
        hidden_annotation: None,
        propagation_warning: None,
        deprecation_warning: None,
        reset_fields: &[],
    };

    /// Of kinds with a status subresource: a write to the object does not own `status`, one to the status not `spec`.
    pub const WITH_STATUS: Self = Self { reset_fields: &[("", &[&["status"]]), ("status", &[&["spec"]])], ..Self::DEFAULT };
}

/// A field that field selectors may name, beyond `metadata.name` and `metadata.namespace` (C-05-32).
#[derive(Debug, Clone)]
pub struct SelectableField {
    /// Its label in selectors, such as `spec.nodeName`.
    pub label: Text,
    /// How it is read from a stored object.
    pub value: FieldValue,
}

/// How a selectable field is read.
#[derive(Debug, Clone)]
pub enum FieldValue {
    /// By a function of the kind.
    Of(fn(&Value) -> Cow<'_, str>),
    /// The scalar at this path (custom resources); missing reads as the empty string.
    Path(Box<[Box<str>]>),
}

impl SelectableField {
    /// A field of a built-in kind.
    pub const fn new(label: &'static str, value: fn(&Value) -> Cow<'_, str>) -> Self {
        Self { label: Cow::Borrowed(label), value: FieldValue::Of(value) }
    }

    /// Its value in `object`.
    pub fn read<'a>(&self, object: &'a Value) -> Cow<'a, str> {
        match &self.value {
            FieldValue::Of(f) => f(object),
            FieldValue::Path(path) => match path.iter().try_fold(object, |v, key| v.get(&**key)) {
                Some(Value::String(s)) => Cow::Borrowed(s),
                Some(Value::Null) | None => Cow::Borrowed(""),
                Some(other) => Cow::Owned(other.to_string()),
            },
        }
    }
}

/// The rules of one kind. Every method has the default of a kind without rules.
///
/// Objects come in the version of the request (with `apiVersion` and `kind`), already decoded, so that every field has
/// the JSON type of its schema and unknown fields are gone. `old` is the stored object in the same version.
pub trait Strategy: Send + Sync + std::fmt::Debug {
    /// What differs as data.
    fn traits(&self) -> Traits {
        Traits::DEFAULT
    }

    /// Fills in defaults (`SetDefaults_*` of every struct inside); called after each decode.
    fn default(&self, object: &mut Value) {
        let _ = object;
    }

    /// Clears and sets what clients may not on create; metadata is already filled in (uid, creationTimestamp).
    fn prepare_for_create(&self, cx: &Context<'_>, object: &mut Value) {
        let _ = (cx, object);
    }

    /// Everything wrong with a new object but its ObjectMeta, which the pipeline checks with the kind's name rule.
    fn validate(&self, cx: &Context<'_>, object: &Value) -> ErrorList {
        let _ = (cx, object);
        ErrorList::new()
    }

    /// Warnings for a new object.
    fn warnings_on_create(&self, cx: &Context<'_>, object: &Value) -> Vec<String> {
        let _ = (cx, object);
        Vec::new()
    }

    /// Restores what this endpoint (`cx.subresource`) may not change, and maintains `metadata.generation`.
    /// The default keeps `status` on writes to the object and `spec` on writes to the status, if
    /// [`Traits::reset_fields`] says that the kind has a status.
    fn prepare_for_update(&self, cx: &Context<'_>, new: &mut Value, old: &Value) {
        crate::update::keep_other_side(self.traits(), cx.subresource, new, old);
    }

    /// Everything wrong with a change but ObjectMeta's own rules.
    fn validate_update(&self, cx: &Context<'_>, new: &Value, old: &Value) -> ErrorList {
        let _ = (cx, new, old);
        ErrorList::new()
    }

    /// Warnings for a change.
    fn warnings_on_update(&self, cx: &Context<'_>, new: &Value, old: &Value) -> Vec<String> {
        let _ = (cx, new, old);
        Vec::new()
    }

    /// The grace period of a deletion in seconds given the requested one; None where deletion has no grace (all but
    /// pods, C-08-20).
    fn grace_period(&self, object: &Value, requested: Option<i64>) -> Option<i64> {
        let _ = (object, requested);
        None
    }

    /// Why the object of this name cannot be deleted by a request for it alone.
    fn protected(&self, name: &str) -> Option<&'static str> {
        let _ = name;
        None
    }

    /// Fields that field selectors may name. Their values are kept in the object's head in this order.
    fn selectable_fields(&self) -> &[SelectableField] {
        &[]
    }

    /// Maps a selector's label in this API version to `metadata.name`, `metadata.namespace` or a label of
    /// [`Self::selectable_fields`]; Err is the whole message of the 400 (C-05-31).
    fn field_label<'a>(&self, api_version: &str, kind: &str, label: &'a str) -> Result<&'a str, String> {
        let _ = api_version;
        crate::update::default_field_label(self.selectable_fields(), kind, label)
    }

    /// From a request's API version to the stored one; the default has one version.
    fn to_storage(&self, api_version: &str, object: Value) -> Result<Value, Status> {
        let _ = api_version;
        Ok(object)
    }

    /// From the stored API version to the one asked for.
    #[expect(clippy::wrong_self_convention, reason = "the counterpart of `to_storage`")]
    fn from_storage(&self, api_version: &str, object: Value) -> Result<Value, Status> {
        let _ = api_version;
        Ok(object)
    }

    /// What upstream's conversion to its internal type and back makes of a decoded object, which is what managed fields
    /// are kept of; None where that is the object itself.
    fn tracked(&self, cx: &Context<'_>, object: &Value) -> Option<Value> {
        let _ = (cx, object);
        None
    }

    /// Adds what conversion from upstream's internal type makes of an object without content, which is what a bookmark
    /// shows (C-06-13): numbers that are not pointers there.
    fn complete_zero(&self, object: &mut Value) {
        let _ = object;
    }

    /// Columns of its Table; None for the default columns Name and Created At (C-05-45), which have no `rows` when empty.
    fn columns(&self, api_version: &str) -> Option<&[Column]> {
        let _ = api_version;
        None
    }

    /// What of an object [`Self::row`] reads: what is left out need not be parsed, which is most of the work of a Table.
    fn row_outline(&self) -> Outline {
        const ALL_BUT_MANAGED_FIELDS: Outline = Outline::All(&[("metadata", Outline::All(&[("managedFields", Outline::NOTHING)]))]);
        ALL_BUT_MANAGED_FIELDS
    }

    /// One object's row in its Table, given the time in milliseconds since 1970 for ages. `in_list` tells a list's row
    /// from a single object's.
    fn row(&self, object: &Value, now_millis: i64, in_list: bool) -> Row {
        let _ = (object, now_millis, in_list);
        Row::default()
    }
}

/// Reads all selectable values of `object` for its head.
pub fn field_values(strategy: &dyn Strategy, object: &Value) -> Box<[Arc<str>]> {
    strategy.selectable_fields().iter().map(|f| minkapi_object::recent(&f.read(object))).collect()
}

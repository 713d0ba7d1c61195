//! VolumeAttachment: a volume that is, or shall be, attached to a node.

use crate::{
    Column, Context, DeletedAnswer, Row, Strategy, Traits, csi_driver_name, declarative, persistent_volume_spec, table,
    value::{at, entries, field, flag, int, set, text, text_if_set},
};
use minkapi_schema::{
    field::{Error, ErrorList, Path, invalid_each},
    names,
};
use serde_json::{Value, json};

/// The strategy of VolumeAttachment.
#[derive(Debug)]
pub struct VolumeAttachment;

const MAX_METADATA_BYTES: usize = 256 * 1024;
const MAX_MESSAGE_BYTES: usize = 1024;

impl Strategy for VolumeAttachment {
    fn traits(&self) -> Traits {
        Traits {
            unconditional_update: false,
            deleted: DeletedAnswer::Object,
            reset_fields: &[("", &[&["status"]]), ("status", &[&["metadata"], &["spec"]])],
            name_on_update: true,
            ..Traits::DEFAULT
        }
    }

    fn default(&self, attachment: &mut Value) {
        if let Some(inline) = crate::value::at_mut(attachment, &["spec", "source", "inlineVolumeSpec"]) {
            persistent_volume_spec::default_inline(inline);
        }
    }

    fn prepare_for_create(&self, _: &Context<'_>, attachment: &mut Value) {
        set(attachment, "status", json!({"attached": false}));
    }

    fn validate(&self, _: &Context<'_>, attachment: &Value) -> ErrorList {
        let mut errors = validate(attachment);
        errors.extend(validate_attacher(attachment));
        errors
    }

    fn validate_update(&self, _: &Context<'_>, new: &Value, old: &Value) -> ErrorList {
        let mut errors = validate(new);
        declarative::immutable(&mut errors, new, old, "spec", &Path::ROOT);
        errors
    }

    fn columns(&self, _: &str) -> Option<&[Column]> {
        Some(COLUMNS)
    }

    fn row(&self, attachment: &Value, now_millis: i64, _: bool) -> Row {
        let spec = spec(attachment);
        Row::of(vec![
            table::name(attachment),
            json!(text(spec, "attacher")),
            json!(field(spec, "source").map_or("", |s| text(s, "persistentVolumeName"))),
            json!(text(spec, "nodeName")),
            json!(field(attachment, "status").is_some_and(|s| flag(s, "attached"))),
            table::age(attachment, now_millis),
        ])
    }
}

fn spec(attachment: &Value) -> &Value {
    field(attachment, "spec").unwrap_or(&Value::Null)
}

fn validate(attachment: &Value) -> ErrorList {
    let mut errors = ErrorList::new();
    let (spec, path) = (spec(attachment), Path::new("spec"));
    let source = field(spec, "source").unwrap_or(&Value::Null);
    let (inline, name) = (field(source, "inlineVolumeSpec"), text_if_set(source, "persistentVolumeName"));
    let source_path = path.child("source");
    const EXACTLY_ONE: &str = "must specify exactly one of inlineVolumeSpec and persistentVolumeName";
    match (inline, name) {
        (None, None) => errors.push(Error::required(&source_path, EXACTLY_ONE)),
        (Some(_), Some(_)) => errors.push(Error::forbidden(&source_path, EXACTLY_ONE)),
        (None, Some("")) => {
            errors.push(Error::required(&source_path.child("persistentVolumeName"), "must specify non empty persistentVolumeName"));
        }
        (None, Some(_)) => {}
        (Some(inline), None) => errors.extend(persistent_volume_spec::validate_inline(inline, &source_path.child("inlineVolumeSpec"))),
    }
    let node = text(spec, "nodeName");
    invalid_each(&mut errors, &path.child("nodeName"), node, names::is_dns1123_subdomain(node));
    validate_status(&mut errors, field(attachment, "status").unwrap_or(&Value::Null));
    if let Some(name) = name {
        invalid_each(&mut errors, &source_path.child("persistentVolumeName"), name, names::is_dns1123_subdomain(name));
    }
    errors
}

fn validate_attacher(attachment: &Value) -> ErrorList {
    let mut errors = ErrorList::new();
    let spec_path = Path::new("spec");
    let (name, path) = (text(spec(attachment), "attacher"), spec_path.child("attacher"));
    if name.is_empty() {
        errors.push(Error::required(&path, ""));
        return errors;
    }
    invalid_each(&mut errors, &path, name, names::is_dns1123_subdomain_caseless(name));
    if name.chars().count() > csi_driver_name::MAX {
        errors.push(Error::too_long_characters(&path, csi_driver_name::MAX));
    }
    errors
}

fn validate_status(errors: &mut ErrorList, status: &Value) {
    let path = Path::new("status");
    let size: usize = entries(status, "attachmentMetadata").map(|(key, value)| key.len() + value.as_str().map_or(0, str::len)).sum();
    if size > MAX_METADATA_BYTES {
        errors.push(Error::too_long(&path.child("attachmentMetadata"), MAX_METADATA_BYTES));
    }
    for key in ["attachError", "detachError"] {
        let Some(error) = at(status, &[key]) else { continue };
        let path = path.child(key);
        if text(error, "message").len() > MAX_MESSAGE_BYTES {
            errors.push(Error::too_long(&path.child("message"), MAX_MESSAGE_BYTES));
        }
        if let Some(code) = int(error, "errorCode").filter(|c| *c < 0) {
            errors.push(Error::invalid(&path.child("errorCode"), code, names::inclusive_range_error(0, i64::from(i32::MAX))));
        }
    }
}

static COLUMNS: &[Column] = &[
    table::NAME,
    Column::new(
        "Attacher",
        "string",
        "name",
        0,
        "attacher indicates the name of the volume driver that MUST handle this request. This is the name returned by GetPluginName().",
    ),
    Column::new("PV", "string", "", 0, "persistentVolumeName represents the name of the persistent volume to attach."),
    Column::new("Node", "string", "", 0, "nodeName represents the node that the volume should be attached to."),
    Column::new(
        "Attached",
        "boolean",
        "",
        0,
        "attached indicates the volume is successfully attached. This field must only be set by the entity completing the attach operation, i.e. the external-attacher.",
    ),
    table::AGE,
];

//! Values and objects in the negotiated encoding.

use crate::{
    errors,
    list_body::{self, ListBody},
    media_type::Encoding,
    negotiate::{MetaVersion, Negotiated, Transform},
    pieces::{Pieces, collect},
    protobuf_list::{Items, ProtobufList},
    table::{self, IncludeObject},
};
use minkapi_codec::{partial_object_metadata, partial_object_metadata_value, protobuf};
use minkapi_kinds::Strategy;
use minkapi_object::{Object, Status, StatusReason};
use minkapi_registry::{Struct, struct_named};
use minkapi_view::{Content, List, Served, View};
use serde_json::{Value, json};
use std::sync::Arc;

/// What is written for a resource: in the version and kind that were asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Writer<'a> {
    pub view: &'a View,
    pub served: &'a Arc<Served>,
    pub api_version: &'a str,
    pub negotiated: Negotiated,
    pub include: IncludeObject,
}

/// An encoded body.
#[derive(Debug)]
pub(crate) enum Encoded {
    Whole(Vec<u8>),
    /// A large one, made as it is sent.
    Pieces(Box<dyn Pieces>),
}

/// Lists of less JSON than this are made at once.
const SMALL: usize = 1 << 20;

/// Whether a list is so large that it is made as it is sent.
fn is_large(list: &List) -> bool {
    list.items.iter().map(|object| object.bytes().len()).sum::<usize>() >= SMALL
}

impl Writer<'_> {
    /// The content of a success.
    ///
    /// # Errors
    /// 406 for a transform that does not fit (C-05-50), 500 for what cannot be converted.
    pub fn content(&self, content: Content) -> Result<Encoded, Status> {
        let Negotiated { encoding, transform, .. } = self.negotiated;
        let whole = match (content, transform) {
            (Content::Nothing, _) => Vec::new(),
            (Content::Status(status), _) => self::status(&status, self.negotiated)?,
            (Content::Stored(object), None) => self.finish(self.object(&object)?)?,
            (Content::Value(value), None) => self::value(&value, self.negotiated)?,
            (Content::List(list), None) => return self.list(list),
            (Content::Stored(object), Some(Transform::Metadata(version))) => self.metadata_only(&object, version)?,
            (Content::Value(object), Some(Transform::Metadata(version))) => {
                self::value(&metadata_value(&*self.served.strategy, &object, version), self.negotiated)?
            }
            (Content::List(_), Some(Transform::Metadata(_))) => {
                let text = format!("you requested PartialObjectMetadata, but the requested object is a list ({})", self.go_type(true));
                return Err(Status::failure(406, StatusReason::NotAcceptable, text));
            }
            (Content::Stored(_) | Content::Value(_), Some(Transform::MetadataList(_))) if self.served.resource.custom => {
                return Err(Status::unclassified("content is not a list"));
            }
            (Content::Stored(_) | Content::Value(_), Some(Transform::MetadataList(_))) => {
                let text =
                    format!("you requested PartialObjectMetadataList, but the requested object is not a list ({})", self.go_type(false));
                return Err(Status::failure(406, StatusReason::NotAcceptable, text));
            }
            (Content::List(list), Some(Transform::MetadataList(version))) => return self.metadata_list(version, list),
            (Content::Stored(object), Some(Transform::Table(version))) => {
                let value = self.view.object_value(self.served, &object)?;
                self.finish(table::of_object(self, version, &value)?)?
            }
            (Content::Value(object), Some(Transform::Table(version))) => self.finish(table::of_object(self, version, &object)?)?,
            (Content::List(list), Some(Transform::Table(version))) => return self.table(version, list),
        };
        debug_assert!(encoding != Encoding::Protobuf || !matches!(transform, Some(Transform::Table(_))));
        Ok(Encoded::Whole(whole))
    }

    /// An object in JSON or, where objects are wanted in it, in protobuf.
    pub fn object(&self, object: &Object) -> Result<Vec<u8>, Status> {
        let resource = &self.served.resource;
        let protobuf = self.negotiated.encoding == Encoding::Protobuf && self.negotiated.transform.is_none();
        if !self.served.is_storage_version() {
            let value = self.view.object_value(self.served, object)?;
            return if protobuf { protobuf::encode_object(&value).map_err(Status::internal) } else { json_of(&value) };
        }
        if protobuf {
            let raw = protobuf::encode(object.bytes(), &resource.schema).map_err(Status::internal)?;
            return Ok(protobuf::wrap(self.api_version, &resource.kind, &raw));
        }
        let mut out = Vec::with_capacity(object.bytes().len() + 128);
        object.write_typed(self.api_version, &resource.kind, &mut out);
        Ok(out)
    }

    fn list(&self, list: List) -> Result<Encoded, Status> {
        let resource = &self.served.resource;
        if self.negotiated.encoding == Encoding::Protobuf {
            if self.served.is_storage_version() {
                return self.protobuf_list((self.api_version, &resource.list_kind), Items::Stored(self.served.clone()), list);
            }
            let converted =
                |o| protobuf::encode_value(&self.view.object_value(self.served, o)?, &resource.schema).map_err(Status::internal);
            let items = list.items.iter().map(|o| converted(o)).collect::<Result<Vec<_>, _>>()?;
            let metadata = list_meta(&list_body::metadata(&list, false))?;
            return Ok(Encoded::Whole(list_of(self.api_version, &resource.list_kind, &metadata, &items)));
        }
        if self.served.is_storage_version() {
            return self.json(match resource.custom {
                true => ListBody::custom(self.api_version, &resource.kind, &resource.list_kind, list),
                false => ListBody::typed(self.api_version, &resource.list_kind, list),
            });
        }
        let mut items = Vec::with_capacity(list.items.len());
        for object in &list.items {
            let mut item = self.view.object_value(self.served, object)?;
            if let (false, Some(members)) = (resource.custom, item.as_object_mut()) {
                members.remove("apiVersion");
                members.remove("kind");
            }
            items.push(item);
        }
        let metadata = list_body::metadata(&list, resource.custom);
        let value = json!({"kind": &*resource.list_kind, "apiVersion": self.api_version, "metadata": metadata, "items": items});
        self::value(&value, self.negotiated).map(Encoded::Whole)
    }

    /// Stored JSON as it is, or what is asked for instead.
    fn json(&self, body: ListBody) -> Result<Encoded, Status> {
        if self.negotiated.encoding == Encoding::Json && !self.negotiated.pretty {
            return Ok(Encoded::Pieces(Box::new(body)));
        }
        from_json(collect(body), self.negotiated).map(Encoded::Whole)
    }

    fn protobuf_list(&self, (api_version, kind): (&str, &str), items: Items, list: List) -> Result<Encoded, Status> {
        let metadata = list_meta(&list_body::metadata(&list, false))?;
        let large = is_large(&list);
        let body = ProtobufList::new(api_version, kind, metadata, items, list.items)?;
        Ok(if large { Encoded::Pieces(Box::new(body)) } else { Encoded::Whole(collect(body)) })
    }

    fn metadata_list(&self, version: MetaVersion, list: List) -> Result<Encoded, Status> {
        const KIND: &str = "PartialObjectMetadataList";
        let (strategy, api_version) = (&*self.served.strategy, version.api_version());
        let protobuf = self.negotiated.encoding == Encoding::Protobuf;
        match (strategy.traits().hidden_annotation, protobuf) {
            (None, true) => self.protobuf_list((api_version, KIND), Items::Metadata(version), list),
            (None, false) => self.json(ListBody::metadata_only(api_version, list)),
            (Some(_), _) => {
                let shown = list.items.iter().map(|o| metadata_value(strategy, &o.to_value(), version));
                if protobuf {
                    let schema = partial_metadata_schema()?;
                    let items =
                        shown.map(|o| protobuf::encode_value(&o, schema)).collect::<Result<Vec<_>, _>>().map_err(Status::internal)?;
                    let metadata = list_meta(&list_body::metadata(&list, false))?;
                    return Ok(Encoded::Whole(list_of(api_version, KIND, &metadata, &items)));
                }
                // Chapter 18 on C-05-01.
                let items = if list.items.is_empty() { Value::Null } else { shown.collect() };
                let value = json!({"kind": KIND, "apiVersion": api_version, "metadata": list_body::metadata(&list, false), "items": items});
                self::value(&value, self.negotiated).map(Encoded::Whole)
            }
        }
    }

    fn table(&self, version: MetaVersion, list: List) -> Result<Encoded, Status> {
        let plain = self.negotiated.encoding == Encoding::Json && !self.negotiated.pretty;
        let mut body = table::of_list(self, version, list)?;
        let enough = if plain && self.served.is_storage_version() { SMALL } else { usize::MAX };
        if body.fill(enough)? {
            return Ok(Encoded::Pieces(Box::new(body)));
        }
        from_json(body.take(), self.negotiated).map(Encoded::Whole)
    }

    /// JSON text (or a finished protobuf body) as it is sent.
    fn finish(&self, body: Vec<u8>) -> Result<Vec<u8>, Status> {
        match self.negotiated.encoding {
            Encoding::Protobuf if self.negotiated.transform.is_none() => Ok(body),
            _ => from_json(body, self.negotiated),
        }
    }

    /// A stored object's metadata in JSON or protobuf.
    fn metadata_only(&self, object: &Object, version: MetaVersion) -> Result<Vec<u8>, Status> {
        let json = metadata_json(&*self.served.strategy, object, version)?;
        if self.negotiated.encoding == Encoding::Protobuf {
            return metadata_envelope(&json, version);
        }
        from_json(json, self.negotiated)
    }

    /// The type that kube-apiserver names when a transform does not fit.
    fn go_type(&self, list: bool) -> String {
        let resource = &self.served.resource;
        if resource.custom {
            return format!("*unstructured.Unstructured{}", if list { "List" } else { "" });
        }
        let group = resource.storage_version.split_once('/').map_or("", |(group, _)| group);
        let package = if group.is_empty() { "core" } else { group.split('.').next().unwrap_or(group) };
        format!("*{package}.{}", if list { &resource.list_kind } else { &resource.kind })
    }
}

/// A stored object's metadata in JSON.
///
/// # Errors
/// None today.
pub(crate) fn metadata_json(strategy: &dyn Strategy, object: &Object, version: MetaVersion) -> Result<Vec<u8>, Status> {
    match strategy.traits().hidden_annotation {
        None => Ok(partial_object_metadata(object, version.api_version())),
        Some(_) => json_of(&metadata_value(strategy, &object.to_value(), version)),
    }
}

/// The metadata of an object as upstream's internal type has it.
pub(crate) fn metadata_value(strategy: &dyn Strategy, object: &Value, version: MetaVersion) -> Value {
    let mut shown = partial_object_metadata_value(object, version.api_version());
    let hidden = strategy.traits().hidden_annotation;
    let metadata = shown.get_mut("metadata").and_then(Value::as_object_mut);
    if let (Some(hidden), Some(metadata)) = (hidden, metadata)
        && let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut)
    {
        annotations.remove(hidden);
        if annotations.is_empty() {
            metadata.remove("annotations");
        }
    }
    shown
}

/// The protobuf body of a `PartialObjectMetadata` that is given in JSON.
pub(crate) fn metadata_envelope(json: &[u8], version: MetaVersion) -> Result<Vec<u8>, Status> {
    let raw = protobuf::encode(json, partial_metadata_schema()?).map_err(Status::internal)?;
    Ok(protobuf::wrap(version.api_version(), "PartialObjectMetadata", &raw))
}

/// The schema of `PartialObjectMetadata`.
///
/// # Errors
/// None: the tables have it.
pub(crate) fn partial_metadata_schema() -> Result<&'static Struct, Status> {
    schema("io.k8s.apimachinery.pkg.apis.meta.v1.PartialObjectMetadata")
}

fn schema(name: &str) -> Result<&'static Struct, Status> {
    struct_named(name).ok_or_else(|| Status::internal(format!("no schema of {name}")))
}

/// A list of encoded objects.
fn list_of(api_version: &str, list_kind: &str, metadata: &[u8], messages: &[Vec<u8>]) -> Vec<u8> {
    let items: Vec<_> = messages.iter().map(|message| protobuf::list_item(message)).collect();
    let mut out = protobuf::list_head(api_version, list_kind, metadata, items.iter().map(Vec::len));
    items.iter().for_each(|item| out.extend_from_slice(item));
    out.extend_from_slice(protobuf::LIST_TAIL);
    out
}

fn list_meta(metadata: &Value) -> Result<Vec<u8>, Status> {
    protobuf::encode_value(metadata, schema("io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta")?).map_err(Status::internal)
}

/// A Status.
pub(crate) fn status(status: &Status, negotiated: Negotiated) -> Result<Vec<u8>, Status> {
    if negotiated.encoding == Encoding::Json && !negotiated.pretty {
        // Keeps the order of members that kube-apiserver has.
        return with_newline(serde_json::to_vec(status).map_err(Status::internal)?);
    }
    match negotiated.encoding {
        Encoding::Json | Encoding::Yaml => from_json(serde_json::to_vec(status).map_err(Status::internal)?, negotiated),
        Encoding::Protobuf => value(&serde_json::to_value(status).map_err(Status::internal)?, negotiated),
    }
}

/// Any value that says its apiVersion and kind.
pub(crate) fn value(value: &Value, negotiated: Negotiated) -> Result<Vec<u8>, Status> {
    match negotiated.encoding {
        Encoding::Protobuf => protobuf::encode_object(value).map_err(Status::internal),
        Encoding::Json | Encoding::Yaml => from_json(json_of(value)?, negotiated),
    }
}

/// JSON of a value, in the order of its Go type where it is of a built-in kind.
pub(crate) fn json_of(value: &Value) -> Result<Vec<u8>, Status> {
    let said = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default();
    let Some(kind) = minkapi_registry::top_level_kind(said("apiVersion"), said("kind")) else {
        return serde_json::to_vec(value).map_err(Status::internal);
    };
    let mut out = Vec::with_capacity(1024);
    minkapi_schema::GoOrder(&kind.schema).write_object(value, &mut out);
    Ok(out)
}

/// JSON text as JSON, indented if wanted, or as YAML.
fn from_json(json: Vec<u8>, negotiated: Negotiated) -> Result<Vec<u8>, Status> {
    match negotiated.encoding {
        Encoding::Yaml => {
            let value: Value = serde_json::from_slice(&json).map_err(Status::internal)?;
            Ok(minkapi_codec::yaml::write(&value).into_bytes())
        }
        _ if negotiated.pretty => Ok(crate::pretty::indent(json.strip_suffix(b"\n").unwrap_or(&json))),
        _ => with_newline(json),
    }
}

fn with_newline(mut json: Vec<u8>) -> Result<Vec<u8>, Status> {
    if json.last() != Some(&b'\n') {
        json.push(b'\n');
    }
    Ok(json)
}

/// The request body's value, for what is not an object of the target (options).
///
/// # Errors
/// 400 for what does not decode, 415 for another content type.
pub(crate) fn decode_options(body: &[u8], content_type: &str, kind: &str) -> Result<Value, Status> {
    let encoding = Encoding::of_content_type(content_type).ok_or_else(|| errors::unsupported_media_type(crate::media_type::MEDIA_TYPES))?;
    let schema = schema(&format!("io.k8s.apimachinery.pkg.apis.meta.v1.{kind}"))?;
    let bad = |e: &dyn std::fmt::Display| Status::bad_request(e.to_string());
    let options = match encoding {
        Encoding::Protobuf => protobuf::decode_object(body, "v1", kind).map_err(|e| bad(&e)),
        Encoding::Json => minkapi_schema::decode::decode(body, schema).map(|d| d.value).map_err(|e| bad(&e)),
        Encoding::Yaml => {
            let document = minkapi_codec::yaml::read(body).map_err(|e| bad(&e))?;
            minkapi_schema::decode::decode_value(&document.value, schema).map(|d| d.value).map_err(|e| bad(&e))
        }
    }?;
    let told = |key: &str| options[key].as_str().filter(|text| !text.is_empty());
    match told("kind") {
        Some(other) if other != kind => {
            let version = told("apiVersion").unwrap_or("meta.k8s.io/v1");
            Err(Status::bad_request(format!("no kind {other:?} is registered for version {version:?} in scheme {SCHEME:?}")))
        }
        _ => Ok(options),
    }
}

/// Where kube-apiserver's table of types was made, which its errors name.
const SCHEME: &str = "pkg/runtime/scheme.go:111";

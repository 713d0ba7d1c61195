//! Values and objects in the negotiated encoding.

use crate::{
    errors,
    list_body::{self, ListBody},
    media_type::Encoding,
    negotiate::{MetaVersion, Negotiated, Transform},
    table::{self, IncludeObject},
};
use minkapi_codec::{partial_object_metadata, partial_object_metadata_value, protobuf};
use minkapi_kinds::Strategy;
use minkapi_object::{Object, Status, StatusReason};
use minkapi_registry::{Struct, struct_named};
use minkapi_view::{Content, List, Served, View};
use serde_json::{Value, json};

/// What is written for a resource: in the version and kind that were asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Writer<'a> {
    pub view: &'a View,
    pub served: &'a Served,
    pub api_version: &'a str,
    pub negotiated: Negotiated,
    pub include: IncludeObject,
}

/// An encoded body.
#[derive(Debug)]
pub(crate) enum Encoded {
    Whole(Vec<u8>),
    List(ListBody),
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
            (Content::List(list), Some(Transform::MetadataList(version))) => {
                let metadata = list_body::metadata(&list, false);
                let items = list.items.iter().map(|o| metadata_json(&*self.served.strategy, o, version));
                self.metadata_list(version, &metadata, items)?
            }
            (Content::Stored(object), Some(Transform::Table(version))) => {
                let value = self.view.object_value(self.served, &object)?;
                self.finish(table::of_object(self, version, &value)?)?
            }
            (Content::Value(object), Some(Transform::Table(version))) => self.finish(table::of_object(self, version, &object)?)?,
            (Content::List(list), Some(Transform::Table(version))) => self.finish(table::of_list(self, version, &list)?)?,
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
            let metadata = list_meta(&list_body::metadata(&list, false))?;
            let items: Vec<Vec<u8>> = list.items.iter().map(|o| self.message(o)).collect::<Result<_, _>>()?;
            let items = items.iter().map(Vec::as_slice);
            return Ok(Encoded::Whole(protobuf::encode_list(self.api_version, &resource.list_kind, &metadata, items)));
        }
        let plain = self.negotiated.encoding == Encoding::Json && !self.negotiated.pretty;
        if self.served.is_storage_version() {
            let mut body = if resource.custom {
                ListBody::custom(self.api_version, &resource.kind, &resource.list_kind, list)
            } else {
                ListBody::typed(self.api_version, &resource.list_kind, list)
            };
            if plain {
                return Ok(Encoded::List(body));
            }
            let mut text = Vec::new();
            while let Some(chunk) = body.next_chunk() {
                text.extend_from_slice(&chunk);
            }
            return self.finish(text).map(Encoded::Whole);
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

    /// The protobuf message of an object, without an envelope.
    fn message(&self, object: &Object) -> Result<Vec<u8>, Status> {
        let schema = &self.served.resource.schema;
        if self.served.is_storage_version() {
            return protobuf::encode(object.bytes(), schema).map_err(Status::internal);
        }
        protobuf::encode_value(&self.view.object_value(self.served, object)?, schema).map_err(Status::internal)
    }

    fn metadata_list(
        &self,
        version: MetaVersion,
        metadata: &Value,
        items: impl Iterator<Item = Result<Vec<u8>, Status>>,
    ) -> Result<Vec<u8>, Status> {
        let items: Vec<Vec<u8>> = items.collect::<Result<_, _>>()?;
        if self.negotiated.encoding == Encoding::Protobuf {
            let schema = partial_metadata_schema()?;
            let items: Vec<Vec<u8>> =
                items.iter().map(|i| protobuf::encode(i, schema)).collect::<Result<_, _>>().map_err(Status::internal)?;
            let items = items.iter().map(Vec::as_slice);
            return Ok(protobuf::encode_list(version.api_version(), "PartialObjectMetadataList", &list_meta(metadata)?, items));
        }
        let mut out = format!(
            "{{\"kind\":\"PartialObjectMetadataList\",\"apiVersion\":\"{}\",\"metadata\":{metadata},\"items\":",
            version.api_version()
        )
        .into_bytes();
        if items.is_empty() {
            // Chapter 18 on C-05-01.
            out.extend_from_slice(b"null}");
        } else {
            out.push(b'[');
            out.extend_from_slice(&items.join(&b','));
            out.extend_from_slice(b"]}");
        }
        self.finish(out)
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

fn partial_metadata_schema() -> Result<&'static Struct, Status> {
    schema("io.k8s.apimachinery.pkg.apis.meta.v1.PartialObjectMetadata")
}

fn schema(name: &str) -> Result<&'static Struct, Status> {
    struct_named(name).ok_or_else(|| Status::internal(format!("no schema of {name}")))
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

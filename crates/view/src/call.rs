//! One request to a view.

use crate::{Conversions, Served};
use bytes::Bytes;
use minkapi_object::GroupResource;
use serde_json::Value;
use std::sync::Arc;

/// What a request is about: a resource, and possibly a namespace, a name and a subresource.
#[derive(Debug, Clone)]
pub struct Target {
    /// The resource in the version asked for.
    pub served: Arc<Served>,
    /// Namespace from the URL; empty for cluster-scoped resources and requests over all namespaces.
    pub namespace: String,
    /// Name from the URL; empty for collections.
    pub name: String,
    /// Subresource from the URL; empty for the object itself.
    pub subresource: String,
}

impl Target {
    /// The resource as errors name it.
    pub fn group_resource(&self) -> GroupResource {
        GroupResource::new(&self.served.resource.group, &self.served.resource.plural)
    }
}

/// Who asks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserInfo {
    /// User name.
    pub name: String,
    /// UID, mostly empty.
    pub uid: String,
    /// Groups.
    pub groups: Vec<String>,
    /// `extra` of the user info.
    pub extra: Vec<(String, Vec<String>)>,
}

/// How unknown and duplicate fields are treated (C-03-31, C-03-32).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "the names are the API's")]
pub enum FieldValidation {
    Ignore,
    #[default]
    Warn,
    Strict,
}

/// `CreateOptions`, `UpdateOptions` and `PatchOptions`, validated.
#[derive(Debug, Clone, Default)]
pub struct WriteOptions {
    /// `dryRun=All`: everything but the commit.
    pub dry_run: bool,
    /// `fieldManager`; empty when absent.
    pub field_manager: String,
    /// `fieldValidation`.
    pub field_validation: FieldValidation,
    /// `force` of an apply.
    pub force: bool,
    /// The uid that a new object gets; one of its own if there is none. Only imports say it.
    pub uid: Option<String>,
}

/// Warnings raised while serving, in order and each once (C-01-14).
#[derive(Debug, Clone, Default)]
pub struct Warnings(Vec<String>);

impl Warnings {
    /// Adds one unless it is there already.
    pub fn add(&mut self, text: impl Into<String>) {
        let text = text.into();
        if !self.0.contains(&text) {
            self.0.push(text);
        }
    }

    /// Adds several.
    pub fn extend(&mut self, texts: impl IntoIterator<Item = String>) {
        texts.into_iter().for_each(|t| self.add(t));
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

/// A request: what it is about, who makes it, and the warnings that it collects, which are sent with errors as well.
#[derive(Debug)]
pub struct Call {
    /// What it is about.
    pub target: Target,
    /// Who asks.
    pub user: UserInfo,
    /// The client program's name as managed fields keep it, from the User-Agent (C-03-20).
    pub user_agent: String,
    /// Collected on the way.
    pub warnings: Warnings,
    /// Fields that were sent as an empty list or map, which the object does not show; see [`minkapi_schema::decode::Decoded`].
    pub emptied: Vec<(String, &'static str)>,
    /// Conversions by webhook that its bookkeeping needs.
    pub conversions: Conversions,
}

/// A request body, decoded as far as its content type says.
#[derive(Debug, Clone)]
pub enum Body {
    /// JSON text; decoded against the schema in one pass.
    Json(Bytes),
    /// YAML converted to JSON.
    Yaml {
        /// The JSON.
        json: Bytes,
        /// Keys that were there twice.
        duplicates: Vec<String>,
        /// The same as strict decoding puts it.
        strict_error: Option<String>,
    },
    /// Already decoded against the schema (protobuf).
    Decoded(Value),
}

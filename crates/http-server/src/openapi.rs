//! OpenAPI documents: paths from the catalog, schemas from the registry's tables, custom resources' from their
//! definitions (C-01-30 to C-01-35).

mod components;
mod connect;
mod custom;
mod descriptions;
mod operation;
mod parameters;
mod paths;
mod protobuf;
mod serve;
mod v2;
mod v3;

pub(crate) use serve::serve;

use bytes::Bytes;
use custom::Definitions;
use minkapi_view::{Catalog, View};
use serde_json::Value;
use sha2::{Digest as _, Sha512};
use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock, OnceLock},
};
use v3::Which;

/// The documents of one catalog, each made when it is first asked for.
#[derive(Debug, Default)]
pub(crate) struct OpenApi {
    v3: OnceLock<BTreeMap<String, Arc<Document>>>,
    v2: OnceLock<Arc<Document>>,
}

/// The documents that do not depend on what a view holds: most of the text, and shared by all views.
static BUILT_IN: LazyLock<BTreeMap<String, Arc<Document>>> =
    LazyLock::new(|| made(v3::documents(&Catalog::built_in(), &Definitions::default(), Which::BuiltIn)));

fn made(documents: BTreeMap<String, Value>) -> BTreeMap<String, Arc<Document>> {
    documents.into_iter().map(|(key, value)| (key, Arc::new(Document::new(&value)))).collect()
}

/// A document with the hash that stands for its content.
#[derive(Debug)]
pub(crate) struct Document {
    json: Bytes,
    protobuf: OnceLock<Bytes>,
    /// SHA-512 of the JSON in upper-case hex.
    hash: String,
}

impl Document {
    fn new(value: &Value) -> Self {
        let json = Bytes::from(value.to_string());
        let hash = Sha512::digest(&json).iter().map(|b| format!("{b:02X}")).collect();
        Self { json, protobuf: OnceLock::new(), hash }
    }

    /// The document in protobuf, as a message of this type.
    fn protobuf(&self, of: &protobuf::Message) -> Bytes {
        let made = || {
            // What was just written can be read.
            let value: Value = serde_json::from_slice(&self.json).unwrap_or_default();
            protobuf::encode(&value, of).into()
        };
        self.protobuf.get_or_init(made).clone()
    }
}

impl OpenApi {
    /// The documents of version 3 by their keys, such as `apis/apps/v1`.
    pub fn v3(&self, view: &View, catalog: &Catalog) -> &BTreeMap<String, Arc<Document>> {
        self.v3.get_or_init(|| {
            let definitions = Definitions::of(view, catalog);
            let mut documents = BUILT_IN.clone();
            documents.extend(made(v3::documents(catalog, &definitions, Which::Custom)));
            documents
        })
    }

    /// The one document of version 2.
    pub fn v2(&self, view: &View, catalog: &Catalog) -> &Document {
        self.v2.get_or_init(|| {
            let definitions = Definitions::of(view, catalog);
            Arc::new(Document::new(&v2::document(v3::documents(catalog, &definitions, Which::All).into_values())))
        })
    }
}

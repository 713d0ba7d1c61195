//! Stored objects in the version of a request, and objects of a request in the version of storage.

use super::{Conversion, Corrupt, REMEMBERED};
use crate::{Served, View};
use futures_util::future::join_all;
use minkapi_object::{Draft, Object, Status};
use serde_json::Value;
use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, atomic::Ordering},
};

/// How many objects are converted at a time.
const AT_ONCE: usize = 16;

/// An object being read.
type Reading<'a> = Pin<Box<dyn Future<Output = Result<Arc<Object>, Corrupt>> + Send + 'a>>;

impl View {
    /// A stored object as [`View::object_value`] can show it in the served version: where only a webhook can convert it, it
    /// is converted.
    ///
    /// # Errors
    /// The webhook's.
    pub(crate) async fn readable(&self, served: &Served, object: &Arc<Object>) -> Result<Arc<Object>, Corrupt> {
        match served.custom.as_ref().and_then(|custom| custom.conversion.as_ref()) {
            Some(conversion) if !served.is_storage_version() && !object.is_converted() => {
                // Boxed, since it is large and rare.
                Box::pin(self.converted(served, conversion, object)).await.map_err(|why| Corrupt::new(object, why))
            }
            _ => Ok(object.clone()),
        }
    }

    /// The same for several, in their order.
    ///
    /// # Errors
    /// Those that cannot be converted.
    pub(crate) async fn all_readable(&self, served: &Served, objects: Vec<Arc<Object>>) -> Result<Vec<Arc<Object>>, Vec<Corrupt>> {
        if served.webhook().is_none() {
            return Ok(objects);
        }
        let mut corrupt = Vec::new();
        let mut readable = Vec::with_capacity(objects.len());
        for some in objects.chunks(AT_ONCE) {
            let mut asked: Vec<Reading<'_>> = Vec::with_capacity(some.len());
            for object in some {
                asked.push(Box::pin(self.readable(served, object)));
            }
            for result in join_all(asked).await {
                match result {
                    Ok(object) => readable.push(object),
                    Err(why) => corrupt.push(why),
                }
            }
        }
        if corrupt.is_empty() { Ok(readable) } else { Err(corrupt) }
    }

    async fn converted(&self, served: &Served, conversion: &Conversion, object: &Arc<Object>) -> Result<Arc<Object>, String> {
        let Some(custom) = &served.custom else { return Ok(object.clone()) };
        let api_version = served.resource.api_version();
        let mut value = served.stored_value(object);
        if value["apiVersion"] == *api_version {
            return Ok(object.clone());
        }
        let key = (object.head().uid.clone(), object.resource_version(), api_version.clone().into_owned());
        if let Some(known) = conversion.converted.get(&key) {
            return Ok(known.clone());
        }
        custom.strategy.read_stored(&mut value);
        let mut converted = conversion.convert(self, &value, &api_version).await?;
        custom.strategy.coerce_converted(&mut converted);
        let revision = object.resource_version();
        let fields = minkapi_kinds::field_values(&*served.strategy, &converted);
        let converted = Arc::new(Draft::sorted(&converted, fields, revision).stamp(revision).into_converted());
        if conversion.count.fetch_add(1, Ordering::Relaxed) >= REMEMBERED {
            conversion.converted.clear();
            conversion.count.store(0, Ordering::Relaxed);
        }
        conversion.converted.insert(key, converted.clone());
        Ok(converted)
    }

    /// An object of the stored version in the served one, where only a webhook can convert it.
    ///
    /// # Errors
    /// 500 with the webhook's error.
    pub(crate) async fn shown_by_webhook(&self, served: &Served, stored: Value) -> Result<Value, Status> {
        let api_version = served.resource.api_version();
        match served.custom.as_ref().and_then(|custom| Some((custom, custom.conversion.as_ref()?))) {
            Some((custom, conversion)) if stored["apiVersion"] != *api_version => {
                let mut object = conversion.convert(self, &stored, &api_version).await.map_err(Status::unclassified)?;
                custom.strategy.coerce_converted(&mut object);
                Ok(object)
            }
            _ => Ok(stored),
        }
    }

    /// An object of the served version in the stored one, where only a webhook can convert it.
    ///
    /// # Errors
    /// 500 with the webhook's error.
    pub(crate) async fn to_stored_by_webhook(&self, served: &Served, object: Value) -> Result<Value, Status> {
        let stored_version = &*served.resource.storage_version;
        match &served.custom {
            Some(custom) if object["apiVersion"] != stored_version => {
                let Some(conversion) = &custom.conversion else { return Ok(object) };
                let mut stored = conversion.convert(self, &object, stored_version).await.map_err(Status::unclassified)?;
                custom.strategy.coerce_converted(&mut stored);
                Ok(stored)
            }
            _ => Ok(object),
        }
    }
}

//! Where programs report what happens: Kubernetes events of a view.

use crate::{DeleteOptions, ListOptions, PatchType, View};
use minkapi_object::Status;
use minkapi_store::MatchCriteria;
use serde_json::Value;

/// Events of a view, in the form of `events.k8s.io/v1`, as client-go's `EventSink` has it.
#[derive(Debug, Clone)]
pub struct EventSink {
    view: View,
}

const API_VERSION: &str = "events.k8s.io/v1";
const KIND: &str = "Event";

impl View {
    /// The sink for events of this view.
    pub fn event_sink(&self) -> EventSink {
        EventSink { view: self.clone() }
    }
}

impl EventSink {
    /// Records an event; `apiVersion` and `kind` are filled in.
    ///
    /// # Errors
    /// As [`View::create`].
    pub async fn create(&self, mut event: Value) -> Result<Value, Status> {
        event["apiVersion"] = API_VERSION.into();
        event["kind"] = KIND.into();
        self.view.create_object(&event).await
    }

    /// Replaces an event.
    ///
    /// # Errors
    /// As [`View::update`].
    pub async fn update(&self, mut event: Value) -> Result<Value, Status> {
        event["apiVersion"] = API_VERSION.into();
        event["kind"] = KIND.into();
        self.view.update_object(&event).await
    }

    /// Changes an event by a strategic merge patch, as recorders do for a series.
    ///
    /// # Errors
    /// As [`View::patch`].
    pub async fn patch(&self, namespace: &str, name: &str, patch: &Value) -> Result<Value, Status> {
        self.view.patch_object((API_VERSION, KIND), (namespace, name), "", PatchType::StrategicMerge, patch).await
    }

    /// All events, oldest name first.
    ///
    /// # Errors
    /// A conversion that fails.
    pub async fn list(&self) -> Result<Vec<Value>, Status> {
        let mut call = self.view.call(API_VERSION, KIND, "", "")?;
        let list = self.view.select(&mut call, &ListOptions::default()).await?;
        list.items.iter().map(|event| self.view.object_value(&call.target.served, event)).collect()
    }

    /// Deletes all events.
    ///
    /// # Errors
    /// As [`View::delete`].
    pub async fn reset(&self) -> Result<usize, Status> {
        let events = self.view.list_objects(API_VERSION, KIND, &MatchCriteria::all())?;
        for event in &events {
            let mut call = self.view.call(API_VERSION, KIND, &event.head().namespace, &event.head().name)?;
            self.view.delete(&mut call, &DeleteOptions::default()).await?;
        }
        Ok(events.len())
    }
}

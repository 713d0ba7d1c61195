//! What a watch of a version that only a webhook can make is sent.

use super::corrupt_object;
use crate::{Call, Target, View};
use minkapi_object::{Object, Status};
use minkapi_watch::{Convert, Converting};
use std::sync::Arc;

/// Converts the objects of a watch.
#[derive(Debug)]
pub(crate) struct Watched {
    view: View,
    target: Target,
}

impl Watched {
    /// For a call whose objects a webhook converts; none where nothing is to be waited for.
    pub fn of(view: &View, call: &Call) -> Option<Arc<dyn Convert>> {
        call.target.served.webhook()?;
        Some(Arc::new(Self { view: view.clone(), target: call.target.clone() }))
    }
}

impl Convert for Watched {
    fn convert(self: Arc<Self>, object: Arc<Object>) -> Converting {
        Box::pin(async move {
            let readable = self.view.readable(&self.target.served, &object).await;
            readable.map_err(|corrupt| -> Status { corrupt_object(&self.target, &corrupt) })
        })
    }
}

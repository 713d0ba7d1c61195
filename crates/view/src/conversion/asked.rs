//! Conversions that are asked for where nobody can wait.
//!
//! The bookkeeping of managed fields is a pure function that looks at objects in the versions in which others have written.
//! Where only a webhook can make these, they are noted, made, and the function runs again.

use super::Conversion;
use crate::{Call, View, update::Edit, view::Moment};
use minkapi_object::Status;
use serde_json::Value;
use std::{collections::HashMap, sync::Arc};

/// The conversions of one request, by the object as text and the wanted apiVersion.
#[derive(Debug, Default)]
pub struct Conversions(parking_lot::Mutex<HashMap<(String, String), Made>>);

#[derive(Debug, Clone)]
enum Made {
    Wanted(Arc<Conversion>, Value),
    Done(Value),
    Impossible,
}

impl Conversions {
    /// The object in another version; none when it is not there (yet).
    pub(crate) fn get(&self, conversion: &Arc<Conversion>, object: &Value, to: &str) -> Option<Value> {
        let made = self
            .0
            .lock()
            .entry((object.to_string(), to.to_owned()))
            .or_insert_with(|| Made::Wanted(conversion.clone(), object.clone()))
            .clone();
        match made {
            Made::Done(value) => Some(value),
            Made::Wanted(..) | Made::Impossible => None,
        }
    }

    fn wanted(&self) -> Vec<((String, String), Arc<Conversion>, Value)> {
        let all = self.0.lock();
        let wanted = all.iter().filter_map(|(key, made)| match made {
            Made::Wanted(conversion, object) => Some((key.clone(), conversion.clone(), object.clone())),
            Made::Done(_) | Made::Impossible => None,
        });
        wanted.collect()
    }
}

impl View {
    /// Runs an edit, and runs it again when it has asked for conversions.
    pub(crate) async fn run_edit(
        &self,
        edit: &dyn Edit,
        call: &mut Call,
        moment: &Moment,
        current: Option<&Value>,
    ) -> Result<Value, Status> {
        loop {
            let result = edit.edit(call, moment, current);
            let wanted = call.conversions.wanted();
            if wanted.is_empty() {
                return result;
            }
            for (key, conversion, object) in wanted {
                let made = conversion.convert(self, &object, &key.1).await.map_or(Made::Impossible, |mut converted| {
                    if let Some(custom) = &call.target.served.custom {
                        custom.strategy.coerce_converted(&mut converted);
                    }
                    Made::Done(converted)
                });
                call.conversions.0.lock().insert(key, made);
            }
        }
    }
}

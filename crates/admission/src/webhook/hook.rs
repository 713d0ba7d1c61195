//! Webhooks as configurations hold them, and which of them are to be called.

use crate::{
    Attributes, Cluster,
    extension::{Conditions, Expressions, Inputs, Parsed, Rules, convert, list, match_conditions, matches, text},
};
use minkapi_object::Status;
use minkapi_registry::Resource;
use serde_json::Value;
use std::{borrow::Cow, sync::Arc};

/// One webhook.
#[derive(Debug, Clone)]
pub(super) struct Hook {
    configuration: Arc<Value>,
    index: usize,
}

impl Hook {
    /// All webhooks of a kind, by configuration and place.
    pub fn all(cluster: &dyn Cluster, parsed: &Parsed, storage: &str) -> Vec<Self> {
        let configurations = parsed.list(cluster, storage).into_iter();
        configurations
            .flat_map(|configuration| {
                let count = list(&configuration, "webhooks").len();
                (0..count).map(move |index| Self { configuration: configuration.clone(), index })
            })
            .collect()
    }

    /// The webhook itself.
    pub fn value(&self) -> &Value {
        list(&self.configuration, "webhooks").get(self.index).unwrap_or(&Value::Null)
    }

    pub fn name(&self) -> &str {
        text(self.value(), "name")
    }

    /// What tells it from others.
    pub fn key(&self) -> String {
        format!("{}/{}/{}", text(&self.configuration["metadata"], "name"), self.name(), self.index)
    }

    /// Whether a webhook that cannot be asked agrees.
    pub fn ignores_failures(&self) -> bool {
        text(self.value(), "failurePolicy") == "Ignore"
    }

    /// The resource, in the version that the webhook asks for, if it is to be called.
    ///
    /// # Errors
    /// As [`matches`]; 403 when a match condition fails and failures are not ignored.
    pub fn concerns<'a>(
        &self,
        attributes: &Attributes<'a>,
        expressions: &Expressions,
        cluster: &dyn Cluster,
    ) -> Result<Option<Cow<'a, Resource>>, Status> {
        let webhook = self.value();
        let Some(matched) = matches(&Rules::of_webhook(webhook), attributes, cluster)? else { return Ok(None) };
        let conditions = list(webhook, "matchConditions");
        if conditions.is_empty() {
            return Ok(Some(matched));
        }
        let in_version = |object: &Value| convert(object, attributes.resource, &matched, cluster);
        let (object, old) = (in_version(attributes.object)?, in_version(attributes.old.unwrap_or(&Value::Null))?);
        let inputs = Inputs::new(attributes, &matched, &object, &old, &Value::Null, cluster);
        match match_conditions(conditions, &inputs, expressions, self.ignores_failures()) {
            Conditions::Hold => Ok(Some(matched)),
            Conditions::Fail => Ok(None),
            Conditions::Error(why) => Err(Status::forbidden(&attributes.group_resource(), attributes.name, why)),
        }
    }
}

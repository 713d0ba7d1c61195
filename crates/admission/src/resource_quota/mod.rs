//! ResourceQuotas: a request is charged to all quotas that concern it, or refused (C-03-44).
//!
//! Usage is counted in `status.used`; that it starts with what is there, and falls when objects go, is the business of a
//! controller, as upstream.

mod evaluator;
mod persistent_volume_claims;
mod pods;
mod resource_claims;
mod scope;
mod services;

use crate::{Attributes, Cluster, Operation, Plugin, resource_list::ResourceList};
use evaluator::Evaluator;
use minkapi_object::Status;
use scope::Scope;
use serde_json::Value;

/// What is stored nowhere, and events, which nobody counts.
const IGNORED: &[(&str, &str)] = &[
    ("", "bindings"),
    ("", "componentstatuses"),
    ("authentication.k8s.io", "tokenreviews"),
    ("authentication.k8s.io", "selfsubjectreviews"),
    ("authorization.k8s.io", "subjectaccessreviews"),
    ("authorization.k8s.io", "selfsubjectaccessreviews"),
    ("authorization.k8s.io", "localsubjectaccessreviews"),
    ("authorization.k8s.io", "selfsubjectrulesreviews"),
    ("", "events"),
    ("events.k8s.io", "events"),
];

#[derive(Debug)]
pub(crate) struct ResourceQuota;

impl Plugin for ResourceQuota {
    fn name(&self) -> &'static str {
        "ResourceQuota"
    }

    fn validate(&self, attributes: &mut Attributes<'_>, cluster: &dyn Cluster) -> Result<(), Status> {
        let writes = matches!(attributes.operation, Operation::Create | Operation::Update);
        let ignored = IGNORED.iter().any(|(group, resource)| attributes.is_resource(group, resource));
        if !writes || attributes.namespace.is_empty() || ignored || attributes.is_resource("", "namespaces") {
            return Ok(());
        }
        let quotas = cluster.list("resourcequotas", Some(attributes.namespace));
        if quotas.is_empty() {
            return Ok(());
        }
        let evaluator = evaluator::of(attributes.resource, cluster);
        if !evaluator.handles(attributes) {
            return Ok(());
        }
        let quotas: Vec<Value> = quotas.iter().map(|quota| quota.to_value()).collect();
        let charges = charges(attributes, &*evaluator, &quotas)?;
        // All quotas are asked before the first one is charged.
        for charge in &charges {
            charge.added_to(attributes, charge.quota)?;
        }
        if attributes.dry_run {
            return Ok(());
        }
        let attributes = &*attributes;
        for charge in &charges {
            let name = charge.quota["metadata"]["name"].as_str().unwrap_or_default();
            cluster.update("resourcequotas", attributes.namespace, name, &|current| {
                let used = charge.added_to(attributes, current)?;
                if used == ResourceList::read(&current["status"]["used"]) {
                    return Ok(None);
                }
                let mut new = current.clone();
                new["status"]["used"] = used.to_value();
                Ok(Some(new))
            })?;
        }
        Ok(())
    }
}

/// What a request adds to the usage of a quota.
struct Charge<'a> {
    quota: &'a Value,
    usage: ResourceList,
}

impl Charge<'_> {
    /// The usage of the quota, as it is now, with the charge.
    ///
    /// # Errors
    /// 403 when that is more than the quota allows.
    fn added_to(&self, attributes: &Attributes<'_>, quota: &Value) -> Result<ResourceList, Status> {
        let hard = ResourceList::read(&quota["status"]["hard"]);
        let mut used = ResourceList::read(&quota["status"]["used"]);
        let before = used.clone();
        let requested = self.usage.only(|name| hard.get(name).is_some());
        used.add(&requested);
        let exceeded = |name: &str| requested.get(name).is_some() && used.get(name) > hard.get(name);
        if attributes.subresource != "status" && requested.names().any(exceeded) {
            return Err(attributes.forbidden(format!(
                "exceeded quota: {}, requested: {}, used: {}, limited: {}",
                quota["metadata"]["name"].as_str().unwrap_or_default(),
                requested.only(exceeded),
                before.only(exceeded),
                hard.only(exceeded)
            )));
        }
        Ok(used)
    }
}

/// What the request adds to each of the quotas that concern it.
fn charges<'a>(attributes: &Attributes<'_>, evaluator: &dyn Evaluator, quotas: &'a [Value]) -> Result<Vec<Charge<'a>>, Status> {
    let object = &*attributes.object;
    let mut concerned = Vec::new();
    for quota in quotas {
        let hard = ResourceList::read(&quota["status"]["hard"]);
        let tracked: Vec<&str> = hard.names().filter(|name| evaluator.tracks(name)).collect();
        if tracked.is_empty() || !matches(quota, evaluator, object) {
            continue;
        }
        let name = quota["metadata"]["name"].as_str().unwrap_or_default();
        if let Some(why) = evaluator.constraint(&tracked, object) {
            return Err(attributes.forbidden(format!("failed quota: {name}: {why}")));
        }
        let used = ResourceList::read(&quota["status"]["used"]);
        if tracked.iter().any(|resource| used.get(resource).is_none()) {
            return Err(attributes.forbidden(format!("status unknown for quota: {name}, resources: {}", tracked.join(","))));
        }
        concerned.push(quota);
    }
    let usage = evaluator.usage(object);
    let negative: Vec<&str> = usage.0.iter().filter(|(_, amount)| amount.sign() < 0).map(|(name, _)| name.as_str()).collect();
    if !negative.is_empty() {
        return Err(attributes.forbidden(format!("quota usage is negative for resource(s): {}", negative.join(","))));
    }
    let added = attributes.old.map(|old| usage.less(&evaluator.usage(old)));
    let charges = concerned.into_iter().map(|quota| {
        // A quota that did not concern the object before is charged with all of it.
        let usage = match (attributes.old, &added) {
            (Some(old), Some(added)) if matches(quota, evaluator, old) => added,
            _ => &usage,
        };
        Charge { quota, usage: usage.only(|name| usage.get(name).is_some_and(|amount| !amount.is_zero())) }
    });
    Ok(charges.filter(|charge| !charge.usage.0.is_empty()).collect())
}

fn matches(quota: &Value, evaluator: &dyn Evaluator, object: &Value) -> bool {
    Scope::of(quota).iter().all(|scope| evaluator.matches_scope(scope, object))
}

#[cfg(test)]
mod tests;

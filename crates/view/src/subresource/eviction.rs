//! `pods/eviction`: deletion that disruption budgets may refuse (C-09-10 to C-09-15).

use super::{Answer, Post};
use crate::{Call, Content, DeleteOptions, Outcome, Target, View, WriteOptions, delete::Asked, metadata, update::Edit, view::Moment};
use minkapi_admission::Cluster;
use minkapi_object::{GroupResource, LabelSelector, Object, Status, StatusCause};
use minkapi_schema::field::{self, Error, Path};
use serde_json::{Value, json};
use std::sync::Arc;

pub(super) struct Eviction;

/// Where budgets are stored.
const BUDGETS: &str = "poddisruptionbudgets.policy";
/// More pods than this may not be on their way out under one budget.
const DISRUPTED_PODS_MAX: usize = 2000;

impl Post for Eviction {
    fn post<'a>(&'a self, view: &'a View, call: &'a mut Call, object: Value, options: &'a WriteOptions) -> Answer<'a> {
        Box::pin(evict(view, call, object, options))
    }
}

async fn evict(view: &View, call: &mut Call, eviction: Value, options: &WriteOptions) -> Result<Outcome, Status> {
    if metadata::text(&eviction, "name") != call.target.name {
        return Err(Status::bad_request("name in URL does not match name in Eviction object"));
    }
    let given = &eviction["deleteOptions"];
    refuse_unsafe(&call.target.name, given)?;
    let dry_run = dry_run(given, options)?;
    call.target = Target { subresource: String::new(), ..call.target.clone() };
    let stored = view.stored(call).ok_or_else(|| Status::not_found(&call.target.group_resource(), &call.target.name))?;
    let pod = view.object_value(&call.target.served, &stored)?;
    let verdict = if ignores_budgets(&pod) { Verdict::Granted } else { check_budgets(view, &stored, &pod, dry_run)? };
    // What the deletion is told is looked at where the pod is deleted, upstream.
    let mut delete = DeleteOptions::decoded(given)?;
    delete.dry_run = dry_run;
    if verdict == Verdict::IfUnchanged {
        delete.resource_version.get_or_insert_with(|| stored.resource_version().to_string());
    }
    mark_and_delete(view, call, &mut delete).await?;
    Ok(Outcome::created(Content::Status(Status::success(201, None))))
}

/// A pod is not evicted without being read.
fn refuse_unsafe(name: &str, given: &Value) -> Result<(), Status> {
    const OPTION: &str = "ignoreStoreReadErrorWithClusterBreakingPotential";
    if given[OPTION] != true {
        return Ok(());
    }
    let error =
        Error::invalid(&Path::new("deleteOptions").child(OPTION), true, "can not be set for pod eviction, try after removing the option");
    Err(field::invalid("policy", "Eviction", name, &[error]))
}

/// Whether the request or its body asks for a dry run.
fn dry_run(given: &Value, options: &WriteOptions) -> Result<bool, Status> {
    let asked: Vec<&str> = given["dryRun"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if options.dry_run && !asked.is_empty() && asked != ["All"] {
        let why = format!("Non-matching dry-run options in request and content: [All] and [{}]", asked.join(" "));
        return Err(Status::internal(why));
    }
    Ok(options.dry_run || !asked.is_empty())
}

/// C-09-11: such a pod is no loss to its budget.
fn ignores_budgets(pod: &Value) -> bool {
    matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed" | "Pending")) || !pod["metadata"]["deletionTimestamp"].is_null()
}

#[derive(PartialEq, Eq)]
enum Verdict {
    /// The pod may go.
    Granted,
    /// The pod may go if it is still unready, that is, unchanged (C-09-14).
    IfUnchanged,
}

/// C-09-12 to C-09-14.
fn check_budgets(view: &View, stored: &Object, pod: &Value, dry_run: bool) -> Result<Verdict, Status> {
    let namespace = &*stored.head().namespace;
    let cluster: &dyn Cluster = view;
    let matching: Vec<Arc<Object>> = cluster
        .list(BUDGETS, Some(namespace))
        .into_iter()
        .filter(|budget| {
            let selector = &budget.to_value()["spec"]["selector"];
            !selector.is_null() && LabelSelector::from_value(selector).is_ok_and(|s| s.matches(&stored.head().labels))
        })
        .collect();
    let budget = match matching.as_slice() {
        [] => return Ok(Verdict::Granted),
        [one] => one.to_value(),
        _ => {
            return Err(Status::unclassified(
                "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
            ));
        }
    };
    if !is_ready(pod) {
        let count = |key: &str| budget["status"][key].as_i64().unwrap_or(0);
        let healthy = count("currentHealthy") >= count("desiredHealthy") && count("desiredHealthy") > 0;
        if budget["spec"]["unhealthyPodEvictionPolicy"] == "AlwaysAllow" || healthy {
            return Ok(Verdict::IfUnchanged);
        }
    }
    let now = view.moment().text;
    let name = metadata::text(&budget, "name").to_owned();
    cluster.update(BUDGETS, namespace, &name, &|budget| {
        refuse_disruption(budget)?;
        if dry_run {
            return Ok(None);
        }
        let mut new = budget.clone();
        let status = &mut new["status"];
        status["disruptionsAllowed"] = (status["disruptionsAllowed"].as_i64().unwrap_or(0) - 1).into();
        if !status["disruptedPods"].is_object() {
            status["disruptedPods"] = json!({});
        }
        if status["disruptionsAllowed"] == 0 {
            tell_insufficient(status, &now);
        }
        status["disruptedPods"][&*stored.head().name] = now.as_str().into();
        Ok(Some(new))
    })?;
    Ok(Verdict::Granted)
}

/// The condition of a budget that allows no more disruptions.
fn tell_insufficient(status: &mut Value, now: &str) {
    const TYPE: &str = "DisruptionAllowed";
    let observed = status["observedGeneration"].clone();
    if !status["conditions"].is_array() {
        status["conditions"] = json!([]);
    }
    let Some(conditions) = status["conditions"].as_array_mut() else { return };
    let before = conditions.iter().find(|c| c["type"] == TYPE);
    let since = before.filter(|c| c["status"] == "False").map_or_else(|| now.into(), |c| c["lastTransitionTime"].clone());
    let condition = json!({
        "type": TYPE, "status": "False", "observedGeneration": observed, "lastTransitionTime": since,
        "reason": "InsufficientPods", "message": ""
    });
    match conditions.iter_mut().find(|c| c["type"] == TYPE) {
        Some(existing) => *existing = condition,
        None => conditions.push(condition),
    }
}

fn is_ready(pod: &Value) -> bool {
    pod["status"]["conditions"].as_array().into_iter().flatten().any(|c| c["type"] == "Ready" && c["status"] == "True")
}

/// Why a budget allows no disruption now.
fn refuse_disruption(budget: &Value) -> Result<(), Status> {
    let name = metadata::text(budget, "name");
    let status = &budget["status"];
    let count = |key: &str| status[key].as_i64().unwrap_or(0);
    let cause = |message: String| vec![StatusCause { reason: "DisruptionBudget".to_owned(), message, field: String::new() }];
    const WORDS: &str = "Cannot evict pod as it would violate the pod's disruption budget.";
    if count("observedGeneration") < budget["metadata"]["generation"].as_i64().unwrap_or(0) {
        let message = format!("The disruption budget {name} is still being processed by the server.");
        return Err(Status::too_many_requests(WORDS, 10).with_causes(cause(message)));
    }
    let gr = GroupResource::new("policy", "poddisruptionbudget");
    if count("disruptionsAllowed") < 0 {
        let message = format!("The disruption budget {name} does not allow evicting pods currently: pdb disruptions allowed is negative");
        return Err(Status::forbidden(&gr, name, "pdb disruptions allowed is negative").with_causes(cause(message)));
    }
    if status["disruptedPods"].as_object().is_some_and(|p| p.len() > DISRUPTED_PODS_MAX) {
        let message = format!(
            "The disruption budget {name} does not allow evicting pods currently: too many pending evictions not confirmed by PDB controller"
        );
        let why = "DisruptedPods map too big - too many evictions not confirmed by PDB controller";
        return Err(Status::forbidden(&gr, name, why).with_causes(cause(message)));
    }
    if count("disruptionsAllowed") > 0 {
        return Ok(());
    }
    let condition =
        status["conditions"].as_array().into_iter().flatten().find(|c| c["type"] == "DisruptionAllowed" && c["status"] == "False");
    let said = condition.map_or("", |c| c["message"].as_str().unwrap_or_default());
    let reason = condition.map_or("", |c| c["reason"].as_str().unwrap_or_default());
    let (desired, current) = (count("desiredHealthy"), count("currentHealthy"));
    let message = match (said, reason) {
        (said, "SyncFailed") if !said.is_empty() => {
            format!("The disruption budget {name} does not allow evicting pods currently because it failed sync: {said}")
        }
        _ if current <= desired => format!("The disruption budget {name} needs {desired} healthy pods and has {current} currently"),
        ("", _) => format!("The disruption budget {name} does not allow evicting pods currently"),
        (said, reason) => format!("The disruption budget {name} does not allow evicting pods currently ({reason}): {said}"),
    };
    Err(Status::too_many_requests(WORDS, 0).with_causes(cause(message)))
}

/// Gives the pod its DisruptionTarget condition.
struct Disrupt<'a> {
    options: &'a DeleteOptions,
    view: &'a View,
}

impl Edit for Disrupt<'_> {
    fn edit(&self, call: &mut Call, moment: &Moment, current: Option<&Value>) -> Result<Value, Status> {
        let stored = self.view.stored(call);
        let (Some(current), Some(stored)) = (current, stored) else {
            return Err(Status::not_found(&call.target.group_resource(), &call.target.name));
        };
        crate::delete::check_preconditions(call, &stored, self.options)?;
        let mut pod = current.clone();
        let generation = pod["metadata"]["generation"].clone();
        let conditions = &mut pod["status"]["conditions"];
        if !conditions.is_array() {
            *conditions = json!([]);
        }
        let Some(list) = conditions.as_array_mut() else { return Ok(pod) };
        let since = list.iter().find(|c| c["type"] == "DisruptionTarget" && c["status"] == "True").map(|c| c["lastTransitionTime"].clone());
        let mut condition = json!({
            "type": "DisruptionTarget", "status": "True", "lastProbeTime": null, "lastTransitionTime": since.unwrap_or_else(|| moment.text.as_str().into()),
            "reason": "EvictionByEvictionAPI", "message": "Eviction API: evicting"
        });
        if !generation.is_null() {
            condition["observedGeneration"] = generation;
        }
        match list.iter_mut().find(|c| c["type"] == "DisruptionTarget") {
            Some(existing) => *existing = condition,
            None => list.push(condition),
        }
        Ok(pod)
    }
}

async fn mark_and_delete(view: &View, call: &mut Call, delete: &mut DeleteOptions) -> Result<(), Status> {
    if !delete.dry_run {
        // The condition is status, which the object itself does not take.
        "status".clone_into(&mut call.target.subresource);
        let marked = view.change(call, &Disrupt { options: delete, view }, &WriteOptions::default()).await;
        call.target.subresource.clear();
        if let (Content::Stored(pod), Some(version)) = (marked?.content, delete.resource_version.as_mut()) {
            *version = pod.resource_version().to_string();
        }
    }
    view.delete_one(call, delete, Asked::Evicted).await.map(|_| ())
}

//! `/views/compare`: what a simulation asks of many forks at once.

use super::{ViewsApi, json_reply};
use crate::exchange::{Exchange, Reply};
use minkapi_object::Status;
use minkapi_view::{Amounts, NodeUse, Summary, View};
use serde_json::{Map, Value, json};
use std::{collections::BTreeMap, sync::Arc};

/// Summaries of the views that `names` lists, or of all forked from the one that `of` names (the base view by default),
/// each with what it has more or less than its parent; with `nodes=true` also by node.
pub(super) fn serve(api: &ViewsApi<'_>, exchange: &Exchange<'_>) -> Result<Reply, Status> {
    let by_node = exchange.query.flag("nodes").unwrap_or(false);
    let views: Vec<View> = match exchange.query.text("names") {
        "" => {
            let of = exchange.query.first("of").filter(|of| !of.is_empty());
            let parent = of.map_or_else(|| Ok(api.views.base()), |of| api.find(of))?;
            api.views.children_of(&parent)
        }
        names => names.split(',').filter(|n| !n.is_empty()).map(|name| api.find(name)).collect::<Result<_, _>>()?,
    };
    let mut parents: BTreeMap<String, Arc<Summary>> = BTreeMap::new();
    let mut of = |view: &View| {
        let name = api.views.public_name(view).to_owned();
        parents.entry(name).or_insert_with(|| Arc::new(view.summary())).clone()
    };
    let mut shown = Vec::with_capacity(views.len());
    for view in &views {
        let summary = view.summary();
        let mut entry = to_json(&summary, by_node);
        entry["name"] = api.views.public_name(view).into();
        entry["changes"] = summary.changes.into();
        if let Some(parent) = view.parent() {
            entry["parent"] = api.views.public_name(&parent).into();
            entry["againstParent"] = against(&summary, &of(&parent));
        }
        shown.push(entry);
    }
    let parents: Map<String, Value> = parents.iter().map(|(name, summary)| (name.clone(), to_json(summary, by_node))).collect();
    Ok(json_reply(exchange, 200, &json!({"views": shown, "parents": parents})))
}

fn to_json(summary: &Summary, by_node: bool) -> Value {
    let mut shown = json!({
        "nodes": summary.nodes,
        "nodesUsed": summary.nodes_used(),
        "bound": summary.bound,
        "pending": summary.pending,
        "requested": amounts(summary.requested),
        "allocatable": amounts(summary.allocatable),
    });
    if by_node {
        let node =
            |(name, used): (&Arc<str>, &NodeUse)| (name.to_string(), json!({"pods": used.pods, "requested": amounts(used.requested)}));
        shown["byNode"] = summary.by_node.iter().map(node).collect::<Map<_, _>>().into();
    }
    shown
}

fn amounts(amounts: Amounts) -> Value {
    json!({"cpuMillis": amounts.cpu_millis, "memoryBytes": amounts.memory_bytes, "gpus": amounts.gpus})
}

/// What a view has more (or, negative, less) than its parent.
fn against(own: &Summary, parent: &Summary) -> Value {
    let used = |summary: &Summary| i64::try_from(summary.nodes_used()).unwrap_or(i64::MAX);
    json!({
        "nodes": own.nodes - parent.nodes,
        "nodesUsed": used(own) - used(parent),
        "bound": own.bound - parent.bound,
        "pending": own.pending - parent.pending,
    })
}

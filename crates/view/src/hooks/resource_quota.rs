//! What quotas count follows from other objects, so that two sides' counts add up when a sandbox is committed.

use super::Hooks;
use minkapi_schema::quantity::{self, Quantity};
use serde_json::Value;

pub(super) struct ResourceQuotas;

impl Hooks for ResourceQuotas {
    fn reconciles(&self) -> bool {
        true
    }

    fn reconcile(&self, before: &mut Value, own: &mut Value, origin: &mut Value, theirs: &Value) -> Vec<(String, String)> {
        let used = theirs["status"]["used"].clone();
        let (Some(counted), hard) = (own["status"]["used"].as_object(), &theirs["spec"]["hard"]) else { return Vec::new() };
        let (mut sum, mut exceeded) = (used.clone(), Vec::new());
        for (resource, amount) in counted {
            let mut total = amount_of(Some(amount));
            total.sub(&amount_of(before["status"]["used"].get(resource)));
            let grows = total.cmp_i64(0).is_gt();
            total.add(&amount_of(used.get(resource)));
            if grows && hard.get(resource).is_some_and(|limit| total > amount_of(Some(limit))) {
                let limit = amount_of(hard.get(resource));
                exceeded.push((format!("status.used.{resource}"), format!("exceeded quota: used {total}, limited {limit}")));
            }
            sum[resource] = total.to_string().into();
        }
        own["status"]["used"] = sum;
        before["status"]["used"] = used.clone();
        origin["status"]["used"] = used;
        exceeded
    }
}

fn amount_of(value: Option<&Value>) -> Quantity {
    value.and_then(|amount| quantity::from_json(amount).ok()).unwrap_or(Quantity::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn counts_of_both_sides_add_up_as_far_as_the_quota_allows() {
        let quota = |used: &str| json!({"spec": {"hard": {"pods": "4"}}, "status": {"used": {"pods": used}}});
        let reconciled = |theirs: &str| {
            let (mut before, mut own, mut origin) = (quota("1"), quota("2"), quota("1"));
            let refused = ResourceQuotas.reconcile(&mut before, &mut own, &mut origin, &quota(theirs));
            (refused, [before, own, origin].map(|quota| quota["status"]["used"]["pods"].clone()))
        };
        assert_eq!(reconciled("3"), (Vec::new(), ["3", "4", "3"].map(Value::from)));
        assert_eq!(reconciled("4").0, [("status.used.pods".to_owned(), "exceeded quota: used 5, limited 4".to_owned())]);
    }
}

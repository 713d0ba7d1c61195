//! Lease: bounds of its numbers.

use crate::{
    Column, Context, Row, Strategy, Traits, table,
    update::restore,
    value::{at, int, text},
};
use minkapi_schema::field::{Error, ErrorList, Path};
use serde_json::Value;

/// Fields of coordinated leader election, which is off: dropped unless they are stored already.
const COORDINATED: [&[&str]; 2] = [&["spec", "strategy"], &["spec", "preferredHolder"]];

/// The strategy of Lease.
#[derive(Debug)]
pub struct Lease;

impl Strategy for Lease {
    fn traits(&self) -> Traits {
        Traits { stays_canonical: true, create_on_update: true, unconditional_update: false, checks_finalizers: false, ..Traits::DEFAULT }
    }

    fn prepare_for_create(&self, _: &Context<'_>, object: &mut Value) {
        COORDINATED.iter().for_each(|path| restore(object, &Value::Null, path));
    }

    fn validate(&self, _: &Context<'_>, object: &Value) -> ErrorList {
        let mut errors = ErrorList::new();
        let (spec, path) = (object.get("spec").unwrap_or(&Value::Null), Path::new("spec"));
        if let Some(seconds) = int(spec, "leaseDurationSeconds").filter(|n| *n <= 0) {
            errors.push(Error::invalid(&path.child("leaseDurationSeconds"), seconds, "must be greater than 0"));
        }
        if let Some(count) = int(spec, "leaseTransitions").filter(|n| *n < 0) {
            errors.push(Error::invalid(&path.child("leaseTransitions"), count, "must be greater than or equal to 0"));
        }
        if !text(spec, "preferredHolder").is_empty() && text(spec, "strategy").is_empty() {
            errors.push(Error::forbidden(&path.child("preferredHolder"), "may only be specified if `strategy` is defined"));
        }
        errors
    }

    fn prepare_for_update(&self, _: &Context<'_>, new: &mut Value, old: &Value) {
        COORDINATED.iter().filter(|path| at(old, path).is_none()).for_each(|path| restore(new, old, path));
    }

    fn validate_update(&self, cx: &Context<'_>, new: &Value, _: &Value) -> ErrorList {
        self.validate(cx, new)
    }

    fn columns(&self, _: &str) -> Option<&[Column]> {
        Some(COLUMNS)
    }

    fn row(&self, object: &Value, now_millis: i64, _: bool) -> Row {
        let holder = object.get("spec").map_or("", |spec| text(spec, "holderIdentity"));
        Row::of(vec![table::name(object), holder.into(), table::age(object, now_millis)])
    }
}

static COLUMNS: &[Column] = &[
    table::NAME,
    Column::new(
        "Holder",
        "string",
        "",
        0,
        "holderIdentity contains the identity of the holder of a current lease. If Coordinated Leader Election is used, the holder identity must be equal to the elected LeaseCandidate.metadata.name field.",
    ),
    table::AGE,
];

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_lease_lasts_and_counts_upwards() {
        let errors = Lease.validate(&Context::example(), &json!({"spec": {"leaseDurationSeconds": 0, "leaseTransitions": -1}}));
        assert_eq!(
            errors.iter().map(ToString::to_string).collect::<Vec<_>>(),
            [
                "spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0",
                "spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0"
            ]
        );
    }

    #[test]
    fn coordinated_election_is_off() {
        let mut object = json!({"spec": {"strategy": "OldestEmulationVersion", "holderIdentity": "a"}});
        Lease.prepare_for_create(&Context::example(), &mut object);
        assert_eq!(object, json!({"spec": {"holderIdentity": "a"}}));
    }
}

//! ServiceCIDR: ranges that the addresses of Services come from.

use crate::{
    Column, Context, Row, Strategy, Traits,
    object_meta::IMMUTABLE,
    table,
    value::{field, items, set},
};
use minkapi_schema::{
    field::{Error, ErrorList, Path, invalid_each},
    ip,
};
use serde_json::{Value, json};

/// The strategy of ServiceCIDR.
#[derive(Debug)]
pub struct ServiceCIDR;

impl Strategy for ServiceCIDR {
    fn traits(&self) -> Traits {
        Traits { reset_fields: &[("", &[&["status"]]), ("status", &[&["metadata"], &["spec"]])], ..Traits::DEFAULT }
    }

    fn prepare_for_create(&self, _: &Context<'_>, range: &mut Value) {
        set(range, "status", json!({}));
    }

    fn validate(&self, _: &Context<'_>, range: &Value) -> ErrorList {
        validate(range)
    }

    fn validate_update(&self, cx: &Context<'_>, new: &Value, old: &Value) -> ErrorList {
        if cx.subresource == "status" { ErrorList::new() } else { validate_update(new, old) }
    }

    fn columns(&self, _: &str) -> Option<&[Column]> {
        Some(COLUMNS)
    }

    fn row(&self, range: &Value, now_millis: i64, _: bool) -> Row {
        let cidrs = cidrs(range).iter().filter_map(Value::as_str).collect::<Vec<_>>().join(",");
        Row::of(vec![table::name(range), json!(cidrs), table::age(range, now_millis)])
    }
}

fn cidrs(range: &Value) -> &[Value] {
    field(range, "spec").map_or(&[], |spec| items(spec, "cidrs"))
}

fn validate(range: &Value) -> ErrorList {
    let mut errors = ErrorList::new();
    let spec = Path::new("spec");
    let (path, list) = (spec.child("cidrs"), cidrs(range));
    match list.len() {
        0 => errors.push(Error::required(&path, "at least one CIDR required")),
        1 | 2 => {
            let texts: Vec<&str> = list.iter().filter_map(Value::as_str).collect();
            for (i, cidr) in texts.iter().enumerate() {
                invalid_each(&mut errors, &path.index(i), cidr, ip::is_valid_cidr(cidr));
            }
            let families: Vec<bool> = texts.iter().filter_map(|c| ip::parse_cidr_sloppy(c)).map(|(ip, _)| ip.is_ipv4()).collect();
            if matches!(families.as_slice(), [a, b] if a == b) {
                let why = "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64";
                errors.push(Error::invalid(&path, list.to_vec(), why));
            }
        }
        _ => errors.push(Error::invalid(&path, json!({"CIDRs": list}), "may only hold up to 2 values")),
    }
    errors
}

/// The ranges stay; a second one of the other family may join.
fn validate_update(new: &Value, old: &Value) -> ErrorList {
    let mut errors = ErrorList::new();
    let spec = Path::new("spec");
    let path = spec.child("cidrs");
    let (after, before) = (cidrs(new), cidrs(old));
    if after.len() != before.len() && (before.len(), after.len()) != (1, 2) {
        errors.push(Error::invalid(&path, if after.is_empty() { Value::Null } else { after.to_vec().into() }, IMMUTABLE));
        return errors;
    }
    for (i, (now, _)) in after.iter().zip(before).enumerate().filter(|(_, (a, b))| a != b) {
        errors.push(Error::invalid(&path.index(i), now.clone(), IMMUTABLE));
    }
    if after.len() > before.len() {
        errors.extend(validate(new));
    }
    errors
}

static COLUMNS: &[Column] = &[
    table::NAME,
    Column::new(
        "CIDRs",
        "string",
        "",
        0,
        "cidrs defines the IP blocks in CIDR notation (e.g. \"192.168.0.0/24\" or \"2001:db8::/64\") from which to assign service cluster IPs. Max of two CIDRs is allowed, one of each IP family. This field is immutable.",
    ),
    table::AGE,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_of_the_other_family_may_join() {
        let range = |cidrs: &[&str]| json!({"spec": {"cidrs": cidrs}});
        assert!(validate_update(&range(&["10.0.0.0/24", "2001:db8::/64"]), &range(&["10.0.0.0/24"])).is_empty());
        assert_eq!(validate_update(&range(&["10.0.0.0/24", "10.0.1.0/24"]), &range(&["10.0.0.0/24"])).len(), 1);
        assert_eq!(validate_update(&range(&["10.0.1.0/24"]), &range(&["10.0.0.0/24"])).len(), 1);
    }
}

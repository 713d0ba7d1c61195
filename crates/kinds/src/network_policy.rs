//! NetworkPolicy: who may talk to which pods.

use crate::{
    Column, Context, Row, Strategy,
    label_selector::{self, ValuesOf},
    table, update,
    value::{field, int, items, items_mut, object_mut, set, set_default, text, text_if_set},
};
use minkapi_schema::{
    field::{Error, ErrorList, Path, invalid_each},
    ip, names,
};
use serde_json::{Value, json};

/// The strategy of NetworkPolicy.
#[derive(Debug)]
pub struct NetworkPolicy;

/// The two lists of rules, and where each has its peers.
const DIRECTIONS: &[(&str, &str)] = &[("ingress", "from"), ("egress", "to")];
const PROTOCOLS: &[&str] = &["TCP", "UDP", "SCTP"];
const POLICY_TYPES: &[&str] = &["Ingress", "Egress"];

impl Strategy for NetworkPolicy {
    fn default(&self, policy: &mut Value) {
        let Some(spec) = object_mut(policy, "spec") else { return };
        for (direction, _) in DIRECTIONS {
            for rule in items_mut(spec, direction) {
                for port in items_mut(rule, "ports") {
                    set_default(port, "protocol", "TCP");
                }
            }
        }
        if items(spec, "policyTypes").is_empty() {
            let types = if items(spec, "egress").is_empty() { json!(["Ingress"]) } else { json!(["Ingress", "Egress"]) };
            set(spec, "policyTypes", types);
        }
    }

    fn prepare_for_create(&self, _: &Context<'_>, policy: &mut Value) {
        set(&mut policy["metadata"], "generation", 1);
    }

    fn validate(&self, _: &Context<'_>, policy: &Value) -> ErrorList {
        validate(policy, None)
    }

    fn warnings_on_create(&self, _: &Context<'_>, policy: &Value) -> Vec<String> {
        let mut warnings = Vec::new();
        for (block, path) in blocks(policy) {
            warnings.extend(ip::warnings_for_cidr(&format!("{path}.cidr"), text(block, "cidr")));
            for (i, except) in items(block, "except").iter().filter_map(Value::as_str).enumerate() {
                warnings.extend(ip::warnings_for_cidr(&format!("{path}.except[{i}]"), except));
            }
        }
        warnings
    }

    fn prepare_for_update(&self, _: &Context<'_>, new: &mut Value, old: &Value) {
        update::raise_generation_if_changed(new, old, &["spec"]);
    }

    fn validate_update(&self, _: &Context<'_>, new: &Value, old: &Value) -> ErrorList {
        validate(new, Some(old))
    }

    fn warnings_on_update(&self, cx: &Context<'_>, new: &Value, _: &Value) -> Vec<String> {
        self.warnings_on_create(cx, new)
    }

    fn columns(&self, _: &str) -> Option<&[Column]> {
        Some(COLUMNS)
    }

    fn row(&self, policy: &Value, now_millis: i64, _: bool) -> Row {
        let selector = label_selector::format(field(spec(policy), "podSelector"));
        Row::of(vec![table::name(policy), json!(selector), table::age(policy, now_millis)])
    }
}

fn spec(policy: &Value) -> &Value {
    field(policy, "spec").unwrap_or(&Value::Null)
}

/// Every `ipBlock` with its path.
fn blocks(policy: &Value) -> impl Iterator<Item = (&Value, String)> {
    DIRECTIONS.iter().flat_map(move |(direction, peers)| {
        items(spec(policy), direction).iter().enumerate().flat_map(move |(i, rule)| {
            items(rule, peers)
                .iter()
                .enumerate()
                .filter_map(move |(j, peer)| field(peer, "ipBlock").map(|b| (b, format!("spec.{direction}[{i}].{peers}[{j}].ipBlock"))))
        })
    })
}

/// What the stored policy says already, and may go on saying.
struct Kept<'a> {
    values: ValuesOf,
    blocks: Vec<&'a str>,
}

impl<'a> Kept<'a> {
    fn of(old: Option<&'a Value>) -> Self {
        let Some(old) = old else { return Self { values: ValuesOf::All, blocks: Vec::new() } };
        let invalid = !label_selector::validate(field(spec(old), "podSelector"), &Path::ROOT).is_empty();
        let of_block = |(block, _): (&'a Value, String)| {
            std::iter::once(text(block, "cidr")).chain(items(block, "except").iter().filter_map(Value::as_str))
        };
        Self { values: if invalid { ValuesOf::None } else { ValuesOf::All }, blocks: blocks(old).flat_map(of_block).collect() }
    }
}

fn validate(policy: &Value, old: Option<&Value>) -> ErrorList {
    let (mut errors, mut declared) = (ErrorList::new(), ErrorList::new());
    let (spec, path, kept) = (spec(policy), Path::new("spec"), Kept::of(old));
    errors.extend(label_selector::validate_with(field(spec, "podSelector"), &path.child("podSelector"), kept.values));
    for (direction, peers) in DIRECTIONS {
        let path = path.child(direction);
        for (i, rule) in items(spec, direction).iter().enumerate() {
            let path = path.index(i);
            for (j, port) in items(rule, "ports").iter().enumerate() {
                validate_port(&mut errors, port, &path.child("ports").index(j));
            }
            for (j, peer) in items(rule, peers).iter().enumerate() {
                validate_peer(&mut errors, &mut declared, peer, &kept, &path.child(peers).index(j));
            }
        }
    }
    let types = items(spec, "policyTypes");
    let path = path.child("policyTypes");
    if types.len() > POLICY_TYPES.len() {
        errors.push(Error::invalid(&path, types.to_vec(), "may not specify more than two policyTypes"));
    } else {
        for (i, kind) in types.iter().filter_map(Value::as_str).enumerate().filter(|(_, t)| !POLICY_TYPES.contains(t)) {
            errors.push(Error::not_supported(&path.index(i), kind, POLICY_TYPES));
        }
    }
    errors.append(&mut declared);
    errors
}

fn validate_port(errors: &mut ErrorList, port: &Value, path: &Path<'_>) {
    if let Some(protocol) = text_if_set(port, "protocol").filter(|p| !PROTOCOLS.contains(p)) {
        errors.push(Error::not_supported(&path.child("protocol"), protocol, PROTOCOLS));
    }
    let (end, end_path) = (int(port, "endPort"), path.child("endPort"));
    let invalid_port = |errors: &mut ErrorList, path: &Path<'_>, number: i64| {
        errors.extend(names::is_valid_port_num(number).into_iter().map(|message| Error::invalid(path, number, message)));
    };
    match (field(port, "port"), end) {
        (Some(Value::Number(number)), end) => {
            let number = number.as_i64().unwrap_or_default();
            invalid_port(errors, &path.child("port"), number);
            if let Some(end) = end {
                if end < number {
                    errors.push(Error::invalid(&end_path, end, "must be greater than or equal to `port`"));
                }
                invalid_port(errors, &end_path, end);
            }
        }
        (Some(name), end) => {
            if let Some(end) = end {
                errors.push(Error::invalid(&end_path, end, "may not be specified when `port` is non-numeric"));
            }
            let name = name.as_str().unwrap_or_default();
            invalid_each(errors, &path.child("port"), name, names::is_valid_port_name(name));
        }
        (None, Some(end)) => errors.push(Error::invalid(&end_path, end, "may not be specified when `port` is not specified")),
        (None, None) => {}
    }
}

fn validate_peer(errors: &mut ErrorList, declared: &mut ErrorList, peer: &Value, kept: &Kept<'_>, path: &Path<'_>) {
    let mut count = 0;
    for selector in ["podSelector", "namespaceSelector"] {
        if let Some(value) = field(peer, selector) {
            count += 1;
            errors.extend(label_selector::validate_with(Some(value), &path.child(selector), kept.values));
        }
    }
    match (field(peer, "ipBlock"), count) {
        (None, 0) => errors.push(Error::required(path, "must specify a peer")),
        (None, _) => {}
        (Some(block), others) => {
            validate_block(errors, declared, block, kept, &path.child("ipBlock"));
            if others > 0 {
                errors.push(Error::forbidden(path, "may not specify both ipBlock and another peer"));
            }
        }
    }
}

fn validate_block(errors: &mut ErrorList, declared: &mut ErrorList, block: &Value, kept: &Kept<'_>, path: &Path<'_>) {
    let cidr = text(block, "cidr");
    if cidr.is_empty() {
        declared.push(Error::required(&path.child("cidr"), ""));
        return;
    }
    let mut check = |path: &Path<'_>, cidr: &str| {
        if !kept.blocks.contains(&cidr) {
            invalid_each(errors, path, cidr, ip::is_valid_cidr_for_legacy_field(cidr));
        }
        ip::parse_cidr_sloppy(cidr)
    };
    let Some((outer, outer_length)) = check(&path.child("cidr"), cidr) else { return };
    let mut outside = ErrorList::new();
    let excepts = path.child("except");
    for (i, except) in items(block, "except").iter().filter_map(Value::as_str).enumerate() {
        let path = excepts.index(i);
        let Some((inner, inner_length)) = check(&path, except) else { continue };
        let inner = ip::network(inner, inner_length);
        let contained = outer.is_ipv4() == inner.is_ipv4() && ip::network(inner, outer_length) == ip::network(outer, outer_length);
        if !contained || outer_length >= inner_length {
            outside.push(Error::invalid(&path, except, "must be a strict subset of `cidr`"));
        }
    }
    errors.append(&mut outside);
}

static COLUMNS: &[Column] = &[
    table::NAME,
    Column::new(
        "Pod-Selector",
        "string",
        "",
        0,
        "podSelector selects the pods to which this NetworkPolicy object applies. The array of rules is applied to any pods selected by this field. An empty selector matches all pods in the policy's namespace. Multiple network policies can select the same set of pods. In this case, the ingress rules for each are combined additively. This field is optional. If it is not specified, it defaults to an empty selector.",
    ),
    table::AGE,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::texts;

    #[test]
    fn egress_rules_imply_their_type() {
        let mut policy = json!({"spec": {"egress": [{"ports": [{"port": 80}]}]}});
        NetworkPolicy.default(&mut policy);
        assert_eq!(policy["spec"]["policyTypes"], json!(["Ingress", "Egress"]));
        assert_eq!(policy["spec"]["egress"][0]["ports"][0]["protocol"], "TCP");
    }

    #[test]
    fn exceptions_lie_inside_their_block() {
        let policy = |block: Value| json!({"spec": {"ingress": [{"from": [{"ipBlock": block}]}]}});
        assert!(validate(&policy(json!({"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]})), None).is_empty());
        assert_eq!(
            texts(&validate(&policy(json!({"cidr": "10.0.0.0/8", "except": ["10.0.0.0/8"]})), None)),
            ["spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: \"10.0.0.0/8\": must be a strict subset of `cidr`"]
        );
    }

    #[test]
    fn a_block_that_was_stored_may_stay() {
        let policy = json!({"spec": {"ingress": [{"from": [{"ipBlock": {"cidr": "010.0.0.0/8"}}]}]}});
        assert!(validate(&policy, Some(&policy)).is_empty());
        assert_eq!(validate(&policy, None).len(), 1);
    }
}

//! PriorityLevelConfiguration: how many requests of a level run at once.

use crate::{
    Column, Context, Row, Strategy, Traits,
    declarative::Findings,
    flow_mandatory,
    flow_schema::validate_status,
    table, update,
    value::{at, at_mut, field, int, set, set_default, set_default_nonzero, text},
};
use minkapi_schema::field::{Error, ErrorList, Path};
use serde_json::{Value, json};

/// The strategy of PriorityLevelConfiguration.
#[derive(Debug)]
pub struct PriorityLevelConfiguration;

const TYPES: &[&str] = &["Exempt", "Limited"];
const RESPONSES: &[&str] = &["Queue", "Reject"];
const PRESERVE_ZERO: &str = "flowcontrol.k8s.io/v1beta3-preserve-zero-concurrency-shares";
const MAX_QUEUES: i64 = 10_000_000;
/// Bits of the hash that deals hands of queues.
const MAX_HASH_BITS: i64 = 60;

impl Strategy for PriorityLevelConfiguration {
    fn traits(&self) -> Traits {
        Traits { reset_fields: &[("", &[&["status"]]), ("status", &[&["spec"], &["metadata"]])], ..Traits::DEFAULT }
    }

    fn default(&self, level: &mut Value) {
        if let Some(exempt) = at_mut(level, &["spec", "exempt"]) {
            set_default(exempt, "nominalConcurrencyShares", 0);
            set_default(exempt, "lendablePercent", 0);
        }
        let Some(limited) = at_mut(level, &["spec", "limited"]) else { return };
        set_default(limited, "nominalConcurrencyShares", 30);
        set_default(limited, "lendablePercent", 0);
        if let Some(queuing) = at_mut(limited, &["limitResponse", "queuing"]) {
            for (key, default) in [("handSize", 8), ("queues", 64), ("queueLengthLimit", 50)] {
                set_default_nonzero(queuing, key, default);
            }
        }
    }

    fn prepare_for_create(&self, _: &Context<'_>, level: &mut Value) {
        set(level, "status", json!({}));
        set(&mut level["metadata"], "generation", 1);
    }

    fn validate(&self, _: &Context<'_>, level: &Value) -> ErrorList {
        validate(level)
    }

    fn prepare_for_update(&self, cx: &Context<'_>, new: &mut Value, old: &Value) {
        update::keep_other_side(self.traits(), cx.subresource, new, old);
        if cx.subresource.is_empty() {
            update::raise_generation_if_changed(new, old, &["spec"]);
        }
    }

    fn validate_update(&self, cx: &Context<'_>, new: &Value, _: &Value) -> ErrorList {
        if cx.subresource == "status" { validate_status(new) } else { validate(new) }
    }

    fn columns(&self, _: &str) -> Option<&[Column]> {
        Some(COLUMNS)
    }

    fn row(&self, level: &Value, now_millis: i64, _: bool) -> Row {
        let limited = at(level, &["spec", "limited"]);
        let queuing = limited.and_then(|l| at(l, &["limitResponse", "queuing"]));
        let number = |holder: Option<&Value>, key: &str| match holder {
            Some(holder) => json!(int(holder, key).unwrap_or_default()),
            None => json!(table::NONE),
        };
        Row::of(vec![
            table::name(level),
            json!(field(level, "spec").map_or("", |s| text(s, "type"))),
            number(limited, "nominalConcurrencyShares"),
            number(queuing, "queues"),
            number(queuing, "handSize"),
            number(queuing, "queueLengthLimit"),
            table::age(level, now_millis),
        ])
    }
}

fn validate(level: &Value) -> ErrorList {
    let mut found = Findings::default();
    let metadata = Path::new("metadata");
    let meta = field(level, "metadata").unwrap_or(&Value::Null);
    if field(meta, "annotations").is_some_and(|a| a.get(PRESERVE_ZERO).is_some()) {
        let why = format!("annotation '{PRESERVE_ZERO}' is forbidden");
        found.errors.push(Error::forbidden(&metadata.child("annotations"), why));
    }
    let (spec, path) = (field(level, "spec").unwrap_or(&Value::Null), Path::new("spec"));
    let kind = text(spec, "type");
    if (text(meta, "name") == "exempt") != (kind == "Exempt") {
        let why = "must be 'Exempt' if and only if `name` is 'exempt'";
        found.errors.push(Error::invalid(&path.child("type"), kind, why));
    }
    let (exempt, limited) = (field(spec, "exempt"), field(spec, "limited"));
    if exempt.is_some() && kind != "Exempt" {
        found.declared.push(Error::forbidden(&path.child("exempt"), ""));
    }
    // Of what should not be there, what is declared on its types is told nevertheless.
    let mut unasked = Findings::default();
    match (kind, limited) {
        ("Limited", None) => found.declared.push(Error::required(&path.child("limited"), "")),
        ("Limited", Some(limited)) => validate_limited(&mut found, limited, &path.child("limited")),
        (_, Some(limited)) => {
            found.declared.push(Error::forbidden(&path.child("limited"), ""));
            validate_limited(&mut unasked, limited, &path.child("limited"));
        }
        (_, None) => {}
    }
    match kind {
        "" => found.declared.push(Error::required(&path.child("type"), "")),
        "Exempt" => {
            if let Some(exempt) = exempt {
                validate_shares(&mut found.errors, exempt, &path.child("exempt"));
                validate_percent(&mut found.errors, exempt, &path.child("exempt"));
            }
        }
        unknown if !TYPES.contains(&unknown) => found.errors.push(Error::not_supported(&path.child("type"), unknown, TYPES)),
        _ => {}
    }
    found.declared.extend(unasked.declared);
    found.errors.extend(flow_mandatory::priority_level_error(text(meta, "name"), spec, &path));
    found.errors.extend(validate_status(level));
    found.into_list()
}

fn validate_shares(errors: &mut ErrorList, holder: &Value, path: &Path<'_>) {
    let key = "nominalConcurrencyShares";
    if let Some(shares) = int(holder, key).filter(|s| *s < 0) {
        errors.push(Error::invalid(&path.child(key), shares, "must be a non-negative integer"));
    }
}

fn validate_percent(errors: &mut ErrorList, holder: &Value, path: &Path<'_>) {
    if let Some(percent) = int(holder, "lendablePercent").filter(|p| !(0..=100).contains(p)) {
        errors.push(Error::invalid(&path.child("lendablePercent"), percent, "must be between 0 and 100, inclusive"));
    }
}

fn validate_limited(found: &mut Findings, limited: &Value, path: &Path<'_>) {
    validate_shares(&mut found.errors, limited, path);
    let (response, response_path) = (field(limited, "limitResponse").unwrap_or(&Value::Null), path.child("limitResponse"));
    let queuing_path = response_path.child("queuing");
    let kind = text(response, "type");
    match (kind, field(response, "queuing")) {
        ("Queue", None) => found.declared.push(Error::required(&queuing_path, "")),
        ("Queue", Some(queuing)) => validate_queuing(&mut found.errors, queuing, &queuing_path),
        (_, Some(_)) => found.declared.push(Error::forbidden(&queuing_path, "")),
        (_, None) => {}
    }
    if kind.is_empty() {
        found.declared.push(Error::required(&response_path.child("type"), ""));
    } else if !RESPONSES.contains(&kind) {
        found.errors.push(Error::not_supported(&response_path.child("type"), kind, RESPONSES));
    }
    validate_percent(&mut found.errors, limited, path);
    if let Some(percent) = int(limited, "borrowingLimitPercent").filter(|p| *p < 0) {
        let why = "if specified, must be a non-negative integer";
        found.errors.push(Error::invalid(&path.child("borrowingLimitPercent"), percent, why));
    }
}

fn validate_queuing(errors: &mut ErrorList, queuing: &Value, path: &Path<'_>) {
    let number = |key| int(queuing, key).unwrap_or_default();
    let (limit, queues, hand) = (number("queueLengthLimit"), number("queues"), number("handSize"));
    let mut tell = |key: &str, value: i64, why: String| errors.push(Error::invalid(&path.child(key), value, why));
    if limit <= 0 {
        tell("queueLengthLimit", limit, "must be positive".to_owned());
    }
    if queues <= 0 {
        tell("queues", queues, "must be positive".to_owned());
    } else if queues > MAX_QUEUES {
        tell("queues", queues, format!("must not be greater than {MAX_QUEUES}"));
    }
    if hand <= 0 {
        tell("handSize", hand, "must be positive".to_owned());
    } else if hand > queues {
        tell("handSize", hand, format!("should not be greater than queues ({queues})"));
    } else if entropy_bits(queues, hand) > MAX_HASH_BITS {
        let why = format!("required entropy bits of deckSize {queues} and handSize {hand} should not be greater than {MAX_HASH_BITS}");
        tell("handSize", hand, why);
    }
}

/// Bits that dealing a hand of so many queues takes.
#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "both numbers are at most 10^7 here")]
fn entropy_bits(queues: i64, hand: i64) -> i64 {
    ((queues as f64).log2() * hand as f64).ceil() as i64
}

static COLUMNS: &[Column] = &[
    table::NAME,
    Column::new(
        "Type",
        "string",
        "",
        0,
        "`type` indicates whether this priority level is subject to limitation on request execution.  A value of `\"Exempt\"` means that requests of this priority level are not subject to a limit (and thus are never queued) and do not detract from the capacity made available to other priority levels.  A value of `\"Limited\"` means that (a) requests of this priority level _are_ subject to limits and (b) some of the server's limited capacity is made available exclusively to this priority level. Required.",
    ),
    Column::new(
        "NominalConcurrencyShares",
        "string",
        "",
        0,
        "`nominalConcurrencyShares` (NCS) contributes to the computation of the NominalConcurrencyLimit (NominalCL) of this level. This is the number of execution seats available at this priority level. This is used both for requests dispatched from this priority level as well as requests dispatched from other priority levels borrowing seats from this level. The server's concurrency limit (ServerCL) is divided among the Limited priority levels in proportion to their NCS values:\n\nNominalCL(i)  = ceil( ServerCL * NCS(i) / sum_ncs ) sum_ncs = sum[priority level k] NCS(k)\n\nBigger numbers mean a larger nominal concurrency limit, at the expense of every other priority level.\n\nIf not specified, this field defaults to a value of 30.\n\nSetting this field to zero supports the construction of a \"jail\" for this priority level that is used to hold some request(s)",
    ),
    Column::new(
        "Queues",
        "string",
        "",
        0,
        "`queues` is the number of queues for this priority level. The queues exist independently at each apiserver. The value must be positive.  Setting it to 1 effectively precludes shufflesharding and thus makes the distinguisher method of associated flow schemas irrelevant.  This field has a default value of 64.",
    ),
    Column::new(
        "HandSize",
        "string",
        "",
        0,
        "`handSize` is a small positive number that configures the shuffle sharding of requests into queues.  When enqueuing a request at this priority level the request's flow identifier (a string pair) is hashed and the hash value is used to shuffle the list of queues and deal a hand of the size specified here.  The request is put into one of the shortest queues in that hand. `handSize` must be no larger than `queues`, and should be significantly smaller (so that a few heavy flows do not saturate most of the queues).  See the user-facing documentation for more extensive guidance on setting this field.  This field has a default value of 8.",
    ),
    Column::new(
        "QueueLengthLimit",
        "string",
        "",
        0,
        "`queueLengthLimit` is the maximum number of requests allowed to be waiting in a given queue of this priority level at a time; excess requests are rejected.  This value must be positive.  If not specified, it will be defaulted to 50.",
    ),
    table::AGE,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::texts;

    fn check(spec: Value) -> Vec<String> {
        let mut level = json!({"metadata": {"name": "a"}, "spec": spec});
        PriorityLevelConfiguration.default(&mut level);
        texts(&validate(&level))
    }

    #[test]
    fn a_level_has_the_member_of_its_type() {
        assert_eq!(
            check(json!({"type": "", "exempt": {}, "limited": {}})),
            [
                "spec.exempt: Forbidden",
                "spec.limited: Forbidden",
                "spec.type: Required value",
                "spec.limited.limitResponse.type: Required value",
            ]
        );
        assert_eq!(
            check(json!({"type": "Limited", "limited": {"limitResponse": {"type": "Queue"}}, "exempt": {}})),
            ["spec.exempt: Forbidden", "spec.limited.limitResponse.queuing: Required value"]
        );
    }

    #[test]
    fn a_hand_takes_no_more_bits_than_the_hash_has() {
        let limited = json!({"limitResponse": {"type": "Queue", "queuing": {"queues": 64, "handSize": 11}}});
        assert_eq!(
            check(json!({"type": "Limited", "limited": limited})),
            [
                "spec.limited.limitResponse.queuing.handSize: Invalid value: 11: required entropy bits of deckSize 64 and handSize 11 should not be greater than 60"
            ]
        );
    }
}

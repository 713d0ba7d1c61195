//! TokenRequest: a token for a service account. It is made elsewhere.

use crate::{
    Context, NameRule, Strategy, Traits,
    value::{entries, field, int, items, map, object_mut, set_default, text},
};
use minkapi_schema::{
    field::{Error, ErrorList, Path},
    names,
};
use serde_json::Value;

/// The strategy of TokenRequest.
#[derive(Debug)]
pub struct TokenRequest;

const HOUR: i64 = 3600;
const MIN_SECONDS: i64 = 600;
const ADMISSION_GROUPS: &str = "admissionReviewAPIGroups";

impl Strategy for TokenRequest {
    fn traits(&self) -> Traits {
        Traits { name: NameRule::PathSegment, ..Traits::DEFAULT }
    }

    fn default(&self, request: &mut Value) {
        if let Some(spec) = object_mut(request, "spec") {
            set_default(spec, "expirationSeconds", HOUR);
        }
    }

    fn validate(&self, _: &Context<'_>, request: &Value) -> ErrorList {
        let mut errors = ErrorList::new();
        let (spec, path) = (field(request, "spec").unwrap_or(&Value::Null), Path::new("spec"));
        let seconds = int(spec, "expirationSeconds").unwrap_or_default();
        let mut tell = |why| errors.push(Error::invalid(&path.child("expirationSeconds"), seconds, why));
        if seconds < MIN_SECONDS {
            tell("may not specify a duration less than 10 minutes");
        }
        if seconds > 1 << 32 {
            tell("may not specify a duration larger than 2^32 seconds");
        }
        let attestations = map(spec, "attestations").is_some_and(|a| !a.is_empty());
        if is_for_webhook(spec) {
            let audiences = items(spec, "audiences");
            if audiences.len() != 1 {
                errors.push(Error::invalid(
                    &path.child("audiences"),
                    audiences.to_vec(),
                    "must be length 1 when bound to a webhook config",
                ));
            }
            validate_attestations(&mut errors, spec, &path.child("attestations"));
        } else if attestations {
            let value = spec.get("attestations").cloned().unwrap_or_default();
            let why = "attestations may only be specified with a webhook bound object reference";
            return vec![Error::invalid(&path.child("attestations"), value, why)];
        }
        errors
    }
}

fn is_for_webhook(spec: &Value) -> bool {
    field(spec, "boundObjectRef").is_some_and(|r| {
        matches!(text(r, "kind"), "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration")
            && text(r, "apiVersion") == "admissionregistration.k8s.io/v1"
    })
}

fn validate_attestations(errors: &mut ErrorList, spec: &Value, path: &Path<'_>) {
    let mut all = entries(spec, "attestations");
    let (Some((key, _)), None) = (all.next(), all.next()) else {
        let value = spec.get("attestations").cloned().unwrap_or_default();
        let why = "webhook bound requests require exactly one admissionReviewAPIGroups attestation";
        errors.push(Error::invalid(path, value, why));
        return;
    };
    let path = path.key(key);
    if key != ADMISSION_GROUPS {
        errors.push(Error::not_supported(&path, key, &[ADMISSION_GROUPS]));
        return;
    }
    let values = field(spec, "attestations").map_or(&[][..], |a| items(a, key));
    let [group] = values else {
        errors.push(Error::invalid(&path, values.to_vec(), "must specify a single value"));
        return;
    };
    match group.as_str().unwrap_or_default() {
        "" => errors.push(Error::invalid(&path.index(0), "", "may not be an empty string")),
        "*" => {}
        group => errors.extend(
            names::is_dns1123_subdomain(group)
                .into_iter()
                .map(|why| Error::invalid(&path.index(0), group, format!("must specify a valid API Group: {why}"))),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::texts;
    use serde_json::json;

    #[test]
    fn a_token_lasts_an_hour_by_default_and_ten_minutes_at_least() {
        let mut request = json!({"spec": {"audiences": ["a"]}});
        TokenRequest.default(&mut request);
        assert_eq!(request["spec"]["expirationSeconds"], 3600);
        assert_eq!(
            texts(&TokenRequest.validate(&Context::example(), &json!({"spec": {"expirationSeconds": 60}}))),
            ["spec.expirationSeconds: Invalid value: 60: may not specify a duration less than 10 minutes"]
        );
    }
}

//! `AdmissionReview`: what is asked and answered.

use crate::{
    Attributes,
    extension::{admission_request, list, text},
};
use minkapi_object::{Status, StatusDetails, StatusReason};
use minkapi_registry::Resource;
use minkapi_schema::base64;
use serde_json::{Value, json};

/// The version of the review that a webhook understands.
pub(super) fn version(webhook: &Value) -> Option<&str> {
    list(webhook, "admissionReviewVersions").iter().filter_map(Value::as_str).find(|version| matches!(*version, "v1" | "v1beta1"))
}

/// The question. `object` and `old` are in the version of `matched`.
pub(super) fn question(version: &str, uid: &str, attributes: &Attributes<'_>, matched: &Resource, object: &Value, old: &Value) -> Value {
    let mut request = admission_request(attributes, matched);
    request["uid"] = uid.into();
    request["object"] = object.clone();
    request["oldObject"] = old.clone();
    json!({"kind": "AdmissionReview", "apiVersion": format!("admission.k8s.io/{version}"), "request": request})
}

/// Decodes an answer of a version.
///
/// # Errors
/// Why it is no review, in the words of upstream's decoders.
pub(super) fn decode(body: &[u8], version: &str) -> Result<Value, String> {
    const KNOWN: [&str; 2] = ["admission.k8s.io/v1", "admission.k8s.io/v1beta1"];
    let review = minkapi_schema::decode::decode_untyped(body).map_err(|err| err.to_string())?.value;
    let (api_version, kind) = (text(&review, "apiVersion"), text(&review, "kind"));
    if !kind.is_empty() && !api_version.is_empty() {
        if kind != "AdmissionReview" || !KNOWN.contains(&api_version) {
            return Err(format!("no kind \"{kind}\" is registered for version \"{api_version}\" in scheme \"pkg/runtime/scheme.go:111\""));
        }
        let given = api_version.rsplit('/').next().unwrap_or_default();
        if given != version {
            return Err(format!("converting ({given}.AdmissionReview) to ({version}.AdmissionReview): unknown conversion"));
        }
    }
    base64::decode(text(&review["response"], "patch"))?;
    Ok(review)
}

/// A valid answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub allowed: bool,
    pub warnings: Vec<String>,
    /// The JSON patch, as text.
    pub patch: Vec<u8>,
    result: Value,
}

impl Answer {
    /// Reads an answer; the error says what is wrong with it.
    pub fn read(review: &Value, version: &str, uid: &str, mutating: bool) -> Result<Self, String> {
        let response = &review["response"];
        if !response.is_object() {
            return Err("webhook response was absent".to_owned());
        }
        let patch = base64::decode(text(response, "patch"))?;
        if version == "v1" {
            check_v1(review, uid, mutating, !patch.is_empty())?;
        }
        Ok(Self {
            allowed: response["allowed"] == true,
            warnings: list(response, "warnings").iter().filter_map(|w| w.as_str().map(str::to_owned)).collect(),
            patch: if mutating { patch } else { Vec::new() },
            result: response["status"].clone(),
        })
    }

    /// The refusal that this is.
    pub fn refusal(&self, webhook: &str) -> Status {
        let denied = format!("admission webhook \"{webhook}\" denied the request");
        let reason: StatusReason = serde_json::from_value(self.result["reason"].clone()).unwrap_or_default();
        let (message, reason_text) = (text(&self.result, "message"), text(&self.result, "reason"));
        let message = match (message, reason_text) {
            ("", "") => format!("{denied} without explanation"),
            ("", reason) => format!("{denied}: {reason}"),
            (message, _) => format!("{denied}: {message}"),
        };
        let code = self.result["code"].as_u64().and_then(|code| u16::try_from(code).ok()).filter(|code| *code >= 400).unwrap_or(400);
        let mut status = Status::failure(code, reason, message);
        status.details = serde_json::from_value::<StatusDetails>(self.result["details"].clone()).ok();
        status
    }
}

fn check_v1(review: &Value, uid: &str, mutating: bool, has_patch: bool) -> Result<(), String> {
    let response = &review["response"];
    let given = text(response, "uid");
    if given != uid {
        return Err(format!("expected response.uid={uid:?}, got {given:?}"));
    }
    let (api_version, kind) = (text(review, "apiVersion"), text(review, "kind"));
    if (api_version, kind) != ("admission.k8s.io/v1", "AdmissionReview") {
        let shown = if api_version.contains('/') { api_version.to_owned() } else { format!("/{api_version}") };
        return Err(format!("expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got {shown}, Kind={kind}"));
    }
    let has_type = !response["patchType"].is_null();
    match (mutating, has_patch, has_type) {
        (true, true, false) => Err("webhook returned response.patch but not response.patchType".to_owned()),
        (true, false, true) => Err("webhook returned response.patchType but not response.patch".to_owned()),
        (false, true, _) => Err("validating webhook may not return response.patch".to_owned()),
        (false, _, true) => Err("validating webhook may not return response.patchType".to_owned()),
        _ if has_type && text(response, "patchType").is_empty() => Err("webhook returned invalid response.patchType of \"\"".to_owned()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_that_are_no_reviews_are_told_as_upstreams_decoders_tell_them() {
        let told = |body: &str| decode(body.as_bytes(), "v1").unwrap_err();
        assert_eq!(
            told("{nope"),
            "couldn't get version/kind; json parse error: invalid character 'n' looking for beginning of object key string"
        );
        assert_eq!(
            told(r#"{"apiVersion": "admission.k8s.io/v1", "kind": "Foo"}"#),
            "no kind \"Foo\" is registered for version \"admission.k8s.io/v1\" in scheme \"pkg/runtime/scheme.go:111\""
        );
        assert_eq!(
            told(r#"{"apiVersion": "admission.k8s.io/v1beta1", "kind": "AdmissionReview"}"#),
            "converting (v1beta1.AdmissionReview) to (v1.AdmissionReview): unknown conversion"
        );
        let patch = r#"{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": {"patch": "%%%"}}"#;
        assert_eq!(told(patch), "illegal base64 data at input byte 0");
    }
}

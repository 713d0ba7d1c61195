//! Groups that belong to the Kubernetes community need an annotation (C-10-02).

use crate::value;
use minkapi_schema::field::{Error, Path, quoted};
use serde_json::Value;

/// The annotation that tells of an approval.
const ANNOTATION: &str = "api-approved.kubernetes.io";

/// Whether and how a definition of a protected group was approved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Approval {
    /// The annotation is neither a URL nor `unapproved...`.
    Invalid,
    /// A URL.
    Approved,
    /// `unapproved...`.
    Bypassed,
    /// No annotation.
    Missing,
}

/// The approval of a definition and the words for it; None for groups that are not protected.
pub fn of(definition: &Value) -> Option<(Approval, String)> {
    let group = definition.get("spec").map_or("", |spec| value::text(spec, "group"));
    let protected = ["k8s.io", "kubernetes.io"].iter().any(|g| group == *g || group.strip_suffix(g).is_some_and(|p| p.ends_with('.')));
    if !protected {
        return None;
    }
    let annotation = annotation(definition);
    let key = quoted(ANNOTATION);
    let see = "see https://github.com/kubernetes/enhancements/pull/1111";
    Some(match annotation {
        "" => (Approval::Missing, format!("protected groups must have approval annotation {key}, {see}")),
        a if a.starts_with("unapproved") => (Approval::Bypassed, format!("not approved: {}", quoted(a))),
        a if is_url(a) => (Approval::Approved, format!("approved in {a}")),
        _ => {
            let what = "with either a URL or a reason starting with \"unapproved\"";
            (Approval::Invalid, format!("protected groups must have approval annotation {key} {what}, {see}"))
        }
    })
}

/// The error of a definition of a protected group without approval, unless it was so before.
pub fn validate(new: &Value, old: Option<&Value>) -> Option<Error> {
    let (approval, reason) = of(new)?;
    if old.and_then(of).is_some_and(|(before, _)| before == approval) {
        return None;
    }
    let metadata = Path::new("metadata");
    let annotations = metadata.child("annotations");
    let path = annotations.key(ANNOTATION);
    match approval {
        Approval::Invalid => Some(Error::invalid(&path, annotation(new), reason)),
        Approval::Missing => Some(Error::required(&path, reason)),
        Approval::Approved | Approval::Bypassed => None,
    }
}

fn annotation(definition: &Value) -> &str {
    value::at(definition, &["metadata", "annotations"]).map_or("", |a| value::text(a, ANNOTATION))
}

/// A URL with a scheme and a host.
fn is_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let host = rest.split(['/', '?']).next().unwrap_or_default();
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
        && !host.is_empty()
        && !text.bytes().any(|b| b < 0x20 || b == 0x7f)
        && !host.contains(' ')
}

//! Formats that have names: `format.dns1123Label().validate(text)`.

use crate::{url, value::Val};
use kube_cel::cel::{Value as Cel, objects::Opaque};
use minkapi_schema::{names, structural::is_of_format};
use std::sync::Arc;

type Check = fn(&str) -> Vec<String>;

/// A format: its name, what it says of a text, and how long upstream takes its pattern to be.
#[derive(Debug, PartialEq, Eq)]
struct NamedFormat(&'static str);

impl Opaque for NamedFormat {
    fn runtime_type_name(&self) -> &'static str {
        "kubernetes.NamedFormat"
    }
}

const FORMATS: [(&str, u64, Check); 13] = [
    ("dns1123Label", 30, |text| names::is_dns1123_label(text)),
    ("dns1123Subdomain", 60, |text| names::is_dns1123_subdomain(text)),
    ("dns1035Label", 30, |text| names::is_dns1035_label(text)),
    ("qualifiedName", 60, |text| names::is_qualified_name(text)),
    ("dns1123LabelPrefix", 30, |text| names::is_dns1123_label(&names::mask_trailing_dash(text))),
    ("dns1123SubdomainPrefix", 60, |text| names::is_dns1123_subdomain(&names::mask_trailing_dash(text))),
    ("dns1035LabelPrefix", 30, |text| names::is_dns1035_label(&names::mask_trailing_dash(text))),
    ("labelValue", 40, |text| names::is_valid_label_value(text)),
    ("uri", 1103, |text| url::problem_of(text).into_iter().collect()),
    ("uuid", 70, |text| unless(is_of(text, "uuid"), "does not match the UUID format")),
    ("byte", 84, |text| unless(is_of(text, "byte"), "invalid base64")),
    ("date", 71, |text| unless(is_of(text, "date"), "invalid date")),
    ("datetime", 71, |text| unless(is_of(text, "datetime"), "invalid datetime")),
];

fn is_of(text: &str, format: &str) -> bool {
    is_of_format(text, format) != Some(false)
}

fn unless(holds: bool, why: &str) -> Vec<String> {
    if holds { Vec::new() } else { vec![why.to_owned()] }
}

/// The format of a name.
pub fn named<'v>(name: &str) -> Option<Val<'v>> {
    let (name, ..) = FORMATS.iter().find(|(of, ..)| *of == name)?;
    Some(Val::Other(Cel::Opaque(Arc::new(NamedFormat(name)))))
}

fn row(format: &Val<'_>) -> Option<&'static (&'static str, u64, Check)> {
    let Val::Other(Cel::Opaque(of)) = format else { return None };
    let NamedFormat(name) = of.downcast_ref()?;
    FORMATS.iter().find(|(of, ..)| of == name)
}

/// What a format says of a text: a list, if anything. None for what is no format.
pub fn validate<'v>(format: &Val<'v>, text: &str) -> Option<Val<'v>> {
    let (_, _, check) = row(format)?;
    let problems: Vec<Val<'v>> = check(text).into_iter().map(Val::text).collect();
    Some(Val::Optional((!problems.is_empty()).then(|| Arc::new(Val::list(problems)))))
}

/// How long upstream takes the pattern of a format to be.
pub fn pattern_size(format: &Val<'_>) -> u64 {
    row(format).map_or(1, |(_, size, _)| *size)
}

//! What the functions of Kubernetes' CEL environment can be called on and with.

use crate::types::Type;

/// Functions with their overloads, as cel-go prints them: `string.(string)` is a method of text. Functions that are not here
/// take whatever they are given.
const OVERLOADS: &[(&str, &[&str])] = &[
    ("size", &["(string)", "(bytes)", "(list)", "(map)", "string.()", "bytes.()", "list.()", "map.()"]),
    ("startsWith", &["string.(string)"]),
    ("endsWith", &["string.(string)"]),
    ("contains", &["string.(string)"]),
    ("matches", &["string.(string)", "(string, string)"]),
    ("charAt", &["string.(int)"]),
    ("indexOf", &["string.(string)", "string.(string, int)", "list.(dyn)"]),
    ("lastIndexOf", &["string.(string)", "string.(string, int)", "list.(dyn)"]),
    ("join", &["list(string).()", "list(string).(string)"]),
    ("lowerAscii", &["string.()"]),
    ("upperAscii", &["string.()"]),
    ("replace", &["string.(string, string)", "string.(string, string, int)"]),
    ("split", &["string.(string)", "string.(string, int)"]),
    ("substring", &["string.(int)", "string.(int, int)"]),
    ("trim", &["string.()"]),
    ("quote", &["(string)"]),
    ("format", &["string.(list)"]),
    ("find", &["string.(string)"]),
    ("findAll", &["string.(string)", "string.(string, int)"]),
    ("isSorted", &["list(comparable).()"]),
    ("sum", &["list(number).()"]),
    ("min", &["list(comparable).()"]),
    ("max", &["list(comparable).()"]),
    ("slice", &["list.(int, int)"]),
    ("flatten", &["list.()", "list.(int)"]),
    ("sort", &["list(comparable).()"]),
    ("distinct", &["list.()"]),
    ("reverse", &["list.()"]),
    ("first", &["list.()"]),
    ("last", &["list.()"]),
    ("hasValue", &["optional_type.()"]),
    ("value", &["optional_type.()"]),
    ("orValue", &["optional_type.(dyn)"]),
    ("or", &["optional_type.(optional_type)"]),
    ("int", &["(int)", "(double)", "(duration)", "(string)", "(timestamp)", "(uint)"]),
    ("uint", &["(uint)", "(double)", "(int)", "(string)"]),
    ("double", &["(double)", "(int)", "(string)", "(uint)"]),
    ("bool", &["(bool)", "(string)"]),
    ("bytes", &["(bytes)", "(string)"]),
    (
        "string",
        &["(string)", "(bool)", "(bytes)", "(double)", "(duration)", "(int)", "(timestamp)", "(uint)", "(null)", "(net.IP)", "(net.CIDR)"],
    ),
    ("duration", &["(duration)", "(int)", "(string)"]),
    ("timestamp", &["(timestamp)", "(int)", "(string)"]),
    ("getFullYear", &["timestamp.()", "timestamp.(string)"]),
    ("getMonth", &["timestamp.()", "timestamp.(string)"]),
    ("getDate", &["timestamp.()", "timestamp.(string)"]),
    ("getDayOfMonth", &["timestamp.()", "timestamp.(string)"]),
    ("getDayOfWeek", &["timestamp.()", "timestamp.(string)"]),
    ("getDayOfYear", &["timestamp.()", "timestamp.(string)"]),
    ("getHours", &["timestamp.()", "timestamp.(string)", "duration.()"]),
    ("getMinutes", &["timestamp.()", "timestamp.(string)", "duration.()"]),
    ("getSeconds", &["timestamp.()", "timestamp.(string)", "duration.()"]),
    ("getMilliseconds", &["timestamp.()", "timestamp.(string)", "duration.()"]),
    ("quantity", &["(string)"]),
    ("isQuantity", &["(string)"]),
    ("sign", &["kubernetes.Quantity.(kubernetes.Quantity)"]),
    ("asInteger", &["kubernetes.Quantity.()"]),
    ("asApproximateFloat", &["kubernetes.Quantity.()"]),
    ("isInteger", &["kubernetes.Quantity.()"]),
    ("isURL", &["(string)"]),
    ("url", &["(string)"]),
    ("getScheme", &["kubernetes.URL.()"]),
    ("getHost", &["kubernetes.URL.()"]),
    ("getHostname", &["kubernetes.URL.()"]),
    ("getPort", &["kubernetes.URL.()"]),
    ("getEscapedPath", &["kubernetes.URL.()"]),
    ("getQuery", &["kubernetes.URL.()"]),
    ("isIP", &["(string)"]),
    ("ip", &["(string)", "net.CIDR.()"]),
    ("family", &["net.IP.()"]),
    ("isUnspecified", &["net.IP.()"]),
    ("isLoopback", &["net.IP.()"]),
    ("isLinkLocalMulticast", &["net.IP.()"]),
    ("isLinkLocalUnicast", &["net.IP.()"]),
    ("isGlobalUnicast", &["net.IP.()"]),
    ("isCIDR", &["(string)"]),
    ("cidr", &["(string)"]),
    ("containsIP", &["net.CIDR.(net.IP)", "net.CIDR.(string)"]),
    ("containsCIDR", &["net.CIDR.(net.CIDR)", "net.CIDR.(string)"]),
    ("prefixLength", &["net.CIDR.()"]),
    ("masked", &["net.CIDR.()"]),
    ("path", &["kubernetes.authorization.Authorizer.(string)"]),
    ("group", &["kubernetes.authorization.Authorizer.(string)"]),
    ("serviceAccount", &["kubernetes.authorization.Authorizer.(string, string)"]),
    ("resource", &["kubernetes.authorization.GroupCheck.(string)"]),
    ("subresource", &["kubernetes.authorization.ResourceCheck.(string)"]),
    ("namespace", &["kubernetes.authorization.ResourceCheck.(string)"]),
    ("name", &["kubernetes.authorization.ResourceCheck.(string)"]),
    ("fieldSelector", &["kubernetes.authorization.ResourceCheck.(string)"]),
    ("labelSelector", &["kubernetes.authorization.ResourceCheck.(string)"]),
    ("check", &["kubernetes.authorization.PathCheck.(string)", "kubernetes.authorization.ResourceCheck.(string)"]),
    ("errored", &["kubernetes.authorization.Decision.()"]),
    ("error", &["kubernetes.authorization.Decision.()"]),
    ("allowed", &["kubernetes.authorization.Decision.()"]),
    ("reason", &["kubernetes.authorization.Decision.()"]),
    ("semver", &["(string)", "(string, bool)"]),
    ("isSemver", &["(string)", "(string, bool)"]),
    ("major", &["kubernetes.Semver.()"]),
    ("minor", &["kubernetes.Semver.()"]),
    ("patch", &["kubernetes.Semver.()"]),
];

/// Whether a function takes these, of which the first is what it is called on if `method`.
pub fn accepts(name: &str, types: &[&Type], method: bool) -> bool {
    let Some((_, overloads)) = OVERLOADS.iter().find(|(of, _)| *of == name) else { return true };
    overloads.iter().any(|overload| fits(overload, types, method))
}

/// What a call looks like in an error: `string.(int)`.
pub fn shown(types: &[&Type], method: bool) -> String {
    let (on, args) = if method { types.split_at(types.len().min(1)) } else { types.split_at(0) };
    let args: Vec<String> = args.iter().map(ToString::to_string).collect();
    let on = on.first().map_or_else(String::new, |on| format!("{on}."));
    format!("{on}({})", args.join(", "))
}

fn fits(overload: &str, types: &[&Type], method: bool) -> bool {
    let Some((on, args)) = overload.rsplit_once('(') else { return false };
    let args = args.trim_end_matches(')');
    let expected: Vec<&str> = on.strip_suffix('.').into_iter().chain(args.split(", ").filter(|arg| !arg.is_empty())).collect();
    on.is_empty() != method && expected.len() == types.len() && expected.iter().zip(types).all(|(name, of)| is(of, name))
}

fn is(of: &Type, name: &str) -> bool {
    match of {
        Type::Dyn => true,
        // Of what is inside of an optional is known too little.
        Type::Optional(_) => !matches!(name, "string" | "int" | "list"),
        Type::List(item, _) => match name {
            "list" | "dyn" => true,
            "list(string)" => matches!(**item, Type::Text(_) | Type::Dyn),
            "list(number)" => matches!(**item, Type::Int | Type::Uint | Type::Double | Type::Duration | Type::Dyn),
            "list(comparable)" => is_comparable(item),
            _ => false,
        },
        Type::Map(..) => matches!(name, "map" | "dyn"),
        other => name == "dyn" || other.to_string() == name,
    }
}

/// Whether values of a type can be sorted.
const fn is_comparable(of: &Type) -> bool {
    matches!(
        of,
        Type::Dyn | Type::Int | Type::Uint | Type::Double | Type::Bool | Type::Duration | Type::Timestamp | Type::Text(_) | Type::Bytes(_)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_is_no_function_of_its_object() {
        assert!(accepts("startsWith", &[&Type::TEXT, &Type::TEXT], true));
        assert!(!accepts("startsWith", &[&Type::TEXT, &Type::TEXT], false));
        assert!(!accepts("startsWith", &[&Type::TEXT, &Type::Int], true));
        assert_eq!(shown(&[&Type::TEXT, &Type::Int], true), "string.(int)");
        assert_eq!(shown(&[&Type::Int], false), "(int)");
    }
}

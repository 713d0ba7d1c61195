//! The functions that Kubernetes' CEL environment has, by name, with the types of their results.

use crate::{authorizer, types::Type};
use std::sync::Arc;

/// Prefixes of functions that are no values: `sets.contains`.
pub const NAMESPACES: [&str; 7] = ["sets", "optional", "format", "strings", "jsonpatch", "lists", "ip"];

/// Types, which are values too.
pub const TYPE_NAMES: [&str; 12] =
    ["int", "uint", "double", "bool", "string", "bytes", "list", "map", "null_type", "type", "google", "Object"];

/// What a function returns, given what it is called on or with; None for functions that do not exist.
pub fn result(name: &str, on: Option<&Type>) -> Option<Type> {
    Some(match name {
        "size" | "indexOf" | "lastIndexOf" | "getFullYear" | "getMonth" | "getDate" | "getDayOfMonth" | "getDayOfWeek" | "getDayOfYear"
        | "getHours" | "getMinutes" | "getSeconds" | "getMilliseconds" | "compareTo" | "sign" | "asInteger" | "family" | "prefixLength"
        | "major" | "minor" | "patch" | "int" => Type::Int,
        "uint" => Type::Uint,
        "double" | "asApproximateFloat" => Type::Double,
        "startsWith"
        | "endsWith"
        | "contains"
        | "matches"
        | "bool"
        | "hasValue"
        | "isSorted"
        | "isQuantity"
        | "isURL"
        | "isIP"
        | "isCIDR"
        | "isSemver"
        | "isLessThan"
        | "isGreaterThan"
        | "isInteger"
        | "isUnspecified"
        | "isLoopback"
        | "isLinkLocalMulticast"
        | "isLinkLocalUnicast"
        | "isGlobalUnicast"
        | "isCanonical"
        | "containsIP"
        | "containsCIDR"
        | "intersects"
        | "equivalent"
        | "allowed"
        | "errored" => Type::Bool,
        // Nothing is known of the length of such a text.
        "string" => Type::Text(u64::MAX),
        "lowerAscii" | "upperAscii" | "substring" | "trim" if matches!(on, Some(Type::Text(_))) => on.cloned().unwrap_or(Type::TEXT),
        "lowerAscii" | "upperAscii" | "replace" | "substring" | "trim" | "join" | "charAt" | "find" | "getScheme" | "getHost"
        | "getHostname" | "getPort" | "getEscapedPath" | "quote" | "escapeKey" | "reason" | "error" => Type::TEXT,
        "reverse" | "sort" | "slice" | "distinct" => on.cloned().unwrap_or(Type::Dyn),
        "split" | "findAll" => Type::List(Arc::new(Type::TEXT), Type::TEXT.max_size()),
        "bytes" => Type::Bytes(Type::TEXT.max_size()),
        "timestamp" => Type::Timestamp,
        "duration" => Type::Duration,
        "quantity" | "add" | "sub" => Type::Library("kubernetes.Quantity"),
        "url" => Type::Library("kubernetes.URL"),
        "ip" => Type::Library("net.IP"),
        "cidr" | "masked" => Type::Library("net.CIDR"),
        "semver" => Type::Library("kubernetes.Semver"),
        "serviceAccount" => Type::Library(authorizer::AUTHORIZER),
        "path" => Type::Library(authorizer::PATH_CHECK),
        "group" => Type::Library(authorizer::GROUP_CHECK),
        "resource" | "subresource" | "namespace" | "name" | "fieldSelector" | "labelSelector" | authorizer::REQUEST_RESOURCE => {
            Type::Library(authorizer::RESOURCE_CHECK)
        }
        "check" => Type::Library(authorizer::DECISION),
        "value" | "orValue" => match on {
            Some(Type::Optional(of)) => Type::clone(of),
            _ => Type::Dyn,
        },
        // What remains depends on its arguments.
        "dyn"
        | "type"
        | "format"
        | "validate"
        | "none"
        | "of"
        | "ofNonZeroValue"
        | "or"
        | "optMap"
        | "optFlatMap"
        | "unwrap"
        | "unwrapOpt"
        | "min"
        | "max"
        | "sum"
        | "flatten"
        | "sortBy"
        | "range"
        | "first"
        | "last"
        | "getQuery"
        | "named"
        | "dns1123Label"
        | "dns1123Subdomain"
        | "dns1035Label"
        | "qualifiedName"
        | "dns1123LabelPrefix"
        | "dns1123SubdomainPrefix"
        | "dns1035LabelPrefix"
        | "labelValue"
        | "uri"
        | "uuid"
        | "byte"
        | "date"
        | "datetime"
        | "all"
        | "exists"
        | "existsOne"
        | "exists_one"
        | "map"
        | "filter"
        | "transformList"
        | "transformMap"
        | "transformMapEntry"
        | "includes" => Type::Dyn,
        _ => return None,
    })
}

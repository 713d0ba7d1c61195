//! The functions that Kubernetes' CEL environment has, by name, with the types of their results.

use crate::{authorizer, types::Type};
use std::sync::Arc;

/// Prefixes of functions that are no values: `sets.contains`.
pub const NAMESPACES: [&str; 7] = ["sets", "optional", "format", "strings", "jsonpatch", "lists", "ip"];

/// Types, which are values too.
pub const TYPE_NAMES: [&str; 12] =
    ["int", "uint", "double", "bool", "string", "bytes", "list", "map", "null_type", "type", "google", "Object"];

/// Functions that have one of the [`NAMESPACES`] in front.
pub const NAMESPACED: [&str; 25] = [
    "sets.contains",
    "sets.equivalent",
    "sets.intersects",
    "optional.none",
    "optional.of",
    "optional.ofNonZeroValue",
    "optional.unwrap",
    "strings.quote",
    "jsonpatch.escapeKey",
    "lists.range",
    "ip.isCanonical",
    "format.named",
    "format.dns1123Label",
    "format.dns1123Subdomain",
    "format.dns1035Label",
    "format.qualifiedName",
    "format.dns1123LabelPrefix",
    "format.dns1123SubdomainPrefix",
    "format.dns1035LabelPrefix",
    "format.labelValue",
    "format.uri",
    "format.uuid",
    "format.byte",
    "format.date",
    "format.datetime",
];

/// The type that a name stands for.
pub fn type_named(name: &str) -> Option<Type> {
    Some(match name {
        "int" => Type::Int,
        "uint" => Type::Uint,
        "double" => Type::Double,
        "bool" => Type::Bool,
        "string" => Type::TEXT,
        "bytes" => Type::Bytes(0),
        "list" => Type::List(Arc::new(Type::Dyn), 0),
        "map" => Type::map_of(Type::Dyn),
        "null_type" => Type::Null,
        "type" => Type::Of(Arc::new(Type::Dyn)),
        _ => return None,
    })
}

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
        | "includes"
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
        "getQuery" => Type::map_of(Type::List(Arc::new(Type::TEXT), Type::TEXT.max_size())),
        "format" => Type::TEXT,
        "validate" => Type::Optional(Arc::new(Type::List(Arc::new(Type::TEXT), 1))),
        "dyn" | "type" | "or" | "unwrapOpt" | "min" | "max" | "sum" | "flatten" | "range" | "first" | "last" => Type::Dyn,
        _ => return None,
    })
}

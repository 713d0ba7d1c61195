//! What calls cost while an expression is evaluated, as cel-go and Kubernetes' libraries count it.

use crate::{named_format, value::Val};
use kube_cel::cel::{Value as Cel, common::ast::operators, objects::Opaque};

/// Of a list that is written out.
pub const LIST: u64 = 10;

/// Of a map that is written out.
pub const MAP: u64 = 30;

/// What all expressions of one object may cost together (C-10-16).
pub const BUDGET: u64 = 10_000_000;

/// What one expression may cost.
pub const LIMIT: u64 = 1_000_000;

/// An authorization check, of which an expression may make two.
const CHECK: u64 = 350_000;

/// What a call costs beyond its arguments; `result` is None when it failed.
pub fn of_call(namespace: Option<&str>, name: &str, args: &[Val<'_>], result: Option<&Val<'_>>) -> u64 {
    let size = |at: usize| args.get(at).map_or(1, size);
    let read = |at: usize| traversal(size(at), 1);
    if let Some(namespace) = namespace {
        return in_namespace(namespace, name, args);
    }
    match (name, args.first()) {
        ("check", _) => CHECK,
        ("fieldSelector" | "labelSelector", _) => {
            let requirements = (size(1) as f64 * 0.5).ceil();
            LIST + traversal(size(1), 1) + (requirements * 50.0).ceil() as u64
        }
        ("isSorted" | "sum" | "max" | "min" | "indexOf" | "lastIndexOf" | "includes", Some(of)) => whole(of),
        ("url" | "lowerAscii" | "upperAscii" | "substring" | "trim", _) => read(0),
        ("replace" | "split", _) => traversal(size(0), 2),
        ("join", _) => result.map_or(1, |result| traversal(self::size(result), 2)),
        ("matches" | "find" | "findAll", _) => pattern(size(0), size(1)),
        ("cidr" | "isIP" | "isCIDR" | "quantity" | "isQuantity" | "semver" | "isSemver", _) => read(0),
        ("ip", Some(Val::Text(_))) => read(0),
        ("containsIP", _) => traversal(size(0), 2) + if is_text(args.get(1)) { read(1) } else { 0 },
        ("containsCIDR", _) => traversal(size(0), 2) + read(0) + 1 + if is_text(args.get(1)) { read(1) } else { 0 },
        ("validate", Some(format)) => pattern(size(1), named_format::pattern_size(format)),
        ("startsWith" | "endsWith", _) => read(1),
        ("quote" | "format", _) => read(0),
        ("bytes", Some(Val::Text(_))) | ("string", Some(Val::Other(Cel::Bytes(_)))) => read(0),
        ("contains", Some(Val::Text(_))) => read(0) * read(1),
        ("slice" | "reverse", _) => allocated(result.map_or(1, self::size), 1.0),
        ("flatten", _) => match args.get(1) {
            Some(Val::Int(depth @ 0..)) => allocated(size(0), *depth as f64),
            _ => allocated(size(0), 1.0),
        },
        ("distinct" | "sort", Some(of)) => compared(of),
        (crate::macros::SORT_BY_KEYS, _) => args.get(1).map_or(1, compared),
        (operators::IN, _) => match args.get(1) {
            Some(list) if list.list_len().is_some() => size(1),
            _ => 1,
        },
        (operators::EQUALS | operators::NOT_EQUALS, Some(Val::Other(Cel::Opaque(_)))) => 1,
        (operators::EQUALS | operators::NOT_EQUALS, _) => traversal(size(0).min(size(1)), 1),
        (operators::LESS | operators::LESS_EQUALS | operators::GREATER | operators::GREATER_EQUALS, Some(of)) if is_bytes(of) => {
            traversal(size(0).min(size(1)), 1)
        }
        (operators::ADD, Some(of)) if is_bytes(of) => traversal(size(0) + size(1), 1),
        ("orValue" | "or", _) => 0,
        _ => 1,
    }
}

fn in_namespace(namespace: &str, name: &str, args: &[Val<'_>]) -> u64 {
    let size = |at: usize| args.get(at).map_or(1, size);
    match (namespace, name) {
        ("sets", "contains" | "intersects") => 1 + size(0) * size(1),
        ("sets", "equivalent") => 1 + size(0) * size(1) * 2,
        ("lists", "range") => {
            let Some(Val::Int(count)) = args.first() else { return 1 };
            allocated(u64::try_from(*count).unwrap_or(1), 1.0)
        }
        ("ip", "isCanonical") => traversal(size(0), 2),
        ("jsonpatch", "escapeKey") => traversal(size(0), 1),
        _ => 1,
    }
}

/// Reading through so many characters so often.
fn traversal(size: u64, times: u64) -> u64 {
    size.saturating_mul(times).div_ceil(10)
}

/// Matching text of a size with a pattern of a size.
fn pattern(text: u64, pattern: u64) -> u64 {
    traversal(text.saturating_add(1), 1).saturating_mul(pattern.div_ceil(4))
}

/// A new list after so many steps.
fn allocated(size: u64, factor: f64) -> u64 {
    ((size as f64 * factor) as u64).saturating_add(1 + LIST)
}

/// Comparing each item of a list with each.
fn compared(list: &Val<'_>) -> u64 {
    let size = size(list);
    let factor = if list.item(0).as_ref().is_some_and(is_bytes) { 2.1 } else { 2.0 };
    allocated(size.saturating_mul(size), factor)
}

/// Text, or bytes.
const fn is_bytes(of: &Val<'_>) -> bool {
    matches!(of, Val::Text(_) | Val::Other(Cel::Bytes(_)))
}

const fn is_text(of: Option<&Val<'_>>) -> bool {
    matches!(of, Some(Val::Text(_)))
}

/// The size of a value where it has one, or 1.
fn size(of: &Val<'_>) -> u64 {
    match of {
        Val::Optional(Some(of)) => size(of),
        Val::Other(Cel::Opaque(of)) => address_size(&**of),
        of => of.size().map_or(1, |size| size as u64),
    }
}

/// Addresses have the size of their bytes, blocks that of their prefix.
fn address_size(of: &dyn Opaque) -> u64 {
    let shown = || format!("{:?}", of.as_debug());
    match of.runtime_type_name() {
        "net.IP" => {
            if shown().contains(':') {
                16
            } else {
                4
            }
        }
        "net.CIDR" => {
            let shown = shown();
            let bits = shown.rsplit_once('/').map_or("", |(_, bits)| bits).trim_end_matches(')');
            bits.parse().map_or(1, |bits: u64| bits.div_ceil(8))
        }
        _ => 1,
    }
}

/// Reading through a value with all that is inside of it.
fn whole(of: &Val<'_>) -> u64 {
    if let Some(text) = of.as_str() {
        return text.len() as u64 / 10;
    }
    if let Val::Other(Cel::Bytes(bytes)) = of {
        return bytes.len() as u64 / 10;
    }
    if let Some(items) = of.items() {
        return items.iter().map(whole).sum();
    }
    match of.keys() {
        Some(keys) => keys.iter().map(|key| whole(&Val::of_key(key)) + of.entry(key).as_ref().map_or(0, whole)).sum(),
        None => 1,
    }
}

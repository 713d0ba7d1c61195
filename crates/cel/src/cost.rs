//! What evaluating an expression may cost, roughly as cel-go estimates it. The unit is one simple step.

/// Reading through text costs a tenth of a step a byte.
pub fn traversal(bytes: u64) -> u64 {
    bytes.div_ceil(10)
}

/// What a function does beyond its arguments, given the sizes of what it is called on and with.
pub fn function(name: &str, sizes: &[u64]) -> u64 {
    let total = sizes.iter().fold(0u64, |sum, size| sum.saturating_add(*size));
    let first = sizes.first().copied().unwrap_or(1);
    let second = sizes.get(1).copied().unwrap_or(1);
    match name {
        "matches" | "find" | "findAll" => traversal(first).saturating_mul(second.div_ceil(4)),
        "contains" => traversal(first).saturating_mul(traversal(second)),
        "startsWith" | "endsWith" => traversal(second),
        "split" | "replace" | "lowerAscii" | "upperAscii" | "substring" | "trim" | "join" | "indexOf" | "lastIndexOf" | "url" | "isURL"
        | "ip" | "isIP" | "cidr" | "isCIDR" | "quantity" | "isQuantity" => traversal(total).max(1),
        "@in" => second,
        "isSorted" | "sum" | "min" | "max" => first,
        _ => 1,
    }
}

/// A comparison reads through the smaller of two values.
pub fn comparison(left: u64, right: u64) -> u64 {
    traversal(left.min(right))
}

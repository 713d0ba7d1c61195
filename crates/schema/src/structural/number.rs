//! Numbers as Go compares and prints them.

use serde_json::{Number, Value};

/// A double as Go prints it in its shortest form.
pub fn print_float(f: f64) -> String {
    if f == 0.0 {
        return "0".to_owned();
    }
    let exponent = f.abs().log10().floor() as i32;
    // Shortest form: an exponent from a million on.
    if !(-4..6).contains(&exponent) {
        let text = format!("{f:e}");
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let (sign, digits) = exponent.strip_prefix('-').map_or(('+', exponent), |d| ('-', d));
        return format!("{mantissa}e{sign}{digits:0>2}");
    }
    f.to_string()
}

/// A number as field errors print it.
pub(super) fn print(number: &Number) -> String {
    match number.as_i64() {
        Some(i) => i.to_string(),
        None => print_float(number.as_f64().unwrap_or_default()),
    }
}

/// Whether a double is a whole number within JSON's exact integers.
pub(super) fn is_whole(f: f64) -> bool {
    const MAX_SAFE: f64 = 9_007_199_254_740_991.0;
    if !f.is_finite() || f.abs() > MAX_SAFE {
        return false;
    }
    let diff = (f - f.trunc()).abs();
    f.trunc() == f || diff < 1e-9 * f.abs() || (f.abs() < f64::MIN_POSITIVE && diff < 1e-9)
}

/// Equality of JSON values in which 1 and 1.0 are the same.
pub fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => a == b,
            _ => a.as_f64() == b.as_f64(),
        },
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b)),
        (Value::Object(a), Value::Object(b)) => a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| equal(a, b))),
        _ => a == b,
    }
}

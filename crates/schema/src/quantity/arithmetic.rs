//! Decimal arithmetic on `mantissa * 10^scale`.

use std::cmp::Ordering;

/// `10^exponent` if it fits.
pub(super) fn pow10(exponent: i32) -> Option<i128> {
    10i128.checked_pow(u32::try_from(exponent).ok()?)
}

/// `value / 10^digits` rounded away from zero, and whether that was exact.
pub(super) fn scale_down(value: i128, digits: i32) -> (i128, bool) {
    let Some(divisor) = pow10(digits) else { return (value.signum(), value == 0) };
    let (quotient, rest) = (value / divisor, value % divisor);
    (quotient + rest.signum(), rest == 0)
}

/// Divides by `factor` as often as that is exact.
pub(super) fn remove_factors(mut value: i128, factor: i128) -> (i128, i32) {
    let mut times = 0;
    while value != 0 && value % factor == 0 {
        value /= factor;
        times += 1;
    }
    (value, times)
}

type Amount = (i128, i32);

/// Both mantissas at the smaller scale; what does not fit saturates.
pub(super) fn align(a: Amount, b: Amount) -> (i128, i128, i32) {
    let scale = match (a.0, b.0) {
        (0, _) => b.1,
        (_, 0) => a.1,
        _ => a.1.min(b.1),
    };
    let lift = |(mantissa, own): Amount| {
        if mantissa == 0 {
            return 0;
        }
        let factor = pow10(own.saturating_sub(scale)).unwrap_or(i128::MAX);
        mantissa.saturating_mul(factor)
    };
    (lift(a), lift(b), scale)
}

pub(super) fn compare(a: Amount, b: Amount) -> Ordering {
    if a.0.signum() != b.0.signum() || a.0 == 0 {
        return a.0.signum().cmp(&b.0.signum());
    }
    let (higher, lower, flip) = if a.1 >= b.1 { (a, b, false) } else { (b, a, true) };
    let lifted = pow10(higher.1.saturating_sub(lower.1)).and_then(|p| higher.0.checked_mul(p));
    let order = match lifted {
        Some(value) => value.cmp(&lower.0),
        // Too large to write down at the lower scale, hence the larger amount of the two.
        None => higher.0.signum().cmp(&0),
    };
    if flip { order.reverse() } else { order }
}

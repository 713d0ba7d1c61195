//! Go's `time.Duration` as text: `1h30m0s`.

use crate::time::quote;

const UNITS: [(&str, u64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("\u{b5}s", 1_000),
    ("\u{3bc}s", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];
/// Largest magnitude: that of the most negative duration.
const LIMIT: u64 = 1 << 63;

/// Reads a duration into nanoseconds.
///
/// # Errors
/// Go's text: `time: invalid duration "x"`, `time: missing unit in duration "5"`, `time: unknown unit "d" in duration "1d"`.
pub fn parse(text: &str) -> Result<i64, String> {
    let invalid = || format!("time: invalid duration {}", quote(text));
    let negative = text.starts_with('-');
    let mut rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let (whole, tail) = digits(rest);
        let (fraction, tail) = tail.strip_prefix('.').map_or(("", tail), digits);
        if whole.is_empty() && fraction.is_empty() {
            return Err(invalid());
        }
        let (unit, tail) = tail.split_at(tail.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(tail.len()));
        let value = if whole.is_empty() { 0 } else { whole.parse::<u64>().ok().filter(|v| *v <= LIMIT).ok_or_else(invalid)? };
        if unit.is_empty() {
            return Err(format!("time: missing unit in duration {}", quote(text)));
        }
        let Some((_, nanos)) = UNITS.iter().find(|(name, _)| *name == unit) else {
            return Err(format!("time: unknown unit {} in duration {}", quote(unit), quote(text)));
        };
        let part = value.checked_mul(*nanos).filter(|v| *v <= LIMIT).ok_or_else(invalid)? + fraction_of(fraction, *nanos);
        total = total.checked_add(part).filter(|v| *v <= LIMIT).ok_or_else(invalid)?;
        rest = tail;
    }
    if negative {
        return Ok((total as i64).wrapping_neg());
    }
    i64::try_from(total).map_err(|_| invalid())
}

fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

/// `0.<digits> * unit`, in doubles as Go computes it.
fn fraction_of(digits: &str, unit: u64) -> u64 {
    let (mut value, mut scale) = (0u64, 1f64);
    for b in digits.bytes() {
        let Some(next) = value.checked_mul(10).map(|v| v + u64::from(b - b'0')).filter(|v| *v <= LIMIT) else { break };
        value = next;
        scale *= 10.0;
    }
    (value as f64 * (unit as f64 / scale)) as u64
}

/// Nanoseconds as `time.Duration` prints them: `1h0m0s`, `1.5s`, `100ms`, `0s`.
pub fn format(nanos: i64) -> String {
    let magnitude = nanos.unsigned_abs();
    let sign = if nanos < 0 { "-" } else { "" };
    let decimal = |unit: u64| {
        let (whole, rest) = (magnitude / unit, magnitude % unit);
        if rest == 0 {
            return whole.to_string();
        }
        let width = unit.ilog10() as usize;
        format!("{whole}.{}", format!("{rest:0width$}").trim_end_matches('0'))
    };
    let text = match magnitude {
        0 => "0s".to_owned(),
        1..1_000 => format!("{magnitude}ns"),
        1_000..1_000_000 => format!("{}\u{b5}s", decimal(1_000)),
        1_000_000..1_000_000_000 => format!("{}ms", decimal(1_000_000)),
        _ => {
            let seconds = magnitude / 1_000_000_000;
            let rest = magnitude % 1_000_000_000;
            let fraction = if rest == 0 { String::new() } else { format!(".{}", format!("{rest:09}").trim_end_matches('0')) };
            let (h, m, s) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
            match (h, m) {
                (0, 0) => format!("{s}{fraction}s"),
                (0, _) => format!("{m}m{s}{fraction}s"),
                _ => format!("{h}h{m}m{s}{fraction}s"),
            }
        }
    };
    format!("{sign}{text}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn durations_print_as_go_prints_them() {
        for (text, printed) in [
            ("0", "0s"),
            ("90m", "1h30m0s"),
            ("1.5s", "1.5s"),
            ("1500us", "1.5ms"),
            ("100ns", "100ns"),
            ("-1m", "-1m0s"),
            ("1h0.5s", "1h0m0.5s"),
            ("+5s", "5s"),
        ] {
            assert_eq!(parse(text).map(format), Ok(printed.to_owned()), "{text}");
        }
    }

    #[test]
    fn errors_are_those_of_go() {
        assert_eq!(parse("x"), Err("time: invalid duration \"x\"".to_owned()));
        assert_eq!(parse("5"), Err("time: missing unit in duration \"5\"".to_owned()));
        assert_eq!(parse("1d"), Err("time: unknown unit \"d\" in duration \"1d\"".to_owned()));
        assert_eq!(parse("9999999h"), Err("time: invalid duration \"9999999h\"".to_owned()));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(nanos in any::<i64>()) {
            prop_assert_eq!(parse(&format(nanos)), Ok(nanos));
        }
    }
}

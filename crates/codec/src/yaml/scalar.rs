//! What an unquoted YAML 1.1 scalar means.

use serde_json::{Number, Value};

/// A scalar that is no text.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar {
    /// `~`, `null` or nothing.
    Null,
    /// `true`, `yes`, `on` and their opposites.
    Bool(bool),
    /// Within 64 bits, signed or not.
    Int(i128),
    /// Anything else that is a number.
    Float(f64),
    /// A date or a time; its value stays text, but a text that looks like one is written in quotes.
    Timestamp,
}

const WORDS: &[(Scalar, &[&str])] = &[
    (Scalar::Bool(true), &["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"]),
    (Scalar::Bool(false), &["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"]),
    (Scalar::Null, &["", "~", "null", "Null", "NULL"]),
    (Scalar::Float(f64::NAN), &[".nan", ".NaN", ".NAN"]),
    (Scalar::Float(f64::INFINITY), &[".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"]),
    (Scalar::Float(f64::NEG_INFINITY), &["-.inf", "-.Inf", "-.INF"]),
];

impl Scalar {
    /// The meaning of an unquoted scalar; `None` for text.
    pub fn resolve(text: &str) -> Option<Self> {
        // Only these can begin anything but text.
        match text.bytes().next() {
            None | Some(b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~') => word(text),
            Some(b'.') => word(text).or_else(|| float(text)),
            Some(b'+' | b'-' | b'0'..=b'9') => word(text).or_else(|| timestamp(text).then_some(Self::Timestamp)).or_else(|| number(text)),
            Some(_) => None,
        }
    }

    /// Its JSON value; `None` for infinities and NaN, which JSON lacks.
    pub fn into_json(self, text: &str) -> Option<Value> {
        Some(match self {
            Self::Null => Value::Null,
            Self::Bool(b) => b.into(),
            Self::Int(n) => Value::Number(Number::from_i128(n)?),
            // Go writes whole doubles without a fraction, so that `replicas: 2.0` is an integer.
            Self::Float(f) if f.fract() == 0.0 && f.abs() < 1e18 => (f as i64).into(),
            Self::Float(f) => Value::Number(Number::from_f64(f)?),
            Self::Timestamp => text.into(),
        })
    }
}

fn word(text: &str) -> Option<Scalar> {
    WORDS.iter().find(|(_, words)| words.contains(&text)).map(|(scalar, _)| scalar.clone())
}

fn number(text: &str) -> Option<Scalar> {
    let plain: String = text.chars().filter(|c| *c != '_').collect();
    integer(&plain).map(Scalar::Int).or_else(|| is_float(&plain).then(|| float(&plain)).flatten())
}

/// As Go's `ParseInt` and `ParseUint` with base 0.
fn integer(text: &str) -> Option<i128> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let lower = digits.to_ascii_lowercase();
    let (digits, radix) = match lower.as_bytes() {
        [b'0', b'x', ..] => (&digits[2..], 16),
        [b'0', b'b', ..] => (&digits[2..], 2),
        [b'0', b'o', ..] => (&digits[2..], 8),
        [b'0', _, ..] => (&digits[1..], 8),
        _ => (digits, 10),
    };
    if !digits.bytes().next()?.is_ascii_alphanumeric() {
        return None;
    }
    let value = i128::from_str_radix(digits, radix).ok()?;
    let signed = if negative { -value } else { value };
    let limits =
        if text.starts_with('+') { i128::from(i64::MIN)..=i128::from(i64::MAX) } else { i128::from(i64::MIN)..=i128::from(u64::MAX) };
    limits.contains(&signed).then_some(signed)
}

/// `^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`
fn is_float(text: &str) -> bool {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = text.split_once(['e', 'E']).map_or((text, None), |(m, e)| (m, Some(e)));
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').map_or((mantissa, None), |(w, f)| (w, Some(f)));
    let mantissa_ok = digits(whole) && fraction.is_none_or(digits) && (!whole.is_empty() || fraction.is_some_and(|f| !f.is_empty()));
    let exponent_ok = exponent.is_none_or(|e| {
        let e = e.strip_prefix(['-', '+']).unwrap_or(e);
        !e.is_empty() && digits(e)
    });
    mantissa_ok && exponent_ok
}

fn float(text: &str) -> Option<Scalar> {
    let value: f64 = text.parse().ok()?;
    value.is_finite().then_some(Scalar::Float(value))
}

/// The forms of date and time that go-yaml knows.
fn timestamp(text: &str) -> bool {
    fn parsed(text: &str) -> Option<bool> {
        let (year, rest) = text.split_once('-')?;
        let (month, rest) = rest.split_once('-')?;
        let (day, clock) = match rest.find(['T', 't', ' ']) {
            Some(at) => (&rest[..at], Some((&rest[at..at + 1], &rest[at + 1..]))),
            None => (rest, None),
        };
        let within = |text: &str, low: u32, high: u32| {
            (1..=2).contains(&text.len())
                && text.bytes().all(|b| b.is_ascii_digit())
                && text.parse().is_ok_and(|n| (low..=high).contains(&n))
        };
        let date = year.len() == 4 && year.bytes().all(|b| b.is_ascii_digit()) && within(month, 1, 12) && within(day, 1, 31);
        let Some((separator, clock)) = clock else { return Some(date) };
        let clock = match separator {
            " " => clock,
            _ => match clock.strip_suffix('Z') {
                Some(clock) => clock,
                None => {
                    let (clock, zone) = clock.split_at_checked(clock.rfind(['+', '-'])?)?;
                    let (hours, minutes) = zone.get(1..)?.split_once(':')?;
                    (hours.len() == 2 && minutes.len() == 2 && within(hours, 0, 24) && within(minutes, 0, 60)).then_some(clock)?
                }
            },
        };
        let (hour, rest) = clock.split_once(':')?;
        let (minute, seconds) = rest.split_once(':')?;
        let (second, fraction) = seconds.split_once('.').map_or((seconds, "0"), |(s, f)| (s, f));
        let fraction = !fraction.is_empty() && fraction.bytes().all(|b| b.is_ascii_digit());
        Some(date && within(hour, 0, 23) && within(minute, 0, 59) && within(second, 0, 59) && fraction)
    }
    parsed(text).unwrap_or(false)
}

/// Base 60 numbers such as `1:30`, which other YAML 1.1 readers would take for numbers: written in quotes.
pub fn is_base_60(text: &str) -> bool {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut parts = whole.split(':');
    let first = parts.next().unwrap_or_default();
    let number = |s: &str| s.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    let mut sixtieths = parts.peekable();
    sixtieths.peek().is_some()
        && first.starts_with(|c: char| c.is_ascii_digit())
        && number(first)
        && number(fraction)
        && sixtieths.all(|p| (1..=2).contains(&p.len()) && p.parse().is_ok_and(|n: u32| n < 60) && p.bytes().all(|b| b.is_ascii_digit()))
}

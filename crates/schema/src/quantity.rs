//! `resource.Quantity`: amounts such as `500m` and `1Gi`, exactly as apimachinery parses, rounds and prints them.

mod arithmetic;
mod suffix;

use arithmetic::{align, pow10, remove_factors, scale_down};
use std::{cmp::Ordering, fmt, str::FromStr};
pub use suffix::Format;

/// Smallest unit that a quantity keeps: 10⁻⁹. Smaller parts are rounded up to it.
const NANO: i32 = -9;
/// Decimal digits that fit into 64 bits whatever they are.
const SAFE_DIGITS: usize = 18;

/// An amount: `mantissa * 10^scale`, with the text it came from while that needs no renormalising.
#[derive(Debug, Clone)]
pub struct Quantity {
    mantissa: i128,
    scale: i32,
    format: Format,
    text: Option<Box<str>>,
}

/// Why a text is no quantity, in upstream's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// Not of the form of a quantity.
    #[error("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")]
    Format,
    /// Its number is none.
    #[error("unable to parse numeric part of quantity")]
    Number,
    /// Its suffix is unknown.
    #[error("unable to parse quantity's suffix")]
    Suffix,
}

/// Numbers below this are held by upstream as 64-bit integers, others as decimals of any length.
const FEW_DIGITS: u128 = 1_000_000_000_000_000_000;

impl Quantity {
    /// Zero.
    pub const ZERO: Self = Self { mantissa: 0, scale: 0, format: Format::DecimalSi, text: None };

    /// A whole number.
    pub const fn new(value: i64, format: Format) -> Self {
        Self { mantissa: value as i128, scale: 0, format, text: None }
    }

    /// A number of thousandths.
    pub const fn from_milli(value: i64, format: Format) -> Self {
        Self { mantissa: value as i128, scale: -3, format, text: None }
    }

    /// How it is written.
    pub const fn format(&self) -> Format {
        self.format
    }

    /// Whether it is zero.
    pub const fn is_zero(&self) -> bool {
        self.mantissa == 0
    }

    /// -1, 0 or 1.
    pub const fn sign(&self) -> i32 {
        self.mantissa.signum() as i32
    }

    /// The whole part, fractions rounded up.
    pub fn value(&self) -> i64 {
        self.scaled_value(0)
    }

    /// In thousandths, smaller parts rounded up.
    pub fn milli_value(&self) -> i64 {
        self.scaled_value(-3)
    }

    /// In units of `10^scale`, smaller parts rounded away from zero. What does not fit is as upstream answers: the lower
    /// bits of numbers with many digits, 0 for others.
    pub fn scaled_value(&self, scale: i32) -> i64 {
        let value = if self.scale < scale {
            Some(scale_down(self.mantissa, scale.saturating_sub(self.scale)).0)
        } else {
            pow10(self.scale.saturating_sub(scale)).and_then(|p| self.mantissa.checked_mul(p))
        };
        value.and_then(|v| i64::try_from(v).ok()).unwrap_or_else(|| {
            if self.mantissa.unsigned_abs() < FEW_DIGITS {
                return 0;
            }
            let lift = pow10(self.scale.saturating_sub(scale)).unwrap_or(0);
            (self.mantissa as i64).wrapping_mul(lift as i64)
        })
    }

    /// The value as a double, for ratios.
    pub fn as_f64(&self) -> f64 {
        self.mantissa as f64 * 10f64.powi(self.scale)
    }

    /// Rounds up (away from zero) to a multiple of `10^scale`; a change renormalises the text.
    pub fn round_up(&mut self, scale: i32) {
        if self.scale < scale {
            self.mantissa = scale_down(self.mantissa, scale.saturating_sub(self.scale)).0;
            self.scale = scale;
            self.text = None;
        }
    }

    /// Adds; a zero takes over the other's format.
    pub fn add(&mut self, other: &Self) {
        self.combine(other, i128::saturating_add);
    }

    /// Subtracts; a zero takes over the other's format.
    pub fn sub(&mut self, other: &Self) {
        self.combine(other, i128::saturating_sub);
    }

    /// Multiplies.
    pub fn mul(&mut self, factor: i64) {
        self.mantissa = self.mantissa.saturating_mul(i128::from(factor));
        self.text = None;
    }

    /// Changes the sign.
    pub fn neg(&mut self) {
        self.mantissa = self.mantissa.saturating_neg();
        self.text = None;
    }

    fn combine(&mut self, other: &Self, op: fn(i128, i128) -> i128) {
        if self.is_zero() {
            self.format = other.format;
            self.scale = other.scale;
        }
        let (a, b, scale) = align((self.mantissa, self.scale), (other.mantissa, other.scale));
        self.mantissa = op(a, b);
        self.scale = scale;
        self.text = None;
    }

    /// Compares with a whole number.
    pub fn cmp_i64(&self, value: i64) -> Ordering {
        arithmetic::compare((self.mantissa, self.scale), (i128::from(value), 0))
    }

    fn decimal(&self, f: &mut fmt::Formatter<'_>, format: Format) -> fmt::Result {
        let (mut amount, times) = remove_factors(self.mantissa, 10);
        let mut exponent = self.scale.saturating_add(times);
        while exponent.rem_euclid(3) != 0 {
            amount = amount.saturating_mul(10);
            exponent -= 1;
        }
        write!(f, "{amount}")?;
        suffix::write_decimal(f, exponent, format)
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(text) = &self.text {
            return f.write_str(text);
        }
        if self.is_zero() {
            return f.write_str("0");
        }
        if self.format != Format::BinarySi {
            return self.decimal(f, self.format);
        }
        let small = self.cmp_i64(-1024).is_gt() && self.cmp_i64(1024).is_lt();
        let whole = if self.scale >= 0 {
            pow10(self.scale).and_then(|p| self.mantissa.checked_mul(p)).map(|v| (v, true))
        } else {
            Some(scale_down(self.mantissa, self.scale.saturating_neg()))
        };
        match whole {
            Some((whole, true)) if !small => {
                let (amount, times) = remove_factors(whole, 1024);
                write!(f, "{amount}{}", suffix::binary(times))
            }
            _ => self.decimal(f, Format::DecimalSi),
        }
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        arithmetic::compare((self.mantissa, self.scale), (other.mantissa, other.scale))
    }
}

impl FromStr for Quantity {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        if text == "0" {
            return Ok(Self { text: Some(text.into()), ..Self::ZERO });
        }
        let parts = Parts::split(text)?;
        let (base, format) = suffix::interpret(parts.suffix).ok_or(ParseError::Suffix)?;
        match parts.exact(base, format, text) {
            Some(quantity) => Ok(quantity),
            None => parts.rounded(base, format),
        }
    }
}

/// A quantity's text taken apart.
struct Parts<'a> {
    negative: bool,
    /// Digits before the point without leading zeros; `0` if there are none.
    whole: &'a str,
    fraction: &'a str,
    /// Whether any digit stands before the suffix.
    has_digits: bool,
    suffix: &'a str,
}

impl<'a> Parts<'a> {
    fn split(text: &'a str) -> Result<Self, ParseError> {
        if text.is_empty() {
            return Err(ParseError::Format);
        }
        let digits = |s: &'a str| s.split_at(s.find(|c: char| !c.is_ascii_digit()).unwrap_or(s.len()));
        let negative = text.starts_with('-');
        let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
        let trimmed = unsigned.trim_start_matches('0');
        let (whole, rest) = digits(trimmed);
        let (fraction, suffix) = rest.strip_prefix('.').map_or(("", rest), digits);
        let exponent = suffix.trim_start_matches(|c| "eEinumkKMGTP".contains(c));
        if !exponent.strip_prefix(['-', '+']).unwrap_or(exponent).bytes().all(|b| b.is_ascii_digit()) {
            return Err(ParseError::Format);
        }
        Ok(Self {
            negative,
            whole: if whole.is_empty() { "0" } else { whole },
            fraction,
            has_digits: trimmed.len() < unsigned.len() || !whole.is_empty() || !fraction.is_empty() || trimmed.is_empty(),
            suffix,
        })
    }

    /// The common case, exact in 64 bits. Text that is already canonical is kept as it is.
    fn exact(&self, base: suffix::Base, format: Format, text: &str) -> Option<Quantity> {
        let (whole, fraction) = (self.whole.len(), self.fraction.len());
        let (exponent, multiplier) = match base {
            suffix::Base::Ten(exponent) if whole + fraction <= SAFE_DIGITS => (exponent, 1),
            suffix::Base::Two(exponent) if fraction == 0 && whole + (exponent as usize * 3 / 10) < 15 => (0, 1i64 << exponent),
            _ => return None,
        };
        let scale = exponent.checked_sub(i32::try_from(fraction).ok()?)?;
        if scale < NANO {
            return None;
        }
        let digits = [self.whole, self.fraction].concat();
        let number: i64 = digits.parse().ok()?;
        let value = number.checked_mul(multiplier)?;
        let canonical = match base {
            suffix::Base::Two(_) => number & 7 != 0,
            suffix::Base::Ten(_) => scale % 3 == 0 && !digits.ends_with("000") && !digits.starts_with('0'),
        };
        Some(Quantity {
            mantissa: i128::from(if self.negative { -value } else { value }),
            scale,
            format,
            text: canonical.then(|| text.into()),
        })
    }

    /// Everything else: rounded up to 10⁻⁹, binary quantities capped at 2⁶³-1.
    fn rounded(&self, base: suffix::Base, mut format: Format) -> Result<Quantity, ParseError> {
        if !self.has_digits {
            return Err(ParseError::Number);
        }
        let digits = [self.whole, self.fraction].concat();
        // More than 38 digits do not fit; the rest only matters for what is cut off anyway or is capped.
        let kept = digits.trim_start_matches('0');
        let (kept, cut) = kept.split_at(kept.len().min(27));
        let mut mantissa: i128 = if kept.is_empty() { 0 } else { kept.parse().map_err(|_| ParseError::Number)? };
        let lost = cut.bytes().any(|b| b != b'0');
        let length = |s: &str| i32::try_from(s.len()).unwrap_or(i32::MAX);
        let mut scale = length(cut).saturating_sub(length(self.fraction));
        match base {
            suffix::Base::Ten(exponent) => scale = scale.saturating_add(exponent),
            suffix::Base::Two(exponent) => mantissa = mantissa.saturating_mul(1i128 << exponent),
        }
        if scale < NANO {
            let (rounded, exact) = scale_down(mantissa, NANO.saturating_sub(scale));
            mantissa = if exact && lost { rounded.saturating_add(1) } else { rounded };
            scale = NANO;
        }
        if format == Format::BinarySi {
            if arithmetic::compare((mantissa, scale), (i128::from(i64::MAX), 0)).is_gt() {
                (mantissa, scale) = (i128::from(i64::MAX), 0);
            }
            if mantissa > 0 && arithmetic::compare((mantissa, scale), (1, 0)).is_lt() {
                format = Format::DecimalSi;
            }
        }
        Ok(Quantity { mantissa: if self.negative { -mantissa } else { mantissa }, scale, format, text: None })
    }
}

/// A quantity as it stands in a JSON value: text, or a number read as text. `null` is zero.
///
/// # Errors
/// The text is no quantity.
pub fn from_json(value: &serde_json::Value) -> Result<Quantity, ParseError> {
    match value {
        serde_json::Value::String(text) => text.trim().parse(),
        serde_json::Value::Null => Ok(Quantity::ZERO),
        other => other.to_string().parse(),
    }
}

#[cfg(test)]
mod tests;

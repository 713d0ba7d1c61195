//! Suffixes of quantities.

use std::fmt;

/// How a quantity is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `12e6`.
    DecimalExponent,
    /// `12Mi`: powers of 1024.
    BinarySi,
    /// `12M`: powers of 1000.
    DecimalSi,
}

/// What a suffix multiplies with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Base {
    /// A power of ten.
    Ten(i32),
    /// A power of two.
    Two(u32),
}

const DECIMAL: [(&str, i32); 10] =
    [("n", -9), ("u", -6), ("m", -3), ("", 0), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18)];
const BINARY: [&str; 7] = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

pub(super) fn interpret(suffix: &str) -> Option<(Base, Format)> {
    if let Some((_, exponent)) = DECIMAL.iter().find(|(s, _)| *s == suffix) {
        return Some((Base::Ten(*exponent), Format::DecimalSi));
    }
    if let Some(power) = BINARY.iter().position(|s| *s == suffix) {
        return Some((Base::Two(10 * power as u32), Format::BinarySi));
    }
    // Upstream keeps the low 32 bits of the exponent.
    let exponent: i64 = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
    Some((Base::Ten(exponent as i32), Format::DecimalExponent))
}

/// Writes the suffix of `10^exponent`; where none exists upstream writes nothing, and so do we.
pub(super) fn write_decimal(f: &mut fmt::Formatter<'_>, exponent: i32, format: Format) -> fmt::Result {
    match (format, exponent) {
        (Format::DecimalExponent, 0) => Ok(()),
        (Format::DecimalExponent, _) => write!(f, "e{exponent}"),
        _ => f.write_str(DECIMAL.iter().find(|(_, e)| *e == exponent).map_or("", |(s, _)| s)),
    }
}

/// The suffix of `1024^power`.
pub(super) fn binary(power: i32) -> &'static str {
    usize::try_from(power).ok().and_then(|p| BINARY.get(p)).copied().unwrap_or_default()
}

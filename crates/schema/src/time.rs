//! `metav1.Time` and `metav1.MicroTime`: RFC 3339 as Go's `time.Parse` reads it, with its error texts.

/// Layout of `metav1.Time`: whole seconds.
pub const RFC3339: &str = "2006-01-02T15:04:05Z07:00";
/// Layout of `metav1.MicroTime`: exactly six fractional digits (C-14-01).
pub const RFC3339_MICRO: &str = "2006-01-02T15:04:05.000000Z07:00";

/// A point in time: seconds since 1970 and nanoseconds within that second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time {
    /// Seconds since 1970-01-01T00:00:00Z.
    pub seconds: i64,
    /// Nanoseconds, 0 to 999,999,999.
    pub nanos: u32,
}

/// Seconds since 1970 of Go's zero time, 0001-01-01T00:00:00Z.
const ZERO_SECONDS: i64 = -62_135_596_800;

impl Time {
    /// Reads a `metav1.Time`.
    ///
    /// # Errors
    /// Go's text: `parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006"`.
    pub fn parse(text: &str) -> Result<Self, String> {
        parse(text, RFC3339, false)
    }

    /// Reads a `metav1.MicroTime`.
    ///
    /// # Errors
    /// Go's text, see [`Time::parse`].
    pub fn parse_micro(text: &str) -> Result<Self, String> {
        parse(text, RFC3339_MICRO, true)
    }

    /// The time so many milliseconds after 1970.
    pub fn from_millis(millis: i64) -> Self {
        Self { seconds: millis.div_euclid(1000), nanos: (millis.rem_euclid(1000) * 1_000_000) as u32 }
    }

    /// Milliseconds since 1970.
    pub fn millis(self) -> i64 {
        self.seconds.saturating_mul(1000).saturating_add(i64::from(self.nanos / 1_000_000))
    }

    /// Whether it is Go's zero time, which is written as `null`.
    pub const fn is_zero(self) -> bool {
        self.seconds == ZERO_SECONDS && self.nanos == 0
    }

    /// As `metav1.Time` is written: UTC, whole seconds.
    pub fn format(self) -> String {
        let (date, clock) = (civil(self.seconds.div_euclid(86_400)), self.seconds.rem_euclid(86_400));
        format!("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", date.0, date.1, date.2, clock / 3600, clock / 60 % 60, clock % 60)
    }

    /// As `metav1.MicroTime` is written: UTC, six fractional digits.
    pub fn format_micro(self) -> String {
        let mut text = self.format();
        text.truncate(text.len().saturating_sub(1));
        text.push_str(&format!(".{:06}Z", self.nanos / 1000));
        text
    }
}

/// What is left to read, and how to complain.
struct Reader<'a> {
    layout: &'a str,
    text: &'a str,
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn cannot_parse(&self, at: &str, element: &str) -> String {
        format!("parsing time {} as {}: cannot parse {} as {}", quote(self.text), quote(self.layout), quote(at), quote(element))
    }

    fn out_of_range(&self, what: &str) -> String {
        format!("parsing time {}: {what} out of range", quote(self.text))
    }

    fn literal(&mut self, literal: &str) -> Result<(), String> {
        self.rest = self.rest.strip_prefix(literal).ok_or_else(|| self.cannot_parse(self.rest, literal))?;
        Ok(())
    }

    fn digits(&mut self, count: usize) -> Option<i64> {
        let (head, tail) = self.rest.split_at_checked(count)?;
        if !head.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        self.rest = tail;
        head.parse().ok()
    }

    /// Two digits of the given range.
    fn two(&mut self, element: &str, what: &str, range: std::ops::Range<i64>) -> Result<i64, String> {
        let value = self.digits(2).ok_or_else(|| self.cannot_parse(self.rest, element))?;
        if range.contains(&value) { Ok(value) } else { Err(self.out_of_range(what)) }
    }

    /// The hour: Go takes one digit too.
    fn hour(&mut self) -> Result<i64, String> {
        let value = self.digits(2).or_else(|| self.digits(1)).ok_or_else(|| self.cannot_parse(self.rest, "15"))?;
        if value < 24 { Ok(value) } else { Err(self.out_of_range("hour")) }
    }

    /// A fraction of a second of any length, if there is one.
    fn optional_fraction(&mut self) -> u32 {
        let Some(tail) = self.rest.strip_prefix(['.', ',']) else { return 0 };
        let (digits, rest) = tail.split_at(tail.find(|c: char| !c.is_ascii_digit()).unwrap_or(tail.len()));
        if digits.is_empty() {
            return 0;
        }
        self.rest = rest;
        nanoseconds(digits)
    }

    /// Exactly six fractional digits.
    fn micro_fraction(&mut self) -> Result<u32, String> {
        let before = self.rest;
        let fraction = before.split_at_checked(7).and_then(|(head, tail)| {
            let digits = head.strip_prefix(['.', ','])?;
            digits.bytes().all(|b| b.is_ascii_digit()).then_some((digits, tail))
        });
        let (digits, tail) = fraction.ok_or_else(|| self.cannot_parse(before, ".000000"))?;
        self.rest = tail;
        Ok(nanoseconds(digits))
    }

    /// The zone's offset in seconds.
    fn zone(&mut self) -> Result<i64, String> {
        if let Some(rest) = self.rest.strip_prefix('Z') {
            self.rest = rest;
            return Ok(0);
        }
        let bad = self.cannot_parse(self.rest, "Z07:00");
        let number = |digits: &[u8]| match digits {
            [a @ b'0'..=b'9', b @ b'0'..=b'9'] => Some(i64::from(a - b'0') * 10 + i64::from(b - b'0')),
            _ => None,
        };
        let Some((zone, rest)) = self.rest.split_at_checked(6) else { return Err(bad) };
        let &[sign, h1, h2, b':', m1, m2] = zone.as_bytes() else { return Err(bad) };
        self.rest = rest;
        let hours = number(&[h1, h2]);
        let minutes = hours.and_then(|_| number(&[m1, m2]));
        if hours.is_some_and(|h| h > 24) {
            return Err(self.out_of_range("time zone offset hour"));
        }
        if minutes.is_some_and(|m| m > 60) {
            return Err(self.out_of_range("time zone offset minute"));
        }
        match (sign, hours, minutes) {
            (b'+', Some(h), Some(m)) => Ok(h * 3600 + m * 60),
            (b'-', Some(h), Some(m)) => Ok(-(h * 3600 + m * 60)),
            _ => Err(bad),
        }
    }
}

fn parse(text: &str, layout: &str, micro: bool) -> Result<Time, String> {
    let mut r = Reader { layout, text, rest: text };
    let year = r.digits(4).ok_or_else(|| r.cannot_parse(r.rest, "2006"))?;
    r.literal("-")?;
    let month = r.two("01", "month", 1..13)?;
    r.literal("-")?;
    let day = r.two("02", "day", 0..100)?;
    r.literal("T")?;
    let hour = r.hour()?;
    r.literal(":")?;
    let minute = r.two("04", "minute", 0..60)?;
    r.literal(":")?;
    let second = r.two("05", "second", 0..60)?;
    let nanos = if micro { r.micro_fraction()? } else { r.optional_fraction() };
    let offset = r.zone()?;
    if !r.rest.is_empty() {
        return Err(format!("parsing time {}: extra text: {}", quote(text), quote(r.rest)));
    }
    if day < 1 || day > days_in(month, year) {
        return Err(r.out_of_range("day"));
    }
    let seconds = days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset;
    Ok(Time { seconds, nanos })
}

fn nanoseconds(digits: &str) -> u32 {
    let digits = digits.get(..9).unwrap_or(digits);
    digits.parse::<u32>().unwrap_or(0) * 10u32.pow(9 - digits.len() as u32)
}

const fn days_in(month: i64, year: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 to a date of the proleptic Gregorian calendar (years that start in March).
const fn days(year: i64, month: i64, day: i64) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let of_era = y.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The date so many days after 1970-01-01.
const fn civil(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let of_era = z.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let mp = (5 * of_year + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month, of_year - (153 * mp + 2) / 5 + 1)
}

/// Text as package `time` quotes it: bytes outside printable ASCII as `\x..`.
pub(crate) fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for b in text.bytes() {
        match b {
            b'"' | b'\\' => {
                out.push('\\');
                out.push(char::from(b));
            }
            0x20..0x80 => out.push(char::from(b)),
            _ => out.push_str(&format!("\\x{b:02x}")),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn times_are_written_in_utc_and_whole_seconds() {
        for (text, written) in [
            ("2020-01-02T03:04:05Z", "2020-01-02T03:04:05Z"),
            ("2020-01-02T03:04:05.9Z", "2020-01-02T03:04:05Z"),
            ("2020-01-02T05:04:05+02:00", "2020-01-02T03:04:05Z"),
            ("2020-02-29T00:00:00-00:30", "2020-02-29T00:30:00Z"),
            ("2020-01-02T3:04:05Z", "2020-01-02T03:04:05Z"),
            ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ] {
            assert_eq!(Time::parse(text).unwrap().format(), written, "{text}");
        }
        assert!(Time::parse("0001-01-01T00:00:00Z").unwrap().is_zero());
        assert_eq!(Time::parse_micro("2020-01-02T05:04:05.500000+02:00").unwrap().format_micro(), "2020-01-02T03:04:05.500000Z");
    }

    #[test]
    fn errors_are_those_of_go() {
        let time = |s: &str| Time::parse(s).unwrap_err();
        assert_eq!(time(""), "parsing time \"\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"\" as \"2006\"");
        assert_eq!(time("2020-13-01T00:00:00Z"), "parsing time \"2020-13-01T00:00:00Z\": month out of range");
        assert_eq!(time("2021-02-29T00:00:00Z"), "parsing time \"2021-02-29T00:00:00Z\": day out of range");
        assert_eq!(time("2020-01-02"), "parsing time \"2020-01-02\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"\" as \"T\"");
        assert_eq!(time("2020-01-02T03:04:05Zx"), "parsing time \"2020-01-02T03:04:05Zx\": extra text: \"x\"");
        let micro = |s: &str| Time::parse_micro(s).unwrap_err();
        assert_eq!(
            micro("2020-01-02T03:04:05.123456789Z"),
            "parsing time \"2020-01-02T03:04:05.123456789Z\" as \"2006-01-02T15:04:05.000000Z07:00\": cannot parse \"789Z\" as \"Z07:00\""
        );
        assert_eq!(
            micro("2020-01-02T03:04:05Z"),
            "parsing time \"2020-01-02T03:04:05Z\" as \"2006-01-02T15:04:05.000000Z07:00\": cannot parse \"Z\" as \".000000\""
        );
    }

    proptest! {
        #[test]
        fn parsing_never_panics(text in "\\PC{0,40}") {
            let _ = (Time::parse(&text), Time::parse_micro(&text));
        }

        #[test]
        fn what_is_written_is_read_back(seconds in -62_135_596_800i64..253_402_300_799, micros in 0u32..1_000_000) {
            let time = Time { seconds, nanos: micros * 1000 };
            prop_assert_eq!(Time::parse_micro(&time.format_micro()), Ok(time));
        }
    }
}

//! The string formats that custom resources may ask for.

use super::Type;
use crate::{base64, duration, ip, names, pattern, time::Time};
use regex::Regex;
use std::sync::LazyLock;

type Check = fn(&str) -> bool;

/// Format names without dashes, as upstream normalises them.
const FORMATS: [(&str, Check); 26] = [
    ("bsonobjectid", |s| s.len() == 24 && s.bytes().all(|b| b.is_ascii_hexdigit())),
    ("byte", |s| !s.is_empty() && !s.contains(['\r', '\n']) && base64::decode(s).is_ok()),
    ("cidr", |s| ip::parse_cidr_sloppy(s).is_some()),
    ("creditcard", is_credit_card),
    ("date", |s| s.len() == 10 && Time::parse(&format!("{s}T00:00:00Z")).is_ok()),
    ("datetime", is_date_time),
    ("duration", is_duration),
    ("email", is_email),
    ("hexcolor", |s| {
        let digits = s.strip_prefix('#').unwrap_or(s);
        matches!(digits.len(), 3 | 6) && digits.bytes().all(|b| b.is_ascii_hexdigit())
    }),
    ("hostname", is_hostname),
    ("ipv4", |s| s.contains('.') && ip::parse_sloppy(s).is_some()),
    ("ipv6", |s| s.contains(':') && ip::parse_sloppy(s).is_some()),
    ("isbn", |s| is_isbn10(s) || is_isbn13(s)),
    ("isbn10", is_isbn10),
    ("isbn13", is_isbn13),
    ("k8slongname", |s| names::is_dns1123_subdomain(s).is_empty()),
    ("k8sshortname", |s| s.len() <= 63 && !s.contains('.') && names::is_dns1123_subdomain(s).is_empty()),
    ("mac", is_mac),
    ("password", |_| true),
    ("rgbcolor", |s| RGB_COLOR.as_ref().is_some_and(|r| r.is_match(s))),
    ("ssn", |s| SSN.as_ref().is_some_and(|r| r.is_match(s))),
    ("uri", is_request_uri),
    ("uuid", |s| is_uuid(s, None)),
    ("uuid3", |s| is_uuid(s, Some('3'))),
    ("uuid4", |s| is_uuid(s, Some('4'))),
    ("uuid5", |s| is_uuid(s, Some('5'))),
];

fn check_of(format: &str) -> Option<Check> {
    let name = format.replace('-', "");
    let at = FORMATS.binary_search_by(|(n, _)| (*n).cmp(&name)).ok()?;
    FORMATS.get(at).map(|(_, check)| *check)
}

/// Whether a format is checked for values of a type; others are ignored, with a Warning on the CRD.
pub fn is_supported_format(format: &str, type_: Option<Type>) -> bool {
    match type_ {
        None | Some(Type::String) => check_of(format).is_some(),
        Some(Type::Integer) => matches!(format, "int32" | "int64"),
        Some(Type::Number) => matches!(format, "float" | "double"),
        Some(_) => false,
    }
}

/// Whether a text is of a format; None if that is no format of texts.
pub fn is_of_format(text: &str, format: &str) -> Option<bool> {
    check_of(format).map(|check| check(text))
}

fn regex(pattern: &str) -> Option<Regex> {
    pattern::compile(pattern).ok()
}

static RGB_COLOR: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let part = r"(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])";
    regex(&format!(r"^rgb\(\s*{part}\s*,\s*{part}\s*,\s*{part}\s*\)$"))
});
static SSN: LazyLock<Option<Regex>> = LazyLock::new(|| regex(r"^\d{3}[- ]?\d{2}[- ]?\d{4}$"));
static HOSTNAME: LazyLock<Option<Regex>> = LazyLock::new(|| {
    regex(
        r"^([a-zA-Z0-9\p{S}\p{L}]((-?[a-zA-Z0-9\p{S}\p{L}]{0,62})?)|([a-zA-Z0-9\p{S}\p{L}](([a-zA-Z0-9-\p{S}\p{L}]{0,61}[a-zA-Z0-9\p{S}\p{L}])?)(\.)){1,}([a-zA-Z\p{L}]){2,63})$",
    )
});
static CREDIT_CARD: LazyLock<Option<Regex>> = LazyLock::new(|| {
    regex(
        r"^(?:4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|6(?:011|5[0-9][0-9])[0-9]{12}|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:2131|1800|35\d{3})\d{11})$",
    )
});

fn is_hostname(text: &str) -> bool {
    HOSTNAME.as_ref().is_some_and(|r| r.is_match(text)) && text.len() <= 255 && text.split('.').all(|part| part.len() <= 63)
}

fn is_uuid(text: &str, version: Option<char>) -> bool {
    let hex: String = text.chars().filter(|c| *c != '-').collect();
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    // Dashes may be left out, but stand where they belong.
    let places = [8, 12, 16, 20];
    let mut at = 0;
    let dashes_fit = lengths.iter().take(lengths.len().saturating_sub(1)).all(|length| {
        at += length;
        *length > 0 && places.contains(&at)
    });
    let hex_char = |at: usize| hex.chars().nth(at);
    hex.len() == 32
        && hex.bytes().all(|b| b.is_ascii_hexdigit())
        && dashes_fit
        && version.is_none_or(|v| hex_char(12) == Some(v))
        && (!matches!(version, Some('4' | '5')) || hex_char(16).is_some_and(|c| matches!(c, '8' | '9' | 'a' | 'b' | 'A' | 'B')))
}

fn is_credit_card(text: &str) -> bool {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let luhn: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(i, b)| {
            let digit = u32::from(b - b'0');
            let doubled = if i % 2 == 1 { digit * 2 } else { digit };
            doubled / 10 + doubled % 10
        })
        .sum();
    CREDIT_CARD.as_ref().is_some_and(|r| r.is_match(&digits)) && luhn.is_multiple_of(10)
}

fn isbn_digits(text: &str) -> String {
    text.chars().filter(|c| !matches!(c, '-' | ' ' | '\t' | '\n')).collect()
}

fn is_isbn10(text: &str) -> bool {
    let text = isbn_digits(text);
    let Some((head, check)) = text.split_at_checked(9) else { return false };
    if !head.bytes().all(|b| b.is_ascii_digit()) {
        return false;
    }
    let last = match check {
        "X" => 10,
        _ => match check.parse::<u32>() {
            Ok(digit) if check.len() == 1 => digit,
            _ => return false,
        },
    };
    let sum: u32 = head.bytes().zip(1..).map(|(b, i)| i * u32::from(b - b'0')).sum();
    (sum + 10 * last).is_multiple_of(11)
}

fn is_isbn13(text: &str) -> bool {
    let text = isbn_digits(text);
    if text.len() != 13 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return false;
    }
    let sum: u32 = text.bytes().enumerate().map(|(i, b)| u32::from(b - b'0') * if i % 2 == 0 { 1 } else { 3 }).sum();
    sum.is_multiple_of(10)
}

fn is_mac(text: &str) -> bool {
    let groups = |separator: char, width: usize| {
        let parts: Vec<&str> = text.split(separator).collect();
        let bytes = parts.len() * width / 2;
        parts.iter().all(|p| p.len() == width && p.bytes().all(|b| b.is_ascii_hexdigit())) && matches!(bytes, 6 | 8 | 20)
    };
    groups(':', 2) || groups('-', 2) || groups('.', 4)
}

fn is_duration(text: &str) -> bool {
    if duration::parse(text).is_ok() {
        return true;
    }
    // Scala's form: a number and the start of a unit's name.
    static SCALA: LazyLock<Option<Regex>> = LazyLock::new(|| regex(r"((\d+)\s*([A-Za-zµ]+))"));
    const PREFIXES: [&str; 7] = ["nanosecond", "microsecond", "millisecond", "second", "minute", "hour", "day"];
    const SHORT: [&str; 25] = [
        "ns", "nano", "us", "µs", "micro", "ms", "milli", "s", "sec", "m", "min", "h", "hr", "d", "day", "w", "wk", "week", "nanos",
        "micros", "millis", "secs", "mins", "hrs", "weeks",
    ];
    SCALA.as_ref().is_some_and(|r| {
        r.captures_iter(text).any(|c| {
            let unit = c.get(3).map(|m| m.as_str().to_lowercase()).unwrap_or_default();
            SHORT.contains(&unit.as_str()) || PREFIXES.iter().any(|p| unit.starts_with(p)) || unit.starts_with("week")
        })
    })
}

fn is_date_time(text: &str) -> bool {
    if text.len() < 4 {
        return false;
    }
    let Some((date, time)) = text.split_once(['T', 't']) else { return false };
    let lead = |s: &str, at: usize| s.get(at..at + 2).and_then(|d| d.parse::<u32>().ok());
    let clock = matches!((lead(time, 0), lead(time, 3), lead(time, 6)), (Some(h), Some(m), Some(s)) if h < 24 && m < 60 && s < 60);
    let zoned = time.ends_with(['Z', 'z']) || time.get(8..).is_some_and(|rest| rest.contains(['+', '-']));
    clock && zoned && Time::parse(&format!("{date}T00:00:00Z")).is_ok() && Time::parse(&text.to_uppercase()).is_ok()
}

fn is_email(text: &str) -> bool {
    let address = match (text.rfind('<'), text.strip_suffix('>')) {
        (Some(at), Some(inner)) => inner.get(at + 1..).unwrap_or_default(),
        _ => text.trim(),
    };
    let atom = |s: &str| {
        !s.is_empty()
            && s.split('.')
                .all(|a| !a.is_empty() && a.chars().all(|c| c.is_alphanumeric() || !c.is_ascii() || "!#$%&'*+-/=?^_`{|}~".contains(c)))
    };
    address.rsplit_once('@').is_some_and(|(local, domain)| {
        let quoted = local.len() > 2 && local.starts_with('"') && local.ends_with('"');
        (quoted || atom(local)) && (atom(domain) || (domain.starts_with('[') && domain.ends_with(']')))
    })
}

/// As `url.ParseRequestURI`: an absolute URI or an absolute path.
fn is_request_uri(text: &str) -> bool {
    if text.is_empty() || text.bytes().any(|b| b < 0x20 || b == 0x7f) {
        return false;
    }
    let escapes_fit =
        text.match_indices('%').all(|(at, _)| text.get(at + 1..at + 3).is_some_and(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit())));
    let scheme = text.find(':').map(|at| text.split_at(at)).filter(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    });
    let rest = match scheme {
        Some((_, rest)) => rest.get(1..).unwrap_or_default(),
        None if text.starts_with('/') => text,
        None => return false,
    };
    let authority = rest.strip_prefix("//").map(|r| r.split(['/', '?']).next().unwrap_or_default());
    let host_fits = authority.is_none_or(|a| {
        let host = a.rsplit('@').next().unwrap_or_default();
        let port = host.rsplit_once(':').map(|(_, port)| port).filter(|_| !host.ends_with(']'));
        !host.contains(' ') && port.is_none_or(|p| p.bytes().all(|b| b.is_ascii_digit()))
    });
    escapes_fit && host_fits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_sorted_for_search() {
        assert!(FORMATS.is_sorted_by(|a, b| a.0 < b.0));
    }

    #[test]
    fn formats_accept_what_upstream_accepts() {
        for (format, good, bad) in [
            ("date", "2020-02-29", "2021-02-29"),
            ("date-time", "2014-12-15T19:30:20.000Z", "2014-12-15"),
            ("duration", "1h30m", "soon"),
            ("email", "a@example.com", "a.example.com"),
            ("hostname", "example.com", "exa mple"),
            ("ipv4", "10.0.0.1", "::1"),
            ("ipv6", "::1", "10.0.0.1"),
            ("cidr", "10.0.0.1/8", "10.0.0.1"),
            ("mac", "01:23:45:67:89:ab", "01:23"),
            ("uuid", "123e4567-e89b-12d3-a456-426614174000", "123e4567-e89b-12d3-a456"),
            ("uuid4", "123e4567-e89b-42d3-a456-426614174000", "123e4567-e89b-12d3-a456-426614174000"),
            ("uri", "https://example.com/a?b", "example"),
            ("byte", "YQ==", "Y"),
            ("hexcolor", "#FFFFFF", "#FF"),
            ("rgbcolor", "rgb(255,255,255)", "rgb(256,0,0)"),
            ("isbn10", "0321751043", "0321751044"),
            ("isbn13", "978-0321751041", "978-0321751042"),
            ("creditcard", "4111 1111 1111 1111", "4111 1111 1111 1112"),
            ("ssn", "111-22-3333", "11-22-3333"),
            ("bsonobjectid", "507f1f77bcf86cd799439011", "507f"),
            ("k8s-short-name", "a-b", "a.b"),
            ("k8s-long-name", "a.b", "A"),
        ] {
            assert_eq!(is_of_format(good, format), Some(true), "{format} {good}");
            assert_eq!(is_of_format(bad, format), Some(false), "{format} {bad}");
        }
        assert_eq!(is_of_format("x", "int32"), None);
    }
}

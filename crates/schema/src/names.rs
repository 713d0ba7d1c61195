//! Rules for names, keys and other short texts, in the words of apimachinery's `validation` package.
//!
//! Every function returns what is wrong, in the order in which upstream tells it; an empty list means that all is well.

/// What is wrong with a text; empty when nothing is.
pub type Messages = Vec<String>;

const DNS1123_LABEL: &str = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const DNS1123_SUBDOMAIN: &str = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
const DNS1035_LABEL: &str = "[a-z]([-a-z0-9]*[a-z0-9])?";
const LABEL_KEY: &str = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const LABEL_MAX: usize = 63;
const SUBDOMAIN_MAX: usize = 253;

const LABEL_MESSAGE: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character";
const SUBDOMAIN_MESSAGE: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
const UNDERSCORE_SUBDOMAIN_MESSAGE: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character";
const CASELESS_SUBDOMAIN_MESSAGE: &str =
    "an RFC 1123 subdomain must consist of alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
const LABEL1035_MESSAGE: &str = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character";
const WILDCARD_MESSAGE: &str = "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character";
const KEY_MESSAGE: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";

/// `<message> (e.g. 'a', or 'b', regex used for validation is '<pattern>')`.
pub fn regex_error(message: &str, pattern: &str, examples: &[&str]) -> String {
    let mut text = format!("{message} (");
    for (i, example) in examples.iter().enumerate() {
        text.push_str(if i == 0 { "e.g. " } else { " or " });
        text.push_str(&format!("'{example}', "));
    }
    text.push_str(&format!("regex used for validation is '{pattern}')"));
    text
}

/// `must be no more than <max> characters`: how most rules say that a text is too long.
pub fn max_len_error(max: usize) -> String {
    format!("must be no more than {max} characters")
}

/// `must be no more than <max> bytes`: how label keys and values say it.
pub fn max_bytes_error(max: usize) -> String {
    format!("must be no more than {max} bytes")
}

/// `must be between <lo> and <hi>, inclusive`.
pub fn inclusive_range_error(lo: i64, hi: i64) -> String {
    format!("must be between {lo} and {hi}, inclusive")
}

/// What upstream says of an empty text that must not be empty.
pub const EMPTY: &str = "must be non-empty";

fn lower_alnum(b: u8) -> bool {
    b.is_ascii_lowercase() || b.is_ascii_digit()
}

/// Whether `text` is `first middle* last`, or one character that is both first and last.
fn edged(text: &str, first: fn(u8) -> bool, middle: fn(u8) -> bool, last: fn(u8) -> bool) -> bool {
    match text.as_bytes() {
        [] => false,
        [one] => first(*one),
        [head, inner @ .., tail] => first(*head) && last(*tail) && inner.iter().all(|b| middle(*b)),
    }
}

fn dns1123_label(text: &str) -> bool {
    edged(text, lower_alnum, |b| lower_alnum(b) || b == b'-', lower_alnum)
}

fn dns1123_subdomain(text: &str) -> bool {
    text.split('.').all(dns1123_label)
}

fn dns1123_label_with_underscore(text: &str) -> bool {
    let text = text.strip_prefix('_').unwrap_or(text);
    edged(text, lower_alnum, |b| lower_alnum(b) || b == b'-' || b == b'_', lower_alnum)
}

fn label_text(text: &str) -> bool {
    let alnum = |b: u8| b.is_ascii_alphanumeric();
    edged(text, alnum, |b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'), alnum)
}

fn too_long(value: &str, max: usize) -> Messages {
    if value.len() > max { vec![max_len_error(max)] } else { Vec::new() }
}

/// A DNS-1123 label. A subdomain in its place is only told that it `must not contain dots`.
pub fn is_dns1123_label(value: &str) -> Messages {
    let mut errors = too_long(value, LABEL_MAX);
    if !dns1123_label(value) {
        errors.push(if dns1123_subdomain(value) {
            "must not contain dots".to_owned()
        } else {
            regex_error(LABEL_MESSAGE, DNS1123_LABEL, &["my-name", "123-abc"])
        });
    }
    errors
}

/// A DNS-1123 subdomain.
pub fn is_dns1123_subdomain(value: &str) -> Messages {
    let mut errors = too_long(value, SUBDOMAIN_MAX);
    if !dns1123_subdomain(value) {
        errors.push(regex_error(SUBDOMAIN_MESSAGE, DNS1123_SUBDOMAIN, &["example.com"]));
    }
    errors
}

/// A DNS-1123 subdomain whose letters may be of either case.
pub fn is_dns1123_subdomain_caseless(value: &str) -> Messages {
    let mut errors = Vec::new();
    if value.len() > SUBDOMAIN_MAX {
        errors.push(max_bytes_error(SUBDOMAIN_MAX));
    }
    if !dns1123_subdomain(&value.to_ascii_lowercase()) {
        errors.push(regex_error(CASELESS_SUBDOMAIN_MESSAGE, DNS1123_SUBDOMAIN, &["Example.com"]));
    }
    errors
}

/// A DNS-1123 subdomain whose labels may start with and contain underscores (service account names of DNS searches).
pub fn is_dns1123_subdomain_with_underscore(value: &str) -> Messages {
    let mut errors = too_long(value, SUBDOMAIN_MAX);
    if !value.split('.').all(dns1123_label_with_underscore) {
        let label = "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?";
        errors.push(regex_error(UNDERSCORE_SUBDOMAIN_MESSAGE, &format!("{label}(\\.{label})*"), &["example.com"]));
    }
    errors
}

/// A DNS-1035 label: starts with a letter.
pub fn is_dns1035_label(value: &str) -> Messages {
    let mut errors = too_long(value, LABEL_MAX);
    if !edged(value, |b| b.is_ascii_lowercase(), |b| lower_alnum(b) || b == b'-', lower_alnum) {
        errors.push(regex_error(LABEL1035_MESSAGE, DNS1035_LABEL, &["my-name", "abc-123"]));
    }
    errors
}

/// `*.` and a DNS-1123 subdomain.
pub fn is_wildcard_dns1123_subdomain(value: &str) -> Messages {
    let mut errors = too_long(value, SUBDOMAIN_MAX);
    if !value.strip_prefix("*.").is_some_and(dns1123_subdomain) {
        errors.push(regex_error(WILDCARD_MESSAGE, &format!("\\*\\.{DNS1123_SUBDOMAIN}"), &["*.example.com"]));
    }
    errors
}

/// A label key (also called qualified name): an optional DNS subdomain and `/`, then a name of at most 63 characters.
pub fn is_qualified_name(value: &str) -> Messages {
    let rule = || regex_error(KEY_MESSAGE, LABEL_KEY, &["MyName", "my.name", "123-abc"]);
    let mut errors = Vec::new();
    let name = match value.split('/').collect::<Vec<_>>().as_slice() {
        [name] => *name,
        ["", name] => {
            errors.push(format!("prefix part {EMPTY}"));
            *name
        }
        [prefix, name] => {
            if prefix.len() > SUBDOMAIN_MAX {
                errors.push(format!("prefix part {}", max_bytes_error(SUBDOMAIN_MAX)));
            }
            if !dns1123_subdomain(prefix) {
                errors.push(format!("prefix part {}", regex_error(SUBDOMAIN_MESSAGE, DNS1123_SUBDOMAIN, &["example.com"])));
            }
            *name
        }
        _ => {
            return vec![format!("a valid label key {} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')", rule())];
        }
    };
    if name.is_empty() {
        errors.push(format!("name part {EMPTY}"));
    } else if name.len() > LABEL_MAX {
        errors.push(format!("name part {}", max_bytes_error(LABEL_MAX)));
    }
    if !label_text(name) {
        errors.push(format!("name part {}", rule()));
    }
    errors
}

/// A label's value: empty, or at most 63 characters of the alphabet of names.
pub fn is_valid_label_value(value: &str) -> Messages {
    let mut errors = Vec::new();
    if value.len() > LABEL_MAX {
        errors.push(max_bytes_error(LABEL_MAX));
    }
    if !value.is_empty() && !label_text(value) {
        errors.push(regex_error(
            &format!("a valid label must be an empty string or {}", KEY_MESSAGE.trim_start_matches("must ")),
            &format!("({LABEL_KEY})?"),
            &["MyValue", "my_value", "12345"],
        ));
    }
    errors
}

/// A name that may be any path segment.
pub fn is_valid_path_segment_name(value: &str) -> Messages {
    if matches!(value, "." | "..") { vec![format!("may not be '{value}'")] } else { is_valid_path_segment_prefix(value) }
}

/// What a `generateName` of such a kind may be.
pub fn is_valid_path_segment_prefix(value: &str) -> Messages {
    ["/", "%"].iter().filter(|c| value.contains(**c)).map(|c| format!("may not contain '{c}'")).collect()
}

/// A `generateName` as the DNS rules see it: a trailing dash and the character before it give way to a letter, because
/// random text follows (C-03-12).
pub fn mask_trailing_dash(prefix: &str) -> std::borrow::Cow<'_, str> {
    match prefix.strip_suffix('-').and_then(|s| s.char_indices().next_back().map(|(at, _)| &s[..at])) {
        Some(kept) => format!("{kept}a").into(),
        None => prefix.into(),
    }
}

/// A C identifier.
pub fn is_c_identifier(value: &str) -> Messages {
    let head = |b: u8| b.is_ascii_alphabetic() || b == b'_';
    let rest = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    if edged(value, head, rest, rest) {
        return Vec::new();
    }
    let message =
        "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'";
    vec![regex_error(message, "[A-Za-z_][A-Za-z0-9_]*", &["my_name", "MY_NAME", "MyName"])]
}

/// A port number.
pub fn is_valid_port_num(port: i64) -> Messages {
    is_in_range(port, 1, 65535)
}

/// A user id.
pub fn is_valid_user_id(id: i64) -> Messages {
    is_in_range(id, 0, i64::from(i32::MAX))
}

/// A group id.
pub fn is_valid_group_id(id: i64) -> Messages {
    is_in_range(id, 0, i64::from(i32::MAX))
}

/// A number from `lo` to `hi`.
pub fn is_in_range(value: i64, lo: i64, hi: i64) -> Messages {
    if (lo..=hi).contains(&value) { Vec::new() } else { vec![inclusive_range_error(lo, hi)] }
}

/// A port's name (IANA service name, at most 15 characters).
pub fn is_valid_port_name(port: &str) -> Messages {
    let mut errors = too_long(port, 15);
    let mut check = |ok: bool, message: &str| {
        if !ok {
            errors.push(message.to_owned());
        }
    };
    check(
        !port.is_empty() && port.bytes().all(|b| lower_alnum(b) || b == b'-'),
        "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)",
    );
    check(port.bytes().any(|b| b.is_ascii_lowercase()), "must contain at least one letter (a-z)");
    check(!port.contains("--"), "must not contain consecutive hyphens");
    check(!port.starts_with('-') && !port.ends_with('-'), "must not begin or end with a hyphen");
    errors
}

/// A number and `%`.
pub fn is_valid_percent(value: &str) -> Messages {
    if value.strip_suffix('%').is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit())) {
        return Vec::new();
    }
    let message = "a valid percent string must be a numeric string followed by an ending '%'";
    vec![regex_error(message, "[0-9]+%", &["1%", "93%"])]
}

/// The name of an HTTP header.
pub fn is_http_header_name(value: &str) -> Messages {
    if !value.is_empty() && value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        return Vec::new();
    }
    vec![regex_error("a valid HTTP header must consist of alphanumeric characters or '-'", "[-A-Za-z0-9]+", &["X-Header-Name"])]
}

/// The name of an environment variable by the strict rule.
pub fn is_env_var_name(value: &str) -> Messages {
    let head = |b: u8| b.is_ascii_alphabetic() || matches!(b, b'-' | b'.' | b'_');
    let rest = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
    let mut errors = Vec::new();
    if !edged(value, head, rest, rest) {
        let message = "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit";
        errors.push(regex_error(message, "[-._a-zA-Z][-._a-zA-Z0-9]*", &["my.env-name", "MY_ENV.NAME", "MyEnvName1"]));
    }
    errors.extend(parent_directory(value));
    errors
}

/// The name of an environment variable by the relaxed rule, which 1.37 uses for containers.
pub fn is_relaxed_env_var_name(value: &str) -> Messages {
    if value.is_empty() {
        return vec![format!("environment variable name {EMPTY}")];
    }
    if value.bytes().all(|b| (0x20..0x7f).contains(&b) && b != b'=') {
        return Vec::new();
    }
    vec!["a valid environment variable name must consist only of printable ASCII characters other than '='".to_owned()]
}

/// A key of a ConfigMap or Secret.
pub fn is_config_map_key(value: &str) -> Messages {
    let mut errors = too_long(value, SUBDOMAIN_MAX);
    if value.is_empty() || !value.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')) {
        let message = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'";
        errors.push(regex_error(message, "[-._a-zA-Z0-9]+", &["key.name", "KEY_NAME", "key-name"]));
    }
    errors.extend(parent_directory(value));
    errors
}

fn parent_directory(value: &str) -> Option<String> {
    match value {
        "." | ".." => Some(format!("must not be '{value}'")),
        _ if value.starts_with("..") => Some("must not start with '..'".to_owned()),
        _ => None,
    }
}

/// A decimal integer in canonical form.
pub fn is_decimal_integer(value: &str) -> Messages {
    let digits = value.strip_prefix('-').unwrap_or(value).as_bytes();
    let ok = value == "0" || matches!(digits, [b'1'..=b'9', rest @ ..] if rest.iter().all(u8::is_ascii_digit));
    match (value.is_empty(), ok) {
        (true, _) => vec![EMPTY.to_owned()],
        (_, true) => Vec::new(),
        _ => vec!["must be a valid decimal integer in canonical form".to_owned()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dotted_label_is_only_told_about_the_dots() {
        assert_eq!(is_dns1123_label("a.b"), ["must not contain dots"]);
        assert_eq!(
            is_dns1123_label("A"),
            [
                "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
            ]
        );
    }

    #[test]
    fn label_keys_have_an_optional_prefix() {
        for good in ["simple", "1234/5678", "1-num.2-num/3-num", "Uppercase_Is_OK_123", "example.com/a"] {
            assert_eq!(is_qualified_name(good), Messages::new(), "{good}");
        }
        for bad in ["nospecialchars%^=@", "cantendwithadash-", "only/one/slash", "Example.com/abc", "example.com/", "/simple", ""] {
            assert_ne!(is_qualified_name(bad), Messages::new(), "{bad}");
        }
        assert_eq!(is_qualified_name("/simple"), ["prefix part must be non-empty"]);
    }

    #[test]
    fn generated_names_may_end_in_a_dash() {
        assert_eq!(mask_trailing_dash("web-"), "wea");
        assert_eq!(mask_trailing_dash("-"), "-");
        assert_eq!(mask_trailing_dash("web"), "web");
    }

    #[test]
    fn the_label_value_message_names_its_pattern() {
        assert_eq!(
            is_valid_label_value("-"),
            [
                "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
            ]
        );
    }

    #[test]
    fn decimal_integers_are_canonical() {
        assert!(is_decimal_integer("0").is_empty() && is_decimal_integer("-12").is_empty());
        assert!(["", "-", "-0", "01", "1a"].iter().all(|bad| !is_decimal_integer(bad).is_empty()));
    }
}

//! What is wrong with the text of an address, as Go's `net/netip` tells it and Kubernetes' libraries pass it on.

/// Checks the text of an address for `ip(...)`.
///
/// # Errors
/// In upstream's words.
pub fn check_ip(text: &str) -> Result<(), String> {
    let parsed = parse(text).map_err(|why| format!("IP Address {text:?} parse error during conversion from string: {why}"))?;
    match parsed {
        Address { zone: true, .. } => Err(format!("IP address {text:?} with zone value is not allowed")),
        Address { mapped: true, .. } => Err(format!("IPv4-mapped IPv6 address {text:?} is not allowed")),
        Address { .. } => Ok(()),
    }
}

/// Checks the text of a prefix for `cidr(...)`.
///
/// # Errors
/// In upstream's words.
pub fn check_cidr(text: &str) -> Result<(), String> {
    const CONVERSION: &str = "network address parse error during conversion from string";
    let bits_of = |family: u8| if family == 4 { 32 } else { 128 };
    let parse_prefix = || {
        let refused = |why: String| format!("{CONVERSION}: {CONVERSION}: netip.ParsePrefix({text:?}): {why}");
        let (address, bits) = text.rsplit_once('/').ok_or_else(|| refused("no '/'".to_owned()))?;
        let parsed = parse(address).map_err(&refused)?;
        if parsed.zone {
            return Err(refused("IPv6 zones cannot be present in a prefix".to_owned()));
        }
        let plain = !bits.is_empty() && bits.bytes().all(|b| b.is_ascii_digit()) && (bits == "0" || !bits.starts_with('0'));
        let length: u32 = bits.parse().ok().filter(|_| plain).ok_or_else(|| refused(format!("bad bits after slash: {bits:?}")))?;
        if length > bits_of(parsed.family) {
            return Err(refused("prefix length out of range".to_owned()));
        }
        Ok(parsed)
    };
    match parse_prefix()? {
        Address { mapped: true, .. } => Err(format!("{CONVERSION}: IPv4-mapped IPv6 address {text:?} is not allowed")),
        Address { .. } => Ok(()),
    }
}

struct Address {
    family: u8,
    zone: bool,
    /// An IPv4 address in the form of an IPv6 one.
    mapped: bool,
}

/// `netip.ParseAddr`.
fn parse(text: &str) -> Result<Address, String> {
    let refused = |why: &str| format!("ParseAddr({text:?}): {why}");
    for c in text.chars() {
        match c {
            '.' => return parse_v4(text).map(|()| Address { family: 4, zone: false, mapped: false }).map_err(|why| refused(&why)),
            ':' => return parse_v6(text).map_err(|why| refused(&why)),
            '%' => return Err(refused("missing IPv6 address")),
            _ => {}
        }
    }
    Err(refused("unable to parse IP"))
}

fn parse_v4(text: &str) -> Result<(), String> {
    let (mut value, mut digits, mut fields, mut previous) = (0u32, 0, 0, '.');
    let last = text.len() - 1;
    for (at, c) in text.char_indices() {
        match c {
            '0'..='9' => {
                if digits == 1 && value == 0 {
                    return Err("IPv4 field has octet with leading zero".to_owned());
                }
                value = value * 10 + c.to_digit(10).unwrap_or(0);
                digits += 1;
                if value > 255 {
                    return Err("IPv4 field has value >255".to_owned());
                }
            }
            '.' => {
                if at == 0 || at == last || previous == '.' {
                    let rest = text.get(at..).unwrap_or_default();
                    return Err(format!("IPv4 field must have at least one digit (at {rest:?})"));
                }
                if fields == 3 {
                    return Err("IPv4 address too long".to_owned());
                }
                fields += 1;
                (value, digits) = (0, 0);
            }
            _ => return Err(format!("unexpected character (at {:?})", text.get(at..).unwrap_or_default())),
        }
        previous = c;
    }
    if fields < 3 { Err("IPv4 address too short".to_owned()) } else { Ok(()) }
}

fn parse_v6(text: &str) -> Result<Address, String> {
    let (mut rest, zone) = match text.split_once('%') {
        Some((_, "")) => return Err("zone must be a non-empty string".to_owned()),
        Some((address, _)) => (address, true),
        None => (text, false),
    };
    let mut groups: Vec<u16> = Vec::new();
    let mut ellipsis = None;
    if let Some(after) = rest.strip_prefix("::") {
        ellipsis = Some(0);
        rest = after;
    }
    while groups.len() < 8 && !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_hexdigit).count();
        let (hex, after) = rest.split_at(digits);
        if digits == 0 {
            return Err(format!("each colon-separated field must have at least one digit (at {rest:?})"));
        }
        if after.starts_with('.') {
            return with_v4(groups, ellipsis, rest, zone);
        }
        if digits > 4 {
            return Err(format!("each group must have 4 or less digits (at {rest:?})"));
        }
        groups.push(u16::from_str_radix(hex, 16).unwrap_or(0));
        rest = after;
        if rest.is_empty() {
            break;
        }
        let Some(after) = rest.strip_prefix(':') else { return Err(format!("unexpected character, want colon (at {rest:?})")) };
        if after.is_empty() {
            return Err(format!("colon must be followed by more characters (at {rest:?})"));
        }
        rest = after;
        if let Some(after) = rest.strip_prefix(':') {
            if ellipsis.is_some() {
                return Err(format!("multiple :: in address (at {rest:?})"));
            }
            ellipsis = Some(groups.len());
            rest = after;
        }
    }
    if !rest.is_empty() {
        return Err(format!("trailing garbage after address (at {rest:?})"));
    }
    match (groups.len(), ellipsis) {
        (8, Some(_)) => return Err("the :: must expand to at least one field of zeros".to_owned()),
        (0..8, None) => return Err("address string too short".to_owned()),
        _ => {}
    }
    Ok(Address { family: 6, zone, mapped: is_mapped(&groups, ellipsis) })
}

fn with_v4(mut groups: Vec<u16>, ellipsis: Option<usize>, rest: &str, zone: bool) -> Result<Address, String> {
    if ellipsis.is_none() && groups.len() != 6 {
        return Err(format!("embedded IPv4 address must replace the final 2 fields of the address (at {rest:?})"));
    }
    if groups.len() > 6 {
        return Err(format!("too many hex fields to fit an embedded IPv4 at the end of the address (at {rest:?})"));
    }
    parse_v4(rest)?;
    groups.extend([1, 1]);
    Ok(Address { family: 6, zone, mapped: is_mapped(&groups, ellipsis) })
}

/// `::ffff:0:0/96`.
fn is_mapped(groups: &[u16], ellipsis: Option<usize>) -> bool {
    let mut all = groups.to_vec();
    if let Some(at) = ellipsis {
        let missing = 8usize.saturating_sub(all.len());
        all.splice(at..at, std::iter::repeat_n(0, missing));
    }
    matches!(all.as_slice(), [0, 0, 0, 0, 0, 0xffff, _, _])
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_refused_in_the_words_of_go() {
        for (text, why) in [
            ("1.2.3", "IPv4 address too short"),
            ("1.2.3.400", "IPv4 field has value >255"),
            ("01.2.3.4", "IPv4 field has octet with leading zero"),
            ("1.2.3.4.5", "IPv4 address too long"),
            ("x", "unable to parse IP"),
            ("1::2::3", "multiple :: in address (at \":3\")"),
            ("12345::", "each group must have 4 or less digits (at \"12345::\")"),
            ("1:2:3", "address string too short"),
            ("1:2:3:4:5:6:7:8:9", "trailing garbage after address (at \"9\")"),
        ] {
            let expected = format!("IP Address {text:?} parse error during conversion from string: ParseAddr({text:?}): {why}");
            assert_eq!(check_ip(text).unwrap_err(), expected);
        }
        assert_eq!(check_ip("::ffff:1.2.3.4").unwrap_err(), "IPv4-mapped IPv6 address \"::ffff:1.2.3.4\" is not allowed");
        assert_eq!(check_ip("fe80::1%eth0").unwrap_err(), "IP address \"fe80::1%eth0\" with zone value is not allowed");
        for good in ["1.2.3.4", "::", "::1", "1::", "fe80::1", "1:2:3:4:5:6:7:8", "::1.2.3.4"] {
            assert_eq!(check_ip(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn prefixes_are_refused_in_the_words_of_go() {
        for (text, why) in [
            ("10.1.0.0", "no '/'"),
            ("10.1.0.0/99", "prefix length out of range"),
            ("10.1.0.0/08", "bad bits after slash: \"08\""),
            ("10.1.0/8", "ParseAddr(\"10.1.0\"): IPv4 address too short"),
        ] {
            let twice = "network address parse error during conversion from string: ".repeat(2);
            assert_eq!(check_cidr(text).unwrap_err(), format!("{twice}netip.ParsePrefix({text:?}): {why}"));
        }
        assert_eq!(check_cidr("10.0.0.0/8"), Ok(()));
        assert_eq!(check_cidr("::/0"), Ok(()));
    }
}

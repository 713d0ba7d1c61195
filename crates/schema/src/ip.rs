//! IP addresses and CIDR blocks, as lenient and as strict as upstream is.

use crate::{field::quoted, names::Messages};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An address as `ParseIPSloppy` reads it: leading zeros in IPv4 are skipped, IPv4-mapped IPv6 is IPv4.
pub fn parse_sloppy(text: &str) -> Option<IpAddr> {
    if text.contains(':') {
        let text = match text.rsplit_once(':') {
            Some((head, tail)) if tail.contains('.') => format!("{head}:{}", parse_v4_sloppy(tail)?),
            _ => text.to_owned(),
        };
        text.parse::<Ipv6Addr>().ok().map(|v6| IpAddr::V6(v6).to_canonical())
    } else {
        parse_v4_sloppy(text).map(IpAddr::V4)
    }
}

fn parse_v4_sloppy(text: &str) -> Option<Ipv4Addr> {
    let mut octets = [0u8; 4];
    let mut parts = text.split('.');
    for octet in &mut octets {
        let part = parts.next()?;
        if part.is_empty() || !part.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        *octet = part.trim_start_matches('0').parse().or_else(|e| if part.bytes().all(|b| b == b'0') { Ok(0) } else { Err(e) }).ok()?;
    }
    parts.next().is_none().then_some(octets.into())
}

/// A block as `ParseCIDRSloppy` reads it: the address as written and the prefix length.
pub fn parse_cidr_sloppy(text: &str) -> Option<(IpAddr, u8)> {
    let (ip, length) = text.split_once('/')?;
    let mapped = ip.contains(':');
    let address = parse_sloppy(ip)?;
    if length.is_empty() || length.len() > 9 || !length.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let length: u32 = length.parse().ok()?;
    match (address, mapped) {
        (IpAddr::V4(_), false) if length <= 32 => Some((address, length as u8)),
        // An IPv4-mapped block counts its prefix in 128 bits.
        (IpAddr::V4(v4), true) if length <= 128 => {
            Some(if length >= 96 { (address, (length - 96) as u8) } else { (IpAddr::V6(v4.to_ipv6_mapped()), length as u8) })
        }
        (IpAddr::V6(_), _) if length <= 128 => Some((address, length as u8)),
        _ => None,
    }
}

/// The first address of the block.
pub fn network(address: IpAddr, length: u8) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(length.min(32))).unwrap_or(0);
            IpAddr::V4(Ipv4Addr::from(u32::from(v4) & mask))
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(length.min(128))).unwrap_or(0);
            IpAddr::V6(Ipv6Addr::from(u128::from(v6) & mask))
        }
    }
}

/// Whether the text is an IPv6 address that holds an IPv4 one (`::ffff:1.2.3.4`).
fn is_mapped(text: &str) -> bool {
    text.parse::<Ipv6Addr>().is_ok_and(|v6| v6.to_ipv4_mapped().is_some())
}

fn strict_ip(text: &str) -> Result<IpAddr, Messages> {
    let Some(ip) = parse_sloppy(text) else {
        return Err(vec!["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)".to_owned()]);
    };
    if text.parse::<IpAddr>().is_err() {
        return Err(vec!["must not have leading 0s".to_owned()]);
    }
    if is_mapped(text) {
        return Err(vec!["must not be an IPv4-mapped IPv6 address".to_owned()]);
    }
    Ok(ip)
}

/// An address in canonical form: the rule of newer fields.
pub fn is_valid_ip(text: &str) -> Messages {
    match strict_ip(text) {
        Err(errors) => errors,
        Ok(ip) if ip.to_string() != text => vec![format!("must be in canonical form ({})", quoted(&ip.to_string()))],
        Ok(_) => Vec::new(),
    }
}

/// An address in any unambiguous form: the rule of older fields. Values that the old object had may stay; that is the
/// caller's to check.
pub fn is_valid_ip_for_legacy_field(text: &str) -> Messages {
    strict_ip(text).err().unwrap_or_default()
}

fn strict_cidr(text: &str) -> Result<(IpAddr, u8), Messages> {
    let Some((ip, length)) = parse_cidr_sloppy(text) else {
        return Err(vec!["must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)".to_owned()]);
    };
    let (address, digits) = text.split_once('/').unwrap_or((text, ""));
    if address.parse::<IpAddr>().is_err() || (digits.len() > 1 && digits.starts_with('0')) {
        return Err(vec!["must not have leading 0s in IP or prefix length".to_owned()]);
    }
    if is_mapped(address) {
        return Err(vec!["must not have an IPv4-mapped IPv6 address".to_owned()]);
    }
    if network(ip, length) != ip {
        return Err(vec!["must not have bits set beyond the prefix length".to_owned()]);
    }
    Ok((ip, length))
}

/// A block in canonical form: the rule of newer fields.
pub fn is_valid_cidr(text: &str) -> Messages {
    match strict_cidr(text) {
        Err(errors) => errors,
        Ok((ip, length)) if format!("{ip}/{length}") != text => {
            vec![format!("must be in canonical form ({})", quoted(&format!("{ip}/{length}")))]
        }
        Ok(_) => Vec::new(),
    }
}

/// A block in any unambiguous form: the rule of older fields.
pub fn is_valid_cidr_for_legacy_field(text: &str) -> Messages {
    strict_cidr(text).err().unwrap_or_default()
}

/// An address with its prefix length (`192.168.1.5/24`) in canonical form.
pub fn is_valid_interface_address(text: &str) -> Messages {
    match parse_cidr_sloppy(text) {
        None => vec!["must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)".to_owned()],
        Some((ip, length)) if format!("{ip}/{length}") != text => {
            vec![format!("must be in canonical form ({})", quoted(&format!("{ip}/{length}")))]
        }
        Some(_) => Vec::new(),
    }
}

/// The Warning for an address of an older field that is not written as it should be; `field` is its path.
pub fn warning_for_ip(field: &str, text: &str) -> Option<String> {
    let ip = parse_sloppy(text)?;
    match text.parse::<IpAddr>() {
        Err(_) => Some(format!("{field}: non-standard IP address {} is invalid: use {}", quoted(text), quoted(&ip.to_string()))),
        Ok(_) if is_mapped(text) => {
            Some(format!("{field}: non-standard IP address {} is invalid: use {}", quoted(text), quoted(&ip.to_string())))
        }
        Ok(IpAddr::V6(v6)) if v6.to_string() != text => {
            Some(format!("{field}: IPv6 address {} should be in RFC 5952 canonical format ({})", quoted(text), quoted(&v6.to_string())))
        }
        Ok(_) => None,
    }
}

/// The Warnings for a block of an older field that is not written as it should be.
pub fn warnings_for_cidr(field: &str, text: &str) -> Vec<String> {
    let Some((ip, length)) = parse_cidr_sloppy(text) else { return Vec::new() };
    let block = format!("{}/{length}", network(ip, length));
    let mut warnings = Vec::new();
    if network(ip, length) != ip {
        let single = format!("{ip}/{}", if ip.is_ipv4() { 32 } else { 128 });
        warnings.push(format!(
            "{field}: CIDR value {} is ambiguous in this context (should be {} or {}?)",
            quoted(text),
            quoted(&block),
            quoted(&single)
        ));
    }
    let (address, digits) = text.split_once('/').unwrap_or((text, ""));
    if address.parse::<IpAddr>().is_err() || (digits.len() > 1 && digits.starts_with('0')) || is_mapped(address) {
        warnings.push(format!("{field}: non-standard CIDR value {} is invalid: use {}", quoted(text), quoted(&block)));
    }
    if warnings.is_empty() && ip.is_ipv6() && format!("{ip}/{length}") != text {
        warnings.push(format!(
            "{field}: IPv6 CIDR value {} should be in RFC 5952 canonical format ({})",
            quoted(text),
            quoted(&format!("{ip}/{length}"))
        ));
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_canonical_or_told_how() {
        assert!(is_valid_ip("10.0.0.1").is_empty() && is_valid_ip("2001:db8::1").is_empty());
        assert_eq!(is_valid_ip("010.0.0.1"), ["must not have leading 0s"]);
        assert_eq!(is_valid_ip("::ffff:1.2.3.4"), ["must not be an IPv4-mapped IPv6 address"]);
        assert_eq!(is_valid_ip("2001:0db8::1"), ["must be in canonical form (\"2001:db8::1\")"]);
        assert_eq!(is_valid_ip("1.2.3"), ["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"]);
        assert!(is_valid_ip_for_legacy_field("2001:0db8::1").is_empty());
    }

    #[test]
    fn blocks_have_no_bits_beyond_their_prefix() {
        assert!(is_valid_cidr("10.0.0.0/8").is_empty() && is_valid_cidr("0.0.0.0/0").is_empty() && is_valid_cidr("::/0").is_empty());
        assert_eq!(is_valid_cidr("10.0.0.1/8"), ["must not have bits set beyond the prefix length"]);
        assert_eq!(is_valid_cidr("10.0.0.0/08"), ["must not have leading 0s in IP or prefix length"]);
        assert_eq!(is_valid_cidr("10.0.0.0/33"), ["must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"]);
        assert!(is_valid_interface_address("10.0.0.1/8").is_empty());
    }
}

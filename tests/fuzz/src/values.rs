//! Values inside of objects.

use crate::input;
use minkapi_schema::{
    base64, duration, ip, names, pattern,
    quantity::{Format, Quantity},
    time::Time,
};
use std::str::from_utf8;

/// A quantity, its text, and what is done with two of them.
pub fn quantity(data: &[u8]) {
    let read: Vec<Quantity> = input::parts(data).into_iter().filter_map(|part| from_utf8(part).ok()?.parse().ok()).collect();
    for quantity in &read {
        let text = quantity.to_string();
        let again: Quantity = text.parse().expect("a quantity's own text");
        assert_eq!(again.to_string(), text);
        // kube-apiserver writes 2000E as `2`, since there is no suffix for 10^21.
        assert!(again == *quantity || quantity.as_f64().abs() >= 1e21, "{text}");
        let _ = quantity.value();
        let _ = (quantity.milli_value(), quantity.as_f64(), quantity.is_zero(), quantity.cmp_i64(7));
        let mut changed = Quantity::new(i64::MAX, Format::BinarySi);
        changed.add(quantity);
        changed.sub(&read[0]);
        changed.mul(-3);
        changed.neg();
        changed.round_up(0);
        let _ = (changed.to_string(), changed.scaled_value(-9), &changed < quantity);
    }
}

/// A duration, and its text.
pub fn duration(data: &[u8]) {
    let Ok(text) = from_utf8(data) else { return };
    if let Ok(nanos) = duration::parse(text) {
        let text = duration::format(nanos);
        assert_eq!(duration::parse(&text), Ok(nanos), "{text}");
    }
}

/// Times from here on are written with a year of five digits, which are not read: in Go neither.
const YEAR_10000: i64 = 253_402_300_800_000;

/// A time, and its text.
pub fn time(data: &[u8]) {
    let Ok(text) = from_utf8(data) else { return };
    let within = |time: &Time| time.millis() < YEAR_10000;
    if let Some(time) = Time::parse(text).ok().filter(within) {
        let text = time.format();
        assert_eq!(Time::parse(&text).map(Time::format), Ok(text));
    }
    if let Some(time) = Time::parse_micro(text).ok().filter(within) {
        let text = time.format_micro();
        assert_eq!(Time::parse_micro(&text).map(Time::format_micro), Ok(text));
    }
}

/// Texts with a form of their own: names, addresses, patterns, base64.
pub fn texts(data: &[u8]) {
    let parts = input::parts(data);
    let texts: Vec<&str> = parts.into_iter().filter_map(|part| from_utf8(part).ok()).collect();
    let [text, rest @ ..] = texts.as_slice() else { return };
    for check in NAMES {
        check(text);
    }
    let (address, cidr) = (ip::parse_sloppy(text), ip::parse_cidr_sloppy(text));
    let _ = (address, cidr, ip::is_valid_ip(text), ip::is_valid_cidr(text), ip::is_valid_interface_address(text));
    let _ = (ip::warning_for_ip("spec.ip", text), ip::warnings_for_cidr("spec.cidr", text), names::mask_trailing_dash(text));
    if let Ok(bytes) = base64::decode(text) {
        assert_eq!(base64::decode(&base64::encode(&bytes)), Ok(bytes));
    }
    if let Ok(pattern) = pattern::compile(text).as_ref() {
        let _ = rest.iter().filter(|text| pattern.is_match(text)).count();
    }
}

/// The checks of names.
const NAMES: &[fn(&str) -> names::Messages] = &[
    names::is_dns1123_label,
    names::is_dns1123_subdomain,
    names::is_dns1123_subdomain_with_underscore,
    names::is_dns1035_label,
    names::is_wildcard_dns1123_subdomain,
    names::is_qualified_name,
    names::is_valid_label_value,
    names::is_valid_path_segment_name,
    names::is_c_identifier,
    names::is_valid_port_name,
    names::is_valid_percent,
    names::is_http_header_name,
    names::is_env_var_name,
    names::is_relaxed_env_var_name,
    names::is_config_map_key,
];

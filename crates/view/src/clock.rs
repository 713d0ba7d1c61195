//! Time and identity, passed in from the top so that a simulation can make them deterministic.

use rand::Rng as _;

/// Where timestamps come from.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// Microseconds since 1970, UTC.
    fn now_micros(&self) -> i64;
}

/// The operating system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now_micros(&self) -> i64 {
        jiff::Timestamp::now().as_microsecond()
    }
}

/// RFC 3339, whole seconds, UTC: how `creationTimestamp` is written (C-03-10).
pub fn rfc3339(micros: i64) -> String {
    jiff::Timestamp::from_second(micros.div_euclid(1_000_000)).map_or_else(|_| String::new(), |t| t.to_string())
}

/// Microseconds in so many seconds as Go's `Duration` has them, which is 64 bits of nanoseconds: more than 292 years come out as any
/// time at all, also a negative one.
pub(crate) const fn go_seconds(seconds: i64) -> i64 {
    seconds.wrapping_mul(1_000_000_000).div_euclid(1000)
}

/// Where uids and generated names come from.
pub trait IdSource: Send + Sync + std::fmt::Debug {
    /// A new uid: a version 4 UUID.
    fn uid(&self) -> String;
    /// The suffix of a generated name: five characters (C-03-12).
    fn name_suffix(&self) -> String;
}

/// Random ids.
#[derive(Debug, Clone, Copy, Default)]
pub struct RandomIds;

/// The alphabet of generated names: no vowels, and nothing that reads like another character.
const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

impl IdSource for RandomIds {
    fn uid(&self) -> String {
        uuid::Uuid::new_v4().to_string()
    }

    fn name_suffix(&self) -> String {
        let mut rng = rand::rng();
        (0..5).filter_map(|_| ALPHABET.get(rng.random_range(0..ALPHABET.len())).map(|c| char::from(*c))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_are_whole_seconds_in_utc() {
        assert_eq!(rfc3339(1_700_000_000_999_999), "2023-11-14T22:13:20Z");
        assert_eq!(rfc3339(-1), "1969-12-31T23:59:59Z");
    }

    #[test]
    fn generated_suffixes_use_the_alphabet_of_kubernetes() {
        let s = RandomIds.name_suffix();
        assert_eq!(s.len(), 5);
        assert!(s.bytes().all(|b| ALPHABET.contains(&b)));
    }
}

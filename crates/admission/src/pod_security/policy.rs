//! The labels of a namespace: which level is enforced and which warned of, in which version of the rules.

use minkapi_schema::field::{Error, Path};
use std::fmt;

/// How strict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    Privileged,
    Baseline,
    Restricted,
}

impl Level {
    fn parse(text: &str) -> Result<Self, &'static str> {
        match text {
            "privileged" => Ok(Self::Privileged),
            "baseline" => Ok(Self::Baseline),
            "restricted" => Ok(Self::Restricted),
            _ => Err("must be one of privileged, baseline, restricted"),
        }
    }
}

/// The version of the rules: the newest, or that of Kubernetes 1.n.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    Latest,
    Minor(u64),
}

impl Version {
    fn parse(text: &str) -> Result<Self, &'static str> {
        if text == "latest" {
            return Ok(Self::Latest);
        }
        let minor = text.strip_prefix("v1.").filter(|n| n.bytes().all(|b| b.is_ascii_digit()) && (*n == "0" || !n.starts_with('0')));
        minor.and_then(|n| n.parse().ok()).map(Self::Minor).ok_or("must be \"latest\" or \"v1.x\"")
    }
}

/// A level in a version of the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rule {
    pub level: Level,
    pub version: Version,
}

impl fmt::Display for Rule {
    /// `restricted:latest`, `baseline:v1.25`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.level {
            Level::Privileged => "privileged",
            Level::Baseline => "baseline",
            Level::Restricted => "restricted",
        })?;
        match self.version {
            Version::Latest => f.write_str(":latest"),
            Version::Minor(minor) => write!(f, ":v1.{minor}"),
        }
    }
}

/// What a namespace asks for. What is audited is checked as well, but seen nowhere here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Policy {
    pub enforce: Rule,
    pub warn: Rule,
}

impl Policy {
    /// Reads the labels, and tells which of them are wrong. A wrong level to enforce is the strictest one.
    pub fn of<'a>(label: impl Fn(&str) -> Option<&'a str>) -> (Self, Vec<Error>) {
        let mut errors = Vec::new();
        let (enforce_level, enforce_version) = read(&label, "enforce", &mut errors);
        read(&label, "audit", &mut errors);
        let (warn_level, warn_version) = read(&label, "warn", &mut errors);
        let enforce = Rule {
            level: enforce_level.map_or(Level::Privileged, |level| level.unwrap_or(Level::Restricted)),
            version: enforce_version.unwrap_or(Version::Latest),
        };
        let mut warn = Rule {
            level: warn_level.map_or(Level::Privileged, |level| level.unwrap_or(Level::Privileged)),
            version: warn_version.unwrap_or(Version::Latest),
        };
        // A level that is enforced is warned of where pods are not refused: in templates.
        if warn_level.is_none()
            && let Some(Ok(level)) = enforce_level
            && level > warn.level
        {
            warn.level = level;
            if warn_version.is_none() {
                warn.version = enforce.version;
            }
        }
        (Self { enforce, warn }, errors)
    }

    /// Whether nothing is checked.
    pub const fn is_privileged(&self) -> bool {
        matches!((self.enforce.level, self.warn.level), (Level::Privileged, Level::Privileged))
    }
}

type Parsed = (Option<Result<Level, ()>>, Option<Version>);

fn read<'a>(label: &impl Fn(&str) -> Option<&'a str>, mode: &str, errors: &mut Vec<Error>) -> Parsed {
    let metadata = Path::new("metadata");
    let labels = metadata.child("labels");
    let mut wrong = |key: &str, value: &str, why: &str| errors.push(Error::invalid(&labels.key(key), value, why));
    let key = format!("pod-security.kubernetes.io/{mode}");
    let level = label(&key).map(|text| Level::parse(text).map_err(|why| wrong(&key, text, why)));
    let key = format!("{key}-version");
    let version = label(&key).map(|text| {
        Version::parse(text).unwrap_or_else(|why| {
            wrong(&key, text, why);
            Version::Latest
        })
    });
    (level, version)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(labels: &[(&str, &'static str)]) -> (Policy, Vec<Error>) {
        Policy::of(|key| {
            let key = key.strip_prefix("pod-security.kubernetes.io/").unwrap();
            labels.iter().find(|(k, _)| *k == key).map(|(_, v)| *v)
        })
    }

    #[test]
    fn a_namespace_without_labels_is_privileged() {
        assert!(of(&[]).0.is_privileged());
    }

    #[test]
    fn what_is_enforced_is_warned_of_too() {
        let (policy, errors) = of(&[("enforce", "baseline"), ("enforce-version", "v1.25")]);
        assert!(errors.is_empty());
        assert_eq!(policy.warn.to_string(), "baseline:v1.25");
        assert_eq!(of(&[("enforce", "baseline"), ("warn", "restricted")]).0.warn.to_string(), "restricted:latest");
    }

    #[test]
    fn a_wrong_label_is_told_and_the_strictest_level_holds() {
        let (policy, errors) = of(&[("enforce", "strict"), ("warn-version", "v1.01")]);
        assert_eq!(policy.enforce.to_string(), "restricted:latest");
        assert_eq!(policy.warn.level, Level::Privileged);
        assert_eq!(errors[0].field, "metadata.labels[pod-security.kubernetes.io/enforce]");
        assert_eq!(errors[1].detail, "must be \"latest\" or \"v1.x\"");
    }
}

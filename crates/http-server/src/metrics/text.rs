//! Prometheus' text format.

use super::histogram::Counted;
use std::fmt::{Display, Write as _};

/// A text under way. Writing to memory does not fail.
#[derive(Debug, Default)]
pub(crate) struct Text(String);

impl Text {
    /// The whole.
    pub fn into_string(self) -> String {
        self.0
    }

    /// Begins a family of samples.
    pub fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    /// A sample with labels, which stand ready between braces.
    pub fn sample(&mut self, name: &str, labels: &str, value: impl Display) {
        let _ = writeln!(self.0, "{name}{{{labels}}} {value}");
    }

    /// A family of one sample without labels.
    pub fn one(&mut self, name: &str, kind: &str, help: &str, value: impl Display) {
        self.family(name, kind, help);
        let _ = writeln!(self.0, "{name} {value}");
    }

    /// The samples of a histogram without its first `skipped` buckets, whose values are so many times what is told.
    pub fn histogram<const N: usize>(&mut self, name: &str, labels: &str, counted: &Counted<N>, skipped: usize, unit: f64) {
        let mut below = 0;
        for (at, (bound, n)) in counted.bounds.iter().zip(counted.buckets).enumerate() {
            below += n;
            if at < skipped {
                continue;
            }
            let _ = writeln!(self.0, "{name}_bucket{{{labels},le=\"{}\"}} {below}", *bound as f64 / unit);
        }
        let _ = writeln!(self.0, "{name}_bucket{{{labels},le=\"+Inf\"}} {}", counted.count);
        let _ = writeln!(self.0, "{name}_sum{{{labels}}} {}", counted.sum as f64 / unit);
        let _ = writeln!(self.0, "{name}_count{{{labels}}} {}", counted.count);
    }
}

//! Marks: a glance at an object that tells most of those that a selector does not select.

use crate::{Head, LabelOperator, LabelSelector};

/// A few bits that stand for an object's labels and selectable fields.
///
/// An object that lacks a mark of what a selector asks for is not selected; one that has them all may be. They lie in the
/// object itself, so that a scan over many objects touches one cache line of each instead of four.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Marks(u64);

impl Marks {
    /// Those of an object.
    pub fn of(head: &Head) -> Self {
        let labels = head.labels.iter().fold(0, |marks, (key, value)| marks | label(key, value));
        let fields = head.fields.iter().enumerate().fold(0, |marks, (at, value)| marks | field(at, value));
        Self(labels | fields)
    }

    /// Those that every object has whose labels match.
    pub fn wanted_by_labels(selector: &LabelSelector) -> Self {
        let wanted = selector.requirements.iter().map(|requirement| match (requirement.operator, requirement.values.as_slice()) {
            (LabelOperator::Equals | LabelOperator::In, [value]) => label(&requirement.key, value),
            _ => 0,
        });
        Self(wanted.fold(0, |marks, mark| marks | mark))
    }

    /// Those that every object has whose selectable field of this index has this value.
    pub fn wanted_by_field(at: usize, value: &str) -> Self {
        Self(field(at, value))
    }

    /// The marks of both.
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `wanted` are among these.
    pub const fn have(self, wanted: Self) -> bool {
        self.0 & wanted.0 == wanted.0
    }
}

fn label(key: &str, value: &str) -> u64 {
    bit(value, bit_of(key, 1))
}

/// Empty fields have no mark: objects are often without them, and those that lack a field read as empty, too.
fn field(at: usize, value: &str) -> u64 {
    if value.is_empty() { 0 } else { bit(value, 0x9e37_79b9 + at as u64) }
}

fn bit(text: &str, seed: u64) -> u64 {
    1 << (bit_of(text, seed) >> 58)
}

/// FNV-1a with a last mix, so that the upper bits depend on all of the text.
fn bit_of(text: &str, seed: u64) -> u64 {
    let hash = text.bytes().fold(seed ^ 0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    (hash ^ (hash >> 29)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Labels;

    fn head(number: usize) -> Head {
        let slice = number.to_string();
        Head {
            labels: Labels::new([("app", "web"), ("slice", slice.as_str())]),
            fields: [format!("node-{number}").into(), "".into()].into(),
            ..Head::default()
        }
    }

    #[test]
    fn what_a_selector_selects_has_the_marks_that_it_wants() {
        for number in 0..500 {
            let marks = Marks::of(&head(number));
            let labels = LabelSelector::parse(&format!("app=web,slice in ({number}),!x,app notin (y),slice")).unwrap();
            let node = Marks::wanted_by_field(0, &format!("node-{number}"));
            assert!(labels.matches(&head(number).labels));
            assert!(marks.have(Marks::wanted_by_labels(&labels).and(node)));
            assert!(marks.have(Marks::wanted_by_field(1, "")) && marks.have(Marks::wanted_by_field(7, "")));
        }
    }

    #[test]
    fn most_of_what_is_not_selected_lacks_a_mark() {
        let wanted = Marks::wanted_by_labels(&LabelSelector::parse("slice=7").unwrap());
        let passed = (0..1000).filter(|number| Marks::of(&head(*number)).have(wanted)).count();
        assert!(passed < 150, "{passed} of 1000 had to be looked at");
    }
}

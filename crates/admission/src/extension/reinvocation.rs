//! Whether plugins that change objects run a second time: when one of them changed what others have seen.

use serde_json::Value;
use std::collections::BTreeSet;

/// What is remembered of one request.
#[derive(Debug, Default)]
pub struct Reinvocation {
    /// Whether this is the second time.
    pub(crate) again: bool,
    /// Whether there is to be one.
    pub(crate) wanted: bool,
    pub(crate) webhooks: Rounds,
    pub(crate) policies: Rounds,
}

/// What one plugin remembers between its two times.
#[derive(Debug, Default)]
pub(crate) struct Rounds {
    /// The object when the plugin was done with it.
    last: Option<Value>,
    /// Those that have been called, and want to be called again after others.
    called: BTreeSet<String>,
    /// Those that are to be called again.
    due: BTreeSet<String>,
}

impl Rounds {
    /// At the beginning of the second time: other plugins may have changed the object.
    pub fn begin_again(&mut self, object: &Value) {
        if self.last.as_ref() != Some(object) {
            self.changed();
        }
    }

    /// The object was changed.
    pub fn changed(&mut self) {
        self.due.append(&mut self.called);
    }

    /// One that wants to be called again was called.
    pub fn called(&mut self, key: String) {
        self.called.insert(key);
    }

    /// Whether it is to be called again.
    pub fn is_due(&self, key: &str) -> bool {
        self.due.contains(key)
    }

    /// At the end of a time.
    pub fn end(&mut self, object: &Value) {
        self.last = Some(object.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn those_that_others_changed_the_object_behind_are_due() {
        let mut rounds = Rounds::default();
        rounds.changed();
        rounds.called("a".to_owned());
        rounds.changed();
        rounds.called("b".to_owned());
        rounds.end(&json!(1));
        assert!(rounds.is_due("a") && !rounds.is_due("b"));
        rounds.begin_again(&json!(1));
        assert!(!rounds.is_due("b"));
        rounds.begin_again(&json!(2));
        assert!(rounds.is_due("b"));
    }
}

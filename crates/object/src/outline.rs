//! Reading a part of an object out of its JSON.

use crate::scan::{string_end, value_end};
use serde_json::{Map, Value};

/// Which members of an object are of interest; of a list, which members of its items.
#[derive(Debug, Clone, Copy)]
pub enum Outline {
    /// All of them; those that are named as far as their own outlines go.
    All(Members),
    /// Only those that are named.
    Only(Members),
}

/// Members by name.
pub type Members = &'static [(&'static str, Outline)];

impl Outline {
    /// Everything.
    pub const WHOLE: Self = Self::All(&[]);
    /// Nothing but that it is there.
    pub const NOTHING: Self = Self::Only(&[]);

    /// Reads this part of an object or list in compact JSON, which is trusted to be valid. What is of no interest is
    /// passed over: objects lack it, and lists keep their length. None if the text is no JSON.
    pub fn read(self, json: &[u8]) -> Option<Value> {
        self.read_stored(json, usize::MAX)
    }

    /// The same of an object whose metadata end here.
    pub(crate) fn read_stored(self, json: &[u8], metadata_end: usize) -> Option<Value> {
        let mut reader = Reader { json, at: 0, metadata_end };
        reader.value(self)
    }

    fn member(self, name: &[u8]) -> Option<Self> {
        let (members, others) = match self {
            Self::All(members) => (members, Some(Self::WHOLE)),
            Self::Only(members) => (members, None),
        };
        members.iter().find(|(member, _)| member.as_bytes() == name).map(|(_, outline)| *outline).or(others)
    }
}

struct Reader<'a> {
    json: &'a [u8],
    at: usize,
    metadata_end: usize,
}

impl Reader<'_> {
    /// Passes over the value of a member. Managed fields are much of an object and mostly the last of its metadata, whose
    /// end is known.
    fn pass_over(&mut self, name: &[u8]) -> Option<()> {
        // Where they are not the last, as in custom resources, a text is: the uid.
        let last = || self.json.get(self.metadata_end.checked_sub(2)?).filter(|byte| **byte == b']');
        self.at = match name == b"managedFields" && self.at < self.metadata_end && last().is_some() {
            true => self.metadata_end - 1,
            false => value_end(self.json, self.at)?,
        };
        Some(())
    }

    fn peek(&self) -> Option<u8> {
        self.json.get(self.at).copied()
    }

    fn value(&mut self, outline: Outline) -> Option<Value> {
        match (self.peek()?, outline) {
            (b'{', Outline::All(&[])) => self.whole(),
            (b'{', _) => self.object(outline),
            (b'[', Outline::All(&[])) => self.whole(),
            (b'[', _) => self.list(outline),
            (b'"', _) => {
                let (end, escaped) = string_end(self.json, self.at + 1)?;
                if escaped {
                    return self.whole();
                }
                let text = self.json.get(self.at + 1..end)?;
                self.at = end + 1;
                Some(Value::String(std::str::from_utf8(text).ok()?.to_owned()))
            }
            _ => self.whole(),
        }
    }

    /// The value that comes, with all that it holds.
    fn whole(&mut self) -> Option<Value> {
        let end = value_end(self.json, self.at)?;
        let value = serde_json::from_slice(self.json.get(self.at..end)?).ok();
        self.at = end;
        value
    }

    fn object(&mut self, outline: Outline) -> Option<Value> {
        if let Outline::Only(&[]) = outline {
            self.at = value_end(self.json, self.at)?;
            return Some(Value::Object(Map::new()));
        }
        let mut map = Map::new();
        self.at += 1;
        while self.peek()? != b'}' {
            let (end, escaped) = string_end(self.json, self.at + 1)?;
            let name = self.json.get(self.at + 1..end)?;
            let quoted = self.json.get(self.at..=end)?;
            // Past the quote and the colon.
            self.at = end + 2;
            match outline.member(name) {
                Some(inner) => {
                    let name = if escaped { serde_json::from_slice(quoted).ok()? } else { std::str::from_utf8(name).ok()?.to_owned() };
                    map.insert(name, self.value(inner)?);
                }
                None => self.pass_over(name)?,
            }
            self.comma()?;
        }
        self.at += 1;
        Some(Value::Object(map))
    }

    fn list(&mut self, outline: Outline) -> Option<Value> {
        let mut items = Vec::new();
        self.at += 1;
        while self.peek()? != b']' {
            items.push(self.value(outline)?);
            self.comma()?;
        }
        self.at += 1;
        Some(Value::Array(items))
    }

    fn comma(&mut self) -> Option<()> {
        match self.peek()? {
            b',' => self.at += 1,
            b'}' | b']' => {}
            _ => return None,
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::Outline;
    use serde_json::json;

    const POD: Outline = Outline::Only(&[
        ("metadata", Outline::All(&[("managedFields", Outline::NOTHING)])),
        ("spec", Outline::Only(&[("nodeName", Outline::WHOLE), ("containers", Outline::NOTHING)])),
    ]);

    #[test]
    fn what_is_not_in_the_outline_is_passed_over() {
        let pod = json!({
            "metadata": {"name": "a", "labels": {"a": "\"}", "é\n": "1"}, "q\"": 1, "managedFields": [{"manager": "m"}], "generation": -1},
            "spec": {"containers": [{"name": "x", "args": ["[", "{"]}, {}], "volumes": [], "nodeName": "n\u{1}"},
            "status": {"a": [1.5, true, null]}
        });
        let read = POD.read(pod.to_string().as_bytes()).unwrap();
        let wanted = json!({
            "metadata": {"name": "a", "labels": {"a": "\"}", "é\n": "1"}, "q\"": 1, "managedFields": [{}], "generation": -1},
            "spec": {"containers": [{}, {}], "nodeName": "n\u{1}"}
        });
        assert_eq!(read, wanted);
        assert_eq!(Outline::WHOLE.read(pod.to_string().as_bytes()), Some(pod));
    }

    #[test]
    fn a_text_that_is_cut_is_not_read() {
        let text = json!({"metadata": {"name": "a"}, "spec": {"containers": [{}], "nodeName": "n"}}).to_string();
        for length in 0..text.len() {
            assert_eq!(POD.read(&text.as_bytes()[..length]), None, "{length}");
        }
    }
}

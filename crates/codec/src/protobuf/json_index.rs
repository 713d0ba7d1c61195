//! One pass over JSON text that notes where each value starts and ends, so that members can be visited in any order.

use std::borrow::Cow;

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Object,
    Array,
    /// Text without escapes.
    Plain,
    /// Text with escapes.
    Escaped,
    Number,
    True,
    False,
    Null,
}

/// A value's place. Strings leave out their quotes.
#[derive(Debug, Clone, Copy)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    start: u32,
    end: u32,
    /// The first node after this value and all it holds.
    pub next: u32,
}

/// Index of one JSON text. An object's nodes are followed by key, value, key, value; an array's by its items.
pub struct JsonIndex<'a> {
    text: &'a [u8],
    nodes: Vec<Node>,
}

/// Deeper texts than this are refused; what is stored was parsed with a smaller limit.
const MAX_DEPTH: u32 = 256;

impl<'a> JsonIndex<'a> {
    /// Indexes a text; `None` if it is no JSON.
    pub fn new(text: &'a [u8]) -> Option<Self> {
        u32::try_from(text.len()).ok()?;
        let mut index = Self { text, nodes: Vec::with_capacity(text.len() / 8 + 4) };
        let end = index.value(0, 0)?;
        (index.skip_space(end) == text.len()).then_some(index)
    }

    /// The node at an index.
    pub fn node(&self, at: u32) -> Node {
        const NULL: Node = Node { kind: Kind::Null, start: 0, end: 0, next: u32::MAX };
        self.nodes.get(at as usize).copied().unwrap_or(NULL)
    }

    /// The text of a node; of strings, what is between the quotes.
    pub fn text(&self, node: Node) -> &'a [u8] {
        self.text.get(node.start as usize..node.end as usize).unwrap_or_default()
    }

    /// The content of a string node; of other nodes their JSON.
    pub fn string(&self, node: Node) -> Cow<'a, [u8]> {
        let text = self.text(node);
        if node.kind != Kind::Escaped {
            return Cow::Borrowed(text);
        }
        let quoted = self.text.get(node.start as usize - 1..node.end as usize + 1).unwrap_or_default();
        serde_json::from_slice::<String>(quoted).map_or(Cow::Borrowed(text), |s| Cow::Owned(s.into_bytes()))
    }

    fn skip_space(&self, mut at: usize) -> usize {
        while matches!(self.text.get(at), Some(b' ' | b'\n' | b'\t' | b'\r')) {
            at += 1;
        }
        at
    }

    /// Indexes the value at `at` and returns the position after it.
    fn value(&mut self, at: usize, depth: u32) -> Option<usize> {
        let at = self.skip_space(at);
        match self.text.get(at)? {
            b'{' => self.members(at, depth, b'}', true),
            b'[' => self.members(at, depth, b']', false),
            b'"' => self.string_at(at),
            b't' => self.word(at, b"true", Kind::True),
            b'f' => self.word(at, b"false", Kind::False),
            b'n' => self.word(at, b"null", Kind::Null),
            b'-' | b'0'..=b'9' => self.number(at),
            _ => None,
        }
    }

    fn members(&mut self, start: usize, depth: u32, close: u8, keyed: bool) -> Option<usize> {
        if depth >= MAX_DEPTH {
            return None;
        }
        let own = self.nodes.len();
        self.push(if keyed { Kind::Object } else { Kind::Array }, start, start);
        let mut at = self.skip_space(start + 1);
        if self.text.get(at) != Some(&close) {
            loop {
                if keyed {
                    at = self.skip_space(at);
                    (self.text.get(at) == Some(&b'"')).then_some(())?;
                    at = self.string_at(at)?;
                    at = self.skip_space(at);
                    (self.text.get(at) == Some(&b':')).then_some(())?;
                    at += 1;
                }
                at = self.value(at, depth + 1)?;
                at = self.skip_space(at);
                match self.text.get(at)? {
                    b',' => at += 1,
                    found if *found == close => break,
                    _ => return None,
                }
            }
        }
        let next = self.nodes.len() as u32;
        let node = self.nodes.get_mut(own)?;
        (node.end, node.next) = (at as u32 + 1, next);
        Some(at + 1)
    }

    fn string_at(&mut self, quote: usize) -> Option<usize> {
        let start = quote + 1;
        let mut at = start;
        let mut kind = Kind::Plain;
        loop {
            at += quote_or_backslash(self.text.get(at..)?)?;
            if self.text.get(at) == Some(&b'"') {
                break;
            }
            kind = Kind::Escaped;
            at += 2;
        }
        self.push(kind, start, at);
        Some(at + 1)
    }

    fn number(&mut self, start: usize) -> Option<usize> {
        let rest = self.text.get(start..)?;
        let length = rest.iter().position(|b| !matches!(b, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')).unwrap_or(rest.len());
        self.push(Kind::Number, start, start + length);
        Some(start + length)
    }

    fn word(&mut self, start: usize, word: &[u8], kind: Kind) -> Option<usize> {
        let end = start + word.len();
        (self.text.get(start..end)? == word).then(|| self.push(kind, start, end))?;
        Some(end)
    }

    fn push(&mut self, kind: Kind, start: usize, end: usize) {
        let next = self.nodes.len() as u32 + 1;
        self.nodes.push(Node { kind, start: start as u32, end: end as u32, next });
    }
}

/// Position of the first quote or backslash, eight bytes at a time: strings are too short for wider searches to pay.
fn quote_or_backslash(text: &[u8]) -> Option<usize> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    let mut offset = 0;
    let (chunks, rest) = text.as_chunks::<8>();
    for chunk in chunks {
        let word = u64::from_le_bytes(*chunk);
        let zero_byte = |x: u64| x.wrapping_sub(ONES) & !x & HIGHS;
        let found = zero_byte(word ^ (ONES * b'"' as u64)) | zero_byte(word ^ (ONES * b'\\' as u64));
        if found != 0 {
            return Some(offset + found.trailing_zeros() as usize / 8);
        }
        offset += 8;
    }
    rest.iter().position(|b| matches!(b, b'"' | b'\\')).map(|n| offset + n)
}

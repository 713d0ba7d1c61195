//! A JSON reader with the grammar, the leniency and the error texts of Go's `encoding/json`.
//!
//! It differs from serde_json where clients can see it: numbers keep their text until the schema has decided about them,
//! text that is not UTF-8 reads as U+FFFD instead of failing, and syntax errors say what Go says.

use serde_json::{Map, Number, Value};
use std::borrow::Cow;

/// Nesting beyond which documents are refused. Go allows 10,000; recursion here and in those who walk values later
/// stays within a thread's stack.
pub(crate) const MAX_DEPTH: usize = 500;

/// A syntax error in Go's words.
pub(crate) type Syntax = String;

/// The start of a value. Of objects and lists only the opening bracket has been read.
#[derive(Debug)]
pub(crate) enum Token<'a> {
    Null,
    Bool(bool),
    Number(&'a str),
    /// The text and its raw form between the quotes.
    String(Cow<'a, str>, &'a [u8]),
    Array,
    Object,
}

impl Token<'_> {
    /// What Go's type errors call it.
    pub(crate) const fn go_kind(&self) -> &'static str {
        match self {
            Token::Null => "null",
            Token::Bool(_) => "bool",
            Token::Number(_) => "number",
            Token::String(..) => "string",
            Token::Array => "array",
            Token::Object => "object",
        }
    }
}

/// A cursor over a document.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    data: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(data: &'a [u8]) -> Self {
        Self { data, at: 0 }
    }

    fn peek(&mut self) -> Option<u8> {
        while let Some(b) = self.data.get(self.at) {
            if !matches!(b, b' ' | b'\t' | b'\n' | b'\r') {
                return Some(*b);
            }
            self.at += 1;
        }
        None
    }

    fn error(&self, context: &str) -> Syntax {
        match self.data.get(self.at) {
            None => "unexpected end of JSON input".to_owned(),
            Some(b) => format!("invalid character {} {context}", quote_char(*b)),
        }
    }

    /// Reads a scalar, or the bracket that opens a list or an object.
    pub(crate) fn token(&mut self) -> Result<Token<'a>, Syntax> {
        match self.peek() {
            Some(b'{') => {
                self.at += 1;
                Ok(Token::Object)
            }
            Some(b'[') => {
                self.at += 1;
                Ok(Token::Array)
            }
            Some(b'"') => {
                let (text, raw) = self.string()?;
                Ok(Token::String(text, raw))
            }
            Some(b'-' | b'0'..=b'9') => self.number().map(Token::Number),
            Some(b't') => self.word("true").map(|()| Token::Bool(true)),
            Some(b'f') => self.word("false").map(|()| Token::Bool(false)),
            Some(b'n') => self.word("null").map(|()| Token::Null),
            _ => Err(self.error("looking for beginning of value")),
        }
    }

    fn word(&mut self, word: &str) -> Result<(), Syntax> {
        for expected in word.bytes() {
            if self.data.get(self.at) != Some(&expected) {
                return Err(self.error(&format!("in literal {word} (expecting {})", quote_char(expected))));
            }
            self.at += 1;
        }
        Ok(())
    }

    fn digits(&mut self) -> bool {
        let from = self.at;
        while self.data.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        self.at > from
    }

    fn number(&mut self) -> Result<&'a str, Syntax> {
        let from = self.at;
        if self.data.get(self.at) == Some(&b'-') {
            self.at += 1;
        }
        if self.data.get(self.at) == Some(&b'0') {
            self.at += 1;
        } else if !self.digits() {
            return Err(self.error("in numeric literal"));
        }
        if self.data.get(self.at) == Some(&b'.') {
            self.at += 1;
            if !self.digits() {
                return Err(self.error("after decimal point in numeric literal"));
            }
        }
        if matches!(self.data.get(self.at), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.data.get(self.at), Some(b'+' | b'-')) {
                self.at += 1;
            }
            if !self.digits() {
                return Err(self.error("in exponent of numeric literal"));
            }
        }
        let text = self.data.get(from..self.at).unwrap_or_default();
        Ok(std::str::from_utf8(text).unwrap_or_default())
    }

    /// Reads a quoted text whose opening quote is next.
    fn string(&mut self) -> Result<(Cow<'a, str>, &'a [u8]), Syntax> {
        self.at += 1;
        let from = self.at;
        let mut plain = true;
        loop {
            let rest = self.data.get(self.at..).unwrap_or_default();
            let Some(stop) = rest.iter().position(|b| matches!(b, b'"' | b'\\' | 0..0x20)) else {
                self.at = self.data.len();
                return Err(self.error(""));
            };
            self.at += stop;
            match rest.get(stop) {
                Some(b'"') => break,
                Some(b'\\') => {
                    plain = false;
                    self.escape()?;
                }
                _ => return Err(self.error("in string literal")),
            }
        }
        let raw = self.data.get(from..self.at).unwrap_or_default();
        self.at += 1;
        let text = if plain { text_of(raw) } else { Cow::Owned(unescape(raw)) };
        Ok((text, raw))
    }

    /// Checks one escape and steps over it.
    fn escape(&mut self) -> Result<(), Syntax> {
        self.at += 1;
        match self.data.get(self.at) {
            Some(b'b' | b'f' | b'n' | b'r' | b't' | b'\\' | b'/' | b'"') => {
                self.at += 1;
                Ok(())
            }
            Some(b'u') => {
                self.at += 1;
                for _ in 0..4 {
                    if !self.data.get(self.at).is_some_and(u8::is_ascii_hexdigit) {
                        return Err(self.error("in \\u hexadecimal character escape"));
                    }
                    self.at += 1;
                }
                Ok(())
            }
            _ => Err(self.error("in string escape code")),
        }
    }

    /// The next key of an object and its colon; None at its end. `first` right after the opening bracket.
    pub(crate) fn key(&mut self, first: bool) -> Result<Option<Cow<'a, str>>, Syntax> {
        match self.peek() {
            Some(b'}') => {
                self.at += 1;
                return Ok(None);
            }
            Some(b',') if !first => self.at += 1,
            _ if !first => return Err(self.error("after object key:value pair")),
            _ => {}
        }
        if self.peek() != Some(b'"') {
            return Err(self.error("looking for beginning of object key string"));
        }
        let (key, _) = self.string()?;
        if self.peek() != Some(b':') {
            return Err(self.error("after object key"));
        }
        self.at += 1;
        Ok(Some(key))
    }

    /// Whether another element of a list follows. `first` right after the opening bracket.
    pub(crate) fn element(&mut self, first: bool) -> Result<bool, Syntax> {
        match self.peek() {
            Some(b']') => {
                self.at += 1;
                Ok(false)
            }
            Some(b',') if !first => {
                self.at += 1;
                Ok(true)
            }
            _ if first => Ok(true),
            _ => Err(self.error("after array element")),
        }
    }

    /// Nothing but blanks may follow.
    pub(crate) fn end(&mut self) -> Result<(), Syntax> {
        if self.peek().is_some() { Err(self.error("after top-level value")) } else { Ok(()) }
    }

    /// Reads over the rest of the value that `token` started.
    pub(crate) fn skip(&mut self, token: &Token<'_>, depth: usize) -> Result<(), Syntax> {
        check_depth(depth)?;
        let mut first = true;
        match token {
            Token::Array => {
                while self.element(first)? {
                    first = false;
                    self.skip_value(depth + 1)?;
                }
            }
            Token::Object => {
                while self.key(first)?.is_some() {
                    first = false;
                    self.skip_value(depth + 1)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Reads over a value.
    pub(crate) fn skip_value(&mut self, depth: usize) -> Result<(), Syntax> {
        let token = self.token()?;
        self.skip(&token, depth)
    }
}

/// Go's words for documents that are nested too deeply.
pub(crate) fn check_depth(depth: usize) -> Result<(), Syntax> {
    if depth > MAX_DEPTH { Err("exceeded max depth".to_owned()) } else { Ok(()) }
}

/// A number without schema: an integer where its text is one, else a double; None beyond doubles.
pub(crate) fn number(text: &str) -> Option<Number> {
    if !text.contains('.')
        && let Ok(integer) = text.parse::<i64>()
    {
        return Some(integer.into());
    }
    Number::from_f64(text.parse().ok()?)
}

/// A value without schema.
pub(crate) fn scalar(token: &Token<'_>) -> Value {
    match token {
        Token::Null => Value::Null,
        Token::Bool(b) => Value::Bool(*b),
        Token::Number(text) => number(text).map_or(Value::Null, Value::Number),
        Token::String(text, _) => Value::String(text.clone().into_owned()),
        Token::Array => Value::Array(Vec::new()),
        Token::Object => Value::Object(Map::new()),
    }
}

/// Text without escapes; what is not UTF-8 is seldom.
fn text_of(raw: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(raw).map_or_else(|_| String::from_utf8_lossy(raw), Cow::Borrowed)
}

fn unescape(raw: &[u8]) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.iter().position(|b| *b == b'\\') {
        let (head, tail) = rest.split_at(at);
        out.push_str(&String::from_utf8_lossy(head));
        let (c, used) = match tail.get(1) {
            Some(b'b') => ('\u{8}', 2),
            Some(b'f') => ('\u{c}', 2),
            Some(b'n') => ('\n', 2),
            Some(b'r') => ('\r', 2),
            Some(b't') => ('\t', 2),
            Some(b'u') => unicode(tail),
            Some(other) => (char::from(*other), 2),
            None => (char::REPLACEMENT_CHARACTER, 1),
        };
        out.push(c);
        rest = tail.get(used..).unwrap_or_default();
    }
    out.push_str(&String::from_utf8_lossy(rest));
    out
}

/// The character of `\uXXXX` or of a surrogate pair, and how many bytes it took; a lone surrogate is U+FFFD.
fn unicode(text: &[u8]) -> (char, usize) {
    let unit = |at: usize| {
        let digits = text.get(at..at + 6)?.strip_prefix(b"\\u")?;
        u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    };
    let Some(first) = unit(0) else { return (char::REPLACEMENT_CHARACTER, text.len()) };
    match char::decode_utf16([first]).next() {
        Some(Ok(c)) => (c, 6),
        _ => match unit(6).and_then(|second| char::decode_utf16([first, second]).next()) {
            Some(Ok(c)) => (c, 12),
            _ => (char::REPLACEMENT_CHARACTER, 6),
        },
    }
}

/// A byte as Go's scanner quotes it.
fn quote_char(b: u8) -> String {
    match b {
        b'\'' => "'\\''".to_owned(),
        b'"' => "'\"'".to_owned(),
        _ => {
            let c = char::from(b);
            let quoted = crate::field::quoted(c.encode_utf8(&mut [0; 4]));
            match quoted.strip_prefix('"').and_then(|q| q.strip_suffix('"')) {
                Some(_) if (0x80..0xa0).contains(&b) || b == 0xad => format!("'\\u{:04x}'", u32::from(b)),
                Some(inner) => format!("'{inner}'"),
                None => quoted,
            }
        }
    }
}

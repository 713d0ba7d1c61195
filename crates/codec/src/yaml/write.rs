//! Values to YAML text, byte for byte as go-yaml writes them.

use super::{
    key_order,
    style::{Style, is_break, is_printable},
};
use serde_json::{Map, Number, Value};

/// Column after which text is folded at the next space.
const WIDTH: usize = 80;

/// Longer keys are written after a `?`.
const MAX_SIMPLE_KEY: usize = 128;

/// The value as one YAML document that ends with a line break.
pub fn write(value: &Value) -> String {
    let mut writer = Writer { out: String::new(), column: 0 };
    match value {
        Value::Object(members) if !members.is_empty() => writer.mapping(members, 0, true),
        Value::Array(items) if !items.is_empty() => writer.sequence(items, 0, true),
        scalar => writer.scalar(scalar, 2, false),
    }
    if writer.column != 0 {
        writer.line_break();
    }
    writer.out
}

struct Writer {
    out: String,
    column: usize,
}

impl Writer {
    /// `inline`: the first key goes where the pen is.
    fn mapping(&mut self, members: &Map<String, Value>, indent: usize, mut inline: bool) {
        let mut keys: Vec<_> = members.iter().collect();
        keys.sort_by(|(a, _), (b, _)| key_order::compare(a, b));
        for (key, value) in keys {
            if !std::mem::take(&mut inline) {
                self.indent(indent);
            }
            if key.len() <= MAX_SIMPLE_KEY {
                self.text(key, indent + 2, true);
                self.put(':');
                self.member(value, indent);
            } else {
                self.puts("? ");
                self.text(key, indent + 2, false);
                self.indent(indent);
                self.put(':');
                self.item(value, indent);
            }
        }
    }

    fn member(&mut self, value: &Value, indent: usize) {
        match value {
            Value::Object(members) if !members.is_empty() => self.mapping(members, indent + 2, false),
            Value::Array(items) if !items.is_empty() => self.sequence(items, indent, false),
            scalar => {
                self.put(' ');
                self.scalar(scalar, indent + 2, false);
            }
        }
    }

    fn sequence(&mut self, items: &[Value], indent: usize, mut inline: bool) {
        for item in items {
            if !std::mem::take(&mut inline) {
                self.indent(indent);
            }
            self.put('-');
            self.item(item, indent);
        }
    }

    fn item(&mut self, item: &Value, indent: usize) {
        self.put(' ');
        match item {
            Value::Object(members) if !members.is_empty() => self.mapping(members, indent + 2, true),
            Value::Array(items) if !items.is_empty() => self.sequence(items, indent + 2, true),
            scalar => self.scalar(scalar, indent + 2, false),
        }
    }

    fn scalar(&mut self, value: &Value, indent: usize, is_key: bool) {
        match value {
            Value::Null => self.puts("null"),
            Value::Bool(b) => self.puts(if *b { "true" } else { "false" }),
            Value::Number(n) => self.puts(&number(n)),
            Value::String(text) => self.text(text, indent, is_key),
            Value::Array(_) => self.puts("[]"),
            Value::Object(_) => self.puts("{}"),
        }
    }

    fn text(&mut self, text: &str, indent: usize, is_key: bool) {
        match Style::of(text, is_key) {
            Style::Plain => self.folded(text, indent, is_key, None),
            Style::Single => {
                self.put('\'');
                self.folded(text, indent, is_key, Some('\''));
                self.put('\'');
            }
            Style::Double => self.double_quoted(text, indent, is_key),
            Style::Literal => self.literal(text, indent),
        }
    }

    fn folded(&mut self, text: &str, indent: usize, is_key: bool, quote: Option<char>) {
        let mut after_space = false;
        let mut chars = text.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            let next = chars.peek().map(|(_, c)| *c);
            let edge = quote.is_some() && (at == 0 || next.is_none());
            if c == ' ' && !is_key && !after_space && self.column > WIDTH && next != Some(' ') && !edge {
                self.indent(indent);
            } else {
                if Some(c) == quote {
                    self.put(c);
                }
                self.put(c);
            }
            after_space = c == ' ';
        }
    }

    fn double_quoted(&mut self, text: &str, indent: usize, is_key: bool) {
        self.put('"');
        let mut after_space = false;
        let mut chars = text.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            let next = chars.peek().map(|(_, c)| *c);
            if !is_printable(c) || is_break(c) || c == '"' || c == '\\' {
                self.puts(&escape(c));
            } else if c == ' ' && !is_key && !after_space && self.column > WIDTH && at > 0 && next.is_some() {
                self.indent(indent);
                if next == Some(' ') {
                    self.put('\\');
                }
            } else {
                self.put(c);
            }
            after_space = c == ' ';
        }
        self.put('"');
    }

    fn literal(&mut self, text: &str, indent: usize) {
        self.put('|');
        if text.starts_with(|c| c == ' ' || is_break(c)) {
            self.put('2');
        }
        let mut ends = text.chars().rev();
        match (ends.next().is_some_and(is_break), ends.next()) {
            (false, _) => self.put('-'),
            (true, None) => self.put('+'),
            (true, Some(c)) if is_break(c) => self.put('+'),
            (true, Some(_)) => {}
        }
        self.line_break();
        for c in text.chars() {
            if is_break(c) {
                if c == '\n' {
                    self.line_break()
                } else {
                    self.put(c)
                }
                self.column = 0;
            } else {
                if self.column == 0 {
                    self.pad(indent);
                }
                self.put(c);
            }
        }
    }

    fn indent(&mut self, indent: usize) {
        if self.column != 0 || !(self.out.is_empty() || self.out.ends_with('\n')) {
            self.line_break();
        }
        self.pad(indent);
    }

    fn pad(&mut self, indent: usize) {
        while self.column < indent {
            self.put(' ');
        }
    }

    fn line_break(&mut self) {
        self.out.push('\n');
        self.column = 0;
    }

    fn put(&mut self, c: char) {
        self.out.push(c);
        self.column += 1;
    }

    fn puts(&mut self, text: &str) {
        text.chars().for_each(|c| self.put(c));
    }
}

fn escape(c: char) -> String {
    const NAMED: &[(char, &str)] = &[
        ('\0', "\\0"),
        ('\u{7}', "\\a"),
        ('\u{8}', "\\b"),
        ('\t', "\\t"),
        ('\n', "\\n"),
        ('\u{b}', "\\v"),
        ('\u{c}', "\\f"),
        ('\r', "\\r"),
        ('\u{1b}', "\\e"),
        ('"', "\\\""),
        ('\\', "\\\\"),
        ('\u{85}', "\\N"),
        ('\u{a0}', "\\_"),
        ('\u{2028}', "\\L"),
        ('\u{2029}', "\\P"),
    ];
    let code = c as u32;
    match NAMED.iter().find(|(named, _)| *named == c) {
        Some((_, escape)) => (*escape).to_owned(),
        None if code <= 0xff => format!("\\x{code:02X}"),
        None if code <= 0xffff => format!("\\u{code:04X}"),
        None => format!("\\U{code:08X}"),
    }
}

/// Integers as they are, doubles as Go's `%g` with as many digits as needed.
fn number(number: &Number) -> String {
    if number.is_i64() || number.is_u64() {
        return number.to_string();
    }
    let value = number.as_f64().unwrap_or_default();
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if !(-4..6).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", exponent.abs());
    }
    format!("{value}")
}

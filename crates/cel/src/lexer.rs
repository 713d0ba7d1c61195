//! Expressions as tokens.

/// A word, a sign or a literal.
#[derive(Debug, Clone, PartialEq)]
pub enum Token {
    /// A name.
    Ident(String),
    /// Digits without a sign, `0x` before hexadecimal ones.
    Int(String),
    /// `7u`.
    Uint(u64),
    /// `1.5`.
    Double(f64),
    /// `'text'`.
    Text(String),
    /// `b'bytes'`.
    Bytes(Vec<u8>),
    /// `true`.
    True,
    /// `false`.
    False,
    /// `null`.
    Null,
    /// All else.
    Sign(Sign),
}

/// Operators and punctuation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    Equals,
    NotEquals,
    LessEquals,
    GreaterEquals,
    And,
    Or,
    Less,
    Greater,
    Not,
    Plus,
    Minus,
    Star,
    Slash,
    Percent,
    Question,
    Colon,
    Comma,
    Dot,
    LeftParen,
    RightParen,
    LeftBracket,
    RightBracket,
    LeftBrace,
    RightBrace,
    In,
}

/// Longer ones before those that they begin with.
const SIGNS: [(&str, Sign); 24] = [
    ("==", Sign::Equals),
    ("!=", Sign::NotEquals),
    ("<=", Sign::LessEquals),
    (">=", Sign::GreaterEquals),
    ("&&", Sign::And),
    ("||", Sign::Or),
    ("<", Sign::Less),
    (">", Sign::Greater),
    ("!", Sign::Not),
    ("+", Sign::Plus),
    ("-", Sign::Minus),
    ("*", Sign::Star),
    ("/", Sign::Slash),
    ("%", Sign::Percent),
    ("?", Sign::Question),
    (":", Sign::Colon),
    (",", Sign::Comma),
    (".", Sign::Dot),
    ("(", Sign::LeftParen),
    (")", Sign::RightParen),
    ("[", Sign::LeftBracket),
    ("]", Sign::RightBracket),
    ("{", Sign::LeftBrace),
    ("}", Sign::RightBrace),
];

/// Reads tokens.
pub struct Lexer<'s> {
    source: &'s str,
    at: usize,
}

impl<'s> Lexer<'s> {
    /// Of a text.
    pub const fn new(source: &'s str) -> Self {
        Self { source, at: 0 }
    }

    /// All tokens with their places; None where there is something else.
    pub fn tokens(mut self) -> Option<Vec<(Token, usize)>> {
        let mut tokens = Vec::new();
        loop {
            self.skip_blanks();
            if self.rest().is_empty() {
                return Some(tokens);
            }
            let place = self.at;
            tokens.push((self.token()?, place));
        }
    }

    fn rest(&self) -> &'s str {
        self.source.get(self.at..).unwrap_or_default()
    }

    fn skip_blanks(&mut self) {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start_matches([' ', '\t', '\r', '\n', '\u{c}']);
            self.at += rest.len() - trimmed.len();
            if !trimmed.starts_with("//") {
                return;
            }
            self.at += trimmed.find('\n').unwrap_or(trimmed.len());
        }
    }

    fn token(&mut self) -> Option<Token> {
        let rest = self.rest();
        if let Some(token) = self.quoted() {
            return token;
        }
        let first = rest.chars().next()?;
        let second_is_digit = rest.as_bytes().get(1).is_some_and(u8::is_ascii_digit);
        if first.is_ascii_digit() || (first == '.' && second_is_digit) {
            return self.number();
        }
        if first == '_' || first.is_ascii_alphabetic() {
            let word = self.take_while(|c| c == '_' || c.is_ascii_alphanumeric());
            return Some(match word {
                "true" => Token::True,
                "false" => Token::False,
                "null" => Token::Null,
                "in" => Token::Sign(Sign::In),
                word => Token::Ident(word.to_owned()),
            });
        }
        let (text, sign) = SIGNS.iter().find(|(text, _)| rest.starts_with(text))?;
        self.at += text.len();
        Some(Token::Sign(*sign))
    }

    fn take_while(&mut self, fits: impl Fn(char) -> bool) -> &'s str {
        let rest = self.rest();
        let end = rest.find(|c| !fits(c)).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or_default()
    }

    fn number(&mut self) -> Option<Token> {
        let start = self.at;
        if self.rest().starts_with("0x") {
            self.at += 2;
            let digits = self.take_while(|c| c.is_ascii_hexdigit());
            if digits.is_empty() {
                return None;
            }
            if self.takes_u() {
                return u64::from_str_radix(digits, 16).ok().map(Token::Uint);
            }
            return Some(Token::Int(format!("0x{digits}")));
        }
        let digits = self.take_while(|c| c.is_ascii_digit());
        let mut is_double = false;
        if self.rest().starts_with('.') && self.rest().as_bytes().get(1).is_some_and(u8::is_ascii_digit) {
            is_double = true;
            self.at += 1;
            self.take_while(|c| c.is_ascii_digit());
        }
        if self.rest().starts_with(['e', 'E']) {
            let sign = usize::from(self.rest().get(1..).is_some_and(|rest| rest.starts_with(['+', '-'])));
            if !self.rest().as_bytes().get(1 + sign).is_some_and(u8::is_ascii_digit) {
                return None;
            }
            is_double = true;
            self.at += 1 + sign;
            self.take_while(|c| c.is_ascii_digit());
        }
        if is_double {
            return self.source.get(start..self.at)?.parse().ok().map(Token::Double);
        }
        if self.takes_u() {
            return digits.parse().ok().map(Token::Uint);
        }
        Some(Token::Int(digits.to_owned()))
    }

    fn takes_u(&mut self) -> bool {
        let is = self.rest().starts_with(['u', 'U']);
        self.at += usize::from(is);
        is
    }

    /// A text or bytes, if one begins here; Some(None) if it does not end, or has an escape that is none.
    fn quoted(&mut self) -> Option<Option<Token>> {
        let rest = self.rest();
        let prefix = rest.find(['\'', '"']).filter(|at| *at <= 2)?;
        let (letters, quoted) = rest.split_at(prefix);
        let letters = letters.to_ascii_lowercase();
        if !matches!(letters.as_str(), "" | "r" | "b" | "rb" | "br") {
            return None;
        }
        let (is_raw, is_bytes) = (letters.contains('r'), letters.contains('b'));
        let one = quoted.get(..1)?;
        let quote = if quoted.starts_with(&one.repeat(3)) { one.repeat(3) } else { one.to_owned() };
        let body = quoted.get(quote.len()..)?;
        let Some(end) = end_of(body, &quote, is_raw) else { return Some(None) };
        let inside = body.get(..end)?;
        self.at += prefix + quote.len() + end + quote.len();
        if quote.len() == 1 && inside.contains(['\n', '\r']) {
            return Some(None);
        }
        let Some(bytes) = unescape(inside, is_raw, is_bytes) else { return Some(None) };
        Some(if is_bytes { Some(Token::Bytes(bytes)) } else { String::from_utf8(bytes).ok().map(Token::Text) })
    }
}

/// Where a quote ends that has begun.
fn end_of(body: &str, quote: &str, is_raw: bool) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in body.char_indices() {
        if escaped {
            escaped = false;
        } else if c == '\\' && !is_raw {
            escaped = true;
        } else if body.get(at..)?.starts_with(quote) {
            return Some(at);
        }
    }
    None
}

fn unescape(text: &str, is_raw: bool, is_bytes: bool) -> Option<Vec<u8>> {
    if is_raw {
        return Some(text.as_bytes().to_vec());
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (before, after) = rest.split_at(at);
        out.extend_from_slice(before.as_bytes());
        let letter = after.get(1..)?.chars().next()?;
        let (digits, radix, skip) = match letter {
            'x' | 'X' => (2, 16, 2),
            'u' if !is_bytes => (4, 16, 2),
            'U' if !is_bytes => (8, 16, 2),
            '0'..='3' => (3, 8, 1),
            _ => {
                out.push(simple(letter)?);
                rest = after.get(2..)?;
                continue;
            }
        };
        let number = u32::from_str_radix(after.get(skip..skip + digits)?, radix).ok()?;
        if is_bytes {
            out.push(u8::try_from(number).ok()?);
        } else {
            out.extend_from_slice(char::from_u32(number)?.encode_utf8(&mut [0; 4]).as_bytes());
        }
        rest = after.get(skip + digits..)?;
    }
    out.extend_from_slice(rest.as_bytes());
    Some(out)
}

const fn simple(letter: char) -> Option<u8> {
    Some(match letter {
        'a' => 7,
        'b' => 8,
        'f' => 12,
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'v' => 11,
        '\\' => b'\\',
        '\'' => b'\'',
        '"' => b'"',
        '`' => b'`',
        '?' => b'?',
        _ => return None,
    })
}

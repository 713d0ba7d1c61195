//! The grammar of label selectors, with the error texts of apimachinery's `labels.Parse`.

use super::{LabelOperator, LabelRequirement, ParseLabelSelectorError, syntax};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    Error,
    End,
    CloseParen,
    Comma,
    Not,
    DoubleEquals,
    Equals,
    GreaterThan,
    Identifier,
    In,
    LessThan,
    NotEquals,
    NotIn,
    OpenParen,
}

const TOKENS: [(&str, Token); 11] = [
    (")", Token::CloseParen),
    (",", Token::Comma),
    ("!", Token::Not),
    ("==", Token::DoubleEquals),
    ("=", Token::Equals),
    (">", Token::GreaterThan),
    ("in", Token::In),
    ("<", Token::LessThan),
    ("!=", Token::NotEquals),
    ("notin", Token::NotIn),
    ("(", Token::OpenParen),
];

fn token_of(text: &str) -> Option<Token> {
    TOKENS.iter().find(|(literal, _)| *literal == text).map(|(_, token)| *token)
}

const fn is_special(c: char) -> bool {
    matches!(c, '=' | '!' | '(' | ')' | ',' | '>' | '<')
}

const fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// The requirements of a selector in order of appearance.
pub(super) fn parse(text: &str) -> Result<Vec<LabelRequirement>, String> {
    Parser { items: scan(text), position: 0 }.selector()
}

/// All tokens with their texts; the last one is the end.
fn scan(text: &str) -> Vec<(Token, String)> {
    let mut rest = text;
    let mut items = Vec::new();
    loop {
        rest = rest.trim_start_matches(is_space);
        // For Go's lexer a NUL is the end of the text where a token could start, and the end of a token elsewhere.
        let Some(first) = rest.chars().next().filter(|c| *c != '\0') else { break };
        items.push(if is_special(first) { scan_special(&mut rest) } else { scan_word(&mut rest) });
        rest = rest.strip_prefix('\0').unwrap_or(rest);
    }
    items.push((Token::End, String::new()));
    items
}

fn scan_word(rest: &mut &str) -> (Token, String) {
    let (word, after) = rest.split_at(rest.find(|c| is_special(c) || is_space(c) || c == '\0').unwrap_or(rest.len()));
    *rest = after;
    (token_of(word).unwrap_or(Token::Identifier), word.to_owned())
}

/// The longest token at the beginning of a run of special characters.
fn scan_special(rest: &mut &str) -> (Token, String) {
    let longest = (1..=rest.len()).map_while(|end| rest.get(..end).and_then(|t| Some((token_of(t)?, t)))).last();
    if let Some((token, literal)) = longest {
        *rest = rest.get(literal.len()..).unwrap_or_default();
        (token, literal.to_owned())
    } else {
        let (run, after) = rest.split_at(rest.find(|c| !is_special(c)).unwrap_or(rest.len()));
        *rest = after;
        (Token::Error, format!("error expected: keyword found '{run}'"))
    }
}

struct Parser {
    items: Vec<(Token, String)>,
    position: usize,
}

impl Parser {
    /// The next token; where a value may stand, `in` and `notin` are words.
    fn peek_value(&self) -> (Token, &str) {
        let (token, text) = self.peek();
        (if matches!(token, Token::In | Token::NotIn) { Token::Identifier } else { token }, text)
    }

    fn peek(&self) -> (Token, &str) {
        self.items.get(self.position).map_or((Token::End, ""), |(token, text)| (*token, text))
    }

    fn take_value(&mut self) -> (Token, String) {
        let (token, text) = self.peek_value();
        let taken = (token, text.to_owned());
        self.position += 1;
        taken
    }

    fn selector(&mut self) -> Result<Vec<LabelRequirement>, String> {
        let mut requirements = Vec::new();
        loop {
            match self.peek_value() {
                (Token::Identifier | Token::Not, _) => {
                    let requirement = self.requirement().map_err(|e| format!("unable to parse requirement: {e}"))?;
                    requirements.push(requirement);
                    match self.take_value() {
                        (Token::End, _) => return Ok(requirements),
                        (Token::Comma, _) => match self.peek_value() {
                            (Token::Identifier | Token::Not, _) => {}
                            (_, found) => return Err(format!("found '{found}', expected: identifier after ','")),
                        },
                        (_, found) => return Err(format!("found '{found}', expected: ',' or 'end of string'")),
                    }
                }
                (Token::End, _) => return Ok(requirements),
                (_, found) => return Err(format!("found '{found}', expected: !, identifier, or 'end of string'")),
            }
        }
    }

    fn requirement(&mut self) -> Result<LabelRequirement, String> {
        let mut next = self.take_value();
        let negated = next.0 == Token::Not;
        if negated {
            next = self.take_value();
        }
        let (Token::Identifier, key) = next else { return Err(format!("found '{}', expected: identifier", next.1)) };
        // The path of this error is a nil pointer in Go.
        if let Some(error) = syntax::key_error(&key, "<nil>") {
            return Err(error);
        }
        let (operator, values) = if negated {
            (LabelOperator::DoesNotExist, Vec::new())
        } else if matches!(self.peek_value().0, Token::End | Token::Comma) {
            (LabelOperator::Exists, Vec::new())
        } else {
            let operator = self.operator()?;
            let set = matches!(operator, LabelOperator::In | LabelOperator::NotIn);
            (operator, if set { self.values()? } else { vec![self.exact_value()?] })
        };
        LabelRequirement::new(key, operator, values).map_err(|ParseLabelSelectorError(e)| e)
    }

    fn operator(&mut self) -> Result<LabelOperator, String> {
        let (token, found) = self.peek();
        let operator = match token {
            Token::In => LabelOperator::In,
            Token::Equals | Token::DoubleEquals => LabelOperator::Equals,
            Token::GreaterThan => LabelOperator::GreaterThan,
            Token::LessThan => LabelOperator::LessThan,
            Token::NotIn => LabelOperator::NotIn,
            Token::NotEquals => LabelOperator::NotEquals,
            _ => return Err(format!("found '{found}', expected: in, notin, =, ==, !=, gt, lt")),
        };
        self.position += 1;
        Ok(operator)
    }

    /// `(a,b)`; empty values are values.
    fn values(&mut self) -> Result<Vec<String>, String> {
        match self.take_value() {
            (Token::OpenParen, _) => {}
            (_, found) => return Err(format!("found '{found}' expected: '('")),
        }
        let (token, first) = self.peek_value();
        let first = first.to_owned();
        match token {
            Token::Identifier | Token::Comma => {
                let values = self.value_list()?;
                // The text named is that of the first value, in Go too.
                if self.take_value().0 == Token::CloseParen { Ok(values) } else { Err(format!("found '{first}', expected: ')'")) }
            }
            Token::CloseParen => {
                self.position += 1;
                Ok(vec![String::new()])
            }
            _ => Err(format!("found '{first}', expected: ',', ')' or identifier")),
        }
    }

    fn value_list(&mut self) -> Result<Vec<String>, String> {
        let mut values = Vec::new();
        loop {
            match self.take_value() {
                (Token::Identifier, value) => {
                    values.push(value);
                    match self.peek_value() {
                        (Token::Comma, _) => {}
                        (Token::CloseParen, _) => return Ok(values),
                        (_, found) => return Err(format!("found '{found}', expected: ',' or ')'")),
                    }
                }
                (Token::Comma, _) => {
                    if values.is_empty() {
                        values.push(String::new());
                    }
                    match self.peek_value().0 {
                        Token::CloseParen => {
                            values.push(String::new());
                            return Ok(values);
                        }
                        Token::Comma => values.push(String::new()),
                        _ => {}
                    }
                }
                (_, found) => return Err(format!("found '{found}', expected: ',', or identifier")),
            }
        }
    }

    /// What follows `=` and the like; nothing is the empty value.
    fn exact_value(&mut self) -> Result<String, String> {
        if matches!(self.peek_value().0, Token::End | Token::Comma) {
            return Ok(String::new());
        }
        match self.take_value() {
            (Token::Identifier, value) => Ok(value),
            (_, found) => Err(format!("found '{found}', expected: identifier")),
        }
    }
}

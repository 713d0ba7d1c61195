//! The parser of expressions. It keeps where each part stands, which issues point at.
//!
//! What it does not read is given to the parser of the `cel` crate, which is generated from CEL's grammar and has the words
//! for what is wrong.

use crate::{
    authorizer::REQUEST_RESOURCE,
    lexer::{Lexer, Sign, Token},
    macros::{self, Misuse},
    names::is_reserved,
};
use kube_cel::cel::{
    IdedExpr,
    common::ast::{
        CallExpr, EntryExpr, Expr, IdedEntryExpr, ListExpr, LiteralValue, MapEntryExpr, MapExpr, SelectExpr, StructExpr, StructFieldExpr,
        operators,
    },
};

/// How deep parts may be inside of each other.
const MAX_DEPTH: usize = 250;

/// A parsed expression whose macros are expanded.
#[derive(Debug)]
pub struct Parsed {
    /// The expression; the ids of its parts are indexes of `positions`.
    pub expr: IdedExpr,
    /// Where parts stand, in bytes.
    pub positions: Vec<usize>,
    /// Uses of macros that are none, and names that are words of the language: where, and what is wrong.
    pub misuses: Vec<(usize, String)>,
}

/// Reads an expression; None where it is none.
pub fn parse(source: &str) -> Option<Parsed> {
    let tokens = Lexer::new(source).tokens()?;
    let mut parser = Parser { tokens, at: 0, depth: 0, positions: Vec::new(), misuses: Vec::new() };
    let expr = parser.expr()?;
    (parser.at == parser.tokens.len()).then_some(Parsed { expr, positions: parser.positions, misuses: parser.misuses })
}

struct Parser {
    tokens: Vec<(Token, usize)>,
    at: usize,
    depth: usize,
    positions: Vec<usize>,
    misuses: Vec<(usize, String)>,
}

/// Operators of one precedence, all of which are read from left to right.
const LEVELS: [&[(Sign, &str)]; 3] = [
    &[
        (Sign::Less, operators::LESS),
        (Sign::LessEquals, operators::LESS_EQUALS),
        (Sign::GreaterEquals, operators::GREATER_EQUALS),
        (Sign::Greater, operators::GREATER),
        (Sign::Equals, operators::EQUALS),
        (Sign::NotEquals, operators::NOT_EQUALS),
        (Sign::In, operators::IN),
    ],
    &[(Sign::Plus, operators::ADD), (Sign::Minus, operators::SUBSTRACT)],
    &[(Sign::Star, operators::MULTIPLY), (Sign::Slash, operators::DIVIDE), (Sign::Percent, operators::MODULO)],
];

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(token, _)| token)
    }

    fn place(&self) -> usize {
        self.tokens.get(self.at).map_or(0, |(_, place)| *place)
    }

    fn is(&self, sign: Sign) -> bool {
        self.peek() == Some(&Token::Sign(sign))
    }

    fn take(&mut self, sign: Sign) -> bool {
        let is = self.is(sign);
        self.at += usize::from(is);
        is
    }

    fn expect(&mut self, sign: Sign) -> Option<()> {
        self.take(sign).then_some(())
    }

    fn node(&mut self, place: usize, expr: Expr) -> IdedExpr {
        self.positions.push(place);
        IdedExpr { id: self.positions.len() as u64 - 1, expr }
    }

    fn call(&mut self, place: usize, name: &str, args: Vec<IdedExpr>) -> IdedExpr {
        self.node(place, Expr::Call(CallExpr { func_name: name.to_owned(), target: None, args }))
    }

    fn expr(&mut self) -> Option<IdedExpr> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let test = self.or()?;
        let place = self.place();
        let expr = if self.take(Sign::Question) {
            let then = self.or()?;
            self.expect(Sign::Colon)?;
            let otherwise = self.expr()?;
            self.call(place, operators::CONDITIONAL, vec![test, then, otherwise])
        } else {
            test
        };
        self.depth -= 1;
        Some(expr)
    }

    fn or(&mut self) -> Option<IdedExpr> {
        let mut left = self.and()?;
        loop {
            let place = self.place();
            if !self.take(Sign::Or) {
                return Some(left);
            }
            let right = self.and()?;
            left = self.call(place, operators::LOGICAL_OR, vec![left, right]);
        }
    }

    fn and(&mut self) -> Option<IdedExpr> {
        let mut left = self.binary(0)?;
        loop {
            let place = self.place();
            if !self.take(Sign::And) {
                return Some(left);
            }
            let right = self.binary(0)?;
            left = self.call(place, operators::LOGICAL_AND, vec![left, right]);
        }
    }

    fn binary(&mut self, level: usize) -> Option<IdedExpr> {
        let Some(signs) = LEVELS.get(level) else { return self.unary() };
        let mut left = self.binary(level + 1)?;
        loop {
            let place = self.place();
            let Some((_, name)) = signs.iter().find(|(sign, _)| self.is(*sign)) else { return Some(left) };
            self.at += 1;
            let right = self.binary(level + 1)?;
            left = self.call(place, name, vec![left, right]);
        }
    }

    fn unary(&mut self) -> Option<IdedExpr> {
        let place = self.place();
        for (sign, name) in [(Sign::Not, operators::LOGICAL_NOT), (Sign::Minus, operators::NEGATE)] {
            if !self.is(sign) || self.negative_number().is_some() {
                continue;
            }
            let mut times = 0usize;
            while self.take(sign) {
                times += 1;
            }
            let operand = self.member()?;
            return Some(if times.is_multiple_of(2) { operand } else { self.call(place, name, vec![operand]) });
        }
        self.member()
    }

    /// A number with a minus sign is one literal.
    fn negative_number(&self) -> Option<LiteralValue> {
        if !self.is(Sign::Minus) {
            return None;
        }
        match self.tokens.get(self.at + 1)? {
            (Token::Int(text), _) => int(&format!("-{text}")),
            (Token::Double(number), _) => Some(LiteralValue::Double((-number).into())),
            _ => None,
        }
    }

    fn member(&mut self) -> Option<IdedExpr> {
        let mut expr = self.primary()?;
        loop {
            let place = self.place();
            if self.take(Sign::Dot) {
                let optional = self.take(Sign::Question);
                let Some(Token::Ident(name)) = self.peek().cloned() else { return None };
                self.at += 1;
                let call = self.place();
                expr = if optional {
                    let name = self.node(place, Expr::Literal(LiteralValue::String(name.as_str().into())));
                    self.call(place, operators::OPT_INDEX, vec![expr, name])
                } else if self.take(Sign::LeftParen) {
                    let args = self.args(Sign::RightParen)?;
                    self.method(call, name, Some(expr), args)
                } else if name == "requestResource" && matches!(&expr.expr, Expr::Ident(name) if name == "authorizer") {
                    self.call(place, REQUEST_RESOURCE, vec![expr])
                } else {
                    self.node(place, Expr::Select(SelectExpr { operand: Box::new(expr), field: name, test: false }))
                };
            } else if self.take(Sign::LeftBracket) {
                let name = if self.take(Sign::Question) { operators::OPT_INDEX } else { operators::INDEX };
                let index = self.expr()?;
                self.expect(Sign::RightBracket)?;
                expr = self.call(place, name, vec![expr, index]);
            } else {
                return Some(expr);
            }
        }
    }

    /// A call, or what a macro of that name makes of it.
    fn method(&mut self, place: usize, name: String, target: Option<IdedExpr>, args: Vec<IdedExpr>) -> IdedExpr {
        let mut expr = self.node(place, Expr::Call(CallExpr { func_name: name, target: target.map(Box::new), args }));
        if let Err(Misuse { id, why }) = macros::expand(&mut expr) {
            let place = self.positions.get(usize::try_from(id).unwrap_or(usize::MAX)).copied().unwrap_or(place);
            self.misuses.push((place, why));
        }
        expr
    }

    fn args(&mut self, end: Sign) -> Option<Vec<IdedExpr>> {
        let mut args = Vec::new();
        if self.take(end) {
            return Some(args);
        }
        loop {
            args.push(self.expr()?);
            if self.take(end) {
                return Some(args);
            }
            self.expect(Sign::Comma)?;
        }
    }

    fn primary(&mut self) -> Option<IdedExpr> {
        let place = self.place();
        if let Some(number) = self.negative_number() {
            self.at += 2;
            return Some(self.node(place, Expr::Literal(number)));
        }
        let token = self.peek()?.clone();
        self.at += 1;
        let literal = match token {
            Token::Sign(Sign::LeftParen) => {
                let inner = self.expr()?;
                self.expect(Sign::RightParen)?;
                return Some(inner);
            }
            Token::Sign(Sign::LeftBracket) => return self.list(place),
            Token::Sign(Sign::LeftBrace) => return self.map(place),
            Token::Sign(Sign::Dot) => {
                let Some(Token::Ident(name)) = self.peek().cloned() else { return None };
                self.at += 1;
                return self.ident(place, &format!(".{name}"));
            }
            Token::Ident(name) => return self.ident(place, &name),
            Token::Int(text) => int(&text)?,
            Token::Uint(number) => LiteralValue::UInt(number.into()),
            Token::Double(number) => LiteralValue::Double(number.into()),
            Token::Text(text) => LiteralValue::String(text.as_str().into()),
            Token::Bytes(bytes) => LiteralValue::Bytes(bytes.into()),
            Token::True => LiteralValue::Boolean(true.into()),
            Token::False => LiteralValue::Boolean(false.into()),
            Token::Null => LiteralValue::Null,
            Token::Sign(_) => return None,
        };
        Some(self.node(place, Expr::Literal(literal)))
    }

    fn ident(&mut self, place: usize, name: &str) -> Option<IdedExpr> {
        if let Some(type_name) = self.message_type(name) {
            return self.message(type_name);
        }
        if is_reserved(name) {
            self.misuses.push((place, format!("reserved identifier: {name}")));
        }
        let call = self.place();
        if self.take(Sign::LeftParen) {
            let args = self.args(Sign::RightParen)?;
            return Some(self.method(call, name.to_owned(), None, args));
        }
        Some(self.node(place, Expr::Ident(name.to_owned())))
    }

    /// The rest of `a.b.C` after its first name, if a brace follows.
    fn message_type(&mut self, first: &str) -> Option<String> {
        let (start, mut name) = (self.at, first.to_owned());
        while self.is(Sign::Dot) {
            let Some((Token::Ident(part), _)) = self.tokens.get(self.at + 1) else { break };
            name = format!("{name}.{part}");
            self.at += 2;
        }
        if self.is(Sign::LeftBrace) {
            return Some(name);
        }
        self.at = start;
        None
    }

    /// `{field: value}` after the name of a type.
    fn message(&mut self, name: String) -> Option<IdedExpr> {
        let place = self.place();
        self.expect(Sign::LeftBrace)?;
        let mut entries = Vec::new();
        while !self.take(Sign::RightBrace) {
            let optional = self.take(Sign::Question);
            let Some(Token::Ident(field)) = self.peek().cloned() else { return None };
            self.at += 1;
            self.positions.push(self.place());
            let id = self.positions.len() as u64 - 1;
            self.expect(Sign::Colon)?;
            let value = self.expr()?;
            entries.push(IdedEntryExpr { id, expr: EntryExpr::StructField(StructFieldExpr { field, value, optional }) });
            if !self.take(Sign::Comma) && !self.is(Sign::RightBrace) {
                return None;
            }
        }
        Some(self.node(place, Expr::Struct(StructExpr { type_name: name, entries })))
    }

    fn list(&mut self, place: usize) -> Option<IdedExpr> {
        let (mut elements, mut optional) = (Vec::new(), Vec::new());
        while !self.take(Sign::RightBracket) {
            if self.take(Sign::Question) {
                optional.push(elements.len());
            }
            elements.push(self.expr()?);
            if !self.take(Sign::Comma) && !self.is(Sign::RightBracket) {
                return None;
            }
        }
        Some(self.node(place, Expr::List(ListExpr::new_with_optionals(elements, optional))))
    }

    fn map(&mut self, place: usize) -> Option<IdedExpr> {
        let mut entries = Vec::new();
        while !self.take(Sign::RightBrace) {
            let optional = self.take(Sign::Question);
            let key = self.expr()?;
            self.expect(Sign::Colon)?;
            let value = self.expr()?;
            entries.push(IdedEntryExpr { id: key.id, expr: EntryExpr::MapEntry(MapEntryExpr { key, value, optional }) });
            if !self.take(Sign::Comma) && !self.is(Sign::RightBrace) {
                return None;
            }
        }
        Some(self.node(place, Expr::Map(MapExpr { entries })))
    }
}

fn int(text: &str) -> Option<LiteralValue> {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
    let number = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(hex) => i64::from_str_radix(&format!("{sign}{hex}"), 16),
        None => text.parse(),
    };
    number.ok().map(|number| LiteralValue::Int(number.into()))
}

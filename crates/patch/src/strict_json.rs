//! JSON that remembers which members it saw twice, since `fieldValidation` reports them (C-07-15).

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::{cell::RefCell, collections::HashSet, fmt};

/// kube-apiserver keeps no more than this many strict errors.
const MAX_ERRORS: usize = 100;

/// Strict decoding errors in the order found, each once.
#[derive(Debug, Default)]
pub(crate) struct StrictErrors {
    list: Vec<String>,
    seen: HashSet<String>,
}

impl StrictErrors {
    pub(crate) fn add(&mut self, error: String) {
        if self.list.len() < MAX_ERRORS && self.seen.insert(error.clone()) {
            self.list.push(error);
        }
    }

    pub(crate) fn into_vec(self) -> Vec<String> {
        self.list
    }
}

/// Parses `body`, adding `duplicate field "a.b"` for each repeated member below `prefix`.
pub(crate) fn parse(body: &str, prefix: &str, errors: &mut StrictErrors) -> Result<Value, serde_json::Error> {
    let state = RefCell::new(State { path: prefix.to_owned(), errors });
    let mut de = serde_json::Deserializer::from_str(body);
    let value = Seed(&state).deserialize(&mut de)?;
    de.end()?;
    Ok(value)
}

struct State<'e> {
    path: String,
    errors: &'e mut StrictErrors,
}

impl State<'_> {
    fn push_key(&mut self, key: &str) -> usize {
        let len = self.path.len();
        if len > 0 {
            self.path.push('.');
        }
        self.path.push_str(key);
        len
    }
}

#[derive(Clone, Copy)]
struct Seed<'s, 'e>(&'s RefCell<State<'e>>);

impl<'de> DeserializeSeed<'de> for Seed<'_, '_> {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_, '_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, b: bool) -> Result<Value, E> {
        Ok(Value::Bool(b))
    }

    fn visit_i64<E>(self, n: i64) -> Result<Value, E> {
        Ok(n.into())
    }

    fn visit_u64<E>(self, n: u64) -> Result<Value, E> {
        Ok(n.into())
    }

    fn visit_f64<E: serde::de::Error>(self, n: f64) -> Result<Value, E> {
        Number::from_f64(n).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, s: &str) -> Result<Value, E> {
        Ok(s.into())
    }

    fn visit_string<E>(self, s: String) -> Result<Value, E> {
        Ok(s.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        let len = self.0.borrow().path.len();
        loop {
            {
                use fmt::Write as _;
                let mut state = self.0.borrow_mut();
                write!(state.path, "[{}]", items.len()).map_err(A::Error::custom)?;
            }
            let next = seq.next_element_seed(self)?;
            self.0.borrow_mut().path.truncate(len);
            match next {
                Some(item) => items.push(item),
                None => return Ok(Value::Array(items)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            let len = {
                let mut state = self.0.borrow_mut();
                let len = state.push_key(&key);
                if members.contains_key(&key) {
                    let error = format!("duplicate field \"{}\"", state.path);
                    state.errors.add(error);
                }
                len
            };
            let value = map.next_value_seed(self)?;
            self.0.borrow_mut().path.truncate(len);
            members.insert(key, value);
        }
        Ok(Value::Object(members))
    }
}

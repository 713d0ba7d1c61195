//! One change at a random place of an object.

use super::{Corpus, values};
use minkapi_registry::{Schema, Shape, Struct};
use rand::{Rng as _, rngs::StdRng};
use serde_json::{Value, json};

/// Fields that say what an object is; without them it is none.
const FIXED: [&str; 2] = ["apiVersion", "kind"];

/// Changes an object of this Go type at one place.
pub fn change(object: &mut Value, of: &Struct, corpus: &Corpus, rng: &mut StdRng) {
    let Some(members) = object.as_object_mut() else {
        *object = values::of_struct(of, corpus, rng, 2);
        return;
    };
    let names: Vec<String> = members.keys().filter(|name| !FIXED.contains(&name.as_str())).cloned().collect();
    // Mostly further down, where most fields are.
    let chosen = pick(&names, rng).filter(|_| rng.random_bool(0.75));
    if let Some((field, value)) = chosen.and_then(|name| Some((of.field(name)?, members.get_mut(name)?))) {
        return within(value, &field.schema, &|rng| values::of_field(of, field, corpus, rng, 3), corpus, rng);
    }
    match rng.random_range(0..20) {
        0 => {
            members.insert("notAField".to_owned(), json!(1));
        }
        1..=5 => {
            if let Some(name) = pick(&names, rng) {
                members.remove(name);
            }
        }
        _ => {
            let fields: Vec<_> = of.fields.iter().filter(|f| !FIXED.contains(&&*f.name)).collect();
            if let Some(field) = pick(&fields, rng) {
                members.insert(field.name.to_string(), values::of_field(of, field, corpus, rng, 3));
            }
        }
    }
}

/// Changes a value, or something within it. `fresh` makes another value for the whole.
fn within(value: &mut Value, schema: &Schema, fresh: &dyn Fn(&mut StdRng) -> Value, corpus: &Corpus, rng: &mut StdRng) {
    let inside = rng.random_bool(0.8);
    match (&schema.shape, &mut *value) {
        (Shape::Struct(of), Value::Object(_)) if inside => change(value, of, corpus, rng),
        (Shape::List(item), Value::Array(items)) if inside => list(items, item, corpus, rng),
        (Shape::Map(item), Value::Object(members)) if inside => {
            let names: Vec<String> = members.keys().cloned().collect();
            match (pick(&names, rng), rng.random_range(0..4)) {
                (Some(name), 0) => drop(members.remove(name)),
                (Some(name), 1 | 2) => {
                    if let Some(value) = members.get_mut(name) {
                        within(value, item, &|rng| values::of(item, corpus, rng, 2), corpus, rng);
                    }
                }
                _ => drop(members.insert(values::text(rng), values::of(item, corpus, rng, 2))),
            }
        }
        _ => {
            *value = match rng.random_range(0..30) {
                0 => Value::Null,
                1 => values::of_another_type(rng),
                _ => fresh(rng),
            }
        }
    }
}

fn list(items: &mut Vec<Value>, item: &Schema, corpus: &Corpus, rng: &mut StdRng) {
    let at = if items.is_empty() { 0 } else { rng.random_range(0..items.len()) };
    match rng.random_range(0..10) {
        0 if !items.is_empty() => drop(items.remove(at)),
        1 => items.extend(items.get(at).cloned()),
        2 => items.reverse(),
        3 => items.push(values::of(item, corpus, rng, 2)),
        _ => {
            if let Some(value) = items.get_mut(at) {
                within(value, item, &|rng| values::of(item, corpus, rng, 2), corpus, rng);
            }
        }
    }
}

fn pick<'a, T>(of: &'a [T], rng: &mut StdRng) -> Option<&'a T> {
    if of.is_empty() { None } else { of.get(rng.random_range(0..of.len())) }
}

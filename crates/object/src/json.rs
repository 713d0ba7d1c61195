//! Values to JSON text: the bytes that serde_json writes, several times as fast for what objects are made of.

use serde_json::Value;

/// Appends the JSON of `value`.
pub fn write_json(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::String(text) => write_text(out, text),
        Value::Number(number) => {
            let mut digits = itoa::Buffer::new();
            match (number.as_u64(), number.as_i64()) {
                (Some(n), _) => out.extend_from_slice(digits.format(n).as_bytes()),
                (None, Some(n)) => out.extend_from_slice(digits.format(n).as_bytes()),
                // Writing into a Vec cannot fail, nor can a number of a value.
                (None, None) => drop(serde_json::to_writer(out, number)),
            }
        }
        Value::Array(items) => write_list(out, items, write_json),
        Value::Object(members) => write_members(out, members, |out, _, value| write_json(out, value)),
    }
}

/// Appends a list whose items are written by `write`.
pub fn write_list(out: &mut Vec<u8>, items: &[Value], write: impl Fn(&mut Vec<u8>, &Value)) {
    out.push(b'[');
    for (n, item) in items.iter().enumerate() {
        if n > 0 {
            out.push(b',');
        }
        write(out, item);
    }
    out.push(b']');
}

/// Appends an object of these members, whose values are written by `write`.
pub fn write_members<'v>(
    out: &mut Vec<u8>,
    members: impl IntoIterator<Item = (&'v String, &'v Value)>,
    write: impl Fn(&mut Vec<u8>, &str, &Value),
) {
    out.push(b'{');
    for (n, (key, value)) in members.into_iter().enumerate() {
        if n > 0 {
            out.push(b',');
        }
        write_text(out, key);
        out.push(b':');
        write(out, key, value);
    }
    out.push(b'}');
}

/// Appends a JSON string.
pub fn write_text(out: &mut Vec<u8>, text: &str) {
    // All of it, without an early end: that way the compiler looks at many bytes at a time.
    let special = text.bytes().fold(false, |special, b| special | (b < 0x20) | (b == b'"') | (b == b'\\'));
    if special {
        // Seldom enough to be left to serde_json.
        drop(serde_json::to_writer(out, text));
        return;
    }
    out.reserve(text.len() + 2);
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::write_json;
    use serde_json::{Value, json};

    #[test]
    fn the_text_is_that_of_serde_json() {
        let strings: Vec<Value> = (0u8..=127).map(|b| format!("a{}b", char::from(b)).into()).collect();
        let numbers = json!([0, -1, 1.5, 1e300, -0.0, u64::MAX, i64::MIN, 1e16, 0.1]);
        let nested = json!({"": {}, "a": [], "\"q\\": [null, true, false, {"x": [[]]}], "ü\u{2028}": "日本\u{7f}"});
        for value in [json!(strings), numbers, nested, Value::Null, json!("")] {
            let mut out = Vec::new();
            write_json(&mut out, &value);
            assert_eq!(String::from_utf8(out).unwrap(), value.to_string());
        }
    }
}

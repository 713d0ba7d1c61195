//! JSON with the two-space indentation of `?pretty` (C-11-05).

/// Indents compact JSON; the order of members and the spelling of numbers stay.
pub(crate) fn indent(json: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(json.len() * 2);
    let (mut depth, mut in_text, mut escaped) = (0, false, false);
    let mut bytes = json.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if in_text {
            out.push(byte);
            in_text = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
            continue;
        }
        match byte {
            b'"' => {
                in_text = true;
                out.push(byte);
            }
            b'{' | b'[' => {
                out.push(byte);
                if bytes.next_if(|b| matches!(b, b'}' | b']')).is_some() {
                    out.push(byte + 2);
                } else {
                    depth += 1;
                    new_line(&mut out, depth);
                }
            }
            b'}' | b']' => {
                depth -= 1;
                new_line(&mut out, depth);
                out.push(byte);
            }
            b',' => {
                out.push(byte);
                new_line(&mut out, depth);
            }
            b':' => out.extend_from_slice(b": "),
            _ => out.push(byte),
        }
    }
    out
}

fn new_line(out: &mut Vec<u8>, depth: usize) {
    out.push(b'\n');
    out.resize(out.len() + depth * 2, b' ');
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn it_indents_as_serde_does_and_keeps_the_order() {
        let json = r#"{"b":[1,{"x":{}},[]],"a":"q\"{,:\\","c":1.50e2}"#;
        let indented = String::from_utf8(indent(json.as_bytes())).unwrap();
        assert!(indented.starts_with("{\n  \"b\": [\n    1,\n    {\n      \"x\": {}\n    },\n    []\n  ],\n"));
        assert!(indented.contains("1.50e2"));
        assert_eq!(serde_json::from_str::<Value>(&indented).unwrap(), serde_json::from_str::<Value>(json).unwrap());
    }
}

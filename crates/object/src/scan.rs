//! Finding one's way in JSON text without parsing it.

/// Position of the quote that ends a string whose content starts at `at`, and whether the string has escapes. None where
/// the text ends before.
pub fn string_end(text: &[u8], mut at: usize) -> Option<(usize, bool)> {
    let mut escaped = false;
    loop {
        at += quote_or_backslash(text.get(at..)?)?;
        if text.get(at) == Some(&b'"') {
            return Some((at, escaped));
        }
        escaped = true;
        at += 2;
    }
}

/// Position after the value that starts at `at`. Of the value nothing is checked but its quotes and brackets.
pub fn value_end(text: &[u8], mut at: usize) -> Option<usize> {
    let mut open = 0u32;
    loop {
        match text.get(at)? {
            b'{' | b'[' => open += 1,
            b'}' | b']' => open = open.checked_sub(1)?,
            b'"' => at = string_end(text, at + 1)?.0,
            b',' | b':' | b' ' => {
                at += 1;
                continue;
            }
            _ if open == 0 => return Some(at + scalar_length(text.get(at..)?)),
            _ => {}
        }
        at += 1;
        if open == 0 {
            return Some(at);
        }
    }
}

/// Length of the number, true, false or null that a text starts with.
fn scalar_length(text: &[u8]) -> usize {
    text.iter().position(|b| matches!(b, b',' | b'}' | b']' | b' ' | b'\n')).unwrap_or(text.len())
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

#[cfg(test)]
mod tests {
    use super::{string_end, value_end};

    #[test]
    fn brackets_and_quotes_inside_of_text_end_nothing() {
        for value in [r#"{"a":"}\"]{","b":[1,{"c":"\\"}]}"#, r#""x\"y""#, "[]", "-1.5e3", "true", "null"] {
            let text = format!("{value},\"after\":1}}");
            assert_eq!(value_end(text.as_bytes(), 0), Some(value.len()), "{value}");
        }
    }

    #[test]
    fn a_text_that_ends_early_has_no_end() {
        assert_eq!(value_end(br#"{"a":[1,2}"#, 0), None);
        assert_eq!(value_end(br#""abc"#, 0), None);
        assert_eq!(string_end(br"abc\", 0), None);
    }
}

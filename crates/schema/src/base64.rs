//! Standard base64 as Go reads it.

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{GeneralPurpose, GeneralPurposeConfig},
};
use std::borrow::Cow;

const GO: GeneralPurpose = GeneralPurpose::new(&STANDARD, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));

/// Decodes standard base64; line breaks are skipped.
///
/// # Errors
/// Go's text: `illegal base64 data at input byte 3`.
pub fn decode(text: &str) -> Result<Vec<u8>, String> {
    let one_line = if text.contains(['\r', '\n']) { Cow::Owned(text.replace(['\r', '\n'], "")) } else { Cow::Borrowed(text) };
    GO.decode(&*one_line).map_err(|_| format!("illegal base64 data at input byte {}", corrupt_byte(text.as_bytes())))
}

/// Encodes standard base64 with padding.
pub fn encode(bytes: &[u8]) -> String {
    GO.encode(bytes)
}

/// The same bytes as Go writes them.
///
/// # Errors
/// As [`decode`].
pub fn canonical(text: &str) -> Result<String, String> {
    decode(text).map(|bytes| encode(&bytes))
}

/// Where Go finds that a text is no base64.
fn corrupt_byte(text: &[u8]) -> usize {
    let mut quantum = 0;
    let mut input = text.iter().enumerate().filter(|(_, b)| !matches!(b, b'\r' | b'\n'));
    while let Some((at, b)) = input.next() {
        match (b, quantum) {
            (b'=', 0 | 1) => return at,
            (b'=', 2) => match input.next() {
                None => return text.len(),
                Some((_, b'=')) => return input.next().map_or(text.len(), |(next, _)| next),
                Some((next, _)) => return next - 1,
            },
            (b'=', _) => return input.next().map_or(text.len(), |(next, _)| next),
            _ if b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/') => quantum = (quantum + 1) % 4,
            _ => return at,
        }
    }
    text.len() - quantum
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn errors_point_at_the_byte_that_go_points_at() {
        let error = |text: &str| decode(text).err();
        assert_eq!(error("not base64!"), Some("illegal base64 data at input byte 3".to_owned()));
        assert_eq!(error("abc"), Some("illegal base64 data at input byte 0".to_owned()));
        assert_eq!(error("YQ=="), None);
        assert_eq!(error("Y\nQ=="), None);
        assert_eq!(error("YQ="), Some("illegal base64 data at input byte 3".to_owned()));
        assert_eq!(error("YQ=x"), Some("illegal base64 data at input byte 2".to_owned()));
        assert_eq!(error("YQ==YQ=="), Some("illegal base64 data at input byte 4".to_owned()));
    }

    proptest! {
        #[test]
        fn decoding_never_panics(text in "\\PC{0,30}") {
            let _ = decode(&text);
        }
    }
}

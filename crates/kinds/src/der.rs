//! As much of DER as keys, certificates and certificate requests need.

/// Universal and context tags.
#[allow(missing_docs, reason = "named as in X.690")]
pub mod tag {
    pub const BOOLEAN: u8 = 0x01;
    pub const INTEGER: u8 = 0x02;
    pub const BIT_STRING: u8 = 0x03;
    pub const OCTET_STRING: u8 = 0x04;
    pub const NULL: u8 = 0x05;
    pub const OBJECT_IDENTIFIER: u8 = 0x06;
    pub const UTC_TIME: u8 = 0x17;
    pub const GENERALIZED_TIME: u8 = 0x18;
    pub const SEQUENCE: u8 = 0x30;
    pub const SET: u8 = 0x31;
    pub const EXPLICIT_0: u8 = 0xa0;
    pub const EXPLICIT_3: u8 = 0xa3;
}

/// Contents of object identifiers.
pub mod identifier {
    /// `1.2.840.113549.1.1.1`.
    pub const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
    /// `1.2.840.10045.2.1`.
    pub const ELLIPTIC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
    /// `1.3.101.112`.
    pub const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
    /// `1.2.840.10045.3.1.7`.
    pub const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
    /// `1.3.132.0.34`.
    pub const P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
    /// `1.3.132.0.35`.
    pub const P521: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x23];
    /// `1.3.132.0.33`.
    pub const P224: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x21];
}

/// A value of this tag and content.
pub fn write(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let digits: Vec<u8> = length.to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect();
    let mut out = vec![tag];
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => out.push(short),
        // The number of digits, which are at most eight.
        _ => out.extend([0x80 | u8::try_from(digits.len()).unwrap_or_default()].into_iter().chain(digits)),
    }
    out.extend_from_slice(content);
    out
}

/// Reads values one after another.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Over these bytes.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Whether nothing is left.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next value's tag, which stays unread.
    pub fn peek(&self) -> Option<u8> {
        self.0.first().copied()
    }

    /// The next value: its tag, its content and itself as a whole. None where the bytes are not DER.
    pub fn value(&mut self) -> Option<(u8, &'a [u8], &'a [u8])> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, mut rest) = rest.split_first()?;
        let length = if first < 0x80 {
            usize::from(first)
        } else {
            let count = usize::from(first & 0x7f);
            if count == 0 || count > 4 {
                return None;
            }
            let (digits, after) = rest.split_at_checked(count)?;
            rest = after;
            digits.iter().fold(0usize, |n, b| n << 8 | usize::from(*b))
        };
        let (content, after) = rest.split_at_checked(length)?;
        let whole = self.0.get(..self.0.len() - after.len())?;
        self.0 = after;
        Some((tag, content, whole))
    }

    /// The content of the next value if it has this tag.
    pub fn content(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.value().filter(|(found, ..)| *found == tag).map(|(_, content, _)| content)
    }

    /// The values inside the next one if it has this tag.
    pub fn inside(&mut self, tag: u8) -> Option<Self> {
        self.content(tag).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        for length in [0, 1, 0x7f, 0x80, 0xff, 0x100, 70_000] {
            let content = vec![7; length];
            let written = write(tag::OCTET_STRING, &content);
            assert_eq!(Reader::new(&written).value(), Some((tag::OCTET_STRING, &content[..], &written[..])), "{length}");
        }
    }

    #[test]
    fn values_are_read_in_order() {
        let mut outer = Reader::new(&[0x30, 0x06, 0x02, 0x01, 0x05, 0x01, 0x01, 0xff]);
        let mut inner = Reader::new(outer.content(tag::SEQUENCE).unwrap_or_default());
        assert_eq!((inner.content(tag::INTEGER), inner.content(tag::BOOLEAN)), (Some(&[5][..]), Some(&[0xff][..])));
        assert!(inner.is_empty() && outer.is_empty());
    }

    #[test]
    fn truncated_values_are_refused() {
        assert!(Reader::new(&[0x30, 0x05, 0x02]).value().is_none());
        assert!(Reader::new(&[0x30, 0x85, 1, 1, 1, 1, 1]).value().is_none());
    }
}

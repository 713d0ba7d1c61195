//! Reading protobuf's wire format, with the errors of Go's generated code.

use super::backward::{FIXED64, LENGTH, VARINT};

/// Why bytes are no protobuf message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// Cut short.
    #[error("unexpected EOF")]
    UnexpectedEof,
    /// A varint of more than 64 bits.
    #[error("proto: integer overflow")]
    Overflow,
    /// A length that does not fit.
    #[error("proto: negative length found during unmarshaling")]
    NegativeLength,
    /// A group that ends before it began.
    #[error("proto: unexpected end of group")]
    UnexpectedEndOfGroup,
    /// No such wire type.
    #[error("proto: illegal wireType {0}")]
    IllegalWireType(u64),
    /// A known field of another type.
    #[error("proto: wrong wireType = {0} for field {1}")]
    WrongWireType(u64, String),
    /// The end of a group where none is open.
    #[error("proto: {0}: wiretype end group for non-group")]
    EndGroup(String),
    /// Field number 0 or below.
    #[error("proto: {0}: illegal tag {1} (wire type {2})")]
    IllegalTag(String, i32, u64),
    /// Well-formed, but not a value of its type.
    #[error("{0}")]
    Value(String),
    /// Messages in messages without end.
    #[error("exceeded max depth")]
    TooDeep,
}

/// What is left of a message.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

/// One field as it stands on the wire.
#[derive(Debug, Clone, Copy)]
pub enum Raw<'a> {
    /// Wire type 0.
    Varint(u64),
    /// Wire type 1.
    Fixed64([u8; 8]),
    /// Wire type 2.
    Bytes(&'a [u8]),
    /// A wire type that no field of the API has; what follows cannot be read.
    Other(u64),
}

impl<'a> Reader<'a> {
    /// Reads `bytes` from the start.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The next field of the message called `message`, if `known` knows its number; others are skipped. `None` at the end.
    pub fn field(&mut self, message: &str, known: impl Fn(u32) -> bool) -> Result<Option<(u32, Raw<'a>)>, WireError> {
        while !self.rest.is_empty() {
            let start = *self;
            let tag = self.varint()?;
            let (number, wire_type) = ((tag >> 3) as i32, tag & 7);
            if wire_type == 4 {
                return Err(WireError::EndGroup(message.to_owned()));
            }
            let Some(number) = u32::try_from(number).ok().filter(|n| *n > 0) else {
                return Err(WireError::IllegalTag(message.to_owned(), number, tag));
            };
            if !known(number) {
                *self = start;
                self.skip()?;
                continue;
            }
            let raw = match wire_type as u32 {
                VARINT => Raw::Varint(self.varint()?),
                FIXED64 => Raw::Fixed64(self.take(8)?.try_into().map_err(|_| WireError::UnexpectedEof)?),
                LENGTH => Raw::Bytes(self.length_prefixed()?),
                _ => Raw::Other(wire_type),
            };
            return Ok(Some((number, raw)));
        }
        Ok(None)
    }

    /// Whether nothing is left.
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// A varint.
    pub fn varint(&mut self) -> Result<u64, WireError> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.rest.split_first().ok_or(WireError::UnexpectedEof)?;
            self.rest = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if *byte < 0x80 {
                return Ok(value);
            }
        }
        Err(WireError::Overflow)
    }

    fn length_prefixed(&mut self) -> Result<&'a [u8], WireError> {
        let length = i64::try_from(self.varint()?).map_err(|_| WireError::NegativeLength)?;
        self.take(usize::try_from(length).map_err(|_| WireError::NegativeLength)?)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], WireError> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(WireError::UnexpectedEof)?;
        self.rest = rest;
        Ok(taken)
    }

    /// Skips one field whose number nobody knows, groups included.
    fn skip(&mut self) -> Result<(), WireError> {
        let mut depth = 0u64;
        loop {
            match self.varint()? & 7 {
                0 => drop(self.varint()?),
                1 => drop(self.take(8)?),
                2 => drop(self.length_prefixed()?),
                3 => depth += 1,
                4 => depth = depth.checked_sub(1).ok_or(WireError::UnexpectedEndOfGroup)?,
                5 => drop(self.take(4)?),
                other => return Err(WireError::IllegalWireType(other)),
            }
            if depth == 0 {
                return Ok(());
            }
        }
    }
}

impl<'a> Raw<'a> {
    /// The bytes of a length-prefixed field.
    pub fn bytes(self, field: &str) -> Result<&'a [u8], WireError> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            other => Err(other.wrong(field)),
        }
    }

    /// A number.
    pub fn number(self, field: &str) -> Result<u64, WireError> {
        match self {
            Self::Varint(value) => Ok(value),
            other => Err(other.wrong(field)),
        }
    }

    /// The error of a field of another type. Go prints the Go name of the field, which is its JSON name with a capital.
    pub fn wrong(self, field: &str) -> WireError {
        let wire_type = match self {
            Self::Varint(_) => u64::from(VARINT),
            Self::Fixed64(_) => u64::from(FIXED64),
            Self::Bytes(_) => u64::from(LENGTH),
            Self::Other(wire_type) => wire_type,
        };
        let mut letters = field.chars();
        let name = match field {
            "metadata" => "ObjectMeta".to_owned(),
            _ => letters.next().map(|c| c.to_ascii_uppercase()).into_iter().chain(letters).collect(),
        };
        WireError::WrongWireType(wire_type, name)
    }
}

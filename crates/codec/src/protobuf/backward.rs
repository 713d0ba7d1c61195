//! A buffer that is filled from its end, so that a message's length is known when its length prefix is written.

/// Wire type of numbers.
pub const VARINT: u32 = 0;
/// Wire type of doubles.
pub const FIXED64: u32 = 1;
/// Wire type of everything with a length.
pub const LENGTH: u32 = 2;

/// Bytes written back to front.
pub struct Backward {
    buffer: Vec<u8>,
    at: usize,
}

impl Backward {
    /// A buffer with room for about `capacity` bytes.
    pub fn with_capacity(capacity: usize) -> Self {
        Self { buffer: vec![0; capacity], at: capacity }
    }

    /// How much is written; the difference of two calls is a length.
    pub const fn len(&self) -> usize {
        self.buffer.len() - self.at
    }

    /// Writes bytes before what is there.
    pub fn bytes(&mut self, bytes: &[u8]) {
        if self.at < bytes.len() {
            self.grow(bytes.len());
        }
        let start = self.at - bytes.len();
        if let Some(room) = self.buffer.get_mut(start..self.at) {
            room.copy_from_slice(bytes);
        }
        self.at = start;
    }

    /// Writes a varint before what is there.
    pub fn varint(&mut self, mut value: u64) {
        if value < 0x80 {
            return self.bytes(&[value as u8]);
        }
        let mut digits = [0; 10];
        let mut n = 0;
        for digit in &mut digits {
            n += 1;
            *digit = (value & 0x7f) as u8;
            value >>= 7;
            if value == 0 {
                break;
            }
            *digit |= 0x80;
        }
        self.bytes(digits.get(..n).unwrap_or_default());
    }

    /// Writes a field's tag before its value.
    pub fn tag(&mut self, number: u32, wire_type: u32) {
        self.varint(u64::from(number << 3 | wire_type));
    }

    /// Writes tag and length of a field whose content was written since `mark`.
    pub fn close(&mut self, number: u32, mark: usize) {
        self.varint((self.len() - mark) as u64);
        self.tag(number, LENGTH);
    }

    /// What was written.
    pub fn finish(mut self) -> Vec<u8> {
        self.buffer.drain(..self.at);
        self.buffer
    }

    #[cold]
    fn grow(&mut self, more: usize) {
        let added = self.buffer.len().max(more).max(64);
        let mut buffer = vec![0; added];
        buffer.extend_from_slice(&self.buffer);
        self.buffer = buffer;
        self.at += added;
    }
}

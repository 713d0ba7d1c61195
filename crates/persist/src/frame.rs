//! Frames: pieces of a file with their length and checksums. What is written at a time is one frame.

use crate::file::number;

/// Length, number of the frame, checksum of the payload, checksum of these.
const HEAD: usize = 20;

/// The last byte of every payload. Files that a crash of the machine has left with zeros end otherwise.
const LAST: u8 = b'\n';

/// Appends a frame.
pub(crate) fn write(out: &mut Vec<u8>, sequence: u64, payload: &[u8]) {
    let len = u32::try_from(payload.len() + 1).unwrap_or(u32::MAX);
    let mut checksum = crc32fast::Hasher::new();
    checksum.update(payload);
    checksum.update(&[LAST]);
    let start = out.len();
    out.extend_from_slice(&len.to_le_bytes());
    out.extend_from_slice(&sequence.to_le_bytes());
    out.extend_from_slice(&checksum.finalize().to_le_bytes());
    let own = crc32fast::hash(out.get(start..).unwrap_or_default());
    out.extend_from_slice(&own.to_le_bytes());
    out.extend_from_slice(payload);
    out.push(LAST);
}

/// What is at some place of a file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Frame<'a> {
    /// A frame, and where the next one begins.
    Whole(&'a [u8], usize),
    /// The end of the file.
    End,
    /// The beginning of a frame that was being written.
    Torn,
    /// Anything else.
    Damaged(&'static str),
}

/// Reads the frame at `at`, which should have this number.
pub(crate) fn read(file: &[u8], at: usize, sequence: u64) -> Frame<'_> {
    let rest = file.get(at..).unwrap_or_default();
    if rest.is_empty() {
        return Frame::End;
    }
    let Some(head) = rest.get(..HEAD) else { return Frame::Torn };
    if rest.iter().all(|b| *b == 0) {
        return Frame::Torn;
    }
    if number(head, 16) != crc32fast::hash(head.get(..16).unwrap_or_default()) {
        return Frame::Damaged("the checksum of a frame's head is wrong");
    }
    if u64::from(number(head, 4)) | u64::from(number(head, 8)) << 32 != sequence {
        return Frame::Damaged("a frame is missing");
    }
    let end = HEAD + number(head, 0) as usize;
    let Some(payload) = rest.get(HEAD..end) else { return Frame::Torn };
    if crc32fast::hash(payload) != number(head, 12) {
        return match payload.last() {
            Some(0) if rest.len() == end => Frame::Torn,
            _ => Frame::Damaged("the checksum of a frame is wrong"),
        };
    }
    match payload.split_last() {
        Some((_, payload)) => Frame::Whole(payload, at + end),
        None => Frame::Damaged("a frame is empty"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_read_back_and_every_cut_is_seen_as_one() {
        let mut file = Vec::new();
        write(&mut file, 0, b"one");
        let second = file.len();
        write(&mut file, 1, b"two");
        assert_eq!(read(&file, 0, 0), Frame::Whole(b"one", second));
        assert_eq!(read(&file, second, 1), Frame::Whole(b"two", file.len()));
        assert_eq!(read(&file, file.len(), 2), Frame::End);
        for cut in second + 1..file.len() {
            assert_eq!(read(&file[..cut], second, 1), Frame::Torn, "cut at {cut}");
        }
    }

    #[test]
    fn a_changed_byte_is_damage_wherever_it_is() {
        let mut file = Vec::new();
        write(&mut file, 7, b"payload");
        for at in 0..file.len() {
            let mut changed = file.clone();
            changed[at] ^= 0x55;
            assert!(matches!(read(&changed, 0, 7), Frame::Damaged(_)), "byte {at}");
        }
        assert!(matches!(read(&file, 0, 8), Frame::Damaged(_)), "another number");
    }

    #[test]
    fn zeros_that_a_crash_has_left_are_not_damage() {
        let mut file = Vec::new();
        write(&mut file, 0, b"payload");
        let end = file.len();
        file.extend([0; 100]);
        assert_eq!(read(&file, end, 1), Frame::Torn);
        file.truncate(end);
        file[end - 3..].fill(0);
        assert_eq!(read(&file, 0, 0), Frame::Torn);
    }
}

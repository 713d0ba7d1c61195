//! How the bytes of an input are taken apart.

use minkapi_registry::{Resource, resources};
use std::str::from_utf8;

/// Stands between the parts of an input.
const BETWEEN: &[u8] = b"\n---\n";

/// The parts of an input.
pub fn parts(mut data: &[u8]) -> Vec<&[u8]> {
    let mut parts = Vec::new();
    while let Some(at) = data.windows(BETWEEN.len()).position(|window| window == BETWEEN) {
        let (part, rest) = data.split_at(at);
        parts.push(part);
        data = rest.split_at(BETWEEN.len()).1;
    }
    parts.push(data);
    parts
}

/// The first line, and what follows it.
pub fn first_line(data: &[u8]) -> (&[u8], &[u8]) {
    match data.iter().position(|byte| *byte == b'\n') {
        Some(at) => (data.split_at(at).0, data.split_at(at + 1).1),
        None => (data, &[]),
    }
}

/// The built-in kind that the first line names (`apps/v1 Deployment`), and what follows. Any other line stands for some kind,
/// so that a changed line is still of use.
pub fn kind(data: &[u8]) -> (&'static Resource, &[u8]) {
    let (line, rest) = first_line(data);
    let named =
        from_utf8(line).ok().and_then(|line| line.split_once(' ')).and_then(|(version, kind)| minkapi_registry::kind(version, kind));
    let any = || {
        let all = resources();
        let number = usize::try_from(crc32fast::hash(line)).unwrap_or_default();
        all.get(number % all.len()).expect("there are kinds")
    };
    (named.unwrap_or_else(any), rest)
}

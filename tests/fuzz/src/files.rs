//! Files that the server reads: its own, and those that it is given.

use crate::input;
use minkapi_http_server::Authentication;
use minkapi_persist::{StoreOptions, read_dir, read_snapshot};
use std::{fs, path::Path, str::from_utf8};
use tempfile::TempDir;

/// A log. An input that begins with `!` is the whole file; of others each part is a frame, whose checksums are put right.
pub fn log(data: &[u8]) {
    in_folder(|folder| {
        fs::write(folder.join("log-0000000000000001"), file(b"MINKLOG\n", 1, data)).expect("a file");
        let _ = read_dir(folder, StoreOptions::default());
    });
}

/// A snapshot, in the same way.
pub fn snapshot(data: &[u8]) {
    in_folder(|folder| {
        let path = folder.join("file.snapshot");
        fs::write(&path, file(b"MINKSNP\n", 0, data)).expect("a file");
        let _ = read_snapshot(&path, StoreOptions::default());
    });
}

/// A token file.
pub fn token_file(data: &[u8]) {
    let Ok(text) = from_utf8(data) else { return };
    let _ = Authentication::default().with_token_file(text);
}

fn in_folder(work: impl FnOnce(&Path)) {
    // Where it is kept in memory, if there is such a place.
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() }.expect("a folder");
    work(folder.path());
}

/// The format of docs/persistence.md.
fn file(magic: &[u8; 8], sequence: u64, data: &[u8]) -> Vec<u8> {
    if let Some(whole) = data.strip_prefix(b"!") {
        return whole.to_vec();
    }
    let mut file = [magic, &1_u32.to_le_bytes()[..], &[0; 4], &sequence.to_le_bytes()].concat();
    file.extend(crc32fast::hash(&file).to_le_bytes());
    for (number, part) in (0_u64..).zip(input::parts(data)) {
        let payload = [part, b"\n"].concat();
        let mut head = u32::try_from(payload.len()).expect("inputs are short").to_le_bytes().to_vec();
        head.extend(number.to_le_bytes());
        head.extend(crc32fast::hash(&payload).to_le_bytes());
        head.extend(crc32fast::hash(&head).to_le_bytes());
        file.extend(head);
        file.extend(payload);
    }
    file
}

//! Snapshots: the whole state in one file.

use crate::{
    PersistError,
    decode::{Decoder, MALFORMED, SnapshotRecord},
    encode::{Encoder, tag},
    file::{self, FileKind},
    frame::{self, Frame},
};
use flate2::{Compression, read::DeflateDecoder, write::DeflateEncoder};
use minkapi_object::Object;
use minkapi_store::{Image, Restoring, Store};
use std::{
    fs::{self, File},
    io::{self, BufWriter, Read as _, Write},
    path::Path,
};

/// So much is compressed at a time.
const BLOCK: usize = 1 << 20;

/// A block is never larger than this when it is read: what says so is damaged.
const BLOCK_MAX: u64 = 1 << 30;

/// Writes a portable snapshot of all views. It appears under its name only when it is complete.
///
/// # Errors
/// It cannot be written.
pub fn write_snapshot(image: &Image<Object>, path: &Path) -> Result<(), PersistError> {
    write_numbered(image, path, 0).map(|_| ())
}

/// The same with a sequence number; returns the length of the file.
pub(crate) fn write_numbered(image: &Image<Object>, path: &Path, sequence: u64) -> Result<u64, PersistError> {
    file::write_whole(path, |temporary| write_file(image, temporary, sequence))
}

fn write_file(image: &Image<Object>, path: &Path, sequence: u64) -> Result<u64, PersistError> {
    let file = file::create(path).map_err(PersistError::io("create", path))?;
    let mut blocks = Blocks { out: BufWriter::new(file), number: 0, len: file::HEADER as u64 };
    let write = |blocks: &mut Blocks<BufWriter<File>>| -> io::Result<()> {
        blocks.out.write_all(&file::header(FileKind::Snapshot, sequence))?;
        let (mut encoder, mut parts) = (Encoder::remembering(), 0);
        image.parts(|part| {
            parts += 1;
            encoder.part(&part);
            if encoder.out.len() < BLOCK {
                return Ok(());
            }
            blocks.write(&mut encoder.out)
        })?;
        encoder.byte(tag::END);
        encoder.number(parts);
        blocks.write(&mut encoder.out)?;
        blocks.out.flush()?;
        blocks.out.get_ref().sync_all()
    };
    write(&mut blocks).map_err(PersistError::io("write", path))?;
    Ok(blocks.len)
}

struct Blocks<W> {
    out: W,
    number: u64,
    len: u64,
}

impl<W: Write> Blocks<W> {
    fn write(&mut self, block: &mut Vec<u8>) -> io::Result<()> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(block)?;
        block.clear();
        let mut framed = Vec::new();
        frame::write(&mut framed, self.number, &encoder.finish()?);
        self.number += 1;
        self.len += framed.len() as u64;
        self.out.write_all(&framed)
    }
}

/// A store with the state of a snapshot.
///
/// # Errors
/// The file cannot be read, is damaged, incomplete or newer.
pub fn read_snapshot(path: &Path, options: minkapi_store::Options) -> Result<Store<Object>, PersistError> {
    read_numbered(path, None, options)
}

pub(crate) fn read_numbered(path: &Path, sequence: Option<u64>, options: minkapi_store::Options) -> Result<Store<Object>, PersistError> {
    let bytes = fs::read(path).map_err(PersistError::io("read", path))?;
    file::check_header(path, &bytes, FileKind::Snapshot, sequence)?;
    let (mut restoring, mut objects, mut parts) = (Restoring::default(), Vec::new(), 0);
    let mut at = file::HEADER;
    for number in 0.. {
        let damaged = |problem: &str| PersistError::damaged(path, at, problem);
        let (payload, next) = match frame::read(&bytes, at, number) {
            Frame::Whole(payload, next) => (payload, next),
            Frame::End | Frame::Torn => return Err(damaged("it is not complete")),
            Frame::Damaged(problem) => return Err(damaged(problem)),
        };
        let mut block = Vec::new();
        DeflateDecoder::new(payload).take(BLOCK_MAX).read_to_end(&mut block).map_err(|_| damaged("a block does not decompress"))?;
        let mut decoder = Decoder::remembering(&block, &mut objects);
        while !decoder.is_empty() {
            match decoder.snapshot_record().ok_or_else(|| damaged(MALFORMED))? {
                SnapshotRecord::Part(part) => {
                    parts += 1;
                    restoring.take(part).map_err(|err| damaged(&err.to_string()))?;
                }
                SnapshotRecord::End(count) if count == parts && decoder.is_empty() && next == bytes.len() => {
                    return restoring.finish(options).map_err(|err| damaged(&err.to_string()));
                }
                SnapshotRecord::End(_) => return Err(damaged("its end is not where it should be")),
            }
        }
        at = next;
    }
    Err(PersistError::damaged(path, at, "it is not complete"))
}

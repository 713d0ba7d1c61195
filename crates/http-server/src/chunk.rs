//! Pieces of bodies: bytes, or stored objects that are sent from where they lie.

use bytes::{Buf, Bytes};
use minkapi_object::Object;
use std::{io::IoSlice, sync::Arc};

/// A piece of a body. Its bytes are not contiguous where it is made of stored objects: these are written to the socket
/// without being copied together first.
#[derive(Debug)]
pub struct Chunk(Kind);

#[derive(Debug)]
enum Kind {
    Bytes(Bytes),
    Objects(Objects),
}

/// What stands around each object of a list, and which part of the object it is.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    /// Goes before each object, beginning with the comma that separates it from the one before.
    pub before: Bytes,
    /// Goes after each object.
    pub after: &'static [u8],
    /// What of the object is sent.
    pub part: Part,
}

/// A part of a stored object's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// All of it.
    Whole,
    /// All but the opening brace.
    Members,
    /// The member `metadata`, without any brace around.
    Metadata,
    /// Its second form, which must be kept.
    Kept,
}

impl Part {
    fn of(self, object: &Object) -> &[u8] {
        let bytes = object.bytes();
        match self {
            Self::Whole => bytes,
            Self::Members => bytes.get(1..).unwrap_or_default(),
            Self::Metadata => object.metadata_member(),
            Self::Kept => object.kept().unwrap_or_default(),
        }
    }
}

impl Frame {
    /// How long an object is in its frame.
    pub fn length(&self, object: &Object) -> usize {
        self.before.len() + self.part.of(object).len() + self.after.len()
    }
}

/// Stored objects in their frames.
#[derive(Debug)]
struct Objects {
    frame: Frame,
    objects: Vec<Arc<Object>>,
    /// The slice that comes next: each object has [`SLICES`].
    at: usize,
    /// How much of that slice is sent.
    offset: usize,
    remaining: usize,
}

/// What goes before an object, its bytes, what goes after.
const SLICES: usize = 3;

impl Objects {
    fn slice(&self, at: usize) -> Option<&[u8]> {
        let object = self.objects.get(at / SLICES)?;
        Some(match at % SLICES {
            0 => &self.frame.before,
            1 => self.frame.part.of(object),
            _ => self.frame.after,
        })
    }

    /// The slices from where it stands, without empty ones.
    fn slices(&self) -> impl Iterator<Item = &[u8]> {
        let first = self.slice(self.at).and_then(|slice| slice.get(self.offset..));
        let rest = (self.at + 1..).map_while(|at| self.slice(at));
        first.into_iter().chain(rest).filter(|slice| !slice.is_empty())
    }

    fn advance(&mut self, mut count: usize) {
        self.remaining = self.remaining.saturating_sub(count);
        while let Some(slice) = self.slice(self.at) {
            let left = slice.len() - self.offset;
            if count < left {
                self.offset += count;
                return;
            }
            count -= left;
            self.at += 1;
            self.offset = 0;
        }
    }
}

impl Chunk {
    /// Objects in their frames; the first without the comma in front when `first` is set.
    pub(crate) fn objects(frame: Frame, objects: Vec<Arc<Object>>, first: bool) -> Self {
        let remaining = objects.iter().map(|object| frame.length(object)).sum();
        let mut objects = Objects { frame, objects, at: 0, offset: 0, remaining };
        if first {
            objects.advance(1);
        }
        Self(Kind::Objects(objects))
    }
}

impl Chunk {
    /// A copy of its bytes.
    pub fn to_vec(&self) -> Vec<u8> {
        match &self.0 {
            Kind::Bytes(bytes) => bytes.to_vec(),
            Kind::Objects(objects) => objects.slices().flatten().copied().collect(),
        }
    }
}

impl From<Bytes> for Chunk {
    fn from(bytes: Bytes) -> Self {
        Self(Kind::Bytes(bytes))
    }
}

impl From<Vec<u8>> for Chunk {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Kind::Bytes(bytes.into()))
    }
}

impl Buf for Chunk {
    fn remaining(&self) -> usize {
        match &self.0 {
            Kind::Bytes(bytes) => bytes.remaining(),
            Kind::Objects(objects) => objects.remaining,
        }
    }

    fn chunk(&self) -> &[u8] {
        match &self.0 {
            Kind::Bytes(bytes) => bytes.chunk(),
            Kind::Objects(objects) => objects.slices().next().unwrap_or_default(),
        }
    }

    fn chunks_vectored<'a>(&'a self, out: &mut [IoSlice<'a>]) -> usize {
        match &self.0 {
            Kind::Bytes(bytes) => bytes.chunks_vectored(out),
            Kind::Objects(objects) => out.iter_mut().zip(objects.slices()).map(|(place, slice)| *place = IoSlice::new(slice)).count(),
        }
    }

    fn advance(&mut self, count: usize) {
        match &mut self.0 {
            Kind::Bytes(bytes) => bytes.advance(count),
            Kind::Objects(objects) => objects.advance(count),
        }
    }

    fn copy_to_bytes(&mut self, length: usize) -> Bytes {
        match &mut self.0 {
            Kind::Bytes(bytes) => bytes.copy_to_bytes(length),
            Kind::Objects(_) => {
                let mut out = bytes::BytesMut::with_capacity(length);
                bytes::BufMut::put(&mut out, self.take(length));
                out.freeze()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use minkapi_object::Draft;
    use serde_json::json;

    fn objects(count: usize) -> Vec<Arc<Object>> {
        let object = |n| Draft::new(&json!({"metadata": {"name": format!("a{n}")}, "data": {"k": "v"}}), Box::default(), 7).stamp(7);
        (0..count).map(|n| Arc::new(object(n))).collect()
    }

    fn frame(part: Part) -> Frame {
        Frame { before: Bytes::from_static(b",{"), after: b"}", part }
    }

    fn all(chunk: Chunk) -> String {
        let mut chunk = chunk;
        let length = chunk.remaining();
        String::from_utf8(chunk.copy_to_bytes(length).to_vec()).unwrap()
    }

    #[test]
    fn its_slices_are_its_bytes_wherever_it_is_cut() {
        let wanted = all(Chunk::objects(frame(Part::Metadata), objects(3), true));
        assert_eq!(Chunk::objects(frame(Part::Metadata), objects(3), true).to_vec(), wanted.as_bytes());
        assert!(wanted.starts_with(r#"{"metadata":{"name":"a0","#) && wanted.ends_with("}}"), "{wanted}");
        for cut in 1..wanted.len() {
            let mut chunk = Chunk::objects(frame(Part::Metadata), objects(3), true);
            chunk.advance(cut);
            assert_eq!(chunk.remaining(), wanted.len() - cut);
            let mut slices = [IoSlice::new(&[]); 16];
            let count = chunk.chunks_vectored(&mut slices);
            let text: Vec<u8> = slices[..count].iter().flat_map(|slice| slice.to_vec()).collect();
            assert_eq!(String::from_utf8(text).unwrap(), wanted[cut..]);
            assert!(wanted.as_bytes()[cut..].starts_with(chunk.chunk()));
        }
    }

    #[test]
    fn all_but_the_first_begin_with_a_comma() {
        let frame = Frame { before: Bytes::from_static(b","), after: b"", part: Part::Whole };
        let text = all(Chunk::objects(frame.clone(), objects(1), true)) + &all(Chunk::objects(frame, objects(2), false));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&format!("[{text}]")).unwrap().as_array().unwrap().len(), 3);
    }
}

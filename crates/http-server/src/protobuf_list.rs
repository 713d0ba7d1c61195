//! A list in protobuf. Its length stands in front of it, so its objects are encoded, or at least measured, before the
//! first byte is sent; a step at a time, so that nobody waits for a large list.

use crate::{
    chunk::{Chunk, Frame, Part},
    encode,
    negotiate::MetaVersion,
    pieces::{Next, PIECE, Pieces},
};
use bytes::Bytes;
use minkapi_codec::{partial_object_metadata, protobuf};
use minkapi_object::{Object, Status};
use minkapi_view::Served;
use std::{borrow::Cow, sync::Arc};

/// How many objects are measured at a time.
const STEP: usize = 64;

/// How a list's objects become its items.
#[derive(Debug)]
pub(crate) enum Items {
    /// Whole objects in the stored version. Their items are kept with them, as far as there is room.
    Stored(Arc<Served>),
    /// Their metadata.
    Metadata(MetaVersion),
}

impl Items {
    fn item<'a>(&self, object: &'a Object) -> Result<Cow<'a, [u8]>, Status> {
        match self {
            Self::Stored(served) => {
                let encode = |json: &[u8]| protobuf::encode(json, &served.resource.schema).map(|message| protobuf::list_item(&message));
                object.encoded(encode).map_err(Status::internal)
            }
            Self::Metadata(version) => {
                let json = partial_object_metadata(object, version.api_version());
                let message = protobuf::encode(&json, encode::partial_metadata_schema()?).map_err(Status::internal)?;
                Ok(Cow::Owned(protobuf::list_item(&message)))
            }
        }
    }

    /// Whether an item need not be made any more.
    fn is_kept(&self, object: &Object) -> bool {
        matches!(self, Self::Stored(_)) && object.kept().is_some()
    }
}

/// The body.
#[derive(Debug)]
pub(crate) struct ProtobufList {
    api_version: String,
    list_kind: String,
    /// An encoded `ListMeta`.
    metadata: Vec<u8>,
    items: Items,
    objects: Vec<Arc<Object>>,
    /// Lengths of the items that were measured.
    lengths: Vec<u32>,
    /// How many of the objects are sent; none as long as the head is not.
    sent: Option<usize>,
    ended: bool,
}

impl ProtobufList {
    /// A list of these objects.
    ///
    /// # Errors
    /// The kind has no protobuf form, as its first object shows.
    pub fn new(api_version: &str, list_kind: &str, metadata: Vec<u8>, items: Items, objects: Vec<Arc<Object>>) -> Result<Self, Status> {
        if let Some(first) = objects.first() {
            items.item(first)?;
        }
        let (api_version, list_kind, lengths) = (api_version.to_owned(), list_kind.to_owned(), Vec::with_capacity(objects.len()));
        Ok(Self { api_version, list_kind, metadata, items, objects, lengths, sent: None, ended: false })
    }

    /// The item of an object. What is stored can be encoded where the kind has a protobuf form at all.
    fn item<'a>(&self, object: &'a Object) -> Cow<'a, [u8]> {
        self.items.item(object).unwrap_or_else(|status| {
            tracing::error!(%status, "an object could not be encoded");
            Cow::Borrowed(&[])
        })
    }

    fn measure(&mut self) {
        let from = self.lengths.len();
        for object in self.objects.iter().skip(from).take(STEP) {
            let length = self.item(object).len();
            self.lengths.push(u32::try_from(length).unwrap_or(u32::MAX));
        }
    }

    fn head(&self) -> Vec<u8> {
        let lengths = self.lengths.iter().map(|length| *length as usize);
        protobuf::list_head(&self.api_version, &self.list_kind, &self.metadata, lengths)
    }
}

impl Pieces for ProtobufList {
    fn next(&mut self) -> Next {
        let Some(sent) = self.sent else {
            if self.lengths.len() < self.objects.len() {
                self.measure();
                return Next::Later;
            }
            self.sent = Some(0);
            return Next::Piece(self.head().into());
        };
        if self.ended {
            return Next::End;
        }
        let count = self.lengths.iter().skip(sent).scan(0, |sum, length| {
            let before = *sum;
            *sum += *length as usize;
            (before < PIECE).then_some(())
        });
        let count = count.count();
        if count == 0 {
            self.ended = true;
            return Next::Piece(Bytes::from_static(protobuf::LIST_TAIL).into());
        }
        self.sent = Some(sent + count);
        let objects = self.objects.get(sent..sent + count).unwrap_or_default();
        if objects.iter().all(|object| self.items.is_kept(object)) {
            let frame = Frame { before: Bytes::new(), after: b"", part: Part::Kept };
            return Next::Piece(Chunk::objects(frame, objects.to_vec(), false));
        }
        let mut out = Vec::with_capacity(PIECE + PIECE / 8);
        objects.iter().for_each(|object| out.extend_from_slice(&self.item(object)));
        Next::Piece(out.into())
    }

    fn remaining(&self) -> Option<u64> {
        None
    }
}

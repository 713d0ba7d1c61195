//! A list in protobuf. Its length stands in front of it, so its objects are encoded, or at least measured, before the
//! first byte is sent; a step at a time, so that nobody waits for a large list.

use crate::{
    encode,
    negotiate::MetaVersion,
    pieces::{Next, PIECE, Pieces},
};
use minkapi_codec::{partial_object_metadata, protobuf};
use minkapi_object::{Object, Status};
use minkapi_view::Served;
use std::{borrow::Cow, sync::Arc};

/// How many objects are measured at a time.
const STEP: usize = 64;

/// How a list's objects become messages.
#[derive(Debug)]
pub(crate) enum Items {
    /// Whole objects in the stored version. Their messages are kept with them, as far as there is room.
    Stored(Arc<Served>),
    /// Their metadata.
    Metadata(MetaVersion),
}

impl Items {
    fn message<'a>(&self, object: &'a Object) -> Result<Cow<'a, [u8]>, Status> {
        match self {
            Self::Stored(served) => object.encoded(|json| protobuf::encode(json, &served.resource.schema)).map_err(Status::internal),
            Self::Metadata(version) => {
                let json = partial_object_metadata(object, version.api_version());
                protobuf::encode(&json, encode::partial_metadata_schema()?).map(Cow::Owned).map_err(Status::internal)
            }
        }
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
    /// Lengths of the messages that were measured.
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
            items.message(first)?;
        }
        let (api_version, list_kind, lengths) = (api_version.to_owned(), list_kind.to_owned(), Vec::with_capacity(objects.len()));
        Ok(Self { api_version, list_kind, metadata, items, objects, lengths, sent: None, ended: false })
    }

    /// The message of an object. What is stored can be encoded where the kind has a protobuf form at all.
    fn message<'a>(&self, object: &'a Object) -> Cow<'a, [u8]> {
        self.items.message(object).unwrap_or_else(|status| {
            tracing::error!(%status, "an object could not be encoded");
            Cow::Borrowed(&[])
        })
    }

    fn measure(&mut self) {
        let from = self.lengths.len();
        for object in self.objects.iter().skip(from).take(STEP) {
            let length = self.message(object).len();
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
        let mut out = Vec::with_capacity(PIECE + PIECE / 8);
        let mut count = 0;
        for object in self.objects.iter().skip(sent) {
            protobuf::write_list_item(&mut out, &self.message(object));
            count += 1;
            if out.len() >= PIECE {
                break;
            }
        }
        self.sent = Some(sent + count);
        if sent + count == self.objects.len() {
            self.ended = true;
            out.extend_from_slice(protobuf::LIST_TAIL);
        }
        Next::Piece(out.into())
    }

    fn remaining(&self) -> Option<u64> {
        None
    }
}

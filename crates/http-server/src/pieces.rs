//! Bodies that are put together piece by piece while they are sent, so that a large answer takes little memory and holds
//! up nobody for long.

use crate::chunk::Chunk;
use bytes::Buf as _;
use std::{
    fmt,
    task::{Context, Poll},
};

/// What a body is put together from.
pub(crate) trait Pieces: fmt::Debug + Send {
    /// Goes on a little.
    fn next(&mut self) -> Next;

    /// Bytes still to come, where that is known.
    fn remaining(&self) -> Option<u64>;
}

/// One step of [`Pieces`].
#[derive(Debug)]
pub(crate) enum Next {
    /// More of the body.
    Piece(Chunk),
    /// Something was done of which nothing can be sent yet.
    Later,
    /// That was all.
    End,
}

/// About how much is put together at a time: little enough to be still in the processor's cache when it is sent.
pub(crate) const PIECE: usize = 64 << 10;

/// After this much, others get their turn on the thread, however fast the client reads.
const TURN: usize = 256 << 10;

/// Pieces that give others their turn.
#[derive(Debug)]
pub(crate) struct Paced {
    pieces: Box<dyn Pieces>,
    since_pause: usize,
}

impl Paced {
    pub fn new(pieces: Box<dyn Pieces>) -> Self {
        Self { pieces, since_pause: 0 }
    }

    /// Bytes still to come, where that is known.
    pub fn remaining(&self) -> Option<u64> {
        self.pieces.remaining()
    }

    /// The next piece; none at the end.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Chunk>> {
        if self.since_pause >= TURN {
            return self.pause(cx);
        }
        match self.pieces.next() {
            Next::Piece(chunk) => {
                self.since_pause += chunk.remaining();
                Poll::Ready(Some(chunk))
            }
            Next::Later => self.pause(cx),
            Next::End => Poll::Ready(None),
        }
    }

    fn pause<T>(&mut self, cx: &Context<'_>) -> Poll<T> {
        self.since_pause = 0;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// All of a small body.
pub(crate) fn collect(mut pieces: impl Pieces) -> Vec<u8> {
    let mut text = Vec::with_capacity(pieces.remaining().and_then(|n| usize::try_from(n).ok()).unwrap_or(0));
    loop {
        match pieces.next() {
            Next::Piece(chunk) => append(&mut text, chunk),
            Next::Later => {}
            Next::End => return text,
        }
    }
}

/// Appends the bytes of a piece.
pub(crate) fn append(text: &mut Vec<u8>, mut chunk: Chunk) {
    while chunk.has_remaining() {
        let slice = chunk.chunk();
        let length = slice.len();
        text.extend_from_slice(slice);
        chunk.advance(length);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Many(usize);

    impl Pieces for Many {
        fn next(&mut self) -> Next {
            self.0 -= 1;
            match self.0 {
                0 => Next::End,
                n if n % 2 == 0 => Next::Later,
                _ => Next::Piece(vec![0; PIECE].into()),
            }
        }

        fn remaining(&self) -> Option<u64> {
            None
        }
    }

    #[derive(Debug)]
    struct Endless;

    impl Pieces for Endless {
        fn next(&mut self) -> Next {
            Next::Piece(vec![0; PIECE].into())
        }

        fn remaining(&self) -> Option<u64> {
            None
        }
    }

    #[test]
    fn others_get_their_turn_again_and_again() {
        let mut paced = Paced::new(Box::new(Endless));
        let mut cx = Context::from_waker(std::task::Waker::noop());
        let ready: Vec<bool> = (0..100).map(|_| paced.poll(&mut cx).is_ready()).collect();
        let longest = ready.split(|ready| !ready).map(<[bool]>::len).max();
        assert_eq!(longest, Some(TURN / PIECE));
    }

    #[test]
    fn what_is_collected_is_all_of_it() {
        assert_eq!(collect(Many(10)).len(), 5 * PIECE);
    }
}

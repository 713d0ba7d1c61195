//! A second form of an object, kept beside it.

use std::{
    borrow::Cow,
    fmt,
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
};

/// How many bytes of second forms are kept, of all objects together.
const MOST: usize = 64 << 20;

static KEPT: AtomicUsize = AtomicUsize::new(0);

/// Room for a second form. A clone begins without one.
#[derive(Default)]
pub struct Kept(OnceLock<Counted>);

/// Bytes that count as long as they are there.
struct Counted(Box<[u8]>);

impl Counted {
    /// The bytes themselves if there is no room.
    fn new(bytes: Vec<u8>) -> Result<Self, Vec<u8>> {
        let length = bytes.len();
        if KEPT.fetch_add(length, Ordering::Relaxed) + length > MOST {
            KEPT.fetch_sub(length, Ordering::Relaxed);
            return Err(bytes);
        }
        Ok(Self(bytes.into()))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        KEPT.fetch_sub(self.0.len(), Ordering::Relaxed);
    }
}

impl Kept {
    /// What is kept.
    pub fn get(&self) -> Option<&[u8]> {
        self.0.get().map(|counted| &*counted.0)
    }

    /// What is kept, else what `make` makes.
    pub fn get_or_make<E>(&self, make: impl FnOnce() -> Result<Vec<u8>, E>) -> Result<Cow<'_, [u8]>, E> {
        if let Some(kept) = self.0.get() {
            return Ok(Cow::Borrowed(&kept.0));
        }
        match Counted::new(make()?) {
            Ok(counted) => Ok(Cow::Borrowed(&self.0.get_or_init(|| counted).0)),
            Err(bytes) => Ok(Cow::Owned(bytes)),
        }
    }
}

impl Clone for Kept {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.get().map_or(0, |counted| counted.0.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_made_once_as_long_as_there_is_room() {
        let make = |length| move || Ok::<_, ()>(vec![7; length]);
        let small = Kept::default();
        assert_eq!(small.get_or_make(make(3)).unwrap().len(), 3);
        assert_eq!(small.get_or_make(|| Err("made again")).unwrap().len(), 3);
        assert!(small.clone().get_or_make(|| Err("made again")).is_err());

        let large = Kept::default();
        assert_eq!(large.get_or_make(make(MOST + 1)).unwrap().len(), MOST + 1);
        assert!(large.get_or_make(|| Err("not kept")).is_err());
        drop(small);
        let whole = Kept::default();
        assert!(matches!(whole.get_or_make(make(MOST)), Ok(Cow::Borrowed(_))), "room is given back");
    }
}

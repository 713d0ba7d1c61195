//! Message layouts: the registry's structs as protobuf sees them.
//!
//! JSON shows the fields of embedded Go structs one level up; on the wire they sit in messages of their own. A layout is a
//! tree of slots by field number whose leaves point at the struct's fields.

use minkapi_registry::{Alternative, Field, Presence, Shape, Struct};
use std::{
    collections::HashMap,
    sync::{
        LazyLock,
        atomic::{AtomicU16, Ordering},
    },
};

/// Layouts of every built-in struct.
pub struct Plan {
    messages: Vec<Message>,
    by_name: HashMap<&'static str, usize>,
}

/// Layout of one struct.
pub struct Message {
    /// Go name without its package, as errors print it.
    pub name: &'static str,
    /// The struct's fields, sorted by JSON name.
    pub fields: Vec<Leaf>,
    /// For the start of an object and for each field, which field came next the last time: objects of one kind mostly
    /// have the same members in the same order.
    followers: Vec<AtomicU16>,
    /// What is on the wire, sorted by number.
    pub slots: Vec<Slot>,
}

/// A field number of a message.
pub struct Slot {
    /// The number.
    pub number: u32,
    /// What it holds.
    pub holds: Holds,
}

/// What a slot holds.
pub enum Holds {
    /// The field at this index of [`Message::fields`].
    Field(usize),
    /// Fields of an embedded struct.
    Embedded(Vec<Slot>),
}

/// One field.
pub struct Leaf {
    /// JSON name.
    pub name: &'static str,
    /// When JSON shows it, and whether Go holds it by pointer.
    pub presence: Presence,
    /// Its type.
    pub wire: Wire,
}

impl Leaf {
    /// Whether an unset value is told apart from a zero one.
    pub const fn is_pointer(&self) -> bool {
        matches!(self.presence, Presence::Set | Presence::Nullable)
    }
}

/// Type of a value on the wire.
pub enum Wire {
    String,
    Bytes,
    Bool,
    Int32,
    Int64,
    Double,
    Time,
    MicroTime,
    Duration,
    Quantity,
    IntOrString,
    /// `{raw = 1}`: JSON text in bytes (RawExtension, JSON, FieldsV1).
    Raw,
    /// Another message.
    Message(usize),
    /// A map from text.
    Map(Box<Wire>),
    /// A repeated field; as a map's value or inside another list it is a message `{items = 1}`.
    List(Box<Wire>),
    /// A `JSONSchemaProps` or its alternative.
    SchemaOr(usize, Alternative),
}

/// Layouts of every built-in struct, made at the first use.
pub static PLAN: LazyLock<Plan> = LazyLock::new(Plan::new);

impl Plan {
    fn new() -> Self {
        let structs = minkapi_registry::structs();
        let by_name: HashMap<&str, usize> = structs.iter().enumerate().map(|(i, s)| (&*s.name, i)).collect();
        let messages = structs.iter().map(|s| Message::new(s, &by_name)).collect();
        Self { messages, by_name }
    }

    /// The layout of a struct; `None` for parts of custom resources.
    pub fn of(&self, of: &Struct) -> Option<&Message> {
        self.by_name.get(&*of.name).and_then(|i| self.messages.get(*i))
    }

    /// The layout at an index that a [`Wire`] holds.
    pub fn at(&self, index: usize) -> &Message {
        static EMPTY: Message = Message { name: "", fields: Vec::new(), followers: Vec::new(), slots: Vec::new() };
        self.messages.get(index).unwrap_or(&EMPTY)
    }
}

impl Message {
    fn new(of: &'static Struct, names: &HashMap<&str, usize>) -> Self {
        let mut slots = Vec::new();
        for (index, field) in of.fields.iter().enumerate().filter(|(_, f)| f.proto != 0) {
            place(&mut slots, field, field.proto_in, index);
        }
        sort(&mut slots);
        let fields = of.fields.iter().map(|f| Leaf { name: &f.name, presence: f.presence, wire: Wire::new(&f.schema.shape, names) });
        Self {
            name: of.go_name.rsplit('.').next().unwrap_or_default(),
            fields: fields.collect(),
            followers: (0..=of.fields.len()).map(|_| AtomicU16::default()).collect(),
            slots,
        }
    }
}

impl Message {
    /// The field of this name and its index. `last` is the field before it in the object.
    pub fn find(&self, last: Option<usize>, name: &[u8]) -> Option<(usize, &Leaf)> {
        let follower = self.followers.get(last.map_or(0, |last| last + 1))?;
        let expected = usize::from(follower.load(Ordering::Relaxed));
        match self.fields.get(expected) {
            Some(field) if field.name.as_bytes() == name => Some((expected, field)),
            _ => {
                let found = self.fields.binary_search_by(|f| f.name.as_bytes().cmp(name)).ok()?;
                // Only a guess for the next time, so it does not matter which thread's stays.
                follower.store(u16::try_from(found).unwrap_or_default(), Ordering::Relaxed);
                Some((found, self.fields.get(found)?))
            }
        }
    }
}

fn place(slots: &mut Vec<Slot>, field: &Field, inside: &[u32], index: usize) {
    let Some((outer, inside)) = inside.split_first() else {
        slots.push(Slot { number: field.proto, holds: Holds::Field(index) });
        return;
    };
    for slot in slots.iter_mut().filter(|s| s.number == *outer) {
        if let Holds::Embedded(children) = &mut slot.holds {
            return place(children, field, inside, index);
        }
    }
    let mut children = Vec::new();
    place(&mut children, field, inside, index);
    slots.push(Slot { number: *outer, holds: Holds::Embedded(children) });
}

fn sort(slots: &mut [Slot]) {
    slots.sort_by_key(|s| s.number);
    for slot in slots {
        if let Holds::Embedded(children) = &mut slot.holds {
            sort(children);
        }
    }
}

impl Wire {
    fn new(shape: &Shape, names: &HashMap<&str, usize>) -> Self {
        let index = |of: &Struct| names.get(&*of.name).copied().unwrap_or(usize::MAX);
        match shape {
            Shape::String => Self::String,
            Shape::Bytes => Self::Bytes,
            Shape::Bool => Self::Bool,
            Shape::Int32 => Self::Int32,
            Shape::Int64 => Self::Int64,
            Shape::Double => Self::Double,
            Shape::Time => Self::Time,
            Shape::MicroTime => Self::MicroTime,
            Shape::Duration => Self::Duration,
            Shape::Quantity => Self::Quantity,
            Shape::IntOrString => Self::IntOrString,
            Shape::Any | Shape::FieldsV1 => Self::Raw,
            Shape::Struct(of) => Self::Message(index(of)),
            Shape::Map(of) => Self::Map(Box::new(Self::new(&of.shape, names))),
            Shape::List(of) => Self::List(Box::new(Self::new(&of.shape, names))),
            Shape::SchemaOr(of, alternative) => Self::SchemaOr(index(of), *alternative),
        }
    }
}

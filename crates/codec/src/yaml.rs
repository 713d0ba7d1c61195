//! YAML as `sigs.k8s.io/yaml` reads and writes it: YAML 1.1 scalars, JSON's data model, keys in natural order (C-11-06).

mod error;
mod key_order;
mod read;
mod scalar;
mod style;
mod write;

pub use read::{Document, read};
pub use write::write;

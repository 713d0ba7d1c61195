//! `cargo xtask tidy`: the layout rules of the workspace, enforced.
//!
//! Every rule reports all it finds, so that one run is enough.

mod files;
mod layers;
mod top_level;

use crate::{Outcome, codegen, workspace};

/// Runs every rule.
pub fn run() -> Outcome {
    let root = workspace();
    let mut found = Vec::new();
    found.extend(top_level::check(&root)?);
    found.extend(layers::check(&root)?);
    found.extend(files::check(&root)?);
    found.extend(codegen::check_contents(&root).err());
    if found.is_empty() {
        return Ok(());
    }
    for line in &found {
        eprintln!("{line}");
    }
    Err(format!("tidy found {} things", found.len()))
}

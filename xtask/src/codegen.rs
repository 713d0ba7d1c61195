//! `cargo xtask codegen`: the tables of `crates/registry/src/generated` from a Kubernetes source tree.
//!
//! Read in this order: [`inputs`] (which files), [`discovery`] (what is served), [`openapi`] and [`proto`] (types),
//! [`facts`], [`enumerations`] and [`go_types`] (what only Go sources say), [`model`] (all of it joined), [`emit`] (Rust text).

mod discovery;
mod emit;
mod enumerations;
mod facts;
mod go_types;
mod header;
mod inputs;
mod model;
mod openapi;
mod proto;

use crate::{Outcome, workspace};
use clap::{Parser, Subcommand};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// Where the tables go, below the workspace.
const OUTPUT: &str = "crates/registry/src/generated";

/// Facts of the Go sources that neither OpenAPI nor protobuf carries, below the workspace.
const FACTS: &str = "xtask/data/presence.txt";

/// Values of enumerations, which neither OpenAPI files nor protobuf carry, below the workspace.
const ENUMERATIONS: &str = "xtask/data/enumerations.txt";

/// Arguments of `cargo xtask codegen`.
#[derive(Parser)]
pub struct Args {
    /// A Kubernetes source tree, or a copy of its `api/` and `generated.proto` files.
    #[arg(long, default_value = "../shared/kubernetes-v1.37.2")]
    kubernetes: PathBuf,
    /// Write nothing; fail when the tables are stale or were edited by hand.
    #[arg(long)]
    check: bool,
    #[command(subcommand)]
    step: Option<Step>,
}

#[derive(Subcommand)]
enum Step {
    /// Refresh xtask/data/presence.txt (which fields are pointers or omitempty) from Go modules of k8s.io.
    Presence {
        /// Directory that holds `api@v0.37.2`, `apimachinery@v0.37.2` and so on.
        #[arg(long)]
        go_modules: PathBuf,
        /// Version of the modules.
        #[arg(long, default_value = "v0.37.2")]
        version: String,
    },
    /// Refresh xtask/data/enumerations.txt from the Go module `kubernetes`.
    Enumerations {
        /// Directory that holds `kubernetes@v1.37.2`.
        #[arg(long)]
        go_modules: PathBuf,
        /// Version of the module.
        #[arg(long, default_value = "v1.37.2")]
        version: String,
    },
}

/// Runs the command.
pub fn run(args: &Args) -> Outcome {
    let root = workspace();
    let refresh = |file: &str, text: String| fs::write(root.join(file), text).map_err(|e| format!("{file}: {e}"));
    match &args.step {
        Some(Step::Presence { go_modules, version }) => {
            let structs = go_types::scan(|module| go_modules.join(format!("{module}@{version}")))?;
            return refresh(FACTS, facts::print(&structs));
        }
        Some(Step::Enumerations { go_modules, version }) => {
            let found = enumerations::scan(&go_modules.join(format!("kubernetes@{version}")))?;
            return refresh(ENUMERATIONS, enumerations::print(&found));
        }
        None => {}
    }
    let tree = if args.kubernetes.is_absolute() { args.kubernetes.clone() } else { root.join(&args.kubernetes) };
    let output = root.join(OUTPUT);
    if args.check {
        check_contents(&root)?;
        if !tree.join("api/discovery").is_dir() {
            println!("codegen: {} is not here, so only the tables' own hashes were checked", tree.display());
            return Ok(());
        }
    }
    let files = generate(&tree, &root)?;
    if args.check { compare(&output, &files) } else { write(&output, &files) }
}

/// Fails when a table was edited by hand.
pub fn check_contents(root: &Path) -> Outcome {
    header::check_contents(&root.join(OUTPUT))
}

/// The generated files by name.
fn generate(tree: &Path, root: &Path) -> Result<BTreeMap<String, String>, String> {
    let mut inputs = inputs::Inputs::new(tree);
    let modules = tree.join("staging/src/k8s.io");
    let go = if modules.join("api/core/v1/types.go").is_file() {
        go_types::scan(|module| modules.join(module))?
    } else {
        facts::parse(&inputs.outside(&root.join(FACTS))?)?
    };
    let enumerations = enumerations::parse(&inputs.outside(&root.join(ENUMERATIONS))?)?;
    let served = discovery::read(&mut inputs)?;
    let openapi = openapi::read(&mut inputs, &served)?;
    let proto = proto::read(&mut inputs)?;
    let model = model::join(&openapi, &proto, &go, served)?;
    let hash = inputs.hash();
    Ok(emit::files(&model, &openapi, &enumerations)?.into_iter().map(|(name, body)| (name, header::with_header(&hash, &body))).collect())
}

fn write(output: &Path, files: &BTreeMap<String, String>) -> Outcome {
    let _ = fs::remove_dir_all(output);
    fs::create_dir_all(output).map_err(|e| e.to_string())?;
    for (name, text) in files {
        fs::write(output.join(name), text).map_err(|e| format!("{name}: {e}"))?;
    }
    println!("codegen: {} files in {OUTPUT}", files.len());
    Ok(())
}

fn compare(output: &Path, files: &BTreeMap<String, String>) -> Outcome {
    for (name, text) in files {
        if fs::read_to_string(output.join(name)).ok().as_ref() != Some(text) {
            return Err(format!("{OUTPUT}/{name} is stale: run `cargo xtask codegen`"));
        }
    }
    Ok(())
}

//! Rust text of the tables. The vocabulary (`structs!`, `f`, `List` ...) is `crates/registry/src/rows.rs`.

mod open_api;
mod resources;
mod structs;

use super::{enumerations::Enumerations, model::Model, openapi::Definitions};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

/// The bodies of the generated files by name.
pub fn files(model: &Model, openapi: &Definitions, enumerations: &Enumerations) -> Result<BTreeMap<String, String>, String> {
    let (mut files, keys) = structs::files(model);
    files.insert("list_keys.rs".to_owned(), list_keys(&keys));
    files.insert("resources.rs".to_owned(), resources::file(model)?);
    files.insert("index.rs".to_owned(), index(model));
    files.insert("open_api.rs".to_owned(), open_api::file(model, openapi, enumerations));
    let mut modules = String::from("//! Facts about every kind that kube-apiserver serves by default.\n\n");
    for file in files.keys() {
        let _ = writeln!(modules, "pub mod {};", file.trim_end_matches(".rs"));
    }
    files.insert("mod.rs".to_owned(), modules);
    Ok(files)
}

fn list_keys(keys: &BTreeSet<Vec<String>>) -> String {
    let mut out = String::from("//! Keys of `x-kubernetes-list-type: map` lists.\n\nuse crate::{rows::t, Text};\n\n");
    for set in keys {
        let texts: Vec<_> = set.iter().map(|k| format!("t({k:?})")).collect();
        let _ = writeln!(out, "pub static {}: [Text; {}] = [{}];", keys_name(set), set.len(), texts.join(", "));
    }
    out
}

/// Every struct, and every top-level kind, in one table each.
fn index(model: &Model) -> String {
    let mut out =
        String::from("//! Every struct and every top-level kind.\n\nuse super::*;\nuse crate::{rows::kind, Struct, TopLevelKind};\n\n");
    out.push_str("pub static STRUCTS: &[&Struct] = &[\n");
    for name in model.structs.keys() {
        let _ = writeln!(out, "    &{},", path(name));
    }
    out.push_str("];\n\npub static TOP_LEVEL_KINDS: &[TopLevelKind] = &[\n");
    for (version, kind, of) in &model.kinds {
        let _ = writeln!(out, "    kind({version:?}, {kind:?}, &{}),", path(of));
    }
    out.push_str("];\n");
    out
}

/// `io.k8s.api.core.v1.Pod` is in module `core_v1`.
fn module(name: &str) -> String {
    let mut parts = name.rsplit('.').skip(1);
    let (version, group) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    format!("{group}_{version}")
}

/// `core_v1::POD`.
fn path(name: &str) -> String {
    format!("{}::{}", module(name), constant(name))
}

/// `HTTPGetAction` is `HTTP_GET_ACTION`.
fn constant(name: &str) -> String {
    let name: Vec<char> = name.rsplit('.').next().unwrap_or_default().chars().collect();
    let mut out = String::new();
    for (i, c) in name.iter().enumerate() {
        let before = i.checked_sub(1).and_then(|i| name.get(i));
        let word_starts = c.is_uppercase()
            && before.is_some_and(|b| !b.is_uppercase() || (name.get(i + 1).is_some_and(|a| a.is_lowercase()) && i + 2 < name.len()));
        if word_starts {
            out.push('_');
        }
        out.push(c.to_ascii_uppercase());
    }
    out
}

fn keys_name(keys: &[String]) -> String {
    keys.iter().map(|k| constant(k)).collect::<Vec<_>>().join("_AND_")
}

#[cfg(test)]
mod tests {
    use super::constant;

    #[test]
    fn constants_keep_initials_together() {
        assert_eq!(constant("io.k8s.api.core.v1.HTTPGetAction"), "HTTP_GET_ACTION");
        assert_eq!(constant("a.CSIDriverSpec"), "CSI_DRIVER_SPEC");
        assert_eq!(constant("podIPs"), "POD_IPS");
    }
}

//! A small scanner of Go struct declarations: json and protobuf tags, pointers, embedded structs.

use super::{
    facts::{Embedded, GoField, GoStruct, Omit},
    inputs::{names, packages},
};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// The structs with json tags of every package that is read, by OpenAPI name.
pub fn scan(module_dir: impl Fn(&str) -> PathBuf) -> Result<BTreeMap<String, GoStruct>, String> {
    let mut structs = BTreeMap::new();
    for (module, dir) in packages(&module_dir)? {
        let path = module_dir(&module).join(&dir);
        let package = openapi_package(&format!("{module}/{dir}"));
        for file in names(&path)? {
            if file.ends_with(".go") && !file.ends_with("_test.go") && !file.starts_with("zz_generated") && !file.starts_with("generated.")
            {
                scan_file(&path.join(file), &package, &mut structs)?;
            }
        }
    }
    Ok(structs)
}

/// `api/core/v1` is `io.k8s.api.core.v1` in OpenAPI.
pub fn openapi_package(path: &str) -> String {
    format!("io.k8s.{}", path.replace('/', "."))
}

fn scan_file(path: &Path, package: &str, structs: &mut BTreeMap<String, GoStruct>) -> Result<(), String> {
    let text = fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let imports = imports(&text);
    let mut current: Option<(String, GoStruct)> = None;
    for line in text.lines() {
        if let Some((name, found)) = &mut current {
            if line.starts_with('}') {
                structs.insert(format!("{package}.{name}"), std::mem::take(found));
                current = None;
            } else {
                scan_field(line.trim(), package, &imports, found);
            }
        } else if let Some(name) = line.strip_prefix("type ").and_then(|l| l.strip_suffix(" struct {")) {
            current = Some((name.trim().to_owned(), GoStruct::default()));
        }
    }
    structs.retain(|_, s| !s.fields.is_empty() || !s.embedded.is_empty());
    Ok(())
}

/// Import alias to OpenAPI package.
fn imports(text: &str) -> BTreeMap<String, String> {
    let lines = text.lines().map(str::trim).take_while(|l| !l.starts_with("type "));
    lines
        .filter_map(|line| {
            let (alias, path) = line.trim_start_matches("import ").split_once('"')?;
            let path = path.strip_suffix('"')?;
            let package = openapi_package(path.strip_prefix("k8s.io/")?);
            let alias = if alias.trim().is_empty() { path.rsplit('/').next()? } else { alias.trim() };
            Some((alias.to_owned(), package))
        })
        .collect()
}

fn scan_field(line: &str, package: &str, imports: &BTreeMap<String, String>, into: &mut GoStruct) {
    if line.starts_with("//") {
        return;
    }
    let Some((declaration, tags)) = line.split_once('`') else { return };
    let Some(json) = tag(tags, "json") else { return };
    let (name, options) = json.split_once(',').unwrap_or((json, ""));
    if name == "-" {
        return;
    }
    let words: Vec<_> = declaration.split_whitespace().collect();
    let (Some(first), go_type) = (words.first(), words.last().copied().unwrap_or_default()) else { return };
    let named = |t: &str| t.split(',').find_map(|p| p.strip_prefix("name=")).map(str::to_owned);
    let proto = tag(tags, "protobuf");
    if name.is_empty() && words.len() == 1 {
        let target = first.trim_start_matches('*');
        let of = match target.split_once('.') {
            Some((alias, name)) => format!("{}.{name}", imports.get(alias).map_or(alias, String::as_str)),
            None => format!("{package}.{target}"),
        };
        let proto = proto.map(|p| named(p).unwrap_or_else(|| uncapitalized(target)));
        into.embedded.push(Embedded { of, proto: proto.unwrap_or_default() });
        return;
    }
    let name = if name.is_empty() { first } else { name };
    let omit = match (go_type.starts_with('*'), options.contains("omitempty"), options.contains("omitzero")) {
        (true, true, _) | (true, _, true) => Omit::Pointer,
        (true, false, false) => Omit::NullablePointer,
        (false, _, true) => Omit::Zero,
        (false, true, false) => Omit::Empty,
        (false, false, false) => Omit::Never,
    };
    let proto = proto.and_then(named).filter(|p| p != name);
    into.fields.insert(name.to_owned(), GoField { omit, proto });
}

/// `EphemeralContainerCommon` is `ephemeralContainerCommon` in protobuf.
fn uncapitalized(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|c| c.to_ascii_lowercase()).into_iter().chain(letters).collect()
}

fn tag<'a>(tags: &'a str, key: &str) -> Option<&'a str> {
    tags.split_once(&format!("{key}:\""))?.1.split('"').next()
}

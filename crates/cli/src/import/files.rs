//! Objects in files.

use super::found::{self, Found};
use crate::exit::Failure;
use minkapi_codec::yaml;
use std::{
    fs,
    io::{self, Read as _},
    path::Path,
};

/// Adds the objects of a file, of all YAML and JSON files below a folder, or of the standard input (`-`).
///
/// # Errors
/// What cannot be read, or is not made of objects.
pub fn read(path: &Path, objects: &mut Vec<Found>) -> Result<(), Failure> {
    if path == Path::new("-") {
        let mut text = Vec::new();
        io::stdin().read_to_end(&mut text).map_err(|err| Failure::File("the standard input cannot be read".to_owned(), err))?;
        return add(path, &text, objects);
    }
    let failed = |err| Failure::File(format!("{} cannot be read", path.display()), err);
    if !path.is_dir() {
        return add(path, &fs::read(path).map_err(failed)?, objects);
    }
    let entries = fs::read_dir(path).map_err(failed)?;
    let mut paths: Vec<_> = entries.map(|entry| entry.map(|e| e.path())).collect::<Result<_, _>>().map_err(failed)?;
    paths.sort();
    let known = |path: &Path| path.is_dir() || path.extension().is_some_and(|e| ["yaml", "yml", "json"].iter().any(|known| e == *known));
    paths.iter().filter(|path| known(path)).try_for_each(|path| read(path, objects))
}

fn add(path: &Path, text: &[u8], objects: &mut Vec<Found>) -> Result<(), Failure> {
    let failed = |why: String| Failure::Options(format!("{}: {why}", path.display()));
    let text = std::str::from_utf8(text).map_err(|err| failed(err.to_string()))?;
    if text.trim_start().starts_with('{') {
        let mut documents = serde_json::Deserializer::from_str(text).into_iter::<&serde_json::value::RawValue>();
        return documents
            .try_for_each(|document| found::add(document.map_err(|err| failed(err.to_string()))?.get(), objects).map_err(failed));
    }
    for document in documents(text) {
        let value = yaml::read(document.as_bytes()).map_err(failed)?.value;
        if !value.is_null() {
            found::add(&value.to_string(), objects).map_err(failed)?;
        }
    }
    Ok(())
}

/// The documents of a YAML file.
fn documents(text: &str) -> Vec<&str> {
    let (mut documents, mut start, mut at) = (Vec::new(), 0, 0);
    for line in text.split_inclusive('\n') {
        let end = at + line.len();
        if line.trim_end() == "---" || line.starts_with("--- ") {
            documents.extend(text.get(start..at));
            start = end;
        }
        at = end;
    }
    documents.extend(text.get(start..));
    let only_comments = |text: &str| text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'));
    documents.retain(|document| !only_comments(document));
    documents
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;

    #[test]
    fn a_file_may_hold_several_documents_and_lists() {
        let mut objects = Vec::new();
        let text = "# a comment\n---\napiVersion: v1\nkind: Node\nmetadata: {name: a}\n---\napiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod}\n- {apiVersion: v1, kind: Pod}\n---\n";
        add(Path::new("x.yaml"), text.as_bytes(), &mut objects).unwrap();
        assert_eq!(objects.len(), 3);
        add(Path::new("x.json"), br#"{"apiVersion":"v1","kind":"Node"} {"apiVersion":"v1","kind":"Node"}"#, &mut objects).unwrap();
        assert_eq!(objects.len(), 5);
        assert!(add(Path::new("x.txt"), b"just text", &mut objects).is_err());
    }
}

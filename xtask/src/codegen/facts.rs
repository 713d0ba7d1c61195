//! What only Go sources say about a struct, and its text form in `xtask/data/presence.txt`.
//!
//! One line a struct: its OpenAPI name, a colon, then words. `name?` is a pointer with omitempty, `name!` a pointer without,
//! `name~` omitempty, `name^` omitzero, a bare `name` is always written; `=x` gives the protobuf name where it differs
//!. `+Type=x` is an embedded struct and the protobuf field that holds it.

use std::{collections::BTreeMap, fmt::Write};

/// Tags of one Go struct.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct GoStruct {
    /// Fields by JSON name.
    pub fields: BTreeMap<String, GoField>,
    /// Structs whose fields JSON shows one level up.
    pub embedded: Vec<Embedded>,
}

/// Tags of one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoField {
    /// When Go leaves it out.
    pub omit: Omit,
    /// Its protobuf name, where that is not the JSON name.
    pub proto: Option<String>,
}

/// When Go leaves a field out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Omit {
    /// A nil pointer is left out.
    Pointer,
    /// A nil pointer is null.
    NullablePointer,
    /// `omitempty`: a zero scalar or an empty list or map is left out; structs never are.
    Empty,
    /// `omitzero`: any zero value is left out, structs too.
    Zero,
    /// Never.
    Never,
}

/// An embedded struct.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Embedded {
    /// OpenAPI name of the struct.
    pub of: String,
    /// Protobuf name of the message that holds its fields; empty for TypeMeta, which protobuf leaves out.
    pub proto: String,
}

const MARKS: [(Omit, &str); 5] =
    [(Omit::Pointer, "?"), (Omit::NullablePointer, "!"), (Omit::Empty, "~"), (Omit::Zero, "^"), (Omit::Never, "")];

/// The text form.
pub fn print(structs: &BTreeMap<String, GoStruct>) -> String {
    let mut out = String::from("# `cargo xtask codegen presence --go-modules ~/go/pkg/mod/k8s.io`; format: xtask/src/codegen/facts.rs\n");
    for (name, go) in structs {
        let _ = write!(out, "{name}:");
        for embedded in &go.embedded {
            let _ = write!(out, " +{}={}", embedded.of, embedded.proto);
        }
        for (name, field) in &go.fields {
            let mark = MARKS.iter().find(|(omit, _)| *omit == field.omit).map_or("", |(_, mark)| mark);
            let _ = write!(out, " {name}{mark}");
            if let Some(proto) = &field.proto {
                let _ = write!(out, "={proto}");
            }
        }
        out.push('\n');
    }
    out
}

/// Reads the text form.
pub fn parse(text: &str) -> Result<BTreeMap<String, GoStruct>, String> {
    let lines = text.lines().filter(|l| !l.starts_with('#') && !l.is_empty());
    lines
        .map(|line| {
            let (name, words) = line.split_once(": ").ok_or_else(|| format!("presence.txt: no colon in {line:?}"))?;
            let mut go = GoStruct::default();
            for word in words.split(' ') {
                let (word, proto) = word.split_once('=').map_or((word, None), |(w, p)| (w, Some(p.to_owned())));
                if let Some(of) = word.strip_prefix('+') {
                    go.embedded.push(Embedded { of: of.to_owned(), proto: proto.unwrap_or_default() });
                    continue;
                }
                let marked = MARKS.iter().find_map(|(omit, mark)| Some((*omit, word.strip_suffix(mark)?)));
                let (omit, name) = marked.ok_or("presence.txt: an empty mark always matches")?;
                go.fields.insert(name.to_owned(), GoField { omit, proto });
            }
            Ok((name.to_owned(), go))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_form_keeps_every_fact() -> Result<(), String> {
        let text = "#\na.B: +c.D=dD x! y?=why z~ zero^ plain\na.E: f=-\n";
        let structs = parse(text)?;
        assert_eq!(structs.len(), 2);
        assert_eq!(parse(&print(&structs))?, structs);
        Ok(())
    }
}

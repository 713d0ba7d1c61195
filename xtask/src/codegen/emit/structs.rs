//! One file of structs per Go package.

use super::{
    super::model::{Field, JSON_SCHEMA_PROPS, ListType, Model, Schema, Shape, Struct},
    constant, keys_name, module, path,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

/// Items of lists and values of maps, by the name of their static.
type Items = BTreeMap<String, String>;

/// The files by name, and the key sets that they use.
pub fn files(model: &Model) -> (BTreeMap<String, String>, BTreeSet<Vec<String>>) {
    let mut keys = BTreeSet::new();
    let mut modules: BTreeMap<String, (String, String, Items)> = BTreeMap::new();
    for (name, fields) in &model.structs {
        let (package, body, items) = modules.entry(module(name)).or_default();
        *package = name.rsplit_once('.').map_or_else(String::new, |(package, _)| package.to_owned());
        one(name, fields, body, items, &mut keys);
    }
    let files = modules.into_iter().map(|(module, (package, body, items))| {
        let uses = "#[allow(unused_imports, reason = \"the same lines in every file\")]\nuse super::{list_keys, *};\n\
                    #[allow(unused_imports, reason = \"the same lines in every file\")]\nuse crate::rows::{Type::*, *};\n\
                    #[allow(unused_imports, reason = \"the same lines in every file\")]\nuse crate::{Alternative, Presence::*};";
        let mut text = format!("//! Structs of `{package}`.\n\n{uses}\n\nstructs! {{\n{body}}}\n");
        if !items.is_empty() {
            text.push_str("\nitems! {\n");
            items.iter().for_each(|(name, of)| {
                let _ = writeln!(text, "    {name} = {of};");
            });
            text.push_str("}\n");
        }
        (format!("{module}.rs"), text)
    });
    (files.collect(), keys)
}

fn one(name: &str, fields: &Struct, out: &mut String, items: &mut Items, keys: &mut BTreeSet<Vec<String>>) {
    let mut parts = name.rsplit('.');
    let (kind, version) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let _ = writeln!(out, "    {} = {name:?} as \"{version}.{kind}\" {{", constant(name));
    let mut order: Vec<(&str, &Field)> = fields.iter().map(|(json, field)| (json.as_str(), field)).collect();
    order.sort_by_key(|(_, field)| &field.place);
    for (json, field) in fields {
        let at = order.iter().position(|(name, _)| name == json).unwrap_or_default();
        let _ = writeln!(out, "        {},", row(json, field, at, items, keys));
    }
    out.push_str("    }\n");
}

fn row(json: &str, field: &Field, at: usize, items: &mut Items, keys: &mut BTreeSet<Vec<String>>) -> String {
    let mut out = format!("f({json:?}, {}, {}, {}, {at})", shape(&field.schema.shape, items), field.presence, field.proto);
    if !field.proto_in.is_empty() {
        let _ = write!(out, ".inside(&{:?})", field.proto_in);
    }
    out.push_str(&marks(&field.schema, keys));
    if field.required {
        out.push_str(".required()");
    }
    if let Some(default) = &field.default {
        let _ = write!(out, ".default({default:?})");
    }
    if let Some(key) = &field.patch_merge_key {
        let _ = write!(out, ".key({key:?})");
    }
    if field.patch_merge {
        out.push_str(".merge()");
    }
    if field.patch_retain_keys {
        out.push_str(".retain_keys()");
    }
    out
}

/// Apply's marks on a position.
fn marks(schema: &Schema, keys: &mut BTreeSet<Vec<String>>) -> String {
    let list = match &schema.list_type {
        ListType::Atomic => String::new(),
        ListType::Set => ".set()".to_owned(),
        ListType::Map(of) => {
            keys.insert(of.clone());
            format!(".map(&list_keys::{})", keys_name(of))
        }
    };
    format!("{list}{}", if schema.atomic { ".atomic()" } else { "" })
}

fn shape(shape: &Shape, items: &mut Items) -> String {
    match shape {
        Shape::Any => "Any".to_owned(),
        Shape::Plain(name) => (*name).to_owned(),
        Shape::Struct(name) => format!("Of(&{})", path(name)),
        Shape::Map(of) => format!("Map(&{})", item(of, items)),
        Shape::List(of) => format!("List(&{})", item(of, items)),
        Shape::SchemaOr(alternative) => format!("Or(&{}, Alternative::{alternative})", path(JSON_SCHEMA_PROPS)),
    }
}

/// The static that holds the schema of items or values.
fn item(of: &Schema, items: &mut Items) -> String {
    let marks = if of.atomic { ".atomic()" } else { "" };
    let name = match &of.shape {
        Shape::Any => "ANY_ITEM".to_owned(),
        Shape::Plain(name) => format!("{}_ITEM", constant(name)),
        Shape::Struct(name) => format!("{}_{}_ITEM", module(name).to_ascii_uppercase(), constant(name)),
        Shape::Map(inner) => format!("MAP_OF_{}", item(inner, items)),
        Shape::List(inner) => format!("LIST_OF_{}", item(inner, items)),
        Shape::SchemaOr(alternative) => format!("SCHEMA_OR_{}_ITEM", constant(alternative)),
    };
    let text = format!("v({}){marks}", shape(&of.shape, items));
    items.insert(name.clone(), text);
    name
}

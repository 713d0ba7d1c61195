//! The functions of expressions: those that are called most are here, the rest are those of the `cel` and `kube-cel` crates.

use crate::{
    conversions,
    eval::{NO_OVERLOAD, Outcome, failure, key_text},
    expression::explain,
    functions, lists,
    macros::{MAP_INSERT, SORT_BY_KEYS},
    named_format, netip, texts,
    url::{self, Url},
    value::{Val, equal},
};
use kube_cel::cel::{
    Context, Value as Cel,
    common::ast::{CallExpr, Expr},
    objects::Key,
    parser::Expression as Parsed,
};
use minkapi_schema::pattern;
use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

/// Patterns that an expression spells out, compiled with it.
#[derive(Debug, Clone, Default)]
pub struct Patterns(BTreeMap<String, pattern::Compiled>);

impl Patterns {
    /// Adds one.
    pub fn add(&mut self, text: &str) {
        self.0.entry(text.to_owned()).or_insert_with(|| pattern::compile(text));
    }

    fn matches(&self, text: &str, with: &str) -> Outcome<bool> {
        let compiled = match self.0.get(with) {
            Some(compiled) => compiled,
            None => &pattern::compile(with),
        };
        match compiled {
            Ok(pattern) => Ok(pattern.is_match(text)),
            Err(why) => failure(format!("error parsing regexp: {why}")),
        }
    }
}

/// The longest list that `lists.range` makes.
const MAX_RANGE: i64 = 1_000_000;

/// Whether a name in front of a function is no variable.
pub fn is_namespace(name: &str) -> bool {
    functions::NAMESPACES.contains(&name)
}

/// Whether a function only converts, so that its value is known when its argument is.
pub fn is_conversion(name: &str) -> bool {
    matches!(name, "bool" | "bytes" | "double" | "duration" | "dyn" | "int" | "string" | "timestamp" | "type" | "uint")
}

/// A call without a target.
pub fn call<'v>(name: &str, args: &[Val<'v>], patterns: &Patterns) -> Outcome<Val<'v>> {
    match (name, args) {
        ("dyn", [of]) => Ok(of.clone()),
        ("type", [of]) => Ok(Val::Type(of.type_name())),
        ("size", [_]) | ("matches", [_, _]) => method(name, args, patterns),
        ("string", [Val::Text(_)]) | ("int", [Val::Int(_)]) | ("bool", [Val::Bool(_)]) => args.first().cloned().ok_or(NO_OVERLOAD),
        ("string" | "int" | "uint" | "double" | "bool" | "duration" | "timestamp", [of]) => converted(name, of),
        (MAP_INSERT, _) => insert(args),
        (SORT_BY_KEYS, [list, keys]) => lists::sort_by(list, keys),
        ("cidr", [of]) => guarded(of, netip::check_cidr, || library(None, name, None, args)),
        ("ip", [of]) => guarded(of, netip::check_ip, || library(None, name, None, args)),
        ("url", [Val::Text(text)]) => match url::check(text.as_str()) {
            Ok(()) => Ok(Val::Other(Cel::Opaque(Arc::new(Url::parse(text.as_str()))))),
            Err(why) => failure(why),
        },
        ("isURL", [Val::Text(text)]) => Ok(Val::Bool(url::check(text.as_str()).is_ok())),
        ("semver", [Val::Text(text), rest @ ..]) => semver(text.as_str(), args, rest),
        ("optional.of", [of]) => Ok(Val::Optional(Some(Arc::new(of.clone())))),
        ("optional.none", []) => Ok(Val::Optional(None)),
        _ => library(None, name, None, args),
    }
}

/// A method; the first argument is what it is called on.
pub fn method<'v>(name: &str, args: &[Val<'v>], patterns: &Patterns) -> Outcome<Val<'v>> {
    let Some((target, args)) = args.split_first() else { return Err(NO_OVERLOAD) };
    match (name, target, args) {
        ("size", of, []) => of.size().map_or(Err(NO_OVERLOAD), |size| Ok(Val::int(size))),
        ("startsWith", Val::Text(text), [Val::Text(part)]) => Ok(Val::Bool(text.as_str().starts_with(part.as_str()))),
        ("endsWith", Val::Text(text), [Val::Text(part)]) => Ok(Val::Bool(text.as_str().ends_with(part.as_str()))),
        ("contains", Val::Text(text), [Val::Text(part)]) => Ok(Val::Bool(text.as_str().contains(part.as_str()))),
        ("matches", Val::Text(text), [Val::Text(pattern)]) => patterns.matches(text.as_str(), pattern.as_str()).map(Val::Bool),
        ("substring", Val::Text(text), args) => texts::substring(text.as_str(), args).or_else(failure),
        ("hasValue", Val::Optional(of), []) => Ok(Val::Bool(of.is_some())),
        ("value", Val::Optional(of), []) => of.as_ref().map_or_else(|| failure("optional.none() dereference"), |of| Ok(Val::clone(of))),
        ("orValue", Val::Optional(of), [other]) => Ok(of.as_ref().map_or_else(|| other.clone(), |of| Val::clone(of))),
        ("or", Val::Optional(of), [other]) => Ok(if of.is_some() { target.clone() } else { other.clone() }),
        ("unwrapOpt", list, []) => lists::unwrap(list),
        ("validate", format, [Val::Text(text)]) => named_format::validate(format, text.as_str()).ok_or(NO_OVERLOAD),
        ("lastIndexOf", Val::Text(_), [_, Val::Int(from)]) if *from < 0 => failure(format!("index out of range: {from}")),
        ("replace", Val::Text(text), [Val::Text(old), Val::Text(new)]) => {
            Ok(Val::text(texts::replace(text.as_str(), old.as_str(), new.as_str(), -1)))
        }
        ("replace", Val::Text(text), [Val::Text(old), Val::Text(new), Val::Int(times)]) => {
            Ok(Val::text(texts::replace(text.as_str(), old.as_str(), new.as_str(), *times)))
        }
        ("split", Val::Text(text), [Val::Text(by)]) => Ok(texts::split(text.as_str(), by.as_str(), -1)),
        ("split", Val::Text(text), [Val::Text(by), Val::Int(parts)]) => Ok(texts::split(text.as_str(), by.as_str(), *parts)),
        ("isInteger", _, []) => match library(None, "asInteger", Some(target), args) {
            Ok(_) => Ok(Val::Bool(true)),
            Err(_) => Ok(Val::Bool(false)),
        },
        ("containsIP", _, [Val::Text(text)]) if netip::check_ip(text.as_str()).is_err() => Err(NO_OVERLOAD),
        ("containsCIDR", _, [Val::Text(text)]) if netip::check_cidr(text.as_str()).is_err() => {
            netip::check_cidr(text.as_str()).map_or_else(failure, |()| Err(NO_OVERLOAD))
        }
        (_, Val::Other(Cel::Opaque(of)), []) if of.downcast_ref::<Url>().is_some() => {
            of.downcast_ref::<Url>().and_then(|url| url.get(name)).ok_or(NO_OVERLOAD)
        }
        _ if target.list_len().is_some() => match lists::method(name, target, args) {
            Some(value) => value,
            None => library(None, name, Some(target), args),
        },
        _ => library(None, name, Some(target), args),
    }
}

/// A call such as `sets.contains(...)`.
pub fn in_namespace<'v>(namespace: &str, name: &str, args: &[Val<'v>]) -> Outcome<Val<'v>> {
    match (namespace, name, args) {
        ("optional", "none", []) => Ok(Val::Optional(None)),
        ("optional", "of", [of]) => Ok(Val::Optional(Some(Arc::new(of.clone())))),
        ("optional", "ofNonZeroValue", [of]) => Ok(Val::Optional((!is_zero(of)).then(|| Arc::new(of.clone())))),
        ("optional", "unwrap", [list]) => lists::unwrap(list),
        ("sets", _, [a, b]) => lists::sets(name, a, b),
        ("lists", "range", [Val::Int(count)]) if *count < 0 => failure(format!("lists.range: size must be non-negative, got {count}")),
        ("lists", "range", [Val::Int(count)]) if *count > MAX_RANGE => {
            failure(format!("lists.range: size {count} exceeds maximum allowed ({MAX_RANGE})"))
        }
        ("lists", "range", [Val::Int(count)]) => Ok(Val::list((0..*count).map(Val::Int).collect())),
        ("ip", "isCanonical", [of]) => guarded(of, netip::check_ip, || library(Some(namespace), name, None, args)),
        ("format", "named", [Val::Text(name)]) => Ok(Val::Optional(named_format::named(name.as_str()).map(Arc::new))),
        ("format", name, []) => named_format::named(name).ok_or(NO_OVERLOAD),
        _ => library(Some(namespace), name, None, args),
    }
}

/// A semantic version. What is built of it does not count, also not when versions are compared.
fn semver<'v>(text: &str, args: &[Val<'v>], rest: &[Val<'v>]) -> Outcome<Val<'v>> {
    let version = library(None, "semver", None, args)?;
    match text.split_once('+') {
        None => Ok(version),
        Some((version, _)) => {
            let args: Vec<Val<'v>> = std::iter::once(Val::text(version)).chain(rest.iter().cloned()).collect();
            library(None, "semver", None, &args)
        }
    }
}

/// Looks at a text before a function does that would tell of it in other words.
fn guarded<'v>(of: &Val<'v>, check: fn(&str) -> Result<(), String>, then: impl FnOnce() -> Outcome<Val<'v>>) -> Outcome<Val<'v>> {
    match of.as_str().map(check) {
        Some(Err(why)) => failure(why),
        _ => then(),
    }
}

fn converted<'v>(name: &str, of: &Val<'v>) -> Outcome<Val<'v>> {
    let of = of.to_cel();
    let value = match name {
        "string" => conversions::string(of),
        "int" => conversions::int(of),
        "uint" => conversions::uint(of),
        "double" => conversions::double(of),
        "bool" => conversions::bool(of),
        "duration" => conversions::duration(of),
        _ => conversions::timestamp(of),
    };
    value.map(Val::cel).or_else(|why| failure(explain(&why)))
}

/// Whether `optional.ofNonZeroValue` takes a value for none.
fn is_zero(of: &Val<'_>) -> bool {
    match of {
        Val::Null => true,
        Val::Bool(truth) => !truth,
        Val::Int(number) => *number == 0,
        Val::Uint(number) => *number == 0,
        Val::Double(number) => *number == 0.0,
        Val::Optional(of) => of.is_none(),
        of => of.size().map_or_else(|| equal(of, &Val::Other(Cel::Duration(chrono::Duration::zero()))), |size| size == 0),
    }
}

/// A map with one entry more: given by key and value, or as a map.
fn insert<'v>(args: &[Val<'v>]) -> Outcome<Val<'v>> {
    let (Some(Val::Map(map)), added) = (args.first(), args.get(1..).unwrap_or_default()) else { return Err(NO_OVERLOAD) };
    let added: Vec<(Key, Val<'v>)> = match added {
        [key, value] => key.to_key().map(|key| (key, value.clone())).into_iter().collect(),
        [entries] => {
            let keys = entries.keys().unwrap_or_default();
            keys.into_iter().filter_map(|key| entries.entry(&key).map(|value| (key, value))).collect()
        }
        _ => return Err(NO_OVERLOAD),
    };
    let mut entries = BTreeMap::clone(map);
    for (key, value) in added {
        if entries.contains_key(&key) {
            return failure(format!("insert failed: key {} already exists", key_text(&key)));
        }
        entries.insert(key, value);
    }
    Ok(Val::Map(Arc::new(entries)))
}

/// A function of the crates.
fn library<'v>(namespace: Option<&str>, name: &str, target: Option<&Val<'v>>, args: &[Val<'v>]) -> Outcome<Val<'v>> {
    thread_local! {
        static FUNCTIONS: Context<'static> = crate::expression::functions();
    }
    FUNCTIONS.with(|functions| {
        let mut context = functions.new_inner_scope();
        let ident = |name: &str| Parsed { id: 0, expr: Expr::Ident(name.to_owned()) };
        let mut variable = |number: usize, value: &Val<'v>| {
            let name = format!("@{number}");
            context.add_variable_from_value(name.as_str(), value.to_cel());
            ident(&name)
        };
        let target = target.map(|target| Box::new(variable(0, target)));
        let args = args.iter().enumerate().map(|(number, arg)| variable(number + 1, arg)).collect();
        let target = target.or_else(|| namespace.map(|namespace| Box::new(ident(namespace))));
        let call = Parsed { id: 0, expr: Expr::Call(CallExpr { func_name: name.to_owned(), target, args }) };
        // The interpreter still has forms that it only knows how to panic about.
        match catch_unwind(AssertUnwindSafe(|| Cel::resolve(&call, &context))) {
            Ok(result) => result.map(Val::cel).or_else(|why| failure(explain(&why))),
            Err(_) => failure("unsupported expression"),
        }
    })
}

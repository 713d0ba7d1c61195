//! Finding rows of the generated tables.

use crate::{
    GroupVersion, Resource, Struct, TopLevelKind,
    generated::{index, resources::RESOURCES},
};
use std::{collections::HashMap, sync::LazyLock};

/// Every resource in every served version that is built in, in discovery's order (group priority, then version
/// priority, then plural).
pub fn resources() -> &'static [Resource] {
    RESOURCES
}

/// The built-in resource of this group, version and plural.
pub fn resource(group: &str, version: &str, plural: &str) -> Option<&'static Resource> {
    static BY_PLURAL: LazyLock<HashMap<[&str; 3], &Resource>> =
        LazyLock::new(|| RESOURCES.iter().map(|r| ([&*r.group, &*r.version, &*r.plural], r)).collect());
    find(&BY_PLURAL, &[group, version, plural])
}

/// The built-in resource whose objects have this apiVersion (`apps/v1`) and kind.
pub fn kind(api_version: &str, kind: &str) -> Option<&'static Resource> {
    static BY_KIND: LazyLock<HashMap<[&str; 3], &Resource>> =
        LazyLock::new(|| RESOURCES.iter().map(|r| ([&*r.group, &*r.version, &*r.kind], r)).collect());
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    find(&BY_KIND, &[group, version, kind])
}

/// Every built-in group-version in discovery's order, with the core group first.
pub fn group_versions() -> &'static [GroupVersion] {
    static VERSIONS: LazyLock<Vec<GroupVersion>> = LazyLock::new(|| {
        let mut versions: Vec<_> = RESOURCES.iter().map(|r| GroupVersion { group: r.group.clone(), version: r.version.clone() }).collect();
        versions.dedup();
        versions
    });
    &VERSIONS
}

/// Any built-in kind: resources, lists, options, Status, Scale, Eviction. Options and watch events are found under any
/// apiVersion (C-08-01).
pub fn top_level_kind(api_version: &str, kind: &str) -> Option<&'static TopLevelKind> {
    static BY_NAME: LazyLock<HashMap<[&str; 2], &TopLevelKind>> =
        LazyLock::new(|| index::TOP_LEVEL_KINDS.iter().map(|k| ([&*k.api_version, &*k.kind], k)).collect());
    find(&BY_NAME, &[api_version, kind]).or_else(|| find(&BY_NAME, &["*", kind]))
}

/// The struct of this OpenAPI name, such as `io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta`.
pub fn struct_named(name: &str) -> Option<&'static Struct> {
    let at = index::STRUCTS.binary_search_by(|s| (*s.name).cmp(name)).ok()?;
    index::STRUCTS.get(at).copied()
}

/// Every built-in struct, sorted by OpenAPI name.
pub fn structs() -> &'static [&'static Struct] {
    index::STRUCTS
}

/// Looks up a key that lives shorter than the table's own.
fn find<'a, const N: usize, T>(table: &HashMap<[&'a str; N], &'static T>, key: &[&'a str; N]) -> Option<&'static T> {
    table.get(key).copied()
}

//! The table of resources.

use super::{
    super::{
        discovery::{ApiResource, Served},
        model::Model,
    },
    path,
};
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// Resources whose objects are those of another: `(group, plural, name of the store)`.
const SHARED_STORAGE: &[(&str, &str, &str)] = &[("events.k8s.io", "events", "events")];

/// The file `resources.rs`.
pub fn file(model: &Model) -> Result<String, String> {
    let mut out = String::from(
        "//! Every resource in every served version, in discovery's order.\n\nuse super::*;\nuse crate::{rows::*, Resource};\n\n",
    );
    out.push_str("pub static RESOURCES: &[Resource] = resources! {\n");
    for served in &model.served {
        let (resources, subresources): (Vec<_>, Vec<_>) = served.resources.iter().partition(|r| !r.name.contains('/'));
        for resource in resources {
            one(model, served, resource, &subresources, &mut out)?;
        }
    }
    out.push_str("};\n");
    Ok(out)
}

fn one(model: &Model, served: &Served, resource: &ApiResource, subresources: &[&ApiResource], out: &mut String) -> Result<(), String> {
    let (group, version) = (&served.group, &served.version);
    let schema = schema(model, group, version, &resource.kind).ok_or_else(|| format!("{}: no schema", resource.name))?;
    let storage = SHARED_STORAGE.iter().find(|(g, p, _)| g == group && *p == resource.name).map_or_else(
        || if group.is_empty() { resource.name.clone() } else { format!("{}.{group}", resource.name) },
        |(_, _, storage)| (*storage).to_owned(),
    );
    let _ = writeln!(
        out,
        "    {{ {group:?} {version:?} {:?} {:?} {:?} short {:?} categories {:?} namespaced {} verbs {:?} schema {} stored {storage:?} {:?} {:?}",
        resource.kind,
        resource.name,
        resource.singular_name,
        resource.short_names,
        resource.categories,
        resource.namespaced,
        resource.verbs,
        path(&schema),
        storage_version(model, served, resource),
        resource.storage_version_hash,
    );
    for sub in subresources {
        if let Some(name) = sub.name.strip_prefix(&resource.name).and_then(|n| n.strip_prefix('/')) {
            let (group, version) = (sub.group.as_ref().unwrap_or(group), sub.version.as_ref().unwrap_or(version));
            let schema =
                self::schema(model, group, version, &sub.kind).map_or_else(|| "none".to_owned(), |s| format!("some({})", path(&s)));
            let _ = writeln!(out, "        {{ {name:?} {group:?} {version:?} {:?} {:?} {schema} }}", sub.kind, sub.verbs);
        }
    }
    out.push_str("    }\n");
    Ok(())
}

/// The struct of a kind.
fn schema(model: &Model, group: &str, version: &str, kind: &str) -> Option<String> {
    let api_version = api_version(group, version);
    model.kinds.iter().find(|(v, k, _)| *v == api_version && k == kind).map(|(_, _, name)| name.clone())
}

/// The served version whose hash discovery shows (C-01-20); the resource's own where the stored one is not served.
fn storage_version(model: &Model, served: &Served, resource: &ApiResource) -> String {
    let stored = model.served.iter().find(|s| hash(&s.group, &s.version, &resource.kind) == resource.storage_version_hash);
    let of = stored.unwrap_or(served);
    api_version(&of.group, &of.version)
}

/// Base64 of the first eight bytes of SHA-256 over group, version and kind.
fn hash(group: &str, version: &str, kind: &str) -> String {
    let digest = Sha256::digest(format!("{group}/{version}/{kind}"));
    let bits = digest.iter().take(8).fold(0u128, |bits, b| (bits << 8) | u128::from(*b)) << 2;
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let text = (0..11).rev().map(|i| char::from(ALPHABET[(bits >> (6 * i)) as usize & 63]));
    text.chain(['=']).collect()
}

fn api_version(group: &str, version: &str) -> String {
    if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") }
}

#[cfg(test)]
mod tests {
    use super::hash;

    #[test]
    fn the_hash_is_the_one_that_kube_apiserver_shows() {
        assert_eq!(hash("", "v1", "Pod"), "xPOwRZ+Yhw8=");
    }
}

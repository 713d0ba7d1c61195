//! The kinds of storage behind a PersistentVolume.

use crate::{
    csi_driver_name,
    value::{at, entries, field, flag, int, items, text, text_if_set},
};
use minkapi_schema::{
    field::{Error, ErrorList, Path, invalid_each},
    names,
};
use serde_json::Value;

/// A check of one source.
type Check = fn(&mut ErrorList, &Value, &Path<'_>);

/// A source: its field, what errors call it, what the error about a second source calls it, and its check.
struct Source(&'static str, &'static str, &'static str, Check);

/// All sources, in the order in which they are checked.
const SOURCES: &[Source] = &[
    Source("hostPath", "hostPath", "hostPath", host_path),
    Source("gcePersistentDisk", "persistentDisk", "gcePersistentDisk", |e, s, p| {
        required(e, s, p, &["pdName"]);
        partition(e, s, p);
    }),
    Source("awsElasticBlockStore", "awsElasticBlockStore", "awsElasticBlockStore", |e, s, p| {
        required(e, s, p, &["volumeID"]);
        partition(e, s, p);
    }),
    Source("glusterfs", "glusterfs", "glusterfs", glusterfs),
    Source("flocker", "flocker", "flocker", flocker),
    Source("nfs", "nfs", "nfs", |e, s, p| {
        required(e, s, p, &["server", "path"]);
        if !text(s, "path").starts_with('/') {
            e.push(Error::invalid(&p.child("path"), text(s, "path"), "must be an absolute path"));
        }
    }),
    Source("rbd", "rbd", "rbd", |e, s, p| required(e, s, p, &["monitors", "image"])),
    Source("quobyte", "quobyte", "quobyte", quobyte),
    Source("cephfs", "cephfs", "cephFS", |e, s, p| required(e, s, p, &["monitors"])),
    Source("iscsi", "iscsi", "iscsi", iscsi),
    Source("cinder", "cinder", "cinder", |e, s, p| {
        required(e, s, p, &["volumeID"]);
        secret_by_name_and_namespace(e, s, p);
    }),
    Source("fc", "fc", "fc", fibre_channel),
    Source("flexVolume", "flexVolume", "flexVolume", flex_volume),
    Source("azureFile", "azureFile", "azureFile", |e, s, p| {
        required(e, s, p, &["secretName", "shareName"]);
        if text_if_set(s, "secretNamespace") == Some("") {
            e.push(Error::required(&p.child("secretNamespace"), ""));
        }
    }),
    Source("vsphereVolume", "vsphereVolume", "vsphereVolume", |e, s, p| required(e, s, p, &["volumePath"])),
    Source("photonPersistentDisk", "photonPersistentDisk", "photonPersistentDisk", |e, s, p| required(e, s, p, &["pdID"])),
    Source("portworxVolume", "portworxVolume", "portworxVolume", |e, s, p| required(e, s, p, &["volumeID"])),
    Source("azureDisk", "azureDisk", "azureDisk", azure_disk),
    Source("scaleIO", "scaleIO", "scaleIO", |e, s, p| required(e, s, p, &["gateway", "system", "volumeName"])),
    Source("local", "local", "local", |e, s, p| {
        if text(s, "path").is_empty() {
            e.push(Error::required(&p.child("path"), ""));
        } else {
            no_backsteps(e, text(s, "path"), &p.child("path"));
        }
    }),
    Source("storageos", "storageos", "storageos", storage_os),
    Source("csi", "csi", "csi", csi),
];

/// The fields of a spec that are sources.
pub fn fields() -> impl Iterator<Item = &'static str> {
    SOURCES.iter().map(|s| s.0)
}

/// Checks that the spec has exactly one source, and that it is right.
pub fn validate(errors: &mut ErrorList, spec: &Value, volume: &str, path: &Path<'_>) {
    let mut found = false;
    for Source(key, name, second, check) in SOURCES {
        let Some(source) = field(spec, key) else { continue };
        // A FlexVolume passes beside another source, as upstream lets it.
        if found && *key != "flexVolume" {
            errors.push(Error::forbidden(&path.child(second), "may not specify more than 1 volume type"));
            continue;
        }
        found = true;
        check(errors, source, &path.child(name));
        match *key {
            "iscsi" => iscsi_initiator_fits(errors, source, volume, &path.child(name)),
            "local" if field(spec, "nodeAffinity").is_none() => {
                errors.push(Error::required(&path.child("nodeAffinity"), "Local volume requires node affinity"));
            }
            _ => {}
        }
    }
    if !found {
        errors.push(Error::required(path, "must specify a volume type"));
    }
}

fn required(errors: &mut ErrorList, source: &Value, path: &Path<'_>, keys: &[&str]) {
    for key in keys {
        if text(source, key).is_empty() && items(source, key).is_empty() {
            errors.push(Error::required(&path.child(key), ""));
        }
    }
}

fn no_backsteps(errors: &mut ErrorList, target: &str, path: &Path<'_>) {
    if target.split('/').any(|part| part == "..") {
        errors.push(Error::invalid(path, target, "must not contain '..'"));
    }
}

fn partition(errors: &mut ErrorList, source: &Value, path: &Path<'_>) {
    if let Some(number) = int(source, "partition").filter(|n| !(0..=255).contains(n)) {
        errors.push(Error::invalid(&path.child("partition"), number, names::inclusive_range_error(1, 255)));
    }
}

const HOST_PATH_TYPES: &[&str] = &["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"];

fn host_path(errors: &mut ErrorList, source: &Value, path: &Path<'_>) {
    if text(source, "path").is_empty() {
        errors.push(Error::required(&path.child("path"), ""));
        return;
    }
    no_backsteps(errors, text(source, "path"), &path.child("path"));
    if let Some(kind) = text_if_set(source, "type").filter(|t| !HOST_PATH_TYPES.contains(t)) {
        errors.push(Error::not_supported(&path.child("type"), kind, HOST_PATH_TYPES));
    }
}

fn glusterfs(errors: &mut ErrorList, source: &Value, path: &Path<'_>) {
    required(errors, source, path, &["endpoints", "path"]);
    let path = path.child("endpointsNamespace");
    match text_if_set(source, "endpointsNamespace") {
        None => {}
        Some("") => errors.push(Error::invalid(&path, "", "if the endpointnamespace is set, it must be a valid namespace name")),
        Some(namespace) => invalid_each(errors, &path, namespace, names::is_dns1123_label(namespace)),
    }
}

fn flocker(errors: &mut ErrorList, source: &Value, path: &Path<'_>) {
    let (name, uuid) = (text(source, "datasetName"), text(source, "datasetUUID"));
    if name.is_empty() && uuid.is_empty() {
        errors.push(Error::required(path, "one of datasetName and datasetUUID is required"));
    }
    if !name.is_empty() && !uuid.is_empty() {
        errors.push(Error::invalid(path, "resource", "datasetName and datasetUUID can not be specified simultaneously"));
    }
    if name.contains('/') {
        errors.push(Error::invalid(&path.child("datasetName"), name, "must not contain '/'"));
    }
}

fn quobyte(errors: &mut ErrorList, source: &Value, path: &Path<'_>) {
    const PAIRS: &str = "must be a host:port pair or multiple pairs separated by commas";
    let registry = text(source, "registry");
    if registry.is_empty() {
        errors.push(Error::required(&path.child("registry"), PAIRS));
    } else if text(source, "tenant").len() >= 65 {
        errors.push(Error::required(&path.child("tenant"), "must be a UUID and may not exceed a length of 64 characters"));
    } else {
        for _ in registry.split(',').filter(|pair| !is_host_and_port(pair)) {
            errors.push(Error::invalid(&path.child("registry"), registry, PAIRS));
        }
    }
    required(errors, source, path, &["volume"]);
}

/// Whether Go's `net.SplitHostPort` would split it.
pub fn is_host_and_port(pair: &str) -> bool {
    match pair.strip_prefix('[') {
        Some(rest) => {
            rest.split_once("]:").is_some_and(|(host, port)| !format!("{host}{port}").contains(['[', ']', ':']) || host.contains(':'))
        }
        None => pair.matches(':').count() == 1 && !pair.contains(['[', ']']),
    }
}

/// Whether an iSCSI name has one of the three forms that there are.
pub fn is_iscsi_name(name: &str) -> bool {
    let alphanumeric = |rest: &str, n: usize| rest.len() == n + 1 && rest.bytes().skip(1).all(|b| b.is_ascii_alphanumeric());
    if let Some(rest) = name.strip_prefix("eui") {
        return alphanumeric(rest, 16);
    }
    if let Some(rest) = name.strip_prefix("naa") {
        return alphanumeric(rest, 32);
    }
    // iqn.YYYY-MM.<authority>:<target>, where the target ends the name.
    let Some(rest) = name.strip_prefix("iqn.") else { return false };
    let Some((date, rest)) = rest.split_once('.') else { return false };
    let digits = |s: &str, n| s.len() == n && s.bytes().all(|b| b.is_ascii_digit());
    let dated = date.split_once('-').is_some_and(|(year, month)| digits(year, 4) && digits(month, 2));
    let Some((authority, target)) = rest.split_once(':') else { return false };
    let authority_ok = !authority.is_empty() && authority.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.');
    dated && authority_ok && !target.is_empty() && !target.contains([',', ';', '*', '&', '$', '|']) && !target.contains(char::is_whitespace)
}

fn iscsi(errors: &mut ErrorList, source: &Value, path: &Path<'_>) {
    required(errors, source, path, &["targetPortal"]);
    match text(source, "iqn") {
        "" => errors.push(Error::required(&path.child("iqn"), "")),
        name if !is_iscsi_name(name) => errors.push(Error::invalid(&path.child("iqn"), name, "must be valid format")),
        _ => {}
    }
    if let Some(lun) = int(source, "lun").filter(|n| !(0..=255).contains(n)) {
        errors.push(Error::invalid(&path.child("lun"), lun, names::inclusive_range_error(0, 255)));
    }
    let secret = field(source, "secretRef");
    if (flag(source, "chapAuthDiscovery") || flag(source, "chapAuthSession")) && secret.is_none() {
        errors.push(Error::required(&path.child("secretRef"), ""));
    }
    if secret.is_some_and(|s| text(s, "name").is_empty()) {
        errors.push(Error::required(&path.child("secretRef").child("name"), ""));
    }
    if let Some(name) = text_if_set(source, "initiatorName").filter(|n| !is_iscsi_name(n)) {
        errors.push(Error::invalid(&path.child("initiatorname"), name, "must be valid format"));
    }
}

fn iscsi_initiator_fits(errors: &mut ErrorList, source: &Value, volume: &str, path: &Path<'_>) {
    let portal = text(source, "targetPortal");
    if text_if_set(source, "initiatorName").is_some() && volume.len() + 1 + portal.len() > 64 {
        let why = "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.";
        errors.push(Error::invalid(&path.child("targetportal"), portal, why));
    }
}

fn secret_by_name_and_namespace(errors: &mut ErrorList, source: &Value, path: &Path<'_>) {
    if let Some(secret) = field(source, "secretRef") {
        required(errors, secret, &path.child("secretRef"), &["name", "namespace"]);
    }
}

fn fibre_channel(errors: &mut ErrorList, source: &Value, path: &Path<'_>) {
    let (targets, ids) = (items(source, "targetWWNs"), items(source, "wwids"));
    let targets_path = path.child("targetWWNs");
    if targets.is_empty() && ids.is_empty() {
        errors.push(Error::required(&targets_path, "must specify either targetWWNs or wwids, but not both"));
    }
    if targets.is_empty() {
        return;
    }
    if !ids.is_empty() {
        errors.push(Error::invalid(&targets_path, targets.to_vec(), "targetWWNs and wwids can not be specified simultaneously"));
    }
    match int(source, "lun") {
        None => errors.push(Error::required(&path.child("lun"), "lun is required if targetWWNs is specified")),
        Some(lun) if !(0..=255).contains(&lun) => {
            errors.push(Error::invalid(&path.child("lun"), lun, names::inclusive_range_error(0, 255)));
        }
        Some(_) => {}
    }
}

fn flex_volume(errors: &mut ErrorList, source: &Value, path: &Path<'_>) {
    required(errors, source, path, &["driver"]);
    for (key, _) in entries(source, "options") {
        let namespace = format!(".{}", key.split_once('/').map_or(key, |(namespace, _)| namespace).to_lowercase());
        if namespace.ends_with(".kubernetes.io") || namespace.ends_with(".k8s.io") {
            errors.push(Error::invalid(&path.child("options").key(key), key, "kubernetes.io and k8s.io namespaces are reserved"));
        }
    }
}

const AZURE_CACHING_MODES: &[&str] = &["None", "ReadOnly", "ReadWrite"];
const AZURE_DISK_KINDS: &[&str] = &["Dedicated", "Managed", "Shared"];
const AZURE_MANAGED_URI: &[&str] = &["/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}"];
const AZURE_BLOB_URI: &[&str] = &["https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd"];

fn azure_disk(errors: &mut ErrorList, source: &Value, path: &Path<'_>) {
    required(errors, source, path, &["diskName", "diskURI"]);
    for (key, supported) in [("cachingMode", AZURE_CACHING_MODES), ("kind", AZURE_DISK_KINDS)] {
        if let Some(value) = text_if_set(source, key).filter(|v| !supported.contains(v)) {
            errors.push(Error::not_supported(&path.child(key), value, supported));
        }
    }
    let uri = text(source, "diskURI");
    let (prefix, form) = match text_if_set(source, "kind") {
        None => return,
        Some("Managed") => ("/subscriptions/", AZURE_MANAGED_URI),
        Some(_) => ("https://", AZURE_BLOB_URI),
    };
    if !uri.starts_with(prefix) {
        errors.push(Error::not_supported(&path.child("diskURI"), uri, form));
    }
}

fn storage_os(errors: &mut ErrorList, source: &Value, path: &Path<'_>) {
    required(errors, source, path, &["volumeName"]);
    for key in ["volumeName", "volumeNamespace"] {
        let name = text(source, key);
        if !name.is_empty() {
            invalid_each(errors, &path.child(key), name, names::is_dns1123_label(name));
        }
    }
    secret_by_name_and_namespace(errors, source, path);
}

fn csi(errors: &mut ErrorList, source: &Value, path: &Path<'_>) {
    errors.extend(csi_driver_name::validate(text(source, "driver"), &path.child("driver")));
    required(errors, source, path, &["volumeHandle"]);
    for key in ["controllerPublishSecretRef", "controllerExpandSecretRef", "nodePublishSecretRef", "nodeExpandSecretRef"] {
        let Some(secret) = at(source, &[key]) else { continue };
        let path = path.child(key);
        let (name, namespace) = (text(secret, "name"), text(secret, "namespace"));
        if name.is_empty() {
            errors.push(Error::required(&path.child("name"), ""));
        } else {
            invalid_each(errors, &path.child("name"), name, names::is_dns1123_subdomain(name));
        }
        if namespace.is_empty() {
            errors.push(Error::required(&path.child("namespace"), ""));
        } else {
            invalid_each(errors, &path.child("namespace"), namespace, names::is_dns1123_label(namespace));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::texts;
    use serde_json::json;

    fn check(spec: &Value) -> Vec<String> {
        let mut errors = ErrorList::new();
        validate(&mut errors, spec, "pv", &Path::new("spec"));
        texts(&errors)
    }

    #[test]
    fn a_second_source_is_refused() {
        let spec = json!({"hostPath": {"path": "/a"}, "nfs": {"server": "s", "path": "/p"}});
        assert_eq!(check(&spec), ["spec.nfs: Forbidden: may not specify more than 1 volume type"]);
        assert_eq!(check(&json!({})), ["spec: Required value: must specify a volume type"]);
    }

    #[test]
    fn iscsi_names_have_three_forms() {
        for name in ["iqn.2001-04.com.example:storage.disk1", "eui.0123456789abcdef", "naa.62004567BA64678D0123456789ABCDEF"] {
            assert!(is_iscsi_name(name), "{name}");
        }
        for name in ["iqn.2001-04.com.example", "iqn.01-04.x:y", "eui.1", "abc", "iqn.2001-04.com.example:a b"] {
            assert!(!is_iscsi_name(name), "{name}");
        }
    }

    #[test]
    fn a_local_volume_says_where_it_is() {
        assert_eq!(check(&json!({"local": {"path": "/mnt"}})), ["spec.nodeAffinity: Required value: Local volume requires node affinity"]);
    }
}

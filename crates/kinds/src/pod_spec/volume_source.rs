//! Where the content of a volume comes from: the rules of each source.

use super::{
    Options, container,
    downward_api::{self, VOLUME_FIELDS},
    paths::{file_mode, local_descending, local_non_reserved, no_backsteps},
    projected,
};
use crate::persistent_volume_source::{is_host_and_port, is_iscsi_name};
use crate::value::{entries, field, flag, has, int, items, text};
use minkapi_schema::{
    field::{Error, ErrorList, Path, invalid_each},
    names,
};
use serde_json::Value;

/// What a check of one source may look at.
struct Source<'a> {
    value: &'a Value,
    path: &'a Path<'a>,
    volume_path: &'a Path<'a>,
    volume_name: &'a str,
    pod_name: &'a str,
    options: &'a Options,
}

type Check = fn(&mut ErrorList, &Source<'_>);

/// One kind of source. Upstream spells some paths unlike the field, and so do we.
struct Rule {
    key: &'static str,
    path: &'static str,
    path_if_second: &'static str,
    check: Check,
}

const fn rule(key: &'static str, check: Check) -> Rule {
    Rule { key, path: key, path_if_second: key, check }
}

/// In the order in which upstream looks at them: of several sources in a volume the first is checked.
const RULES: &[Rule] = &[
    rule("emptyDir", empty_dir),
    rule("hostPath", host_path),
    rule("gitRepo", git_repo),
    Rule { path: "persistentDisk", ..rule("gcePersistentDisk", |e, s| disk(e, s, "pdName")) },
    rule("awsElasticBlockStore", |e, s| disk(e, s, "volumeID")),
    rule("secret", |e, s| keyed_files(e, s, "secretName")),
    rule("nfs", nfs),
    rule("iscsi", iscsi),
    rule("glusterfs", |e, s| required(e, s, &["endpoints", "path"])),
    rule("flocker", flocker),
    rule("persistentVolumeClaim", |e, s| required(e, s, &["claimName"])),
    rule("rbd", |e, s| {
        required_list(e, s, "monitors");
        required(e, s, &["image"]);
    }),
    rule("cinder", |e, s| {
        required(e, s, &["volumeID"]);
        secret_name(e, s, "secretRef");
    }),
    Rule { path_if_second: "cephFS", ..rule("cephfs", |e, s| required_list(e, s, "monitors")) },
    rule("quobyte", quobyte),
    Rule { path_if_second: "downwarAPI", ..rule("downwardAPI", downward) },
    rule("fc", fibre_channel),
    rule("flexVolume", flex),
    rule("configMap", |e, s| keyed_files(e, s, "name")),
    rule("azureFile", |e, s| required(e, s, &["secretName", "shareName"])),
    rule("vsphereVolume", |e, s| required(e, s, &["volumePath"])),
    rule("photonPersistentDisk", |e, s| required(e, s, &["pdID"])),
    rule("portworxVolume", |e, s| required(e, s, &["volumeID"])),
    rule("azureDisk", azure_disk),
    rule("storageos", storage_os),
    rule("projected", |e, s| projected::validate(e, s.value, s.path, s.options)),
    rule("scaleIO", |e, s| required(e, s, &["gateway", "system", "volumeName"])),
    rule("csi", csi),
    rule("ephemeral", ephemeral),
    rule("image", image),
];

/// Checks that a volume has exactly one source and that it is valid.
pub fn validate(errors: &mut ErrorList, volume: &Value, pod_name: &str, path: &Path<'_>, options: &Options) {
    let mut found = false;
    for rule in RULES {
        let Some(value) = field(volume, rule.key) else { continue };
        let source_path = path.child(rule.path);
        let source = Source { value, path: &source_path, volume_path: path, volume_name: text(volume, "name"), pod_name, options };
        if found {
            errors.push(Error::forbidden(&path.child(rule.path_if_second), "may not specify more than 1 volume type"));
        } else {
            (rule.check)(errors, &source);
        }
        if rule.key == "iscsi" {
            iscsi_name_length(errors, &source);
        }
        found = true;
    }
    if !found {
        errors.push(Error::required(path, "must specify a volume type"));
    }
}

fn required(errors: &mut ErrorList, source: &Source<'_>, keys: &[&str]) {
    for key in keys {
        if text(source.value, key).is_empty() {
            errors.push(Error::required(&source.path.child(key), ""));
        }
    }
}

fn required_list(errors: &mut ErrorList, source: &Source<'_>, key: &str) {
    if items(source.value, key).is_empty() {
        errors.push(Error::required(&source.path.child(key), ""));
    }
}

fn secret_name(errors: &mut ErrorList, source: &Source<'_>, key: &str) {
    if field(source.value, key).is_some_and(|r| text(r, "name").is_empty()) {
        errors.push(Error::required(&source.path.child(key).child("name"), ""));
    }
}

fn empty_dir(errors: &mut ErrorList, source: &Source<'_>) {
    if super::resources::quantity(source.value, "sizeLimit").is_some_and(|q| q.sign() < 0) {
        errors.push(Error::forbidden(&source.path.child("sizeLimit"), "SizeLimit field must be a valid resource quantity"));
    }
}

fn host_path(errors: &mut ErrorList, source: &Source<'_>) {
    const TYPES: &[&str] = &["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"];
    let target = text(source.value, "path");
    if target.is_empty() {
        errors.push(Error::required(&source.path.child("path"), ""));
        return;
    }
    no_backsteps(errors, target, &source.path.child("path"));
    let kind = text(source.value, "type");
    if !TYPES.contains(&kind) {
        errors.push(Error::not_supported(&source.path.child("type"), kind, TYPES));
    }
}

fn git_repo(errors: &mut ErrorList, source: &Source<'_>) {
    required(errors, source, &["repository"]);
    local_descending(errors, text(source.value, "directory"), &source.path.child("directory"));
}

fn disk(errors: &mut ErrorList, source: &Source<'_>, id: &str) {
    required(errors, source, &[id]);
    if let Some(partition) = int(source.value, "partition").filter(|p| !(0..=255).contains(p)) {
        errors.push(Error::invalid(&source.path.child("partition"), partition, names::inclusive_range_error(1, 255)));
    }
}

/// Secrets and config maps.
fn keyed_files(errors: &mut ErrorList, source: &Source<'_>, name: &str) {
    required(errors, source, &[name]);
    file_mode(errors, int(source.value, "defaultMode"), &source.path.child("defaultMode"));
    let list = source.path.child("items");
    for (i, item) in items(source.value, "items").iter().enumerate() {
        key_to_path(errors, item, &list.index(i));
    }
}

/// One key of a secret or config map and the file it becomes.
pub fn key_to_path(errors: &mut ErrorList, item: &Value, path: &Path<'_>) {
    for key in ["key", "path"] {
        if text(item, key).is_empty() {
            errors.push(Error::required(&path.child(key), ""));
        }
    }
    local_non_reserved(errors, text(item, "path"), &path.child("path"));
    file_mode(errors, int(item, "mode"), &path.child("mode"));
}

fn nfs(errors: &mut ErrorList, source: &Source<'_>) {
    required(errors, source, &["server", "path"]);
    let target = text(source.value, "path");
    if !target.starts_with('/') {
        errors.push(Error::invalid(&source.path.child("path"), target, "must be an absolute path"));
    }
}

fn iscsi(errors: &mut ErrorList, source: &Source<'_>) {
    let (value, path) = (source.value, source.path);
    required(errors, source, &["targetPortal"]);
    match text(value, "iqn") {
        "" => errors.push(Error::required(&path.child("iqn"), "")),
        iqn => iscsi_name(errors, iqn, &path.child("iqn")),
    }
    let lun = int(value, "lun").unwrap_or_default();
    if !(0..=255).contains(&lun) {
        errors.push(Error::invalid(&path.child("lun"), lun, names::inclusive_range_error(0, 255)));
    }
    if (flag(value, "chapAuthDiscovery") || flag(value, "chapAuthSession")) && !has(value, "secretRef") {
        errors.push(Error::required(&path.child("secretRef"), ""));
    }
    if has(value, "initiatorName") {
        iscsi_name(errors, text(value, "initiatorName"), &path.child("initiatorname"));
    }
}

fn iscsi_name_length(errors: &mut ErrorList, source: &Source<'_>) {
    let length = source.volume_name.len() + 1 + text(source.value, "targetPortal").len();
    if has(source.value, "initiatorName") && length > 64 {
        let detail = "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.";
        errors.push(Error::invalid(&source.volume_path.child("name"), source.volume_name, detail));
    }
}

fn iscsi_name(errors: &mut ErrorList, name: &str, path: &Path<'_>) {
    if !["iqn", "eui", "naa"].iter().any(|kind| name.starts_with(kind)) {
        errors.push(Error::invalid(path, name, "must be valid format starting with iqn, eui, or naa"));
    } else if !is_iscsi_name(name) {
        errors.push(Error::invalid(path, name, "must be valid format"));
    }
}

fn flocker(errors: &mut ErrorList, source: &Source<'_>) {
    let (name, uuid) = (text(source.value, "datasetName"), text(source.value, "datasetUUID"));
    if name.is_empty() && uuid.is_empty() {
        errors.push(Error::required(source.path, "one of datasetName and datasetUUID is required"));
    }
    if !name.is_empty() && !uuid.is_empty() {
        errors.push(Error::invalid(source.path, "resource", "datasetName and datasetUUID can not be specified simultaneously"));
    }
    if name.contains('/') {
        errors.push(Error::invalid(&source.path.child("datasetName"), name, "must not contain '/'"));
    }
}

fn quobyte(errors: &mut ErrorList, source: &Source<'_>) {
    const PAIRS: &str = "must be a host:port pair or multiple pairs separated by commas";
    let registry = text(source.value, "registry");
    if registry.is_empty() {
        errors.push(Error::required(&source.path.child("registry"), PAIRS));
    } else if text(source.value, "tenant").len() >= 65 {
        let detail = "must be a UUID and may not exceed a length of 64 characters";
        errors.push(Error::required(&source.path.child("tenant"), detail));
    } else {
        for _ in registry.split(',').filter(|pair| !is_host_and_port(pair)) {
            errors.push(Error::invalid(&source.path.child("registry"), registry, PAIRS));
        }
    }
    required(errors, source, &["volume"]);
}

fn downward(errors: &mut ErrorList, source: &Source<'_>) {
    file_mode(errors, int(source.value, "defaultMode"), &source.path.child("defaultMode"));
    for file in items(source.value, "items") {
        downward_file(errors, file, source.path);
    }
}

/// One file of the downward API, told of at the path of its volume.
pub fn downward_file(errors: &mut ErrorList, file: &Value, path: &Path<'_>) {
    if text(file, "path").is_empty() {
        errors.push(Error::required(&path.child("path"), ""));
    }
    local_non_reserved(errors, text(file, "path"), &path.child("path"));
    match (field(file, "fieldRef"), field(file, "resourceFieldRef")) {
        (Some(field_ref), resource) => {
            downward_api::field_ref(errors, field_ref, VOLUME_FIELDS, &path.child("fieldRef"));
            if resource.is_some() {
                errors.push(Error::invalid(path, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously"));
            }
        }
        (None, Some(resource)) => downward_api::resource_ref(errors, resource, true, &path.child("resourceFieldRef")),
        (None, None) => errors.push(Error::required(path, "one of fieldRef and resourceFieldRef is required")),
    }
    file_mode(errors, int(file, "mode"), &path.child("mode"));
}

fn fibre_channel(errors: &mut ErrorList, source: &Source<'_>) {
    let (wwns, ids) = (items(source.value, "targetWWNs"), items(source.value, "wwids"));
    let path = source.path.child("targetWWNs");
    if wwns.is_empty() && ids.is_empty() {
        errors.push(Error::required(&path, "must specify either targetWWNs or wwids, but not both"));
    }
    if !wwns.is_empty() && !ids.is_empty() {
        errors.push(Error::invalid(&path, wwns.to_vec(), "targetWWNs and wwids can not be specified simultaneously"));
    }
    if !wwns.is_empty() {
        match int(source.value, "lun") {
            None => errors.push(Error::required(&source.path.child("lun"), "lun is required if targetWWNs is specified")),
            Some(lun) if !(0..=255).contains(&lun) => {
                errors.push(Error::invalid(&source.path.child("lun"), lun, names::inclusive_range_error(0, 255)));
            }
            Some(_) => {}
        }
    }
}

fn flex(errors: &mut ErrorList, source: &Source<'_>) {
    required(errors, source, &["driver"]);
    for (key, _) in entries(source.value, "options") {
        let namespace = format!(".{}", key.split_once('/').map_or(key, |(before, _)| before).to_lowercase());
        if namespace.ends_with(".kubernetes.io") || namespace.ends_with(".k8s.io") {
            let options = source.path.child("options");
            errors.push(Error::invalid(&options.key(key), key, "kubernetes.io and k8s.io namespaces are reserved"));
        }
    }
}

fn azure_disk(errors: &mut ErrorList, source: &Source<'_>) {
    const CACHING: &[&str] = &["None", "ReadOnly", "ReadWrite"];
    const KINDS: &[&str] = &["Dedicated", "Managed", "Shared"];
    const MANAGED: &str = "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}";
    const BLOB: &str = "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd";
    required(errors, source, &["diskName", "diskURI"]);
    let (uri, kind) = (text(source.value, "diskURI"), text(source.value, "kind"));
    let caching = text(source.value, "cachingMode");
    if has(source.value, "cachingMode") && !CACHING.contains(&caching) {
        errors.push(Error::not_supported(&source.path.child("cachingMode"), caching, CACHING));
    }
    if !has(source.value, "kind") {
        return;
    }
    if !KINDS.contains(&kind) {
        errors.push(Error::not_supported(&source.path.child("kind"), kind, KINDS));
    }
    let (start, form) = if kind == "Managed" { ("/subscriptions/", MANAGED) } else { ("https://", BLOB) };
    if !uri.starts_with(start) {
        errors.push(Error::not_supported(&source.path.child("diskURI"), uri, &[form]));
    }
}

fn storage_os(errors: &mut ErrorList, source: &Source<'_>) {
    let (name, namespace) = (text(source.value, "volumeName"), text(source.value, "volumeNamespace"));
    if name.is_empty() {
        errors.push(Error::required(&source.path.child("volumeName"), ""));
    } else {
        invalid_each(errors, &source.path.child("volumeName"), name, names::is_dns1123_label(name));
    }
    if !namespace.is_empty() {
        invalid_each(errors, &source.path.child("volumeNamespace"), namespace, names::is_dns1123_label(namespace));
    }
    secret_name(errors, source, "secretRef");
}

/// The name of a CSI driver.
pub fn csi_driver_name(errors: &mut ErrorList, driver: &str, path: &Path<'_>) {
    if driver.is_empty() {
        errors.push(Error::required(path, ""));
        return;
    }
    if driver.len() > 63 {
        errors.push(Error::too_long(path, 63));
    }
    invalid_each(errors, path, driver, names::is_dns1123_subdomain(&driver.to_lowercase()));
}

fn csi(errors: &mut ErrorList, source: &Source<'_>) {
    csi_driver_name(errors, text(source.value, "driver"), &source.path.child("driver"));
    secret_name(errors, source, "nodePublishSecretRef");
    if let Some(name) = field(source.value, "nodePublishSecretRef").map(|r| text(r, "name")).filter(|n| !n.is_empty()) {
        invalid_each(errors, &source.path.child("name"), name, names::is_dns1123_subdomain(name));
    }
}

fn ephemeral(errors: &mut ErrorList, source: &Source<'_>) {
    let path = source.path.child("volumeClaimTemplate");
    match field(source.value, "volumeClaimTemplate") {
        None => errors.push(Error::required(&path, "")),
        Some(template) => super::claim_template::validate(errors, template, &path),
    }
    if !source.pod_name.is_empty() && !source.volume_name.is_empty() {
        let claim = format!("{}-{}", source.pod_name, source.volume_name);
        for message in names::is_dns1123_subdomain(&claim) {
            let detail = format!("PVC name {}: {message}", minkapi_schema::field::quoted(&claim));
            errors.push(Error::invalid(&source.volume_path.child("name"), source.volume_name, detail));
        }
    }
}

fn image(errors: &mut ErrorList, source: &Source<'_>) {
    if !source.options.empty_image_reference {
        required(errors, source, &["reference"]);
    }
    container::validate_pull_policy(errors, text(source.value, "pullPolicy"), &source.path.child("pullPolicy"));
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn texts(volume: Value) -> Vec<String> {
        let mut errors = ErrorList::new();
        validate(&mut errors, &volume, "pod", &Path::new("volumes").index(0), &Options::default());
        errors.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_volume_has_one_source() {
        assert_eq!(texts(json!({"name": "a"})), ["volumes[0]: Required value: must specify a volume type"]);
        assert_eq!(
            texts(json!({"name": "a", "emptyDir": {}, "hostPath": {}, "cephfs": {}})),
            [
                "volumes[0].hostPath: Forbidden: may not specify more than 1 volume type",
                "volumes[0].cephFS: Forbidden: may not specify more than 1 volume type",
            ]
        );
    }

    #[test]
    fn iscsi_names_have_three_forms() {
        for (iqn, fine) in [
            ("iqn.2001-04.com.example:storage.disk1", true),
            ("eui.0123456789ABCDEF", true),
            ("naa.62004567BA64678D0123456789ABCDEF", true),
            ("iqn.2001-04.com.example", false),
            ("eui.12", false),
            ("x", false),
        ] {
            let errors = texts(json!({"name": "a", "iscsi": {"targetPortal": "p", "iqn": iqn, "lun": 0}}));
            assert_eq!(errors.is_empty(), fine, "{iqn}: {errors:?}");
        }
    }

    #[test]
    fn the_claim_of_an_ephemeral_volume_must_have_a_valid_name() {
        let errors = texts(json!({"name": "A", "ephemeral": {}}));
        assert_eq!(errors[0], "volumes[0].ephemeral.volumeClaimTemplate: Required value");
        assert!(errors[1].starts_with("volumes[0].name: Invalid value: \"A\": PVC name \"pod-A\": a lowercase RFC 1123"), "{errors:?}");
    }
}

//! Environment variables of a container.

use super::{
    downward_api::{self, ENV_FIELDS},
    paths::no_backsteps,
};
use crate::value::{field, items, text};
use minkapi_schema::{
    field::{Error, ErrorList, Path, invalid_each},
    names,
};
use serde_json::Value;

type Check = fn(&mut ErrorList, &Value, &Path<'_>);

/// The sources of a variable, in the order in which upstream looks at them.
const SOURCES: &[(&str, Check)] = &[
    ("fieldRef", |e, s, p| downward_api::field_ref(e, s, ENV_FIELDS, p)),
    ("resourceFieldRef", |e, s, p| downward_api::resource_ref(e, s, false, p)),
    ("configMapKeyRef", key_ref),
    ("secretKeyRef", key_ref),
    ("fileKeyRef", file_key_ref),
];

/// Checks `env` of a container.
pub fn validate(errors: &mut ErrorList, container: &Value, path: &Path<'_>) {
    for (i, variable) in items(container, "env").iter().enumerate() {
        let at_index = path.index(i);
        match text(variable, "name") {
            "" => errors.push(Error::required(&at_index.child("name"), "")),
            name => invalid_each(errors, &at_index.child("name"), name, names::is_relaxed_env_var_name(name)),
        }
        if let Some(source) = field(variable, "valueFrom") {
            value_from(errors, source, text(variable, "value"), &at_index.child("valueFrom"));
        }
    }
}

fn value_from(errors: &mut ErrorList, source: &Value, value: &str, path: &Path<'_>) {
    let mut count = 0;
    for (key, check) in SOURCES {
        if let Some(source) = field(source, key) {
            count += 1;
            check(errors, source, &path.child(key));
        }
    }
    let problem = if count == 0 {
        "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"
    } else if !value.is_empty() {
        "may not be specified when `value` is not empty"
    } else if count > 1 {
        "may not have more than one field specified at a time"
    } else {
        return;
    };
    errors.push(Error::invalid(path, "", problem));
}

fn key_ref(errors: &mut ErrorList, source: &Value, path: &Path<'_>) {
    let (name, key) = (text(source, "name"), text(source, "key"));
    invalid_each(errors, &path.child("name"), name, names::is_dns1123_subdomain(name));
    if key.is_empty() {
        errors.push(Error::required(&path.child("key"), ""));
    } else {
        invalid_each(errors, &path.child("key"), key, names::is_config_map_key(key));
    }
}

fn file_key_ref(errors: &mut ErrorList, source: &Value, path: &Path<'_>) {
    let required = |errors: &mut ErrorList, key: &str| {
        let missing = text(source, key).is_empty();
        if missing {
            errors.push(Error::required(&path.child(key), ""));
        }
        !missing
    };
    if required(errors, "key") {
        let key = text(source, "key");
        invalid_each(errors, &path.child("key"), key, names::is_relaxed_env_var_name(key));
    }
    if required(errors, "volumeName") {
        let volume = text(source, "volumeName");
        invalid_each(errors, &path.child("volumeName"), volume, names::is_dns1123_label(volume));
    }
    if required(errors, "path") {
        no_backsteps(errors, text(source, "path"), &path.child("path"));
    }
}

/// Checks `envFrom` of a container.
pub fn validate_from(errors: &mut ErrorList, container: &Value, path: &Path<'_>) {
    for (i, source) in items(container, "envFrom").iter().enumerate() {
        let at_index = path.index(i);
        let prefix = text(source, "prefix");
        if !prefix.is_empty() {
            invalid_each(errors, &at_index.child("prefix"), prefix, names::is_relaxed_env_var_name(prefix));
        }
        let mut count = 0;
        for key in ["configMapRef", "secretRef"] {
            let Some(reference) = field(source, key) else { continue };
            count += 1;
            let name = text(reference, "name");
            let reference_path = at_index.child(key);
            if name.is_empty() {
                errors.push(Error::required(&reference_path.child("name"), ""));
            } else {
                let masked = names::mask_trailing_dash(name);
                invalid_each(errors, &reference_path.child("name"), name, names::is_dns1123_subdomain(&masked));
            }
        }
        match count {
            0 => errors.push(Error::invalid(path, "", "must specify one of: `configMapRef` or `secretRef`")),
            1 => {}
            _ => errors.push(Error::invalid(path, "", "may not have more than one field specified at a time")),
        }
    }
}

/// Files that variables are read from must lie in empty directories. Told last of all that is wrong with a pod.
pub fn validate_file_volumes(errors: &mut ErrorList, spec: &Value, path: &Path<'_>) {
    let volumes = items(spec, "volumes");
    super::visit_containers(spec, path, |container, container_path| {
        let env = container_path.child("env");
        for (i, variable) in items(container, "env").iter().enumerate() {
            let Some(file) = field(variable, "valueFrom").and_then(|s| field(s, "fileKeyRef")) else { continue };
            let name = text(file, "volumeName");
            let at_index = env.index(i);
            let source = at_index.child("valueFrom");
            let name_path = source.child("fileKeyRef");
            let name_path = name_path.child("volumeName");
            match volumes.iter().rfind(|v| text(v, "name") == name) {
                None => errors.push(Error::not_found(&name_path, name)),
                Some(volume) if field(volume, "emptyDir").is_none() => {
                    errors.push(Error::invalid(&name_path, name, "referenced volume must be of type emptyDir"));
                }
                Some(_) => {}
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn texts(variable: Value) -> Vec<String> {
        let mut errors = ErrorList::new();
        validate(&mut errors, &json!({"env": [variable]}), &Path::new("env"));
        errors.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_variable_has_a_value_or_one_source() {
        assert_eq!(
            texts(json!({"name": "A", "value": "x", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}})),
            ["env[0].valueFrom: Invalid value: \"\": may not be specified when `value` is not empty"]
        );
        assert!(texts(json!({"name": "A", "valueFrom": {}}))[0].contains("must specify one of"));
        assert_eq!(texts(json!({"value": "x"})), ["env[0].name: Required value"]);
    }
}

//! Pods run as a service account that exists, with its token mounted (C-03-43). Off in a simulation: what creates service
//! accounts is a controller.

use crate::{Attributes, Cluster, Operation, Plugin};
use minkapi_object::Status;
use serde_json::{Value, json};

const DEFAULT_NAME: &str = "default";
const TOKEN_MOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
const TOKEN_VOLUME_PREFIX: &str = "kube-api-access-";
const TOKEN_SECONDS: i64 = 3607;
const MIRROR_POD: &str = "kubernetes.io/config.mirror";
const ENFORCE_SECRETS: &str = "kubernetes.io/enforce-mountable-secrets";

#[derive(Debug)]
pub(crate) struct ServiceAccount;

impl Plugin for ServiceAccount {
    fn name(&self) -> &'static str {
        "ServiceAccount"
    }

    fn admit(&self, attributes: &mut Attributes<'_>, cluster: &dyn Cluster) -> Result<(), Status> {
        if !attributes.creates("", "pods") {
            return Ok(());
        }
        if is_mirror(attributes.object) {
            return self.validate(attributes, cluster);
        }
        let spec = &mut attributes.object["spec"];
        if name_of(spec).is_empty() {
            spec["serviceAccountName"] = DEFAULT_NAME.into();
            spec["serviceAccount"] = DEFAULT_NAME.into();
        }
        let account = account_of(attributes, cluster)?;
        let spec = &mut attributes.object["spec"];
        let automount = [spec["automountServiceAccountToken"].as_bool(), account["automountServiceAccountToken"].as_bool()];
        if automount.into_iter().flatten().next().unwrap_or(true) {
            mount_token(spec, cluster);
        }
        if list(spec, "imagePullSecrets").is_empty() && !list(&account, "imagePullSecrets").is_empty() {
            let names = list(&account, "imagePullSecrets").iter().map(|secret| json!({"name": secret["name"]}));
            spec["imagePullSecrets"] = names.collect();
        }
        self.validate(attributes, cluster)
    }

    fn validate(&self, attributes: &mut Attributes<'_>, cluster: &dyn Cluster) -> Result<(), Status> {
        let adds_ephemeral = attributes.operation == Operation::Update
            && attributes.is_resource("", "pods")
            && attributes.subresource == "ephemeralcontainers";
        if !adds_ephemeral && !attributes.creates("", "pods") {
            return Ok(());
        }
        if !adds_ephemeral && is_mirror(attributes.object) {
            return match mirror_violation(&attributes.object["spec"]) {
                Some(why) => Err(attributes.forbidden(why)),
                None => Ok(()),
            };
        }
        let account = account_of(attributes, cluster)?;
        let enforced =
            matches!(account["metadata"]["annotations"][ENFORCE_SECRETS].as_str(), Some("1" | "t" | "T" | "true" | "TRUE" | "True"));
        if !enforced {
            return Ok(());
        }
        let kinds: &[(&str, &str)] = if adds_ephemeral {
            &[("ephemeralContainers", "ephemeral container")]
        } else {
            &[("initContainers", "init container"), ("containers", "container")]
        };
        match secret_violation(&attributes.object["spec"], &account, kinds, adds_ephemeral) {
            Some(why) if adds_ephemeral => Err(Status::unclassified(why)),
            Some(why) => Err(attributes.forbidden(why)),
            None => Ok(()),
        }
    }
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map(Vec::as_slice).unwrap_or_default()
}

fn name_of(spec: &Value) -> &str {
    spec["serviceAccountName"].as_str().unwrap_or_default()
}

fn is_mirror(pod: &Value) -> bool {
    !pod["metadata"]["annotations"][MIRROR_POD].is_null()
}

fn account_of(attributes: &Attributes<'_>, cluster: &dyn Cluster) -> Result<Value, Status> {
    let (namespace, name) = (attributes.namespace, name_of(&attributes.object["spec"]));
    if name.is_empty() {
        let pod = attributes.object["metadata"]["name"].as_str().unwrap_or_default();
        return Err(attributes.forbidden(format!("no service account specified for pod {namespace}/{pod}")));
    }
    match cluster.get("serviceaccounts", namespace, name) {
        Some(account) => Ok(account.to_value()),
        None => {
            Err(attributes.forbidden(format!("error looking up service account {namespace}/{name}: serviceaccount \"{name}\" not found")))
        }
    }
}

/// A mirror pod shows what a kubelet runs by itself, which can have no secrets of the API.
fn mirror_violation(spec: &Value) -> Option<&'static str> {
    if !name_of(spec).is_empty() {
        return Some("a mirror pod may not reference service accounts");
    }
    let containers = ["containers", "initContainers", "ephemeralContainers"].into_iter().flat_map(|key| list(spec, key));
    let mut volumes = list(spec, "volumes").iter();
    let secret_volume = |volume: &Value| {
        let projected = list(&volume["projected"], "sources").iter().any(|source| !source["secret"].is_null());
        const BY_NAME: &[&str] = &["azureFile", "cephfs", "cinder", "flexVolume", "rbd", "secret", "scaleIO", "iscsi", "storageos", "csi"];
        projected
            || BY_NAME.iter().any(|source| {
                let source = &volume[*source];
                ["secretName", "secretRef", "nodePublishSecretRef"].iter().any(|key| !source[*key].is_null())
            })
    };
    let has_secrets =
        !list(spec, "imagePullSecrets").is_empty() || containers.flat_map(secrets_of).next().is_some() || volumes.any(secret_volume);
    if has_secrets {
        return Some("a mirror pod may not reference secrets");
    }
    let sources = list(spec, "volumes").iter().flat_map(|volume| list(&volume["projected"], "sources"));
    let token = sources.into_iter().any(|source| !source["serviceAccountToken"].is_null());
    token.then_some("a mirror pod may not use ServiceAccountToken volume projections")
}

/// Where a container refers to secrets: the name of the variable, if it is one, and that of the secret.
fn secrets_of(container: &Value) -> impl Iterator<Item = (Option<&str>, &str)> {
    let variables = list(container, "env").iter().filter_map(|env| {
        let secret = env["valueFrom"]["secretKeyRef"]["name"].as_str()?;
        Some((Some(env["name"].as_str().unwrap_or_default()), secret))
    });
    variables.chain(list(container, "envFrom").iter().filter_map(|from| Some((None, from["secretRef"]["name"].as_str()?))))
}

/// The first secret that a pod refers to and its account does not list.
fn secret_violation(spec: &Value, account: &Value, kinds: &[(&str, &str)], ephemeral: bool) -> Option<String> {
    let account_name = account["metadata"]["name"].as_str().unwrap_or_default();
    let mountable = |name: &str| list(account, "secrets").iter().any(|secret| secret["name"] == name);
    if !ephemeral {
        let secrets = list(spec, "volumes").iter().filter_map(|volume| volume["secret"]["secretName"].as_str());
        if let Some(name) = secrets.into_iter().find(|name| !mountable(name)) {
            return Some(format!(
                "volume with secret.secretName=\"{name}\" is not allowed because service account {account_name} does not reference that secret"
            ));
        }
    }
    for (key, called) in kinds {
        for container in list(spec, key) {
            let Some((variable, secret)) = secrets_of(container).find(|(_, secret)| !mountable(secret)) else { continue };
            let name = container["name"].as_str().unwrap_or_default();
            let place = variable.map_or_else(|| "envFrom".to_owned(), |variable| format!("envVar {variable}"));
            return Some(format!(
                "{called} {name} with {place} referencing secret.secretName=\"{secret}\" is not allowed because service account {account_name} does not reference that secret"
            ));
        }
    }
    if ephemeral {
        return None;
    }
    let pullable = |name: &Value| list(account, "imagePullSecrets").iter().any(|secret| secret["name"] == *name);
    let (i, secret) = list(spec, "imagePullSecrets").iter().enumerate().find(|(_, secret)| !pullable(&secret["name"]))?;
    let name = secret["name"].as_str().unwrap_or_default();
    Some(format!(
        "imagePullSecrets[{i}].name=\"{name}\" is not allowed because service account {account_name} does not reference that imagePullSecret"
    ))
}

/// Mounts the account's token in every container that has nothing in its place.
fn mount_token(spec: &mut Value, cluster: &dyn Cluster) {
    let existing = list(spec, "volumes").iter().filter_map(|volume| volume["name"].as_str()).find(|n| n.starts_with(TOKEN_VOLUME_PREFIX));
    let existing = existing.map(str::to_owned);
    let has_volume = existing.is_some();
    let name = existing.unwrap_or_else(|| format!("{TOKEN_VOLUME_PREFIX}{}", cluster.name_suffix()));
    let mut mounted = false;
    for key in ["initContainers", "containers"] {
        for container in spec.get_mut(key).and_then(Value::as_array_mut).into_iter().flatten() {
            let mut mounts = list(container, "volumeMounts").to_vec();
            if mounts.iter().any(|mount| mount["mountPath"] == TOKEN_MOUNT) {
                continue;
            }
            mounts.push(json!({"name": name, "readOnly": true, "mountPath": TOKEN_MOUNT}));
            container["volumeMounts"] = mounts.into();
            mounted = true;
        }
    }
    if mounted && !has_volume {
        let mut volumes = list(spec, "volumes").to_vec();
        volumes.push(json!({"name": name, "projected": {
            "defaultMode": 420,
            "sources": [
                {"serviceAccountToken": {"path": "token", "expirationSeconds": TOKEN_SECONDS}},
                {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
                {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]}}
            ]
        }}));
        spec["volumes"] = volumes.into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{FakeCluster, Request};

    fn cluster(account: Value) -> FakeCluster {
        let mut object = json!({"metadata": {"name": "default", "namespace": "x"}});
        for (key, value) in account.as_object().unwrap() {
            object[key.as_str()] = value.clone();
        }
        FakeCluster::with("serviceaccounts", object)
    }

    fn pod(spec: Value) -> Request {
        Request::create("", "v1", "Pod", json!({"metadata": {"name": "web", "namespace": "x"}, "spec": spec}))
    }

    #[test]
    fn a_pod_runs_as_default_with_the_token_in_every_container() {
        let mut request = pod(json!({"containers": [{"name": "a"}, {"name": "b", "volumeMounts": [{"mountPath": TOKEN_MOUNT}]}]}));
        request.admit(&ServiceAccount, &cluster(json!({"imagePullSecrets": [{"name": "pull"}]}))).unwrap();
        let spec = &request.object["spec"];
        assert_eq!((&spec["serviceAccountName"], &spec["serviceAccount"]), (&json!("default"), &json!("default")));
        assert_eq!(spec["imagePullSecrets"], json!([{"name": "pull"}]));
        assert_eq!(spec["volumes"][0]["name"], spec["containers"][0]["volumeMounts"][0]["name"]);
        assert_eq!(list(&spec["containers"][1], "volumeMounts").len(), 1);
    }

    #[test]
    fn nothing_is_mounted_where_the_account_or_the_pod_says_so() {
        let mut request = pod(json!({"containers": [{"name": "a"}]}));
        request.admit(&ServiceAccount, &cluster(json!({"automountServiceAccountToken": false}))).unwrap();
        assert!(request.object["spec"]["volumes"].is_null());
    }

    #[test]
    fn an_account_that_is_not_there_is_refused() {
        let status = pod(json!({})).admit(&ServiceAccount, &FakeCluster::default()).unwrap_err();
        assert_eq!(
            status.message,
            "pods \"web\" is forbidden: error looking up service account x/default: serviceaccount \"default\" not found"
        );
    }

    #[test]
    fn an_account_may_limit_secrets_to_those_it_lists() {
        let account = json!({"metadata": {"name": "default", "namespace": "x", "annotations": {ENFORCE_SECRETS: "true"}}});
        let env = json!([{"name": "V", "valueFrom": {"secretKeyRef": {"name": "s"}}}]);
        let mut request = pod(json!({"serviceAccountName": "default", "containers": [{"name": "a", "env": env}]}));
        let status = request.validate(&ServiceAccount, &FakeCluster::with("serviceaccounts", account)).unwrap_err();
        assert!(status.message.contains("container a with envVar V referencing secret.secretName=\"s\" is not allowed"));
    }

    #[test]
    fn a_mirror_pod_has_no_account() {
        let mut request = pod(json!({"serviceAccountName": "default"}));
        request.object["metadata"]["annotations"][MIRROR_POD] = "h".into();
        assert!(request.admit(&ServiceAccount, &cluster(json!({}))).unwrap_err().message.contains("a mirror pod may not"));
    }
}

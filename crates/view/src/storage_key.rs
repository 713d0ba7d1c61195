//! The keys under which kube-apiserver keeps objects in etcd; some errors print them (C-02-14).

use crate::Target;

/// Resources whose prefix is not their name.
const PREFIXES: &[(&str, &str)] = &[
    ("replicationcontrollers", "controllers"),
    ("endpoints", "services/endpoints"),
    ("nodes", "minions"),
    ("services", "services/specs"),
    ("ingresses.networking.k8s.io", "ingress"),
    ("customresourcedefinitions.apiextensions.k8s.io", "apiextensions.k8s.io/customresourcedefinitions"),
    ("apiservices.apiregistration.k8s.io", "apiregistration.k8s.io/apiservices"),
];

/// `/registry/<resource>/<namespace>/<name>` of what a call is about.
pub(crate) fn of(target: &Target) -> String {
    let resource = &target.served.resource;
    let known = PREFIXES.iter().find(|(storage, _)| *storage == target.served.storage.name());
    let mut key = match known {
        Some((_, prefix)) => format!("/registry/{prefix}"),
        None if resource.custom => format!("/registry/{}/{}", resource.group, resource.plural),
        None => format!("/registry/{}", resource.plural),
    };
    for part in [&target.namespace, &target.name] {
        if !part.is_empty() {
            key.push('/');
            key.push_str(part);
        }
    }
    key
}

//! The paths of a resource.

use super::{
    components::Components,
    operation::{About, Does, operation},
    parameters,
};
use minkapi_registry::{Resource, Subresource, Verb, Verbs};
use serde_json::{Map, Value};

/// Adds the paths of a resource, whose objects and lists are these components.
pub(super) fn add(paths: &mut Map<String, Value>, components: &mut Components, resource: &Resource, object: &str, list: &str) {
    let prefix = if resource.group.is_empty() {
        format!("/api/{}", resource.version)
    } else {
        format!("/apis/{}/{}", resource.group, resource.version)
    };
    let about = About { resource, sub: None, across: false, with_path: false, object, list };
    let name = format!("name of the {}", resource.kind);
    let namespace = ("namespace", "object name and auth scope, such as for teams and projects");
    let (within, of_collection, of_object) = if resource.namespaced {
        ("/namespaces/{namespace}", vec![namespace], vec![("name", name.as_str()), namespace])
    } else {
        ("", vec![], vec![("name", name.as_str())])
    };
    let plural = &resource.plural;
    let mut put = |path: String, about: About<'_>, does: &[(&str, Does)], in_path: &[(&str, &str)]| {
        if does.is_empty() {
            return;
        }
        let one = |(method, does): &(&str, Does)| {
            let mut operation = operation(components, about, *does);
            let mut all = operation["parameters"].as_array().cloned().unwrap_or_default();
            all.extend(in_path.iter().copied().map(parameters::path));
            parameters::sort(&mut all);
            operation["parameters"] = all.into();
            ((*method).to_owned(), operation)
        };
        let mut item: Map<String, Value> = does.iter().map(one).collect();
        let common = parameters::lift(&mut item);
        if !common.is_empty() {
            item.insert("parameters".into(), common.into());
        }
        paths.insert(path, item.into());
    };
    put(format!("{prefix}{within}/{plural}"), about, &collection(resource.verbs), &of_collection);
    put(format!("{prefix}{within}/{plural}/{{name}}"), about, &single(resource.verbs), &of_object);
    for sub in resource.subresources.iter() {
        let path = format!("{prefix}{within}/{plural}/{{name}}/{}", sub.name);
        let about = About { sub: Some(sub), ..about };
        let name = format!("name of the {}", if sub.kind.is_empty() || resource.custom { &resource.kind } else { &sub.kind });
        let mut in_path: Vec<(&str, &str)> = of_object.iter().map(|(n, text)| (*n, if *n == "name" { &*name } else { text })).collect();
        let does = of_sub(sub);
        put(path.clone(), about, &does, &in_path);
        if is_proxy(sub) {
            in_path.push(("path", "path to the resource"));
            put(path + "/{path}", About { with_path: true, ..about }, &does, &in_path);
        }
    }
    if resource.namespaced && resource.verbs.has(Verb::List) {
        put(format!("{prefix}/{plural}"), About { across: true, ..about }, &[("get", Does::List)], &[]);
    }
    if resource.verbs.has(Verb::Watch) && !resource.custom {
        put(format!("{prefix}/watch{within}/{plural}"), about, &[("get", Does::WatchList)], &of_collection);
        put(format!("{prefix}/watch{within}/{plural}/{{name}}"), about, &[("get", Does::Watch)], &of_object);
        if resource.namespaced {
            put(format!("{prefix}/watch/{plural}"), About { across: true, ..about }, &[("get", Does::WatchList)], &[]);
        }
    }
}

type Methods = Vec<(&'static str, Does)>;

fn offered(verbs: Verbs, all: &[(Verb, &'static str, Does)]) -> Methods {
    all.iter().filter(|(verb, ..)| verbs.has(*verb)).map(|(_, method, does)| (*method, *does)).collect()
}

fn collection(verbs: Verbs) -> Methods {
    offered(
        verbs,
        &[(Verb::List, "get", Does::List), (Verb::Create, "post", Does::Post), (Verb::DeleteCollection, "delete", Does::DeleteCollection)],
    )
}

fn single(verbs: Verbs) -> Methods {
    offered(
        verbs,
        &[
            (Verb::Get, "get", Does::Get),
            (Verb::Update, "put", Does::Put),
            (Verb::Patch, "patch", Does::Patch),
            (Verb::Delete, "delete", Does::Delete),
        ],
    )
}

/// Proxies take any method and path.
fn is_proxy(sub: &Subresource) -> bool {
    sub.kind.ends_with("ProxyOptions")
}

/// Subresources without a kind that could be sent or received only connect.
fn of_sub(sub: &Subresource) -> Methods {
    if sub.kind.ends_with("Options") {
        return offered(
            sub.verbs,
            &[
                (Verb::Get, "get", Does::Connect("GET")),
                (Verb::Create, "post", Does::Connect("POST")),
                (Verb::Update, "put", Does::Connect("PUT")),
                (Verb::Patch, "patch", Does::Connect("PATCH")),
                (Verb::Delete, "delete", Does::Connect("DELETE")),
                // No verbs of their own; what can be deleted through a proxy can be asked so too.
                (Verb::Delete, "head", Does::Connect("HEAD")),
                (Verb::Delete, "options", Does::Connect("OPTIONS")),
            ],
        );
    }
    offered(
        sub.verbs,
        &[
            (Verb::Get, "get", Does::Get),
            (Verb::Create, "post", Does::Post),
            (Verb::Update, "put", Does::Put),
            (Verb::Patch, "patch", Does::Patch),
        ],
    )
}

//! The paths of a resource.

use super::{
    components::Components,
    operation::{About, Does, operation, path_parameters},
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
    let about = About { resource, sub: None, across: false, object, list };
    let name = format!("name of the {}", resource.kind);
    let namespace = ("namespace", "object name and auth scope, such as for teams and projects");
    let (within, of_collection, of_object) = if resource.namespaced {
        ("/namespaces/{namespace}", vec![namespace], vec![("name", name.as_str()), namespace])
    } else {
        ("", vec![], vec![("name", name.as_str())])
    };
    let plural = &resource.plural;
    let mut put = |path: String, about: About<'_>, does: &[(&str, Does)], parameters: &[(&str, &str)]| {
        if does.is_empty() {
            return;
        }
        let mut item: Map<String, Value> =
            does.iter().map(|(method, does)| ((*method).to_owned(), operation(components, about, *does))).collect();
        item.insert("parameters".into(), path_parameters(parameters));
        paths.insert(path, item.into());
    };
    put(format!("{prefix}{within}/{plural}"), about, &collection(resource.verbs), &of_collection);
    put(format!("{prefix}{within}/{plural}/{{name}}"), about, &single(resource.verbs), &of_object);
    for sub in resource.subresources.iter() {
        put(format!("{prefix}{within}/{plural}/{{name}}/{}", sub.name), About { sub: Some(sub), ..about }, &of_sub(sub), &of_object);
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

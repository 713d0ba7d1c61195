//! `log`, `exec`, `attach`, `portforward` and `proxy`: what would be asked of a kubelet or a pod. There are none, so this is how
//! kube-apiserver answers when it cannot reach them (C-09-37).

use crate::{
    Call, Content, Outcome, Target, View,
    admit::{Admission, Phase, RequestOptions},
};
use minkapi_admission::Operation;
use minkapi_object::{GroupResource, Status, StatusReason};
use minkapi_schema::field::{self, Error, Path};
use minkapi_store::{Key, Kind};
use serde_json::{Value, json};

/// Whether a target is a subresource that only connects.
pub(crate) fn is_connect(target: &Target) -> bool {
    let resource = &target.served.resource;
    !resource.custom && resource.subresource(&target.subresource).is_some_and(|sub| sub.schema.is_none() || sub.name == "log")
}

impl View {
    /// Whether this target is a subresource that only connects to something else, for [`View::connect`].
    pub fn connects(&self, target: &Target) -> bool {
        is_connect(target)
    }

    /// A request to a subresource that only connects, with its query parameters.
    ///
    /// # Errors
    /// 404 for an absent object, 400 and 422 for parameters, else that nothing can be reached.
    pub async fn connect(&self, call: &mut Call, parameters: &[(String, String)]) -> Result<Outcome, Status> {
        if let Some(mut options) = connect_options(&call.target, parameters) {
            let moment = self.moment();
            for phase in [Phase::Mutating, Phase::Validating] {
                let request =
                    Admission { operation: Operation::Connect, object: &mut options, old: None, options: RequestOptions::Connect };
                self.admit(call, &moment, phase, request).await?;
            }
        }
        let stored = self.stored(call).ok_or_else(|| Status::not_found(&call.target.group_resource(), &call.target.name))?;
        let object = stored.to_value();
        match (&*call.target.served.resource.plural, &*call.target.subresource) {
            ("pods", "log") => self.log(call, &object, parameters),
            ("pods", "proxy") => Err(Status::failure(503, StatusReason::ServiceUnavailable, "address not allowed")),
            ("pods", _) => {
                check_container(&object, &call.target.name, parameters)?;
                if node_of(&object).is_empty() {
                    return Err(Status::bad_request(format!("pod {} does not have a host assigned", call.target.name)));
                }
                Err(self.unreachable(node_of(&object)))
            }
            ("nodes", _) => Err(self.unreachable(&call.target.name)),
            _ => {
                let text = format!("no endpoints available for service \"{}\"", call.target.name);
                Err(Status::failure(503, StatusReason::ServiceUnavailable, text))
            }
        }
    }

    fn log(&self, call: &Call, pod: &Value, parameters: &[(String, String)]) -> Result<Outcome, Status> {
        let name = &call.target.name;
        let errors: Vec<Error> = [("limitBytes", 1), ("sinceSeconds", 1), ("tailLines", 0)]
            .into_iter()
            .filter_map(|(key, least)| {
                let value: i64 = parameter(parameters, key)?.parse().ok()?;
                let what = if least == 0 { "must be greater than or equal to 0" } else { "must be greater than 0" };
                (value < least).then(|| Error::invalid(&Path::new(key), value, what))
            })
            .collect();
        if !errors.is_empty() {
            return Err(field::invalid("", "PodLogOptions", name, &errors));
        }
        check_container(pod, name, parameters)?;
        match node_of(pod) {
            "" => Ok(Outcome { code: 204, content: Content::Nothing }),
            node => Err(self.unreachable(node)),
        }
    }

    /// A kubelet that cannot be reached.
    fn unreachable(&self, node: &str) -> Status {
        let Some(node) = self.snapshot().get(Kind::new("nodes"), &Key::new("", node)) else {
            return Status::not_found(&GroupResource::new("", "nodes"), node);
        };
        let value = node.to_value();
        let address = value["status"]["addresses"].as_array().into_iter().flatten().find_map(|a| a["address"].as_str());
        match address {
            Some(address) => Status::unclassified(format!("dial tcp {address}:10250: connect: connection refused")),
            None => Status::unclassified("no preferred addresses found; known addresses: []"),
        }
    }
}

/// By resource and subresource: the kind of the options of a connection, and their fields that are lists and booleans.
const OPTIONS: &[(&str, &str, &str)] = &[
    ("pods", "attach", "PodAttachOptions"),
    ("pods", "exec", "PodExecOptions"),
    ("pods", "portforward", "PodPortForwardOptions"),
    ("pods", "proxy", "PodProxyOptions"),
    ("nodes", "proxy", "NodeProxyOptions"),
    ("services", "proxy", "ServiceProxyOptions"),
];

/// What admission sees of a connection: its options. Logs are only read.
fn connect_options(target: &Target, parameters: &[(String, String)]) -> Option<Value> {
    let resource = &target.served.resource;
    let (_, _, kind) = OPTIONS.iter().find(|(plural, subresource, _)| *plural == resource.plural && *subresource == target.subresource)?;
    let mut options = json!({"apiVersion": "v1", "kind": kind});
    for (key, value) in parameters {
        match key.as_str() {
            "stdin" | "stdout" | "stderr" | "tty" if value == "true" || value == "1" => options[key] = true.into(),
            "container" if !value.is_empty() => options[key] = value.as_str().into(),
            "command" => push(&mut options[key], value.as_str().into()),
            "ports" => value.split(',').filter_map(|port| port.parse::<i64>().ok()).for_each(|port| push(&mut options[key], port.into())),
            _ => {}
        }
    }
    Some(options)
}

fn push(list: &mut Value, item: Value) {
    match list.as_array_mut() {
        Some(list) => list.push(item),
        None => *list = json!([item]),
    }
}

fn node_of(pod: &Value) -> &str {
    pod["spec"]["nodeName"].as_str().unwrap_or_default()
}

fn parameter<'a>(parameters: &'a [(String, String)], key: &str) -> Option<&'a str> {
    parameters.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str())
}

/// The container that is meant must be one of the pod's; with several, it must be named.
fn check_container(pod: &Value, name: &str, parameters: &[(String, String)]) -> Result<(), Status> {
    let names = |list: &str| -> Vec<String> {
        pod["spec"][list].as_array().into_iter().flatten().filter_map(|c| c["name"].as_str().map(str::to_owned)).collect()
    };
    let containers = names("containers");
    let asked = parameter(parameters, "container").unwrap_or_default();
    if asked.is_empty() {
        if containers.len() < 2 {
            return Ok(());
        }
        return Err(Status::bad_request(format!(
            "a container name must be specified for pod {name}, choose one of: [{}]",
            containers.join(" ")
        )));
    }
    let known = ["initContainers", "ephemeralContainers"].into_iter().flat_map(names).chain(containers).any(|c| c == asked);
    if known { Ok(()) } else { Err(Status::bad_request(format!("container {asked} is not valid for pod {name}"))) }
}

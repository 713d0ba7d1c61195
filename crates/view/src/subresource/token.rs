//! `serviceaccounts/token`: a token for a service account (C-09-33).

use super::{Answer, Post};
use crate::{
    Call, Content, Outcome, View, WriteOptions,
    clock::rfc3339,
    form::Form,
    managed_fields, metadata,
    service_account_tokens::{self as tokens, Bound},
};
use minkapi_object::{GroupResource, Object, Status, fields_v1};
use minkapi_schema::field::{self, Error, Path};
use minkapi_store::{Key, Kind};
use serde_json::{Value, json};
use std::sync::Arc;

pub(super) struct Token;

const GROUP: &str = "authentication.k8s.io";
const KIND: &str = "TokenRequest";

impl Post for Token {
    fn post<'a>(&'a self, view: &'a View, call: &'a mut Call, object: Value, options: &'a WriteOptions) -> Answer<'a> {
        Box::pin(async move { issue(view, call, object, options) })
    }
}

fn issue(view: &View, call: &Call, mut request: Value, options: &WriteOptions) -> Result<Outcome, Status> {
    let target = &call.target;
    let moment = view.moment();
    let strategy = minkapi_kinds::strategy(GROUP, KIND).ok_or_else(Status::unknown_path)?;
    metadata::wipe_system_fields(&mut request);
    metadata::match_namespace(&mut request, target)?;
    strategy.default(&mut request);
    let form = Form::of(target);
    managed_fields::update(&form, call, options, &moment, None, &mut request);
    let name = metadata::text(&request, "name");
    if !name.is_empty() && name != target.name {
        let error = Error::invalid(&Path::new("metadata").child("name"), name, "must match the service account name if specified");
        return Err(field::invalid(GROUP, KIND, &target.name, &[error]));
    }
    let account = view.stored(call).ok_or_else(|| Status::not_found(&target.group_resource(), &target.name))?.to_value();
    for key in ["name", "namespace", "uid"] {
        metadata::of(&mut request).insert(key.to_owned(), account["metadata"][key].clone());
    }
    metadata::of(&mut request).insert("creationTimestamp".to_owned(), moment.text.as_str().into());
    if request["spec"]["audiences"].as_array().is_none_or(Vec::is_empty) {
        request["spec"]["audiences"] = json!(view.config().service_account_issuer.audiences());
    }
    let errors = strategy.validate(&moment.context(target, &call.user, &form.api_version), &request);
    if !errors.is_empty() {
        return Err(field::invalid(GROUP, KIND, "", &errors));
    }
    let bound = bind(view, call, &request["spec"]["boundObjectRef"])?;
    let seconds = request["spec"]["expirationSeconds"].as_i64().unwrap_or_default();
    let now = moment.micros.div_euclid(1_000_000);
    let mut claims = tokens::claims(view, &account, &bound, &request["spec"]["audiences"], seconds, now);
    tokens::name_view(view, &mut claims);
    let signed = view.config().service_account_issuer.sign(&claims);
    let token = signed.ok_or_else(|| Status::internal("failed to generate token: no key"))?;
    request["status"] = json!({"token": token, "expirationTimestamp": rfc3339((now + seconds) * 1_000_000)});
    minkapi_schema::canonicalize(&mut request, &form.schema);
    fields_v1::expand(&mut request);
    Ok(Outcome::created(Content::Value(request)))
}

/// What the token is to end with.
fn bind(view: &View, call: &Call, reference: &Value) -> Result<Bound, Status> {
    let text = |key: &str| reference[key].as_str().unwrap_or_default();
    if reference.is_null() {
        return Ok(Bound::new());
    }
    let name = text("name");
    let find = |storage: &str, namespace: &str| -> Result<Arc<Object>, Status> {
        let found = view.snapshot().get(Kind::new(storage), &Key::new(namespace, name));
        found.ok_or_else(|| Status::not_found(&GroupResource::new("", storage), name))
    };
    let mut bound = Bound::new();
    let group = text("apiVersion").split_once('/').map_or("", |(group, _)| group);
    let object = match (group, text("kind")) {
        ("", "Pod") => {
            let pod = find("pods", &call.target.namespace)?;
            let value = pod.to_value();
            if value["spec"]["serviceAccountName"].as_str().unwrap_or_default() != call.target.name {
                return Err(Status::bad_request(format!(
                    "cannot bind token for serviceaccount \"{}\" to pod running with different serviceaccount name.",
                    call.target.name
                )));
            }
            if let Some(node) = value["spec"]["nodeName"].as_str().filter(|node| !node.is_empty()) {
                let found = view.snapshot().get(Kind::new("nodes"), &Key::new("", node));
                bound.push(("node", node.to_owned(), found.map_or_else(String::new, |node| node.head().uid.to_string())));
            }
            bound.push(("pod", name.to_owned(), pod.head().uid.to_string()));
            pod
        }
        ("", "Secret") => {
            let secret = find("secrets", &call.target.namespace)?;
            bound.push(("secret", name.to_owned(), secret.head().uid.to_string()));
            secret
        }
        ("", "Node") => {
            let node = find("nodes", "")?;
            bound.push(("node", name.to_owned(), node.head().uid.to_string()));
            node
        }
        (_, kind) => {
            let group_version = text("apiVersion");
            let group_version = if group_version.contains('/') { group_version.to_owned() } else { format!("/{group_version}") };
            return Err(Status::bad_request(format!("cannot bind token to object of type {group_version}, Kind={kind}")));
        }
    };
    let uid = text("uid");
    if !uid.is_empty() && *object.head().uid != *uid {
        let why = format!(
            "the UID in the bound object reference ({uid}) does not match the UID in record. The object might have been deleted and then recreated"
        );
        return Err(Status::conflict(&GroupResource::new(group, text("kind")), name, why));
    }
    Ok(bound)
}

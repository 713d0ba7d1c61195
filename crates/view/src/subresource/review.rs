//! Reviews: questions that are posted and answered, not stored (C-09-34, C-09-35).

use super::{Answer, Post, review_selectors};
use crate::{
    Call, Content, Outcome, UserInfo, View, WriteOptions,
    bootstrap::rule_as_value,
    form::Form,
    managed_fields, metadata,
    service_account_tokens::{self, Refused},
};
use minkapi_authorization::{Attributes, PolicyRule, Rules, Subject};
use minkapi_object::{Status, fields_v1};
use minkapi_schema::field;
use serde_json::{Map, Value, json};

/// How one kind of review is answered.
pub(super) struct Review {
    /// Its status.
    status: fn(&View, &Value, &UserInfo) -> Result<Value, Status>,
    /// Whether its spec is sent back, with managed fields.
    echo: bool,
    /// Whether the answer has a creation time.
    timed: bool,
    /// The kind that validation errors speak of; upstream leaves it out for access reviews.
    invalid_kind: &'static str,
}

pub(super) static ACCESS: Review = Review { status: access, echo: true, timed: false, invalid_kind: "" };

pub(super) static RULES: Review = Review { status: rules, echo: false, timed: false, invalid_kind: "" };

pub(super) static SELF_SUBJECT: Review =
    Review { status: |_, _, user| Ok(json!({"userInfo": user_info(user)})), echo: false, timed: true, invalid_kind: "SelfSubjectReview" };

pub(super) static TOKEN: Review = Review { status: token, echo: true, timed: false, invalid_kind: "TokenReview" };

/// May somebody do something? Whoever asks of himself is asked for as the user that he is.
fn access(view: &View, review: &Value, user: &UserInfo) -> Result<Value, Status> {
    let spec = &review["spec"];
    let text = |value: &'_ Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
    let (name, groups) = match review["kind"] == "SelfSubjectAccessReview" {
        true => (user.name.clone(), user.groups.clone()),
        false => (text(spec, "user"), texts(&spec["groups"])),
    };
    let (resource, path) = (&spec["resourceAttributes"], &spec["nonResourceAttributes"]);
    let asked = if resource.is_null() { path } else { resource };
    let words = ["verb", "group", "resource", "subresource", "namespace", "name", "path"].map(|key| text(asked, key));
    let [verb, group, resource, subresource, namespace, name_of, path] = words.each_ref().map(String::as_str);
    let wanted = Attributes { verb, group, resource, subresource, namespace, name: name_of, path };
    let decision = view.authorization().decide(&view.snapshot(), &Subject { name: &name, groups: &groups }, &wanted);
    let mut status = json!({"allowed": decision.allowed});
    if !decision.reason.is_empty() {
        status["reason"] = decision.reason.into();
    }
    if let Some(error) = review_selectors::evaluation_error(&spec["resourceAttributes"]) {
        status["evaluationError"] = error.into();
    }
    Ok(status)
}

fn texts(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn rules(view: &View, review: &Value, user: &UserInfo) -> Result<Value, Status> {
    let namespace = review["spec"]["namespace"].as_str().unwrap_or_default();
    if namespace.is_empty() {
        return Err(Status::bad_request("no namespace on request"));
    }
    let Rules { rules, error } =
        view.authorization().rules(&view.snapshot(), &Subject { name: &user.name, groups: &user.groups }, namespace);
    let only = |keep: &[&str], has: fn(&PolicyRule) -> bool| -> Vec<Value> {
        let mut values: Vec<Value> = rules.iter().filter(|rule| has(rule)).map(rule_as_value).collect();
        values.iter_mut().filter_map(Value::as_object_mut).for_each(|rule| rule.retain(|key, _| keep.contains(&key.as_str())));
        values
    };
    let mut status = json!({
        "resourceRules": only(&["verbs", "apiGroups", "resources", "resourceNames"], |rule| !rule.resources.is_empty()),
        "nonResourceRules": only(&["verbs", "nonResourceURLs"], |rule| !rule.non_resource_urls.is_empty()),
        "incomplete": false
    });
    if let Some(error) = error {
        status["evaluationError"] = error.into();
    }
    Ok(status)
}

fn user_info(user: &UserInfo) -> Value {
    let mut info = Map::new();
    info.insert("username".to_owned(), user.name.as_str().into());
    if !user.uid.is_empty() {
        info.insert("uid".to_owned(), user.uid.as_str().into());
    }
    if !user.groups.is_empty() {
        info.insert("groups".to_owned(), user.groups.as_slice().into());
    }
    if !user.extra.is_empty() {
        let extra: Map<String, Value> = user.extra.iter().map(|(k, v)| (k.clone(), v.as_slice().into())).collect();
        info.insert("extra".to_owned(), extra.into());
    }
    info.into()
}

fn token(view: &View, review: &Value, _: &UserInfo) -> Result<Value, Status> {
    let spec = &review["spec"];
    let token = spec["token"].as_str().unwrap_or_default();
    if token.is_empty() {
        return Err(Status::bad_request("token is required for TokenReview in authentication"));
    }
    let audiences: Vec<&str> = spec["audiences"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    Ok(match whose(view, token, &audiences) {
        Ok((user, audiences)) => json!({"authenticated": true, "user": user_info(&user), "audiences": audiences}),
        Err(error) => json!({"user": {}, "error": error}),
    })
}

/// The user of a token and for whom of these audiences it is good; of the server's own if there are none.
fn whose(view: &View, token: &str, audiences: &[&str]) -> Result<(UserInfo, Vec<String>), String> {
    const INVALID: &str = "invalid bearer token";
    let own = view.config().service_account_issuer.audiences();
    let audiences = if audiences.is_empty() { &own } else { audiences };
    if let Some(user) = view.shared.known_token(view, token) {
        // A token that says nothing of audiences is for this server.
        let common: Vec<String> = audiences.iter().filter(|a| own.contains(a)).map(|a| (*a).to_owned()).collect();
        return if common.is_empty() { Err(INVALID.to_owned()) } else { Ok((user, common)) };
    }
    service_account_tokens::authenticate(view, token, audiences).map_err(|refused| match refused {
        Refused::Unknown => INVALID.to_owned(),
        Refused::Because(why) => format!("[{INVALID}, {why}]"),
    })
}

impl Post for Review {
    fn post<'a>(&'a self, view: &'a View, call: &'a mut Call, object: Value, options: &'a WriteOptions) -> Answer<'a> {
        Box::pin(async move { self.answer(view, call, object, options) })
    }
}

impl Review {
    fn answer(&self, view: &View, call: &Call, mut review: Value, options: &WriteOptions) -> Result<Outcome, Status> {
        let served = &call.target.served;
        let moment = view.moment();
        metadata::wipe_system_fields(&mut review);
        metadata::match_namespace(&mut review, &call.target)?;
        if self.echo {
            managed_fields::update(&Form::of(&call.target), call, options, &moment, None, &mut review);
        }
        let api_version = served.resource.api_version();
        let errors = served.strategy.validate(&moment.context(&call.target, &call.user, &api_version), &review);
        if !errors.is_empty() {
            let name = if self.invalid_kind.is_empty() { "" } else { metadata::text(&review, "name") };
            return Err(field::invalid(&served.resource.group, self.invalid_kind, name, &errors));
        }
        let status = (self.status)(view, &review, &call.user)?;
        if !self.echo {
            let mut answer = json!({"apiVersion": review["apiVersion"], "kind": review["kind"], "metadata": {}});
            if self.timed {
                answer["metadata"]["creationTimestamp"] = moment.text.as_str().into();
            }
            review = answer;
        }
        review["status"] = status;
        minkapi_schema::canonicalize(&mut review, &served.resource.schema);
        fields_v1::expand(&mut review);
        Ok(Outcome::created(Content::Value(review)))
    }
}

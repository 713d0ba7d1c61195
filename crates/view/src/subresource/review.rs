//! Reviews: questions that are posted and answered, not stored (C-09-34, C-09-35). Whoever asks may do everything here
//! (C-02-28 is for a server that authorizes), and the tokens that are known are those of service accounts.

use super::{Answer, Post};
use crate::{Call, Content, Outcome, UserInfo, View, WriteOptions, form::Form, managed_fields, metadata, service_account_tokens};
use minkapi_object::Status;
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

pub(super) static ACCESS: Review = Review { status: |_, _, _| Ok(json!({"allowed": true})), echo: true, timed: false, invalid_kind: "" };

pub(super) static RULES: Review = Review { status: rules, echo: false, timed: false, invalid_kind: "" };

pub(super) static SELF_SUBJECT: Review =
    Review { status: |_, _, user| Ok(self_subject(user)), echo: false, timed: true, invalid_kind: "SelfSubjectReview" };

pub(super) static TOKEN: Review = Review { status: token, echo: true, timed: false, invalid_kind: "TokenReview" };

fn rules(_: &View, review: &Value, _: &UserInfo) -> Result<Value, Status> {
    if review["spec"]["namespace"].as_str().unwrap_or_default().is_empty() {
        return Err(Status::bad_request("no namespace on request"));
    }
    Ok(json!({
        "resourceRules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}],
        "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
        "incomplete": false
    }))
}

fn self_subject(user: &UserInfo) -> Value {
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
    json!({"userInfo": info})
}

fn token(view: &View, review: &Value, _: &UserInfo) -> Result<Value, Status> {
    let spec = &review["spec"];
    let token = spec["token"].as_str().unwrap_or_default();
    if token.is_empty() {
        return Err(Status::bad_request("token is required for TokenReview in authentication"));
    }
    let audiences: Vec<&str> = spec["audiences"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    Ok(service_account_tokens::review(view, token, &audiences))
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
        Ok(Outcome::created(Content::Value(review)))
    }
}

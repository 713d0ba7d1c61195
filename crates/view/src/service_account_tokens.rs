//! Tokens of service accounts: what they say, and whether that is still so.

use crate::{UserInfo, View};
use minkapi_schema::{field::quoted, time::Time};
use minkapi_store::{Key, Kind};
use serde_json::{Map, Value, json};

/// What a token is bound to beside its service account: `pod`, `secret`, `node` with name and uid.
pub(crate) type Bound = Vec<(&'static str, String, String)>;

/// The claims of a new token for a service account.
pub(crate) fn claims(view: &View, account: &Value, bound: &Bound, audiences: &Value, seconds: i64, now: i64) -> Value {
    let meta = &account["metadata"];
    let named = |name: &str, uid: &str| json!({"name": name, "uid": uid});
    let text = |key: &str| meta[key].as_str().unwrap_or_default();
    let mut kubernetes = Map::new();
    kubernetes.insert("namespace".to_owned(), text("namespace").into());
    kubernetes.insert("serviceaccount".to_owned(), named(text("name"), text("uid")));
    for (what, name, uid) in bound {
        kubernetes.insert((*what).to_owned(), named(name, uid));
    }
    json!({
        "iss": view.config().service_account_issuer.name(),
        "sub": format!("system:serviceaccount:{}:{}", text("namespace"), text("name")),
        "aud": audiences,
        "iat": now, "nbf": now, "exp": now + seconds,
        "jti": view.config().ids.uid(),
        "kubernetes.io": kubernetes
    })
}

/// Which view a token was issued in; the base view's tokens do not say it.
const VIEW: &str = "minkapi.dev/view";

/// Clocks may differ by so many seconds, as upstream allows.
const LEEWAY: i64 = 60;

/// Why a token is not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refused {
    /// It is none that this server signed.
    Unknown,
    /// It is one, but not good here and now.
    Because(String),
}

/// A view as tokens name it: one that is made anew under the same name is another one.
fn id_of(view: &View) -> String {
    format!("{}@{}", view.name(), view.created_micros())
}

/// The claim that a token of this view has beside the usual ones. Whoever administers a sandbox can have tokens of its service
/// accounts, which are those of its parent; so they must not be good in the parent.
pub(crate) fn name_view(view: &View, claims: &mut Value) {
    if !view.is_base() {
        claims[VIEW] = id_of(view).into();
    }
}

/// Whether a token is of this view or of one that it was forked from.
fn is_of_line(view: &View, claims: &Value) -> bool {
    let Some(id) = claims[VIEW].as_str() else { return claims[VIEW].is_null() };
    let mut line = Some(view.clone());
    while let Some(one) = line.take() {
        if id_of(&one) == id {
            return true;
        }
        line = one.parent();
    }
    false
}

/// The user of a token, and for whom of `audiences` it is good.
///
/// # Errors
/// Why it is not accepted.
pub(crate) fn authenticate(view: &View, token: &str, audiences: &[&str]) -> Result<(UserInfo, Vec<String>), Refused> {
    let claims = view.config().service_account_issuer.verify(token)?;
    if !is_of_line(view, &claims) {
        return Err(Refused::Unknown);
    }
    check(view, &claims, audiences).map_err(Refused::Because)
}

fn check(view: &View, claims: &Value, audiences: &[&str]) -> Result<(UserInfo, Vec<String>), String> {
    let for_whom: Vec<&str> = claims["aud"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let common: Vec<String> = audiences.iter().filter(|a| for_whom.contains(*a)).map(|a| (*a).to_owned()).collect();
    if common.is_empty() {
        let list = |items: &[&str]| items.iter().map(|a| quoted(a)).collect::<Vec<_>>().join(" ");
        return Err(format!("token audiences [{}] is invalid for the target audiences [{}]", list(&for_whom), list(audiences)));
    }
    let now = view.moment().micros.div_euclid(1_000_000);
    if claims["exp"].as_i64().is_none_or(|end| now - LEEWAY > end) {
        return Err("service account token has expired".to_owned());
    }
    if claims["nbf"].as_i64().is_some_and(|begin| now + LEEWAY < begin) {
        return Err("service account token is not valid yet".to_owned());
    }
    let private = &claims["kubernetes.io"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (namespace, account) = (text(&private["namespace"]), &private["serviceaccount"]);
    let name = text(&account["name"]);
    let found = Bearer { view, now, storage: "serviceaccounts", namespace: &namespace }.find(account);
    match found {
        Found::Missing => return Err(format!("serviceaccounts {} not found", quoted(&name))),
        Found::Other(uid) => return Err(format!("service account UID ({uid}) does not match claim ({})", text(&account["uid"]))),
        Found::Deleted => return Err(format!("service account {namespace}/{name} has been deleted")),
        Found::There => {}
    }
    // The node of a pod's token is told and not looked for.
    let of_pod = !private["pod"].is_null();
    for (what, storage, namespace) in [("secret", "secrets", &*namespace), ("pod", "pods", &*namespace), ("node", "nodes", "")] {
        if private[what].is_null() || (what == "node" && of_pod) {
            continue;
        }
        match (Bearer { view, now, storage, namespace }).find(&private[what]) {
            Found::There => {}
            Found::Missing | Found::Deleted => return Err("service account token has been invalidated".to_owned()),
            Found::Other(uid) => {
                let claim = text(&private[what]["uid"]);
                return Err(format!("{what} UID ({uid}) does not match service account {what} ref claim ({claim})"));
            }
        }
    }
    let mut extra = vec![("authentication.kubernetes.io/credential-id".to_owned(), vec![format!("JTI={}", text(&claims["jti"]))])];
    for what in ["node", "pod"] {
        if !private[what].is_null() {
            for part in ["name", "uid"] {
                extra.push((format!("authentication.kubernetes.io/{what}-{part}"), vec![text(&private[what][part])]));
            }
        }
    }
    let groups = ["system:serviceaccounts".to_owned(), format!("system:serviceaccounts:{namespace}"), "system:authenticated".to_owned()];
    let user = UserInfo { name: text(&claims["sub"]), uid: text(&account["uid"]), groups: groups.into(), extra };
    Ok((user, common))
}

/// What a token is bound to.
struct Bearer<'a> {
    view: &'a View,
    now: i64,
    storage: &'a str,
    namespace: &'a str,
}

enum Found {
    There,
    Missing,
    /// Another object has its name: that with this uid.
    Other(String),
    /// It is to be deleted since a while.
    Deleted,
}

impl Bearer<'_> {
    fn find(&self, named: &Value) -> Found {
        let text = |key: &str| named[key].as_str().unwrap_or_default();
        let key = Key::new(self.namespace, text("name"));
        let Some(object) = self.view.snapshot().get(Kind::new(self.storage), &key) else { return Found::Missing };
        if *object.head().uid != *text("uid") {
            return Found::Other(object.head().uid.to_string());
        }
        let since = || {
            let value = object.to_value();
            let until = value["metadata"]["deletionTimestamp"].as_str().and_then(|t| Time::parse(t).ok());
            until.map(|until| until.millis().div_euclid(1000))
        };
        if object.head().deleting && since().is_some_and(|since| since < self.now - LEEWAY) { Found::Deleted } else { Found::There }
    }
}

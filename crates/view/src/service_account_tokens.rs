//! Tokens of service accounts: JSON web tokens that this server signs and knows again.

use crate::{IdSource, View};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use minkapi_store::{Key, Kind};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, UnparsedPublicKey},
};
use serde_json::{Map, Value, json};

/// Who issues tokens, and the audience of those that name none.
pub(crate) const ISSUER: &str = "https://kubernetes.default.svc";

/// Why a token is not accepted, as a TokenReview tells it.
const INVALID: &str = "invalid bearer token";

/// The key of a server, made when it is first needed. Tokens end with the server.
pub(crate) struct TokenKey {
    pair: EcdsaKeyPair,
    random: SystemRandom,
}

impl std::fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenKey")
    }
}

impl TokenKey {
    /// A new key; None when the system has no random numbers.
    pub fn generate() -> Option<Self> {
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).ok()?;
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random).ok()?;
        Some(Self { pair, random })
    }

    /// A token that says this.
    pub fn sign(&self, claims: &Value) -> Option<String> {
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(&json!({"alg": "ES256", "typ": "JWT"})), encode(claims));
        let signature = self.pair.sign(&self.random, signed.as_bytes()).ok()?;
        Some(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// What a token says, if it is one of ours.
    fn verify(&self, token: &str) -> Option<Value> {
        let (signed, signature) = token.rsplit_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, self.pair.public_key());
        key.verify(signed.as_bytes(), &signature).ok()?;
        let (_, claims) = signed.split_once('.')?;
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()
    }
}

/// What a token is bound to beside its service account: `pod`, `secret`, `node` with name and uid.
pub(crate) type Bound = Vec<(&'static str, String, String)>;

/// The claims of a new token for a service account.
pub(crate) fn claims(account: &Value, bound: &Bound, audiences: &Value, seconds: i64, now: i64, ids: &dyn IdSource) -> Value {
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
        "iss": ISSUER,
        "sub": format!("system:serviceaccount:{}:{}", text("namespace"), text("name")),
        "aud": audiences,
        "iat": now, "nbf": now, "exp": now + seconds,
        "jti": ids.uid(),
        "kubernetes.io": kubernetes
    })
}

/// What a TokenReview of this token answers.
pub(crate) fn review(view: &View, token: &str, audiences: &[&str]) -> Value {
    let claims = view.shared.token_key().and_then(|key| key.verify(token));
    let Some(claims) = claims else { return json!({"user": {}, "error": INVALID}) };
    match check(view, &claims, audiences) {
        Ok(status) => status,
        Err(why) => json!({"user": {}, "error": format!("[{INVALID}, {why}]")}),
    }
}

fn check(view: &View, claims: &Value, audiences: &[&str]) -> Result<Value, String> {
    let now = view.moment().micros.div_euclid(1_000_000);
    if claims["exp"].as_i64().is_none_or(|end| end <= now) {
        return Err("service account token has expired".to_owned());
    }
    let wanted: &[&str] = if audiences.is_empty() { &[ISSUER] } else { audiences };
    let for_whom = claims["aud"].as_array().map(Vec::as_slice).unwrap_or_default();
    let common: Vec<&&str> = wanted.iter().filter(|audience| for_whom.iter().any(|a| a == **audience)).collect();
    if common.is_empty() {
        let list: Vec<&str> = for_whom.iter().filter_map(Value::as_str).collect();
        return Err(format!("token audiences [{}] is invalid for the target audiences [{}]", list.join(" "), wanted.join(" ")));
    }
    let private = &claims["kubernetes.io"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (namespace, account) = (text(&private["namespace"]), &private["serviceaccount"]);
    let is_there = |storage: &str, namespace: &str, named: &Value| {
        let found = view.snapshot().get(Kind::new(storage), &Key::new(namespace, &text(&named["name"])));
        found.is_some_and(|object| *object.head().uid == *text(&named["uid"]))
    };
    if !is_there("serviceaccounts", &namespace, account) {
        return Err(format!("serviceaccounts \"{}\" not found", text(&account["name"])));
    }
    for (what, storage) in [("pod", "pods"), ("secret", "secrets")] {
        if !private[what].is_null() && !is_there(storage, &namespace, &private[what]) {
            return Err("service account token has been invalidated".to_owned());
        }
    }
    let mut extra = Map::new();
    extra.insert("authentication.kubernetes.io/credential-id".to_owned(), json!([format!("JTI={}", text(&claims["jti"]))]));
    for (what, key) in [("pod", "pod"), ("node", "node")] {
        if !private[what].is_null() {
            for part in ["name", "uid"] {
                extra.insert(format!("authentication.kubernetes.io/{key}-{part}"), json!([private[what][part]]));
            }
        }
    }
    Ok(json!({
        "authenticated": true,
        "user": {
            "username": claims["sub"],
            "uid": account["uid"],
            "groups": ["system:serviceaccounts", format!("system:serviceaccounts:{namespace}"), "system:authenticated"],
            "extra": extra
        },
        "audiences": common
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_known_again_and_a_changed_one_is_not() {
        let key = TokenKey::generate().unwrap();
        let claims = json!({"sub": "a"});
        let token = key.sign(&claims).unwrap();
        assert_eq!(key.verify(&token), Some(claims));
        let (head, rest) = token.split_once('.').unwrap();
        let (_, signature) = rest.split_once('.').unwrap();
        let forged = format!("{head}.{}.{signature}", URL_SAFE_NO_PAD.encode(r#"{"sub":"b"}"#));
        assert_eq!(key.verify(&forged), None);
        assert_eq!(TokenKey::generate().unwrap().verify(&token), None);
    }
}

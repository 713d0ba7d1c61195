//! Names and keys of an issuer, with tokens and keys of others.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use super::*;
use serde_json::json;

/// Keys made by OpenSSL, and what a kube-apiserver 1.37.2 has signed and served.
macro_rules! data {
    ($name:literal) => {
        include_str!(concat!("../../tests/data/service_account_keys/", $name))
    };
}

const NAME: &str = "https://kubernetes.default.svc";

fn forged() -> Result<Value, Refused> {
    Err(Refused::Because("go-jose/go-jose: error in cryptographic primitive".to_owned()))
}

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

#[test]
fn a_token_is_known_again_and_a_changed_one_is_not() {
    let issuer = ServiceAccountIssuer::default();
    let claims = json!({"iss": NAME, "sub": "a"});
    let token = issuer.sign(&claims).unwrap();
    assert_eq!(issuer.verify(&token), Ok(claims));
    let (head, rest) = token.split_once('.').unwrap();
    let (said, signature) = rest.split_once('.').unwrap();
    let other = part(&json!({"iss": NAME, "sub": "b"}));
    assert_eq!(issuer.verify(&format!("{head}.{other}.{signature}")), forged());
    for header in [json!({}), json!({"alg": "none"}), json!({"alg": "HS256"}), json!({"alg": "RS256"}), json!({"alg": "ES384"})] {
        assert_eq!(issuer.verify(&format!("{}.{said}.{signature}", part(&header))), forged(), "{header}");
    }
    assert!(issuer.verify(&format!("{}.{said}.{signature}", part(&json!({"alg": "ES256"})))).is_err(), "the header is signed too");
    for none in ["", "a.b.c", "a..", "....", "x.e30.x", &format!("{token}.x"), &format!("bm8.{rest}")] {
        assert_eq!(issuer.verify(none), Err(Refused::Unknown), "{none}");
    }
}

#[test]
fn another_servers_token_has_none_of_the_keys() {
    let token = ServiceAccountIssuer::default().sign(&json!({"iss": NAME})).unwrap();
    let refused = Err(Refused::Because("invalid signature, no keys found".to_owned()));
    assert_eq!(ServiceAccountIssuer::default().verify(&token), refused);
}

#[test]
fn every_form_of_key_signs_and_its_public_half_checks() {
    let cases = [
        ("RS256", data!("rsa.key"), data!("rsa.pub"), "DbK2Nivcrj9uWWrBoWPx8vDvwxd_GkdNvGLEi4-0YzE"),
        ("RS256", data!("rsa-pkcs8.key"), data!("rsa.key"), "DbK2Nivcrj9uWWrBoWPx8vDvwxd_GkdNvGLEi4-0YzE"),
        ("ES256", data!("p256.key"), data!("p256.pub"), "-LSJCRA4-UdPTGyK7OY_qMuISLgRJE247cqlAgrH94c"),
        ("ES384", data!("p384-pkcs8.key"), data!("p384.crt"), "MDxKP_jc5shDOEuPtETpiznkjaOoRI_uJKvLcnW4Vec"),
    ];
    for (algorithm, private, public, id) in cases {
        let token = ServiceAccountIssuer::default().with_signing_key(private).unwrap().sign(&json!({"iss": NAME})).unwrap();
        let head = URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
        assert_eq!(String::from_utf8(head).unwrap(), format!(r#"{{"alg":"{algorithm}","kid":"{id}"}}"#));
        // Any of several keys will do.
        let checks = ServiceAccountIssuer::default().with_key(data!("kube-apiserver.pub")).unwrap().with_key(public).unwrap();
        assert_eq!(checks.verify(&token), Ok(json!({"iss": NAME})), "{algorithm}");
    }
}

#[test]
fn a_token_of_kube_apiserver_is_good_with_its_key() {
    let issuer = ServiceAccountIssuer::default().with_key(data!("kube-apiserver.pub")).unwrap().only_named_keys();
    let claims = issuer.verify(data!("kube-apiserver.jwt").trim()).unwrap();
    assert_eq!(claims["sub"], "system:serviceaccount:sa-a:x");
    let keys = serde_json::to_string(&issuer.json_web_keys()).unwrap();
    assert_eq!(format!(r#"{{"keys":{keys}}}"#), data!("kube-apiserver.jwks"));
    assert_eq!(issuer.algorithms(), ["RS256"]);
}

#[test]
fn tokens_of_its_own_key_are_not_good_where_only_others_are_named() {
    let issuer = ServiceAccountIssuer::default().with_signing_key(data!("rsa.key")).unwrap().only_named_keys();
    let issuer = issuer.with_key(data!("p256.pub")).unwrap();
    assert!(issuer.verify(&issuer.sign(&json!({"iss": NAME})).unwrap()).is_err());
    let issuer = issuer.with_key(data!("rsa.pub")).unwrap();
    assert!(issuer.verify(&issuer.sign(&json!({"iss": NAME})).unwrap()).is_ok());
}

#[test]
fn tokens_are_issued_under_the_first_name_and_believed_under_all() {
    let key = ServiceAccountIssuer::new_key().unwrap();
    let issuer = |names: &[&str]| {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        ServiceAccountIssuer::new(names).with_signing_key(&key).unwrap()
    };
    let token = issuer(&["old"]).sign(&json!({"iss": issuer(&["old"]).name()})).unwrap();
    assert!(issuer(&["new", "old"]).verify(&token).is_ok());
    assert_eq!(issuer(&["new"]).verify(&token), Err(Refused::Unknown));
    assert_eq!(issuer(&["new", "old"]).audiences(), ["new", "old"]);
}

#[test]
fn files_without_a_key_are_refused() {
    for text in [
        "",
        "hello",
        data!("rsa.pub"),
        data!("p521.key"),
        data!("p384.crt"),
        "-----BEGIN PRIVATE KEY-----\nAQI=\n-----END PRIVATE KEY-----\n",
    ] {
        assert_eq!(ServiceAccountIssuer::default().with_signing_key(text).unwrap_err(), KeyError::NoPrivateKey);
    }
    for text in ["", "hello", data!("p521.key")] {
        assert_eq!(ServiceAccountIssuer::default().with_key(text).unwrap_err(), KeyError::NoPublicKey);
    }
}

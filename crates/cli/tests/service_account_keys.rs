//! The key that tokens of service accounts are signed with: kept in the data directory, or given by files.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

mod common;

use common::{Running, folder, minkapi, run, text};
use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

const ACCOUNTS: &str = "/base/api/v1/namespaces/default/serviceaccounts";
const JSON: &str = "Content-Type: application/json\r\n";

/// A token for the service account `robot`, which is made if it is missing.
fn token(server: &Running) -> String {
    server.request(&format!("POST {ACCOUNTS}"), JSON, r#"{"metadata":{"name":"robot"}}"#);
    let answer = server.request(&format!("POST {ACCOUNTS}/robot/token"), JSON, r#"{"spec":{"expirationSeconds":86400}}"#);
    let (_, rest) = answer.split_once(r#""token":""#).expect(&answer);
    rest.split_once('"').unwrap().0.to_owned()
}

/// Whether the server takes a token for the account's.
fn knows(server: &Running, token: &str) -> bool {
    let headers = format!("{JSON}Authorization: Bearer {token}\r\n");
    let review = "POST /base/apis/authentication.k8s.io/v1/selfsubjectreviews";
    let answer = server.request(review, &headers, "{}");
    if answer.starts_with("HTTP/1.1 201") {
        assert!(answer.contains(r#""username":"system:serviceaccount:default:robot""#), "{answer}");
        return true;
    }
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    false
}

fn start(test: &str, data: &Path, more: &[&str]) -> Running {
    let data = data.to_string_lossy();
    Running::start(test, &[&["--data-dir", &*data], more].concat())
}

#[test]
fn a_token_outlasts_restarts_with_a_data_directory_and_no_others_know_it() {
    let test = "token_outlasts_restarts";
    let data = folder("token_outlasts_restarts_data");
    let mut server = start(test, &data, &[]);
    let token = token(&server);
    assert!(knows(&server, &token));
    let mode = fs::metadata(data.join("signing-key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    assert_eq!(server.stop("-TERM"), 0);
    let server = start(test, &data, &[]);
    assert!(knows(&server, &token), "after an orderly end");
    drop(server);
    let mut server = start(test, &data, &[]);
    assert!(knows(&server, &token), "after kill -9");
    assert_eq!(server.stop("-TERM"), 0);

    // The same objects with another key: a portable file has none.
    let (file, copy) = (folder("token_outlasts_restarts_copy").join("all"), folder("token_outlasts_restarts_loaded"));
    let [data, file, copied] = [&data, &file, &copy].map(|path| path.to_string_lossy());
    assert!(run(&["snapshot", "save", "--data-dir", &data, &file]).status.success());
    assert!(run(&["snapshot", "load", "--data-dir", &copied, &file]).status.success());
    let server = start(test, &copy, &[]);
    assert!(server.request(&format!("GET {ACCOUNTS}/robot"), "", "").starts_with("HTTP/1.1 200"));
    assert!(!knows(&server, &token));
}

#[test]
fn a_damaged_key_is_refused_and_left_as_it_is() {
    let test = "damaged_key";
    let data = folder("damaged_key_data");
    assert_eq!(start(test, &data, &[]).stop("-TERM"), 0);
    let key = data.join("signing-key");
    let mut bytes = fs::read(&key).unwrap();
    let last = bytes.len() - 10;
    bytes[last] ^= 1;
    fs::write(&key, &bytes).unwrap();
    let files = || fs::read_dir(&data).unwrap().map(|file| file.unwrap().file_name()).collect::<Vec<_>>();
    let before = files();
    let output = minkapi().args(["--bind-address", "127.0.0.1:0", "--data-dir"]).arg(&data).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    let error = text(&output.stderr);
    assert!(error.contains("signing-key is damaged at byte 28: the checksum of a frame is wrong; nothing was changed"), "{error}");
    assert_eq!((fs::read(&key).unwrap(), files()), (bytes, before));
}

/// A private RSA key and the public half of an elliptic one.
fn keys(test: &str) -> (String, String) {
    let folder = folder(&format!("{test}_keys"));
    let data = "../view/tests/data/service_account_keys";
    for name in ["rsa.key", "p256.key"] {
        fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join(data).join(name), folder.join(name)).unwrap();
    }
    let path = |name: &str| folder.join(name).to_string_lossy().into_owned();
    (path("rsa.key"), path("p256.key"))
}

#[test]
fn a_given_key_signs_and_a_former_one_is_believed_as_long_as_it_is_named() {
    let test = "given_key";
    let data = folder("given_key_data");
    let (old, new) = keys(test);
    let sign_by = |key| ["--service-account-signing-key-file", key];
    let believe = |key| ["--service-account-key-file", key];
    let server = start(test, &data, &sign_by(&old));
    let token_of_old = token(&server);
    assert!(server.request("GET /base/openid/v1/jwks", "", "").contains(r#""alg":"RS256""#));
    assert!(!data.join("signing-key").exists());
    drop(server);

    let server = start(test, &data, &[sign_by(&new), believe(&new), believe(&old)].concat());
    assert!(knows(&server, &token_of_old));
    assert!(knows(&server, &token(&server)));
    let configuration = server.request("GET /base/.well-known/openid-configuration", "", "");
    assert!(configuration.contains(r#""id_token_signing_alg_values_supported":["ES256","RS256"]"#), "{configuration}");
    drop(server);

    let server = start(test, &data, &sign_by(&new));
    assert!(!knows(&server, &token_of_old));
    drop(server);

    let server = start(test, &data, &["--service-account-issuer", "https://tokens.example.com"]);
    let renamed = token(&server);
    assert!(server.request("GET /base/.well-known/openid-configuration", "", "").contains(r#""issuer":"https://tokens.example.com""#));
    drop(server);
    let server = start(test, &data, &[]);
    assert!(!knows(&server, &renamed), "another issuer");
}

#[test]
fn files_without_a_key_and_issuers_without_a_name_are_refused() {
    let file = folder("no_key").join("empty");
    fs::write(&file, "no key").unwrap();
    let file = file.to_string_lossy();
    let cases: [(&[&str], &str); 4] = [
        (&["--service-account-signing-key-file", &file], "data does not contain a valid RSA or ECDSA private key"),
        (&["--service-account-key-file", &file], "data does not contain any valid RSA or ECDSA public keys"),
        (&["--service-account-issuer", ""], "invalid service-account-issuer: should not be an empty string"),
        (&["--service-account-issuer", "a", "--service-account-issuer", "a"], "invalid service-account-issuer: \"a\" is already specified"),
    ];
    for (args, why) in cases {
        let output = minkapi().args(["--bind-address", "127.0.0.1:0"]).args(args).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(text(&output.stderr).contains(why), "{}", text(&output.stderr));
    }
}

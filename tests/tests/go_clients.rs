//! Clients written in Go (`tests/go`): client-go's informers, recorders and leader election, controller-runtime's managers.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use minkapi_tests::{TestServer, clients};
use std::{
    path::{Path, PathBuf},
    process::Command,
};

#[test]
fn go_clients_work_in_the_base_view_and_in_a_sandbox() {
    let Some(program) = build() else { return };
    let server = TestServer::launch();
    // The sandbox first: it would see what the run in the base view leaves there.
    let sandbox = server.sandbox("go").kubeconfig;
    run(&program, &sandbox, 500);
    assert_eq!(server.base().call("GET", "/apis/example.com/v1/widgets", &serde_json::Value::Null).0, 404);
    run(&program, &server.server().kubeconfig(), 50);
}

fn run(program: &Path, kubeconfig: &Path, objects: u32) {
    let output = Command::new(program).arg("-kubeconfig").arg(kubeconfig).arg("-objects").arg(objects.to_string()).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let log = text(&output.stderr);
    let last: Vec<&str> = log.lines().rev().take(40).collect();
    assert!(output.status.success(), "{}\n{:#?}", text(&output.stdout), last);
    eprint!("{}", text(&output.stdout));
}

/// The program, built by Go, which keeps what it built before; None after printing that the test is skipped.
fn build() -> Option<PathBuf> {
    let program = clients::workspace().join("target/clients/minkapi-go-clients");
    let built =
        Command::new("go").current_dir(clients::workspace().join("tests/go")).arg("build").arg("-o").arg(&program).arg(".").output();
    match built {
        Err(err) => {
            eprintln!("skipped: Go does not run here ({err})");
            None
        }
        Ok(built) => {
            let why = String::from_utf8_lossy(&built.stderr);
            assert!(built.status.success(), "{why}");
            Some(program)
        }
    }
}

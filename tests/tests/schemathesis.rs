//! Schemathesis reads the served OpenAPI and makes requests up from it: none may cause a panic, or fail without a Status.
//! `MINKAPI_SCHEMATHESIS_SECONDS` is how long each document is tried; 20 by default.

use minkapi_tests::{TestServer, clients::workspace};
use std::{
    env,
    io::{self, Write as _},
    path::PathBuf,
    process::Command,
};

const DOCUMENTS: [&str; 3] = ["api/v1", "apis/apps/v1", "apis/coordination.k8s.io/v1"];

/// The program: of the virtual environment that CI makes, or from the path.
fn program() -> Option<PathBuf> {
    let installed = workspace().join("target/schemathesis/bin/schemathesis");
    let program = if installed.is_file() { installed } else { PathBuf::from("schemathesis") };
    Command::new(&program).arg("--version").output().is_ok_and(|o| o.status.success()).then_some(program)
}

#[test]
fn requests_made_up_from_the_openapi_documents_cause_no_panic() {
    let Some(program) = program() else {
        let how = "python3 -m venv target/schemathesis && target/schemathesis/bin/pip install schemathesis";
        let _ = writeln!(io::stderr(), "skipped: no schemathesis ({how})");
        return;
    };
    let seconds = env::var("MINKAPI_SCHEMATHESIS_SECONDS").unwrap_or_else(|_| "20".to_owned());
    let server = TestServer::launch();
    let url = server.server().url();
    let folder = workspace().join("tests/schemathesis");
    for document in DOCUMENTS {
        let mut command = Command::new(&program);
        command.env("SCHEMATHESIS_HOOKS", "checks").env("PYTHONPATH", &folder).env("PYTHONDONTWRITEBYTECODE", "1");
        command.arg("--config-file").arg(folder.join("schemathesis.toml"));
        command.args(["run", &format!("{url}/openapi/v3/{document}"), "--url", &url, "--checks", "a_status_and_no_panic"]);
        // Watches do not end.
        command.args(["--phases", "fuzzing", "--max-time", &seconds, "--exclude-path-regex", "/watch/", "--request-timeout", "30"]);
        command.args(["--suppress-health-check", "all", "--warnings", "off", "--generation-database", "none"]);
        let output = command.current_dir(env::temp_dir()).output().unwrap_or_else(|err| panic!("{}: {err}", program.display()));
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let cases = out.lines().find(|line| line.contains(" generated, ")).unwrap_or_default();
        println!("{document}: {}\n{err}", cases.trim());
        assert!(output.status.success(), "{document}:\n{out}\n{err}");
    }
}

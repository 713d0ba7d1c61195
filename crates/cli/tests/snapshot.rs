//! `minkapi snapshot`: a portable file of what a data directory holds, and what is refused.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

const FAILED: i32 = 1;

fn minkapi() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_minkapi"));
    command.env_remove("KUBECONFIG").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A server over a data directory, and its `host:port`.
fn serve(dir: &Path) -> (Child, String) {
    let kubeconfig = dir.with_extension("yaml");
    let mut command = minkapi();
    command.arg("--kubeconfig").arg(&kubeconfig).arg("--data-dir").arg(dir).args(["--bind-address", "127.0.0.1:0"]);
    let mut child = command.spawn().unwrap();
    let mut greeting = String::new();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    while !greeting.contains("kubectl --kubeconfig") {
        assert_ne!(stdout.read_line(&mut greeting).unwrap(), 0, "it ended after:\n{greeting}");
    }
    child.stdout = Some(stdout.into_inner());
    let host = greeting.split_once("http://").unwrap().1.split_once('/').unwrap().0.to_owned();
    (child, host)
}

fn ask(host: &str, method: &str, path: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(host).unwrap();
    let head = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n");
    write!(stream, "{head}Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn end(mut child: Child) {
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    assert!(child.wait().unwrap().success());
}

fn snapshot(action: &str, dir: &Path, file: &Path) -> Output {
    minkapi().args(["snapshot", action, "--data-dir"]).arg(dir).arg(file).output().unwrap()
}

/// An empty folder for a test.
fn folder(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A snapshot that holds a node in the base view and another one in a sandbox.
fn saved(folder: &Path) -> PathBuf {
    let (server, host) = serve(&folder.join("data"));
    let node = |name: &str| format!(r#"{{"apiVersion":"v1","kind":"Node","metadata":{{"name":"{name}"}}}}"#);
    assert!(ask(&host, "POST", "/base/api/v1/nodes", &node("n1")).starts_with("HTTP/1.1 201"));
    assert!(ask(&host, "POST", "/views/blue", "").starts_with("HTTP/1.1 201"));
    assert!(ask(&host, "POST", "/blue/api/v1/nodes", &node("n2")).starts_with("HTTP/1.1 201"));
    let file = folder.join("state.snapshot");
    let done = snapshot("save", &folder.join("data"), &file);
    assert!(done.status.success(), "of a directory in use: {}", told(&done));
    end(server);
    file
}

#[test]
fn what_is_saved_while_it_is_in_use_can_be_loaded_elsewhere() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = folder("what_is_saved_can_be_loaded");
    let file = saved(&folder);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let copy = folder.join("copy");
    let done = snapshot("load", &copy, &file);
    assert!(done.status.success(), "{}", told(&done));
    assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o700);
    let (server, host) = serve(&copy);
    for (path, code) in [("base/api/v1/nodes/n1", 200), ("base/api/v1/nodes/n2", 404), ("blue/api/v1/nodes/n2", 200)] {
        assert!(ask(&host, "GET", &format!("/{path}"), "").starts_with(&format!("HTTP/1.1 {code}")), "{path}");
    }
    end(server);
    let again = snapshot("load", &copy, &file);
    assert_eq!(again.status.code(), Some(FAILED), "a directory that holds state is not overwritten");
    assert!(told(&again).contains(copy.to_str().unwrap()), "{}", told(&again));
}

#[test]
fn a_damaged_or_newer_file_is_refused_and_left_as_it_is() {
    let folder = folder("a_damaged_or_newer_file_is_refused");
    let file = saved(&folder);
    let good = fs::read(&file).unwrap();
    let changed = |at: usize, value: u8| {
        let mut bytes = good.clone();
        bytes[at] = value;
        bytes
    };
    // The version is a number at byte 8; a newer one is told before its checksum is looked at.
    let cases = [
        ("damaged", changed(good.len() / 2, good[good.len() / 2] ^ 1), "damaged"),
        ("cut off", good[..good.len() - 7].to_vec(), "damaged"),
        ("newer", changed(8, 200), "newer"),
        ("something else", b"#!/bin/sh\necho hello, this is no snapshot\n".to_vec(), "does not begin as such a file does"),
        ("empty", Vec::new(), ""),
    ];
    for (what, bytes, word) in cases {
        let bad = folder.join("bad.snapshot");
        fs::write(&bad, &bytes).unwrap();
        let dir = folder.join(format!("from {what}"));
        let refused = snapshot("load", &dir, &bad);
        assert_eq!(refused.status.code(), Some(FAILED), "{what}");
        let told = told(&refused);
        assert!(told.contains("bad.snapshot") && told.contains(word), "{what}: {told}");
        assert_eq!(fs::read(&bad).unwrap(), bytes, "{what}: the file is left as it is");
        assert!(fs::read_dir(&dir).map_or(0, Iterator::count) == 0, "{what}: nothing was made");
    }
    let missing = snapshot("load", &folder.join("nowhere"), &folder.join("x"));
    assert!(missing.status.code() == Some(FAILED) && told(&missing).contains("No such file"), "{}", told(&missing));
}

#[test]
fn a_data_directory_of_a_newer_version_does_not_start() {
    let folder = folder("a_data_directory_of_a_newer_version");
    saved(&folder);
    let data = folder.join("data");
    let files = || {
        let mut all: Vec<(PathBuf, Vec<u8>)> =
            fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().path()).map(|path| (path.clone(), fs::read(&path).unwrap())).collect();
        all.sort();
        all
    };
    let (log, mut bytes) = files().into_iter().find(|(path, _)| path.file_name().unwrap().to_string_lossy().starts_with("log-")).unwrap();
    bytes[8] = 200;
    fs::write(&log, bytes).unwrap();
    let before = files();
    let kubeconfig = folder.join("k.yaml");
    let refused =
        minkapi().arg("--kubeconfig").arg(&kubeconfig).arg("--data-dir").arg(&data).args(["--bind-address", "127.0.0.1:0"]).output();
    let refused = refused.unwrap();
    assert_eq!(refused.status.code(), Some(3), "{}", told(&refused));
    assert!(told(&refused).contains(log.to_str().unwrap()) && told(&refused).contains("newer"), "{}", told(&refused));
    assert_eq!(files(), before, "nothing was changed");
}

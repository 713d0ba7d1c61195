//! The binary as its users meet it: what it prints, the files it keeps, its exit codes.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod common;

use common::{Running, folder, minkapi, run, text};
use std::{
    fs,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::Path,
    process::Command,
};

const BAD_OPTIONS: i32 = 2;
const FAILED_START: i32 = 3;
const FAILED_SHUTDOWN: i32 = 4;

#[test]
fn help_names_every_flag_and_the_exit_codes() {
    let help = run(&["--help"]);
    assert_eq!(help.status.code(), Some(0));
    let shown = text(&help.stdout);
    for flag in [
        "-k, --kubeconfig",
        "--bind-address",
        "-b, --base-prefix",
        "-s, --watch-queue-size",
        "-t, --watch-timeout",
        "--shutdown-timeout",
        "--profile",
        "--keep-files",
        "-v, --v",
        "--logging-format",
        "--slow-request",
        "--authorization-mode",
        "--anonymous-auth",
        "-V, --version",
        "Exit codes:",
        "127.0.0.1:8091",
        "/tmp/minkapi.yaml",
    ] {
        assert!(shown.contains(flag), "no {flag} in:\n{shown}");
    }
}

#[test]
fn version_prints_name_and_version() {
    let version = run(&["--version"]);
    assert_eq!(version.status.code(), Some(0));
    assert_eq!(text(&version.stdout), format!("minkapi {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn bad_options_end_it_with_their_own_code() {
    let folder = folder("bad_options_end_it_with_their_own_code");
    let kubeconfig = folder.join("k.yaml").display().to_string();
    for (bad, told) in [
        (["--no-such-flag", "x"], "--no-such-flag"),
        (["--watch-timeout", "5"], "--watch-timeout"),
        (["--bind-address", "nowhere"], "--bind-address"),
        (["--base-prefix", "a/b"], "base-prefix"),
        (["--enable-admission-plugins", "NoSuch"], "NoSuch"),
    ] {
        let ended = run(&[&["--kubeconfig", kubeconfig.as_str()], bad.as_slice()].concat());
        assert_eq!(ended.status.code(), Some(BAD_OPTIONS), "{bad:?}");
        assert!(text(&ended.stderr).contains(told), "{}", text(&ended.stderr));
    }
    assert!(!Path::new(&kubeconfig).exists());
}

#[test]
fn a_taken_port_fails_the_start_and_leaves_no_files() {
    let folder = folder("a_taken_port_fails_the_start_and_leaves_no_files");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let kubeconfig = folder.join("k.yaml");
    let ended = run(&["--kubeconfig", kubeconfig.to_str().unwrap(), "--bind-address", &address]);
    assert_eq!(ended.status.code(), Some(FAILED_START));
    assert!(text(&ended.stderr).contains(&format!("cannot listen on {address}")), "{}", text(&ended.stderr));
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
}

#[test]
fn a_kubeconfig_that_cannot_be_written_fails_the_start() {
    let folder = folder("a_kubeconfig_that_cannot_be_written_fails_the_start");
    fs::write(folder.join("file"), "").unwrap();
    let kubeconfig = folder.join("file/k.yaml");
    let ended = run(&["--kubeconfig", kubeconfig.to_str().unwrap(), "--bind-address", "127.0.0.1:0"]);
    assert_eq!(ended.status.code(), Some(FAILED_START));
    assert!(text(&ended.stderr).contains(folder.join("file").to_str().unwrap()), "{}", text(&ended.stderr));
}

#[test]
fn a_kubeconfig_of_somebody_else_is_not_overwritten() {
    let folder = folder("a_kubeconfig_of_somebody_else_is_not_overwritten");
    let kubeconfig = folder.join("config");
    fs::write(&kubeconfig, "apiVersion: v1\nkind: Config\n").unwrap();
    let ended = minkapi().env("KUBECONFIG", &kubeconfig).args(["--bind-address", "127.0.0.1:0"]).output().unwrap();
    assert_eq!(ended.status.code(), Some(FAILED_START));
    assert!(text(&ended.stderr).contains("was not written by minkapi"), "{}", text(&ended.stderr));
    assert_eq!(fs::read_to_string(&kubeconfig).unwrap(), "apiVersion: v1\nkind: Config\n");
}

#[test]
fn a_kubeconfig_on_a_full_disk_fails_the_start_and_leaves_nothing_half_written() {
    let folder = folder("a_kubeconfig_on_a_full_disk");
    // A file system of one page that is full, seen by this process and its children only.
    let script = "mount -t tmpfs -o size=4k tmpfs \"$1\" || exit 77; head -c 4096 /dev/zero > \"$1/full\"; shift; exec \"$@\"; ";
    let ended = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"])
        .arg(&folder)
        .arg(env!("CARGO_BIN_EXE_minkapi"))
        .arg("--kubeconfig")
        .arg(folder.join("k.yaml"))
        .args(["--bind-address", "127.0.0.1:0"])
        .output();
    let ended = match ended {
        Ok(ended) if text(&ended.stderr).contains("kubeconfig") || ended.status.code() == Some(FAILED_START) => ended,
        other => return println!("skipped, since no file system can be mounted here: {other:?}"),
    };
    assert_eq!(ended.status.code(), Some(FAILED_START), "{}", text(&ended.stderr));
    let told = text(&ended.stderr);
    assert!(told.contains("k.yaml") && told.contains("No space left on device"), "{told}");
}

#[test]
fn its_files_are_for_its_user_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let server = Running::start("its_files_are_for_its_user_only", &[]);
    for name in server.files() {
        let mode = fs::metadata(server.folder.join(&name)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{name}");
    }
}

#[test]
fn sighup_has_certificates_read_again_and_ends_nothing() {
    let mut server = Running::start("sighup_has_certificates_read_again_and_ends_nothing", &[]);
    for _ in 0..3 {
        assert!(Command::new("kill").args(["-HUP", &server.child.id().to_string()]).status().unwrap().success());
    }
    assert!(server.post("/views/blue").starts_with("HTTP/1.1 201"), "it goes on");
    assert_eq!(server.stop("-TERM"), 0);
}

#[test]
fn the_log_is_json_if_asked_for_and_names_requests_by_their_audit_id() {
    let more = ["--logging-format", "json", "-v", "4", "--slow-request", "0s"];
    let mut server = Running::start("the_log_is_json_if_asked_for", &more);
    let answer = server.post("/views/blue");
    let id = answer.lines().find_map(|line| line.strip_prefix("audit-id: ")).unwrap().to_owned();
    let mut stderr = server.child.stderr.take().unwrap();
    assert_eq!(server.stop("-TERM"), 0);
    let mut log = String::new();
    stderr.read_to_string(&mut log).unwrap();
    let lines: Vec<serde_json::Value> = log.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect();
    let line = lines.iter().find(|line| line["audit_id"] == id.as_str()).unwrap_or_else(|| panic!("no {id} in\n{log}"));
    assert_eq!((&line["message"], &line["level"]), (&"a request took long".into(), &"WARN".into()));
    assert_eq!((&line["method"], &line["uri"], &line["code"]), (&"POST".into(), &"/views/blue".into(), &201.into()));
}

#[test]
fn a_bad_setting_of_access_fails_the_start_with_its_name() {
    let folder = folder("a_bad_setting_of_access");
    let tokens = folder.join("tokens");
    fs::write(&tokens, "a,b,c\n").unwrap();
    let tokens = tokens.to_str().unwrap();
    for (args, named) in [
        (vec!["--token-auth-file", "/nowhere"], "token-auth-file"),
        (vec!["--tls-cert-file", "/nowhere", "--tls-private-key-file", "/nowhere"], "tls-cert-file"),
        (vec!["--tls-cert-file", "/nowhere"], "tls-cert-file"),
        (vec!["--client-ca-file", "/nowhere"], "client-ca-file"),
        (vec!["--token-auth-file", tokens, "--anonymous-auth"], "anonymous-auth"),
    ] {
        let kubeconfig = folder.join("k.yaml");
        let mut all = vec!["--kubeconfig", kubeconfig.to_str().unwrap(), "--bind-address", "127.0.0.1:0"];
        all.extend(&args);
        let ended = run(&all);
        assert_eq!(ended.status.code(), Some(BAD_OPTIONS), "{args:?}");
        assert!(text(&ended.stderr).contains(named), "{args:?}: {}", text(&ended.stderr));
        assert!(!kubeconfig.exists(), "{args:?}");
    }
}

#[test]
fn it_tells_what_it_is_and_where_it_serves() {
    let server = Running::start("it_tells_what_it_is_and_where_it_serves", &[]);
    let greeting = &server.greeting;
    let url = format!("http://{}/base", server.host());
    let kubeconfig = server.folder.join("minkapi.yaml").display().to_string();
    assert!(greeting.starts_with(&format!("minkapi {}", env!("CARGO_PKG_VERSION"))), "{greeting}");
    assert!(greeting.contains(&url) && greeting.contains(&format!("kubectl --kubeconfig {kubeconfig}")), "{greeting}");
}

#[test]
fn either_signal_stops_it_in_order_and_its_files_go() {
    for signal in ["-TERM", "-INT"] {
        let mut server = Running::start(&format!("stopped{signal}"), &[]);
        assert!(server.post("/views/blue").starts_with("HTTP/1.1 201"));
        let files = [
            "minkapi-bin-packing-scheduler-config.yaml",
            "minkapi-blue-bin-packing-scheduler-config.yaml",
            "minkapi-blue.yaml",
            "minkapi.yaml",
        ];
        assert_eq!(server.files(), files);
        assert_eq!(server.stop(signal), 0, "{signal}");
        assert_eq!(server.files(), [""; 0], "{signal}");
    }
}

#[test]
fn files_stay_when_asked_for() {
    let mut server = Running::start("files_stay_when_asked_for", &["--keep-files"]);
    assert_eq!(server.stop("-TERM"), 0);
    assert_eq!(server.files(), ["minkapi-bin-packing-scheduler-config.yaml", "minkapi.yaml"]);
}

#[test]
fn a_request_that_does_not_end_makes_the_shutdown_fail() {
    let mut server = Running::start("a_request_that_does_not_end_makes_the_shutdown_fail", &["--shutdown-timeout", "200ms"]);
    let mut stream = TcpStream::connect(server.host()).unwrap();
    write!(stream, "POST /base/api/v1/namespaces HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 100\r\n\r\n")
        .unwrap();
    // The server asks for the body once it is at work on the request.
    let mut asked = [0; 12];
    stream.read_exact(&mut asked).unwrap();
    assert_eq!(&asked, b"HTTP/1.1 100");
    assert_eq!(server.stop("-TERM"), FAILED_SHUTDOWN);
    assert_eq!(server.files(), [""; 0]);
}

#[test]
fn a_file_that_cannot_be_removed_makes_the_shutdown_fail() {
    let mut server = Running::start("a_file_that_cannot_be_removed_makes_the_shutdown_fail", &[]);
    let kubeconfig = server.folder.join("minkapi.yaml");
    fs::remove_file(&kubeconfig).unwrap();
    fs::create_dir(&kubeconfig).unwrap();
    assert_eq!(server.stop("-TERM"), FAILED_SHUTDOWN);
    assert_eq!(server.files(), ["minkapi.yaml"]);
}

#[test]
fn flags_are_shown_with_their_defaults() {
    let server = Running::start("flagz", &["--history-events", "100", "--disable-admission-plugins", "LimitRanger,ResourceQuota"]);
    let page = server.request("GET /base/flagz", "", "");
    for line in
        ["history-events: 100", "disable-admission-plugins: [LimitRanger,ResourceQuota]", "authorization-mode: AlwaysAllow", "tls: false"]
    {
        assert!(page.lines().any(|l| l == line), "{line} is not in\n{page}");
    }
}

//! A server process, and raw connections to it.

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::{
    fs,
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{Shutdown, TcpStream},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};
use tempfile::TempDir;

pub const CONFIG_MAPS: &str = "/base/api/v1/namespaces/default/configmaps";

/// No answer takes longer; connections without one are given up then.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// What happens within a second, on a machine that may stand still for many. It is less than the server's default timeouts (32 s
/// for headers, 60 s for requests), so that a server that does not keep to shorter ones is found out.
pub const SOON: Duration = Duration::from_secs(25);

/// A server process; it is killed when this is dropped.
pub struct Server {
    child: Child,
    pub address: String,
    _folder: TempDir,
}

/// What came back: the status code, 0 for a connection that was closed without a word, and the body.
#[derive(Debug)]
pub struct Answer {
    pub code: u16,
    pub body: Vec<u8>,
}

impl Answer {
    /// The Status that refuses a request: reason and message.
    pub fn status(&self) -> (String, String) {
        let status: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        assert_eq!(status["kind"], "Status", "{}", String::from_utf8_lossy(&self.body));
        (status["reason"].as_str().unwrap_or_default().to_owned(), status["message"].as_str().unwrap_or_default().to_owned())
    }
}

impl Server {
    pub fn start(args: &[&str]) -> Self {
        Self::start_with_files(20_000, args)
    }

    /// A server that may have so many files open.
    pub fn start_with_files(files: u32, args: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let script = format!("ulimit -n {files} || true; exec \"$0\" \"$@\"");
        let mut command = Command::new("sh");
        command.args(["-c", &script, env!("CARGO_BIN_EXE_minkapi"), "--bind-address", "127.0.0.1:0", "--kubeconfig"]);
        command.arg(folder.path().join("kubeconfig.yaml")).args(args).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let serving = lines.by_ref().map(Result::unwrap).find(|l| l.starts_with("serving")).expect("it says where it serves");
        thread::spawn(move || lines.for_each(drop));
        let address = serving.split("http://").nth(1).unwrap().split('/').next().unwrap().to_owned();
        Self { child, address, _folder: folder }
    }

    /// Sends bytes on a connection of their own and reads what comes back until it is closed.
    pub fn send(&self, bytes: &[u8]) -> Answer {
        let mut connection = self.connect();
        // The server may stop to listen before it has all.
        let _ = connection.write_all(bytes);
        answer(connection)
    }

    pub fn call(&self, method: &str, path: &str, content_type: &str, body: &[u8]) -> Answer {
        self.send(&request(method, path, &format!("content-type: {content_type}\r\nconnection: close\r\n"), body))
    }

    pub fn connect(&self) -> TcpStream {
        let connection = TcpStream::connect(&self.address).unwrap();
        connection.set_read_timeout(Some(PATIENCE)).unwrap();
        connection.set_write_timeout(Some(PATIENCE)).unwrap();
        connection
    }

    /// Fails unless the server answers soon.
    pub fn is_well(&self) {
        let start = Instant::now();
        let answer = self.call("GET", "/base/api/v1/namespaces/default", "", b"");
        assert_eq!(answer.code, 200, "{}", String::from_utf8_lossy(&answer.body));
        assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
    }

    /// Memory that the process uses.
    pub fn memory_mib(&self) -> u64 {
        self.proc_status("VmRSS:") / 1024
    }

    /// Most memory that the process has used.
    pub fn peak_mib(&self) -> u64 {
        self.proc_status("VmHWM:") / 1024
    }

    fn proc_status(&self, field: &str) -> u64 {
        let text = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(field)).unwrap();
        line.split_whitespace().next().unwrap().parse().unwrap()
    }

    /// How many files the process has open; each connection is one.
    pub fn open_files(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.child.id())).unwrap().count()
    }

    /// CPU time that the process has used.
    pub fn cpu(&self) -> Duration {
        let text = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let ticks = text.rsplit(") ").next().unwrap().split(' ').skip(11).take(2).map(|t| t.parse::<u64>().unwrap()).sum::<u64>();
        Duration::from_millis(ticks * 10)
    }

    pub fn terminate(&self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
    }

    /// Waits for the end of the process.
    pub fn ended(&mut self) -> ExitStatus {
        let start = Instant::now();
        loop {
            match self.child.try_wait().unwrap() {
                Some(status) => return status,
                None if start.elapsed() > PATIENCE => panic!("it does not end"),
                None => thread::sleep(Duration::from_millis(10)),
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until something is so.
pub fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < SOON, "{what}: not yet");
        thread::sleep(Duration::from_millis(20));
    }
}

/// A request as HTTP/1.1 writes it.
pub fn request(method: &str, path: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n{headers}").into_bytes();
    if !body.is_empty() {
        bytes.extend(format!("content-length: {}\r\n", body.len()).into_bytes());
    }
    bytes.extend(b"\r\n");
    bytes.extend(body);
    bytes
}

/// The answer on a connection that is closed after it.
pub fn answer(mut connection: TcpStream) -> Answer {
    let mut bytes = Vec::new();
    let read = connection.read_to_end(&mut bytes);
    if bytes.is_empty() {
        if let Err(err) = read {
            assert_ne!(err.kind(), io::ErrorKind::WouldBlock, "neither an answer nor an end");
        }
        return Answer { code: 0, body: bytes };
    }
    let end = bytes.windows(4).position(|w| w == b"\r\n\r\n").unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(&bytes)));
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let code = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { code, body: bytes.split_off(end + 4) }
}

/// Ends the sending half of a connection.
pub fn half_close(connection: &TcpStream) {
    connection.shutdown(Shutdown::Write).unwrap();
}

/// A ConfigMap with that much in it.
pub fn config_map(name: &str, size: usize) -> Vec<u8> {
    serde_json::json!({"metadata": {"name": name}, "data": {"key": "x".repeat(size)}}).to_string().into_bytes()
}

/// A folder for kept state.
pub fn data_dir(folder: &TempDir) -> String {
    Path::new(folder.path()).join("data").to_string_lossy().into_owned()
}

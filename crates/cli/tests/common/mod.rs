//! What tests of the binary share.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Output, Stdio},
};

pub fn minkapi() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_minkapi"));
    command.env_remove("KUBECONFIG").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

pub fn run(args: &[&str]) -> Output {
    minkapi().args(args).output().unwrap()
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// An empty folder for a test.
pub fn folder(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// A running server with its files in a folder of its own.
pub struct Running {
    pub child: Child,
    pub stdout: BufReader<ChildStdout>,
    pub folder: PathBuf,
    /// What it printed up to the line that says what to try.
    pub greeting: String,
}

impl Running {
    pub fn start(test: &str, more: &[&str]) -> Self {
        let folder = folder(test);
        let mut command = minkapi();
        command.arg("--kubeconfig").arg(folder.join("minkapi.yaml")).args(["--bind-address", "127.0.0.1:0"]).args(more);
        let mut child = command.spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut greeting = String::new();
        while !greeting.contains("kubectl --kubeconfig") {
            assert_ne!(stdout.read_line(&mut greeting).unwrap(), 0, "it ended after:\n{greeting}");
        }
        Self { child, stdout, folder, greeting }
    }

    /// `host:port`, as the kubeconfig has it.
    pub fn host(&self) -> String {
        let kubeconfig = fs::read_to_string(self.folder.join("minkapi.yaml")).unwrap();
        let (_, rest) = kubeconfig.split_once("http://").unwrap();
        rest.split_once('/').unwrap().0.to_owned()
    }

    pub fn post(&self, path: &str) -> String {
        self.request(&format!("POST {path}"), "", "")
    }

    /// The whole answer to `METHOD PATH`; `headers` end with CRLF each.
    pub fn request(&self, line: &str, headers: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(self.host()).unwrap();
        let length = body.len();
        let request = format!("{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    pub fn files(&self) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(&self.folder).unwrap().map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// Sends a signal and waits for the end; the exit code.
    pub fn stop(&mut self, signal: &str) -> i32 {
        assert!(Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap().success());
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        self.child.wait().unwrap().code().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

//! A server that keeps its state is killed again and again, in the middle of writing, and must come back with every write
//! that it has acknowledged. `MINKAPI_KILLS` says how often; 10 times by default.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use std::{
    collections::BTreeMap,
    env,
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

/// What is known of one object: what was acknowledged last, and what was asked for since without an answer.
#[derive(Debug, Clone, Default)]
struct Known {
    acknowledged: Option<u64>,
    pending: Option<Option<u64>>,
}

struct Server {
    process: Child,
    address: String,
}

impl Server {
    fn start(dir: &Path) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_minkapi"))
            .args(["--bind-address", "127.0.0.1:0", "--fsync", "always", "--data-dir"])
            .arg(dir.join("data"))
            .arg("--kubeconfig")
            .arg(dir.join("kubeconfig.yaml"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let serving = lines.by_ref().map(Result::unwrap).find(|l| l.starts_with("serving")).expect("it says where it serves");
        thread::spawn(move || lines.for_each(drop));
        let address = serving.split("http://").nth(1).unwrap().split('/').next().unwrap().to_owned();
        Self { process, address }
    }

    fn kill(mut self) {
        // SIGKILL on Unix.
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// A connection that speaks as much HTTP/1.1 as is needed here.
struct Client(BufReader<TcpStream>);

impl Client {
    fn connect(address: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        Ok(Self(BufReader::new(stream)))
    }

    fn request(&mut self, method: &str, path: &str, body: &str) -> io::Result<(u16, String)> {
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        self.0.get_mut().write_all([head.as_bytes(), body.as_bytes()].concat().as_slice())?;
        let (mut code, mut length, mut chunked) = (0, 0, false);
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let lower = line.trim_end().to_ascii_lowercase();
            if let Some(rest) = lower.strip_prefix("http/1.1 ") {
                code = rest.get(..3).and_then(|c| c.parse().ok()).unwrap_or(0);
            } else if let Some(rest) = lower.strip_prefix("content-length:") {
                length = rest.trim().parse().unwrap_or(0);
            } else if lower == "transfer-encoding: chunked" {
                chunked = true;
            } else if lower.is_empty() {
                break;
            }
        }
        let mut body = Vec::new();
        if !chunked {
            body.resize(length, 0);
            self.0.read_exact(&mut body)?;
            return Ok((code, String::from_utf8_lossy(&body).into_owned()));
        }
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line)?;
            let size = usize::from_str_radix(line.trim(), 16).map_err(io::Error::other)?;
            let mut chunk = vec![0; size + 2];
            self.0.read_exact(&mut chunk)?;
            body.extend_from_slice(&chunk[..size]);
            if size == 0 {
                return Ok((code, String::from_utf8_lossy(&body).into_owned()));
            }
        }
    }
}

/// Small pseudo-random numbers, the same at every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

const WRITERS: u64 = 4;
const NAMES: u64 = 12;

/// Writes until the server is gone. Every writer has names of its own.
fn write(address: &str, writer: u64, seed: u64, known: &Mutex<BTreeMap<String, Known>>) {
    let Ok(mut client) = Client::connect(address) else { return };
    let mut numbers = Numbers(seed | 1);
    loop {
        let view = ["base", "kept"][numbers.below(2) as usize];
        // What is in the base view is seen in the live sandbox as well.
        let name = format!("{view}-{writer}-{}", numbers.below(NAMES));
        let key = format!("{view}/{name}");
        let value = numbers.below(1_000_000);
        let current = known.lock().unwrap().entry(key.clone()).or_default().acknowledged;
        let (method, wanted) = match current {
            None => ("POST", Some(value)),
            Some(_) if numbers.below(4) == 0 => ("DELETE", None),
            Some(_) => ("PUT", Some(value)),
        };
        known.lock().unwrap().get_mut(&key).unwrap().pending = Some(wanted);
        let collection = format!("/{view}/api/v1/namespaces/default/configmaps");
        let path = if method == "POST" { collection } else { format!("{collection}/{name}") };
        let body = match method {
            "DELETE" => String::new(),
            _ => format!(r#"{{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"{name}"}},"data":{{"v":"{value}"}}}}"#),
        };
        match client.request(method, &path, &body) {
            Ok((200 | 201, _)) => *known.lock().unwrap().get_mut(&key).unwrap() = Known { acknowledged: wanted, pending: None },
            Ok((code, body)) => panic!("{method} {path}: {code} {body}"),
            Err(_) => return,
        }
    }
}

/// Compares what the server shows with what is known, and takes over what was pending.
fn check(address: &str, known: &Mutex<BTreeMap<String, Known>>) -> usize {
    let mut client = Client::connect(address).unwrap();
    let mut known = known.lock().unwrap();
    for (key, known) in known.iter_mut() {
        let (view, name) = key.split_once('/').unwrap();
        let (code, body) = client.request("GET", &format!("/{view}/api/v1/namespaces/default/configmaps/{name}"), "").unwrap();
        let found = match code {
            200 => Some(body.split(r#""v":""#).nth(1).unwrap().split('"').next().unwrap().parse().unwrap()),
            404 => None,
            _ => panic!("{key}: {code} {body}"),
        };
        let allowed = found == known.acknowledged || known.pending == Some(found);
        assert!(allowed, "{key} is {found:?}, but {known:?}");
        *known = Known { acknowledged: found, pending: None };
    }
    known.len()
}

#[test]
fn every_acknowledged_write_survives_a_kill() {
    let kills: u64 = env::var("MINKAPI_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(10);
    let dir = tempfile::tempdir().unwrap();
    let known = Mutex::new(BTreeMap::new());
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let start = Instant::now();
    let server = Server::start(dir.path());
    let (code, body) = Client::connect(&server.address).unwrap().request("POST", "/views/kept", "").unwrap();
    assert_eq!(code, 201, "{body}");
    server.kill();
    for round in 0..kills {
        let server = Server::start(dir.path());
        check(&server.address, &known);
        let pause = Duration::from_millis(numbers.below(150));
        thread::scope(|scope| {
            for writer in 0..WRITERS {
                let (address, known, seed) = (server.address.clone(), &known, numbers.below(u64::MAX));
                scope.spawn(move || write(&address, writer, seed, known));
            }
            thread::sleep(pause);
            server.kill();
        });
        if round % 50 == 49 {
            println!("{} kills survived", round + 1);
        }
    }
    let server = Server::start(dir.path());
    let objects = check(&server.address, &known);
    server.kill();
    println!("{kills} kills survived in {:.0?}, {objects} objects followed", start.elapsed());
}

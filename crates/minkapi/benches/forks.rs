//! What forks cost on a large cluster: time and memory, in process and over HTTP with their files. Prints the tables of
//! docs/performance.md.
//!
//! `cargo bench -p minkapi --bench forks`; `MINKAPI_BENCH_PODS` sets the size of the largest base (100,000).

#![allow(clippy::unwrap_used, missing_docs, reason = "a measurement ends when something fails")]

use minkapi::{Config, CreateView, Server, View};
use serde_json::{Value, json};
use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    time::{Duration, Instant},
};

const FORKS: usize = 10_000;
const CHANGES: usize = 10;
const DEPTH: usize = 5;

#[tokio::main]
async fn main() {
    let most = std::env::var("MINKAPI_BENCH_PODS").ok().and_then(|text| text.parse().ok()).unwrap_or(100_000);
    println!("| pods | nodes | base | fork in process | named | over HTTP with files | bytes a fork | bytes a named one |");
    println!("|---|---|---|---|---|---|---|---|");
    for pods in [most / 100, most / 10, most] {
        let cluster = Cluster::with(pods).await;
        cluster.forks().await;
        if pods == most {
            cluster.changed_forks();
            cluster.lists();
        }
        cluster.server.shutdown().await.unwrap();
    }
}

struct Cluster {
    server: Server,
    pods: usize,
    base_bytes: usize,
    folder: tempfile::TempDir,
}

impl Cluster {
    async fn with(pods: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let before = resident();
        let server = Server::launch(Config { kubeconfig: folder.path().join("minkapi.yaml"), ..Config::default() }).await.unwrap();
        let base = server.base();
        for n in 0..pods / 20 {
            base.create_object(&node(n)).await.unwrap();
        }
        for n in 0..pods {
            base.create_object(&pod(n, pods / 20)).await.unwrap();
        }
        Self { server, pods, base_bytes: resident().saturating_sub(before), folder }
    }

    async fn forks(&self) {
        let base = self.server.base();
        let (values, fork_bytes, fork_time) = measured(|| (0..FORKS).map(|_| base.fork().unwrap()).collect::<Vec<View>>());
        drop(values);
        let views = minkapi::Views::new(Default::default());
        let options = CreateView::default();
        let ((), named_bytes, named_time) = measured(|| {
            (0..FORKS).for_each(|n| drop(views.create(&format!("v{n}"), &options).unwrap()));
        });
        drop(views);
        let times = self.over_http(1000);
        println!(
            "| {} | {} | {} MiB | {:.1} µs | {:.1} µs | {:.0} µs (p99 {:.0} µs) | {} | {} |",
            self.pods,
            self.pods / 20,
            self.base_bytes >> 20,
            micros(fork_time) / FORKS as f64,
            micros(named_time) / FORKS as f64,
            micros(times[times.len() / 2]),
            micros(times[times.len() * 99 / 100]),
            fork_bytes / FORKS,
            named_bytes / FORKS,
        );
    }

    /// Sorted times of `POST /views/<name>`.
    fn over_http(&self, count: usize) -> Vec<Duration> {
        let mut connection = Connection::open(&self.server);
        let mut times: Vec<Duration> = (0..count)
            .map(|n| {
                let start = Instant::now();
                connection.call("POST", &format!("/views/http-{n}"));
                start.elapsed()
            })
            .collect();
        assert!(self.folder.path().join("minkapi-http-0.yaml").exists());
        (0..count).for_each(|n| drop(connection.call("DELETE", &format!("/views/http-{n}"))));
        times.sort();
        times
    }

    /// Many forks alive, each with its own changes to pods.
    fn changed_forks(&self) {
        let base = self.server.base();
        let kind = minkapi_store::Kind::new("pods");
        let (values, bytes, time) = measured(|| {
            let fork = |n: usize| {
                let fork = base.fork().unwrap();
                for change in 0..CHANGES {
                    let name = format!("pod-{:06}", (n * 7919 + change * 104_729) % self.pods);
                    let key = minkapi_store::Key::new("default", &name);
                    let object = fork.store().snapshot().get(kind, &key).unwrap();
                    let mut value = object.to_value();
                    value["metadata"]["labels"]["changed"] = n.to_string().into();
                    let draft = minkapi_object::Draft::new(&value, object.head().fields.to_vec().into(), fork.revision() + 1);
                    let put = |revision, _: Option<&_>| minkapi_store::Change::Put(draft.stamp(revision));
                    fork.store().commit(kind, key, minkapi_store::Expect::Present, put).unwrap();
                }
                fork
            };
            (0..FORKS).map(fork).collect::<Vec<_>>()
        });
        println!(
            "\n{FORKS} forks with {CHANGES} changed pods each: {} KiB a fork, {:.0} µs each with its changes",
            bytes / FORKS / 1024,
            micros(time) / FORKS as f64
        );
        let start = Instant::now();
        drop(values);
        println!("dropping them: {:.1} µs each", micros(start.elapsed()) / FORKS as f64);
    }

    /// LIST of all pods through a nest of forks, each of which has changed its part of one in a hundred.
    fn lists(&self) {
        let mut parent = "base".to_owned();
        let kind = minkapi_store::Kind::new("pods");
        for depth in 0..DEPTH {
            let name = format!("nest-{depth}");
            let made = self.server.create_view(&name, &CreateView { from: parent, ..CreateView::default() }).unwrap();
            for n in (depth * 100 / DEPTH..self.pods).step_by(100 * DEPTH) {
                let key = minkapi_store::Key::new("default", &format!("pod-{n:06}"));
                let change = |revision, old: Option<&std::sync::Arc<minkapi::Object>>| {
                    minkapi_store::Change::Put(old.unwrap().with_resource_version(revision))
                };
                made.view.store().commit(kind, key, minkapi_store::Expect::Present, change).unwrap();
            }
            parent = name;
        }
        let best = |view: &str| {
            let list = || {
                let start = Instant::now();
                let bytes = list(&self.server, &format!("/{view}/api/v1/pods"));
                (start.elapsed(), bytes)
            };
            (0..5).map(|_| list()).min().unwrap()
        };
        let ((base, bytes), (nest, _)) = (best("base"), best(&parent));
        println!(
            "LIST of {} pods ({} MiB): base {base:.0?}, nest of {DEPTH} with 1 % changed {nest:.0?}, {:.2} times",
            self.pods,
            bytes >> 20,
            nest.as_secs_f64() / base.as_secs_f64()
        );
        let scan = |view: &View| {
            let once = || {
                let start = Instant::now();
                assert_eq!(view.store().snapshot().range(kind, None, None).count(), self.pods);
                start.elapsed()
            };
            (0..5).map(|_| once()).min().unwrap()
        };
        let views = self.server.views();
        let (base, nest) = (scan(&views.base()), scan(&views.get(&parent).unwrap()));
        println!("the scan alone: base {base:.1?}, nest {nest:.1?}");
        let summarised = |what: &str, view: &View| {
            let start = Instant::now();
            let bound = view.summary().bound;
            println!("{what}: {:.1?} ({bound} bound)", start.elapsed());
        };
        summarised("the first summary of a server", &views.base());
        summarised("a later one, of the nest", &views.get(&parent).unwrap());
    }
}

fn node(n: usize) -> Value {
    let room = json!({"cpu": "32", "memory": "128Gi", "pods": "110"});
    json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": format!("node-{n:05}")}, "status": {"capacity": room, "allocatable": room}})
}

/// A pod of about 4 KB.
fn pod(n: usize, nodes: usize) -> Value {
    let environment: Vec<Value> =
        (0..30).map(|v| json!({"name": format!("SETTING_{v}"), "value": format!("value {v} of pod {n}")})).collect();
    let resources = json!({"requests": {"cpu": "250m", "memory": "512Mi"}, "limits": {"memory": "1Gi"}});
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": format!("pod-{n:06}"), "namespace": "default", "labels": {"app": format!("app-{}", n % 100), "tier": "web"}},
        "spec": {
            "nodeName": format!("node-{:05}", n % nodes),
            "containers": [{"name": "main", "image": "registry.example/team/app:1.2.3", "env": environment, "resources": resources}],
        },
    })
}

/// What `work` makes, the bytes by which the process has grown, and the time it took.
fn measured<T>(work: impl FnOnce() -> T) -> (T, usize, Duration) {
    let (before, start) = (resident(), Instant::now());
    let made = work();
    let time = start.elapsed();
    (made, resident().saturating_sub(before), time)
}

/// Bytes of memory that the process has resident.
fn resident() -> usize {
    let status = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    status.split_whitespace().nth(1).and_then(|pages| pages.parse::<usize>().ok()).unwrap_or(0) * 4096
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

fn address(server: &Server) -> String {
    server.url().trim_start_matches("http://").split('/').next().unwrap().to_owned()
}

/// Bytes of the answer to a GET.
fn list(server: &Server, path: &str) -> usize {
    let mut stream = TcpStream::connect(address(server)).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let (mut buffer, mut total) = (vec![0; 1 << 20], 0);
    loop {
        match stream.read(&mut buffer).unwrap() {
            0 => return total,
            read => total += read,
        }
    }
}

/// One connection for short requests.
struct Connection(BufReader<TcpStream>);

impl Connection {
    fn open(server: &Server) -> Self {
        let stream = TcpStream::connect(address(server)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self(BufReader::new(stream))
    }

    fn call(&mut self, method: &str, path: &str) -> Vec<u8> {
        let request = format!("{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
        self.0.get_mut().write_all(request.as_bytes()).unwrap();
        let mut length = 0;
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).unwrap();
            if line.trim().is_empty() {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).unwrap();
        body
    }
}

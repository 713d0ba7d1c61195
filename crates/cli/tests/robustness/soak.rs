//! Load that is held: objects that come, change and go, watchers that follow them, forks, slow readers and clients that die.
//! Every watcher must end with what a list shows, nothing may fail, and after a third of the time memory must not grow.
//!
//! A minute by default; `cargo xtask soak --minutes 20` (`MINKAPI_SOAK_MINUTES`) is the long form.

use crate::{
    client::{Client, Watch},
    server::{Server, request},
};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    env, io,
    io::{Read as _, Write as _},
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// The views in which is written and watched all the time; the second is a live fork of the first.
const VIEWS: [&str; 2] = ["base", "staging"];

/// Different objects; the writers meet at them.
const OBJECTS: u64 = 100;

/// Lines of the table.
const ROWS: u32 = 12;

fn config_maps(view: &str) -> String {
    format!("/{view}/api/v1/namespaces/default/configmaps")
}

/// What happens meanwhile.
struct Soak {
    server: Server,
    writing: AtomicBool,
    /// How far each view has come when nothing is written any more.
    last: [AtomicU64; 2],
    requests: AtomicU64,
    events: AtomicU64,
    forks: AtomicU64,
    killed: AtomicU64,
    errors: Mutex<Vec<String>>,
}

#[test]
fn under_load_memory_does_not_grow_and_no_event_is_lost() {
    let minutes: f64 = env::var("MINKAPI_SOAK_MINUTES").ok().and_then(|text| text.parse().ok()).unwrap_or(1.0);
    let length = Duration::from_secs_f64(minutes * 60.0);
    let soak = Soak {
        // A history that is full after the warm-up.
        server: Server::start(&["--history-events", "2000"]),
        writing: AtomicBool::new(true),
        last: [AtomicU64::new(0), AtomicU64::new(0)],
        requests: AtomicU64::new(0),
        events: AtomicU64::new(0),
        forks: AtomicU64::new(0),
        killed: AtomicU64::new(0),
        errors: Mutex::default(),
    };
    soak.note("the fork", soak.call("POST", "/views/staging", &json!({})).map(drop));
    let mut memory = Vec::new();
    thread::scope(|scope| {
        let soak = &soak;
        let watchers: Vec<_> = (0..8).map(|n| (n % 2, scope.spawn(move || soak.follow(n % 2)))).collect();
        let mut writers = Vec::new();
        for (writer, view) in (0_u64..).zip(VIEWS.iter().cycle().take(4)) {
            writers.push(scope.spawn(move || soak.repeat("a write", |client, round| soak.change(client, view, writer, round))));
        }
        writers.push(scope.spawn(|| soak.repeat("a fork", |client, round| soak.fork(client, round))));
        writers.push(scope.spawn(|| soak.repeat("a slow reader", |_, _| soak.read_slowly())));
        writers.push(scope.spawn(|| soak.repeat("a client that dies", |_, round| soak.die(round))));
        memory = soak.look(length);
        soak.writing.store(false, Ordering::Relaxed);
        writers.into_iter().for_each(|writer| writer.join().unwrap());
        let lists = VIEWS.map(|view| soak.list(view).unwrap());
        for (last, (revision, _)) in soak.last.iter().zip(&lists) {
            last.store(*revision, Ordering::Relaxed);
        }
        // One more change, so that no watcher waits for an event that does not come.
        for view in VIEWS {
            soak.note(
                "the last write",
                soak.call("POST", &config_maps(view), &json!({"metadata": {"name": format!("last-in-{view}")}})).map(drop),
            );
        }
        for (view, watcher) in watchers {
            let (_, expected) = &lists[view];
            let followed: BTreeMap<String, String> = watcher.join().unwrap();
            assert_eq!(&followed, expected, "what a watcher of {} has seen", VIEWS[view]);
        }
    });
    let errors = soak.errors.lock().unwrap();
    assert!(errors.is_empty(), "{} errors: {:?}", errors.len(), &errors[..errors.len().min(5)]);
    // Half of the time after the warm-up against the other half.
    let after: &[u64] = &memory[memory.len() / 3..];
    let (early, late) = after.split_at(after.len() / 2);
    let most = |samples: &[u64]| samples.iter().copied().max().unwrap_or_default();
    assert!(most(late) <= most(early) + most(early) / 10 + 4, "{} MiB at first, {} MiB later", most(early), most(late));
}

impl Soak {
    fn note(&self, what: &str, result: io::Result<()>) {
        if let Err(err) = result {
            self.errors.lock().unwrap().push(format!("{what}: {err}"));
        }
    }

    fn call(&self, method: &str, path: &str, body: &Value) -> io::Result<(u16, Value)> {
        Client::connect(&self.server.address)?.call(method, path, body)
    }

    /// Does something again and again while there is writing, over one connection.
    fn repeat(&self, what: &str, mut work: impl FnMut(&mut Client, u64) -> io::Result<()>) {
        let mut client = Client::connect(&self.server.address).unwrap();
        for round in 0.. {
            if !self.writing.load(Ordering::Relaxed) {
                return;
            }
            self.note(what, work(&mut client, round));
        }
    }

    /// A request of which only these answers are none of the server's faults.
    fn expect(&self, client: &mut Client, codes: &[u16], method: &str, path: &str, body: &Value) -> io::Result<Value> {
        let (code, answer) = client.call(method, path, body)?;
        self.requests.fetch_add(1, Ordering::Relaxed);
        if codes.contains(&code) { Ok(answer) } else { Err(io::Error::other(format!("{code} for {method} {path}: {answer}"))) }
    }

    /// One object is made, changed in two ways, or goes.
    fn change(&self, client: &mut Client, view: &str, writer: u64, round: u64) -> io::Result<()> {
        let name = format!("c{}", (round * 7919 + writer * 31) % OBJECTS);
        let (all, one) = (config_maps(view), format!("{}/{name}", config_maps(view)));
        let object = json!({"metadata": {"name": name, "labels": {"round": (round % 10).to_string()}}, "data": {"key": "x".repeat(500)}});
        match round / OBJECTS % 4 {
            0 => self.expect(client, &[201, 409], "POST", &all, &object),
            1 => self.expect(client, &[200, 404], "PATCH", &one, &json!({"data": {"round": round.to_string()}})),
            2 => self.expect(client, &[200, 404], "PUT", &one, &object),
            _ => self.expect(client, &[200, 404], "DELETE", &one, &Value::Null),
        }?;
        // What is held is to be held for long, on machines that do other things too.
        thread::sleep(Duration::from_millis(1));
        Ok(())
    }

    /// A fork that is written and read, and goes.
    fn fork(&self, client: &mut Client, round: u64) -> io::Result<()> {
        let view = format!("fork-{round}");
        let options =
            json!({"from": VIEWS[usize::from(round.is_multiple_of(3))], "mode": if round.is_multiple_of(2) { "live" } else { "frozen" }});
        self.expect(client, &[201], "POST", &format!("/views/{view}"), &options)?;
        let object = json!({"metadata": {"name": "mine"}});
        self.expect(client, &[201], "POST", &config_maps(&view), &object)?;
        let list = self.expect(client, &[200], "GET", &config_maps(&view), &Value::Null)?;
        let watch = format!("{}?watch=1&resourceVersion={}", config_maps(&view), text(&list["metadata"]["resourceVersion"]));
        let watch = Client::connect(&self.server.address)?.watch(&watch)?;
        self.expect(client, &[200], "DELETE", &format!("{}/mine", config_maps(&view)), &Value::Null)?;
        self.expect(client, &[200], "DELETE", &format!("/views/{view}"), &Value::Null)?;
        drop(watch);
        self.forks.fetch_add(1, Ordering::Relaxed);
        thread::sleep(Duration::from_millis(10));
        Ok(())
    }

    /// A watch of which little is read, before its client gives up.
    fn read_slowly(&self) -> io::Result<()> {
        let mut connection = self.server.connect();
        connection.write_all(&request("GET", &format!("{}?watch=1", config_maps("base")), "", b""))?;
        for _ in 0..40 {
            connection.read_exact(&mut [0; 64])?;
            thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// A client that is gone in the middle of a request, a list or a watch.
    fn die(&self, round: u64) -> io::Result<()> {
        let mut connection = self.server.connect();
        let path = config_maps(VIEWS[usize::from(round.is_multiple_of(2))]);
        let bytes = match round % 3 {
            0 => request("POST", &path, "content-type: application/json\r\n", br#"{"metadata": {"name": "never"}}"#),
            1 => request("GET", &path, "", b""),
            _ => request("GET", &format!("{path}?watch=1"), "", b""),
        };
        let sent = if round.is_multiple_of(3) { bytes.len() - 10 } else { bytes.len() };
        connection.write_all(&bytes[..sent])?;
        thread::sleep(Duration::from_millis(20));
        self.killed.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// The revision of a view, and the version of each object in it.
    fn list(&self, view: &str) -> io::Result<(u64, BTreeMap<String, String>)> {
        let (_, list) = self.call("GET", &config_maps(view), &Value::Null)?;
        let objects =
            list["items"].as_array().into_iter().flatten().map(|o| (text(&o["metadata"]["name"]), text(&o["metadata"]["resourceVersion"])));
        Ok((revision(&list), objects.collect()))
    }

    /// Follows a view as an informer does: a list, and watches that go on where the last one ended. Returns what it knows when
    /// there is nothing more to come.
    fn follow(&self, view: usize) -> BTreeMap<String, String> {
        let (mut at, mut known) = self.list(VIEWS[view]).unwrap();
        loop {
            let path = format!("{}?watch=1&allowWatchBookmarks=true&timeoutSeconds=7&resourceVersion={at}", config_maps(VIEWS[view]));
            let followed = Client::connect(&self.server.address)
                .and_then(|client| client.watch(&path))
                .and_then(|watch| self.apply(watch, &mut at, &mut known, view));
            match followed {
                Ok(true) => return known,
                Ok(false) => {}
                Err(err) => {
                    self.note("a watch", Err(err));
                    return known;
                }
            }
        }
    }

    /// Takes events in; true when all that counts was seen.
    fn apply(&self, mut watch: Watch, at: &mut u64, known: &mut BTreeMap<String, String>, view: usize) -> io::Result<bool> {
        while let Some(event) = watch.next()? {
            let object = &event["object"];
            let now = revision(object);
            let last = self.last[view].load(Ordering::Relaxed);
            if last > 0 && now > last {
                return Ok(true);
            }
            let name = text(&object["metadata"]["name"]);
            match event["type"].as_str() {
                Some("ADDED" | "MODIFIED") => drop(known.insert(name, now.to_string())),
                Some("DELETED") => drop(known.remove(&name)),
                Some("BOOKMARK") => {}
                _ => return Err(io::Error::other(event.to_string())),
            }
            if now < *at {
                return Err(io::Error::other(format!("{now} after {at}")));
            }
            *at = now;
            self.events.fetch_add(1, Ordering::Relaxed);
        }
        Ok(false)
    }

    /// Prints a table of what happens, for so long; returns the memory in MiB, sampled often.
    fn look(&self, length: Duration) -> Vec<u64> {
        println!(
            "{:>8}{:>12}{:>12}{:>12}{:>8}{:>8}{:>8}{:>8}",
            "seconds", "memory MiB", "requests", "events", "forks", "killed", "files", "errors"
        );
        let (start, mut memory) = (Instant::now(), Vec::new());
        for row in 1..=ROWS {
            while start.elapsed() < length * row / ROWS {
                thread::sleep(Duration::from_millis(250));
                memory.push(self.server.memory_mib());
            }
            println!(
                "{:>8}{:>12}{:>12}{:>12}{:>8}{:>8}{:>8}{:>8}",
                start.elapsed().as_secs(),
                self.server.memory_mib(),
                self.requests.load(Ordering::Relaxed),
                self.events.load(Ordering::Relaxed),
                self.forks.load(Ordering::Relaxed),
                self.killed.load(Ordering::Relaxed),
                self.server.open_files(),
                self.errors.lock().unwrap().len(),
            );
        }
        memory
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn revision(object: &Value) -> u64 {
    text(&object["metadata"]["resourceVersion"]).parse().unwrap_or_default()
}

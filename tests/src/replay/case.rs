//! One recorded conversation.

use super::{
    Json,
    compare::{self, Difference},
    json::Object,
    normalise,
    substitute::Substitution,
};
use crate::{
    Target,
    http::{Closer, Connection, Head},
};
use std::{
    collections::BTreeMap,
    fs, io,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

/// Header fields that are compared.
const HEADERS: [&str; 5] = ["content-type", "warning", "retry-after", "cache-control", "allow"];

/// What is waited for at most: what was recorded comes, but a machine may stand still for long.
const PATIENCE: Duration = Duration::from_secs(60);

/// A recorded conversation.
#[derive(Debug, Clone)]
pub struct Case(Json);

/// An open watch: its events as they come.
struct Stream {
    events: mpsc::Receiver<Json>,
    ended: Arc<AtomicBool>,
    closer: Closer,
}

/// A conversation under way.
struct Run<'a> {
    target: &'a Target,
    connection: Connection,
    streams: BTreeMap<String, Stream>,
    known: Substitution,
}

impl Case {
    /// Reads a recording.
    ///
    /// # Errors
    /// A file that cannot be read or is not JSON.
    pub fn read(path: &Path) -> io::Result<Self> {
        Ok(Self(serde_json::from_slice(&fs::read(path)?)?))
    }

    /// What it is about.
    pub fn about(&self) -> &str {
        self.0["about"].as_str().unwrap_or_default()
    }

    /// Holds the conversation with a server and compares its answers with the recorded ones.
    pub fn check(&self, target: &Target) -> Vec<Difference> {
        let steps = self.0["steps"].as_array().map(Vec::as_slice).unwrap_or_default();
        let (namespace, answers) = match self.run(target) {
            Ok(done) => done,
            Err(err) => return vec![Difference::broken(&err.to_string())],
        };
        let answers = normalise::answers(&namespace, &answers);
        compare::answers(steps, &answers)
    }

    fn run(&self, target: &Target) -> io::Result<(String, Vec<Json>)> {
        let namespace = random_namespace();
        let own_namespace = self.0["namespace"] != Json::Bool(false);
        let mut run =
            Run { target, connection: Connection::open(&target.host)?, streams: BTreeMap::new(), known: Substitution::new(&namespace) };
        if own_namespace {
            let body = serde_json::json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}).to_string();
            run.call("POST", "/api/v1/namespaces", &Object::new(), Some(body.into_bytes()))?;
        }
        let mut out = Vec::new();
        for step in self.0["steps"].as_array().map(Vec::as_slice).unwrap_or_default() {
            match run.step(step) {
                Ok(answer) => out.push(answer),
                Err(err) => {
                    // A broken conversation is compared as far as it went.
                    out.push(Json::object([("broken", err.to_string().into())]));
                    break;
                }
            }
        }
        for stream in run.streams.values() {
            stream.closer.close();
        }
        for path in self.0["cleanup"].as_array().into_iter().flatten().filter_map(Json::as_str) {
            let path = run.known.text(path)?;
            let _ = run.call("DELETE", &path, &Object::new(), None);
        }
        if own_namespace {
            let _ = run.call("DELETE", &format!("/api/v1/namespaces/{namespace}"), &Object::new(), None);
        }
        Ok((namespace, out))
    }
}

impl Run<'_> {
    fn step(&mut self, step: &Json) -> io::Result<Json> {
        if let Some(request) = step["do"].as_str() {
            return self.request(step, request);
        }
        if let Some(path) = step["watch"].as_str() {
            return self.watch(step, path);
        }
        if let Some(watch) = step["events"].as_str() {
            return self.events(step, watch);
        }
        if let Some(watch) = step["close"].as_str() {
            if let Some(stream) = self.streams.get(watch) {
                stream.closer.close();
            }
        } else if let Some(seconds) = step["sleep"].as_f64() {
            thread::sleep(Duration::from_secs_f64(seconds));
        }
        Ok(Json::object([]))
    }

    fn request(&mut self, step: &Json, request: &str) -> io::Result<Json> {
        let request = self.known.text(request)?;
        let (method, path) = request.split_once(' ').unwrap_or((&request, "/"));
        let body = match step.get("body") {
            None | Some(Json::Null) => None,
            Some(body) => Some(match self.known.value(body)? {
                Json::String(text) => text.into_bytes(),
                other => other.to_string().into_bytes(),
            }),
        };
        let headers = self.headers(step)?;
        let until = Instant::now() + if step.get("retry").is_some() { PATIENCE } else { Duration::ZERO };
        let wanted = step.get("until").or_else(|| step["expect"].get("status")).and_then(Json::as_u64);
        let answer = loop {
            let (head, raw) = self.call(method, path, &headers, body.clone())?;
            if Instant::now() >= until || wanted.is_none_or(|w| w == u64::from(head.status)) {
                let body = if raw.is_empty() { Json::Null } else { parse(&raw) };
                break Json::object([("status", Json::Number(head.status.into())), ("headers", picked(&head)), ("body", body)]);
            }
            thread::sleep(Duration::from_millis(50));
        };
        if let Some(id) = step["id"].as_str() {
            self.known.learn(id, answer.clone());
        }
        Ok(answer)
    }

    fn headers(&self, step: &Json) -> io::Result<Object> {
        match self.known.value(step.get("headers").unwrap_or(&Json::Null))? {
            Json::Object(map) => Ok(map),
            _ => Ok(Object::new()),
        }
    }

    /// One request, tried again on a fresh connection if the server has closed this one.
    fn call(&mut self, method: &str, path: &str, headers: &Object, body: Option<Vec<u8>>) -> io::Result<(Head, Vec<u8>)> {
        let path = quoted(&format!("{}{path}", self.target.prefix));
        let headers = with_defaults(method, headers, body.is_some());
        if let Ok(answer) = self.connection.call(method, &path, &headers, body.as_deref()) {
            return Ok(answer);
        }
        self.connection = Connection::open(&self.target.host)?;
        self.connection.call(method, &path, &headers, body.as_deref())
    }

    fn watch(&mut self, step: &Json, path: &str) -> io::Result<Json> {
        let path = quoted(&format!("{}{}", self.target.prefix, self.known.text(path)?));
        let headers = with_defaults("GET", &self.headers(step)?, false);
        let (head, mut pieces) = Connection::open(&self.target.host)?.stream(&path, &headers)?;
        let (sender, events) = mpsc::channel();
        let ended = Arc::new(AtomicBool::new(false));
        let stream = Stream { events, ended: ended.clone(), closer: pieces.closer()? };
        self.streams.insert(step["id"].as_str().unwrap_or_default().to_owned(), stream);
        thread::spawn(move || {
            let mut buffer = Vec::new();
            while let Ok(Some(piece)) = pieces.next_piece() {
                buffer.extend(piece);
                while let Some(end) = buffer.iter().position(|b| *b == b'\n') {
                    let line: Vec<u8> = buffer.drain(..=end).collect();
                    if !line.trim_ascii().is_empty() && sender.send(parse(line.trim_ascii())).is_err() {
                        return;
                    }
                }
            }
            if !buffer.trim_ascii().is_empty() {
                let _ = sender.send(parse(&buffer));
            }
            ended.store(true, Ordering::SeqCst);
        });
        Ok(Json::object([("status", Json::Number(head.status.into())), ("headers", picked(&head))]))
    }

    fn events(&mut self, step: &Json, watch: &str) -> io::Result<Json> {
        let stream = self.streams.get(watch).ok_or_else(|| io::Error::other(format!("no watch {watch}")))?;
        let count = usize::try_from(step["count"].as_u64().unwrap_or(1)).unwrap_or(1);
        let expected = step["expect"]["events"].as_array().map_or(0, Vec::len);
        let ends = step["expect"]["ended"] == Json::Bool(true);
        let within = Duration::from_secs_f64(step["within"].as_f64().unwrap_or(3.0));
        // That nothing more comes can only be told by time.
        let until = Instant::now() + if expected >= count || ends { PATIENCE } else { within };
        let mut found = Vec::new();
        while found.len() < count && Instant::now() < until {
            match stream.events.recv_timeout(Duration::from_millis(20)) {
                Ok(event) => found.push(event),
                Err(_) if stream.ended.load(Ordering::SeqCst) => {
                    found.extend(stream.events.try_iter());
                    break;
                }
                Err(_) => {}
            }
        }
        // One event too many is a difference too.
        let grace = Instant::now() + Duration::from_millis(150);
        while Instant::now() < grace {
            if let Ok(event) = stream.events.recv_timeout(Duration::from_millis(20)) {
                found.push(event);
            }
        }
        while ends && !stream.ended.load(Ordering::SeqCst) && Instant::now() < until {
            thread::sleep(Duration::from_millis(20));
        }
        let ended = stream.ended.load(Ordering::SeqCst);
        if let Some(id) = step["id"].as_str() {
            let events = Json::Array(found.clone());
            self.known.learn(id, Json::object([("events", events.clone()), ("headers", Json::object([])), ("body", events)]));
        }
        Ok(Json::object([("events", Json::Array(found)), ("ended", Json::Bool(ended))]))
    }
}

/// The headers that every recorded request was sent with, unless the step sets or (with null) removes them.
fn with_defaults(method: &str, given: &Object, has_body: bool) -> Vec<(String, String)> {
    let mut all: BTreeMap<String, Option<String>> =
        [("User-Agent", "golden/1.0"), ("Accept", "application/json")].map(|(k, v)| (k.to_owned(), Some(v.to_owned()))).into();
    if has_body && method != "PATCH" {
        all.insert("Content-Type".to_owned(), Some("application/json".to_owned()));
    }
    for (name, value) in given {
        all.insert(name.clone(), value.as_str().map(str::to_owned));
    }
    all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// The path as it was sent when recording: what is not safe in a request line is percent-encoded.
fn quoted(path: &str) -> String {
    const SAFE: &[u8] = b"/?&=%:,;+~!*'()@$[]{}\"<>|^`_.-";
    path.bytes()
        .map(|b| if b.is_ascii_alphanumeric() || SAFE.contains(&b) { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

fn picked(head: &Head) -> Json {
    let mut out = Object::new();
    for name in HEADERS {
        match head.all(name).as_slice() {
            [] => {}
            [one] => {
                out.insert(name.to_owned(), (*one).into());
            }
            several => {
                out.insert(name.to_owned(), several.iter().map(|value| Json::from(*value)).collect());
            }
        }
    }
    Json::Object(out)
}

/// JSON as a value, anything else as text.
fn parse(raw: &[u8]) -> Json {
    serde_json::from_slice(raw).unwrap_or_else(|_| {
        let mut text = String::new();
        for chunk in raw.utf8_chunks() {
            text.push_str(chunk.valid());
            chunk.invalid().iter().for_each(|b| text.push_str(&format!("\\x{b:02x}")));
        }
        text.into()
    })
}

fn random_namespace() -> String {
    use std::hash::{BuildHasher as _, RandomState};
    const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let mut seed = RandomState::new().hash_one(Instant::now());
    let mut name = String::from("golden-");
    for _ in 0..8 {
        let at = usize::try_from(seed % 27).unwrap_or(0);
        name.push(ALPHABET.get(at).map_or('b', |b| char::from(*b)));
        seed /= 27;
    }
    name
}

//! Creates of random objects of every kind: no answer is 500, and what is taken can be taken again.
//!
//! Objects are recorded ones, changed at random (`minkapi_tests::create_fuzz`). A short run is part of every test; a longer
//! one is had with `MINKAPI_FUZZ_SECONDS=600`, other objects with `MINKAPI_FUZZ_FROM=<number>`, one kind with
//! `MINKAPI_FUZZ_KIND=<name>`. With `MINKAPI_REFERENCE=http://127.0.0.1:8001` (a `kubectl proxy` to a kube-apiserver of the
//! same version) the same objects are sent there as well, dry, and the answers compared.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

use minkapi_tests::{
    Target, TestServer,
    create_fuzz::{Candidate, Corpus},
    http::Connection,
};
use regex::Regex;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    env,
    sync::LazyLock,
    time::{Duration, Instant},
};

/// Objects of a short run.
const SHORT: u64 = 3000;

/// What the server sets, and what it would refuse or set anew.
const SET_BY_SERVER: [&str; 6] = ["uid", "resourceVersion", "creationTimestamp", "managedFields", "generation", "selfLink"];

/// Plugins that the reference is started without (`--disable-admission-plugins`); it must allow privileged pods.
const REFERENCE_WITHOUT: [&str; 2] = ["ServiceAccount", "TaintNodesByCondition"];

/// What kube-apiserver answers with 500, too.
const ALSO_500: [&str; 2] = [
    "resourceVersion should not be set on objects to be created",
    "Internal error occurred: failed to allocate requested HealthCheck NodePort",
];

/// The numbers to try: as many as fit in the time, or a fixed count.
fn numbers() -> impl Iterator<Item = u64> {
    let of = |name: &str| env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let from = of("MINKAPI_FUZZ_FROM").unwrap_or(0);
    let until = of("MINKAPI_FUZZ_SECONDS").map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let count = of("MINKAPI_FUZZ_COUNT").unwrap_or(SHORT);
    (from..).take_while(move |n| until.map_or(*n < from + count, |until| Instant::now() < until))
}

fn corpus(namespace: &str) -> Corpus {
    let corpus = Corpus::read(namespace).unwrap();
    match env::var("MINKAPI_FUZZ_KIND") {
        Ok(kind) => corpus.of_kinds(&kind),
        Err(_) => corpus,
    }
}

struct Client {
    target: Target,
    connection: Connection,
}

/// Code, warnings and body of an answer.
type Answer = (u16, Vec<String>, Value);

impl Client {
    fn new(target: Target) -> Self {
        Self { connection: Connection::open(&target.host).unwrap(), target }
    }

    fn call(&mut self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let path = format!("{}{path}", self.target.prefix);
        let headers = ["Content-Type", "Accept"].map(|name| (name.to_owned(), "application/json".to_owned()));
        let headers = [headers.as_slice(), &[("User-Agent".to_owned(), "fuzz".to_owned())]].concat();
        let body = body.map(Value::to_string);
        let mut attempt = || self.connection.call(method, &path, &headers, body.as_deref().map(str::as_bytes));
        let answer = attempt().or_else(|_| {
            self.connection = Connection::open(&self.target.host)?;
            self.connection.call(method, &path, &headers, body.as_deref().map(str::as_bytes))
        });
        let (head, raw) = answer.unwrap_or_else(|err| panic!("{method} {path} {body:?}: {err}"));
        let warnings = head.all("warning").into_iter().map(str::to_owned).collect();
        (head.status, warnings, serde_json::from_slice(&raw).unwrap_or_else(|_| String::from_utf8_lossy(&raw).into()))
    }
}

#[test]
fn what_is_created_can_be_created_again_from_what_is_read_and_nothing_breaks_the_server() {
    let server = TestServer::launch();
    let [first, second] = ["first", "second"].map(|name| server.sandbox(name).view);
    let [mut one, mut other] = [&first, &second].map(|view| Client::new(server.target(view)));
    let corpus = corpus("default");
    let (mut tried, mut accepted, mut findings) = (BTreeMap::<&str, usize>::new(), 0, Vec::new());
    for number in numbers() {
        let Some(Candidate { seed, object, .. }) = corpus.candidate(number) else { break };
        *tried.entry(&seed.resource.kind).or_default() += 1;
        let collection = seed.collection("default");
        let (code, _, created) = one.call("POST", &collection, Some(&object));
        let is_upstreams = |text: &str| created["message"].as_str().is_some_and(|message| message.starts_with(text));
        if code >= 500 && !ALSO_500.iter().any(|text| is_upstreams(text)) {
            findings.push(format!("{number}: {code} {} for {object}", created["message"]));
        }
        if code < 300 {
            accepted += 1;
            let name = created["metadata"]["name"].as_str().unwrap();
            let (code, _, read) = one.call("GET", &format!("{collection}/{}", escape(name)), None);
            assert_eq!((code, &read["spec"]), (200, &created["spec"]), "{number}: GET shows what POST answered");
            let mut again = read.clone();
            let metadata = again["metadata"].as_object_mut().unwrap();
            SET_BY_SERVER.iter().for_each(|field| drop(metadata.remove(*field)));
            forget_own_uid(&mut again);
            let (code, _, answer) = other.call("POST", &collection, Some(&again));
            if code != 201 {
                findings.push(format!("{number}: {code} {} for {again}", answer["message"]));
            }
        }
        [&first, &second].iter().for_each(|view| drop(view.reset()));
    }
    eprintln!("{} objects of {} kinds, {accepted} of them taken", tried.values().sum::<usize>(), tried.len());
    assert!(findings.is_empty(), "{} findings:\n{}", findings.len(), findings.join("\n"));
}

/// A job's selector and labels hold its uid, as with kube-apiserver: they must go before it can be created again.
fn forget_own_uid(object: &mut Value) {
    if object["kind"] != "Job" || object["spec"]["manualSelector"] == true {
        return;
    }
    const GENERATED: [&str; 4] = ["controller-uid", "job-name", "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name"];
    for at in ["/metadata/labels", "/spec/selector/matchLabels", "/spec/template/metadata/labels"] {
        if let Some(labels) = object.pointer_mut(at).and_then(Value::as_object_mut) {
            GENERATED.iter().for_each(|label| drop(labels.remove(*label)));
        }
    }
}

/// kube-apiserver and a server of ours with this namespace, if there is the former.
fn reference_and_ours(namespace: &str) -> Option<(TestServer, [Client; 2])> {
    let Ok(reference) = env::var("MINKAPI_REFERENCE") else {
        eprintln!("skipped: MINKAPI_REFERENCE names no kube-apiserver to compare with");
        return None;
    };
    let server = TestServer::launch_with(|config| config.disable_admission_plugins = REFERENCE_WITHOUT.map(str::to_owned).to_vec());
    let mut both = [Target::parse(&reference).unwrap(), server.base()].map(Client::new);
    for client in &mut both {
        client.call("POST", "/api/v1/namespaces", Some(&json!({"metadata": {"name": namespace}})));
    }
    Some((server, both))
}

#[test]
fn random_objects_are_answered_as_by_kube_apiserver() {
    let namespace = "fuzz";
    let Some((_server, mut both)) = reference_and_ours(namespace) else { return };
    let corpus = corpus(namespace);
    let (mut count, mut findings) = (0, 0);
    for number in numbers() {
        let Some(Candidate { seed, object, .. }) = corpus.candidate(number) else { break };
        let path = format!("{}?dryRun=All", seed.collection(namespace));
        let [theirs, ours] = both.each_mut().map(|client| comparable(client.call("POST", &path, Some(&object))));
        count += 1;
        if theirs != ours {
            findings += 1;
            println!("== {number} POST {path} {object}\n{}", difference(&theirs, &ours));
        }
    }
    assert_eq!(findings, 0, "of {count} objects were answered differently");
}

#[test]
fn random_changes_are_answered_as_by_kube_apiserver() {
    let namespace = "fuzz";
    let Some((_server, mut both)) = reference_and_ours(namespace) else { return };
    let corpus = corpus(namespace);
    let (mut count, mut findings) = (0, 0);
    for number in numbers() {
        let Some(Candidate { seed, object, .. }) = corpus.candidate(number) else { break };
        // What is cluster-scoped may change how others are answered.
        if !seed.resource.namespaced {
            continue;
        }
        let collection = seed.collection(namespace);
        let name = format!("n{number}");
        let mut first = seed.object.clone();
        first["metadata"] = json!({"name": name});
        if both.each_mut().map(|client| client.call("POST", &collection, Some(&first)).0) != [201, 201] {
            continue;
        }
        let path = format!("{collection}/{name}");
        let mut second = object;
        if !second["metadata"].is_object() {
            second["metadata"] = json!({});
        }
        second["metadata"]["name"] = name.clone().into();
        for way in ["?dryRun=All", "/status?dryRun=All"] {
            let [theirs, ours] = both.each_mut().map(|client| comparable(client.call("PUT", &format!("{path}{way}"), Some(&second))));
            count += 1;
            if theirs != ours {
                findings += 1;
                println!("== {number} PUT {collection}{way} {second}\n  from {first}\n{}", difference(&theirs, &ours));
            }
        }
        for client in &mut both {
            client.call("DELETE", &path, Some(&json!({"gracePeriodSeconds": 0, "propagationPolicy": "Background"})));
        }
    }
    assert_eq!(findings, 0, "of {count} changes were answered differently");
}

/// An answer without what differs from one server or moment to another: uids, times, generated names, chosen addresses.
fn comparable((code, mut warnings, body): Answer) -> Answer {
    static UID: LazyLock<Regex> = LazyLock::new(|| Regex::new("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}").unwrap());
    static NOW: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r#"("(?:time|creationTimestamp|lastTransitionTime)":)"20\d\d-[^"]*""#).unwrap());
    static VERSION: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#"("resourceVersion":)"\d+""#).unwrap());
    let text = VERSION.replace_all(&body.to_string(), "$1\"now\"").into_owned();
    let mut text = UID.replace_all(&text, "a-uid").into_owned();
    if let Some(prefix) = body["metadata"]["generateName"].as_str().or(body["details"]["name"].as_str()) {
        let cut: String = prefix.chars().take(58).collect();
        let of_answer = if body["kind"] == "Status" { cut.get(..cut.len().saturating_sub(5)).unwrap_or_default() } else { &cut };
        let name = Regex::new(&format!("{}[bcdfghjklmnpqrstvwxz2456789]{{5}}", regex::escape(of_answer))).unwrap();
        text = name.replace_all(&text, format!("{of_answer}xxxxx").replace('$', "$$")).into_owned();
    }
    let text = NOW.replace_all(&text, "$1\"now\"");
    let mut body: Value = serde_json::from_str(&text).unwrap();
    if code < 300 {
        match body["kind"].as_str() {
            Some("Service") => chosen_by_server(&mut body["spec"]),
            // Who asks is not the same here and there.
            Some("CertificateSigningRequest") => ["uid", "username", "groups"].iter().for_each(|field| body["spec"][*field] = "who".into()),
            _ => {}
        }
    }
    // Go goes through maps in any order, and errors in one map tell of one field.
    if let Some(causes) = body["details"]["causes"].as_array_mut() {
        let text = |cause: &Value, key: &str| cause[key].as_str().unwrap_or_default().to_owned();
        causes.chunk_by_mut(|a, b| a["field"] == b["field"]).for_each(|of_field| of_field.sort_by_key(|cause| text(cause, "message")));
        body["message"] =
            causes.iter().map(|c| format!("{}: {}", text(c, "field"), text(c, "message"))).collect::<Vec<_>>().join("; ").into();
    }
    warnings.sort();
    (code, warnings, body)
}

/// Addresses and ports of a service, which are taken where they are free.
fn chosen_by_server(spec: &mut Value) {
    ["clusterIP", "clusterIPs"].iter().for_each(|field| spec[*field] = "chosen".into());
    let given = |port: &Value| port.as_i64().is_some_and(|port| port != 0);
    if given(&spec["healthCheckNodePort"]) {
        spec["healthCheckNodePort"] = "chosen".into();
    }
    for port in spec["ports"].as_array_mut().into_iter().flatten().filter(|port| given(&port["nodePort"])) {
        port["nodePort"] = "chosen".into();
    }
}

/// A name as a segment of a path.
fn escape(name: &str) -> String {
    name.bytes()
        .map(|b| if b.is_ascii_alphanumeric() || b"-._~:".contains(&b) { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

/// Where two answers differ, a line for each place.
fn difference(theirs: &Answer, ours: &Answer) -> String {
    let mut lines = Vec::new();
    if theirs.0 != ours.0 {
        lines.push(format!("  code {} / {}", theirs.0, ours.0));
    }
    if theirs.1 != ours.1 {
        lines.push(format!("  warnings {:?}\n         / {:?}", theirs.1, ours.1));
    }
    if theirs.0 == ours.0 && theirs.0 < 300 {
        differing("", &theirs.2, &ours.2, &mut lines);
    } else if theirs.2 != ours.2 {
        lines.push(format!("  theirs {}\n  ours   {}", theirs.2["message"], ours.2["message"]));
        if theirs.2["message"] == ours.2["message"] {
            differing("", &theirs.2, &ours.2, &mut lines);
        }
    }
    lines.join("\n")
}

fn differing(path: &str, theirs: &Value, ours: &Value, lines: &mut Vec<String>) {
    match (theirs, ours) {
        (Value::Object(a), Value::Object(b)) => {
            let keys: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for key in keys {
                let [x, y] = [a, b].map(|m| m.get(key).unwrap_or(&Value::Null));
                differing(&format!("{path}.{key}"), x, y, lines);
            }
        }
        _ if theirs != ours => lines.push(format!("  {path}: {theirs} / {ours}")),
        _ => {}
    }
}

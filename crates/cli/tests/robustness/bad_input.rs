//! Requests that are wrong in themselves.

use crate::server::{CONFIG_MAPS, Server, config_map, half_close, request};
use std::{io::Write as _, time::Instant};

const JSON: &str = "application/json";
const YAML: &str = "application/yaml";
const PROTOBUF: &str = "application/vnd.kubernetes.protobuf";
const JSON_PATCH: &str = "application/json-patch+json";
const APPLY: &str = "application/apply-patch+yaml";

/// More than one huge request may take beside what is there anyway.
const BOUND_MIB: u64 = 150;

#[test]
fn bodies_that_are_wrong_are_refused() {
    let server = Server::start(&[]);
    let deep = |open: &str| open.repeat(100_000).into_bytes();
    let bomb = (1..30).fold("a0: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned(), |text, n| {
        let last = n - 1;
        text + &format!("a{n}: &a{n} [*a{last},*a{last},*a{last},*a{last},*a{last},*a{last},*a{last},*a{last},*a{last}]\n")
    });
    // The magic of gzip and of CBOR: neither is taken.
    let gzip = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00".to_vec();
    let cbor = b"\xd9\xd9\xf7\xa1\x44kindIConfigMap".to_vec();
    let cases: Vec<(&str, &str, Vec<u8>, &[u16])> = vec![
        ("nothing", JSON, Vec::new(), &[400]),
        ("half an object", JSON, br#"{"metadata": {"name": "a""#.to_vec(), &[400]),
        ("no object", JSON, b"[1]".to_vec(), &[400]),
        ("deep lists", JSON, deep("["), &[400]),
        ("deep objects", JSON, deep(r#"{"a":"#), &[400]),
        ("a long number", JSON, format!(r#"{{"metadata": {{"generation": {}}}}}"#, "9".repeat(1 << 20)).into_bytes(), &[400]),
        ("bad UTF-8", JSON, b"{\"metadata\": {\"name\": \"a\xff\"}}".to_vec(), &[400, 422]),
        ("a lone surrogate", JSON, br#"{"metadata": {"name": "\ud800"}}"#.to_vec(), &[400, 422]),
        ("deep YAML", YAML, deep("["), &[400]),
        ("deep YAML blocks", YAML, deep("- "), &[400]),
        ("a YAML bomb", YAML, bomb.into_bytes(), &[400]),
        ("YAML that is none", YAML, b"a: b: c: [".to_vec(), &[400]),
        ("YAML with bad UTF-8", YAML, b"a: \xc3\x28".to_vec(), &[400]),
        ("protobuf without envelope", PROTOBUF, b"\x0a\x03abc".to_vec(), &[400]),
        ("protobuf with a torn envelope", PROTOBUF, b"k8s\0\x0a\xff\xff\xff\xff\x0f".to_vec(), &[400]),
        ("protobuf with a torn message", PROTOBUF, b"k8s\0\x0a\x0f\x0a\x02v1\x12\x09ConfigMap\x12\x02\x0a\xff".to_vec(), &[400]),
        ("gzip", JSON, gzip, &[400]),
        ("CBOR", "application/cbor", cbor, &[400, 415]),
        ("an unknown type", "text/html", b"<html>".to_vec(), &[415]),
    ];
    for (what, content_type, body, codes) in cases {
        let answer = server.call("POST", CONFIG_MAPS, content_type, &body);
        assert!(codes.contains(&answer.code), "{what}: {} {}", answer.code, String::from_utf8_lossy(&answer.body));
        answer.status();
    }
    server.is_well();
    assert!(server.peak_mib() < BOUND_MIB, "{} MiB", server.peak_mib());
}

#[test]
fn patches_that_are_wrong_are_refused() {
    let server = Server::start(&[]);
    assert_eq!(server.call("POST", CONFIG_MAPS, JSON, &config_map("a", 1000)).code, 201);
    let operations = |count: usize| {
        let all = vec![r#"{"op":"test","path":"/data/key","value":"no"}"#; count];
        format!("[{}]", all.join(",")).into_bytes()
    };
    // Each copy doubles what is there.
    let doubling: Vec<String> = (0..40).map(|n| format!(r#"{{"op":"copy","from":"/data","path":"/data/{n}"}}"#)).collect();
    let long_path = format!(r#"[{{"op":"add","path":"{}","value":1}}]"#, "/a".repeat(500_000));
    let deep_apply = [b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: ".to_vec(), "[".repeat(50_000).into_bytes()].concat();
    let deep_merge = r#"{"data":"#.repeat(50_000).into_bytes();
    let cases: Vec<(&str, &str, Vec<u8>, &[u16])> = vec![
        ("10,000 operations", JSON_PATCH, operations(10_000), &[422]),
        ("10,001 operations", JSON_PATCH, operations(10_001), &[413]),
        ("copies of copies", JSON_PATCH, format!("[{}]", doubling.join(",")).into_bytes(), &[400, 413, 422, 500]),
        ("a long path", JSON_PATCH, long_path.into_bytes(), &[400, 422]),
        ("no list", JSON_PATCH, b"{}".to_vec(), &[400]),
        ("a deep apply", APPLY, deep_apply, &[400]),
        ("a deep merge patch", "application/merge-patch+json", deep_merge.clone(), &[400]),
        ("a deep strategic merge patch", "application/strategic-merge-patch+json", deep_merge, &[400]),
    ];
    for (what, content_type, body, codes) in cases {
        let start = Instant::now();
        let answer = server.call("PATCH", &format!("{CONFIG_MAPS}/a?fieldManager=test"), content_type, &body);
        println!("{what}: {} in {:?}", answer.code, start.elapsed());
        assert!(codes.contains(&answer.code), "{what}: {} {}", answer.code, String::from_utf8_lossy(&answer.body));
        answer.status();
    }
    server.is_well();
    assert!(server.peak_mib() < BOUND_MIB, "{} MiB", server.peak_mib());
}

#[test]
fn bodies_that_are_too_large_are_refused_however_they_come() {
    let server = Server::start(&[]);
    let large = config_map("a", 3 << 20);
    for _ in 0..20 {
        let answer = server.call("POST", CONFIG_MAPS, JSON, &large);
        assert_eq!((answer.code, answer.status().0.as_str()), (413, "RequestEntityTooLarge"));
    }
    let said = server.send(format!("POST {CONFIG_MAPS} HTTP/1.1\r\nhost: a\r\ncontent-length: 99999999999\r\n\r\n{{").as_bytes());
    assert!([413, 403].contains(&said.code), "{}", said.code);
    let mut chunks =
        format!("POST {CONFIG_MAPS} HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n").into_bytes();
    for _ in 0..40 {
        chunks.extend(format!("{:x}\r\n{}\r\n", 100_000, "x".repeat(100_000)).into_bytes());
    }
    chunks.extend(b"0\r\n\r\n");
    assert_eq!(server.send(&chunks).code, 413);
    server.is_well();
    assert!(server.peak_mib() < BOUND_MIB, "{} MiB", server.peak_mib());
}

#[test]
fn a_body_that_breaks_off_changes_nothing() {
    let server = Server::start(&[]);
    let whole = request("POST", CONFIG_MAPS, "content-type: application/json\r\n", &config_map("a", 100));
    for cut in (whole.len() - 120)..whole.len() {
        let mut connection = server.connect();
        connection.write_all(&whole[..cut]).unwrap();
        half_close(&connection);
        let code = crate::server::answer(connection).code;
        assert!([0, 400].contains(&code), "{code} for a cut at {cut}");
    }
    assert_eq!(server.call("GET", &format!("{CONFIG_MAPS}/a"), "", b"").code, 404);
    server.is_well();
}

#[test]
fn urls_and_headers_that_are_wrong_are_refused() {
    let server = Server::start(&[]);
    let lists = |query: &str| format!("GET {CONFIG_MAPS}?{query} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n");
    let keys: Vec<String> = (0..3000).map(|n| format!("k{n}%3Dv")).collect();
    let cases: Vec<(&str, String, &[u16])> = vec![
        ("a selector of 1 MiB", lists(&format!("labelSelector={}", "a%3Db,".repeat(180_000))), &[0, 414, 431]),
        ("a selector of 3,000 requirements", lists(&format!("labelSelector={}", keys.join(","))), &[200]),
        ("a selector of brackets", lists(&format!("labelSelector=a%20in%20{}", "(".repeat(30_000))), &[400]),
        ("a field selector of escapes", lists(&format!("fieldSelector={}", "%5C".repeat(20_000))), &[400]),
        ("a long continue token", lists(&format!("limit=1&continue={}", "A".repeat(60_000))), &[400]),
        ("a number that is none", lists("limit=99999999999999999999"), &[400]),
        ("a path of 1 MiB", format!("GET /{} HTTP/1.1\r\nhost: a\r\n\r\n", "a/".repeat(500_000)), &[0, 414, 431]),
        ("a bad escape", "GET /base/%zz HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n".into(), &[400]),
        (
            "an escaped path upwards",
            "GET /base/api/v1/%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n".into(),
            &[400, 404],
        ),
        ("a NUL", "GET /base/api/v1/namespaces/%00 HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n".into(), &[400, 404]),
        ("an unknown method", "BREW /base/api HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n".into(), &[404, 405]),
        ("a method that is none", "G\u{1}T / HTTP/1.1\r\n\r\n".into(), &[400]),
        ("an unknown version of HTTP", "GET / HTTP/7.3\r\n\r\n".into(), &[400]),
        ("no HTTP at all", "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}hello\r\n\r\n".into(), &[0, 400]),
        ("a header without colon", "GET / HTTP/1.1\r\nnonsense\r\n\r\n".into(), &[400]),
        ("a header of 2 MiB", format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "x".repeat(2 << 20)), &[0, 431]),
        ("10,000 headers", format!("GET / HTTP/1.1\r\n{}\r\n", "x: y\r\n".repeat(10_000)), &[0, 431]),
        ("two lengths", "POST / HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab".into(), &[400]),
        ("a negative length", "POST / HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: -1\r\n\r\nab".into(), &[400]),
        ("an unknown coding", "POST / HTTP/1.1\r\nhost: 127.0.0.1\r\ntransfer-encoding: magic\r\n\r\nab".into(), &[400, 501]),
        (
            "a chunk without a number",
            format!("POST {CONFIG_MAPS} HTTP/1.1\r\nhost: 127.0.0.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nab\r\n"),
            &[0, 400],
        ),
    ];
    for (what, bytes, codes) in cases {
        let start = Instant::now();
        let answer = server.send(bytes.as_bytes());
        println!("{what}: {} in {:?}", answer.code, start.elapsed());
        assert!(codes.contains(&answer.code), "{what}: {} {}", answer.code, String::from_utf8_lossy(&answer.body));
    }
    server.is_well();
    assert!(server.peak_mib() < BOUND_MIB, "{} MiB", server.peak_mib());
}

#[test]
fn an_answer_that_needs_no_body_reaches_clients_that_are_still_sending_one() {
    let server = Server::start(&[]);
    let body = vec![b'x'; 12 << 20];
    let maps = |query: &str| format!("{CONFIG_MAPS}{query}");
    for (path, code) in
        [(maps("?timeout=x"), 400), (maps(""), 413), ("/no-such-view/api".to_owned(), 404), ("/base/no/such/path".to_owned(), 404)]
    {
        for _ in 0..10 {
            let answer = server.call("POST", &path, "application/json", &body);
            assert_eq!(answer.code, code, "{path}: {}", String::from_utf8_lossy(&answer.body));
        }
    }
}

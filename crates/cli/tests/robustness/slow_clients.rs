//! Clients that take their time: with a request timeout of a second, 60 s by default.

use crate::server::{CONFIG_MAPS, SOON, Server, answer, config_map, request};
use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

fn server() -> Server {
    Server::start(&["--request-timeout", "1s"])
}

/// Waits for the end of a connection and tells whether it came when a second was over, and soon then. `start` is before the
/// connection, so that a machine that stands still makes no second shorter.
fn closes_in_time(mut connection: TcpStream, start: Instant) -> bool {
    let mut rest = Vec::new();
    let _ = connection.read_to_end(&mut rest);
    (Duration::from_millis(500)..SOON).contains(&start.elapsed())
}

#[test]
fn a_request_that_does_not_come_ends_its_connection() {
    let server = server();
    let beginnings: [&[u8]; 5] = [b"", b"P", b"PRI * HTTP/2.0\r\n", b"GET /base/api HT", b"GET /base/api HTTP/1.1\r\nhost: a\r\nx: "];
    thread::scope(|scope| {
        for beginning in beginnings {
            let start = Instant::now();
            let mut connection = server.connect();
            scope.spawn(move || {
                connection.write_all(beginning).unwrap();
                let in_time = closes_in_time(connection, start);
                assert!(in_time, "{:?} after {:?}", start.elapsed(), String::from_utf8_lossy(beginning));
            });
        }
    });
    server.is_well();
}

#[test]
fn headers_that_come_a_byte_at_a_time_are_not_waited_for() {
    let server = server();
    let start = Instant::now();
    let mut connection = server.connect();
    // All of it takes 50 s.
    let request = format!("GET /base/api HTTP/1.1\r\nx: {}", "y".repeat(1000));
    let cut_off = request.bytes().any(|byte| {
        thread::sleep(Duration::from_millis(50));
        connection.write_all(&[byte]).is_err()
    });
    assert!(cut_off && start.elapsed() < SOON, "{:?}", start.elapsed());
    server.is_well();
}

#[test]
fn a_body_that_does_not_come_is_told_so() {
    let server = server();
    for path in [CONFIG_MAPS, "/views/a"] {
        let mut connection = server.connect();
        let head = format!("POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{{");
        connection.write_all(head.as_bytes()).unwrap();
        let start = Instant::now();
        let answer = answer(connection);
        assert_eq!((answer.code, answer.status().0.as_str()), (504, "Timeout"), "{path}");
        assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
    }
    server.is_well();
}

#[test]
fn a_connection_that_is_not_used_any_more_is_closed() {
    let server = server();
    let start = Instant::now();
    let mut connection = server.connect();
    connection.write_all(&request("GET", "/version", "", b"")).unwrap();
    assert!(closes_in_time(connection, start), "{:?}", start.elapsed());
}

#[test]
fn watches_last_longer_than_requests() {
    let server = server();
    let start = Instant::now();
    let mut watch = server.connect();
    watch.write_all(&request("GET", &format!("{CONFIG_MAPS}?watch=1&timeoutSeconds=3"), "", b"")).unwrap();
    assert!(closes_in_time(watch, start) && start.elapsed() > Duration::from_millis(2500), "{:?}", start.elapsed());
}

#[test]
fn those_who_do_not_read_what_they_asked_for_cost_little_memory() {
    let server = Server::start(&[]);
    for n in 0..200 {
        assert_eq!(server.call("POST", CONFIG_MAPS, "application/json", &config_map(&format!("c{n}"), 100_000)).code, 201);
    }
    let before = server.memory_mib();
    let clients: Vec<TcpStream> = (0..100)
        .map(|_| {
            let mut client = server.connect();
            client.write_all(&request("GET", CONFIG_MAPS, "", b"")).unwrap();
            client
        })
        .collect();
    for client in &clients {
        assert_eq!(client.peek(&mut [0]).unwrap(), 1, "the list has begun");
    }
    thread::sleep(Duration::from_millis(500));
    let after = server.memory_mib();
    println!("100 lists of 20 MB that nobody reads: {} MiB", after.saturating_sub(before));
    assert!(after < before + 200, "{before} MiB before, {after} MiB after");
    server.is_well();
    drop(clients);
}

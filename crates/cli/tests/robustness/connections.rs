//! What clients do with connections.

use crate::server::{CONFIG_MAPS, Server, answer, config_map, half_close, request, wait_until};
use std::io::{Read as _, Write as _};

#[test]
fn pipelined_requests_are_answered_in_order() {
    let server = Server::start(&[]);
    let mut connection = server.connect();
    let mut all = Vec::new();
    for n in 0..200 {
        all.extend(request("GET", &format!("{CONFIG_MAPS}/absent-{n}"), if n == 199 { "connection: close\r\n" } else { "" }, b""));
    }
    connection.write_all(&all).unwrap();
    let mut text = String::new();
    connection.read_to_string(&mut text).unwrap();
    let names: Vec<usize> =
        text.split("configmaps \\\"absent-").skip(1).map(|rest| rest.split('\\').next().unwrap().parse().unwrap()).collect();
    assert_eq!(names, (0..200).collect::<Vec<_>>());
}

#[test]
fn a_client_that_only_listens_after_its_request_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    for args in [vec![], vec!["--data-dir".to_owned(), crate::server::data_dir(&folder)]] {
        let server = Server::start(&args.iter().map(String::as_str).collect::<Vec<_>>());
        for n in 0..20 {
            let mut connection = server.connect();
            let body = config_map(&format!("c{n}"), 100);
            connection.write_all(&request("POST", CONFIG_MAPS, "content-type: application/json\r\n", &body)).unwrap();
            half_close(&connection);
            // A client that has closed its half may have gone for good: the answer to a write may be lost, as for all who go.
            let code = answer(connection).code;
            assert!([0, 201].contains(&code), "{code}");
        }
        let mut list = server.connect();
        list.write_all(&request("GET", CONFIG_MAPS, "", b"")).unwrap();
        half_close(&list);
        assert_eq!(answer(list).code, 200);
    }
}

#[test]
fn a_watch_ends_with_its_client_even_when_there_is_nothing_to_tell() {
    let server = Server::start(&[]);
    let files = |server: &Server| server.open_files();
    let before = files(&server);
    for half in [false, true] {
        let mut watches: Vec<_> = (0..50)
            .map(|_| {
                let mut watch = server.connect();
                watch.write_all(&request("GET", &format!("{CONFIG_MAPS}?watch=1&resourceVersion=0"), "", b"")).unwrap();
                assert_ne!(watch.read(&mut [0; 1000]).unwrap(), 0, "headers");
                watch
            })
            .collect();
        assert!(files(&server) >= before + 50);
        match half {
            true => watches.iter().for_each(half_close),
            false => watches.clear(),
        }
        wait_until("the connections are gone", || files(&server) <= before + 5);
        drop(watches);
    }
    server.is_well();
}

#[test]
fn ten_thousand_idle_connections_are_no_burden() {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    if limit.current.is_some_and(|files| files < 11_000) {
        println!("skipped: only {:?} files may be open (ulimit -n)", limit.current);
        return;
    }
    let server = Server::start(&[]);
    server.is_well();
    let before = server.memory_mib();
    let connections: Vec<_> = (0..10_000)
        .map(|_| {
            let mut connection = server.connect();
            connection.write_all(&request("GET", "/version", "", b"")).unwrap();
            connection
        })
        .collect();
    for mut connection in &connections {
        assert_ne!(connection.read(&mut [0; 4096]).unwrap(), 0);
    }
    let with = server.memory_mib();
    println!("10,000 idle connections: {} MiB, {before} MiB before", with - before);
    assert!(with - before < 400, "{before} MiB before, {with} MiB with them");
    server.is_well();
    drop(connections);
    server.is_well();
}

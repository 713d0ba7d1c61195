//! Faults of the surroundings, and the end.

use crate::server::{CONFIG_MAPS, Server, config_map, data_dir, request, wait_until};
use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

/// How many watches there are when the server is told to stop.
const WATCHES: usize = 1000;

#[test]
fn a_server_that_is_told_to_stop_ends_what_is_under_way_in_order_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let data = data_dir(&folder);
    // With patience for machines that stand still; what is not done by then is cut off, which the exit code tells.
    let mut server = Server::start(&["--data-dir", &data, "--fsync", "never", "--shutdown-timeout", "45s"]);
    for n in 0..100 {
        assert_eq!(server.call("POST", CONFIG_MAPS, "application/json", &config_map(&format!("large-{n}"), 100_000)).code, 201);
    }
    let now: serde_json::Value = serde_json::from_slice(&server.call("GET", &format!("{CONFIG_MAPS}?limit=1"), "", b"").body).unwrap();
    let since = now["metadata"]["resourceVersion"].as_str().unwrap();
    let watching = format!("{CONFIG_MAPS}?watch=1&resourceVersion={since}");
    let mut watches: Vec<TcpStream> = (0..WATCHES).map(|_| asked(&server, &watching)).collect();
    for watch in &mut watches {
        assert_ne!(watch.read(&mut [0; 16]).unwrap(), 0, "the watch has begun");
    }
    // 10 MB do not fit into the sockets: it is under way until it is read.
    let mut list = asked(&server, CONFIG_MAPS);
    let acknowledged = AtomicUsize::new(0);
    let mut took = Duration::ZERO;
    thread::scope(|scope| {
        let (address, acknowledged) = (server.address.clone(), &acknowledged);
        scope.spawn(move || write_until_refused(&address, acknowledged));
        wait_until("writes are acknowledged", || acknowledged.load(Ordering::Relaxed) > 20);
        let stopping = Instant::now();
        server.terminate();
        let readers: Vec<_> = watches.chunks_mut(250).map(|some| scope.spawn(|| some.iter_mut().all(ends_in_order))).collect();
        assert!(readers.into_iter().all(|reader| reader.join().unwrap()), "a watch ended without its last chunk");
        let mut whole = Vec::new();
        list.read_to_end(&mut whole).unwrap();
        assert!(whole.len() > 10_000_000 && whole.ends_with(b"]}\n"), "{} bytes", whole.len());
        assert!(server.ended().success());
        took = stopping.elapsed();
    });
    println!("{WATCHES} watches and a list ended in {took:?}; {} writes were acknowledged", acknowledged.load(Ordering::Relaxed));
    assert!(took < Duration::from_secs(40), "it waits for nothing: {took:?}");
    let again = Server::start(&["--data-dir", &data]);
    for n in 0..acknowledged.load(Ordering::Relaxed) {
        assert_eq!(again.call("GET", &format!("{CONFIG_MAPS}/small-{n}"), "", b"").code, 200, "small-{n}");
    }
}

fn asked(server: &Server, path: &str) -> TcpStream {
    let mut connection = server.connect();
    connection.write_all(&request("GET", path, "", b"")).unwrap();
    connection
}

fn ends_in_order(watch: &mut TcpStream) -> bool {
    let mut rest = Vec::new();
    watch.read_to_end(&mut rest).is_ok() && rest.ends_with(b"\r\n0\r\n\r\n")
}

/// Creates one object after another and counts those that are acknowledged.
fn write_until_refused(address: &str, acknowledged: &AtomicUsize) {
    for n in 0.. {
        let Ok(mut connection) = TcpStream::connect(address) else { return };
        let headers = "content-type: application/json\r\nconnection: close\r\n";
        let sent = connection.write_all(&request("POST", CONFIG_MAPS, headers, &config_map(&format!("small-{n}"), 10)));
        let mut answer = Vec::new();
        if sent.and_then(|()| connection.read_to_end(&mut answer).map(drop)).is_err() || !answer.starts_with(b"HTTP/1.1 201") {
            return;
        }
        acknowledged.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_server_without_files_left_waits_and_goes_on() {
    let server = Server::start_with_files(64, &[]);
    let connections: Vec<TcpStream> = (0..100).map(|_| asked(&server, "/version")).collect();
    wait_until("no files are left", || server.open_files() >= 60);
    let (cpu, start) = (server.cpu(), Instant::now());
    thread::sleep(Duration::from_secs(1));
    let (spent, took) = (server.cpu() - cpu, start.elapsed());
    println!("{} files are open; {spent:?} of CPU time in {took:?}", server.open_files());
    // Whoever spins takes all that it can get, however long the second was.
    assert!(spent < took * 3 / 10, "it spins: {spent:?} of {took:?}");
    drop(connections);
    server.is_well();
}

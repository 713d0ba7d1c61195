//! HTTP/2, frame by frame: what no well-behaved client sends.

use crate::server::{CONFIG_MAPS, Server};
use std::{
    io::{self, Read as _, Write as _},
    net::TcpStream,
    time::{Duration, Instant},
};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// What one rude connection may cost.
const BOUND_MIB: u64 = 100;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Kind {
    Data = 0,
    Headers = 1,
    Reset = 3,
    Settings = 4,
    Ping = 6,
    WindowUpdate = 8,
    Continuation = 9,
}

const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const ACK: u8 = 1;

fn frame(kind: Kind, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind as u8, flags], &stream.to_be_bytes(), payload].concat()
}

/// The headers of a request, compressed with nothing but the static table.
fn headers(method: u8, path: &str) -> Vec<u8> {
    assert!(path.len() < 127);
    let path_length = u8::try_from(path.len()).unwrap();
    [&[method, 0x86, 0x41, 9][..], b"127.0.0.1", &[0x04, path_length], path.as_bytes()].concat()
}

const GET: u8 = 0x82;
const POST: u8 = 0x83;

fn get(stream: u32, path: &str) -> Vec<u8> {
    frame(Kind::Headers, END_STREAM | END_HEADERS, stream, &headers(GET, path))
}

fn connect(server: &Server, settings: &[u8]) -> TcpStream {
    let mut connection = server.connect();
    connection.write_all(&[PREFACE, &frame(Kind::Settings, 0, 0, settings)].concat()).unwrap();
    connection
}

/// The next frame: kind, flags, stream, payload.
fn read(connection: &mut TcpStream) -> io::Result<(u8, u8, u32, Vec<u8>)> {
    let mut head = [0; 9];
    connection.read_exact(&mut head)?;
    let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
    connection.read_exact(&mut payload)?;
    Ok((head[3], head[4], u32::from_be_bytes([head[5], head[6], head[7], head[8]]), payload))
}

/// Sends frames until the server has had enough or all are sent; nothing is read. Returns whether it had enough.
fn flood(connection: &mut TcpStream, frames: impl Iterator<Item = Vec<u8>>) -> bool {
    connection.set_write_timeout(Some(Duration::from_secs(3))).unwrap();
    let mut batch = Vec::new();
    for frame in frames {
        batch.extend(frame);
        if batch.len() > 16_384 {
            if connection.write_all(&batch).is_err() {
                return true;
            }
            batch.clear();
        }
    }
    connection.write_all(&batch).is_err()
}

#[test]
fn the_server_says_how_many_streams_there_may_be_and_keeps_to_it() {
    let server = Server::start(&[]);
    // With an initial window of nothing, no answer gets through and all streams stay open.
    let mut connection = connect(&server, &[0, 4, 0, 0, 0, 0]);
    let (kind, _, _, settings) = read(&mut connection).unwrap();
    assert_eq!(kind, Kind::Settings as u8);
    let most = settings.chunks(6).find(|s| s[..2] == [0, 3]).map(|s| u32::from_be_bytes([s[2], s[3], s[4], s[5]]));
    assert_eq!(most, Some(1000));
    let more = (0..1200).map(|n| get(2 * n + 1, CONFIG_MAPS));
    flood(&mut connection, more);
    let mut refused = 0;
    while refused < 200 {
        let (kind, _, stream, payload) = read(&mut connection).expect("the others are refused");
        if kind == Kind::Reset as u8 {
            assert!(stream > 2000, "stream {stream} is within the limit");
            assert_eq!(payload, 7_u32.to_be_bytes(), "REFUSED_STREAM");
            refused += 1;
        }
    }
    server.is_well();
    assert!(server.peak_mib() < BOUND_MIB, "{} MiB", server.peak_mib());
}

#[test]
fn streams_that_are_reset_at_once_end_the_connection() {
    let server = Server::start(&[]);
    let mut connection = connect(&server, &[]);
    let start = Instant::now();
    let resets =
        (0..200_000).flat_map(|n| [get(2 * n + 1, "/base/api/v1/pods?watch=1"), frame(Kind::Reset, 0, 2 * n + 1, &8_u32.to_be_bytes())]);
    let ended = flood(&mut connection, resets);
    println!("rapid reset: connection ended: {ended}, {:?} of CPU time in {:?}, {} MiB", server.cpu(), start.elapsed(), server.peak_mib());
    server.is_well();
    assert!(ended, "200,000 resets were put up with");
    assert!(server.peak_mib() < BOUND_MIB, "{} MiB", server.peak_mib());
}

#[test]
fn floods_of_control_frames_take_no_memory() {
    let server = Server::start(&[]);
    let floods: Vec<(&str, Vec<u8>)> = vec![
        ("settings", frame(Kind::Settings, 0, 0, &[0, 4, 0, 0, 255, 255])),
        ("pings", frame(Kind::Ping, 0, 0, b"abcdefgh")),
        ("acknowledgements", frame(Kind::Settings, ACK, 0, &[])),
        ("window updates", frame(Kind::WindowUpdate, 0, 0, &1_u32.to_be_bytes())),
        ("empty data", frame(Kind::Data, 0, 1, &[])),
    ];
    for (what, one) in floods {
        let mut connection = connect(&server, &[]);
        connection.write_all(&frame(Kind::Headers, END_HEADERS, 1, &headers(POST, CONFIG_MAPS))).unwrap();
        let ended = flood(&mut connection, (0..300_000).map(|_| one.clone()));
        println!("a flood of {what}: ended or held up: {ended}, peak {} MiB", server.peak_mib());
        server.is_well();
    }
    assert!(server.peak_mib() < BOUND_MIB, "{} MiB", server.peak_mib());
}

#[test]
fn headers_without_end_are_cut_off() {
    let server = Server::start(&[]);
    let mut connection = connect(&server, &[]);
    connection.write_all(&frame(Kind::Headers, 0, 1, &headers(GET, "/version"))).unwrap();
    let field = [&[0x40, 1][..], b"x", &[100], &[b'y'; 100]].concat();
    let ended = flood(&mut connection, (0..50_000).map(|_| frame(Kind::Continuation, 0, 1, &field.repeat(10))));
    assert!(ended, "50 MB of headers were put up with");
    server.is_well();
    assert!(server.peak_mib() < BOUND_MIB, "{} MiB", server.peak_mib());
}

#[test]
fn a_body_that_does_not_come_does_not_hold_up_other_streams() {
    let server = Server::start(&["--request-timeout", "3s"]);
    let mut connection = connect(&server, &[]);
    let without_body = frame(Kind::Headers, END_HEADERS, 1, &headers(POST, CONFIG_MAPS));
    connection.write_all(&[without_body, get(3, "/version")].concat()).unwrap();
    let mut answered = Vec::new();
    while answered.len() < 2 {
        let (kind, _, stream, _) = read(&mut connection).unwrap();
        if kind == Kind::Headers as u8 {
            answered.push(stream);
        }
    }
    assert_eq!(answered, [3, 1]);
}

#[test]
fn garbage_ends_the_connection() {
    let server = Server::start(&[]);
    let garbage: [Vec<u8>; 4] = [
        frame(Kind::Headers, END_HEADERS, 1, &[0xff; 50]),
        frame(Kind::Data, 0, 99, b"abc"),
        frame(Kind::Headers, END_HEADERS, 2, &headers(GET, "/version")),
        vec![0xff; 1000],
    ];
    for bytes in garbage {
        let mut connection = connect(&server, &[]);
        connection.write_all(&bytes).unwrap();
        let mut rest = Vec::new();
        connection.read_to_end(&mut rest).expect("it is closed");
        assert!(!rest.is_empty(), "GOAWAY");
    }
    server.is_well();
}

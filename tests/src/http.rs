//! A small blocking HTTP/1.1 client that sends what it is told: recordings hold requests that well-behaved clients
//! would refuse to send.

use serde_json::Value;
use std::{
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{Shutdown, TcpStream},
    time::Duration,
};

/// A connection to a server.
#[derive(Debug)]
pub struct Connection {
    stream: BufReader<TcpStream>,
    host: String,
}

/// An answer's head.
#[derive(Debug, Clone, Default)]
pub struct Head {
    /// Status code.
    pub status: u16,
    /// Header fields with lower-case names, in order.
    pub headers: Vec<(String, String)>,
}

impl Head {
    /// All values of a header.
    pub fn all(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(n, _)| n == name).map(|(_, v)| v.as_str()).collect()
    }
}

/// How an answer's body is delimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Framing {
    None,
    Length(usize),
    Chunked,
    UntilClose,
}

impl Connection {
    /// Connects to `host:port`.
    pub fn open(host: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(host)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::new(stream), host: host.to_owned() })
    }

    /// A handle with which another thread can end the connection.
    pub fn closer(&self) -> io::Result<Closer> {
        Ok(Closer(self.stream.get_ref().try_clone()?))
    }

    /// Sends a request and reads its answer.
    pub fn call(&mut self, method: &str, path: &str, headers: &[(String, String)], body: Option<&[u8]>) -> io::Result<(Head, Vec<u8>)> {
        self.send(method, path, headers, body)?;
        let (head, framing) = self.read_head(method)?;
        let mut out = Vec::new();
        match framing {
            Framing::None => {}
            Framing::Length(n) => {
                out.resize(n, 0);
                self.stream.read_exact(&mut out)?;
            }
            Framing::Chunked => while self.read_chunk(&mut out)? {},
            Framing::UntilClose => {
                self.stream.read_to_end(&mut out)?;
            }
        }
        Ok((head, out))
    }

    /// Sends a request whose answer is a stream; returns its head and what reads the stream piece by piece.
    pub fn stream(mut self, path: &str, headers: &[(String, String)]) -> io::Result<(Head, Pieces)> {
        self.send("GET", path, headers, None)?;
        let (head, framing) = self.read_head("GET")?;
        Ok((head, Pieces { connection: self, framing }))
    }

    fn send(&mut self, method: &str, path: &str, headers: &[(String, String)], body: Option<&[u8]>) -> io::Result<()> {
        let mut text = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nAccept-Encoding: identity\r\n", self.host);
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        if let Some(body) = body {
            text.push_str(&format!("Content-Length: {}\r\n", body.len()));
        } else if matches!(method, "POST" | "PUT" | "PATCH") {
            text.push_str("Content-Length: 0\r\n");
        }
        text.push_str("\r\n");
        let mut bytes = text.into_bytes();
        bytes.extend_from_slice(body.unwrap_or_default());
        self.stream.get_mut().write_all(&bytes)
    }

    fn read_line(&mut self) -> io::Result<String> {
        let mut line = Vec::new();
        self.stream.read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
    }

    fn read_head(&mut self, method: &str) -> io::Result<(Head, Framing)> {
        let line = self.read_line()?;
        let status = line.split(' ').nth(1).and_then(|s| s.parse().ok()).ok_or_else(|| io::Error::other(format!("no status: {line}")))?;
        let mut head = Head { status, headers: Vec::new() };
        loop {
            let line = self.read_line()?;
            if line.is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':') {
                head.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
            }
        }
        let chunked = head.all("transfer-encoding").iter().any(|v| v.eq_ignore_ascii_case("chunked"));
        let length = head.all("content-length").first().and_then(|v| v.parse().ok());
        let framing = match (method, status) {
            ("HEAD", _) | (_, 204 | 304) => Framing::None,
            _ if chunked => Framing::Chunked,
            _ => length.map_or(Framing::UntilClose, Framing::Length),
        };
        Ok((head, framing))
    }

    /// Appends the next chunk; false at the last one.
    fn read_chunk(&mut self, out: &mut Vec<u8>) -> io::Result<bool> {
        let line = self.read_line()?;
        let size = usize::from_str_radix(line.split(';').next().unwrap_or_default().trim(), 16).map_err(io::Error::other)?;
        let start = out.len();
        out.resize(start + size, 0);
        self.stream.read_exact(out.get_mut(start..).unwrap_or_default())?;
        self.read_line().map(|_| size != 0)
    }
}

/// The rest of a streamed answer.
#[derive(Debug)]
pub struct Pieces {
    connection: Connection,
    framing: Framing,
}

impl Pieces {
    /// A handle with which another thread can end the stream.
    pub fn closer(&self) -> io::Result<Closer> {
        self.connection.closer()
    }

    /// The next piece; None at the end.
    pub fn next_piece(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut out = Vec::new();
        match self.framing {
            Framing::Chunked => {
                let more = self.connection.read_chunk(&mut out)?;
                Ok(more.then_some(out))
            }
            Framing::Length(0) | Framing::None => Ok(None),
            Framing::Length(n) => {
                out.resize(n, 0);
                self.connection.stream.read_exact(&mut out)?;
                self.framing = Framing::None;
                Ok(Some(out))
            }
            Framing::UntilClose => {
                let filled = self.connection.stream.fill_buf()?.to_vec();
                self.connection.stream.consume(filled.len());
                Ok((!filled.is_empty()).then_some(filled))
            }
        }
    }
}

/// The events of a watch, as they come.
#[derive(Debug)]
pub struct Events {
    pieces: Pieces,
    buffer: Vec<u8>,
}

impl Events {
    /// Reads a stream of one JSON text a line.
    pub const fn new(pieces: Pieces) -> Self {
        Self { pieces, buffer: Vec::new() }
    }

    /// The next event; None at the end. An event that does not come within the connection's timeout ends it too.
    pub fn next_event(&mut self) -> Option<Value> {
        loop {
            if let Some(end) = self.buffer.iter().position(|b| *b == b'\n') {
                let line: Vec<u8> = self.buffer.drain(..=end).collect();
                return serde_json::from_slice(&line).ok();
            }
            self.buffer.extend(self.pieces.next_piece().ok()??);
        }
    }

    /// Type and name of the next events, such as `ADDED a`.
    pub fn take(&mut self, count: usize) -> Vec<String> {
        std::iter::from_fn(|| self.next_event()).take(count).map(|event| summary(&event)).collect()
    }
}

/// Type and name of an event.
fn summary(event: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    format!("{} {}", text(&event["type"]), text(&event["object"]["metadata"]["name"]))
}

/// Ends a connection from another thread.
#[derive(Debug)]
pub struct Closer(TcpStream);

impl Closer {
    /// Ends it.
    pub fn close(&self) {
        let _ = self.0.shutdown(Shutdown::Both);
    }
}

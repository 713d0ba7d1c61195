//! As much of an HTTP/1.1 client as a long test needs.

use serde_json::Value;
use std::{
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

/// A connection that is kept.
pub struct Client(BufReader<TcpStream>);

impl Client {
    pub fn connect(address: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        stream.set_nodelay(true)?;
        Ok(Self(BufReader::new(stream)))
    }

    /// One request and its whole answer.
    pub fn call(&mut self, method: &str, path: &str, body: &Value) -> io::Result<(u16, Value)> {
        let (code, length) = self.ask(method, path, body)?;
        let mut answer = vec![0; length.ok_or_else(|| io::Error::other("a body without length"))?];
        self.0.read_exact(&mut answer)?;
        Ok((code, serde_json::from_slice(&answer).unwrap_or_default()))
    }

    /// Begins a watch: its events are read one by one.
    pub fn watch(mut self, path: &str) -> io::Result<Watch> {
        let (code, _) = self.ask("GET", path, &Value::Null)?;
        if code == 200 { Ok(Watch { client: self, buffer: Vec::new() }) } else { Err(io::Error::other(format!("{code} for {path}"))) }
    }

    /// Sends a request and reads the head of its answer: the code, and the length of what follows.
    fn ask(&mut self, method: &str, path: &str, body: &Value) -> io::Result<(u16, Option<usize>)> {
        let content_type = if method == "PATCH" { "application/merge-patch+json" } else { "application/json" };
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let length = body.len();
        let head =
            format!("{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\n\r\n");
        self.0.get_mut().write_all((head + &body).as_bytes())?;
        let (mut code, mut length) = (0, None);
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            match line.trim_end().split_once(' ') {
                _ if line.trim_end().is_empty() => return Ok((code, length)),
                Some(("HTTP/1.1", rest)) => code = rest.split(' ').next().and_then(|c| c.parse().ok()).unwrap_or_default(),
                Some(("content-length:", value)) => length = value.parse().ok(),
                _ => {}
            }
        }
    }
}

/// The events of a watch.
pub struct Watch {
    client: Client,
    buffer: Vec<u8>,
}

impl Watch {
    /// The next event; None at the end.
    pub fn next(&mut self) -> io::Result<Option<Value>> {
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.buffer.drain(..=end).collect();
                return serde_json::from_slice(&line).map(Some).map_err(io::Error::other);
            }
            let mut size = String::new();
            self.client.0.read_line(&mut size)?;
            let size = usize::from_str_radix(size.trim(), 16).map_err(io::Error::other)?;
            let start = self.buffer.len();
            self.buffer.resize(start + size, 0);
            self.client.0.read_exact(&mut self.buffer[start..])?;
            self.client.0.read_line(&mut String::new())?;
            if size == 0 {
                return Ok(None);
            }
        }
    }
}

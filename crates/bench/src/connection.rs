//! An HTTP/1.1 client connection that costs next to nothing: requests are given as bytes, answers are mostly skipped.

use std::{io, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// A kept-alive connection.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    buffer: Box<[u8]>,
    /// What of the buffer is read and not yet taken.
    filled: std::ops::Range<usize>,
}

/// How an answer's body ends.
enum Framing {
    Length(u64),
    Chunked,
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    /// Nobody listens.
    pub async fn open(address: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: vec![0; 64 << 10].into(), filled: 0..0 })
    }

    /// Sends a request and reads its answer away; returns the status and how many bytes the body had.
    ///
    /// # Errors
    /// The connection broke, or what came is not HTTP/1.1.
    pub async fn send(&mut self, request: &[u8]) -> io::Result<(u16, u64)> {
        let mut length = 0;
        let status = self.exchange(request, |part| length += part.len() as u64).await?;
        Ok((status, length))
    }

    /// Sends a request and returns the status and the body.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub async fn fetch(&mut self, request: &[u8]) -> io::Result<(u16, Vec<u8>)> {
        let mut body = Vec::new();
        let status = self.exchange(request, |part| body.extend_from_slice(part)).await?;
        Ok((status, body))
    }

    /// Sends a request whose answer is a success without end; returns once its head is there.
    ///
    /// # Errors
    /// As [`Self::send`], and another status than 200.
    pub async fn start_stream(&mut self, request: &[u8]) -> io::Result<()> {
        self.stream.write_all(request).await?;
        match self.head().await? {
            (200, Framing::Chunked) => Ok(()),
            (status, _) => Err(invalid(&format!("no stream but {status}"))),
        }
    }

    /// The next chunk of a stream.
    ///
    /// # Errors
    /// The stream ended.
    pub async fn next_chunk(&mut self) -> io::Result<Vec<u8>> {
        let mut chunk = Vec::new();
        match self.chunk(&mut |part| chunk.extend_from_slice(part)).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(chunk),
        }
    }

    async fn exchange(&mut self, request: &[u8], mut body: impl FnMut(&[u8])) -> io::Result<u16> {
        self.stream.write_all(request).await?;
        let (status, framing) = self.head().await?;
        match framing {
            Framing::Length(length) => self.take(length, &mut body).await?,
            Framing::Chunked => while self.chunk(&mut body).await? > 0 {},
        }
        Ok(status)
    }

    async fn head(&mut self) -> io::Result<(u16, Framing)> {
        let status = self.line().await?;
        let status = status.get(9..12).and_then(|s| s.parse().ok()).ok_or_else(|| invalid(&status))?;
        let mut framing = Framing::Length(0);
        loop {
            let line = self.line().await?;
            if line.is_empty() {
                return Ok((status, framing));
            }
            let Some((name, value)) = line.split_once(':') else { return Err(invalid(&line)) };
            if name.eq_ignore_ascii_case("content-length") {
                framing = Framing::Length(value.trim().parse().map_err(|_| invalid(&line))?);
            } else if name.eq_ignore_ascii_case("transfer-encoding") {
                framing = Framing::Chunked;
            }
        }
    }

    /// Reads a chunk away; its length.
    async fn chunk(&mut self, part: &mut impl FnMut(&[u8])) -> io::Result<u64> {
        let line = self.line().await?;
        let length = u64::from_str_radix(line.trim(), 16).map_err(|_| invalid(&line))?;
        self.take(length, part).await?;
        self.line().await?;
        Ok(length)
    }

    async fn line(&mut self) -> io::Result<String> {
        let mut line = Vec::new();
        loop {
            let there = self.buffer.get(self.filled.clone()).unwrap_or_default();
            if let Some(end) = there.iter().position(|b| *b == b'\n') {
                line.extend_from_slice(there.get(..end).unwrap_or_default());
                self.filled.start += end + 1;
                line.pop_if(|b| *b == b'\r');
                return String::from_utf8(line).map_err(|_| invalid("not text"));
            }
            line.extend_from_slice(there);
            self.fill().await?;
        }
    }

    async fn take(&mut self, mut length: u64, part: &mut impl FnMut(&[u8])) -> io::Result<()> {
        while length > 0 {
            if self.filled.is_empty() {
                self.fill().await?;
            }
            let there = self.buffer.get(self.filled.clone()).unwrap_or_default();
            let taken = usize::try_from(length).unwrap_or(usize::MAX).min(there.len());
            part(there.get(..taken).unwrap_or_default());
            self.filled.start += taken;
            length -= taken as u64;
        }
        Ok(())
    }

    async fn fill(&mut self) -> io::Result<()> {
        match self.stream.read(&mut self.buffer).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            n => {
                self.filled = 0..n;
                Ok(())
            }
        }
    }
}

/// The bytes of a request.
pub fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut text = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\nuser-agent: bench/1\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() || method != "GET" {
        text.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    text.push_str("\r\n");
    let mut bytes = text.into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// Asks a server that is starting until it answers with a success.
///
/// # Errors
/// It does not within a minute.
pub async fn wait_until_answered(address: &str, path: &str) -> io::Result<()> {
    let get = request("GET", path, &[], b"");
    for _ in 0..120_000 {
        if let Ok(mut connection) = Connection::open(address).await
            && let Ok((200, _)) = connection.send(&get).await
        {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_micros(500)).await;
    }
    Err(io::Error::new(io::ErrorKind::TimedOut, format!("{address} does not answer {path}")))
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

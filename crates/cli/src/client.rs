//! A small HTTP client: one connection, one request at a time.

use crate::exit::Failure;
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, Response, StatusCode, body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::{sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::Mutex,
};
use tokio_rustls::{TlsConnector, rustls::ClientConfig, rustls::pki_types::ServerName};

/// How long an answer may take: a list of many objects takes a while.
const PATIENCE: Duration = Duration::from_secs(120);

type Sender = http1::SendRequest<Full<Bytes>>;

/// A client of one server.
pub struct Client {
    /// What comes before every path.
    prefix: String,
    host: String,
    address: String,
    tls: Option<Arc<ClientConfig>>,
    /// Whole `Authorization` header.
    authorization: Option<String>,
    /// The name in the server's certificate, if it is not the host.
    server_name: Option<String>,
    connection: Mutex<Option<Sender>>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Client({}{})", self.address, self.prefix)
    }
}

impl Client {
    /// A client of the server at a plain URL.
    ///
    /// # Errors
    /// A URL that is none, or not of plain HTTP.
    pub fn new(url: &str) -> Result<Self, Failure> {
        let spelled = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
        if !spelled.starts_with("http://") {
            return Err(Failure::Options(format!("{url}: the server of this command is reached by http")));
        }
        Self::with(&spelled, None, None)
    }

    /// A client with TLS settings, for `https` URLs, and an `Authorization` header.
    ///
    /// # Errors
    /// A URL that is none.
    pub fn with(url: &str, tls: Option<Arc<ClientConfig>>, authorization: Option<String>) -> Result<Self, Failure> {
        let bad = || Failure::Options(format!("{url}: not a URL such as http://127.0.0.1:8091"));
        let uri: hyper::Uri = url.parse().map_err(|_| bad())?;
        let authority = uri.authority().ok_or_else(bad)?;
        let port = authority.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 });
        let host = authority.host().trim_matches(['[', ']']).to_owned();
        Ok(Self {
            prefix: uri.path().trim_end_matches('/').to_owned(),
            address: if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") },
            host,
            tls: tls.filter(|_| uri.scheme_str() == Some("https")),
            authorization,
            server_name: None,
            connection: Mutex::new(None),
        })
    }

    /// Expects another name than the host's in the server's certificate.
    #[must_use]
    pub fn known_as(self, server_name: Option<&str>) -> Self {
        Self { server_name: server_name.map(str::to_owned), ..self }
    }

    /// A GET whose answer is JSON.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub async fn get(&self, path: &str) -> Result<Value, Failure> {
        self.json("GET", path, Bytes::new()).await
    }

    /// A request whose answer is JSON.
    ///
    /// # Errors
    /// As [`Self::send`]; an answer that is no JSON.
    pub async fn json(&self, method: &str, path: &str, body: impl Into<Bytes>) -> Result<Value, Failure> {
        let answer = self.send(method, path, "application/json", body.into()).await?;
        serde_json::from_slice(&answer).map_err(|err| Failure::Request(format!("{method} {path}: the answer is no JSON: {err}")))
    }

    /// A request; returns the body of a success.
    ///
    /// # Errors
    /// No connection, or an answer that is no success, with the message of its Status and its causes.
    pub async fn send(&self, method: &str, path: &str, accept: &str, body: Bytes) -> Result<Bytes, Failure> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.prefix))
            .header("host", &self.address)
            .header("accept", accept)
            .header("user-agent", concat!("minkapi/", env!("CARGO_PKG_VERSION")));
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization);
        }
        if !body.is_empty() {
            request = request.header("content-type", "application/json");
        }
        let failed = |err: &dyn std::fmt::Display| Failure::Request(format!("{method} {}{path}: {err}", self.address));
        let request = request.body(Full::new(body)).map_err(|err| failed(&err))?;
        let (status, answer) = tokio::time::timeout(PATIENCE, self.exchange(request))
            .await
            .map_err(|_| failed(&format!("no answer within {} seconds", PATIENCE.as_secs())))?
            .map_err(|err| failed(&err))?;
        if status.is_success() { Ok(answer) } else { Err(Failure::Request(explain(status.as_u16(), &answer))) }
    }

    /// Over the connection, or a new one when it was closed. A request that fails or takes too long ends the connection.
    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<(StatusCode, Bytes), Box<dyn std::error::Error + Send + Sync>> {
        let mut connection = self.connection.lock().await;
        let mut sender = match connection.take() {
            Some(sender) if !sender.is_closed() => sender,
            _ => self.connect().await?,
        };
        sender.ready().await?;
        let response: Response<_> = sender.send_request(request).await?;
        let status = response.status();
        let answer = response.into_body().collect().await?.to_bytes();
        *connection = Some(sender);
        Ok((status, answer))
    }

    async fn connect(&self) -> Result<Sender, Box<dyn std::error::Error + Send + Sync>> {
        let stream = TcpStream::connect(&self.address).await?;
        stream.set_nodelay(true)?;
        match &self.tls {
            None => handshake(stream).await,
            Some(tls) => {
                let name = ServerName::try_from(self.server_name.clone().unwrap_or_else(|| self.host.clone()))?;
                handshake(TlsConnector::from(tls.clone()).connect(name, stream).await?).await
            }
        }
    }
}

async fn handshake<S>(stream: S) -> Result<Sender, Box<dyn std::error::Error + Send + Sync>>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // An error of the connection is one of the request that is under way.
    tokio::spawn(async move { drop(connection.await) });
    Ok(sender)
}

/// The message of a Status with its causes, or what else was answered.
fn explain(code: u16, answer: &[u8]) -> String {
    let Ok(status) = serde_json::from_slice::<Value>(answer) else {
        return format!("{code}: {}", String::from_utf8_lossy(answer).trim());
    };
    let mut text = status["message"].as_str().map_or_else(|| format!("the server answered {code}"), str::to_owned);
    for cause in status["details"]["causes"].as_array().into_iter().flatten() {
        let (message, field) = (cause["message"].as_str().unwrap_or_default(), cause["field"].as_str().unwrap_or_default());
        text.push_str(&format!("\n  {message}{}{field}", if field.is_empty() { "" } else { ": " }));
    }
    text
}

/// A text as a part of a URL's query.
pub fn escape(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

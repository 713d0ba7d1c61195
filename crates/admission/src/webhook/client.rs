//! One HTTP request, and its errors in the words of Go's client.

use super::{endpoint::Endpoint, trust::Trust};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{Request, StatusCode, body::Bytes, client::conn::http1, header::CONTENT_TYPE};
use hyper_util::rt::TokioIo;
use std::{io, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{
        self, CertificateError, ClientConfig, RootCertStore,
        pki_types::{CertificateDer, ServerName, pem::PemObject as _},
    },
};

/// An answer may have so many bytes.
const MAX_ANSWER: usize = 16 << 20;

/// Posts JSON and returns the answer.
///
/// # Errors
/// Why there is none, as Go's client tells it.
pub async fn post(endpoint: &Endpoint, body: Vec<u8>, timeout: Duration) -> Result<Bytes, String> {
    let seconds = timeout.as_secs();
    let url = endpoint.url_within(seconds);
    let told = |why: String| format!("Post \"{url}\": {why}");
    match tokio::time::timeout(timeout, exchange(endpoint, body, seconds)).await {
        Err(_) => Err(told("context deadline exceeded".to_owned())),
        Ok(Err(why)) => Err(told(why)),
        Ok(Ok((status, content_type, body))) if status.is_success() && body.is_empty() => {
            let code = status.as_u16();
            Err(format!("0-length response with status code: {code} and content type: {content_type}"))
        }
        Ok(Ok((status, _, body))) if status.is_success() => Ok(body),
        Ok(Ok((status, content_type, body))) => Err(refused(status, &content_type, &body)),
    }
}

async fn exchange(endpoint: &Endpoint, body: Vec<u8>, seconds: u64) -> Result<(StatusCode, String, Bytes), String> {
    let tcp = TcpStream::connect(&endpoint.address).await.map_err(|err| dial_error(&endpoint.address, &err))?;
    // The answer is waited for at once.
    let _ = tcp.set_nodelay(true);
    if endpoint.tls {
        let stream = connector(&endpoint.authorities)?.connect(server_name(endpoint)?, tcp).await.map_err(|err| tls_error(&err))?;
        send(endpoint, stream, body, seconds).await
    } else {
        send(endpoint, tcp, body, seconds).await
    }
}

async fn send<S>(endpoint: &Endpoint, stream: S, body: Vec<u8>, seconds: u64) -> Result<(StatusCode, String, Bytes), String>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|err| err.to_string())?;
    let connection = tokio::spawn(connection);
    let path = if endpoint.path.is_empty() { "/" } else { &endpoint.path };
    let request = Request::post(format!("{path}?timeout={seconds}s"))
        .header("host", authority(endpoint))
        .header("content-type", "application/json")
        .header("accept", "application/json, */*")
        .header("user-agent", "kube-apiserver-admission")
        .body(Full::new(Bytes::from(body)))
        .map_err(|err| err.to_string())?;
    let answer = sender.send_request(request).await.map_err(|_| "EOF".to_owned())?;
    let status = answer.status();
    let content_type = answer.headers().get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    let body = Limited::new(answer.into_body(), MAX_ANSWER).collect().await.map_err(|err| err.to_string())?.to_bytes();
    connection.abort();
    Ok((status, content_type, body))
}

fn authority(endpoint: &Endpoint) -> &str {
    let rest = endpoint.url.split_once("://").map_or(&*endpoint.url, |(_, rest)| rest);
    rest.split('/').next().unwrap_or(rest)
}

fn server_name(endpoint: &Endpoint) -> Result<ServerName<'static>, String> {
    ServerName::try_from(endpoint.server_name.clone()).map_err(|err| err.to_string())
}

fn connector(authorities: &[u8]) -> Result<TlsConnector, String> {
    let read = |certificate: Result<CertificateDer<'static>, _>| {
        certificate.map_err(|_| "unable to load root certificates: unable to parse bytes as PEM block".to_owned())
    };
    let authorities = CertificateDer::pem_slice_iter(authorities).map(read).collect::<Result<Vec<_>, _>>()?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions();
    let config = config.map_err(|err| err.to_string())?;
    let config = match authorities.is_empty() {
        true => config.with_root_certificates(RootCertStore::empty()),
        false => config.dangerous().with_custom_certificate_verifier(Arc::new(Trust::new(authorities, provider)?)),
    };
    let mut config = config.with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}

fn dial_error(address: &str, err: &io::Error) -> String {
    let why = match err.kind() {
        io::ErrorKind::ConnectionRefused => "connect: connection refused",
        io::ErrorKind::HostUnreachable => "connect: no route to host",
        io::ErrorKind::NetworkUnreachable => "connect: network is unreachable",
        io::ErrorKind::TimedOut => "i/o timeout",
        _ if err.raw_os_error().is_none() => {
            let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
            return format!("dial tcp: lookup {host}: no such host");
        }
        _ => return format!("dial tcp {address}: {err}"),
    };
    format!("dial tcp {address}: {why}")
}

fn tls_error(err: &io::Error) -> String {
    let of_rustls = err.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let Some(err) = of_rustls else { return err.to_string() };
    let why = match err {
        // An authority of the same name may have another key.
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature) => {
            "x509: certificate signed by unknown authority".to_owned()
        }
        rustls::Error::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
            "x509: certificate has expired or is not yet valid".to_owned()
        }
        // A server whose certificate is an authority's, but none that is trusted.
        rustls::Error::InvalidCertificate(CertificateError::Other(_)) => "x509: certificate signed by unknown authority".to_owned(),
        rustls::Error::InvalidCertificate(other) => format!("x509: {other:?}"),
        rustls::Error::InvalidMessage(_) => return "http: server gave HTTP response to HTTPS client".to_owned(),
        other => return other.to_string(),
    };
    format!("tls: failed to verify certificate: {why}")
}

/// An answer that is an error; only what says that it is text is shown.
fn refused(status: StatusCode, content_type: &str, body: &[u8]) -> String {
    let is_text = content_type.is_empty() || content_type.starts_with("text/");
    let body = if is_text { String::from_utf8_lossy(body).trim().to_owned() } else { "unknown".to_owned() };
    match status.as_u16() {
        400 => "the server rejected our request for an unknown reason".to_owned(),
        401 => "the server has asked for the client to provide credentials".to_owned(),
        403 if !body.is_empty() => body,
        403 => "forbidden".to_owned(),
        404 => "the server could not find the requested resource".to_owned(),
        405 => "the server does not allow this method on the requested resource".to_owned(),
        413 => "Request entity too large".to_owned(),
        429 => "the server has received too many requests and has asked us to try again later".to_owned(),
        503 => "the server is currently unable to handle the request".to_owned(),
        504 => "the server was unable to return a response in the time allotted, but may still be processing the request".to_owned(),
        _ => format!("an error on the server ({}) has prevented the request from succeeding", minkapi_schema::field::quoted(&body)),
    }
}

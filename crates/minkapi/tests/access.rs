//! Servers on the network: TLS, tokens, and what browsers are refused.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use base64::{Engine as _, engine::general_purpose::STANDARD};
use minkapi::{Access, Config, CreateView, Server};
use rcgen::{CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _},
};
use std::{fs, path::Path, sync::Arc};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

/// Sends a request and returns the whole answer.
async fn ask(mut stream: impl AsyncRead + AsyncWrite + Unpin, path: &str, headers: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

fn port(server: &Server) -> u16 {
    server.url().split("://").nth(1).unwrap().split('/').next().unwrap().rsplit(':').next().unwrap().parse().unwrap()
}

/// What a client needs, out of a kubeconfig.
fn field(kubeconfig: &Path, name: &str) -> Option<String> {
    let text = fs::read_to_string(kubeconfig).unwrap();
    text.lines().find_map(|line| line.trim().strip_prefix(name)?.strip_prefix(": ").map(str::to_owned))
}

fn client(kubeconfig: &Path, identity: Option<(String, String)>) -> TlsConnector {
    let authority = STANDARD.decode(field(kubeconfig, "certificate-authority-data").unwrap()).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(&authority).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap().with_root_certificates(roots);
    let config = match identity {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
            builder.with_client_auth_cert(vec![certificate], PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap()).unwrap()
        }
    };
    TlsConnector::from(Arc::new(config))
}

async fn tls(server: &Server, connector: &TlsConnector) -> tokio_rustls::client::TlsStream<TcpStream> {
    let stream = TcpStream::connect(("127.0.0.1", port(server))).await.unwrap();
    connector.connect(ServerName::try_from("localhost").unwrap(), stream).await.unwrap()
}

#[tokio::test]
async fn an_address_that_others_reach_needs_the_token_of_the_kubeconfig_over_tls() {
    let server = Server::launch(Config { bind_address: "0.0.0.0:0".parse().unwrap(), ..Config::default() }).await.unwrap();
    assert!(server.url().starts_with("https://127.0.0.1:"), "{}", server.url());
    let connector = client(&server.kubeconfig(), None);
    let refused = ask(tls(&server, &connector).await, "/base/api/v1/nodes", "Host: x\r\n").await;
    assert!(refused.starts_with("HTTP/1.1 401 "), "{refused}");
    let token = format!("Host: x\r\nAuthorization: Bearer {}\r\n", field(&server.kubeconfig(), "token").unwrap());
    assert!(ask(tls(&server, &connector).await, "/base/api/v1/nodes", &token).await.starts_with("HTTP/1.1 200 "));

    let blue = server.create_view("blue", &CreateView::default()).unwrap();
    let token = format!("Host: x\r\nAuthorization: Bearer {}\r\n", field(&blue.kubeconfig, "token").unwrap());
    assert!(ask(tls(&server, &connector).await, "/blue/api/v1/nodes", &token).await.starts_with("HTTP/1.1 200 "));
    assert!(
        ask(tls(&server, &connector).await, "/base/api/v1/nodes", &token).await.starts_with("HTTP/1.1 403 "),
        "a sandbox cannot touch base"
    );

    let plain = ask(TcpStream::connect(("127.0.0.1", port(&server))).await.unwrap(), "/version", "Host: x\r\n").await;
    assert!(!plain.contains("200"), "plain HTTP gets nothing: {plain}");
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_client_certificate_tells_who_somebody_is() {
    let key = KeyPair::generate().unwrap();
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem");
    fs::write(&path, authority.self_signed(&key).unwrap().pem()).unwrap();
    let issuer = Issuer::new(authority, key);
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, "anna");
    params.distinguished_name.push(DnType::OrganizationName, "dev");
    let own = KeyPair::generate().unwrap();
    let identity = (params.signed_by(&own, &issuer).unwrap().pem(), own.serialize_pem());

    let access = Access { client_ca_file: Some(path), authorization_mode: minkapi::AuthorizationMode::Rbac, ..Access::default() };
    let server = Server::launch(Config { access, ..Config::default() }).await.unwrap();
    let known = client(&server.kubeconfig(), Some(identity));
    let answer = ask(tls(&server, &known).await, "/base/api/v1/nodes", "Host: x\r\n").await;
    assert!(answer.contains(r#"User \"anna\" cannot list resource \"nodes\""#), "{answer}");
    let unknown = client(&server.kubeconfig(), None);
    assert!(ask(tls(&server, &unknown).await, "/base/api/v1/nodes", "Host: x\r\n").await.starts_with("HTTP/1.1 401 "));
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_browser_cannot_reach_an_open_server_for_a_foreign_page() {
    let server = Server::launch(Config::default()).await.unwrap();
    let connect = || TcpStream::connect(("127.0.0.1", port(&server)));
    for headers in ["Host: localhost\r\n", "Host: 127.0.0.1:1\r\n", "Host: [::1]:1\r\n"] {
        assert!(ask(connect().await.unwrap(), "/version", headers).await.starts_with("HTTP/1.1 200 "), "{headers}");
    }
    for headers in ["Host: evil.example\r\n", "Host: localhost\r\nOrigin: http://evil.example\r\n"] {
        assert!(ask(connect().await.unwrap(), "/version", headers).await.starts_with("HTTP/1.1 403 "), "{headers}");
    }
    let wrong = ask(connect().await.unwrap(), "/version", "Host: localhost\r\nAuthorization: Bearer wrong\r\n").await;
    assert!(wrong.starts_with("HTTP/1.1 401 "), "{wrong}");
    server.shutdown().await.unwrap();
}

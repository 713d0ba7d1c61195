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

/// A certificate for localhost with its key, signed by an authority.
fn certificate(issuer: &Issuer<'_, KeyPair>, serial: u64) -> (String, String) {
    let mut params = CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
    params.serial_number = Some(serial.into());
    let key = KeyPair::generate().unwrap();
    (params.signed_by(&key, issuer).unwrap().pem(), key.serialize_pem())
}

/// The certificate that a server shows to a new connection.
async fn shown(server: &Server, connector: &TlsConnector) -> Vec<u8> {
    let stream = tls(server, connector).await;
    stream.get_ref().1.peer_certificates().unwrap()[0].to_vec()
}

fn der(pem: &str) -> Vec<u8> {
    CertificateDer::from_pem_slice(pem.as_bytes()).unwrap().to_vec()
}

#[tokio::test]
async fn new_certificate_files_are_used_without_ending_what_is_open() {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let ca = authority.self_signed(&key).unwrap().pem();
    let issuer = Issuer::new(authority, key);
    let folder = tempfile::tempdir().unwrap();
    let (cert_file, key_file) = (folder.path().join("tls.crt"), folder.path().join("tls.key"));
    let write = |(certificate, key): &(String, String)| {
        fs::write(&cert_file, format!("{certificate}{ca}")).unwrap();
        fs::write(&key_file, key).unwrap();
    };
    let (first, second) = (certificate(&issuer, 1), certificate(&issuer, 2));
    write(&first);
    let access = Access { tls_cert_file: Some(cert_file.clone()), tls_private_key_file: Some(key_file.clone()), ..Access::default() };
    let server = Server::launch(Config { access, ..Config::default() }).await.unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let connector = TlsConnector::from(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()));
    assert_eq!(shown(&server, &connector).await, der(&first.0));

    let open = tls(&server, &connector).await;
    fs::write(&cert_file, "half a certi").unwrap();
    server.reload_certificates();
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    assert_eq!(shown(&server, &connector).await, der(&first.0), "files that cannot be used leave the old ones");

    write(&second);
    server.reload_certificates();
    let mut waited = 0;
    while shown(&server, &connector).await != der(&second.0) {
        waited += 1;
        assert!(waited < 200, "the new certificate is never shown");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert!(ask(open, "/version", "Host: localhost\r\n").await.starts_with("HTTP/1.1 200 "), "what was open goes on");
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_sandbox_may_not_touch_base_whatever_the_method() {
    let tokens = tempfile::NamedTempFile::new().unwrap();
    fs::write(tokens.path(), "other,anna,u\n").unwrap();
    let access = Access { token_auth_file: Some(tokens.path().into()), ..Access::default() };
    let server = Server::launch(Config { access, ..Config::default() }).await.unwrap();
    let blue = server.create_view("blue", &CreateView::default()).unwrap();
    let token = field(&blue.kubeconfig, "token").unwrap();
    let base = field(&server.kubeconfig(), "token").unwrap();
    let connector = client(&server.kubeconfig(), None);
    let send = async |method: &str, path: &str, token: &str, body: &str| {
        let mut stream = tls(&server, &connector).await;
        let head = format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n");
        let length = body.len();
        let request = format!("{head}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    };
    let node = r#"{"apiVersion":"v1","kind":"Node","metadata":{"name":"n"}}"#;
    assert!(send("POST", "/blue/api/v1/nodes", &token, node).await.starts_with("HTTP/1.1 201 "));
    for (method, path) in [
        ("POST", "/base/api/v1/nodes"),
        ("PUT", "/base/api/v1/nodes/n"),
        ("PATCH", "/base/api/v1/nodes/n"),
        ("DELETE", "/base/api/v1/nodes"),
        ("GET", "/base/api/v1/nodes?watch=1"),
        ("POST", "/views/green"),
        ("DELETE", "/views/blue"),
        ("POST", "/views/blue/commit"),
        ("GET", "/metrics"),
    ] {
        let answer = send(method, path, &token, node).await;
        assert!(answer.starts_with("HTTP/1.1 403 "), "{method} {path}: {answer}");
    }
    assert!(send("POST", "/base/api/v1/nodes", &base, node).await.starts_with("HTTP/1.1 201 "), "base's own token may");
    server.shutdown().await.unwrap();
}

#[cfg(feature = "kube")]
#[tokio::test]
async fn the_client_of_a_server_that_asks_brings_token_and_authority() {
    use k8s_openapi::api::core::v1::Node;
    let server = Server::launch(Config { bind_address: "0.0.0.0:0".parse().unwrap(), ..Config::default() }).await.unwrap();
    let blue = server.create_view("blue", &CreateView::default()).unwrap();
    for view in [&server.base(), &blue.view] {
        let nodes = kube::Api::<Node>::all(server.network_client(view).unwrap());
        assert!(nodes.list(&kube::api::ListParams::default()).await.unwrap().items.is_empty());
    }
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

//! A conversion webhook over real HTTPS, with a certificate of its own: Hosts have `spec.hostPort` in v1, and `spec.host` and
//! `spec.port` in v2.

use rcgen::{CertifiedKey, generate_simple_self_signed};
use serde_json::{Value, json};
use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    runtime::Handle,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, crypto::ring, pki_types::PrivatePkcs8KeyDer},
};

/// A running webhook; it goes with the runtime.
#[derive(Debug, Clone)]
pub struct ConversionWebhook {
    /// Where it is.
    pub url: String,
    /// The certificate that vouches for it, as PEM.
    pub certificate: String,
    /// Whether it refuses to convert.
    pub refuses: Arc<AtomicBool>,
    /// How many objects it has converted.
    pub converted: Arc<AtomicUsize>,
}

impl ConversionWebhook {
    /// Starts one.
    ///
    /// # Panics
    /// When it cannot.
    pub fn launch(runtime: &Handle) -> Self {
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
        let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der()).into();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("TLS versions")
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .expect("a certificate with its key");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
        let url = format!("https://{}/convert", listener.local_addr().expect("an address"));
        let webhook = Self { url, certificate: cert.pem(), refuses: Arc::default(), converted: Arc::default() };
        let (acceptor, serving) = (TlsAcceptor::from(Arc::new(config)), webhook.clone());
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, serving) = (acceptor.clone(), serving.clone());
                // A client that does not like the certificate goes away.
                tokio::spawn(async move { serving.serve(acceptor, stream).await });
            }
        });
        webhook
    }

    async fn serve(&self, acceptor: TlsAcceptor, stream: TcpStream) -> Option<()> {
        let mut stream = acceptor.accept(stream).await.ok()?;
        let mut read = Vec::new();
        let review: Value = loop {
            let mut part = [0; 4096];
            let count = stream.read(&mut part).await.ok().filter(|count| *count > 0)?;
            read.extend_from_slice(part.get(..count)?);
            let text = String::from_utf8_lossy(&read);
            if let Some((_, body)) = text.split_once("\r\n\r\n")
                && let Ok(review) = serde_json::from_str(body)
            {
                break review;
            }
        };
        let body = self.answer(&review).to_string();
        let head = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
        stream.write_all(format!("{head}{body}").as_bytes()).await.ok()?;
        stream.shutdown().await.ok()
    }

    fn answer(&self, review: &Value) -> Value {
        let request = &review["request"];
        let wanted = request["desiredAPIVersion"].as_str().unwrap_or_default();
        let objects: Vec<Value> = request["objects"].as_array().into_iter().flatten().map(|object| converted(object, wanted)).collect();
        let response = if self.refuses.load(Ordering::Relaxed) {
            json!({"uid": request["uid"], "result": {"status": "Failure", "message": "not today"}})
        } else {
            self.converted.fetch_add(objects.len(), Ordering::Relaxed);
            json!({"uid": request["uid"], "result": {"status": "Success"}, "convertedObjects": objects})
        };
        json!({"apiVersion": review["apiVersion"], "kind": "ConversionReview", "response": response})
    }

    /// The definition of the Hosts, which are stored as `storage`.
    pub fn definition(&self, storage: &str) -> Value {
        use base64::{Engine as _, engine::general_purpose::STANDARD};
        let text = json!({"type": "string"});
        let version = |name: &str, fields: Value| {
            let schema = json!({"type": "object", "properties": {
                "spec": {"type": "object", "properties": fields},
                "status": {"type": "object", "properties": {"ready": {"type": "boolean"}}}
            }});
            json!({
                "name": name, "served": true, "storage": name == storage,
                "schema": {"openAPIV3Schema": schema}, "subresources": {"status": {}}
            })
        };
        let v1 = version("v1", json!({"hostPort": text, "note": {"type": "string", "default": "one"}}));
        let mut v2 = version("v2", json!({"host": text, "port": text, "note": {"type": "string", "default": "two"}}));
        v2["selectableFields"] = json!([{"jsonPath": ".spec.host"}]);
        json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "hosts.example.com"},
            "spec": {
                "group": "example.com", "scope": "Namespaced", "names": {"plural": "hosts", "kind": "Host"}, "versions": [v1, v2],
                "conversion": {"strategy": "Webhook", "webhook": {
                    "conversionReviewVersions": ["v1"],
                    "clientConfig": {"url": self.url, "caBundle": STANDARD.encode(&self.certificate)}
                }}
            }
        })
    }
}

fn converted(object: &Value, wanted: &str) -> Value {
    let mut object = object.clone();
    object["apiVersion"] = wanted.into();
    let Some(spec) = object["spec"].as_object_mut() else { return object };
    let taken = |spec: &mut serde_json::Map<String, Value>, key: &str| match spec.remove(key) {
        Some(Value::String(text)) => text,
        _ => String::new(),
    };
    if wanted.ends_with("/v2") && spec.contains_key("hostPort") {
        let both = taken(spec, "hostPort");
        let (host, port) = both.split_once(':').unwrap_or((&both, ""));
        spec.extend([("host".to_owned(), host.into()), ("port".to_owned(), port.into())]);
    } else if wanted.ends_with("/v1") && spec.contains_key("host") {
        let both = format!("{}:{}", taken(spec, "host"), taken(spec, "port"));
        spec.insert("hostPort".to_owned(), both.into());
    }
    object
}

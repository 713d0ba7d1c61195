//! Clients of clusters that a kubeconfig describes.

use crate::{client::Client, exit::Failure};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use minkapi_codec::yaml;
use serde_json::Value;
use std::{fs, path::Path, sync::Arc};
use tokio_rustls::rustls::{
    ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject as _},
};

/// A client of the cluster of a context (the current one by default).
///
/// # Errors
/// A file that cannot be read, or that lacks what is needed.
pub async fn client(path: &Path, context: Option<&str>) -> Result<Client, Failure> {
    let text = fs::read(path).map_err(|err| Failure::File(format!("{} cannot be read", path.display()), err))?;
    let bad = |why: String| Failure::Options(format!("{}: {why}", path.display()));
    let config = yaml::read(&text).map_err(bad)?.value;
    let context = context.or(config["current-context"].as_str()).unwrap_or_default();
    let named = |list: &str, name: &str, member: &str| {
        let entry = config[list].as_array().into_iter().flatten().find(|e| e["name"] == name);
        entry.map(|e| e[member].clone()).ok_or_else(|| bad(format!("there is no \"{name}\" among its {list}")))
    };
    let context = named("contexts", context, "context")?;
    let cluster = named("clusters", context["cluster"].as_str().unwrap_or_default(), "cluster")?;
    let user = match context["user"].as_str() {
        Some(user) if !user.is_empty() => named("users", user, "user")?,
        _ => Value::Null,
    };
    let folder = path.parent().unwrap_or_else(|| Path::new(""));
    let server = cluster["server"].as_str().unwrap_or_default();
    let credentials = Credentials::of(&user, folder).await?;
    let tls = if server.starts_with("https://") { Some(tls(&cluster, &credentials, folder)?) } else { None };
    if let Some(proxy) = cluster["proxy-url"].as_str().filter(|url| !url.is_empty()) {
        return Err(bad(format!("the cluster is reached through a proxy ({proxy}), which this command does not speak to")));
    }
    let server_name = cluster["tls-server-name"].as_str().filter(|name| !name.is_empty());
    Ok(Client::with(server, tls, credentials.authorization)?.known_as(server_name))
}

/// How the user of a kubeconfig shows who he is.
#[derive(Default)]
struct Credentials {
    authorization: Option<String>,
    /// Certificate and key, as PEM.
    certificate: Option<(Vec<u8>, Vec<u8>)>,
}

impl Credentials {
    async fn of(user: &Value, folder: &Path) -> Result<Self, Failure> {
        let text = |key: &str| user[key].as_str().filter(|t| !t.is_empty());
        let mut found = Self::default();
        if let (Some(certificate), Some(key)) = (data(user, "client-certificate", folder)?, data(user, "client-key", folder)?) {
            found.certificate = Some((certificate, key));
        }
        if let Some(token) = text("token") {
            found.authorization = Some(format!("Bearer {token}"));
        } else if let Some(file) = text("tokenFile") {
            let token = read(&folder.join(file))?;
            found.authorization = Some(format!("Bearer {}", String::from_utf8_lossy(&token).trim()));
        } else if let (Some(name), Some(password)) = (text("username"), text("password")) {
            found.authorization = Some(format!("Basic {}", STANDARD.encode(format!("{name}:{password}"))));
        } else if user["exec"].is_object() {
            found.run(&user["exec"], folder).await?;
        }
        Ok(found)
    }

    /// Asks the program that the kubeconfig names, as kubectl does.
    async fn run(&mut self, exec: &Value, folder: &Path) -> Result<(), Failure> {
        let name = exec["command"].as_str().unwrap_or_default();
        // A path is one from the kubeconfig's folder; a plain name is looked for as the shell does.
        let program = if name.contains('/') { folder.join(name) } else { name.into() };
        let failed = |why: String| Failure::Request(format!("the credential program {name}: {why}"));
        let mut command = tokio::process::Command::new(program);
        command.args(exec["args"].as_array().into_iter().flatten().filter_map(Value::as_str));
        for variable in exec["env"].as_array().into_iter().flatten() {
            command.env(variable["name"].as_str().unwrap_or_default(), variable["value"].as_str().unwrap_or_default());
        }
        let info = serde_json::json!({"apiVersion": exec["apiVersion"], "kind": "ExecCredential", "spec": {"interactive": false}});
        command.env("KUBERNETES_EXEC_INFO", info.to_string());
        let output = command.output().await.map_err(|err| failed(err.to_string()))?;
        if !output.status.success() {
            return Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
        }
        let answer: Value = serde_json::from_slice(&output.stdout).map_err(|err| failed(err.to_string()))?;
        let of = |key: &str| answer["status"][key].as_str().map(str::to_owned);
        self.authorization = of("token").map(|token| format!("Bearer {token}"));
        if let (Some(certificate), Some(key)) = (of("clientCertificateData"), of("clientKeyData")) {
            self.certificate = Some((certificate.into_bytes(), key.into_bytes()));
        }
        Ok(())
    }
}

/// What a kubeconfig holds under `<key>-data`, or in the file that it names under `<key>`.
fn data(of: &Value, key: &str, folder: &Path) -> Result<Option<Vec<u8>>, Failure> {
    if let Some(encoded) = of[format!("{key}-data")].as_str() {
        let decoded = STANDARD.decode(encoded.trim()).map_err(|err| Failure::Options(format!("{key}-data: {err}")))?;
        return Ok(Some(decoded));
    }
    of[key].as_str().map(|file| read(&folder.join(file))).transpose()
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|err| Failure::File(format!("{} cannot be read", path.display()), err))
}

fn tls(cluster: &Value, credentials: &Credentials, folder: &Path) -> Result<Arc<ClientConfig>, Failure> {
    let bad = |what: &str, why: String| Failure::Options(format!("{what}: {why}"));
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|err| bad("TLS", err.to_string()))?;
    let builder = if cluster["insecure-skip-tls-verify"] == true {
        builder.dangerous().with_custom_certificate_verifier(Arc::new(Unverified(provider)))
    } else {
        builder.with_root_certificates(roots(cluster, folder)?)
    };
    let config = match &credentials.certificate {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let chain = CertificateDer::pem_slice_iter(certificate).collect::<Result<Vec<_>, _>>();
            let chain = chain.map_err(|err| bad("client-certificate", err.to_string()))?;
            let key = PrivateKeyDer::from_pem_slice(key).map_err(|err| bad("client-key", err.to_string()))?;
            builder.with_client_auth_cert(chain, key).map_err(|err| bad("client-certificate", err.to_string()))?
        }
    };
    Ok(Arc::new(config))
}

/// Who vouches for the server: those that the kubeconfig names, or else those that the machine trusts.
fn roots(cluster: &Value, folder: &Path) -> Result<RootCertStore, Failure> {
    let bad = |why: String| Failure::Options(format!("certificate-authority: {why}"));
    let mut roots = RootCertStore::empty();
    let Some(named) = data(cluster, "certificate-authority", folder)? else {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        return Ok(roots);
    };
    for certificate in CertificateDer::pem_slice_iter(&named) {
        roots.add(certificate.map_err(|err| bad(err.to_string()))?).map_err(|err| bad(err.to_string()))?;
    }
    Ok(roots)
}

/// Takes any certificate: `insecure-skip-tls-verify`.
#[derive(Debug)]
struct Unverified(Arc<CryptoProvider>);

impl ServerCertVerifier for Unverified {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

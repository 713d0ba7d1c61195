//! HTTPS, by rustls.

use crate::{PeerCertificate, Transport};
use arc_swap::ArcSwap;
use rustls::{
    RootCertStore, ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    server::WebPkiClientVerifier,
};
use sha2::{Digest as _, Sha256};
use std::{fmt, io, sync::Arc};
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, server::TlsStream};

/// What TLS is set up with, as PEM.
#[derive(Clone, Default)]
pub struct TlsFiles {
    /// The server's certificate and those that vouch for it.
    pub certificate: Vec<u8>,
    /// Its private key.
    pub key: Vec<u8>,
    /// Authorities whose client certificates are believed; clients without one are let through all the same.
    pub client_ca: Option<Vec<u8>>,
}

impl fmt::Debug for TlsFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsFiles").finish_non_exhaustive()
    }
}

/// Certificates or a key that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// Not PEM, or of another kind.
    #[error("the {0} cannot be read: {1}")]
    Pem(&'static str, rustls::pki_types::pem::Error),
    /// They do not fit together.
    #[error("the certificate cannot be used")]
    Unusable(#[from] rustls::Error),
    /// The authorities of clients cannot be used.
    #[error("the certificates of client authorities cannot be used")]
    ClientCa(#[from] rustls::server::VerifierBuilderError),
}

/// TLS with HTTP/2 and HTTP/1.1 by ALPN. Clones share the certificates, which can be exchanged while connections are open.
#[derive(Clone)]
pub struct Tls {
    config: Arc<ArcSwap<ServerConfig>>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}

impl Tls {
    /// Sets it up.
    ///
    /// # Errors
    /// [`TlsError`] says what cannot be used.
    pub fn new(files: &TlsFiles) -> Result<Self, TlsError> {
        Ok(Self { config: Arc::new(ArcSwap::from(config(files)?)) })
    }

    /// Uses other certificates for new connections.
    ///
    /// # Errors
    /// As [`Self::new`]; the old ones stay in use then.
    pub fn reload(&self, files: &TlsFiles) -> Result<(), TlsError> {
        self.config.store(config(files)?);
        Ok(())
    }
}

fn config(files: &TlsFiles) -> Result<Arc<ServerConfig>, TlsError> {
    let certificates = |pem: &[u8], what| -> Result<Vec<CertificateDer<'static>>, TlsError> {
        CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().map_err(|err| TlsError::Pem(what, err))
    };
    let key = PrivateKeyDer::from_pem_slice(&files.key).map_err(|err| TlsError::Pem("key", err))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions()?;
    let builder = match &files.client_ca {
        None => builder.with_no_client_auth(),
        Some(authorities) => {
            let mut roots = RootCertStore::empty();
            for authority in certificates(authorities, "client authorities")? {
                roots.add(authority)?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).allow_unauthenticated().build()?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let mut config = builder.with_single_cert(certificates(&files.certificate, "certificate")?, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

impl Transport for Tls {
    type Io = TlsStream<TcpStream>;

    async fn establish(&self, stream: TcpStream) -> io::Result<Self::Io> {
        TlsAcceptor::from(self.config.load_full()).accept(stream).await
    }

    fn peer(&self, io: &Self::Io) -> Option<PeerCertificate> {
        let certificate = io.get_ref().1.peer_certificates()?.first()?;
        let subject = minkapi_kinds::subject_of(certificate)?;
        let sha256 = Sha256::digest(certificate).into();
        Some(PeerCertificate { common_name: subject.common_name, organizations: subject.organizations, sha256 })
    }
}

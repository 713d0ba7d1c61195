//! Which servers are believed: those that an authority of the configuration vouches for, and one whose own certificate stands
//! there. Such a self-made certificate often says that it is an authority, which Go's client takes for a server and rustls does not.

use minkapi_kinds::Certificate;
use std::sync::Arc;
use tokio_rustls::rustls::{
    CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_name,
    },
    crypto::CryptoProvider,
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::ParsedCertificate,
};

/// Believes authorities, and servers that are one.
#[derive(Debug)]
pub(super) struct Trust {
    chains: Arc<WebPkiServerVerifier>,
    authorities: Vec<CertificateDer<'static>>,
}

impl Trust {
    /// Trust in these authorities.
    ///
    /// # Errors
    /// Why they cannot be used.
    pub fn new(authorities: Vec<CertificateDer<'static>>, provider: Arc<CryptoProvider>) -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        for authority in &authorities {
            roots.add(authority.clone()).map_err(|err| format!("unable to load root certificates: {err}"))?;
        }
        let chains = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build().map_err(|err| err.to_string())?;
        Ok(Self { chains, authorities })
    }
}

/// Whether the certificate holds now, for this name.
fn holds(certificate: &CertificateDer<'_>, name: &ServerName<'_>, now: UnixTime) -> Result<ServerCertVerified, Error> {
    let wrong = Error::InvalidCertificate;
    let read = Certificate::parse(certificate).ok_or(wrong(CertificateError::BadEncoding))?;
    let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    if !(read.not_before..=read.not_after).contains(&now) {
        return Err(wrong(CertificateError::Expired));
    }
    verify_server_name(&ParsedCertificate::try_from(certificate)?, name)?;
    Ok(ServerCertVerified::assertion())
}

impl ServerCertVerifier for Trust {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match self.chains.verify_server_cert(end_entity, intermediates, name, ocsp, now) {
            Err(Error::InvalidCertificate(CertificateError::Other(_))) if self.authorities.contains(end_entity) => {
                holds(end_entity, name, now)
            }
            result => result,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.chains.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.chains.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.chains.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
    use std::time::Duration;
    use tokio_rustls::rustls::crypto::ring::default_provider;

    /// A certificate that says that it is an authority, as `openssl req -x509` makes them.
    fn self_made(name: &str) -> CertificateDer<'static> {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().clone()
    }

    fn believes(trusted: &CertificateDer<'static>, server: &CertificateDer<'_>, name: &'static str, now: UnixTime) -> bool {
        let trust = Trust::new(vec![trusted.clone()], Arc::new(default_provider())).unwrap();
        trust.verify_server_cert(server, &[], &ServerName::try_from(name).unwrap(), &[], now).is_ok()
    }

    #[test]
    fn a_self_made_certificate_is_believed_where_it_is_configured_and_nowhere_else() {
        let (own, other) = (self_made("hook.x.svc"), self_made("hook.x.svc"));
        let now = UnixTime::now();
        assert!(believes(&own, &own, "hook.x.svc", now));
        assert!(!believes(&own, &own, "other.x.svc", now));
        assert!(!believes(&own, &other, "hook.x.svc", now));
        assert!(!believes(&own, &own, "hook.x.svc", UnixTime::since_unix_epoch(Duration::ZERO)));
    }
}

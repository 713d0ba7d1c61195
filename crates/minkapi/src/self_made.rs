//! A certificate that a server makes for itself, and the authority that vouches for it.

use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use std::net::IpAddr;

/// All as PEM.
pub(crate) struct SelfMade {
    pub certificate: String,
    pub key: String,
    pub authority: String,
}

/// A certificate for the names by which a server on this address is reached. The authority's key is forgotten at once.
///
/// # Errors
/// Keys that cannot be made.
pub(crate) fn certificate(address: IpAddr) -> Result<SelfMade, rcgen::Error> {
    let authority_key = KeyPair::generate()?;
    let mut authority = CertificateParams::new(Vec::new())?;
    authority.distinguished_name.push(DnType::CommonName, "minkapi");
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
    let authority_pem = authority.self_signed(&authority_key)?.pem();
    let mut names: Vec<String> =
        ["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "127.0.0.1", "::1"].map(str::to_owned).into();
    if !address.is_unspecified() && !address.is_loopback() {
        names.push(address.to_string());
    }
    let key = KeyPair::generate()?;
    let mut certificate = CertificateParams::new(names)?;
    certificate.distinguished_name.push(DnType::CommonName, "minkapi");
    certificate.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let signed = certificate.signed_by(&key, &Issuer::new(authority, authority_key))?;
    Ok(SelfMade { certificate: signed.pem(), key: key.serialize_pem(), authority: authority_pem })
}

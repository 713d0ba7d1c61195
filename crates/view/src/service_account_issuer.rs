//! Who issues tokens of service accounts: its names and its keys.

mod public_key;
mod signing_key;

use crate::service_account_tokens::Refused;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use minkapi_kinds::{Certificate, pem};
pub(crate) use public_key::JsonWebKey;
use public_key::PublicKey;
use serde_json::Value;
use signing_key::SigningKey;
use std::sync::OnceLock;

/// The issuer of a server's tokens of service accounts (`--service-account-issuer` and the flags about its keys). Unless it is
/// given a key it makes one when it is first needed, so that tokens end with the server.
pub struct ServiceAccountIssuer {
    names: Vec<String>,
    own: OnceLock<Option<OwnKey>>,
    others: Vec<PublicKey>,
    /// Whether tokens that its own key has signed are good, even if `others` lack it.
    knows_own: bool,
}

struct OwnKey {
    signing: SigningKey,
    public: PublicKey,
}

/// A file has no key that could be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// It should have a private one.
    #[error("data does not contain a valid RSA or ECDSA private key (RSA of 2048 to 4096 bits, P-256, P-384)")]
    NoPrivateKey,
    /// It should have any.
    #[error("data does not contain any valid RSA or ECDSA public keys")]
    NoPublicKey,
}

impl Default for ServiceAccountIssuer {
    /// With kube-apiserver's usual name.
    fn default() -> Self {
        Self::new(vec!["https://kubernetes.default.svc".to_owned()])
    }
}

impl std::fmt::Debug for ServiceAccountIssuer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServiceAccountIssuer").field("names", &self.names).finish_non_exhaustive()
    }
}

impl ServiceAccountIssuer {
    /// Under these names: tokens are issued under the first one, and all are believed. They are the server's audiences, too.
    pub const fn new(names: Vec<String>) -> Self {
        Self { names, own: OnceLock::new(), others: Vec::new(), knows_own: true }
    }

    /// A new private key in PEM; none when the system has no random numbers.
    pub fn new_key() -> Option<String> {
        SigningKey::new_pem()
    }

    /// Signs with the private key in this PEM text (PKCS#1, PKCS#8 or SEC1).
    ///
    /// # Errors
    /// There is none, or it cannot be used.
    pub fn with_signing_key(self, pem: &str) -> Result<Self, KeyError> {
        let own = SigningKey::from_pem(pem).and_then(OwnKey::new).ok_or(KeyError::NoPrivateKey)?;
        Ok(Self { own: OnceLock::from(Some(own)), ..self })
    }

    /// Believes tokens that were signed with a key in this PEM text: public keys, private keys or certificates.
    ///
    /// # Errors
    /// There is none.
    pub fn with_key(mut self, pem: &str) -> Result<Self, KeyError> {
        let before = self.others.len();
        self.others.extend(pem::blocks(pem).iter().filter_map(|block| public_key(&block.bytes)));
        if self.others.len() == before { Err(KeyError::NoPublicKey) } else { Ok(self) }
    }

    /// Believes tokens of its signing key only if [`Self::with_key`] has named it, as kube-apiserver does.
    #[must_use]
    pub const fn only_named_keys(mut self) -> Self {
        self.knows_own = false;
        self
    }

    /// The name under which it issues.
    pub fn name(&self) -> &str {
        self.names.first().map_or("", String::as_str)
    }

    /// For whom tokens are that name nobody.
    pub fn audiences(&self) -> Vec<&str> {
        self.names.iter().map(String::as_str).collect()
    }

    /// The keys that tokens are checked with.
    pub(crate) fn json_web_keys(&self) -> Vec<JsonWebKey> {
        self.keys().map(PublicKey::json).collect()
    }

    /// What signatures may be made with, sorted.
    pub(crate) fn algorithms(&self) -> Vec<&'static str> {
        let mut algorithms: Vec<_> = self.keys().map(PublicKey::algorithm).collect();
        algorithms.sort_unstable();
        algorithms.dedup();
        algorithms
    }

    /// A token that says this; none when there is no key.
    pub(crate) fn sign(&self, claims: &Value) -> Option<String> {
        let own = self.own()?;
        own.signing.sign(&own.public, claims)
    }

    /// What a token says, if it is of this issuer.
    pub(crate) fn verify(&self, token: &str) -> Result<Value, Refused> {
        let token = Token::parse(token).ok_or(Refused::Unknown)?;
        if self.names.iter().all(|name| token.claims["iss"] != **name) {
            return Err(Refused::Unknown);
        }
        let text = |key: &str| token.header[key].as_str().unwrap_or_default();
        let (algorithm, id) = (text("alg"), text("kid"));
        let mut keys = self.keys().filter(|key| id.is_empty() || key.id == id).peekable();
        if keys.peek().is_none() {
            return Err(Refused::Because("invalid signature, no keys found".to_owned()));
        }
        if keys.any(|key| key.algorithm() == algorithm && key.verifies(token.signed.as_bytes(), &token.signature)) {
            return Ok(token.claims);
        }
        // As the library says it that kube-apiserver uses.
        Err(Refused::Because("go-jose/go-jose: error in cryptographic primitive".to_owned()))
    }

    fn keys(&self) -> impl Iterator<Item = &PublicKey> {
        self.own().filter(|_| self.knows_own).map(|own| &own.public).into_iter().chain(&self.others)
    }

    fn own(&self) -> Option<&OwnKey> {
        let make = || SigningKey::new_pem().and_then(|pem| SigningKey::from_pem(&pem)).and_then(OwnKey::new);
        self.own.get_or_init(make).as_ref()
    }
}

impl OwnKey {
    fn new(signing: SigningKey) -> Option<Self> {
        let public = signing.public()?;
        Some(Self { signing, public })
    }
}

/// The public key of any of the things that key files may hold.
fn public_key(der: &[u8]) -> Option<PublicKey> {
    let certified = || PublicKey::from_info(Certificate::parse(der)?.key_bytes);
    PublicKey::from_info(der).or_else(|| SigningKey::from_der(der)?.public()).or_else(certified)
}

/// A JSON web token (RFC 7519), not checked yet.
struct Token<'a> {
    header: Value,
    claims: Value,
    /// What the signature is of.
    signed: &'a str,
    signature: Vec<u8>,
}

impl<'a> Token<'a> {
    fn parse(token: &'a str) -> Option<Self> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).ok();
        let json = |part: &str| serde_json::from_slice::<Value>(&decode(part)?).ok().filter(Value::is_object);
        Some(Self { header: json(header)?, claims: json(claims)?, signed, signature: decode(signature)? })
    }
}

#[cfg(test)]
mod tests;

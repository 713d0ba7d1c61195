//! Private keys: that which tokens of service accounts are signed with.

use super::public_key::{CURVES, Curve, PublicKey};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use minkapi_kinds::{
    der::{identifier, tag, write},
    pem,
};
use ring::{
    rand::SystemRandom,
    rsa::PublicKeyComponents,
    signature::{EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair},
};
use serde_json::Value;

/// A key that signs tokens.
pub(super) struct SigningKey {
    pair: Pair,
    random: SystemRandom,
}

enum Pair {
    Rsa(RsaKeyPair),
    Elliptic(&'static Curve, EcdsaKeyPair),
}

impl SigningKey {
    /// A new key (P-256) in PEM; None when the system has no random numbers.
    pub fn new_pem() -> Option<String> {
        let [curve, ..] = &CURVES;
        let document = EcdsaKeyPair::generate_pkcs8(curve.signing, &SystemRandom::new()).ok()?;
        let base64 = STANDARD.encode(document.as_ref());
        let lines: Vec<&str> = base64.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
        Some(format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n")))
    }

    /// The first private key in a PEM file: `RSA PRIVATE KEY`, `EC PRIVATE KEY` or `PRIVATE KEY`.
    pub fn from_pem(text: &str) -> Option<Self> {
        pem::blocks(text).iter().filter(|block| block.kind.ends_with("PRIVATE KEY")).find_map(|block| Self::from_der(&block.bytes))
    }

    /// From PKCS#1, PKCS#8 or SEC1.
    pub fn from_der(der: &[u8]) -> Option<Self> {
        let random = SystemRandom::new();
        let rsa = || RsaKeyPair::from_der(der).or_else(|_| RsaKeyPair::from_pkcs8(der)).ok().map(Pair::Rsa);
        let elliptic = |curve: &'static Curve| {
            let pair = |pkcs8: &[u8]| EcdsaKeyPair::from_pkcs8(curve.signing, pkcs8, &random).ok();
            Some(Pair::Elliptic(curve, pair(der).or_else(|| pair(&pkcs8(curve, der)))?))
        };
        let pair = rsa().or_else(|| CURVES.iter().find_map(elliptic))?;
        Some(Self { pair, random })
    }

    /// The other half.
    pub fn public(&self) -> Option<PublicKey> {
        match &self.pair {
            Pair::Rsa(pair) => {
                let PublicKeyComponents { n, e } = PublicKeyComponents::<Vec<u8>>::from(pair.public_key());
                Some(PublicKey::rsa(&n, &e))
            }
            Pair::Elliptic(curve, pair) => PublicKey::elliptic(curve, pair.public_key().as_ref()),
        }
    }

    /// A signed token that says this.
    pub fn sign(&self, public: &PublicKey, claims: &Value) -> Option<String> {
        // As upstream writes it, which leaves `typ` out.
        let header = format!(r#"{{"alg":"{}","kid":"{}"}}"#, public.algorithm(), public.id);
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims.to_string()));
        let signature = match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &self.random, signed.as_bytes(), &mut signature).ok()?;
                signature
            }
            Pair::Elliptic(_, pair) => pair.sign(&self.random, signed.as_bytes()).ok()?.as_ref().to_vec(),
        };
        Some(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

/// A SEC1 key in the form that ring reads.
fn pkcs8(curve: &Curve, sec1: &[u8]) -> Vec<u8> {
    let identify = |id| write(tag::OBJECT_IDENTIFIER, id);
    let algorithm = write(tag::SEQUENCE, &[identify(identifier::ELLIPTIC), identify(curve.identifier)].concat());
    write(tag::SEQUENCE, &[write(tag::INTEGER, &[0]), algorithm, write(tag::OCTET_STRING, sec1)].concat())
}

//! What OpenID Connect clients need to check the tokens of service accounts for themselves: who issues them, and with what key.

use crate::{View, service_account_tokens::ISSUER};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

/// What stands before a P-256 point in a SubjectPublicKeyInfo (RFC 5480).
const P256_INFO: [u8; 26] =
    [0x30, 0x59, 0x30, 0x13, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7, 3, 0x42, 0];

/// The document at `/.well-known/openid-configuration`.
#[derive(Debug, Serialize)]
pub struct OpenIdConfiguration {
    issuer: &'static str,
    jwks_uri: String,
    response_types_supported: [&'static str; 1],
    subject_types_supported: [&'static str; 1],
    id_token_signing_alg_values_supported: [&'static str; 1],
}

/// The document at `/openid/v1/jwks` (RFC 7517).
#[derive(Debug, Serialize)]
pub struct JsonWebKeySet {
    keys: Vec<JsonWebKey>,
}

#[derive(Debug, Serialize)]
struct JsonWebKey {
    r#use: &'static str,
    kty: &'static str,
    kid: String,
    crv: &'static str,
    alg: &'static str,
    x: String,
    y: String,
}

impl View {
    /// Who issues tokens, and where the keys are to be had.
    pub fn openid_configuration(&self, jwks_uri: String) -> OpenIdConfiguration {
        OpenIdConfiguration {
            issuer: ISSUER,
            jwks_uri,
            response_types_supported: ["id_token"],
            subject_types_supported: ["public"],
            id_token_signing_alg_values_supported: ["ES256"],
        }
    }

    /// The keys that tokens of service accounts are signed with; none when the system has no random numbers to make one.
    pub fn json_web_keys(&self) -> JsonWebKeySet {
        JsonWebKeySet { keys: self.shared.token_key().and_then(|key| json_web_key(key.public())).into_iter().collect() }
    }
}

fn json_web_key(point: &[u8]) -> Option<JsonWebKey> {
    let (x, y) = point.strip_prefix(&[4])?.split_at_checked(32)?;
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let info: Vec<u8> = P256_INFO.iter().chain(point).copied().collect();
    Some(JsonWebKey { r#use: "sig", kty: "EC", kid: encode(&Sha256::digest(info)), crv: "P-256", alg: "ES256", x: encode(x), y: encode(y) })
}

//! What OpenID Connect clients need to check the tokens of service accounts for themselves: who issues them, and with what key.

use crate::{View, service_account_issuer::JsonWebKey};
use serde::Serialize;

/// The document at `/.well-known/openid-configuration`.
#[derive(Debug, Serialize)]
pub struct OpenIdConfiguration {
    issuer: String,
    jwks_uri: String,
    response_types_supported: [&'static str; 1],
    subject_types_supported: [&'static str; 1],
    id_token_signing_alg_values_supported: Vec<&'static str>,
}

/// The document at `/openid/v1/jwks` (RFC 7517).
#[derive(Debug, Serialize)]
pub struct JsonWebKeySet {
    keys: Vec<JsonWebKey>,
}

impl View {
    /// Whether these documents are served: the issuer's name must be a URL that OpenID Connect allows.
    pub fn has_openid(&self) -> bool {
        let name = self.config().service_account_issuer.name();
        name.starts_with("https://") && !name.contains(['?', '#'])
    }

    /// Who issues tokens, and where the keys are to be had.
    pub fn openid_configuration(&self, jwks_uri: String) -> OpenIdConfiguration {
        let issuer = &self.config().service_account_issuer;
        OpenIdConfiguration {
            issuer: issuer.name().to_owned(),
            jwks_uri,
            response_types_supported: ["id_token"],
            subject_types_supported: ["public"],
            id_token_signing_alg_values_supported: issuer.algorithms(),
        }
    }

    /// The keys that tokens of service accounts are checked with.
    pub fn json_web_keys(&self) -> JsonWebKeySet {
        JsonWebKeySet { keys: self.config().service_account_issuer.json_web_keys() }
    }
}

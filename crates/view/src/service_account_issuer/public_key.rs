//! Public keys: those that tokens of service accounts are checked with.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use minkapi_kinds::der::{Reader, identifier, tag, write};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED, ECDSA_P384_SHA384_FIXED_SIGNING,
    EcdsaSigningAlgorithm, EcdsaVerificationAlgorithm, RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, RsaPublicKeyComponents,
    UnparsedPublicKey,
};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

/// A curve, and how it signs.
pub(super) struct Curve {
    name: &'static str,
    algorithm: &'static str,
    pub identifier: &'static [u8],
    pub signing: &'static EcdsaSigningAlgorithm,
    verifying: &'static EcdsaVerificationAlgorithm,
    /// Bytes of a coordinate.
    size: usize,
}

/// The curves of ECDSA that tokens can be signed with. P-521, which upstream has too, is not in ring.
pub(super) static CURVES: [Curve; 2] = [
    Curve {
        name: "P-256",
        algorithm: "ES256",
        identifier: identifier::P256,
        signing: &ECDSA_P256_SHA256_FIXED_SIGNING,
        verifying: &ECDSA_P256_SHA256_FIXED,
        size: 32,
    },
    Curve {
        name: "P-384",
        algorithm: "ES384",
        identifier: identifier::P384,
        signing: &ECDSA_P384_SHA384_FIXED_SIGNING,
        verifying: &ECDSA_P384_SHA384_FIXED,
        size: 48,
    },
];

/// A key that tokens are checked with.
pub(super) struct PublicKey {
    /// Its `kid`: a checksum, as upstream makes it.
    pub id: String,
    form: Form,
}

enum Form {
    Rsa {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
    /// A point that is not compressed: 4, x and y.
    Elliptic(&'static Curve, Vec<u8>),
}

/// A key in a JWKS (RFC 7517).
#[derive(Debug, Serialize)]
pub(crate) struct JsonWebKey {
    r#use: &'static str,
    kty: &'static str,
    kid: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    crv: Option<&'static str>,
    alg: &'static str,
    #[serde(flatten)]
    numbers: Numbers,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Numbers {
    Elliptic { x: String, y: String },
    Rsa { n: String, e: String },
}

impl PublicKey {
    /// From the big-endian numbers of an RSA key.
    pub fn rsa(modulus: &[u8], exponent: &[u8]) -> Self {
        let significant = |number: &[u8]| number.iter().copied().skip_while(|byte| *byte == 0).collect::<Vec<u8>>();
        Self::new(Form::Rsa { modulus: significant(modulus), exponent: significant(exponent) })
    }

    /// From a point that is not compressed; none when it has another length.
    pub fn elliptic(curve: &'static Curve, point: &[u8]) -> Option<Self> {
        let coordinates = point.strip_prefix(&[4])?;
        (coordinates.len() == 2 * curve.size).then(|| Self::new(Form::Elliptic(curve, point.to_vec())))
    }

    /// From a `SubjectPublicKeyInfo`; none when it is not one, or has a key of another sort.
    pub fn from_info(der: &[u8]) -> Option<Self> {
        let mut info = Reader::new(der).inside(tag::SEQUENCE)?;
        let mut algorithm = info.inside(tag::SEQUENCE)?;
        let (_unused_bits, key) = info.content(tag::BIT_STRING)?.split_first()?;
        match algorithm.content(tag::OBJECT_IDENTIFIER)? {
            identifier::RSA => {
                let mut numbers = Reader::new(key).inside(tag::SEQUENCE)?;
                Some(Self::rsa(numbers.content(tag::INTEGER)?, numbers.content(tag::INTEGER)?))
            }
            identifier::ELLIPTIC => {
                let id = algorithm.content(tag::OBJECT_IDENTIFIER)?;
                Self::elliptic(CURVES.iter().find(|curve| curve.identifier == id)?, key)
            }
            _ => None,
        }
    }

    fn new(form: Form) -> Self {
        Self { id: URL_SAFE_NO_PAD.encode(Sha256::digest(form.info())), form }
    }

    /// The only algorithm that it is used with.
    pub const fn algorithm(&self) -> &'static str {
        match &self.form {
            Form::Rsa { .. } => "RS256",
            Form::Elliptic(curve, _) => curve.algorithm,
        }
    }

    /// Whether this was signed with its private key.
    pub fn verifies(&self, signed: &[u8], signature: &[u8]) -> bool {
        match &self.form {
            Form::Rsa { modulus, exponent } => {
                // As short keys as Go takes.
                let key = RsaPublicKeyComponents { n: modulus, e: exponent };
                key.verify(&RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, signed, signature).is_ok()
            }
            Form::Elliptic(curve, point) => UnparsedPublicKey::new(curve.verifying, point).verify(signed, signature).is_ok(),
        }
    }

    /// As others get it.
    pub fn json(&self) -> JsonWebKey {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let (kty, crv, numbers) = match &self.form {
            Form::Rsa { modulus, exponent } => ("RSA", None, Numbers::Rsa { n: encode(modulus), e: encode(exponent) }),
            Form::Elliptic(curve, point) => {
                let (x, y) = point.get(1..).unwrap_or_default().split_at_checked(curve.size).unwrap_or_default();
                ("EC", Some(curve.name), Numbers::Elliptic { x: encode(x), y: encode(y) })
            }
        };
        JsonWebKey { r#use: "sig", kty, kid: self.id.clone(), crv, alg: self.algorithm(), numbers }
    }
}

impl Form {
    /// The `SubjectPublicKeyInfo`, as Go writes it.
    fn info(&self) -> Vec<u8> {
        let identify = |id| write(tag::OBJECT_IDENTIFIER, id);
        let (algorithm, key) = match self {
            Self::Rsa { modulus, exponent } => {
                let key = write(tag::SEQUENCE, &[positive(modulus), positive(exponent)].concat());
                ([identify(identifier::RSA), write(tag::NULL, &[])], key)
            }
            Self::Elliptic(curve, point) => ([identify(identifier::ELLIPTIC), identify(curve.identifier)], point.clone()),
        };
        let bits = write(tag::BIT_STRING, &[&[0], &*key].concat());
        write(tag::SEQUENCE, &[write(tag::SEQUENCE, &algorithm.concat()), bits].concat())
    }
}

/// A number that is not negative.
fn positive(number: &[u8]) -> Vec<u8> {
    let sign: &[u8] = if number.first().is_none_or(|byte| *byte >= 0x80) { &[0] } else { &[] };
    write(tag::INTEGER, &[sign, number].concat())
}

//! Certificates and certificate requests, read as far as their rules go. Signatures are not verified.

use crate::der::{Reader, identifier, tag};

/// `2.5.4.10`.
const ORGANIZATION: &[u8] = &[0x55, 0x04, 0x0a];
/// `2.5.4.3`.
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
/// `2.5.29.19`.
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
/// Curves by object identifier.
const CURVES: &[(&[u8], &str)] =
    &[(identifier::P256, "P-256"), (identifier::P384, "P-384"), (identifier::P521, "P-521"), (identifier::P224, "P-224")];

/// Who a certificate is for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subject {
    /// `O`, which Kubernetes takes for groups.
    pub organizations: Vec<String>,
    /// `CN`, which Kubernetes takes for the user.
    pub common_name: String,
}

/// A public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublicKey {
    /// Ed25519.
    Ed25519,
    /// Elliptic, on the named curve.
    Elliptic(&'static str),
    /// RSA with this many bits.
    Rsa(usize),
    /// Any other.
    Other,
}

/// A PKCS#10 certificate request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request<'a> {
    /// Who asks.
    pub subject: Subject,
    /// The key to certify.
    pub key: PublicKey,
    /// Its bytes.
    pub key_bytes: &'a [u8],
}

/// A certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate<'a> {
    /// Seconds since 1970 from which it holds.
    pub not_before: i64,
    /// Seconds since 1970 until which it holds.
    pub not_after: i64,
    /// Bytes of its key.
    pub key_bytes: &'a [u8],
    /// Whether it says that it is an authority.
    pub is_authority: bool,
}

/// Who a certificate is for, from DER. None where the bytes are no certificate.
pub fn subject_of(certificate: &[u8]) -> Option<Subject> {
    let mut outer = Reader::new(certificate);
    let mut body = outer.inside(tag::SEQUENCE)?.inside(tag::SEQUENCE)?;
    if body.peek() == Some(tag::EXPLICIT_0) {
        body.value()?;
    }
    // Serial number, signature algorithm, issuer, validity.
    body.content(tag::INTEGER)?;
    body.content(tag::SEQUENCE)?;
    body.content(tag::SEQUENCE)?;
    body.content(tag::SEQUENCE)?;
    subject(body.inside(tag::SEQUENCE)?)
}

impl<'a> Request<'a> {
    /// From DER. None where the bytes are no request.
    pub fn parse(der: &'a [u8]) -> Option<Self> {
        let mut outer = Reader::new(der);
        let mut request = outer.inside(tag::SEQUENCE)?;
        let mut info = request.inside(tag::SEQUENCE)?;
        request.content(tag::SEQUENCE)?;
        request.content(tag::BIT_STRING)?;
        info.content(tag::INTEGER)?;
        let subject = subject(info.inside(tag::SEQUENCE)?)?;
        let (_, content, key_bytes) = info.value().filter(|(found, ..)| *found == tag::SEQUENCE)?;
        (outer.is_empty() && request.is_empty()).then_some(Self { subject, key: public_key(content)?, key_bytes })
    }
}

impl<'a> Certificate<'a> {
    /// From DER. None where the bytes are no certificate.
    pub fn parse(der: &'a [u8]) -> Option<Self> {
        let mut outer = Reader::new(der);
        let mut certificate = outer.inside(tag::SEQUENCE)?;
        let mut body = certificate.inside(tag::SEQUENCE)?;
        certificate.content(tag::SEQUENCE)?;
        certificate.content(tag::BIT_STRING)?;
        if body.peek() == Some(tag::EXPLICIT_0) {
            body.value()?;
        }
        body.content(tag::INTEGER)?;
        body.content(tag::SEQUENCE)?;
        body.content(tag::SEQUENCE)?;
        let mut validity = body.inside(tag::SEQUENCE)?;
        let (not_before, not_after) = (time(validity.value()?)?, time(validity.value()?)?);
        body.content(tag::SEQUENCE)?;
        let (_, content, key_bytes) = body.value().filter(|(found, ..)| *found == tag::SEQUENCE)?;
        public_key(content)?;
        let mut is_authority = false;
        while let Some((found, content, _)) = body.value() {
            if found == tag::EXPLICIT_3 {
                is_authority = has_authority_bit(content)?;
            }
        }
        outer.is_empty().then_some(Self { not_before, not_after, key_bytes, is_authority })
    }
}

/// The kind of key in a `SubjectPublicKeyInfo`.
pub fn parse_public_key(der: &[u8]) -> Option<PublicKey> {
    let mut outer = Reader::new(der);
    let content = outer.content(tag::SEQUENCE)?;
    if outer.is_empty() { public_key(content) } else { None }
}

fn public_key(content: &[u8]) -> Option<PublicKey> {
    let mut info = Reader::new(content);
    let mut algorithm = info.inside(tag::SEQUENCE)?;
    let algorithm_id = algorithm.content(tag::OBJECT_IDENTIFIER)?;
    let bits = info.content(tag::BIT_STRING)?;
    Some(match algorithm_id {
        identifier::ED25519 => PublicKey::Ed25519,
        identifier::ELLIPTIC => {
            let curve = algorithm.content(tag::OBJECT_IDENTIFIER)?;
            PublicKey::Elliptic(CURVES.iter().find(|(id, _)| *id == curve)?.1)
        }
        identifier::RSA => {
            let (_unused_bits, key) = bits.split_first()?;
            let modulus = Reader::new(key).inside(tag::SEQUENCE)?.content(tag::INTEGER)?;
            let significant = modulus.iter().skip_while(|b| **b == 0).count();
            PublicKey::Rsa(significant * 8)
        }
        _ => PublicKey::Other,
    })
}

fn subject(mut name: Reader<'_>) -> Option<Subject> {
    let mut subject = Subject::default();
    while !name.is_empty() {
        let mut set = name.inside(tag::SET)?;
        while !set.is_empty() {
            let mut attribute = set.inside(tag::SEQUENCE)?;
            let identifier = attribute.content(tag::OBJECT_IDENTIFIER)?;
            let (_, value, _) = attribute.value()?;
            let value = String::from_utf8_lossy(value).into_owned();
            match identifier {
                ORGANIZATION => subject.organizations.push(value),
                COMMON_NAME => subject.common_name = value,
                _ => {}
            }
        }
    }
    Some(subject)
}

fn has_authority_bit(extensions: &[u8]) -> Option<bool> {
    let mut list = Reader::new(extensions).inside(tag::SEQUENCE)?;
    while !list.is_empty() {
        let mut extension = list.inside(tag::SEQUENCE)?;
        if extension.content(tag::OBJECT_IDENTIFIER)? != BASIC_CONSTRAINTS {
            continue;
        }
        if extension.peek() == Some(tag::BOOLEAN) {
            extension.value()?;
        }
        let mut constraints = Reader::new(extension.content(tag::OCTET_STRING)?).inside(tag::SEQUENCE)?;
        return Some(constraints.peek() == Some(tag::BOOLEAN) && constraints.content(tag::BOOLEAN)? == [0xff]);
    }
    Some(false)
}

/// Seconds since 1970 of a time in UTC.
fn time((found, content, _): (u8, &[u8], &[u8])) -> Option<i64> {
    let text = std::str::from_utf8(content).ok()?;
    let text = match found {
        // Two digits of the year: 50 to 99 are of the last century.
        tag::UTC_TIME if text.as_bytes().first()? >= &b'5' => format!("19{text}"),
        tag::UTC_TIME => format!("20{text}"),
        tag::GENERALIZED_TIME => text.to_owned(),
        _ => return None,
    };
    let part = |from: usize, to: usize| text.get(from..to);
    let rfc3339 = format!("{}-{}-{}T{}:{}:{}Z", part(0, 4)?, part(4, 6)?, part(6, 8)?, part(8, 10)?, part(10, 12)?, part(12, 14)?);
    rfc3339.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_two_forms() {
        assert_eq!(time((tag::UTC_TIME, b"700101000010Z", &[])), Some(10));
        assert_eq!(time((tag::GENERALIZED_TIME, b"19700101000010Z", &[])), Some(10));
        assert_eq!(time((tag::UTC_TIME, b"x", &[])), None);
    }

    #[test]
    fn other_bytes_are_no_request() {
        assert_eq!(Request::parse(b"hello"), None);
        assert_eq!(Certificate::parse(&[0x30, 0x00]), None);
    }
}

//! What a response is encoded as (contract chapter 11).

use crate::{
    errors,
    media_type::{Encoding, MEDIA_TYPES, STREAM_MEDIA_TYPES, clauses},
    query::Query,
};
use minkapi_object::Status;

/// The outcome of content negotiation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Negotiated {
    pub encoding: Encoding,
    /// Indented for people (C-11-05).
    pub pretty: bool,
    /// What the object is turned into.
    pub transform: Option<Transform>,
}

impl Negotiated {
    /// Plain JSON.
    pub const JSON: Self = Self { encoding: Encoding::Json, pretty: false, transform: None };
}

/// `as=` of an `Accept` clause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Transform {
    Table(MetaVersion),
    Metadata(MetaVersion),
    MetadataList(MetaVersion),
}

/// Version of `meta.k8s.io` that a transform is asked for in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum MetaVersion {
    V1,
    V1beta1,
}

impl MetaVersion {
    /// As `apiVersion` spells it.
    pub const fn api_version(self) -> &'static str {
        match self {
            Self::V1 => "meta.k8s.io/v1",
            Self::V1beta1 => "meta.k8s.io/v1beta1",
        }
    }
}

/// What an endpoint can answer with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Offer {
    /// Objects as protobuf; not for custom resources (C-11-12).
    pub protobuf: bool,
    /// Metadata alone.
    pub metadata: bool,
    /// Tables; not for what is only created (C-05-44).
    pub table: bool,
}

impl Offer {
    /// Documents, and errors.
    pub const PLAIN: Self = Self { protobuf: true, metadata: false, table: false };
}

/// The parameters of one clause, as far as they are known (C-11-02).
#[derive(Debug, Default)]
struct Parameters<'a> {
    convert: Option<[&'a str; 3]>,
    stream: &'a str,
    server_version: &'a str,
    pretty: bool,
}

impl<'a> Parameters<'a> {
    fn read(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let mut found = Self::default();
        for (name, value) in pairs {
            match name {
                "as" => found.convert.get_or_insert_default()[0] = value,
                "g" => found.convert.get_or_insert_default()[1] = value,
                "v" => found.convert.get_or_insert_default()[2] = value,
                "stream" => found.stream = value,
                "sv" => found.server_version = value,
                "pretty" => found.pretty = value == "1",
                _ => {}
            }
        }
        found
    }

    fn transform(&self) -> Option<Transform> {
        let [kind, group, version] = self.convert?;
        let version = match (group, version) {
            ("meta.k8s.io", "v1") => MetaVersion::V1,
            ("meta.k8s.io", "v1beta1") => MetaVersion::V1beta1,
            _ => return None,
        };
        match kind {
            "Table" => Some(Transform::Table(version)),
            "PartialObjectMetadata" => Some(Transform::Metadata(version)),
            "PartialObjectMetadataList" => Some(Transform::MetadataList(version)),
            _ => None,
        }
    }
}

/// The first clause of `accept` that can be served. Whether the answer is indented is told by [`wants_pretty`].
///
/// # Errors
/// 406 (C-11-03).
pub(crate) fn negotiate(accept: &str, offer: Offer) -> Result<Negotiated, Status> {
    if accept.is_empty() {
        return Ok(Negotiated::JSON);
    }
    for clause in clauses(accept) {
        for encoding in Encoding::ALL.into_iter().filter(|e| clause.covers(*e)) {
            let parameters = Parameters::read(clause.parameters());
            if !parameters.server_version.is_empty() {
                continue;
            }
            if !parameters.stream.is_empty() && (parameters.stream != "watch" || !encoding.streams()) {
                continue;
            }
            let transform = parameters.transform();
            let offered = match (parameters.convert, transform) {
                (None, _) => offer.protobuf || encoding != Encoding::Protobuf,
                (Some(_), None) => false,
                (Some(_), Some(Transform::Table(_))) => offer.table && encoding != Encoding::Protobuf,
                (Some(_), Some(_)) => offer.metadata,
            };
            if offered {
                return Ok(Negotiated { encoding, pretty: parameters.pretty, transform });
            }
        }
    }
    Err(errors::not_acceptable(MEDIA_TYPES))
}

/// The same for a watch: YAML cannot be streamed, and a YAML clause is not passed over (chapter 18 on C-06-04).
///
/// # Errors
/// 406.
pub(crate) fn check_stream(negotiated: Negotiated) -> Result<(), Status> {
    if negotiated.encoding.streams() { Ok(()) } else { Err(errors::not_acceptable(STREAM_MEDIA_TYPES)) }
}

/// Whether the answer is to be indented: `pretty` in the query, else people's programs (C-11-05).
pub(crate) fn wants_pretty(query: &Query<'_>, user_agent: &str) -> bool {
    match query.first("pretty") {
        Some(value) if !value.is_empty() => matches!(value, "1" | "t" | "T" | "TRUE" | "true" | "True"),
        _ => ["curl", "Wget", "Mozilla/5.0"].iter().any(|program| user_agent.starts_with(program)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RESOURCE: Offer = Offer { protobuf: true, metadata: true, table: true };

    fn chosen(accept: &str, offer: Offer) -> Option<(Encoding, Option<Transform>)> {
        negotiate(accept, offer).ok().map(|n| (n.encoding, n.transform))
    }

    #[test]
    fn a_clause_with_an_unknown_transform_is_passed_over() {
        assert_eq!(chosen("application/json;as=Chart;g=meta.k8s.io;v=v1,application/yaml", RESOURCE), Some((Encoding::Yaml, None)));
        assert_eq!(chosen("application/json;v=v1;g=meta.k8s.io", RESOURCE), None);
    }

    #[test]
    fn a_table_is_not_offered_as_protobuf() {
        let accept = "application/vnd.kubernetes.protobuf;as=Table;g=meta.k8s.io;v=v1,application/json";
        assert_eq!(chosen(accept, RESOURCE), Some((Encoding::Json, None)));
    }

    #[test]
    fn custom_resources_have_protobuf_for_metadata_alone() {
        let custom = Offer { protobuf: false, ..RESOURCE };
        assert_eq!(chosen("application/vnd.kubernetes.protobuf", custom), None);
        assert_eq!(
            chosen("application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;g=meta.k8s.io;v=v1", custom),
            Some((Encoding::Protobuf, Some(Transform::Metadata(MetaVersion::V1))))
        );
    }

    #[test]
    fn yaml_has_no_stream() {
        assert_eq!(chosen("application/yaml;stream=watch", RESOURCE), None);
        assert!(check_stream(negotiate("application/yaml,application/json", RESOURCE).unwrap()).is_err());
    }
}

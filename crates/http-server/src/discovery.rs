//! Discovery: what is served (contract chapters 1.3 and 1.4).

mod aggregated;
mod legacy;
mod root;

pub(crate) use aggregated::Aggregated;
pub(crate) use root::paths;

use crate::{
    action::{self, NoAction},
    encode::{self, Encoded},
    errors,
    exchange::{Exchange, Reply},
    media_type::{Encoding, MEDIA_TYPES, clauses, router_accepts},
    negotiate::Offer,
    request_info::Path,
};
use http::{Method, header::HOST};
use minkapi_object::Status;
use minkapi_view::{Catalog, Warnings};
use serde_json::Value;

/// Answers `/api`, `/apis`, a group and a group-version. The aggregated form of the first two is taken from `cached`.
pub(crate) fn serve(
    exchange: &Exchange<'_>,
    catalog: &Catalog,
    path: Path<'_>,
    cached: impl FnOnce() -> std::sync::Arc<Aggregated>,
) -> Reply {
    if matches!(path, Path::Core | Path::Groups)
        && let Some(encoding) = aggregated_encoding(exchange.accept())
    {
        return cached().serve(exchange, path == Path::Core, encoding);
    }
    match document(exchange, catalog, path) {
        Ok((value, routed)) => match negotiate_and_encode(exchange, &value, routed) {
            Ok(reply) => reply,
            Err(status) => exchange.error(&status),
        },
        Err(NoAction::NotFound) => exchange.not_found(),
        Err(NoAction::Status(status)) => exchange.error(&status),
    }
}

/// The document in its old form, and whether it stands behind kube-apiserver's router, which takes GET alone and compares
/// media types by their text (chapter 18 on C-01-06).
fn document(exchange: &Exchange<'_>, catalog: &Catalog, path: Path<'_>) -> Result<(Value, bool), NoAction> {
    match path {
        Path::Core => Ok((legacy::core_versions(catalog, exchange.header(HOST)), true)),
        Path::Groups => Ok((legacy::groups(catalog), false)),
        Path::Group(name) => {
            let group = catalog.group(name).ok_or(NoAction::NotFound)?;
            Ok((legacy::group(group), false))
        }
        Path::Version { group, version } => {
            let found = catalog.group(group).and_then(|g| g.versions.iter().find(|v| v.version == version));
            match found {
                Some(found) => Ok((legacy::resources(group, found), true)),
                None => Err(action::unknown(catalog, group)),
            }
        }
        Path::Root | Path::Resource(_) | Path::Other(_) => Err(NoAction::NotFound),
    }
}

fn negotiate_and_encode(exchange: &Exchange<'_>, value: &Value, routed: bool) -> Result<Reply, Status> {
    if routed {
        if *exchange.method() != Method::GET {
            return Err(Status::method_not_allowed());
        }
        if !router_accepts(exchange.accept(), &Encoding::ALL.map(Encoding::media_type)) {
            return Err(errors::router_not_acceptable(MEDIA_TYPES));
        }
    }
    let negotiated = exchange.negotiate(Offer::PLAIN)?;
    let bytes = encode::value(value, negotiated)?;
    Ok(exchange.success(200, negotiated, Encoded::Whole(bytes), &Warnings::default()))
}

/// The encoding of the first clause that asks for the aggregated form; plain clauses do not count, wherever they stand
/// (C-01-21).
fn aggregated_encoding(accept: &str) -> Option<Encoding> {
    clauses(accept).into_iter().find_map(|clause| {
        let of = |name| clause.parameters().find(|(n, _)| *n == name).map(|(_, v)| v);
        let wanted = of("as") == Some("APIGroupDiscoveryList") && of("g") == Some("apidiscovery.k8s.io") && of("v") == Some("v2");
        Encoding::ALL.into_iter().find(|e| wanted && clause.covers(*e))
    })
}

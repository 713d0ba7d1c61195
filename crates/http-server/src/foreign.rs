//! Requests that a browser makes for somebody else's page: by DNS rebinding or across origins.

use http::{
    HeaderMap, HeaderValue, Uri,
    header::{HOST, ORIGIN},
};
use std::net::IpAddr;

/// Why a request to a server without credentials is refused; none if it is not.
///
/// A page of another site cannot choose the `Host` of a request other than its own name, and its browser tells an `Origin`.
/// Programs reach a loopback address by that address or as localhost, and have no origin or, since kube-apiserver demands one for
/// WebSockets, name the server itself.
pub(crate) fn refusal(uri: &Uri, headers: &HeaderMap) -> Option<&'static str> {
    let header = headers.get(HOST).map(|h| h.to_str().unwrap_or("?"));
    if headers.get_all(ORIGIN).iter().any(|origin| !is_same(origin, header)) {
        return Some("requests with the Origin header of another server are refused by a server without authentication");
    }
    let host = header.or_else(|| uri.authority().map(|a| a.as_str()))?;
    let foreign = !(is_own(host) && uri.authority().is_none_or(|a| is_own(a.as_str())));
    foreign.then_some("the Host header must be localhost or an IP address on a server without authentication")
}

/// Whether an origin is the server that the request goes to.
fn is_same(origin: &HeaderValue, host: Option<&str>) -> bool {
    let origin = origin.to_str().ok().and_then(|o| o.strip_prefix("http://"));
    origin.is_some_and(|o| host.is_some_and(|h| o.eq_ignore_ascii_case(h)))
}

fn is_own(authority: &str) -> bool {
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.rsplit_once(':').map_or(authority, |(host, _)| host),
    };
    host.eq_ignore_ascii_case("localhost") || host.to_ascii_lowercase().ends_with(".localhost") || host.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;

    fn refused(host: &str, origin: Option<&str>) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, host.parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(ORIGIN, origin.parse().unwrap());
        }
        refusal(&Uri::from_static("/api"), &headers).is_some()
    }

    #[test]
    fn clients_of_this_machine_are_let_in() {
        for host in ["localhost", "localhost:8091", "LocalHost:1", "127.0.0.1:8091", "127.0.0.1", "[::1]:8091", "[::1]", "a.localhost:1"] {
            assert!(!refused(host, None), "{host}");
        }
        assert!(!refused("localhost:8091", Some("http://localhost:8091")), "a WebSocket");
        assert!(refusal(&Uri::from_static("/api"), &HeaderMap::new()).is_none(), "HTTP/1.0");
        assert!(refusal(&Uri::from_static("http://127.0.0.1:1/api"), &HeaderMap::new()).is_none(), "HTTP/2");
    }

    #[test]
    fn pages_of_other_sites_are_not() {
        for host in ["evil.example", "evil.example:8091", "localhost.evil.example", "127.0.0.1.evil.example:80", ""] {
            assert!(refused(host, None), "{host}");
        }
        assert!(refused("localhost:8091", Some("http://evil.example")));
        assert!(refused("127.0.0.1:8091", Some("null")));
        assert!(refused("localhost:8091", Some("http://localhost:3000")), "another server of this machine");
        assert!(refused("evil.example:8091", Some("http://evil.example:8091")), "another name of this server");
        assert!(refusal(&Uri::from_static("http://evil.example/api"), &HeaderMap::new()).is_some());
    }
}

//! Where a webhook is: a URL, or a Service of the cluster.

use crate::{Cluster, extension::text};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;
use std::time::Duration;

/// A place to call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// The URL as errors show it, without parameters.
    pub url: String,
    /// What the server calls itself.
    pub server_name: String,
    /// `host:port` for the connection.
    pub address: String,
    /// Path of the request.
    pub path: String,
    /// Whether the connection is encrypted.
    pub tls: bool,
    /// Certificates of those who may vouch for the server, as PEM.
    pub authorities: Vec<u8>,
}

impl Endpoint {
    /// The place that a `clientConfig` names.
    ///
    /// # Errors
    /// Why there is none.
    pub fn of(config: &Value, cluster: &dyn Cluster, timeout: Duration) -> Result<Self, String> {
        let authorities = STANDARD.decode(text(config, "caBundle")).unwrap_or_default();
        if config["service"].is_object() {
            return of_service(&config["service"], authorities, cluster, timeout.as_secs());
        }
        of_url(text(config, "url"), authorities)
    }

    /// The URL with the parameter that tells how long the answer is waited for.
    pub(super) fn url_within(&self, seconds: u64) -> String {
        url_within(&self.url, &self.path, seconds)
    }
}

fn of_url(url: &str, authorities: Vec<u8>) -> Result<Endpoint, String> {
    if url.is_empty() {
        return Err("webhook configuration must have either service or URL".to_owned());
    }
    let (scheme, rest) = url.split_once("://").ok_or_else(|| format!("Unparsable URL: parse {url:?}: missing scheme"))?;
    let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    let tls = scheme == "https";
    let host_and_port = match authority.rsplit_once(':') {
        Some((_, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => authority.to_owned(),
        _ => format!("{authority}:{}", if tls { 443 } else { 80 }),
    };
    let server_name = host_and_port.rsplit_once(':').map_or("", |(host, _)| host).trim_matches(['[', ']']).to_owned();
    Ok(Endpoint { url: url.to_owned(), server_name, address: host_and_port, path: path.to_owned(), tls, authorities })
}

fn url_within(url: &str, path: &str, seconds: u64) -> String {
    let slash = if path.is_empty() { "/" } else { "" };
    format!("{url}{slash}?timeout={seconds}s")
}

fn of_service(service: &Value, authorities: Vec<u8>, cluster: &dyn Cluster, seconds: u64) -> Result<Endpoint, String> {
    let (namespace, name) = (text(service, "namespace"), text(service, "name"));
    let port = service["port"].as_i64().filter(|port| *port != 0).unwrap_or(443);
    let server_name = format!("{name}.{namespace}.svc");
    let path = text(service, "path");
    let path = if path.is_empty() || path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    let url = format!("https://{server_name}:{port}{path}");
    let found = cluster.get("services", namespace, name);
    let shown = url_within(&url, &path, seconds);
    let found = found.ok_or_else(|| format!("Post \"{shown}\": service \"{name}\" not found"))?;
    let address = address_of(&found.to_value(), namespace, name, port, cluster)
        .ok_or_else(|| format!("Post \"{shown}\": no endpoints available for service \"{name}\""))?;
    Ok(Endpoint { url, server_name, address, path, tls: true, authorities })
}

/// A ready endpoint of a Service: there is no network here on which its cluster IP could be reached.
fn address_of(service: &Value, namespace: &str, name: &str, port: i64, cluster: &dyn Cluster) -> Option<String> {
    if text(&service["spec"], "type") == "ExternalName" {
        return Some(format!("{}:{port}", text(&service["spec"], "externalName")));
    }
    let ports = service["spec"]["ports"].as_array()?;
    let port_name = text(ports.iter().find(|p| p["port"] == port)?, "name");
    let slices = cluster.list("endpointslices.discovery.k8s.io", Some(namespace));
    slices.iter().filter(|slice| slice.head().labels.get("kubernetes.io/service-name") == Some(name)).find_map(|slice| {
        let slice = slice.to_value();
        let port = slice["ports"].as_array()?.iter().find(|p| text(p, "name") == port_name)?["port"].as_i64()?;
        let ready = slice["endpoints"].as_array()?.iter().find(|endpoint| endpoint["conditions"]["ready"] != false)?;
        let address = ready["addresses"].as_array()?.first()?.as_str()?;
        Some(if address.contains(':') { format!("[{address}]:{port}") } else { format!("{address}:{port}") })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::FakeCluster;
    use serde_json::json;

    const TIMEOUT: Duration = Duration::from_secs(5);

    #[test]
    fn a_url_is_taken_apart() {
        let of = |url: &str| Endpoint::of(&json!({"url": url}), &FakeCluster::default(), TIMEOUT);
        let endpoint = of("https://127.0.0.1:1/check").unwrap();
        assert_eq!((&*endpoint.address, &*endpoint.path, &*endpoint.server_name), ("127.0.0.1:1", "/check", "127.0.0.1"));
        assert_eq!(of("https://hooks.example.com").unwrap().address, "hooks.example.com:443");
        assert_eq!(of("https://[::1]:8443/x").unwrap().server_name, "::1");
        assert_eq!(of("").unwrap_err(), "webhook configuration must have either service or URL");
    }

    #[test]
    fn a_service_is_reached_at_its_endpoints() {
        let service = json!({"metadata": {"name": "hook", "namespace": "x"}, "spec": {"ports": [{"name": "https", "port": 443}]}});
        let slice = json!({
            "metadata": {"name": "hook-1", "namespace": "x", "labels": {"kubernetes.io/service-name": "hook"}},
            "ports": [{"name": "https", "port": 9443}],
            "endpoints": [{"addresses": ["10.1.2.3"], "conditions": {"ready": true}}]
        });
        let config = json!({"service": {"namespace": "x", "name": "hook", "path": "check"}});
        let cluster = FakeCluster::with("services", service);
        assert!(Endpoint::of(&config, &cluster, TIMEOUT).unwrap_err().ends_with("no endpoints available for service \"hook\""));
        let cluster = cluster.and("endpointslices.discovery.k8s.io", slice);
        let endpoint = Endpoint::of(&config, &cluster, TIMEOUT).unwrap();
        assert_eq!((&*endpoint.address, &*endpoint.server_name), ("10.1.2.3:9443", "hook.x.svc"));
        assert_eq!(endpoint.url, "https://hook.x.svc:443/check");
        assert!(Endpoint::of(&config, &FakeCluster::default(), TIMEOUT).unwrap_err().ends_with("service \"hook\" not found"));
    }
}

//! The measurements, one file per question.

pub mod binding;
pub mod events;
pub mod kube_apiserver;
pub mod lists;
pub mod requests;
pub mod sizes;
pub mod stalls;
pub mod start;

use crate::{
    connection::{Connection, request, wait_until_answered},
    load::{Cost, closed_loop},
    pod::{NAMESPACE, SLICES, Template},
    process::Server,
};
use std::{io, path::PathBuf};

/// How much is measured.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The server under test.
    pub minkapi: PathBuf,
    /// Where the real Kubernetes programs are.
    pub clients: PathBuf,
    /// Numbers of pods, growing.
    pub sizes: Vec<u64>,
    /// Requests in one round.
    pub requests: u64,
    /// Rounds in which the servers take turns.
    pub rounds: usize,
    /// Watchers of a fan-out.
    pub watchers: usize,
    /// Whether this is a short run.
    pub quick: bool,
}

/// A server under test without pods.
///
/// # Errors
/// It does not start.
pub async fn fresh(plan: &Plan) -> io::Result<Server> {
    let server = Server::minkapi(&plan.minkapi)?;
    wait_until_answered(&server.address, "/base/api/v1/namespaces").await?;
    prepare(&server).await?;
    Ok(server)
}

/// Connections of a closed loop.
pub const CONNECTIONS: usize = 16;

/// The collection of pods.
pub fn pods(server: &Server) -> String {
    format!("{}/api/v1/namespaces/{NAMESPACE}/pods", server.prefix)
}

/// The namespace that the pods need.
///
/// # Errors
/// The server does not answer.
pub async fn prepare(server: &Server) -> io::Result<()> {
    let mut connection = Connection::open(&server.address).await?;
    for namespace in [NAMESPACE, "default"] {
        let body = format!("{{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{{\"name\":\"{namespace}\"}}}}");
        let path = format!("{}/api/v1/namespaces", server.prefix);
        match connection.fetch(&request("POST", &path, &JSON, body.as_bytes())).await? {
            (200..=299 | 409, _) => {}
            (status, body) => return Err(io::Error::other(format!("no namespace: {status}: {}", String::from_utf8_lossy(&body)))),
        }
    }
    Ok(())
}

/// The header of a JSON body.
pub const JSON: [(&str, &str); 1] = [("content-type", "application/json")];

/// Creates pods `prefix-<from>` up to `prefix-<to>`.
///
/// # Errors
/// A pod is refused.
pub async fn create_pods(server: &Server, prefix: &str, from: u64, to: u64) -> io::Result<Cost> {
    let (path, prefix) = (pods(server), prefix.to_owned());
    let templates: Vec<Template> = (0..SLICES).map(Template::new).collect();
    closed_loop(server, CONNECTIONS, to - from, move |n| {
        let number = from + n;
        let template = templates.get((number % SLICES) as usize);
        let body = template.map(|t| t.body(&format!("{prefix}-{number:07}"))).unwrap_or_default();
        request("POST", &path, &JSON, &body)
    })
    .await
}

/// Gives the bare server the answer for a method.
///
/// # Errors
/// It does not take it.
pub async fn teach(bare: &Server, method: &str, answer: &[u8]) -> io::Result<()> {
    let mut connection = Connection::open(&bare.address).await?;
    connection.send(&request("PUT", &format!("/answer/{method}"), &[], answer)).await.map(drop)
}

/// The body that a server answers a request with.
///
/// # Errors
/// It refuses.
pub async fn answer_of(server: &Server, request: &[u8]) -> io::Result<Vec<u8>> {
    let mut connection = Connection::open(&server.address).await?;
    match connection.fetch(request).await? {
        (200..=299, body) => Ok(body),
        (status, body) => Err(io::Error::other(format!("{status}: {}", String::from_utf8_lossy(&body)))),
    }
}

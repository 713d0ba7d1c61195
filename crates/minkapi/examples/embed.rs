//! Embedding in ten lines: a server, a fork of it, and what stays apart.
//!
//! `cargo run -p minkapi --example embed`

use minkapi::{Config, CreateView, Server};
use serde_json::json;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = Server::launch(Config::default()).await?;
    println!("kubectl --kubeconfig {} get nodes", server.kubeconfig().display());

    let sandbox = server.create_view("what-if", &CreateView::default())?;
    sandbox.view.create_object(&json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}})).await?;
    println!("{} node in {}, {} in {}", sandbox.view.nodes().len(), sandbox.url, server.base().nodes().len(), server.url());

    server.shutdown().await?;
    Ok(())
}

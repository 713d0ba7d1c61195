//! A `kube::Client` for a sandbox without a socket in between.
//!
//! `cargo run -p minkapi --features kube --example client`

use kube::{
    Api,
    api::{DynamicObject, ListParams},
    core::{ApiResource, GroupVersionKind},
};
use minkapi::{Config, CreateView, Server};
use serde_json::json;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = Server::launch(Config::default()).await?;
    let sandbox = server.create_view("what-if", &CreateView::default())?;
    let config_map = ApiResource::from_gvk(&GroupVersionKind::gvk("", "v1", "ConfigMap"));
    let maps: Api<DynamicObject> = Api::default_namespaced_with(server.client(&sandbox.view), &config_map);

    maps.create(&Default::default(), &serde_json::from_value(json!({"metadata": {"name": "settings"}, "data": {"key": "value"}}))?).await?;
    for map in maps.list(&ListParams::default()).await? {
        println!("{}", map.metadata.name.unwrap_or_default());
    }

    server.shutdown().await?;
    Ok(())
}

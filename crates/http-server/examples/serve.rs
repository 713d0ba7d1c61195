//! Serves an empty base view on a local port: `cargo run -p minkapi-http-server --example serve -- 127.0.0.1:8091`.

use minkapi_http_server::{ApiService, Config, Plain, ServeConfig, serve};
use minkapi_view::Views;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8091".to_owned());
    let listener = TcpListener::bind(&address).await?;
    let service = ApiService::new(Views::new(minkapi_view::Config::default()), Config { profiling: true, ..Config::default() });
    let interrupted = async { drop(tokio::signal::ctrl_c().await) };
    serve(listener, Plain, service, ServeConfig::default(), interrupted).await.map(drop)
}

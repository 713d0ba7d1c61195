//! A `tower::Service` that speaks the Kubernetes API over views.
//!
//! [`ApiService`] turns an HTTP request into a call of a [`minkapi_view::View`] and its outcome into a response; [`serve`]
//! puts it on the network with hyper. The path's first segment is the view: `/base/api/v1/pods`.
//!
//! A request passes `service` (view, document or resource?), `request_info` and `action` (which verb of what?),
//! `resource` (media types, options, body, call), and `encode` (the answer). This crate knows HTTP and the forms in which
//! the API is served; it knows nothing of any kind.

mod action;
mod authenticate;
mod authentication;
mod authorize;
mod body;
mod chunk;
mod connection;
mod discovery;
mod documents;
mod encode;
mod errors;
mod exchange;
mod foreign;
mod health;
mod impersonation;
mod limits;
mod list_body;
mod log;
mod media_type;
mod metrics;
mod negotiate;
mod openapi;
mod openid;
mod options;
mod pieces;
mod pretty;
mod profile;
mod protobuf_list;
mod query;
mod request_info;
mod resource;
mod serve;
mod service;

mod table;
mod tls;
mod version;
mod views_api;
mod warnings;
mod watch_stream;
mod websocket;
mod zpages;

pub use authenticate::{Authenticate, EveryoneIsAdmin};
pub use authentication::{Authentication, PeerCertificate, TokenFileError, ViewTokens};
pub use body::ResponseBody;
pub use chunk::Chunk;
pub use serve::{Plain, ServeConfig, Transport, serve};
pub use service::{ApiService, Config, ResponseFuture};
pub use tls::{Tls, TlsError, TlsFiles};

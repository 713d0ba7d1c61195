//! `kube::Client`s for a view: over the network, and in process without a socket.

use crate::Server;
use bytes::{Buf as _, Bytes};
use http_body::Frame;
use http_body_util::{BodyExt as _, combinators::MapFrame};
use kube::{Client, Config};
use minkapi_http_server::{ApiService, Chunk, ResponseBody};
use minkapi_view::View;
use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The view's URL is none.
    #[error("the view's URL cannot be used")]
    Url(#[from] http::uri::InvalidUri),
    /// The client refuses its configuration.
    #[error("the client cannot be made")]
    Kube(#[from] kube::Error),
}

impl Server {
    /// A client that reaches a view over the network, with what the view's kubeconfig holds: the token, and the certificates
    /// by which the server is known.
    ///
    /// # Errors
    /// What kube refuses.
    pub fn network_client(&self, view: &View) -> Result<Client, ClientError> {
        let mut config = Config::new(self.url_of(view).parse()?);
        config.root_cert = self.authority();
        config.auth_info.token = self.token(view).map(Into::into);
        Ok(Client::try_from(config)?)
    }

    /// A client that reaches a view in process: the same service, no socket.
    pub fn client(&self, view: &View) -> Client {
        let service = InProcess { service: self.service(), prefix: format!("/{}", self.segment(view)), token: self.bearer(view) };
        Client::new(service, "default")
    }
}

impl Server {
    /// The certificates by which the server is known, in DER.
    fn authority(&self) -> Option<Vec<Vec<u8>>> {
        let certificates = CertificateDer::pem_slice_iter(self.authority_pem()?);
        Some(certificates.filter_map(Result::ok).map(|certificate| certificate.to_vec()).collect())
    }

    fn bearer(&self, view: &View) -> Option<http::HeaderValue> {
        format!("Bearer {}", self.token(view)?).parse().ok()
    }
}

/// The service with the view's path in front of every request.
#[derive(Debug, Clone)]
struct InProcess {
    service: ApiService,
    prefix: String,
    token: Option<http::HeaderValue>,
}

/// A body in contiguous pieces, as `kube` takes it.
type Contiguous = MapFrame<ResponseBody, fn(Frame<Chunk>) -> Frame<Bytes>>;

fn contiguous(body: ResponseBody) -> Contiguous {
    body.map_frame(|frame: Frame<Chunk>| frame.map_data(|mut chunk| chunk.copy_to_bytes(chunk.remaining())))
}

impl tower::Service<http::Request<kube::client::Body>> for InProcess {
    type Response = http::Response<Contiguous>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<kube::client::Body>) -> Self::Future {
        let (mut parts, body) = request.into_parts();
        let path = parts.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
        // A path that was one stays one with a segment in front.
        if let Ok(uri) = format!("{}{path}", self.prefix).parse() {
            parts.uri = uri;
        }
        if let Some(token) = &self.token {
            parts.headers.insert(http::header::AUTHORIZATION, token.clone());
        }
        let reply = self.service.respond(http::Request::from_parts(parts, body));
        Box::pin(async move { Ok(reply.await?.map(contiguous)) })
    }
}

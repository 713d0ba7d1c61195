//! What is known of a request by the connection that it came on.

use crate::{ApiService, PeerCertificate, ResponseFuture, body::ResponseBody, exchange::Exchange, foreign};
use http::{Request, Response};
use hyper::{body::Incoming, service::Service};
use minkapi_object::{Status, StatusReason};
use std::{convert::Infallible, sync::Arc};
use tokio::sync::Notify;

/// The service as one connection sees it.
#[derive(Debug, Clone)]
pub(crate) struct Connection {
    pub service: ApiService,
    pub peer: Option<PeerCertificate>,
    pub refuse_foreign: bool,
    /// Told of every request.
    pub begun: Arc<Notify>,
}

impl Service<Request<Incoming>> for Connection {
    type Response = Response<ResponseBody>;
    type Error = Infallible;
    type Future = ResponseFuture;

    fn call(&self, mut request: Request<Incoming>) -> ResponseFuture {
        self.begun.notify_one();
        let refusal = if self.refuse_foreign { foreign::refusal(request.uri(), request.headers()) } else { None };
        if let Some(why) = refusal {
            let (parts, _) = request.into_parts();
            let reply = Exchange::new(&parts).error(&Status::failure(403, StatusReason::Forbidden, why));
            return Box::pin(async move { Ok(reply) });
        }
        if let Some(peer) = &self.peer {
            request.extensions_mut().insert(peer.clone());
        }
        self.service.respond(request)
    }
}

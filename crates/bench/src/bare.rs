//! The bare hyper server: answers every request of a method with the bytes that it was given for that method.
//!
//! `PUT /answer/<METHOD>` gives the bytes, `GET /watch` is a stream to which `POST /broadcast` sends them.

use bytes::Bytes;
use futures_util::stream;
use http_body_util::{BodyExt as _, Either, Full, StreamBody};
use hyper::{
    Method, Request, Response,
    body::{Body, Frame, Incoming},
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use std::{
    collections::HashMap,
    convert::Infallible,
    io,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::mpsc;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

#[derive(Default)]
struct State {
    answers: Mutex<HashMap<Method, Bytes>>,
    streams: Mutex<Vec<mpsc::UnboundedSender<Bytes>>>,
}

/// Serves until the process is killed.
///
/// # Errors
/// The address is taken.
pub fn serve(address: &str) -> io::Result<()> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let listener = tokio::net::TcpListener::bind(address).await?;
        let state = Arc::new(State::default());
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let state = state.clone();
            tokio::spawn(async move {
                let service = hyper::service::service_fn(|request| answer(state.clone(), request));
                let _ = Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
            });
        }
    })
}

async fn answer(
    state: Arc<State>,
    request: Request<Incoming>,
) -> Result<Response<impl Body<Data = Bytes, Error = BoxError> + use<>>, hyper::Error> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let lock = || state.answers.lock().unwrap_or_else(PoisonError::into_inner);
    let whole = match (&parts.method, parts.uri.path()) {
        (&Method::PUT, path) if path.starts_with("/answer/") => {
            let method = Method::from_bytes(path.trim_start_matches("/answer/").as_bytes()).unwrap_or(Method::GET);
            lock().insert(method, body);
            Bytes::new()
        }
        (&Method::GET, "/watch") => {
            let (sender, receiver) = mpsc::unbounded_channel();
            state.streams.lock().unwrap_or_else(PoisonError::into_inner).push(sender);
            let frames = stream::unfold(receiver, |mut receiver| async {
                let frame = receiver.recv().await?;
                Some((Ok::<_, Infallible>(Frame::data(frame)), receiver))
            });
            return Ok(response(Either::Right(StreamBody::new(frames))));
        }
        (&Method::POST, "/broadcast") => {
            state.streams.lock().unwrap_or_else(PoisonError::into_inner).retain(|stream| stream.send(body.clone()).is_ok());
            Bytes::new()
        }
        (method, _) => lock().get(method).cloned().unwrap_or(body),
    };
    Ok(response(Either::Left(Full::new(whole))))
}

fn response<B>(body: B) -> Response<B> {
    let mut response = Response::new(body);
    response.headers_mut().insert("content-type", hyper::header::HeaderValue::from_static("application/json"));
    response
}

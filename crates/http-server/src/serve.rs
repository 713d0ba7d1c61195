//! The network: connections, their limits, and how they end.

use crate::{ApiService, PeerCertificate, connection::Connection};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
};
use std::{future::Future, io, pin::pin, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{Notify, Semaphore, watch},
    task::JoinSet,
};

/// How long a connection may take to be ready.
const HANDSHAKE: Duration = Duration::from_secs(30);

/// Limits of connections.
#[derive(Debug, Clone)]
pub struct ServeConfig {
    /// How many connections are open at a time; more wait.
    pub max_connections: usize,
    /// How long a client may take for the headers of a request, and a connection may be idle before it is closed.
    pub header_timeout: Duration,
    /// How large the headers of a request may be, in bytes.
    pub max_header_size: usize,
    /// Requests at a time on one HTTP/2 connection (C-06-45).
    pub max_streams: u32,
    /// How long requests may take to finish after shutdown has begun.
    pub drain_timeout: Duration,
    /// Whether requests that a browser makes for a foreign page are refused: for servers that ask for no credentials.
    pub refuse_foreign: bool,
}

impl Default for ServeConfig {
    fn default() -> Self {
        Self {
            max_connections: 16_384,
            header_timeout: Duration::from_secs(32),
            max_header_size: 1 << 20,
            max_streams: 1000,
            drain_timeout: Duration::from_secs(30),
            refuse_foreign: false,
        }
    }
}

/// What is spoken on an accepted connection before HTTP: nothing, or TLS.
pub trait Transport: Clone + Send + Sync + 'static {
    /// What HTTP is spoken over.
    type Io: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// Makes a connection ready.
    fn establish(&self, stream: TcpStream) -> impl Future<Output = io::Result<Self::Io>> + Send;

    /// Who the client has proved to be by a certificate.
    fn peer(&self, _: &Self::Io) -> Option<PeerCertificate> {
        None
    }
}

/// HTTP over plain TCP.
#[derive(Debug, Clone, Copy, Default)]
pub struct Plain;

impl Transport for Plain {
    type Io = TcpStream;

    async fn establish(&self, stream: TcpStream) -> io::Result<TcpStream> {
        Ok(stream)
    }
}

/// Serves HTTP/1.1 and HTTP/2 until `shutdown` is ready. Then no connection is accepted any more, watches end, clients
/// are told to go (`Connection: close`, GOAWAY), and requests under way may finish. Returns how many connections were cut
/// off because their requests had not finished in time.
///
/// # Errors
/// None today: what goes wrong on a connection is logged and ends that connection.
pub async fn serve<T: Transport>(
    listener: TcpListener,
    transport: T,
    service: ApiService,
    config: ServeConfig,
    shutdown: impl Future<Output = ()>,
) -> io::Result<usize> {
    let slots = Arc::new(Semaphore::new(config.max_connections));
    let stop = watch::Sender::new(false);
    let mut connections = JoinSet::new();
    let builder = builder(&config);
    let (first_request, refuse_foreign) = (config.header_timeout, config.refuse_foreign);
    let mut shutdown = pin!(shutdown);
    loop {
        let accepted = async {
            let slot = slots.clone().acquire_owned().await.map_err(io::Error::other)?;
            let (stream, _) = listener.accept().await?;
            Ok::<_, io::Error>((slot, stream))
        };
        tokio::select! {
            () = &mut shutdown => break,
            accepted = accepted => match accepted {
                Ok((slot, stream)) => {
                    let connection = connection(stream, transport.clone(), (service.clone(), refuse_foreign), (builder.clone(), first_request), stop.subscribe());
                    connections.spawn(async move {
                        connection.await;
                        drop(slot);
                    });
                }
                Err(err) => {
                    // Out of file descriptors, mostly: waiting is all that can be done.
                    tracing::warn!(%err, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    service.shut_down();
    stop.send_replace(true);
    let drained = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(config.drain_timeout, drained).await.is_err() {
        tracing::warn!("requests were still under way when the time to finish them was over");
    }
    Ok(connections.len())
}

fn builder(config: &ServeConfig) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(config.header_timeout)
        // No `pipeline_flush`: with it hyper copies all of a body into one buffer, however slowly the client reads.
        // Smaller than this hyper does not take.
        .max_buf_size(config.max_header_size.max(8192));
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(config.max_streams)
        .max_header_list_size(u32::try_from(config.max_header_size).unwrap_or(u32::MAX))
        // Clients that are gone without a word are noticed.
        .keep_alive_interval(config.header_timeout)
        .keep_alive_timeout(config.header_timeout)
        .adaptive_window(true);
    builder
}

async fn connection<T: Transport>(
    stream: TcpStream,
    transport: T,
    (service, refuse_foreign): (ApiService, bool),
    (builder, first_request): (Builder<TokioExecutor>, Duration),
    mut stop: watch::Receiver<bool>,
) {
    let _ = stream.set_nodelay(true);
    let io = match tokio::time::timeout(HANDSHAKE, transport.establish(stream)).await {
        Ok(Ok(io)) => io,
        Ok(Err(err)) => return tracing::debug!(%err, "a connection was not established"),
        Err(_) => return tracing::debug!("a connection was not established in time"),
    };
    let begun = Arc::new(Notify::new());
    let service = Connection { peer: transport.peer(&io), service, refuse_foreign, begun: begun.clone() };
    let io = TokioIo::new(io);
    let mut connection = pin!(builder.serve_connection_with_upgrades(io, service));
    // Until it is known which version of HTTP a client speaks, hyper's timeouts do not run.
    let silent = async { tokio::time::timeout(first_request, begun.notified()).await.is_err() };
    let served = tokio::select! {
        served = connection.as_mut() => served,
        () = async { if !silent.await { std::future::pending().await } } => return tracing::debug!("no request came on a connection"),
        () = async { drop(stop.wait_for(|stop| *stop).await) } => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(err) = served {
        tracing::debug!(%err, "a connection ended");
    }
}

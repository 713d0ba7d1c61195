//! What a server is launched with.

use crate::Access;
use minkapi_persist::Fsync;
use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

/// Settings of a server. The defaults are those of the `minkapi` program, but for the port: an embedded server takes a
/// free one.
#[derive(Debug, Clone)]
pub struct Config {
    /// Address and port to listen on; port 0 takes a free one.
    pub bind_address: SocketAddr,
    /// First segment of the base view's URLs.
    pub base_prefix: String,
    /// Where the kubeconfig of the base view goes; those of sandboxes and the scheduler configurations go beside it. By
    /// default in a temporary folder of its own, as several servers may run in one process.
    pub kubeconfig: PathBuf,
    /// Whether the files stay after a shutdown.
    pub keep_files: bool,
    /// Events that one watch may have encoded and unsent.
    pub watch_queue_size: usize,
    /// How long a watch without `timeoutSeconds` lasts at least; it ends within twice that time.
    pub watch_timeout: Duration,
    /// How long a request may take, its body included, unless it is a watch. Its headers may take 32 s of this.
    pub request_timeout: Duration,
    /// How long a shutdown waits for requests.
    pub shutdown_timeout: Duration,
    /// Whether `/debug/pprof` is served.
    pub profile: bool,
    /// Requests that take longer are told in the log.
    pub slow_request: Duration,
    /// Admission plugins to switch on beside the default ones, by upstream's names.
    pub enable_admission_plugins: Vec<String>,
    /// Admission plugins to switch off.
    pub disable_admission_plugins: Vec<String>,
    /// Addresses for Services.
    pub service_cluster_ip_range: String,
    /// Ports for Services, inclusive.
    pub service_node_port_range: (u16, u16),
    /// Changes that are remembered for each kind in each view.
    pub history_events: u64,
    /// The directory in which state is kept; without one it is in memory only.
    pub data_dir: Option<PathBuf>,
    /// When kept state is made to outlast a crash of the machine.
    pub fsync: Fsync,
    /// Who may come in.
    pub access: Access,
    /// The flags that these settings come from and their values, in order of the names, for `/flagz`.
    pub flags: Vec<(String, String)>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            bind_address: SocketAddr::from(([127, 0, 0, 1], 0)),
            base_prefix: "base".to_owned(),
            kubeconfig: own_kubeconfig(),
            keep_files: false,
            watch_queue_size: 100,
            watch_timeout: Duration::from_secs(300),
            request_timeout: Duration::from_secs(60),
            shutdown_timeout: Duration::from_secs(10),
            profile: false,
            slow_request: Duration::from_millis(500),
            enable_admission_plugins: Vec::new(),
            disable_admission_plugins: vec!["ServiceAccount".to_owned(), "TaintNodesByCondition".to_owned()],
            service_cluster_ip_range: "10.0.0.0/24".to_owned(),
            service_node_port_range: (30_000, 32_767),
            history_events: 65_536,
            data_dir: None,
            fsync: Fsync::default(),
            access: Access::default(),
            flags: Vec::new(),
        }
    }
}

/// A path that no other server of this or another process takes.
fn own_kubeconfig() -> PathBuf {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let folder = format!("minkapi-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    std::env::temp_dir().join(folder).join("minkapi.yaml")
}

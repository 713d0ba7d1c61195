//! The flags of `minkapi`.

use crate::{access_args::AccessArgs, command::Command, data_args::DataArgs, exit::Failure, logging::Format};
use clap::Parser;
use minkapi::{Config, duration};
use std::{net::SocketAddr, path::PathBuf, time::Duration};

/// An in-memory Kubernetes API server whose whole state forks in microseconds.
///
/// The base view is served at http://HOST:PORT/base. POST /views/NAME forks it: the sandbox is a complete API server at
/// http://HOST:PORT/NAME with a kubeconfig of its own, and nothing done there is seen in the base view.
#[derive(Debug, Parser)]
#[command(
    name = "minkapi",
    version,
    after_help = "Exit codes: 0 stopped in order, 2 bad options, 3 cannot start (port taken, kubeconfig not writable), 4 not stopped in order."
)]
pub struct Args {
    /// Talk to a running server instead of being one
    #[command(subcommand)]
    pub command: Option<Command>,

    /// Where the kubeconfig of the base view is written; those of sandboxes (minkapi-NAME.yaml) and the scheduler
    /// configurations go beside it
    #[arg(short = 'k', long, value_name = "FILE", env = "KUBECONFIG", default_value = "/tmp/minkapi.yaml")]
    pub kubeconfig: PathBuf,

    /// Address and port to listen on
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:8091")]
    pub bind_address: String,

    /// First segment of the base view's URLs
    #[arg(short = 'b', long, value_name = "NAME", default_value = "base")]
    pub base_prefix: String,

    /// Events that one watch may have encoded and unsent
    #[arg(short = 's', long, value_name = "N", default_value_t = 100)]
    pub watch_queue_size: usize,

    /// How long a watch without timeoutSeconds lasts at least, as a Go duration (5m30s)
    #[arg(short = 't', long, value_name = "DURATION", default_value = "5m", value_parser = go_duration)]
    pub watch_timeout: Duration,

    /// How long a request may take, its body included, unless it is a watch, as a Go duration
    #[arg(long, value_name = "DURATION", default_value = "1m", value_parser = go_duration)]
    pub request_timeout: Duration,

    /// How long a shutdown waits for running requests, as a Go duration
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = go_duration)]
    pub shutdown_timeout: Duration,

    /// Serve CPU profiles at /debug/pprof/profile?seconds=N
    #[arg(long)]
    pub profile: bool,

    /// Leave the kubeconfigs and scheduler configurations behind at the end
    #[arg(long)]
    pub keep_files: bool,

    /// Admission plugins to switch on beside the default ones
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub enable_admission_plugins: Vec<String>,

    /// Admission plugins to switch off
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub disable_admission_plugins: Vec<String>,

    /// Addresses for Services
    #[arg(long, value_name = "CIDR", default_value = "10.0.0.0/24")]
    pub service_cluster_ip_range: String,

    /// Ports for Services
    #[arg(long, value_name = "FROM-TO", default_value = "30000-32767", value_parser = port_range)]
    pub service_node_port_range: (u16, u16),

    /// Changes that are remembered for each kind in each view
    #[arg(long, value_name = "N", default_value_t = Config::default().history_events)]
    pub history_events: u64,

    /// How state is kept.
    #[command(flatten)]
    pub data: DataArgs,

    /// Who may come in.
    #[command(flatten)]
    pub access: AccessArgs,

    /// Log level, as klog's: 0 to 2 what matters, 3 to 5 also every request and what helps to find faults, from 6 everything
    #[arg(short = 'v', long = "v", value_name = "LEVEL", default_value_t = 0)]
    pub verbosity: u8,

    /// How lines of the log look
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub logging_format: Format,

    /// Tell in the log of requests that take longer, as a Go duration
    #[arg(long, value_name = "DURATION", default_value = "500ms", value_parser = go_duration)]
    pub slow_request: Duration,
}

impl Args {
    /// The settings that these flags make.
    ///
    /// # Errors
    /// An address that is none.
    pub fn into_config(self) -> Result<Config, Failure> {
        let defaults = Config::default();
        let mut disabled = self.disable_admission_plugins;
        // What is off by default is on only if asked for.
        disabled.extend(defaults.disable_admission_plugins.into_iter().filter(|p| !self.enable_admission_plugins.contains(p)));
        Ok(Config {
            bind_address: address(&self.bind_address)?,
            base_prefix: self.base_prefix,
            kubeconfig: self.kubeconfig,
            keep_files: self.keep_files,
            watch_queue_size: self.watch_queue_size,
            watch_timeout: self.watch_timeout,
            request_timeout: self.request_timeout,
            shutdown_timeout: self.shutdown_timeout,
            profile: self.profile,
            slow_request: self.slow_request,
            enable_admission_plugins: self.enable_admission_plugins,
            disable_admission_plugins: disabled,
            service_cluster_ip_range: self.service_cluster_ip_range,
            service_node_port_range: self.service_node_port_range,
            history_events: self.history_events,
            data_dir: self.data.data_dir,
            fsync: self.data.fsync.policy(),
            access: self.access.into(),
            flags: Vec::new(),
        })
    }
}

/// `HOST:PORT` with an address or `localhost`; a missing host is loopback.
fn address(text: &str) -> Result<SocketAddr, Failure> {
    let spelled = match text.strip_prefix(':') {
        Some(port) => format!("127.0.0.1:{port}"),
        None => text.replacen("localhost:", "127.0.0.1:", 1),
    };
    spelled.parse().map_err(|_| Failure::Options(format!("--bind-address {text}: not an address and port, such as 127.0.0.1:8091")))
}

fn go_duration(text: &str) -> Result<Duration, String> {
    let nanos = duration::parse(text).map_err(|err| err.to_string())?;
    u64::try_from(nanos).map(Duration::from_nanos).map_err(|_| "is negative".to_owned())
}

fn port_range(text: &str) -> Result<(u16, u16), String> {
    let (from, to) = text.split_once('-').ok_or("not two ports, such as 30000-32767")?;
    let port = |text: &str| text.trim().parse::<u16>().map_err(|err| err.to_string());
    match (port(from)?, port(to)?) {
        (from, to) if from <= to => Ok((from, to)),
        _ => Err("the first port is greater than the last".to_owned()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_flags_are_well_formed() {
        Args::command().debug_assert();
    }

    #[test]
    fn durations_are_gos() {
        assert_eq!(go_duration("5m30s").unwrap(), Duration::from_secs(330));
        assert_eq!(go_duration("1.5h").unwrap(), Duration::from_secs(5400));
        assert!(go_duration("5").is_err());
        assert!(go_duration("-1s").is_err());
    }

    #[test]
    fn addresses_may_leave_the_host_out() {
        assert_eq!(address(":80").unwrap().to_string(), "127.0.0.1:80");
        assert_eq!(address("localhost:80").unwrap().to_string(), "127.0.0.1:80");
        assert!(address("nowhere").is_err());
    }

    #[test]
    fn a_plugin_that_is_off_by_default_can_be_switched_on() {
        let on = Args::parse_from(["minkapi", "--enable-admission-plugins=ServiceAccount"]).into_config().unwrap();
        assert!(!on.disable_admission_plugins.contains(&"ServiceAccount".to_owned()));
        let off = Args::parse_from(["minkapi"]).into_config().unwrap();
        assert!(off.disable_admission_plugins.contains(&"ServiceAccount".to_owned()));
    }
}

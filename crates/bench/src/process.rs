//! Servers as processes of their own: starting them, and what they cost.

use std::{
    fs, io,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

/// A server that is stopped when dropped.
#[derive(Debug)]
pub struct Server {
    children: Vec<Child>,
    /// `host:port` that answers HTTP.
    pub address: String,
    /// What stands before `/api` in its URLs.
    pub prefix: &'static str,
}

impl Server {
    /// Starts the server under test on a free port. It answers once [`crate::connection::wait_until_answered`] returns.
    ///
    /// # Errors
    /// The program cannot be started.
    pub fn minkapi(program: &Path) -> io::Result<Self> {
        let address = free_address()?;
        let kubeconfig = std::env::temp_dir().join(format!("minkapi-bench-{}.yaml", std::process::id()));
        let mut command = Command::new(program);
        command.arg("--bind-address").arg(&address).arg("--kubeconfig").arg(kubeconfig);
        Ok(Self { children: vec![quiet(&mut command)?], address, prefix: "/base" })
    }

    /// Starts the bare hyper server: this program with another command.
    ///
    /// # Errors
    /// The program cannot be started.
    pub fn bare() -> io::Result<Self> {
        let address = free_address()?;
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("bare").arg(&address);
        Ok(Self { children: vec![quiet(&mut command)?], address, prefix: "" })
    }

    /// A server that several programs make up. All but the last count.
    pub const fn of(children: Vec<Child>, address: String) -> Self {
        Self { children, address, prefix: "" }
    }

    /// CPU time of all its threads so far.
    pub fn cpu(&self) -> Duration {
        self.counted().iter().map(|child| cpu_of(child.id())).sum()
    }

    /// Resident memory now, in bytes.
    pub fn resident(&self) -> u64 {
        self.counted().iter().map(|child| status_of(child.id(), "VmRSS:")).sum()
    }

    /// The most resident memory since [`Self::forget_peak`], in bytes.
    pub fn peak(&self) -> u64 {
        self.counted().iter().map(|child| status_of(child.id(), "VmHWM:")).sum()
    }

    /// Starts the measurement of [`Self::peak`] anew.
    pub fn forget_peak(&self) {
        for child in self.counted() {
            let _ = fs::write(format!("/proc/{}/clear_refs", child.id()), "5");
        }
    }

    /// The process of a server that is one program.
    pub fn pid(&self) -> Option<u32> {
        self.children.first().map(Child::id)
    }

    /// The programs that are the server; a helper in front of a server of several does not count.
    fn counted(&self) -> &[Child] {
        match self.children.split_last() {
            Some((_, servers)) if !servers.is_empty() => servers,
            _ => &self.children,
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        for child in self.children.iter_mut().rev() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// CPU time of all threads of a process so far, to the nanosecond.
pub fn cpu_of(pid: u32) -> Duration {
    let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else { return Duration::ZERO };
    let nanos = tasks.flatten().filter_map(|task| {
        let text = fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(nanos.sum())
}

fn status_of(pid: u32, key: &str) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default();
    line.split_whitespace().next().and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) * 1024
}

/// Starts a program without its output.
///
/// # Errors
/// It cannot be started.
pub fn quiet(command: &mut Command) -> io::Result<Child> {
    let program = command.get_program().to_string_lossy().into_owned();
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|err| io::Error::new(err.kind(), format!("{program}: {err}")))
}

/// An address of this machine that nobody listens on.
///
/// # Errors
/// No port is free.
pub fn free_address() -> io::Result<String> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}

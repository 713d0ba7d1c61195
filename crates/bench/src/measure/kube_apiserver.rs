//! kube-apiserver and etcd under the same requests, where their programs are there.

use super::{Plan, prepare, requests::alone};
use crate::{
    connection::wait_until_answered,
    process::{Server, free_address, quiet},
    report::{Report, Row},
};
use std::{fs, io, path::PathBuf, process::Command, time::Duration};

/// How much less CPU a create must take.
const CREATE_LESS: f64 = 40.0;

/// Adds their costs to those of the same requests that are in the report.
///
/// # Errors
/// A program fails.
pub async fn measure(plan: &Plan, wanted: bool, report: &mut Report) -> io::Result<()> {
    let work = "create a pod: CPU of kube-apiserver + etcd";
    if !wanted {
        report.row(Row::skipped(work, ">= 40x ours", "`--with-kube-apiserver` measures it"));
        return Ok(());
    }
    let programs = ["etcd", "kube-apiserver", "kubectl"];
    if let Some(missing) = programs.iter().find(|name| !plan.clients.join(name).exists()) {
        report.row(Row::skipped(work, ">= 40x ours", &format!("no {missing}; `cargo xtask clients {missing}` builds it")));
        return Ok(());
    }
    let directory = std::env::temp_dir().join(format!("minkapi-bench-kube-{}", std::process::id()));
    fs::create_dir_all(&directory)?;
    let outcome = compare(plan, report, &directory, work).await;
    let _ = fs::remove_dir_all(&directory);
    outcome
}

async fn compare(plan: &Plan, report: &mut Report, directory: &PathBuf, work: &str) -> io::Result<()> {
    let server = start(plan, directory).await?;
    prepare(&server).await?;
    let resident = server.resident() as f64 / f64::from(1 << 20);
    report.remarks.push(format!("kube-apiserver and etcd use {resident:.0} MiB when idle."));
    for (work, cost) in alone(&server, (plan.requests / 20).max(200)).await? {
        if let Some(row) = report.costs.iter_mut().find(|row| row.work == work) {
            row.kube = Some(cost);
        }
    }
    let row = report.costs.iter().find(|row| row.work == "create a pod");
    match row.and_then(|row| Some((row.ours, row.kube?))) {
        Some((ours, kube)) => {
            let detail = format!("{:.0} µs against {:.0} µs", kube.micros(), ours.micros());
            report.row(Row::at_least(work, CREATE_LESS, "x ours", kube.micros() / ours.micros(), &detail));
        }
        None => report.row(Row::skipped(work, ">= 40x ours", "the part `requests` did not measure ours")),
    }
    Ok(())
}

/// etcd, kube-apiserver, and `kubectl proxy` in front, which speaks TLS for us and does not count.
async fn start(plan: &Plan, directory: &PathBuf) -> io::Result<Server> {
    let program = |name: &str| {
        let mut command = Command::new(plan.clients.join(name));
        command.current_dir(directory);
        command
    };
    let (client, peer, secure, proxied) = (free_address()?, free_address()?, free_address()?, free_address()?);
    let (client, peer) = (format!("http://{client}"), format!("http://{peer}"));
    let etcd = quiet(
        program("etcd")
            .args(["--data-dir", "etcd", "--listen-client-urls", &client, "--advertise-client-urls", &client])
            .args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer])
            .arg("--initial-cluster")
            .arg(format!("default={peer}")),
    )?;
    fs::write(directory.join("tokens.csv"), "bench,admin,1,system:masters\n")?;
    let key = Command::new("openssl").args(["genrsa", "-out", "sa.key", "2048"]).current_dir(directory).output()?;
    if !key.status.success() {
        return Err(io::Error::other("openssl cannot make a key"));
    }
    let port = |address: &str| address.rsplit(':').next().unwrap_or_default().to_owned();
    let kube_apiserver = quiet(
        program("kube-apiserver")
            .args(["--etcd-servers", &client, "--secure-port", &port(&secure), "--bind-address", "127.0.0.1", "--cert-dir", "certs"])
            .args([
                "--token-auth-file",
                "tokens.csv",
                "--authorization-mode",
                "AlwaysAllow",
                "--disable-admission-plugins",
                "ServiceAccount",
            ])
            .args(["--service-cluster-ip-range", "10.0.0.0/24", "--service-account-issuer", "https://kubernetes.default.svc"])
            .args(["--service-account-signing-key-file", "sa.key", "--service-account-key-file", "sa.key"]),
    )?;
    let proxy = quiet(
        program("kubectl").args(["--server", &format!("https://{secure}"), "--insecure-skip-tls-verify", "--token", "bench"]).args([
            "proxy",
            "--port",
            &port(&proxied),
        ]),
    )?;
    let server = Server::of(vec![etcd, kube_apiserver, proxy], proxied);
    wait_until_answered(&server.address, "/readyz").await?;
    tokio::time::sleep(Duration::from_secs(5)).await;
    Ok(server)
}

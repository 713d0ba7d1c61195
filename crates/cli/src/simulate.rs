//! `minkapi simulate`.

use crate::{client::escape, command::ServerArgs, exit::Failure, print::Printed, view::comparison};
use clap::Args;
use hyper::body::Bytes;
use serde_json::{Value, json};
use std::{
    process::{ExitStatus, Stdio},
    time::{Duration, Instant},
};
use tokio::process::{Child, Command};

/// How often it is looked what was bound.
const LOOK: Duration = Duration::from_millis(250);

#[derive(Debug, Args)]
pub struct Simulate {
    #[command(flatten)]
    server: ServerArgs,
    /// The view to fork; the base view by default
    #[arg(long, value_name = "VIEW")]
    from: Option<String>,
    /// Ends when nothing was bound for so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 5)]
    idle: u64,
    /// Ends after so many seconds in any case
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    timeout: u64,
    /// Print what was changed as well
    #[arg(long)]
    diff: bool,
    /// Keep the fork
    #[arg(long)]
    keep: bool,
    /// The scheduler and its arguments; {kubeconfig}, {config} (a kube-scheduler configuration) and {url} stand for those of
    /// the fork
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<String>,
}

impl Simulate {
    /// Runs the command.
    ///
    /// # Errors
    /// The server cannot be reached or refuses, or the scheduler cannot be started.
    pub async fn run(self) -> Result<(), Failure> {
        let server = self.server.client()?;
        let name = format!("simulate-{}", std::process::id());
        let body = json!({"from": self.from, "labels": {"views.minkapi.dev/simulate": "true"}}).to_string();
        let fork = server.json("POST", &format!("/views/{name}"), body).await?;
        let result = self.run_in(&name, &fork).await;
        if self.keep {
            println!("view {name} is kept: {}", Printed(&fork["kubeconfig"]));
        } else {
            server.json("DELETE", &format!("/views/{name}?cascade=true"), Bytes::new()).await?;
        }
        result
    }

    async fn run_in(&self, name: &str, fork: &Value) -> Result<(), Failure> {
        let server = self.server.client()?;
        let mut child = self.start(name, fork)?;
        let compare = format!("/views/compare?names={}", escape(name));
        let start = Instant::now();
        let (mut before, mut last_change) = (None, Instant::now());
        let ended = loop {
            let answer = server.get(&compare).await?;
            let bound = answer["views"][0]["bound"].clone();
            if before.as_ref() != Some(&bound) {
                before = Some(bound);
                last_change = Instant::now();
            }
            if let Some(status) = child.try_wait().map_err(|err| Failure::File("the scheduler".to_owned(), err))? {
                break Some(status);
            }
            if last_change.elapsed().as_secs() >= self.idle || start.elapsed().as_secs() >= self.timeout {
                break None;
            }
            tokio::time::sleep(LOOK).await;
        };
        let took = last_change.duration_since(start);
        stop(&mut child).await;
        tell_end(ended);
        print!("{}", comparison(&server.get(&compare).await?));
        println!("last pod bound after {:.1} s", took.as_secs_f64());
        if self.diff {
            let diff = server.send("GET", &format!("/views/{}/diff", escape(name)), "text/plain", Bytes::new()).await?;
            println!("\n{}", String::from_utf8_lossy(&diff).trim_end());
        }
        Ok(())
    }

    fn start(&self, name: &str, fork: &Value) -> Result<Child, Failure> {
        let kubeconfig = fork["kubeconfig"].as_str().unwrap_or_default();
        // The server writes both files beside each other.
        let folder = kubeconfig.rfind('/').and_then(|at| kubeconfig.get(..at)).unwrap_or(".");
        let config = format!("{folder}/minkapi-{name}-bin-packing-scheduler-config.yaml");
        let filled = |word: &String| {
            word.replace("{kubeconfig}", kubeconfig).replace("{config}", &config).replace("{url}", fork["url"].as_str().unwrap_or_default())
        };
        let words: Vec<String> = self.command.iter().map(filled).collect();
        let (program, arguments) = words.split_first().ok_or_else(|| Failure::Options("no scheduler was named".to_owned()))?;
        let child = Command::new(program).args(arguments).env("KUBECONFIG", kubeconfig).stdin(Stdio::null()).kill_on_drop(true).spawn();
        child.map_err(|err| Failure::File(format!("{program} cannot be started"), err))
    }
}

/// Stops the scheduler; the fork will be gone, so there is nothing that it would have to put in order.
async fn stop(child: &mut Child) {
    let _ = child.kill().await;
}

fn tell_end(ended: Option<ExitStatus>) {
    if let Some(status) = ended.filter(|status| !status.success()) {
        eprintln!("the scheduler ended by itself: {status}");
    }
}

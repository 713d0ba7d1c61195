//! `minkapi import`.

pub mod cluster;
mod files;
pub mod found;

use crate::{
    client::{Client, escape},
    command::ServerArgs,
    exit::Failure,
    kubeconfig,
    print::Printed,
};
use clap::{Args, ValueEnum};
use found::Found;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;
use std::{
    path::PathBuf,
    time::{SystemTime, UNIX_EPOCH},
};

/// Objects and bytes to a request; the progress bar moves with each.
const PART_OBJECTS: usize = 500;
const PART_BYTES: usize = 8 << 20;

/// More refusals than this are only counted unless all are asked for.
const SHOWN: usize = 20;

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Uids {
    /// Objects keep their uids
    Keep,
    /// Objects get new uids; those that refer to each other still do
    Replace,
}

#[derive(Debug, Args)]
pub struct Import {
    #[command(flatten)]
    server: ServerArgs,
    /// YAML and JSON files, folders of them, or - for the standard input
    #[arg(required_unless_present = "from_kubeconfig")]
    paths: Vec<PathBuf>,
    /// Read a live cluster through this kubeconfig
    #[arg(long, value_name = "FILE")]
    from_kubeconfig: Option<PathBuf>,
    /// The kubeconfig's context, if not its current one
    #[arg(long, value_name = "NAME")]
    context: Option<String>,
    /// The view that gets the objects; the base view by default
    #[arg(long, value_name = "VIEW")]
    into: Option<String>,
    /// What becomes of uids
    #[arg(long, value_enum, default_value = "keep")]
    uids: Uids,
    /// Bring the cluster's events and leases as well
    #[arg(long)]
    all_resources: bool,
    /// Print every refusal
    #[arg(long)]
    verbose: bool,
}

impl Import {
    /// Runs the command: a refused object is told of and passed over.
    ///
    /// # Errors
    /// Files that cannot be read, a cluster or server that cannot be reached.
    pub async fn run(self) -> Result<(), Failure> {
        let mut objects = Vec::new();
        let reading = spinner("reading");
        for path in &self.paths {
            files::read(path, &mut objects)?;
            reading.set_message(format!("reading: {} objects", objects.len()));
        }
        if let Some(path) = &self.from_kubeconfig {
            let cluster = kubeconfig::client(path, self.context.as_deref()).await?;
            let progress = |count| reading.set_message(format!("reading: {count} objects"));
            for unread in cluster::read(&cluster, self.all_resources, &mut objects, progress).await? {
                reading.suspend(|| eprintln!("not read: {}: {}", Printed(&unread.path.into()), unread.why));
            }
        }
        reading.finish_and_clear();
        // A stable sort: within a rank the order of the files stands.
        objects.sort_by_key(|o| o.rank);
        self.send(&self.server.client()?, &objects).await
    }

    async fn send(&self, server: &Client, objects: &[Found]) -> Result<(), Failure> {
        let view = match &self.into {
            Some(view) => view.clone(),
            None => base_name(server).await?,
        };
        let uids = match self.uids {
            Uids::Keep => "keep".to_owned(),
            Uids::Replace => {
                let salt = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_nanos());
                format!("replace&salt={salt}")
            }
        };
        let path = format!("/views/{}/import?uids={uids}", escape(&view));
        let bar = ProgressBar::new(objects.len() as u64);
        if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} objects, {per_sec}, {eta} left") {
            bar.set_style(style);
        }
        let (mut created, mut existing, mut refused) = (0, 0, 0);
        for part in parts(objects) {
            let bodies: Vec<&str> = part.iter().map(|o| o.json.as_str()).collect();
            let answer = server.json("POST", &path, format!("[{}]", bodies.join(","))).await?;
            created += answer["created"].as_u64().unwrap_or(0);
            existing += answer["existing"].as_u64().unwrap_or(0);
            for refusal in answer["refused"].as_array().into_iter().flatten() {
                refused += 1;
                if self.verbose || refused <= SHOWN {
                    bar.suspend(|| eprintln!("refused: {}", described(refusal)));
                }
            }
            bar.inc(part.len() as u64);
        }
        bar.finish_and_clear();
        if refused > SHOWN && !self.verbose {
            eprintln!("{} more were refused; --verbose prints them", refused - SHOWN);
        }
        println!("{created} objects imported into {view}, {existing} were there already, {refused} refused");
        Ok(())
    }
}

/// The name under which the base view is served: the one without a parent.
///
/// # Errors
/// The server cannot be reached.
pub async fn base_name(server: &Client) -> Result<String, Failure> {
    let answer = server.get("/views").await?;
    let base = answer["views"].as_array().into_iter().flatten().find(|v| v["parent"].is_null());
    Ok(base.and_then(|v| v["name"].as_str()).unwrap_or("base").to_owned())
}

/// A spinner for what takes an unknown time; nothing when the output is no terminal.
fn spinner(message: &str) -> ProgressBar {
    let spinner = ProgressBar::new_spinner().with_message(message.to_owned());
    spinner.enable_steady_tick(std::time::Duration::from_millis(100));
    spinner
}

/// Objects cut into requests of a handy size.
fn parts(objects: &[Found]) -> Vec<&[Found]> {
    let (mut parts, mut start, mut bytes) = (Vec::new(), 0, 0);
    for (at, object) in objects.iter().enumerate() {
        if at - start == PART_OBJECTS || (at > start && bytes + object.json.len() > PART_BYTES) {
            parts.extend(objects.get(start..at));
            (start, bytes) = (at, 0);
        }
        bytes += object.json.len();
    }
    parts.extend(objects.get(start..).filter(|rest| !rest.is_empty()));
    parts
}

fn described(refusal: &Value) -> String {
    let namespace = refusal["namespace"].as_str().map(|ns| format!("{ns}/")).unwrap_or_default();
    format!("{} {namespace}{}: {}", Printed(&refusal["kind"]), Printed(&refusal["name"]), Printed(&refusal["message"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_hold_all_objects_once_in_order() {
        let object = |n: usize| Found { rank: 0, json: n.to_string() };
        let objects: Vec<Found> = (0..1203).map(object).collect();
        let parts = parts(&objects);
        assert_eq!(parts.iter().map(|p| p.len()).collect::<Vec<_>>(), [500, 500, 203]);
        assert_eq!(parts.concat().len(), 1203);
    }
}

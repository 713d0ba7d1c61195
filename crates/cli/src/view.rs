//! `minkapi view`.

use crate::{
    client::escape,
    command::ServerArgs,
    exit::Failure,
    print::{Printed, age, table},
};
use clap::{Args, Subcommand, ValueEnum};
use hyper::body::Bytes;
use serde_json::{Map, Value, json};

/// What can be done with views.
#[derive(Debug, Subcommand)]
pub enum ViewCommand {
    /// Fork a view
    Create(Create),
    /// List all views
    List(List),
    /// Tell what a view has changed
    Diff(Diff),
    /// Bring what a view has changed into its parent
    Commit(Commit),
    /// Drop what a view has changed
    Reset(Named),
    /// Set a view back to an older revision
    Rewind(Rewind),
    /// Compare what schedulers have done in several views
    Compare(Compare),
    /// Delete a view
    Delete(Delete),
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Mode {
    Live,
    Frozen,
}

#[derive(Debug, Args)]
pub struct Create {
    #[command(flatten)]
    server: ServerArgs,
    /// Name of the new view
    name: String,
    /// The view to fork; the base view by default
    #[arg(long, value_name = "VIEW")]
    from: Option<String>,
    /// Whether later changes of the parent are seen
    #[arg(long, value_enum, default_value = "live")]
    mode: Mode,
    /// The parent's revision to start from
    #[arg(long, value_name = "N")]
    at_revision: Option<u64>,
    /// A label of the view
    #[arg(short = 'l', long = "label", value_name = "KEY=VALUE")]
    labels: Vec<String>,
    /// Seconds after which the view is deleted
    #[arg(long, value_name = "SECONDS")]
    ttl: Option<u64>,
}

#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    server: ServerArgs,
    /// Print what the server answers
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub struct Named {
    #[command(flatten)]
    server: ServerArgs,
    /// The view
    name: String,
}

#[derive(Debug, Args)]
pub struct Diff {
    #[command(flatten)]
    view: Named,
    /// The view to compare with; the parent by default
    #[arg(long, value_name = "VIEW")]
    against: Option<String>,
    /// Print JSON: objects created, merge patches, names of deleted objects
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub struct Commit {
    #[command(flatten)]
    view: Named,
    /// Only tell what would be done
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Args)]
pub struct Rewind {
    #[command(flatten)]
    view: Named,
    /// The revision to go back to
    #[arg(value_name = "REVISION")]
    revision: u64,
}

#[derive(Debug, Args)]
pub struct Compare {
    #[command(flatten)]
    server: ServerArgs,
    /// The views; all forked from the base view if none is named
    names: Vec<String>,
}

#[derive(Debug, Args)]
pub struct Delete {
    #[command(flatten)]
    view: Named,
    /// Delete the views forked from it as well
    #[arg(long)]
    cascade: bool,
}

/// Runs a command.
///
/// # Errors
/// What the server refused.
pub async fn run(command: ViewCommand) -> Result<(), Failure> {
    match command {
        ViewCommand::Create(create) => create.run().await,
        ViewCommand::List(list) => list.run().await,
        ViewCommand::Diff(diff) => diff.run().await,
        ViewCommand::Commit(commit) => commit.run().await,
        ViewCommand::Reset(named) => named.post("reset").await.map(|_| println!("view {} shows its parent", named.name)),
        ViewCommand::Rewind(rewind) => {
            let done = rewind.view.post(&format!("rewind?revision={}", rewind.revision)).await?;
            println!("{} objects set back", Printed(&done["changed"]));
            Ok(())
        }
        ViewCommand::Compare(compare) => compare.run().await,
        ViewCommand::Delete(delete) => {
            let path = format!("/views/{}?cascade={}", escape(&delete.view.name), delete.cascade);
            let done = delete.view.server.client()?.json("DELETE", &path, Bytes::new()).await?;
            done["deleted"].as_array().into_iter().flatten().for_each(|name| println!("view {} deleted", Printed(name)));
            Ok(())
        }
    }
}

impl Named {
    async fn post(&self, verb: &str) -> Result<Value, Failure> {
        self.server.client()?.json("POST", &format!("/views/{}/{verb}", escape(&self.name)), Bytes::new()).await
    }
}

impl Create {
    async fn run(self) -> Result<(), Failure> {
        let mut labels = Map::new();
        for label in &self.labels {
            let (key, value) = label.split_once('=').ok_or_else(|| Failure::Options(format!("--label {label}: not KEY=VALUE")))?;
            labels.insert(key.to_owned(), value.into());
        }
        let mode = match self.mode {
            Mode::Live => "live",
            Mode::Frozen => "frozen",
        };
        let body = json!({"from": self.from, "mode": mode, "atRevision": self.at_revision, "labels": labels, "ttlSeconds": self.ttl});
        let view = self.server.client()?.json("POST", &format!("/views/{}", escape(&self.name)), body.to_string()).await?;
        println!("url         {}", Printed(&view["url"]));
        println!("kubeconfig  {}", Printed(&view["kubeconfig"]));
        Ok(())
    }
}

impl List {
    async fn run(self) -> Result<(), Failure> {
        let answer = self.server.client()?.get("/views").await?;
        if self.json {
            println!("{answer:#}");
            return Ok(());
        }
        let rows = answer["views"].as_array().into_iter().flatten().map(|view| {
            let columns = ["name", "parent", "mode", "forkRevision", "changes"].map(|key| Printed(&view[key]).to_string());
            let age = age(view["ageSeconds"].as_u64().unwrap_or(0));
            columns.into_iter().chain([age, Printed(&view["kubeconfig"]).to_string()]).collect()
        });
        print!("{}", table(&["NAME", "PARENT", "MODE", "REVISION", "CHANGES", "AGE", "KUBECONFIG"], rows));
        Ok(())
    }
}

impl Diff {
    async fn run(self) -> Result<(), Failure> {
        let against = self.against.map_or_else(String::new, |against| format!("?against={}", escape(&against)));
        let path = format!("/views/{}/diff{against}", escape(&self.view.name));
        let accept = if self.json { "application/json" } else { "text/plain" };
        let answer = self.view.server.client()?.send("GET", &path, accept, Bytes::new()).await?;
        println!("{}", String::from_utf8_lossy(&answer).trim_end());
        Ok(())
    }
}

impl Commit {
    async fn run(self) -> Result<(), Failure> {
        let done = self.view.post(if self.dry_run { "commit?dryRun=All" } else { "commit" }).await?;
        let [created, modified, deleted] = ["created", "modified", "deleted"].map(|key| Printed(&done[key]).to_string());
        let would = if self.dry_run { " (dry run)" } else { "" };
        println!("{created} created, {modified} modified, {deleted} deleted{would}");
        Ok(())
    }
}

impl Compare {
    async fn run(self) -> Result<(), Failure> {
        let names: Vec<String> = self.names.iter().map(|name| escape(name)).collect();
        let answer = self.server.client()?.get(&format!("/views/compare?names={}", names.join(","))).await?;
        print!("{}", comparison(&answer));
        Ok(())
    }
}

/// The answer of `/views/compare` as a table, parents first.
pub fn comparison(answer: &Value) -> String {
    let row = |name: &str, summary: &Value| -> Vec<String> {
        let counts = ["bound", "pending", "nodes", "nodesUsed"].map(|key| Printed(&summary[key]).to_string());
        let share = |resource: &str| {
            let (used, all) = (summary["requested"][resource].as_f64(), summary["allocatable"][resource].as_f64());
            match (used, all) {
                (Some(used), Some(all)) if all > 0.0 => format!("{:.1}%", 100.0 * used / all),
                _ => "-".to_owned(),
            }
        };
        let shares = ["cpuMillis", "memoryBytes", "gpus"].map(share);
        std::iter::once(name.to_owned()).chain(counts).chain(shares).collect()
    };
    let parents = answer["parents"].as_object().into_iter().flatten().map(|(name, summary)| row(name, summary));
    let views = answer["views"].as_array().into_iter().flatten().map(|view| row(&Printed(&view["name"]).to_string(), view));
    table(&["VIEW", "BOUND", "PENDING", "NODES", "USED", "CPU", "MEMORY", "GPU"], parents.chain(views))
}

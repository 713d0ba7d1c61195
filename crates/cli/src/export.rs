//! `minkapi export`.

use crate::{
    client::{Client, escape},
    command::ServerArgs,
    exit::Failure,
    import::{base_name, cluster, found::Found},
};
use clap::{Args, ValueEnum};
use minkapi_codec::yaml;
use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::PathBuf,
};

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// One List
    Json,
    /// One document an object
    Yaml,
}

#[derive(Debug, Args)]
pub struct Export {
    #[command(flatten)]
    server: ServerArgs,
    /// The view; the base view by default
    view: Option<String>,
    /// Where to write; the standard output by default
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// How to write
    #[arg(long, value_enum, default_value = "json")]
    format: Format,
    /// Write events and leases as well
    #[arg(long)]
    all_resources: bool,
}

impl Export {
    /// Runs the command.
    ///
    /// # Errors
    /// The server cannot be reached, the file cannot be written.
    pub async fn run(self) -> Result<(), Failure> {
        let server = self.server.client()?;
        let view = match self.view {
            Some(view) => view,
            None => base_name(&server).await?,
        };
        let of_view = Client::new(&format!("{}/{}", self.server.server.trim_end_matches('/'), escape(&view)))?;
        let mut objects = Vec::new();
        if let Some(unread) = cluster::read(&of_view, self.all_resources, &mut objects, |_| {}).await?.into_iter().next() {
            return Err(unread.why);
        }
        objects.sort_by_key(|o| o.rank);
        let failed = |err| Failure::File("the export cannot be written".to_owned(), err);
        match &self.output {
            Some(path) => {
                write(self.format, &objects, BufWriter::new(File::create(path).map_err(failed)?)).map_err(failed)?;
                eprintln!("{} objects of {view} written to {}", objects.len(), path.display());
            }
            None => write(self.format, &objects, io::stdout().lock()).map_err(failed)?,
        }
        Ok(())
    }
}

fn write(format: Format, objects: &[Found], mut out: impl Write) -> io::Result<()> {
    match format {
        Format::Json => {
            out.write_all(b"{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[\n")?;
            for (place, object) in objects.iter().enumerate() {
                let comma = if place + 1 < objects.len() { ",\n" } else { "\n" };
                write!(out, "{}{comma}", object.json)?;
            }
            out.write_all(b"]}\n")?;
        }
        Format::Yaml => {
            for object in objects {
                let value = serde_json::from_str(&object.json)?;
                write!(out, "---\n{}", yaml::write(&value))?;
            }
        }
    }
    out.flush()
}

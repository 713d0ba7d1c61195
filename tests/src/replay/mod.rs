//! Replaying recorded conversations with a real kube-apiserver and comparing every answer.
//!
//! A recording is one JSON file, `{"about": text, "steps": [...]}`; see `tests/goldens/README.md` for the format.

mod case;
mod compare;
mod json;
mod normalise;
mod substitute;

pub use case::Case;
pub use compare::Difference;
pub use json::Json;

use crate::{Target, TestServer, clients::workspace, manifests};
use std::{
    collections::BTreeSet,
    fs, io,
    path::PathBuf,
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// The chapter whose cases need a server that has forgotten its first revisions.
const COMPACTED: &str = "90-compacted";

/// Cases that make two objects in the same second, where a server tells the newest by its second.
const SAME_SECOND: [&str; 2] = ["05-table/storageclass-default-in-list", "22-admission-plugins/ingress-class-default"];

/// How often such a case is begun anew when its second was over before it was.
const SECONDS: usize = 20;

/// What one case came to.
#[derive(Debug)]
pub struct Report {
    /// `chapter/case`.
    pub name: String,
    /// What it is about.
    pub about: String,
    /// Where the answers differ from the recorded ones.
    pub differences: Vec<Difference>,
}

/// Where the recordings are.
pub fn goldens() -> PathBuf {
    workspace().join("tests/goldens")
}

/// The chapters of the recordings.
///
/// # Errors
/// A folder that cannot be read.
pub fn chapters() -> io::Result<BTreeSet<String>> {
    let entries = fs::read_dir(goldens())?.collect::<io::Result<Vec<_>>>()?;
    Ok(entries.iter().filter(|e| e.path().is_dir()).map(|e| e.file_name().to_string_lossy().into_owned()).collect())
}

/// The cases of a chapter, as `chapter/case`.
///
/// # Errors
/// A folder that cannot be read.
pub fn cases(chapter: &str) -> io::Result<BTreeSet<String>> {
    let entries = fs::read_dir(goldens().join(chapter))?.collect::<io::Result<Vec<_>>>()?;
    let paths = entries.into_iter().map(|e| e.path()).filter(|path| path.extension().is_some_and(|e| e == "json"));
    Ok(paths.map(|path| format!("{chapter}/{}", path.file_stem().unwrap_or_default().to_string_lossy())).collect())
}

/// Replays one case.
///
/// # Errors
/// A recording that cannot be read.
pub fn replay(name: &str, target: &Target) -> io::Result<Report> {
    let case = Case::read(&goldens().join(format!("{name}.json")))?;
    let differences = if SAME_SECOND.contains(&name) { within_a_second(&case, target) } else { case.check(target) };
    Ok(Report { name: name.to_owned(), about: case.about().to_owned(), differences })
}

fn within_a_second(case: &Case, target: &Target) -> Vec<Difference> {
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut differences = Vec::new();
    for _ in 0..SECONDS {
        thread::sleep(Duration::from_secs(1).saturating_sub(Duration::from_nanos(now().subsec_nanos().into())));
        let second = now().as_secs();
        differences = case.check(target);
        if differences.is_empty() || now().as_secs() == second {
            break;
        }
    }
    differences
}

/// A server in the state that a chapter's recordings assume.
pub fn server_for(chapter: &str) -> TestServer {
    let server = TestServer::launch_with(|config| {
        config.disable_admission_plugins = vec!["ServiceAccount".to_owned()];
        if chapter == COMPACTED {
            config.history_events = 20;
        }
    });
    if chapter != COMPACTED {
        return server;
    }
    let base = server.base();
    for n in 0..100 {
        let lease = serde_json::json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": format!("old-{n}")}});
        base.create("/apis/coordination.k8s.io/v1/namespaces/default/leases", &lease);
        base.create("/api/v1/namespaces/default/configmaps", &manifests::config_map(&format!("old-{n}"), "1"));
    }
    server
}

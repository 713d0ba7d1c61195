//! The real Kubernetes programs, where they were built (`cargo xtask clients`).

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::{Command, Output},
};
use tempfile::TempDir;

/// The path of a program, or None after printing that what needs it is skipped.
pub fn find(program: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("MINKAPI_CLIENTS").map_or_else(|| workspace().join("target/clients"), PathBuf::from);
    let path = folder.join(program);
    if path.is_file() {
        return Some(path);
    }
    // Not `eprintln!`: the test harness would keep what a passing test prints with it to itself.
    let _ = writeln!(io::stderr(), "skipped: no {program} in {} (cargo xtask clients builds it; it needs Go)", folder.display());
    None
}

/// The workspace's root.
pub fn workspace() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.parent().map_or_else(|| PathBuf::from("."), PathBuf::from)
}

/// kubectl for one kubeconfig, with a cache and a folder for manifests of its own.
#[derive(Debug)]
pub struct Kubectl {
    program: PathBuf,
    kubeconfig: PathBuf,
    folder: TempDir,
}

impl Kubectl {
    /// None after printing that the test is skipped.
    pub fn find(kubeconfig: &Path) -> Option<Self> {
        let program = find("kubectl")?;
        Some(Self { program, kubeconfig: kubeconfig.to_owned(), folder: tempfile::tempdir().expect("a temporary folder") })
    }

    /// A command to start; arguments are split at spaces.
    pub fn command(&self, args: &str) -> Command {
        let mut command = Command::new(&self.program);
        command.env_remove("KUBECONFIG").env("HOME", self.folder.path());
        command.arg("--kubeconfig").arg(&self.kubeconfig).args(args.split_whitespace());
        command
    }

    /// Standard output of a command that must succeed.
    pub fn run(&self, args: &str) -> String {
        succeeded(args, self.command(args).output().expect("kubectl runs"))
    }

    /// Standard output of a command with one more argument, which may hold spaces.
    pub fn run_with(&self, args: &str, last: &str) -> String {
        succeeded(args, self.command(args).arg(last).output().expect("kubectl runs"))
    }

    /// Standard output of a command that reads this manifest (`-f FILE` is added) and must succeed.
    pub fn run_on(&self, args: &str, manifest: &str) -> String {
        let path = self.folder.path().join("manifest.yaml");
        std::fs::write(&path, manifest).expect("a manifest");
        succeeded(args, self.command(args).arg("-f").arg(path).output().expect("kubectl runs"))
    }

    /// Standard error of a command that must fail.
    pub fn fail(&self, args: &str) -> String {
        let output = self.command(args).output().expect("kubectl runs");
        assert!(!output.status.success(), "kubectl {args} succeeded");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    /// A folder that lives as long as this.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

fn succeeded(args: &str, output: Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "kubectl {args}: {}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

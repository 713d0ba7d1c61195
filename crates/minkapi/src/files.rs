//! The files that a server keeps for its views.

use crate::{FileError, access::Credentials, kubeconfig, scheduler_config};
use parking_lot::Mutex;
use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

/// Which view the files of a view are named after.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Owner<'a> {
    Base,
    Sandbox(&'a str),
}

/// Kubeconfigs and scheduler configurations beside each other: for the base view the kubeconfig at the given path and
/// `minkapi-bin-packing-scheduler-config.yaml`; for a sandbox `minkapi-<name>.yaml` and
/// `minkapi-<name>-bin-packing-scheduler-config.yaml`.
#[derive(Debug)]
pub(crate) struct Files {
    kubeconfig: PathBuf,
    credentials: Credentials,
    written: Mutex<BTreeMap<String, Vec<PathBuf>>>,
    /// The folder, if it was made for these files.
    made: Mutex<Option<PathBuf>>,
}

impl Files {
    pub fn new(kubeconfig: PathBuf) -> Self {
        Self { kubeconfig, credentials: Credentials::default(), written: Mutex::default(), made: Mutex::default() }
    }

    /// Writes these into the kubeconfigs.
    pub fn with_credentials(self, credentials: Credentials) -> Self {
        Self { credentials, ..self }
    }

    /// The token of the user of a view's kubeconfig.
    pub fn token(&self, owner: Owner<'_>) -> Option<String> {
        self.credentials.token(match owner {
            Owner::Base => None,
            Owner::Sandbox(name) => Some(name),
        })
    }

    /// PEM of the certificates by which the server is known.
    pub fn authority(&self) -> Option<&[u8]> {
        self.credentials.authority.as_deref()
    }

    /// Where the kubeconfig of a view goes.
    pub fn kubeconfig_of(&self, owner: Owner<'_>) -> PathBuf {
        match owner {
            Owner::Base => self.kubeconfig.clone(),
            Owner::Sandbox(name) => self.kubeconfig.with_file_name(format!("minkapi-{name}.yaml")),
        }
    }

    /// Where the scheduler configuration of a view goes.
    pub fn scheduler_config_of(&self, owner: Owner<'_>) -> PathBuf {
        let name = match owner {
            Owner::Base => "minkapi-bin-packing-scheduler-config.yaml".to_owned(),
            Owner::Sandbox(name) => format!("minkapi-{name}-bin-packing-scheduler-config.yaml"),
        };
        self.kubeconfig.with_file_name(name)
    }

    /// Writes both files of a view whose API is at `url`; returns the path of the kubeconfig.
    ///
    /// # Errors
    /// The first file that cannot be written; none is left then.
    pub fn write(&self, owner: Owner<'_>, url: &str) -> Result<PathBuf, FileError> {
        let name = match owner {
            Owner::Base => "base",
            Owner::Sandbox(name) => name,
        };
        let kubeconfig = self.kubeconfig_of(owner);
        let scheduler = self.scheduler_config_of(owner);
        if let Some(folder) = kubeconfig.parent().filter(|f| !f.as_os_str().is_empty() && !f.is_dir()) {
            fs::create_dir_all(folder).map_err(|source| FileError { action: "cannot create", path: folder.to_owned(), source })?;
            *self.made.lock() = Some(folder.to_owned());
        }
        refuse_foreign(&kubeconfig)?;
        let absolute = std::path::absolute(&kubeconfig).unwrap_or_else(|_| kubeconfig.clone());
        let text = kubeconfig::text(url, name, self.credentials.authority.as_deref(), self.token(owner).as_deref());
        write(&kubeconfig, &text)?;
        if let Err(err) = write(&scheduler, &scheduler_config::text(&absolute)) {
            let _ = fs::remove_file(&kubeconfig);
            return Err(err);
        }
        self.written.lock().insert(name.to_owned(), vec![kubeconfig.clone(), scheduler]);
        Ok(kubeconfig)
    }

    /// Removes the files of one view.
    ///
    /// # Errors
    /// The first file that is there and cannot be removed; the others are removed.
    pub fn remove(&self, name: &str) -> Result<(), FileError> {
        let paths = self.written.lock().remove(name).unwrap_or_default();
        let results: Vec<_> = paths.iter().map(|path| remove(path)).collect();
        results.into_iter().collect()
    }

    /// Removes the files of all views, and their folder if it was made for them and holds nothing else.
    ///
    /// # Errors
    /// As [`Self::remove`].
    pub fn remove_all(&self) -> Result<(), FileError> {
        let names: Vec<String> = self.written.lock().keys().cloned().collect();
        let results: Vec<_> = names.iter().map(|name| self.remove(name)).collect();
        if let Some(folder) = self.made.lock().take() {
            let _ = fs::remove_dir(folder);
        }
        results.into_iter().collect()
    }
}

/// A kubeconfig that was not written by this program is somebody's: with `$KUBECONFIG` set it may be that of a real
/// cluster.
fn refuse_foreign(path: &Path) -> Result<(), FileError> {
    let ours = match fs::read_to_string(path) {
        Ok(text) => text.trim().is_empty() || text.starts_with(kubeconfig::HEADER),
        Err(err) => err.kind() == io::ErrorKind::NotFound,
    };
    if ours {
        return Ok(());
    }
    let source = io::Error::new(io::ErrorKind::AlreadyExists, "it exists and was not written by minkapi");
    Err(FileError { action: "cannot overwrite", path: path.to_owned(), source })
}

/// Writes a file that only its owner can read, in one step, so that no reader sees half of it.
fn write(path: &Path, text: &str) -> Result<(), FileError> {
    let failed = |source| FileError { action: "cannot write", path: path.to_owned(), source };
    let partial = path.with_extension("yaml.partial");
    let written = create_private(&partial).and_then(|mut file| file.write_all(text.as_bytes())).and_then(|()| fs::rename(&partial, path));
    written.map_err(|source| {
        let _ = fs::remove_file(&partial);
        failed(source)
    })
}

fn create_private(path: &Path) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn remove(path: &Path) -> Result<(), FileError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(FileError { action: "cannot remove", path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;

    #[test]
    fn a_view_has_its_two_files_until_they_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let files = Files::new(folder.path().join("minkapi.yaml"));
        files.write(Owner::Base, "http://127.0.0.1:1/base").unwrap();
        let path = files.write(Owner::Sandbox("blue"), "http://127.0.0.1:1/blue").unwrap();
        assert!(fs::read_to_string(&path).unwrap().contains("server: http://127.0.0.1:1/blue\n"));
        let scheduler = fs::read_to_string(folder.path().join("minkapi-blue-bin-packing-scheduler-config.yaml")).unwrap();
        assert!(scheduler.contains(&format!("kubeconfig: {:?}", path)));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 4);
        files.remove("blue").unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
        files.remove_all().unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_folder_that_was_made_for_the_files_goes_with_them() {
        let outer = tempfile::tempdir().unwrap();
        let folder = outer.path().join("own");
        let files = Files::new(folder.join("minkapi.yaml"));
        files.write(Owner::Base, "http://127.0.0.1:1/base").unwrap();
        files.remove_all().unwrap();
        assert!(!folder.exists());
    }

    #[cfg(unix)]
    #[test]
    fn files_are_for_their_owner_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let files = Files::new(folder.path().join("k.yaml"));
        let path = files.write(Owner::Base, "http://127.0.0.1:1/base").unwrap();
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_kubeconfig_of_somebody_else_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config");
        fs::write(&path, "apiVersion: v1\nkind: Config\n").unwrap();
        let files = Files::new(path.clone());
        assert!(files.write(Owner::Base, "http://127.0.0.1:1/base").is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "apiVersion: v1\nkind: Config\n");
        fs::remove_file(&path).unwrap();
        files.write(Owner::Base, "http://127.0.0.1:1/base").unwrap();
        files.write(Owner::Base, "http://127.0.0.1:2/base").unwrap();
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let err = Files::new(file.join("k.yaml")).write(Owner::Base, "http://x/base").unwrap_err();
        assert!(err.to_string().starts_with("cannot create"), "{err}");
    }
}

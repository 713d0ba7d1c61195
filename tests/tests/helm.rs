//! The real helm against a base view and a sandbox.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use minkapi_tests::{TestServer, clients};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};
use tempfile::TempDir;

/// helm for one kubeconfig, with a home and a chart of its own.
struct Helm {
    program: PathBuf,
    kubeconfig: PathBuf,
    home: TempDir,
}

impl Helm {
    /// Standard output of a command that must succeed; arguments are split at spaces.
    fn run(&self, args: &str) -> String {
        let mut command = Command::new(&self.program);
        command.current_dir(self.home.path()).env_clear().env("HOME", self.home.path());
        let output = command.arg("--kubeconfig").arg(&self.kubeconfig).args(args.split_whitespace()).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(output.status.success(), "helm {args}: {}{}", text(&output.stdout), text(&output.stderr));
        text(&output.stdout)
    }
}

/// Files of a chart: a workload with its Service and settings, a hook that runs before upgrades, and a definition with an object.
const CHART: &[(&str, &str)] = &[
    ("Chart.yaml", "apiVersion: v2\nname: web\nversion: 0.1.0\nappVersion: '1'\n"),
    ("values.yaml", "replicas: 1\nimage: registry.example/web:1\ngreeting: hello\n"),
    ("crds/backup.yaml", include_str!("../data/chart/backup-definition.yaml")),
    ("templates/web.yaml", include_str!("../data/chart/web.yaml")),
    ("templates/migrate.yaml", include_str!("../data/chart/migrate.yaml")),
];

fn write_chart(folder: &Path) {
    for (name, text) in CHART {
        let path = folder.join("web").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

#[test]
fn a_chart_is_installed_upgraded_rolled_back_and_uninstalled() {
    let Some(program) = clients::find("helm") else { return };
    let server = TestServer::launch();
    for view in server.both() {
        let helm = Helm { program: program.clone(), kubeconfig: server.kubeconfig(&view), home: tempfile::tempdir().unwrap() };
        let api = server.target(&view);
        write_chart(helm.home.path());
        let shown = || {
            let deployment = api.get("/apis/apps/v1/namespaces/shop/deployments/front");
            let settings = api.get("/api/v1/namespaces/shop/configmaps/front");
            let image = deployment["spec"]["template"]["spec"]["containers"][0]["image"].as_str().unwrap().to_owned();
            (deployment["spec"]["replicas"].as_i64().unwrap(), image, settings["data"]["greeting"].as_str().unwrap().to_owned())
        };

        let told = helm.run("install front ./web --namespace shop --create-namespace");
        assert!(told.contains("STATUS: deployed") && told.contains("REVISION: 1"), "{told}");
        assert_eq!(shown(), (1, "registry.example/web:1".to_owned(), "hello".to_owned()));
        assert_eq!(api.get("/api/v1/namespaces/shop/services/front")["spec"]["ports"][0]["port"], 80);
        assert_eq!(api.get("/apis/example.com/v1/namespaces/shop/backups/front")["spec"]["schedule"], "@daily");

        let told = helm.run("upgrade front ./web --namespace shop --set replicas=3 --set greeting=bye --set image=registry.example/web:2");
        assert!(told.contains("REVISION: 2"), "{told}");
        assert_eq!(shown(), (3, "registry.example/web:2".to_owned(), "bye".to_owned()));
        let hook = api.get("/api/v1/namespaces/shop/configmaps/front-migrate");
        assert_eq!(hook["data"]["revision"], "2", "the hook ran with the upgrade");

        helm.run("rollback front 1 --namespace shop");
        assert_eq!(shown(), (1, "registry.example/web:1".to_owned(), "hello".to_owned()));
        let history = helm.run("history front --namespace shop");
        assert!(history.contains("Rollback to 1"), "{history}");
        assert!(helm.run("list --all-namespaces").contains("web-0.1.0"));

        assert_eq!(helm.run("uninstall front --namespace shop"), "release \"front\" uninstalled\n");
        api.expect("GET", "/apis/apps/v1/namespaces/shop/deployments/front", &serde_json::Value::Null, 404);
        assert_eq!(api.get("/api/v1/namespaces/shop/secrets")["items"], serde_json::json!([]), "releases are kept in Secrets");
    }
}

//! KubeSchedulerConfiguration files: what starts a real kube-scheduler against a view.

use std::path::Path;

/// A configuration that packs pods onto the fullest nodes (MostAllocated), for pods of the default scheduler and of
/// `bin-packing-scheduler`. Leader election is off: every view may have a scheduler of its own.
pub(crate) fn text(kubeconfig: &Path) -> String {
    let path = serde_json::Value::from(kubeconfig.to_string_lossy());
    let profiles: String = ["default-scheduler", "bin-packing-scheduler"].map(profile).concat();
    format!(
        r"apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
clientConnection:
  kubeconfig: {path}
  qps: 5000
  burst: 10000
leaderElection:
  leaderElect: false
profiles:
{profiles}"
    )
}

fn profile(name: &str) -> String {
    format!(
        r"- schedulerName: {name}
  pluginConfig:
  - name: NodeResourcesFit
    args:
      apiVersion: kubescheduler.config.k8s.io/v1
      kind: NodeResourcesFitArgs
      scoringStrategy:
        type: MostAllocated
        resources:
        - name: cpu
          weight: 1
        - name: memory
          weight: 1
  plugins:
    score:
      disabled:
      - name: NodeResourcesBalancedAllocation
      - name: PodTopologySpread
"
    )
}

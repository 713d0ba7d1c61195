//! All plugins of kube-apiserver, in the order in which they run.

use crate::Plugin;

/// A plugin and whether it is on by default.
pub(crate) struct Row {
    pub name: &'static str,
    pub on: bool,
    /// None for those that are not here.
    pub plugin: Option<fn() -> Box<dyn Plugin>>,
}

/// On by default.
const fn on(name: &'static str, plugin: fn() -> Box<dyn Plugin>) -> Row {
    Row { name, on: true, plugin: Some(plugin) }
}

/// Not here: switched on it is an error, switched off it is not.
const fn absent(name: &'static str) -> Row {
    Row { name, on: false, plugin: None }
}

pub(crate) static PLUGINS: &[Row] = &[
    absent("AlwaysAdmit"),
    absent("NamespaceAutoProvision"),
    on("NamespaceLifecycle", || Box::new(crate::namespace_lifecycle::NamespaceLifecycle)),
    absent("NamespaceExists"),
    absent("LimitPodHardAntiAffinityTopology"),
    absent("LimitRanger"),
    absent("ServiceAccount"),
    absent("NodeRestriction"),
    on("TaintNodesByCondition", || Box::new(crate::taint_nodes_by_condition::TaintNodesByCondition)),
    absent("AlwaysPullImages"),
    absent("ImagePolicyWebhook"),
    absent("PodSecurity"),
    absent("PodNodeSelector"),
    on("Priority", || Box::new(crate::priority::Priority)),
    on("DefaultTolerationSeconds", || Box::new(crate::default_toleration_seconds::DefaultTolerationSeconds)),
    absent("PodTolerationRestriction"),
    absent("EventRateLimit"),
    absent("ExtendedResourceToleration"),
    absent("DefaultStorageClass"),
    absent("StorageObjectInUseProtection"),
    absent("PodGroupProtection"),
    absent("OwnerReferencesPermissionEnforcement"),
    absent("PersistentVolumeClaimResize"),
    absent("RuntimeClass"),
    absent("CertificateApproval"),
    absent("CertificateSigning"),
    absent("ClusterTrustBundleAttest"),
    absent("CertificateSubjectRestriction"),
    absent("DefaultIngressClass"),
    absent("DenyServiceExternalIPs"),
    absent("PodTopologyLabels"),
    absent("NodeDeclaredFeatureValidator"),
    absent("PodResizeValidator"),
    absent("MutatingAdmissionPolicy"),
    absent("MutatingAdmissionWebhook"),
    absent("ValidatingAdmissionPolicy"),
    absent("ValidatingAdmissionWebhook"),
    absent("ResourceQuota"),
    absent("AlwaysDeny"),
];

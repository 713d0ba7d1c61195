//! All plugins of kube-apiserver, in the order in which they run.

use crate::{AsyncPlugin, Plugin};

/// A plugin and whether it is on by default.
pub(crate) struct Row {
    pub name: &'static str,
    pub on: bool,
    pub make: Make,
}

/// How a plugin is made.
pub(crate) enum Make {
    Plain(fn() -> Box<dyn Plugin>),
    Waiting(fn() -> Box<dyn AsyncPlugin>),
    /// It is not here: switched on it is an error, switched off it is not.
    Absent,
}

/// On by default.
const fn on(name: &'static str, plugin: fn() -> Box<dyn Plugin>) -> Row {
    Row { name, on: true, make: Make::Plain(plugin) }
}

/// On by default.
const fn waiting(name: &'static str, plugin: fn() -> Box<dyn AsyncPlugin>) -> Row {
    Row { name, on: true, make: Make::Waiting(plugin) }
}

/// Off by default.
const fn off(name: &'static str, plugin: fn() -> Box<dyn Plugin>) -> Row {
    Row { name, on: false, make: Make::Plain(plugin) }
}

const fn absent(name: &'static str) -> Row {
    Row { name, on: false, make: Make::Absent }
}

/// A plugin that never refuses anything here: its feature is off, or it would ask for nothing that is here.
#[derive(Debug)]
struct Passes(&'static str);

impl Plugin for Passes {
    fn name(&self) -> &'static str {
        self.0
    }
}

pub(crate) static PLUGINS: &[Row] = &[
    off("AlwaysAdmit", || Box::new(Passes("AlwaysAdmit"))),
    absent("NamespaceAutoProvision"),
    on("NamespaceLifecycle", || Box::new(crate::namespace_lifecycle::NamespaceLifecycle)),
    absent("NamespaceExists"),
    absent("LimitPodHardAntiAffinityTopology"),
    on("LimitRanger", || Box::new(crate::limit_ranger::LimitRanger)),
    on("ServiceAccount", || Box::new(crate::service_account::ServiceAccount)),
    absent("NodeRestriction"),
    on("TaintNodesByCondition", || Box::new(crate::taint_nodes_by_condition::TaintNodesByCondition)),
    absent("AlwaysPullImages"),
    absent("ImagePolicyWebhook"),
    on("PodSecurity", || Box::new(crate::pod_security::PodSecurity)),
    absent("PodNodeSelector"),
    on("Priority", || Box::new(crate::priority::Priority)),
    on("DefaultTolerationSeconds", || Box::new(crate::default_toleration_seconds::DefaultTolerationSeconds)),
    absent("PodTolerationRestriction"),
    absent("EventRateLimit"),
    absent("ExtendedResourceToleration"),
    on("DefaultStorageClass", || Box::new(crate::default_storage_class::DefaultStorageClass)),
    on("StorageObjectInUseProtection", || Box::new(crate::storage_object_in_use_protection::StorageObjectInUseProtection)),
    on("PodGroupProtection", || Box::new(Passes("PodGroupProtection"))),
    off("OwnerReferencesPermissionEnforcement", || Box::new(Passes("OwnerReferencesPermissionEnforcement"))),
    on("PersistentVolumeClaimResize", || Box::new(crate::persistent_volume_claim_resize::PersistentVolumeClaimResize)),
    on("RuntimeClass", || Box::new(crate::runtime_class::RuntimeClass)),
    on("CertificateApproval", || Box::new(crate::signer::CertificateApproval)),
    on("CertificateSigning", || Box::new(crate::signer::CertificateSigning)),
    on("ClusterTrustBundleAttest", || Box::new(crate::signer::ClusterTrustBundleAttest)),
    on("CertificateSubjectRestriction", || Box::new(crate::certificate_subject_restriction::CertificateSubjectRestriction)),
    on("DefaultIngressClass", || Box::new(crate::default_ingress_class::DefaultIngressClass)),
    absent("DenyServiceExternalIPs"),
    on("PodTopologyLabels", || Box::new(crate::pod_topology_labels::PodTopologyLabels)),
    on("NodeDeclaredFeatureValidator", || Box::new(crate::node_declared_feature_validator::NodeDeclaredFeatureValidator)),
    on("PodResizeValidator", || Box::new(crate::pod_resize_validator::PodResizeValidator)),
    on("MutatingAdmissionPolicy", || Box::<crate::policy::MutatingAdmissionPolicy>::default()),
    waiting("MutatingAdmissionWebhook", || Box::<crate::webhook::MutatingAdmissionWebhook>::default()),
    on("ValidatingAdmissionPolicy", || Box::<crate::policy::ValidatingAdmissionPolicy>::default()),
    waiting("ValidatingAdmissionWebhook", || Box::<crate::webhook::ValidatingAdmissionWebhook>::default()),
    on("ResourceQuota", || Box::new(crate::resource_quota::ResourceQuota)),
    absent("AlwaysDeny"),
];

//! What is special about each kind: one file a kind.
//!
//! A kind is a [`Strategy`] (Kubernetes' own word): data and pure functions over one object, called by the one write
//! pipeline in `minkapi-view`. Nothing here knows requests or stores.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, reason = "tests"))]

mod admission_policy;
mod admission_rule;
mod api_service;
mod binding;
mod certificate_signing_request;
mod class_parameters;
mod cluster_role;
mod cluster_role_binding;
mod cluster_trust_bundle;
mod component_status;
mod condition;
mod config_map;
mod controller_revision;
mod cron_job;
mod cron_schedule;
mod csi_driver;
mod csi_driver_name;
mod csi_node;
mod csi_storage_capacity;
pub mod custom_resource;
pub mod custom_resource_definition;
mod daemon_set;
mod declarative;
mod deployment;
pub mod der;
mod device;
mod device_allocation;
mod device_capacity;
mod device_claim;
mod device_class;
mod device_configuration;
mod device_name;
mod device_taint_rule;
mod device_toleration;
mod endpoint_slice;
mod endpoints;
mod event;
mod event_v1;
mod eviction;
pub mod expression;
mod flow_mandatory;
mod flow_schema;
mod go_struct;
mod horizontal_pod_autoscaler;
mod horizontal_pod_autoscaler_metrics;
mod horizontal_pod_autoscaler_v1;
mod ingress;
mod ingress_class;
mod ip_address;
mod job;
mod job_indexes;
mod job_spec;
mod job_status;
mod label_selector;
mod lease;
mod limit_range;
mod match_condition;
mod mutating_admission_policy;
mod mutating_admission_policy_binding;
mod mutating_webhook_configuration;
mod namespace;
mod network_policy;
mod node;
mod node_label;
mod node_selector;
pub mod object_meta;
pub mod pem;
mod persistent_volume;
mod persistent_volume_claim;
mod persistent_volume_claim_spec;
mod persistent_volume_go;
mod persistent_volume_source;
mod persistent_volume_spec;
mod pod;
mod pod_certificate_request;
mod pod_disruption_budget;
mod pod_spec;
mod pod_template;
mod pod_template_kind;
mod policy_rule;
mod priority_class;
mod priority_level_configuration;
mod replica_set;
mod replication_controller;
mod resource_claim;
mod resource_claim_template;
mod resource_quantity;
mod resource_quota;
mod resource_slice;
mod role;
mod role_binding;
mod rolling_update;
mod runtime_class;
mod scale;
mod secret;
mod self_subject_review;
mod self_subject_rules_review;
mod service;
mod service_account;
mod service_addresses;
pub mod service_allocation;
mod service_cidr;
mod service_validation;
mod stateful_set;
mod storage_class;
mod storage_text;
mod storage_version_migration;
mod strategy;
mod subject_access_review;
pub mod table;
#[cfg(test)]
mod testing;
mod token_request;
mod token_review;
mod unified_diff;
mod update;
mod validating_admission_policy;
mod validating_admission_policy_binding;
mod validating_webhook_configuration;
mod value;
pub mod view;
mod volume_attachment;
mod volume_attributes_class;
mod webhook;
mod webhook_client;
mod workload;
mod x509;

pub use certificate_signing_request::subject as certificate_request_subject;
pub use custom_resource::{CustomResource, ScalePaths, ServedCustomResource, served_resources};
pub use device_claim::asks_for_admin_access;
pub use strategy::{Context, DeletedAnswer, FieldValue, GarbageCollection, NameRule, SelectableField, Strategy, Traits, field_values};
pub use table::{Column, Row};
pub use x509::{Certificate, Subject, subject_of};

/// The strategies of the built-in kinds by group and kind, sorted.
static STRATEGIES: &[(&str, &str, &dyn Strategy)] = &[
    ("", "Binding", &binding::Binding),
    ("", "ComponentStatus", &component_status::ComponentStatus),
    ("", "ConfigMap", &config_map::ConfigMap),
    ("", "Endpoints", &endpoints::Endpoints),
    ("", "Event", &event::Event),
    ("", "LimitRange", &limit_range::LimitRange),
    ("", "Namespace", &namespace::Namespace),
    ("", "Node", &node::Node),
    ("", "PersistentVolume", &persistent_volume::PersistentVolume),
    ("", "PersistentVolumeClaim", &persistent_volume_claim::PersistentVolumeClaim),
    ("", "Pod", &pod::Pod),
    ("", "PodTemplate", &pod_template_kind::PodTemplate),
    ("", "ReplicationController", &replication_controller::ReplicationController),
    ("", "ResourceQuota", &resource_quota::ResourceQuota),
    ("", "Secret", &secret::Secret),
    ("", "Service", &service::Service),
    ("", "ServiceAccount", &service_account::ServiceAccount),
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicy", &mutating_admission_policy::MutatingAdmissionPolicy),
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding", &mutating_admission_policy_binding::MutatingAdmissionPolicyBinding),
    ("admissionregistration.k8s.io", "MutatingWebhookConfiguration", &mutating_webhook_configuration::MutatingWebhookConfiguration),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy", &validating_admission_policy::ValidatingAdmissionPolicy),
    (
        "admissionregistration.k8s.io",
        "ValidatingAdmissionPolicyBinding",
        &validating_admission_policy_binding::ValidatingAdmissionPolicyBinding,
    ),
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration", &validating_webhook_configuration::ValidatingWebhookConfiguration),
    ("apiextensions.k8s.io", "CustomResourceDefinition", &custom_resource_definition::CustomResourceDefinition),
    ("apiregistration.k8s.io", "APIService", &api_service::APIService),
    ("apps", "ControllerRevision", &controller_revision::ControllerRevision),
    ("apps", "DaemonSet", &daemon_set::DaemonSet),
    ("apps", "Deployment", &deployment::Deployment),
    ("apps", "ReplicaSet", &replica_set::ReplicaSet),
    ("apps", "StatefulSet", &stateful_set::StatefulSet),
    ("authentication.k8s.io", "SelfSubjectReview", &self_subject_review::SelfSubjectReview),
    ("authentication.k8s.io", "TokenRequest", &token_request::TokenRequest),
    ("authentication.k8s.io", "TokenReview", &token_review::TokenReview),
    ("authorization.k8s.io", "SelfSubjectRulesReview", &self_subject_rules_review::SelfSubjectRulesReview),
    ("authorization.k8s.io", "SubjectAccessReview", &subject_access_review::SubjectAccessReview),
    ("autoscaling", "HorizontalPodAutoscaler", &horizontal_pod_autoscaler::HorizontalPodAutoscaler),
    ("autoscaling", "Scale", &scale::Scale),
    ("batch", "CronJob", &cron_job::CronJob),
    ("batch", "Job", &job::Job),
    ("certificates.k8s.io", "CertificateSigningRequest", &certificate_signing_request::CertificateSigningRequest),
    ("certificates.k8s.io", "ClusterTrustBundle", &cluster_trust_bundle::ClusterTrustBundle),
    ("certificates.k8s.io", "PodCertificateRequest", &pod_certificate_request::PodCertificateRequest),
    ("coordination.k8s.io", "Lease", &lease::Lease),
    ("discovery.k8s.io", "EndpointSlice", &endpoint_slice::EndpointSlice),
    ("flowcontrol.apiserver.k8s.io", "FlowSchema", &flow_schema::FlowSchema),
    ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration", &priority_level_configuration::PriorityLevelConfiguration),
    ("networking.k8s.io", "IPAddress", &ip_address::IPAddress),
    ("networking.k8s.io", "Ingress", &ingress::Ingress),
    ("networking.k8s.io", "IngressClass", &ingress_class::IngressClass),
    ("networking.k8s.io", "NetworkPolicy", &network_policy::NetworkPolicy),
    ("networking.k8s.io", "ServiceCIDR", &service_cidr::ServiceCIDR),
    ("node.k8s.io", "RuntimeClass", &runtime_class::RuntimeClass),
    ("policy", "Eviction", &eviction::Eviction),
    ("policy", "PodDisruptionBudget", &pod_disruption_budget::PodDisruptionBudget),
    ("rbac.authorization.k8s.io", "ClusterRole", &cluster_role::ClusterRole),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding", &cluster_role_binding::ClusterRoleBinding),
    ("rbac.authorization.k8s.io", "Role", &role::Role),
    ("rbac.authorization.k8s.io", "RoleBinding", &role_binding::RoleBinding),
    ("resource.k8s.io", "DeviceClass", &device_class::DeviceClass),
    ("resource.k8s.io", "DeviceTaintRule", &device_taint_rule::DeviceTaintRule),
    ("resource.k8s.io", "ResourceClaim", &resource_claim::ResourceClaim),
    ("resource.k8s.io", "ResourceClaimTemplate", &resource_claim_template::ResourceClaimTemplate),
    ("resource.k8s.io", "ResourceSlice", &resource_slice::ResourceSlice),
    ("scheduling.k8s.io", "PriorityClass", &priority_class::PriorityClass),
    ("storage.k8s.io", "CSIDriver", &csi_driver::CSIDriver),
    ("storage.k8s.io", "CSINode", &csi_node::CSINode),
    ("storage.k8s.io", "CSIStorageCapacity", &csi_storage_capacity::CSIStorageCapacity),
    ("storage.k8s.io", "StorageClass", &storage_class::StorageClass),
    ("storage.k8s.io", "VolumeAttachment", &volume_attachment::VolumeAttachment),
    ("storage.k8s.io", "VolumeAttributesClass", &volume_attributes_class::VolumeAttributesClass),
    ("storagemigration.k8s.io", "StorageVersionMigration", &storage_version_migration::StorageVersionMigration),
];

/// The strategy of a built-in kind. Versions of a kind and resources that share storage share a strategy: events of
/// `events.k8s.io` are core events, a LocalSubjectAccessReview is a SubjectAccessReview.
pub fn strategy(group: &str, kind: &str) -> Option<&'static dyn Strategy> {
    let (group, kind) = match (group, kind) {
        ("events.k8s.io", "Event") => ("", "Event"),
        ("authorization.k8s.io", "LocalSubjectAccessReview" | "SelfSubjectAccessReview") => (group, "SubjectAccessReview"),
        other => other,
    };
    let at = STRATEGIES.binary_search_by(|row| (row.0, row.1).cmp(&(group, kind))).ok()?;
    STRATEGIES.get(at).map(|row| row.2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_so_that_every_kind_is_found() {
        for (group, kind, _) in STRATEGIES {
            assert!(strategy(group, kind).is_some(), "{kind}.{group}");
        }
        assert!(strategy("", "Unknown").is_none());
    }
}

//! Takes the descriptions from `k8s-openapi`: its types tell their schemas, with the text of every field.

use flate2::{Compression, write::ZlibEncoder};
use k8s_openapi::schemars::{SchemaGenerator, generate::SchemaSettings};
use std::{
    collections::BTreeMap,
    env,
    error::Error,
    fs::File,
    path::{Path, PathBuf},
};

/// Asks for the schemas of types; those that they refer to come along.
macro_rules! kinds {
    ($generator:ident: $($($package:ident)::+ { $($kind:ident),* })*) => {
        $({
            use k8s_openapi::$($package)::+::{$($kind),*};
            $($generator.subschema_for::<$kind>();)*
        })*
    };
}

fn ask(generator: &mut SchemaGenerator) {
    kinds! { generator:
        api::admissionregistration::v1 {
            MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding, MutatingWebhookConfiguration, ValidatingAdmissionPolicy,
            ValidatingAdmissionPolicyBinding, ValidatingWebhookConfiguration
        }
        api::apps::v1 { ControllerRevision, DaemonSet, Deployment, ReplicaSet, StatefulSet }
        api::authentication::v1 { SelfSubjectReview, TokenRequest, TokenReview }
        api::authorization::v1 { LocalSubjectAccessReview, SelfSubjectAccessReview, SelfSubjectRulesReview, SubjectAccessReview }
        api::autoscaling::v1 { HorizontalPodAutoscaler, Scale }
        api::autoscaling::v2 { HorizontalPodAutoscaler }
        api::batch::v1 { CronJob, Job }
        api::certificates::v1 { CertificateSigningRequest, ClusterTrustBundle, PodCertificateRequest }
        api::coordination::v1 { Lease }
        api::core::v1 {
            Binding, ComponentStatus, ConfigMap, Endpoints, Event, LimitRange, Namespace, Node, PersistentVolume, PersistentVolumeClaim,
            Pod, PodTemplate, ReplicationController, ResourceQuota, Secret, Service, ServiceAccount
        }
        api::discovery::v1 { EndpointSlice }
        api::events::v1 { Event }
        api::flowcontrol::v1 { FlowSchema, PriorityLevelConfiguration }
        api::networking::v1 { IPAddress, Ingress, IngressClass, NetworkPolicy, ServiceCIDR }
        api::node::v1 { RuntimeClass }
        api::policy::v1 { Eviction, PodDisruptionBudget }
        api::rbac::v1 { ClusterRole, ClusterRoleBinding, Role, RoleBinding }
        api::resource::v1 { DeviceClass, DeviceTaintRule, ResourceClaim, ResourceClaimTemplate, ResourceSlice }
        api::scheduling::v1 { PriorityClass }
        api::storage::v1 { CSIDriver, CSINode, CSIStorageCapacity, StorageClass, VolumeAttachment, VolumeAttributesClass }
        api::storagemigration::v1 { StorageVersionMigration }
        apiextensions_apiserver::pkg::apis::apiextensions::v1 { CustomResourceDefinition }
        kube_aggregator::pkg::apis::apiregistration::v1 { APIService }
        apimachinery::pkg::apis::meta::v1 {
            APIGroup, APIGroupList, APIResourceList, APIVersions, Condition, DeleteOptions, ListMeta, ObjectMeta, Patch, Status, Time, MicroTime
        }
        apimachinery::pkg::runtime { RawExtension }
        apimachinery::pkg::util::intstr { IntOrString }
        apimachinery::pkg::version { Info }
    }
    generator.subschema_for::<k8s_openapi::apimachinery::pkg::apis::meta::v1::WatchEvent<k8s_openapi::api::core::v1::Pod>>();
}

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let mut generator = SchemaSettings::openapi3().into_generator();
    ask(&mut generator);
    // The type's own text has the empty name.
    let mut texts: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for (name, schema) in generator.take_definitions(true) {
        let text = |of: &serde_json::Value| of.get("description")?.as_str().map(str::to_owned);
        let mut found: BTreeMap<String, String> = text(&schema).map(|own| (String::new(), own)).into_iter().collect();
        for (field, of) in schema.get("properties").and_then(|p| p.as_object()).into_iter().flatten() {
            found.extend(text(of).map(|text| (field.clone(), text)));
        }
        texts.insert(name, found);
    }
    let directory = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    write(&directory.join("descriptions.json.z"), &texts)
}

fn write(path: &Path, texts: &BTreeMap<String, BTreeMap<String, String>>) -> Result<(), Box<dyn Error>> {
    let mut file = ZlibEncoder::new(File::create(path)?, Compression::best());
    serde_json::to_writer(&mut file, texts)?;
    file.finish()?;
    Ok(())
}

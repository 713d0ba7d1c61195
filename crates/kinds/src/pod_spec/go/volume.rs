//! Volumes as Go declares them inside kube-apiserver.

use crate::go_struct::{
    GoField,
    GoType::{Embedded, List, Plain, Pointer, Struct},
    field, nullable, number, text,
};
use crate::persistent_volume_claim_spec;

pub const HOST_PATH_VOLUME_SOURCE: &[GoField] = &[text("Path", "path"), nullable("Type", "type")];

const EMPTY_DIR_VOLUME_SOURCE: &[GoField] = &[text("Medium", "medium"), nullable("SizeLimit", "sizeLimit"), nullable("Mode", "mode")];

pub const GCE_PERSISTENT_DISK_VOLUME_SOURCE: &[GoField] =
    &[text("PDName", "pdName"), text("FSType", "fsType"), number("Partition", "partition"), field("ReadOnly", "readOnly", Plain("false"))];

pub const AWS_ELASTIC_BLOCK_STORE_VOLUME_SOURCE: &[GoField] = &[
    text("VolumeID", "volumeID"),
    text("FSType", "fsType"),
    number("Partition", "partition"),
    field("ReadOnly", "readOnly", Plain("false")),
];

const GIT_REPO_VOLUME_SOURCE: &[GoField] =
    &[text("Repository", "repository"), text("Revision", "revision"), text("Directory", "directory")];

const KEY_TO_PATH: &[GoField] = &[text("Key", "key"), text("Path", "path"), nullable("Mode", "mode"), nullable("User", "user")];

const SECRET_VOLUME_SOURCE: &[GoField] = &[
    text("SecretName", "secretName"),
    field("Items", "items", List(KEY_TO_PATH)),
    nullable("DefaultMode", "defaultMode"),
    nullable("Optional", "optional"),
    nullable("DefaultUser", "defaultUser"),
];

pub const NFS_VOLUME_SOURCE: &[GoField] = &[text("Server", "server"), text("Path", "path"), field("ReadOnly", "readOnly", Plain("false"))];

/// `LocalObjectReference`.
pub const LOCAL_OBJECT_REFERENCE: &[GoField] = &[text("Name", "name")];

const ISCSI_VOLUME_SOURCE: &[GoField] = &[
    text("TargetPortal", "targetPortal"),
    text("IQN", "iqn"),
    number("Lun", "lun"),
    text("ISCSIInterface", "iscsiInterface"),
    text("FSType", "fsType"),
    field("ReadOnly", "readOnly", Plain("false")),
    nullable("Portals", "portals"),
    field("DiscoveryCHAPAuth", "chapAuthDiscovery", Plain("false")),
    field("SessionCHAPAuth", "chapAuthSession", Plain("false")),
    field("SecretRef", "secretRef", Pointer(LOCAL_OBJECT_REFERENCE)),
    nullable("InitiatorName", "initiatorName"),
];

const GLUSTERFS_VOLUME_SOURCE: &[GoField] =
    &[text("EndpointsName", "endpoints"), text("Path", "path"), field("ReadOnly", "readOnly", Plain("false"))];

const PERSISTENT_VOLUME_CLAIM_VOLUME_SOURCE: &[GoField] = &[text("ClaimName", "claimName"), field("ReadOnly", "readOnly", Plain("false"))];

const RBD_VOLUME_SOURCE: &[GoField] = &[
    nullable("CephMonitors", "monitors"),
    text("RBDImage", "image"),
    text("FSType", "fsType"),
    text("RBDPool", "pool"),
    text("RadosUser", "user"),
    text("Keyring", "keyring"),
    field("SecretRef", "secretRef", Pointer(LOCAL_OBJECT_REFERENCE)),
    field("ReadOnly", "readOnly", Plain("false")),
];

const FLEX_VOLUME_SOURCE: &[GoField] = &[
    text("Driver", "driver"),
    text("FSType", "fsType"),
    field("SecretRef", "secretRef", Pointer(LOCAL_OBJECT_REFERENCE)),
    field("ReadOnly", "readOnly", Plain("false")),
    nullable("Options", "options"),
];

const CINDER_VOLUME_SOURCE: &[GoField] = &[
    text("VolumeID", "volumeID"),
    text("FSType", "fsType"),
    field("ReadOnly", "readOnly", Plain("false")),
    field("SecretRef", "secretRef", Pointer(LOCAL_OBJECT_REFERENCE)),
];

const CEPH_FS_VOLUME_SOURCE: &[GoField] = &[
    nullable("Monitors", "monitors"),
    text("Path", "path"),
    text("User", "user"),
    text("SecretFile", "secretFile"),
    field("SecretRef", "secretRef", Pointer(LOCAL_OBJECT_REFERENCE)),
    field("ReadOnly", "readOnly", Plain("false")),
];

pub const FLOCKER_VOLUME_SOURCE: &[GoField] = &[text("DatasetName", "datasetName"), text("DatasetUUID", "datasetUUID")];

/// `ObjectFieldSelector`.
pub const OBJECT_FIELD_SELECTOR: &[GoField] = &[text("APIVersion", "apiVersion"), text("FieldPath", "fieldPath")];

/// `ResourceFieldSelector`.
pub const RESOURCE_FIELD_SELECTOR: &[GoField] =
    &[text("ContainerName", "containerName"), text("Resource", "resource"), field("Divisor", "divisor", Plain("\"0\""))];

const DOWNWARD_API_VOLUME_FILE: &[GoField] = &[
    text("Path", "path"),
    field("FieldRef", "fieldRef", Pointer(OBJECT_FIELD_SELECTOR)),
    field("ResourceFieldRef", "resourceFieldRef", Pointer(RESOURCE_FIELD_SELECTOR)),
    nullable("Mode", "mode"),
    nullable("User", "user"),
];

const DOWNWARD_API_VOLUME_SOURCE: &[GoField] = &[
    field("Items", "items", List(DOWNWARD_API_VOLUME_FILE)),
    nullable("DefaultMode", "defaultMode"),
    nullable("DefaultUser", "defaultUser"),
];

pub const FC_VOLUME_SOURCE: &[GoField] = &[
    nullable("TargetWWNs", "targetWWNs"),
    nullable("Lun", "lun"),
    text("FSType", "fsType"),
    field("ReadOnly", "readOnly", Plain("false")),
    nullable("WWIDs", "wwids"),
];

const AZURE_FILE_VOLUME_SOURCE: &[GoField] =
    &[text("SecretName", "secretName"), text("ShareName", "shareName"), field("ReadOnly", "readOnly", Plain("false"))];

const CONFIG_MAP_VOLUME_SOURCE: &[GoField] = &[
    text("Name", "name"),
    field("Items", "items", List(KEY_TO_PATH)),
    nullable("DefaultMode", "defaultMode"),
    nullable("Optional", "optional"),
    nullable("DefaultUser", "defaultUser"),
];

pub const VSPHERE_VIRTUAL_DISK_VOLUME_SOURCE: &[GoField] = &[
    text("VolumePath", "volumePath"),
    text("FSType", "fsType"),
    text("StoragePolicyName", "storagePolicyName"),
    text("StoragePolicyID", "storagePolicyID"),
];

pub const QUOBYTE_VOLUME_SOURCE: &[GoField] = &[
    text("Registry", "registry"),
    text("Volume", "volume"),
    field("ReadOnly", "readOnly", Plain("false")),
    text("User", "user"),
    text("Group", "group"),
    text("Tenant", "tenant"),
];

pub const AZURE_DISK_VOLUME_SOURCE: &[GoField] = &[
    text("DiskName", "diskName"),
    text("DataDiskURI", "diskURI"),
    nullable("CachingMode", "cachingMode"),
    nullable("FSType", "fsType"),
    nullable("ReadOnly", "readOnly"),
    nullable("Kind", "kind"),
];

pub const PHOTON_PERSISTENT_DISK_VOLUME_SOURCE: &[GoField] = &[text("PdID", "pdID"), text("FSType", "fsType")];

const SECRET_PROJECTION: &[GoField] = &[text("Name", "name"), field("Items", "items", List(KEY_TO_PATH)), nullable("Optional", "optional")];

const DOWNWARD_API_PROJECTION: &[GoField] = &[field("Items", "items", List(DOWNWARD_API_VOLUME_FILE))];

const CONFIG_MAP_PROJECTION: &[GoField] =
    &[text("Name", "name"), field("Items", "items", List(KEY_TO_PATH)), nullable("Optional", "optional")];

const SERVICE_ACCOUNT_TOKEN_PROJECTION: &[GoField] =
    &[text("Audience", "audience"), nullable("ExpirationSeconds", "expirationSeconds"), text("Path", "path"), nullable("User", "user")];

/// `ClusterTrustBundleProjection`.
pub const CLUSTER_TRUST_BUNDLE_PROJECTION: &[GoField] = &[
    nullable("Name", "name"),
    nullable("SignerName", "signerName"),
    nullable("LabelSelector", "labelSelector"),
    nullable("Optional", "optional"),
    text("Path", "path"),
    nullable("User", "user"),
];

const POD_CERTIFICATE_PROJECTION: &[GoField] = &[
    text("SignerName", "signerName"),
    text("KeyType", "keyType"),
    nullable("MaxExpirationSeconds", "maxExpirationSeconds"),
    text("CredentialBundlePath", "credentialBundlePath"),
    text("KeyPath", "keyPath"),
    text("CertificateChainPath", "certificateChainPath"),
    nullable("UserAnnotations", "userAnnotations"),
    nullable("User", "user"),
];

const VOLUME_PROJECTION: &[GoField] = &[
    field("Secret", "secret", Pointer(SECRET_PROJECTION)),
    field("DownwardAPI", "downwardAPI", Pointer(DOWNWARD_API_PROJECTION)),
    field("ConfigMap", "configMap", Pointer(CONFIG_MAP_PROJECTION)),
    field("ServiceAccountToken", "serviceAccountToken", Pointer(SERVICE_ACCOUNT_TOKEN_PROJECTION)),
    field("ClusterTrustBundle", "clusterTrustBundle", Pointer(CLUSTER_TRUST_BUNDLE_PROJECTION)),
    field("PodCertificate", "podCertificate", Pointer(POD_CERTIFICATE_PROJECTION)),
];

const PROJECTED_VOLUME_SOURCE: &[GoField] =
    &[field("Sources", "sources", List(VOLUME_PROJECTION)), nullable("DefaultMode", "defaultMode"), nullable("DefaultUser", "defaultUser")];

pub const PORTWORX_VOLUME_SOURCE: &[GoField] =
    &[text("VolumeID", "volumeID"), text("FSType", "fsType"), field("ReadOnly", "readOnly", Plain("false"))];

const SCALE_IO_VOLUME_SOURCE: &[GoField] = &[
    text("Gateway", "gateway"),
    text("System", "system"),
    field("SecretRef", "secretRef", Pointer(LOCAL_OBJECT_REFERENCE)),
    field("SSLEnabled", "sslEnabled", Plain("false")),
    text("ProtectionDomain", "protectionDomain"),
    text("StoragePool", "storagePool"),
    text("StorageMode", "storageMode"),
    text("VolumeName", "volumeName"),
    text("FSType", "fsType"),
    field("ReadOnly", "readOnly", Plain("false")),
];

const STORAGE_OS_VOLUME_SOURCE: &[GoField] = &[
    text("VolumeName", "volumeName"),
    text("VolumeNamespace", "volumeNamespace"),
    text("FSType", "fsType"),
    field("ReadOnly", "readOnly", Plain("false")),
    field("SecretRef", "secretRef", Pointer(LOCAL_OBJECT_REFERENCE)),
];

const CSI_VOLUME_SOURCE: &[GoField] = &[
    text("Driver", "driver"),
    nullable("ReadOnly", "readOnly"),
    nullable("FSType", "fsType"),
    nullable("VolumeAttributes", "volumeAttributes"),
    field("NodePublishSecretRef", "nodePublishSecretRef", Pointer(LOCAL_OBJECT_REFERENCE)),
];

const PERSISTENT_VOLUME_CLAIM_TEMPLATE: &[GoField] = &[
    field("ObjectMeta", "metadata", Embedded(&["labels", "annotations"])),
    field("Spec", "spec", Struct(persistent_volume_claim_spec::PRINTED)),
];

const EPHEMERAL_VOLUME_SOURCE: &[GoField] =
    &[field("VolumeClaimTemplate", "volumeClaimTemplate", Pointer(PERSISTENT_VOLUME_CLAIM_TEMPLATE))];

const IMAGE_VOLUME_SOURCE: &[GoField] = &[text("Reference", "reference"), text("PullPolicy", "pullPolicy")];

/// `Volume`.
pub const VOLUME: &[GoField] = &[
    text("Name", "name"),
    field("HostPath", "hostPath", Pointer(HOST_PATH_VOLUME_SOURCE)),
    field("EmptyDir", "emptyDir", Pointer(EMPTY_DIR_VOLUME_SOURCE)),
    field("GCEPersistentDisk", "gcePersistentDisk", Pointer(GCE_PERSISTENT_DISK_VOLUME_SOURCE)),
    field("AWSElasticBlockStore", "awsElasticBlockStore", Pointer(AWS_ELASTIC_BLOCK_STORE_VOLUME_SOURCE)),
    field("GitRepo", "gitRepo", Pointer(GIT_REPO_VOLUME_SOURCE)),
    field("Secret", "secret", Pointer(SECRET_VOLUME_SOURCE)),
    field("NFS", "nfs", Pointer(NFS_VOLUME_SOURCE)),
    field("ISCSI", "iscsi", Pointer(ISCSI_VOLUME_SOURCE)),
    field("Glusterfs", "glusterfs", Pointer(GLUSTERFS_VOLUME_SOURCE)),
    field("PersistentVolumeClaim", "persistentVolumeClaim", Pointer(PERSISTENT_VOLUME_CLAIM_VOLUME_SOURCE)),
    field("RBD", "rbd", Pointer(RBD_VOLUME_SOURCE)),
    field("FlexVolume", "flexVolume", Pointer(FLEX_VOLUME_SOURCE)),
    field("Cinder", "cinder", Pointer(CINDER_VOLUME_SOURCE)),
    field("CephFS", "cephfs", Pointer(CEPH_FS_VOLUME_SOURCE)),
    field("Flocker", "flocker", Pointer(FLOCKER_VOLUME_SOURCE)),
    field("DownwardAPI", "downwardAPI", Pointer(DOWNWARD_API_VOLUME_SOURCE)),
    field("FC", "fc", Pointer(FC_VOLUME_SOURCE)),
    field("AzureFile", "azureFile", Pointer(AZURE_FILE_VOLUME_SOURCE)),
    field("ConfigMap", "configMap", Pointer(CONFIG_MAP_VOLUME_SOURCE)),
    field("VsphereVolume", "vsphereVolume", Pointer(VSPHERE_VIRTUAL_DISK_VOLUME_SOURCE)),
    field("Quobyte", "quobyte", Pointer(QUOBYTE_VOLUME_SOURCE)),
    field("AzureDisk", "azureDisk", Pointer(AZURE_DISK_VOLUME_SOURCE)),
    field("PhotonPersistentDisk", "photonPersistentDisk", Pointer(PHOTON_PERSISTENT_DISK_VOLUME_SOURCE)),
    field("Projected", "projected", Pointer(PROJECTED_VOLUME_SOURCE)),
    field("PortworxVolume", "portworxVolume", Pointer(PORTWORX_VOLUME_SOURCE)),
    field("ScaleIO", "scaleIO", Pointer(SCALE_IO_VOLUME_SOURCE)),
    field("StorageOS", "storageos", Pointer(STORAGE_OS_VOLUME_SOURCE)),
    field("CSI", "csi", Pointer(CSI_VOLUME_SOURCE)),
    field("Ephemeral", "ephemeral", Pointer(EPHEMERAL_VOLUME_SOURCE)),
    field("Image", "image", Pointer(IMAGE_VOLUME_SOURCE)),
];

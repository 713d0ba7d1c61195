//! The sources of persistent volumes as Go declares them inside kube-apiserver: the diff that tells that they may not
//! change prints all of them.

use crate::{
    go_struct::{
        GoField,
        GoType::{Plain, Pointer},
        field, nullable, number, text,
    },
    pod_spec::go_volume as volume,
};

const SECRET_REFERENCE: &[GoField] = &[text("Name", "name"), text("Namespace", "namespace")];
const FS_TYPE: GoField = text("FSType", "fsType");
const READ_ONLY: GoField = flag("ReadOnly", "readOnly");
const SECRET: GoField = secret("SecretRef", "secretRef");

const fn flag(go: &'static str, json: &'static str) -> GoField {
    field(go, json, Plain("false"))
}

const fn secret(go: &'static str, json: &'static str) -> GoField {
    field(go, json, Pointer(SECRET_REFERENCE))
}

const fn source(go: &'static str, json: &'static str, fields: &'static [GoField]) -> GoField {
    field(go, json, Pointer(fields))
}

/// `PersistentVolumeSource`.
pub const PERSISTENT_VOLUME_SOURCE: &[GoField] = &[
    source("GCEPersistentDisk", "gcePersistentDisk", volume::GCE_PERSISTENT_DISK_VOLUME_SOURCE),
    source("AWSElasticBlockStore", "awsElasticBlockStore", volume::AWS_ELASTIC_BLOCK_STORE_VOLUME_SOURCE),
    source("HostPath", "hostPath", volume::HOST_PATH_VOLUME_SOURCE),
    source(
        "Glusterfs",
        "glusterfs",
        &[text("EndpointsName", "endpoints"), text("Path", "path"), READ_ONLY, nullable("EndpointsNamespace", "endpointsNamespace")],
    ),
    source("NFS", "nfs", volume::NFS_VOLUME_SOURCE),
    source(
        "RBD",
        "rbd",
        &[
            nullable("CephMonitors", "monitors"),
            text("RBDImage", "image"),
            FS_TYPE,
            text("RBDPool", "pool"),
            text("RadosUser", "user"),
            text("Keyring", "keyring"),
            SECRET,
            READ_ONLY,
        ],
    ),
    source(
        "ISCSI",
        "iscsi",
        &[
            text("TargetPortal", "targetPortal"),
            text("IQN", "iqn"),
            number("Lun", "lun"),
            text("ISCSIInterface", "iscsiInterface"),
            FS_TYPE,
            READ_ONLY,
            nullable("Portals", "portals"),
            flag("DiscoveryCHAPAuth", "chapAuthDiscovery"),
            flag("SessionCHAPAuth", "chapAuthSession"),
            SECRET,
            nullable("InitiatorName", "initiatorName"),
        ],
    ),
    source("Cinder", "cinder", &[text("VolumeID", "volumeID"), FS_TYPE, READ_ONLY, SECRET]),
    source(
        "CephFS",
        "cephfs",
        &[
            nullable("Monitors", "monitors"),
            text("Path", "path"),
            text("User", "user"),
            text("SecretFile", "secretFile"),
            SECRET,
            READ_ONLY,
        ],
    ),
    source("FC", "fc", volume::FC_VOLUME_SOURCE),
    source("Flocker", "flocker", volume::FLOCKER_VOLUME_SOURCE),
    source("FlexVolume", "flexVolume", &[text("Driver", "driver"), FS_TYPE, SECRET, READ_ONLY, nullable("Options", "options")]),
    source(
        "AzureFile",
        "azureFile",
        &[text("SecretName", "secretName"), text("ShareName", "shareName"), READ_ONLY, nullable("SecretNamespace", "secretNamespace")],
    ),
    source("VsphereVolume", "vsphereVolume", volume::VSPHERE_VIRTUAL_DISK_VOLUME_SOURCE),
    source("Quobyte", "quobyte", volume::QUOBYTE_VOLUME_SOURCE),
    source("AzureDisk", "azureDisk", volume::AZURE_DISK_VOLUME_SOURCE),
    source("PhotonPersistentDisk", "photonPersistentDisk", volume::PHOTON_PERSISTENT_DISK_VOLUME_SOURCE),
    source("PortworxVolume", "portworxVolume", volume::PORTWORX_VOLUME_SOURCE),
    source(
        "ScaleIO",
        "scaleIO",
        &[
            text("Gateway", "gateway"),
            text("System", "system"),
            SECRET,
            flag("SSLEnabled", "sslEnabled"),
            text("ProtectionDomain", "protectionDomain"),
            text("StoragePool", "storagePool"),
            text("StorageMode", "storageMode"),
            text("VolumeName", "volumeName"),
            FS_TYPE,
            READ_ONLY,
        ],
    ),
    source("Local", "local", &[text("Path", "path"), nullable("FSType", "fsType")]),
    source(
        "StorageOS",
        "storageos",
        &[
            text("VolumeName", "volumeName"),
            text("VolumeNamespace", "volumeNamespace"),
            FS_TYPE,
            READ_ONLY,
            field("SecretRef", "secretRef", Pointer(OBJECT_REFERENCE)),
        ],
    ),
    source(
        "CSI",
        "csi",
        &[
            text("Driver", "driver"),
            text("VolumeHandle", "volumeHandle"),
            READ_ONLY,
            FS_TYPE,
            nullable("VolumeAttributes", "volumeAttributes"),
            secret("ControllerPublishSecretRef", "controllerPublishSecretRef"),
            secret("NodeStageSecretRef", "nodeStageSecretRef"),
            secret("NodePublishSecretRef", "nodePublishSecretRef"),
            secret("ControllerExpandSecretRef", "controllerExpandSecretRef"),
            secret("NodeExpandSecretRef", "nodeExpandSecretRef"),
        ],
    ),
];

const OBJECT_REFERENCE: &[GoField] = &[
    text("Kind", "kind"),
    text("Namespace", "namespace"),
    text("Name", "name"),
    text("UID", "uid"),
    text("APIVersion", "apiVersion"),
    text("ResourceVersion", "resourceVersion"),
    text("FieldPath", "fieldPath"),
];

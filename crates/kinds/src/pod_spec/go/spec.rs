//! Pod specs as Go declares them inside kube-apiserver.

use super::{
    container::{
        APP_ARMOR_PROFILE, CONTAINER, EPHEMERAL_CONTAINER, RESOURCE_REQUIREMENTS, SE_LINUX_OPTIONS, SECCOMP_PROFILE,
        WINDOWS_SECURITY_CONTEXT_OPTIONS,
    },
    volume::{LOCAL_OBJECT_REFERENCE, VOLUME},
};
use crate::go_struct::{
    GoField,
    GoType::{List, Plain, Pointer, Struct},
    field, nullable, number, text,
};

const SYSCTL: &[GoField] = &[text("Name", "name"), text("Value", "value")];

const POD_SECURITY_CONTEXT: &[GoField] = &[
    field("SELinuxOptions", "seLinuxOptions", Pointer(SE_LINUX_OPTIONS)),
    field("WindowsOptions", "windowsOptions", Pointer(WINDOWS_SECURITY_CONTEXT_OPTIONS)),
    nullable("RunAsUser", "runAsUser"),
    nullable("RunAsGroup", "runAsGroup"),
    nullable("RunAsNonRoot", "runAsNonRoot"),
    nullable("SupplementalGroups", "supplementalGroups"),
    nullable("SupplementalGroupsPolicy", "supplementalGroupsPolicy"),
    nullable("FSGroup", "fsGroup"),
    field("Sysctls", "sysctls", List(SYSCTL)),
    nullable("FSGroupChangePolicy", "fsGroupChangePolicy"),
    field("SeccompProfile", "seccompProfile", Pointer(SECCOMP_PROFILE)),
    field("AppArmorProfile", "appArmorProfile", Pointer(APP_ARMOR_PROFILE)),
    nullable("SELinuxChangePolicy", "seLinuxChangePolicy"),
];

const NODE_SELECTOR_REQUIREMENT: &[GoField] = &[text("Key", "key"), text("Operator", "operator"), nullable("Values", "values")];

/// `NodeSelectorTerm`.
pub const NODE_SELECTOR_TERM: &[GoField] = &[
    field("MatchExpressions", "matchExpressions", List(NODE_SELECTOR_REQUIREMENT)),
    field("MatchFields", "matchFields", List(NODE_SELECTOR_REQUIREMENT)),
];

const NODE_SELECTOR: &[GoField] = &[field("NodeSelectorTerms", "nodeSelectorTerms", List(NODE_SELECTOR_TERM))];

const PREFERRED_SCHEDULING_TERM: &[GoField] = &[number("Weight", "weight"), field("Preference", "preference", Struct(NODE_SELECTOR_TERM))];

const NODE_AFFINITY: &[GoField] = &[
    field("RequiredDuringSchedulingIgnoredDuringExecution", "requiredDuringSchedulingIgnoredDuringExecution", Pointer(NODE_SELECTOR)),
    field(
        "PreferredDuringSchedulingIgnoredDuringExecution",
        "preferredDuringSchedulingIgnoredDuringExecution",
        List(PREFERRED_SCHEDULING_TERM),
    ),
];

const POD_AFFINITY_TERM: &[GoField] = &[
    nullable("LabelSelector", "labelSelector"),
    nullable("Namespaces", "namespaces"),
    text("TopologyKey", "topologyKey"),
    nullable("NamespaceSelector", "namespaceSelector"),
    nullable("MatchLabelKeys", "matchLabelKeys"),
    nullable("MismatchLabelKeys", "mismatchLabelKeys"),
];

const WEIGHTED_POD_AFFINITY_TERM: &[GoField] =
    &[number("Weight", "weight"), field("PodAffinityTerm", "podAffinityTerm", Struct(POD_AFFINITY_TERM))];

const POD_AFFINITY: &[GoField] = &[
    field("RequiredDuringSchedulingIgnoredDuringExecution", "requiredDuringSchedulingIgnoredDuringExecution", List(POD_AFFINITY_TERM)),
    field(
        "PreferredDuringSchedulingIgnoredDuringExecution",
        "preferredDuringSchedulingIgnoredDuringExecution",
        List(WEIGHTED_POD_AFFINITY_TERM),
    ),
];

const POD_ANTI_AFFINITY: &[GoField] = &[
    field("RequiredDuringSchedulingIgnoredDuringExecution", "requiredDuringSchedulingIgnoredDuringExecution", List(POD_AFFINITY_TERM)),
    field(
        "PreferredDuringSchedulingIgnoredDuringExecution",
        "preferredDuringSchedulingIgnoredDuringExecution",
        List(WEIGHTED_POD_AFFINITY_TERM),
    ),
];

const AFFINITY: &[GoField] = &[
    field("NodeAffinity", "nodeAffinity", Pointer(NODE_AFFINITY)),
    field("PodAffinity", "podAffinity", Pointer(POD_AFFINITY)),
    field("PodAntiAffinity", "podAntiAffinity", Pointer(POD_ANTI_AFFINITY)),
];

const TOLERATION: &[GoField] = &[
    text("Key", "key"),
    text("Operator", "operator"),
    text("Value", "value"),
    text("Effect", "effect"),
    nullable("TolerationSeconds", "tolerationSeconds"),
];

const HOST_ALIAS: &[GoField] = &[text("IP", "ip"), nullable("Hostnames", "hostnames")];

const POD_DNS_CONFIG_OPTION: &[GoField] = &[text("Name", "name"), nullable("Value", "value")];

const POD_DNS_CONFIG: &[GoField] =
    &[nullable("Nameservers", "nameservers"), nullable("Searches", "searches"), field("Options", "options", List(POD_DNS_CONFIG_OPTION))];

const POD_READINESS_GATE: &[GoField] = &[text("ConditionType", "conditionType")];

const TOPOLOGY_SPREAD_CONSTRAINT: &[GoField] = &[
    number("MaxSkew", "maxSkew"),
    text("TopologyKey", "topologyKey"),
    text("WhenUnsatisfiable", "whenUnsatisfiable"),
    nullable("LabelSelector", "labelSelector"),
    nullable("MinDomains", "minDomains"),
    nullable("NodeAffinityPolicy", "nodeAffinityPolicy"),
    nullable("NodeTaintsPolicy", "nodeTaintsPolicy"),
    nullable("MatchLabelKeys", "matchLabelKeys"),
];

const POD_OS: &[GoField] = &[text("Name", "name")];

const POD_SCHEDULING_GATE: &[GoField] = &[text("Name", "name")];

/// `PodResourceClaim`.
pub const POD_RESOURCE_CLAIM: &[GoField] = &[
    text("Name", "name"),
    nullable("ResourceClaimName", "resourceClaimName"),
    nullable("ResourceClaimTemplateName", "resourceClaimTemplateName"),
];

const POD_SCHEDULING_GROUP: &[GoField] = &[nullable("PodGroupName", "podGroupName")];

const EVICTION_RESPONDER: &[GoField] = &[text("Name", "name"), nullable("Priority", "priority")];

/// `PodSpec`.
pub const POD_SPEC: &[GoField] = &[
    field("Volumes", "volumes", List(VOLUME)),
    field("InitContainers", "initContainers", List(CONTAINER)),
    field("Containers", "containers", List(CONTAINER)),
    field("EphemeralContainers", "ephemeralContainers", List(EPHEMERAL_CONTAINER)),
    text("RestartPolicy", "restartPolicy"),
    nullable("TerminationGracePeriodSeconds", "terminationGracePeriodSeconds"),
    nullable("ActiveDeadlineSeconds", "activeDeadlineSeconds"),
    text("DNSPolicy", "dnsPolicy"),
    nullable("NodeSelector", "nodeSelector"),
    text("ServiceAccountName", "serviceAccountName"),
    text("DeprecatedServiceAccount", "serviceAccount"),
    nullable("AutomountServiceAccountToken", "automountServiceAccountToken"),
    text("NodeName", "nodeName"),
    field("HostNetwork", "hostNetwork", Plain("false")),
    field("HostPID", "hostPID", Plain("false")),
    field("HostIPC", "hostIPC", Plain("false")),
    nullable("ShareProcessNamespace", "shareProcessNamespace"),
    field("SecurityContext", "securityContext", Pointer(POD_SECURITY_CONTEXT)),
    field("ImagePullSecrets", "imagePullSecrets", List(LOCAL_OBJECT_REFERENCE)),
    text("Hostname", "hostname"),
    text("Subdomain", "subdomain"),
    field("Affinity", "affinity", Pointer(AFFINITY)),
    text("SchedulerName", "schedulerName"),
    field("Tolerations", "tolerations", List(TOLERATION)),
    field("HostAliases", "hostAliases", List(HOST_ALIAS)),
    text("PriorityClassName", "priorityClassName"),
    nullable("Priority", "priority"),
    field("DNSConfig", "dnsConfig", Pointer(POD_DNS_CONFIG)),
    field("ReadinessGates", "readinessGates", List(POD_READINESS_GATE)),
    nullable("RuntimeClassName", "runtimeClassName"),
    nullable("EnableServiceLinks", "enableServiceLinks"),
    nullable("PreemptionPolicy", "preemptionPolicy"),
    nullable("Overhead", "overhead"),
    field("TopologySpreadConstraints", "topologySpreadConstraints", List(TOPOLOGY_SPREAD_CONSTRAINT)),
    nullable("SetHostnameAsFQDN", "setHostnameAsFQDN"),
    field("OS", "os", Pointer(POD_OS)),
    nullable("HostUsers", "hostUsers"),
    field("SchedulingGates", "schedulingGates", List(POD_SCHEDULING_GATE)),
    field("ResourceClaims", "resourceClaims", List(POD_RESOURCE_CLAIM)),
    field("Resources", "resources", Pointer(RESOURCE_REQUIREMENTS)),
    nullable("HostnameOverride", "hostnameOverride"),
    field("SchedulingGroup", "schedulingGroup", Pointer(POD_SCHEDULING_GROUP)),
    field("EvictionResponders", "evictionResponders", List(EVICTION_RESPONDER)),
];

/// `PodIP`.
pub const POD_IP: &[GoField] = &[text("IP", "ip")];

/// `HostIP`.
pub const HOST_IP: &[GoField] = &[text("IP", "ip")];

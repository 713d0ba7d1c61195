//! Containers as Go declares them inside kube-apiserver.

use super::volume::{OBJECT_FIELD_SELECTOR, RESOURCE_FIELD_SELECTOR};
use crate::go_struct::{
    GoField,
    GoType::{List, Plain, Pointer, Struct},
    field, nullable, number, text,
};

const CONTAINER_PORT: &[GoField] = &[
    text("Name", "name"),
    number("HostPort", "hostPort"),
    number("ContainerPort", "containerPort"),
    text("Protocol", "protocol"),
    text("HostIP", "hostIP"),
];

const CONFIG_MAP_ENV_SOURCE: &[GoField] = &[text("Name", "name"), nullable("Optional", "optional")];

const SECRET_ENV_SOURCE: &[GoField] = &[text("Name", "name"), nullable("Optional", "optional")];

const ENV_FROM_SOURCE: &[GoField] = &[
    text("Prefix", "prefix"),
    field("ConfigMapRef", "configMapRef", Pointer(CONFIG_MAP_ENV_SOURCE)),
    field("SecretRef", "secretRef", Pointer(SECRET_ENV_SOURCE)),
];

const CONFIG_MAP_KEY_SELECTOR: &[GoField] = &[text("Name", "name"), text("Key", "key"), nullable("Optional", "optional")];

const SECRET_KEY_SELECTOR: &[GoField] = &[text("Name", "name"), text("Key", "key"), nullable("Optional", "optional")];

const FILE_KEY_SELECTOR: &[GoField] =
    &[text("VolumeName", "volumeName"), text("Path", "path"), text("Key", "key"), nullable("Optional", "optional")];

const ENV_VAR_SOURCE: &[GoField] = &[
    field("FieldRef", "fieldRef", Pointer(OBJECT_FIELD_SELECTOR)),
    field("ResourceFieldRef", "resourceFieldRef", Pointer(RESOURCE_FIELD_SELECTOR)),
    field("ConfigMapKeyRef", "configMapKeyRef", Pointer(CONFIG_MAP_KEY_SELECTOR)),
    field("SecretKeyRef", "secretKeyRef", Pointer(SECRET_KEY_SELECTOR)),
    field("FileKeyRef", "fileKeyRef", Pointer(FILE_KEY_SELECTOR)),
];

const ENV_VAR: &[GoField] = &[text("Name", "name"), text("Value", "value"), field("ValueFrom", "valueFrom", Pointer(ENV_VAR_SOURCE))];

const RESOURCE_CLAIM: &[GoField] = &[text("Name", "name"), text("Request", "request")];

/// `ResourceRequirements`.
pub const RESOURCE_REQUIREMENTS: &[GoField] =
    &[nullable("Limits", "limits"), nullable("Requests", "requests"), field("Claims", "claims", List(RESOURCE_CLAIM))];

const CONTAINER_RESIZE_POLICY: &[GoField] = &[text("ResourceName", "resourceName"), text("RestartPolicy", "restartPolicy")];

const CONTAINER_RESTART_RULE_ON_EXIT_CODES: &[GoField] = &[text("Operator", "operator"), nullable("Values", "values")];

const CONTAINER_RESTART_RULE: &[GoField] =
    &[text("Action", "action"), field("ExitCodes", "exitCodes", Pointer(CONTAINER_RESTART_RULE_ON_EXIT_CODES))];

const VOLUME_MOUNT: &[GoField] = &[
    text("Name", "name"),
    field("ReadOnly", "readOnly", Plain("false")),
    nullable("RecursiveReadOnly", "recursiveReadOnly"),
    text("MountPath", "mountPath"),
    text("SubPath", "subPath"),
    nullable("MountPropagation", "mountPropagation"),
    text("SubPathExpr", "subPathExpr"),
    nullable("BindMountOptions", "bindMountOptions"),
];

const VOLUME_DEVICE: &[GoField] = &[text("Name", "name"), text("DevicePath", "devicePath")];

const EXEC_ACTION: &[GoField] = &[nullable("Command", "command")];

const HTTP_HEADER: &[GoField] = &[text("Name", "name"), text("Value", "value")];

const HTTP_GET_ACTION: &[GoField] = &[
    text("Path", "path"),
    number("Port", "port"),
    text("Host", "host"),
    text("Scheme", "scheme"),
    field("HTTPHeaders", "httpHeaders", List(HTTP_HEADER)),
    nullable("Protocol", "protocol"),
];

const TCP_SOCKET_ACTION: &[GoField] = &[number("Port", "port"), text("Host", "host")];

const GRPC_ACTION: &[GoField] = &[number("Port", "port"), nullable("Service", "service"), nullable("Mode", "mode")];

const PROBE: &[GoField] = &[
    field("Exec", "exec", Pointer(EXEC_ACTION)),
    field("HTTPGet", "httpGet", Pointer(HTTP_GET_ACTION)),
    field("TCPSocket", "tcpSocket", Pointer(TCP_SOCKET_ACTION)),
    field("GRPC", "grpc", Pointer(GRPC_ACTION)),
    number("InitialDelaySeconds", "initialDelaySeconds"),
    number("TimeoutSeconds", "timeoutSeconds"),
    number("PeriodSeconds", "periodSeconds"),
    number("SuccessThreshold", "successThreshold"),
    number("FailureThreshold", "failureThreshold"),
    nullable("TerminationGracePeriodSeconds", "terminationGracePeriodSeconds"),
];

const SLEEP_ACTION: &[GoField] = &[number("Seconds", "seconds")];

const LIFECYCLE_HANDLER: &[GoField] = &[
    field("Exec", "exec", Pointer(EXEC_ACTION)),
    field("HTTPGet", "httpGet", Pointer(HTTP_GET_ACTION)),
    field("TCPSocket", "tcpSocket", Pointer(TCP_SOCKET_ACTION)),
    field("Sleep", "sleep", Pointer(SLEEP_ACTION)),
];

const LIFECYCLE: &[GoField] = &[
    field("PostStart", "postStart", Pointer(LIFECYCLE_HANDLER)),
    field("PreStop", "preStop", Pointer(LIFECYCLE_HANDLER)),
    nullable("StopSignal", "stopSignal"),
];

const CAPABILITIES: &[GoField] = &[nullable("Add", "add"), nullable("Drop", "drop")];

/// `SELinuxOptions`.
pub const SE_LINUX_OPTIONS: &[GoField] = &[text("User", "user"), text("Role", "role"), text("Type", "type"), text("Level", "level")];

/// `WindowsSecurityContextOptions`.
pub const WINDOWS_SECURITY_CONTEXT_OPTIONS: &[GoField] = &[
    nullable("GMSACredentialSpecName", "gmsaCredentialSpecName"),
    nullable("GMSACredentialSpec", "gmsaCredentialSpec"),
    nullable("RunAsUserName", "runAsUserName"),
    nullable("HostProcess", "hostProcess"),
];

/// `SeccompProfile`.
pub const SECCOMP_PROFILE: &[GoField] = &[text("Type", "type"), nullable("LocalhostProfile", "localhostProfile")];

/// `AppArmorProfile`.
pub const APP_ARMOR_PROFILE: &[GoField] = &[text("Type", "type"), nullable("LocalhostProfile", "localhostProfile")];

/// `SecurityContext`.
pub const SECURITY_CONTEXT: &[GoField] = &[
    field("Capabilities", "capabilities", Pointer(CAPABILITIES)),
    nullable("Privileged", "privileged"),
    field("SELinuxOptions", "seLinuxOptions", Pointer(SE_LINUX_OPTIONS)),
    field("WindowsOptions", "windowsOptions", Pointer(WINDOWS_SECURITY_CONTEXT_OPTIONS)),
    nullable("RunAsUser", "runAsUser"),
    nullable("RunAsGroup", "runAsGroup"),
    nullable("RunAsNonRoot", "runAsNonRoot"),
    nullable("ReadOnlyRootFilesystem", "readOnlyRootFilesystem"),
    nullable("AllowPrivilegeEscalation", "allowPrivilegeEscalation"),
    nullable("ProcMount", "procMount"),
    field("SeccompProfile", "seccompProfile", Pointer(SECCOMP_PROFILE)),
    field("AppArmorProfile", "appArmorProfile", Pointer(APP_ARMOR_PROFILE)),
];

/// `Container`.
pub const CONTAINER: &[GoField] = &[
    text("Name", "name"),
    text("Image", "image"),
    nullable("Command", "command"),
    nullable("Args", "args"),
    text("WorkingDir", "workingDir"),
    field("Ports", "ports", List(CONTAINER_PORT)),
    field("EnvFrom", "envFrom", List(ENV_FROM_SOURCE)),
    field("Env", "env", List(ENV_VAR)),
    field("Resources", "resources", Struct(RESOURCE_REQUIREMENTS)),
    field("ResizePolicy", "resizePolicy", List(CONTAINER_RESIZE_POLICY)),
    nullable("RestartPolicy", "restartPolicy"),
    field("RestartPolicyRules", "restartPolicyRules", List(CONTAINER_RESTART_RULE)),
    field("VolumeMounts", "volumeMounts", List(VOLUME_MOUNT)),
    field("VolumeDevices", "volumeDevices", List(VOLUME_DEVICE)),
    field("LivenessProbe", "livenessProbe", Pointer(PROBE)),
    field("ReadinessProbe", "readinessProbe", Pointer(PROBE)),
    field("StartupProbe", "startupProbe", Pointer(PROBE)),
    field("Lifecycle", "lifecycle", Pointer(LIFECYCLE)),
    text("TerminationMessagePath", "terminationMessagePath"),
    text("TerminationMessagePolicy", "terminationMessagePolicy"),
    text("ImagePullPolicy", "imagePullPolicy"),
    field("SecurityContext", "securityContext", Pointer(SECURITY_CONTEXT)),
    field("Stdin", "stdin", Plain("false")),
    field("StdinOnce", "stdinOnce", Plain("false")),
    field("TTY", "tty", Plain("false")),
];

/// `EphemeralContainer`.
pub const EPHEMERAL_CONTAINER: &[GoField] = &[
    text("Name", "name"),
    text("Image", "image"),
    nullable("Command", "command"),
    nullable("Args", "args"),
    text("WorkingDir", "workingDir"),
    field("Ports", "ports", List(CONTAINER_PORT)),
    field("EnvFrom", "envFrom", List(ENV_FROM_SOURCE)),
    field("Env", "env", List(ENV_VAR)),
    field("Resources", "resources", Struct(RESOURCE_REQUIREMENTS)),
    field("ResizePolicy", "resizePolicy", List(CONTAINER_RESIZE_POLICY)),
    nullable("RestartPolicy", "restartPolicy"),
    field("RestartPolicyRules", "restartPolicyRules", List(CONTAINER_RESTART_RULE)),
    field("VolumeMounts", "volumeMounts", List(VOLUME_MOUNT)),
    field("VolumeDevices", "volumeDevices", List(VOLUME_DEVICE)),
    field("LivenessProbe", "livenessProbe", Pointer(PROBE)),
    field("ReadinessProbe", "readinessProbe", Pointer(PROBE)),
    field("StartupProbe", "startupProbe", Pointer(PROBE)),
    field("Lifecycle", "lifecycle", Pointer(LIFECYCLE)),
    text("TerminationMessagePath", "terminationMessagePath"),
    text("TerminationMessagePolicy", "terminationMessagePolicy"),
    text("ImagePullPolicy", "imagePullPolicy"),
    field("SecurityContext", "securityContext", Pointer(SECURITY_CONTEXT)),
    field("Stdin", "stdin", Plain("false")),
    field("StdinOnce", "stdinOnce", Plain("false")),
    field("TTY", "tty", Plain("false")),
    text("TargetContainerName", "targetContainerName"),
];

//! Subresources that speak something else than objects: their parameters (C-09-40), by the kind of their options.

use super::parameters::{Parameter, p};

const CONTAINER: Parameter = p("container", "string", "The container; the only one by default.");
const STREAMS: [Parameter; 4] = [
    p("stderr", "boolean", "Whether the standard error stream is sent."),
    p("stdin", "boolean", "Whether the standard input stream is passed on."),
    p("stdout", "boolean", "Whether the standard output stream is sent."),
    p("tty", "boolean", "Whether a terminal is made."),
];
const PATH: Parameter = p("path", "string", "The path at what is connected to.");

/// Parameters by kind of options.
const OPTIONS: &[(&str, &[Parameter])] = &[
    ("NodeProxyOptions", &[PATH]),
    ("PodAttachOptions", &[CONTAINER, STREAMS[0], STREAMS[1], STREAMS[2], STREAMS[3]]),
    (
        "PodExecOptions",
        &[
            p("command", "string", "The command and its arguments, without a shell."),
            CONTAINER,
            STREAMS[0],
            STREAMS[1],
            STREAMS[2],
            STREAMS[3],
        ],
    ),
    ("PodPortForwardOptions", &[p("ports", "integer", "Ports to forward; needed by WebSocket.")]),
    ("PodProxyOptions", &[PATH]),
    ("ServiceProxyOptions", &[PATH]),
];

/// Parameters of logs, whose kind is that of the pod.
pub(super) const LOG: &[Parameter] = &[
    CONTAINER,
    p("follow", "boolean", "Whether lines are sent as they are written."),
    p("insecureSkipTLSVerifyBackend", "boolean", "Whether the kubelet's certificate goes unchecked."),
    p("limitBytes", "integer", "How many bytes are sent at most."),
    p("previous", "boolean", "Whether the logs are those of the container's last instance."),
    p("sinceSeconds", "integer", "How many seconds ago the oldest line was written."),
    p("stream", "string", "Which stream: All, Stdout or Stderr."),
    p("tailLines", "integer", "How many lines from the end."),
    p("timestamps", "boolean", "Whether each line begins with its time."),
];

/// The parameters that the options of this kind have.
pub(super) fn parameters(kind: &str) -> &'static [Parameter] {
    OPTIONS.iter().find(|(of, _)| *of == kind).map_or(&[], |(_, parameters)| parameters)
}

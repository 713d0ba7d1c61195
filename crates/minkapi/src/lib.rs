//! MinKAPI to embed: server, in-process client, kubeconfig and scheduler files

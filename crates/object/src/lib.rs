//! One stored Kubernetes object: canonical JSON bytes and a parsed head, names of kinds, selectors

//! A tower service that speaks the Kubernetes API over views

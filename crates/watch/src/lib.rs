//! Watch: a cursor over the history of a store, as Kubernetes watch events

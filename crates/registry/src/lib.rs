//! Generated tables of the kinds, resources and schemas that Kubernetes serves

//! Content types of the Kubernetes API: protobuf, YAML, Table and PartialObjectMetadata

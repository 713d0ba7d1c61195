//! The verbs of the Kubernetes API over one view: base or sandbox

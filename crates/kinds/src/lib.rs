//! What is special about each kind: one file a kind

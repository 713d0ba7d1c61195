//! Strict decoding, pruning, schema defaults, quantities and field errors

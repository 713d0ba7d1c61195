//! Integration tests of MinKAPI over its served API

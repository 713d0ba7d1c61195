//! Versioned keyed store with snapshots, preconditions, bounded history and constant-time forks

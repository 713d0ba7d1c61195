//! Pod specs: what pods and everything with a pod template have in common.
//!
//! `default` fills in, [`Options`] tells what an update must let pass because it is there already, `validate` checks.

mod defaults;
mod image_reference;
mod options;
mod resources;
mod volume_defaults;

pub use defaults::default;
pub use options::Options;
pub use resources::round_list as round_resources;
pub use volume_defaults::{default_claim_spec, default_sources};

/// The lists of containers in a pod spec.
pub const CONTAINER_LISTS: [&str; 3] = ["initContainers", "containers", "ephemeralContainers"];

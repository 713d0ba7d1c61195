//! Pod specs: what pods and everything with a pod template have in common.
//!
//! [`default`] fills in, [`drop_disabled`] takes out what features that are off by default would read, [`Options`] tells
//! what an update must let pass because it is there already, [`validate`] checks, [`warnings`] advises.

mod affinity;
mod annotations;
mod claim_template;
mod container;
mod defaults;
mod disabled;
mod dns;
mod downward_api;
mod env;
mod go;
mod image_reference;
mod mounts;
mod options;
mod os;
mod paths;
mod pod_level_resources;
mod probe;
mod profile;
mod projected;
mod requirements;
mod resources;
mod restart_policy;
mod security_context;
mod toleration;
mod topology_spread;
mod validation;
mod volume;
mod volume_defaults;
mod volume_source;
mod warnings;
mod windows_options;

pub use annotations::{validate as validate_annotations, validate_update as validate_annotations_update};
pub use container::{image_padding, validate_image_padding};
pub use defaults::default;
pub use disabled::{drop_disabled, drop_disabled_status};
pub use go::{EPHEMERAL_CONTAINER, HOST_IP, NODE_SELECTOR_TERM, POD_IP, POD_SPEC, volume as go_volume};
pub use options::Options;
pub use paths::each as invalid_numbers;
pub use pod_level_resources::default as default_pod_level_resources;
pub use profile::{APP_ARMOR_CONTAINER, app_armor_field, has_app_armor, validate_annotations_and_fields};
pub use projected::signer_name;
pub use requirements::{
    validate_container as validate_requirements, validate_container_name as validate_container_resource_name,
    validate_name as validate_resource_name, validate_quantity as validate_resource_quantity,
};
pub use resources::{
    ResourceList, is_overcommit_allowed, is_pod_level, is_set as is_resources_set, is_standard as is_standard_resource,
    list as resource_list, of_container as container_resources, round_list as round_resources,
};
pub use restart_policy::is_sidecar;
pub use toleration::{validate as validate_tolerations, validate_effect, validate_only_added as validate_only_added_tolerations};
pub use validation::{MIRROR_POD, validate};
pub use volume_defaults::{default_claim_spec, default_sources};
pub use warnings::{APP_ARMOR_FIELD, warnings};

use crate::value::{field, flag_if_set, items, text};
use minkapi_schema::field::Path;
use serde_json::Value;

/// The lists of containers in a pod spec.
pub const CONTAINER_LISTS: [&str; 3] = ["initContainers", "containers", "ephemeralContainers"];

/// All containers of a spec.
pub fn containers(spec: &Value) -> impl Iterator<Item = &Value> {
    CONTAINER_LISTS.iter().flat_map(|key| items(spec, key))
}

/// Calls `visit` with every container of a spec at `path` and the container's path.
pub fn visit_containers(spec: &Value, path: &Path<'_>, mut visit: impl FnMut(&Value, &Path<'_>)) {
    for key in CONTAINER_LISTS {
        let list = path.child(key);
        for (i, container) in items(spec, key).iter().enumerate() {
            visit(container, &list.index(i));
        }
    }
}

/// The operating system that a spec names.
pub fn os_name(spec: &Value) -> Option<&str> {
    field(spec, "os").map(|os| text(os, "name"))
}

fn has_users_of_its_own(spec: &Value) -> bool {
    flag_if_set(spec, "hostUsers") == Some(false)
}

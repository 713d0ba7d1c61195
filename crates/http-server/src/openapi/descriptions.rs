//! What kinds and fields are for, where the feature `descriptions` brings the texts along.

#[cfg(feature = "descriptions")]
pub(super) use minkapi_descriptions::Descriptions;

/// Without the feature nothing is described.
#[cfg(not(feature = "descriptions"))]
pub(super) struct Descriptions;

#[cfg(not(feature = "descriptions"))]
impl Descriptions {
    pub fn load() -> Self {
        Self
    }

    pub fn of_kind(&self, _name: &str) -> Option<&str> {
        None
    }

    pub fn of_field(&self, _name: &str, _field: &str) -> Option<&str> {
        None
    }
}

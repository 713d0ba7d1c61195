//! The plugins in the order in which they run.

use crate::{Attributes, Cluster, plugins::PLUGINS};
use minkapi_object::Status;

/// One admission plugin.
pub trait Plugin: Send + Sync + std::fmt::Debug {
    /// Upstream's name, as in `--enable-admission-plugins`.
    fn name(&self) -> &'static str;

    /// Changes the object of a creation or update, or refuses the request.
    ///
    /// # Errors
    /// The refusal.
    fn admit(&self, attributes: &mut Attributes<'_>, cluster: &dyn Cluster) -> Result<(), Status> {
        let _ = (attributes, cluster);
        Ok(())
    }

    /// Refuses the request or lets it pass, after all plugins changed and the kind validated it.
    ///
    /// # Errors
    /// The refusal.
    fn validate(&self, attributes: &mut Attributes<'_>, cluster: &dyn Cluster) -> Result<(), Status> {
        let _ = (attributes, cluster);
        Ok(())
    }
}

/// A plugin name that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PluginError {
    /// kube-apiserver has none of this name.
    #[error("admission plugin \"{0}\" is unknown")]
    Unknown(String),
    /// kube-apiserver has it, but it is not here.
    #[error("admission plugin \"{0}\" is not supported")]
    Unsupported(String),
}

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
    pub fn new(enable: &[String], disable: &[String]) -> Result<Self, PluginError> {
        for name in enable.iter().chain(disable) {
            if !PLUGINS.iter().any(|row| row.name == name) {
                return Err(PluginError::Unknown(name.clone()));
            }
        }
        let mut plugins = Vec::new();
        for row in PLUGINS {
            let is = |name: &String| name == row.name;
            if enable.iter().any(is) || (row.on && !disable.iter().any(is)) {
                plugins.push(row.plugin.ok_or_else(|| PluginError::Unsupported(row.name.to_owned()))?());
            }
        }
        Ok(Self { plugins })
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

#[cfg(test)]
mod tests {
    use super::*;

    fn names(enable: &[&str], disable: &[&str]) -> Result<Vec<&'static str>, PluginError> {
        let owned = |list: &[&str]| list.iter().map(|&s| s.to_owned()).collect::<Vec<_>>();
        Ok(Chain::new(&owned(enable), &owned(disable))?.plugins.iter().map(|p| p.name()).collect())
    }

    #[test]
    fn plugins_run_in_upstreams_order_whatever_the_order_of_flags() {
        let all = names(&[], &[]).unwrap();
        assert_eq!(all.first(), Some(&"NamespaceLifecycle"));
        let before = |a: &str, b: &str| all.iter().position(|n| *n == a) < all.iter().position(|n| *n == b);
        assert!(before("LimitRanger", "Priority") && before("Priority", "PodTopologyLabels"));
        assert_eq!(names(&["Priority"], &["LimitRanger"]).unwrap().len(), all.len() - 1);
    }

    #[test]
    fn enabling_wins_over_disabling() {
        assert!(names(&["TaintNodesByCondition"], &["TaintNodesByCondition"]).unwrap().contains(&"TaintNodesByCondition"));
    }

    #[test]
    fn names_that_no_plugin_has_are_errors() {
        assert_eq!(names(&["Nonsense"], &[]), Err(PluginError::Unknown("Nonsense".to_owned())));
        assert_eq!(names(&["ImagePolicyWebhook"], &[]), Err(PluginError::Unsupported("ImagePolicyWebhook".to_owned())));
        assert!(names(&[], &["ImagePolicyWebhook"]).is_ok());
    }

    #[test]
    fn a_plugin_has_the_name_under_which_it_is_switched_on() {
        for row in PLUGINS {
            if let Some(plugin) = row.plugin {
                assert_eq!(plugin().name(), row.name);
            }
        }
    }
}

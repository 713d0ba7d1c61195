//! The plugins in the order in which they run.

use crate::{
    Attributes, Cluster,
    plugins::{Make, PLUGINS},
};
use minkapi_object::Status;
use std::{future::Future, pin::Pin};

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

/// A plugin that may have to wait for others.
pub trait AsyncPlugin: Send + Sync + std::fmt::Debug {
    /// As [`Plugin::name`].
    fn name(&self) -> &'static str;

    /// As [`Plugin::admit`].
    fn admit<'a>(&'a self, attributes: &'a mut Attributes<'_>, cluster: &'a dyn Cluster) -> Verdict<'a> {
        let _ = (attributes, cluster);
        Verdict::Now(Ok(()))
    }

    /// As [`Plugin::validate`].
    fn validate<'a>(&'a self, attributes: &'a mut Attributes<'_>, cluster: &'a dyn Cluster) -> Verdict<'a> {
        let _ = (attributes, cluster);
        Verdict::Now(Ok(()))
    }
}

/// What an [`AsyncPlugin`] says, now or when it has an answer.
pub enum Verdict<'a> {
    /// At once: nobody needs to be asked.
    Now(Result<(), Status>),
    /// After waiting.
    Later(Pin<Box<dyn Future<Output = Result<(), Status>> + Send + 'a>>),
}

impl std::fmt::Debug for Verdict<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Now(result) => f.debug_tuple("Now").field(result).finish(),
            Self::Later(_) => f.write_str("Later"),
        }
    }
}

impl Verdict<'_> {
    /// Waits for it.
    ///
    /// # Errors
    /// The refusal.
    pub async fn wait(self) -> Result<(), Status> {
        match self {
            Self::Now(result) => result,
            Self::Later(future) => future.await,
        }
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

/// A plugin of either sort.
#[derive(Debug)]
enum Step {
    Plain(Box<dyn Plugin>),
    Waiting(Box<dyn AsyncPlugin>),
}

/// The plugins that are switched on, in upstream's order.
#[derive(Debug, Default)]
pub struct Chain {
    steps: Vec<Step>,
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
        let mut steps = Vec::new();
        for row in PLUGINS {
            let is = |name: &String| name == row.name;
            if enable.iter().any(is) || (row.on && !disable.iter().any(is)) {
                steps.push(match row.make {
                    Make::Plain(make) => Step::Plain(make()),
                    Make::Waiting(make) => Step::Waiting(make()),
                    Make::Absent => return Err(PluginError::Unsupported(row.name.to_owned())),
                });
            }
        }
        Ok(Self { steps })
    }

    /// Runs all mutating plugins, and once more if one of those that may be called again has to see what others changed.
    ///
    /// # Errors
    /// The first refusal.
    pub async fn admit(&self, attributes: &mut Attributes<'_>, cluster: &dyn Cluster) -> Result<(), Status> {
        self.admit_once(attributes, cluster).await?;
        if attributes.reinvocation.wanted {
            attributes.reinvocation.again = true;
            self.admit_once(attributes, cluster).await?;
        }
        Ok(())
    }

    async fn admit_once(&self, attributes: &mut Attributes<'_>, cluster: &dyn Cluster) -> Result<(), Status> {
        for step in &self.steps {
            match step {
                Step::Plain(plugin) => plugin.admit(attributes, cluster)?,
                Step::Waiting(plugin) => plugin.admit(attributes, cluster).wait().await?,
            }
        }
        Ok(())
    }

    /// Runs all validating plugins.
    ///
    /// # Errors
    /// The first refusal.
    pub async fn validate(&self, attributes: &mut Attributes<'_>, cluster: &dyn Cluster) -> Result<(), Status> {
        for step in &self.steps {
            match step {
                Step::Plain(plugin) => plugin.validate(attributes, cluster)?,
                Step::Waiting(plugin) => plugin.validate(attributes, cluster).wait().await?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(enable: &[&str], disable: &[&str]) -> Result<Vec<&'static str>, PluginError> {
        let owned = |list: &[&str]| list.iter().map(|&s| s.to_owned()).collect::<Vec<_>>();
        let chain = Chain::new(&owned(enable), &owned(disable))?;
        let name = |step: &Step| match step {
            Step::Plain(plugin) => plugin.name(),
            Step::Waiting(plugin) => plugin.name(),
        };
        Ok(chain.steps.iter().map(name).collect())
    }

    #[test]
    fn plugins_run_in_upstreams_order_whatever_the_order_of_flags() {
        let all = names(&[], &[]).unwrap();
        assert_eq!(all.first(), Some(&"NamespaceLifecycle"));
        let before = |a: &str, b: &str| all.iter().position(|n| *n == a) < all.iter().position(|n| *n == b);
        assert!(before("LimitRanger", "Priority") && before("MutatingAdmissionWebhook", "ResourceQuota"));
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
        let on: Vec<&str> = PLUGINS.iter().filter(|row| row.on).map(|row| row.name).collect();
        assert_eq!(names(&[], &[]).unwrap(), on);
    }
}

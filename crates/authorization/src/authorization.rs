//! How requests are authorized.

use crate::{Attributes, PolicyRule, Rbac, Subject};
use minkapi_object::Object;
use minkapi_store::Snapshot;

/// Whoever is in this group may do everything, whatever is stored.
const MASTERS: &str = "system:masters";

/// How requests are authorized.
#[derive(Debug, Default)]
pub enum Authorization {
    /// Everybody may do everything.
    #[default]
    AlwaysAllow,
    /// By the RBAC objects of the view that a request is about.
    Rbac(Rbac),
}

/// A decision, as an access review tells it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Decision {
    /// Whether it may be done.
    pub allowed: bool,
    /// By what, or what went wrong on the way; mostly empty when it may not be done.
    pub reason: String,
}

/// What somebody may do in a namespace.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rules {
    /// All rules that apply.
    pub rules: Vec<PolicyRule>,
    /// Roles that are bound but cannot be found.
    pub error: Option<String>,
}

impl Authorization {
    /// Whether nothing is ever refused.
    pub const fn allows_everything(&self) -> bool {
        matches!(self, Self::AlwaysAllow)
    }

    /// Whether somebody may do something in this state.
    pub fn allows(&self, state: &Snapshot<Object>, subject: &Subject<'_>, wanted: &Attributes<'_>) -> bool {
        match self {
            Self::AlwaysAllow => true,
            Self::Rbac(rbac) => is_master(subject) || rbac.allows(state, subject, wanted),
        }
    }

    /// The same with the reason. Costs more, since it is put into words.
    pub fn decide(&self, state: &Snapshot<Object>, subject: &Subject<'_>, wanted: &Attributes<'_>) -> Decision {
        match self {
            Self::Rbac(rbac) if !is_master(subject) => rbac.decide(state, subject, wanted),
            _ => Decision { allowed: true, reason: String::new() },
        }
    }

    /// What somebody may do in a namespace, for a SelfSubjectRulesReview. As upstream, this does not tell that
    /// `system:masters` may do everything where roles decide.
    pub fn rules(&self, state: &Snapshot<Object>, subject: &Subject<'_>, namespace: &str) -> Rules {
        match self {
            Self::AlwaysAllow => Rules { rules: PolicyRule::everything(), error: None },
            Self::Rbac(rbac) => rbac.rules(state, subject, namespace),
        }
    }
}

pub(crate) fn is_master(subject: &Subject<'_>) -> bool {
    subject.groups.iter().any(|group| group == MASTERS)
}

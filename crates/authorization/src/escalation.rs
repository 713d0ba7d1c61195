//! Nobody may grant what he does not have, unless he may `escalate` roles or `bind` them.

use crate::{
    Attributes, Authorization, PolicyRule, Rbac, RoleRef, Subject, authorization::is_master, covers::compacted, rules::quoted_list,
    uncovered,
};
use minkapi_object::{GroupResource, Object, Status};
use minkapi_schema::field::quoted;
use minkapi_store::Snapshot;

const GROUP: &str = "rbac.authorization.k8s.io";

/// A write of a role or a binding.
#[derive(Debug, Clone, Copy)]
pub struct Grant<'a> {
    /// `roles`, `clusterroles`, `rolebindings` or `clusterrolebindings`.
    pub resource: &'a str,
    /// The namespace from the URL.
    pub namespace: &'a str,
    /// The name from the URL: empty when it is created by a POST.
    pub url_name: &'a str,
    /// The name in the object.
    pub name: &'a str,
}

impl Grant<'_> {
    fn resource(&self) -> GroupResource {
        GroupResource::new(GROUP, self.resource)
    }
}

impl Authorization {
    /// Whether somebody may write these rules into a role. `aggregates` tells of a ClusterRole that takes over the rules of
    /// others, or did so before.
    ///
    /// # Errors
    /// 403 with what he lacks, in upstream's words.
    pub fn may_write_role(
        &self,
        state: &Snapshot<Object>,
        subject: &Subject<'_>,
        grant: Grant<'_>,
        rules: &[PolicyRule],
        aggregates: bool,
    ) -> Result<(), Status> {
        let Self::Rbac(rbac) = self else { return Ok(()) };
        let escalate = Attributes {
            verb: "escalate",
            group: GROUP,
            resource: grant.resource,
            namespace: grant.namespace,
            name: grant.url_name,
            ..Attributes::default()
        };
        if is_master(subject) || rbac.allows(state, subject, &escalate) {
            return Ok(());
        }
        held(rbac, state, subject, grant, rules)?;
        if aggregates && held(rbac, state, subject, grant, &PolicyRule::everything()).is_err() {
            let why = "must have cluster-admin privileges to use the aggregationRule";
            return Err(Status::forbidden(&grant.resource(), grant.name, why));
        }
        Ok(())
    }

    /// Whether somebody may bind others to a role.
    ///
    /// # Errors
    /// 403 with what he lacks, 404 when there is no such role, 500 when a role cannot be of that kind.
    pub fn may_write_binding(
        &self,
        state: &Snapshot<Object>,
        subject: &Subject<'_>,
        grant: Grant<'_>,
        role: &RoleRef,
    ) -> Result<(), Status> {
        let Self::Rbac(rbac) = self else { return Ok(()) };
        let bind = |resource| Attributes {
            verb: "bind",
            group: &role.api_group,
            resource,
            namespace: grant.namespace,
            name: &role.name,
            ..Attributes::default()
        };
        let bound = match role.kind.as_str() {
            "ClusterRole" => rbac.allows(state, subject, &bind("clusterroles")),
            "Role" => rbac.allows(state, subject, &bind("roles")),
            _ => false,
        };
        if bound || is_master(subject) {
            return Ok(());
        }
        if !matches!(role.kind.as_str(), "ClusterRole" | "Role") {
            return Err(Status::unclassified(format!("unsupported role reference kind: {}", quoted(&role.kind))));
        }
        // Upstream names the resource of the request, not that of the role.
        let rules = rbac.rules_of(state, role, grant.namespace).map_err(|_| Status::not_found(&grant.resource(), &role.name))?;
        held(rbac, state, subject, grant, &rules)
    }
}

fn held(rbac: &Rbac, state: &Snapshot<Object>, subject: &Subject<'_>, grant: Grant<'_>, rules: &[PolicyRule]) -> Result<(), Status> {
    let own = rbac.rules(state, subject, grant.namespace);
    let missing = uncovered(&own.rules, rules);
    if missing.is_empty() {
        return Ok(());
    }
    let mut missing: Vec<String> = compacted(missing).iter().map(ToString::to_string).collect();
    missing.sort_unstable();
    missing.dedup();
    let mut why = format!(
        "user {} (groups={}) is attempting to grant RBAC permissions not currently held:\n{}",
        quoted(subject.name),
        quoted_list(subject.groups),
        missing.join("\n")
    );
    if let Some(error) = own.error {
        why.push_str(&format!("; resolution errors: [{error}]"));
    }
    Err(Status::forbidden(&grant.resource(), grant.name, why))
}

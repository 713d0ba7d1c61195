//! Services get cluster IPs and node ports (C-03-47).

use super::{Hooks, Incoming, Refusal, Reserved, cluster_ips, node_ports::TakenPorts};
use crate::{Call, View, metadata};
use minkapi_kinds::service_allocation::{Allocator, Held, IP_IN_USE, IP_OUT_OF_RANGE, allocate_on_create, allocate_on_update};
use minkapi_object::{Object, Status};
use minkapi_store::{Key, Kind, Snapshot};
use serde_json::Value;
use std::{collections::BTreeMap, sync::Arc};

pub(super) struct Services;

/// The field that two Services cannot have the same of.
const NODE_PORT: &str = "spec.ports.nodePort";

/// What one request takes. Addresses that its Service does not hold in the end are given back when this is dropped.
struct Taken {
    view: View,
    service: Key,
    seed: String,
    dry_run: bool,
    ranges: Vec<cluster_ips::Range>,
    families: Vec<&'static str>,
    ips: Vec<String>,
    ports: TakenPorts,
}

impl Taken {
    fn new(view: &View, call: &Call, service: &Value, dry_run: bool) -> Self {
        let ranges = cluster_ips::ranges(view);
        let mut families: Vec<&'static str> = Vec::new();
        for range in &ranges {
            if !families.contains(&range.family()) {
                families.push(range.family());
            }
        }
        Self {
            view: view.clone(),
            service: Key::new(&call.target.namespace, metadata::text(service, "name")),
            seed: metadata::text(service, "uid").to_owned(),
            dry_run,
            ranges,
            families,
            ips: Vec::new(),
            ports: TakenPorts::new(view, dry_run),
        }
    }
}

impl Allocator for Taken {
    fn families(&self) -> &[&'static str] {
        &self.families
    }

    fn take_ip(&mut self, _: &str, ip: &str) -> Result<(), String> {
        cluster_ips::take(&self.view, &self.ranges, &self.service, ip, self.dry_run).map_err(|why| match why {
            cluster_ips::Refused::InUse => IP_IN_USE.to_owned(),
            cluster_ips::Refused::OutOfRange => IP_OUT_OF_RANGE.to_owned(),
            cluster_ips::Refused::NotIn(cidr) => {
                format!("the provided IP ({ip}) is not in the valid range. The range of valid IPs is {cidr}")
            }
        })?;
        self.ips.push(ip.to_owned());
        Ok(())
    }

    fn next_ip(&mut self, family: &str) -> Option<String> {
        let ip = cluster_ips::take_next(&self.view, &self.ranges, &self.service, family, &self.seed, self.dry_run)?;
        self.ips.push(ip.clone());
        Some(ip)
    }

    fn take_port(&mut self, port: i64) -> Result<(), String> {
        self.ports.take(port)
    }

    fn next_port(&mut self) -> Option<i64> {
        self.ports.take_next()
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        if self.dry_run || self.ips.is_empty() {
            return;
        }
        let held = self.view.snapshot().get(Kind::new("services"), &self.service).map_or_else(Vec::new, |s| held_by(&s).ips);
        cluster_ips::release(&self.view, self.ips.iter().filter(|ip| !held.contains(ip)));
    }
}

fn held_by(service: &Object) -> Held {
    Held::by(&service.to_value())
}

impl Hooks for Services {
    fn default_on_read(&self, object: &Value) -> Option<Value> {
        minkapi_kinds::service_allocation::default_on_read(object)
    }

    fn begin_create(&self, view: &View, call: &Call, object: &mut Value, dry_run: bool) -> Result<Reserved, Status> {
        // A PUT of the status of a Service that is not there creates it as it is (C-04-19).
        if !call.target.subresource.is_empty() {
            return Ok(None);
        }
        let mut taken = Taken::new(view, call, object, dry_run);
        allocate_on_create(object, &mut taken)?;
        Ok(Some(Box::new(taken)))
    }

    fn begin_update(&self, view: &View, call: &Call, new: &mut Value, old: &Value, dry_run: bool) -> Result<Reserved, Status> {
        if !call.target.subresource.is_empty() {
            return Ok(None);
        }
        let mut taken = Taken::new(view, call, old, dry_run);
        allocate_on_update(new, old, &mut taken)?;
        Ok(Some(Box::new(taken)))
    }

    fn checks_merges(&self) -> bool {
        true
    }

    /// Cluster IPs are objects of their own, which the sandbox brings along. Node ports are not.
    fn begin_merge(&self, parent: &View, state: &Snapshot<Object>, changes: &[Incoming]) -> Result<Reserved, Vec<Refusal>> {
        let mut holders: BTreeMap<i64, Key> = BTreeMap::new();
        for (key, service) in state.range(Kind::new("services"), None, None) {
            if !changes.iter().any(|change| change.key == *key) {
                holders.extend(held_by(service).ports.into_iter().map(|port| (port, key.clone())));
            }
        }
        let (mut refused, mut ports) = (Vec::new(), Vec::new());
        for Incoming { key, object } in changes {
            for port in object.as_ref().map_or_else(Vec::new, |service| Held::by(service).ports) {
                match holders.get(&port) {
                    Some(holder) => refused.push(Refusal {
                        key: key.clone(),
                        field: NODE_PORT.to_owned(),
                        why: format!("port {port} is held by Service {holder} there"),
                    }),
                    None => ports.push(port),
                }
            }
        }
        if !refused.is_empty() {
            return Err(refused);
        }
        let mut taken = TakenPorts::new(parent, false);
        match taken.take_incoming(&ports) {
            Ok(()) => Ok(Some(Box::new(taken))),
            Err(port) => {
                let holds = |change: &&Incoming| change.object.as_ref().is_some_and(|service| Held::by(service).ports.contains(&port));
                let refusal = |change: &Incoming| Refusal {
                    key: change.key.clone(),
                    field: NODE_PORT.to_owned(),
                    why: format!("port {port} is being taken there"),
                };
                Err(changes.iter().find(holds).map(refusal).into_iter().collect())
            }
        }
    }

    fn after_commit(&self, view: &View, old: Option<&Arc<Object>>, new: Option<&Arc<Object>>) {
        let Some(old) = old else { return };
        let kept = new.map_or_else(Vec::new, |service| held_by(service).ips);
        cluster_ips::release(view, held_by(old).ips.iter().filter(|ip| !kept.contains(ip)));
    }
}

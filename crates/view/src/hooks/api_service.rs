//! The APIServices of custom resources: as kube-apiserver registers one for each group version that a definition serves,
//! keeps it as it should be, and removes it with the last definition (`crd-autoregister`). In every view its own.

use super::Hooks;
use crate::{View, bootstrap, crd, managed_fields, view::Moment};
use minkapi_object::Object;
use minkapi_store::{Change, Expect, Key, Kind};
use serde_json::Value;
use std::{collections::BTreeSet, sync::Arc};

const STORAGE: &str = "apiservices.apiregistration.k8s.io";

/// What tells the registered ones from those that somebody made, which are left alone.
const AUTOMANAGED: &str = "kube-aggregator.kubernetes.io/automanaged";

/// Custom resources come after everything else, and are sorted by version among themselves.
const GROUP_PRIORITY: i64 = 1000;
const VERSION_PRIORITY: i64 = 100;

/// Hooks of APIServices: a registered one that was changed is put right again.
pub(super) struct ApiServices;

impl Hooks for ApiServices {
    fn after_commit(&self, view: &View, old: Option<&Arc<Object>>, new: Option<&Arc<Object>>) {
        let Some(name) = new.or(old).map(|object| object.head().name.clone()) else { return };
        if let Some((_, group)) = name.split_once('.') {
            register(view, group);
        }
    }
}

/// Makes the APIServices of a group those that its definitions call for.
pub(super) fn register(view: &View, group: &str) {
    let wanted = served_versions(view, group);
    let kind = Kind::new(STORAGE);
    for (key, stored) in view.snapshot().range(kind, None, None) {
        let Some((version, _)) = key.name().split_once('.').filter(|(_, of)| *of == group) else { continue };
        if stored.head().labels.get(AUTOMANAGED) == Some("true") && !wanted.contains(version) {
            let _ = view.store().commit(kind, key.clone(), Expect::Revision(stored.resource_version()), |_, _| Change::Delete);
        }
    }
    let moment = view.moment();
    for version in wanted {
        let mut wanted = bootstrap::api_service(group, &version, [GROUP_PRIORITY, VERSION_PRIORITY], "true");
        match view.snapshot().get(kind, &Key::new("", &format!("{version}.{group}"))) {
            Some(stored) if stored.head().labels.get(AUTOMANAGED) == Some("true") => put_right(view, &stored, &wanted["spec"], &moment),
            Some(_) => {}
            None => {
                bootstrap::date_conditions(&mut wanted, &moment.text);
                bootstrap::store(view, wanted);
            }
        }
    }
}

/// The versions that definitions of a group serve.
fn served_versions(view: &View, group: &str) -> BTreeSet<String> {
    let mut served = BTreeSet::new();
    for definition in crd::definitions_of(view, group) {
        let versions = definition["spec"]["versions"].as_array().map(Vec::as_slice).unwrap_or_default();
        served.extend(versions.iter().filter(|v| v["served"] == true).filter_map(|v| v["name"].as_str().map(str::to_owned)));
    }
    served
}

fn put_right(view: &View, stored: &Arc<Object>, spec: &Value, moment: &Moment) {
    let Some(served) = crd::served_by_storage(view, Kind::new(STORAGE)) else { return };
    let Ok(old) = view.object_value(&served, stored) else { return };
    // What the API server fills in is no difference.
    let same = spec.as_object().is_some_and(|spec| spec.iter().all(|(key, value)| old["spec"].get(key) == Some(value)));
    if same {
        return;
    }
    let mut new = old.clone();
    new["spec"] = spec.clone();
    managed_fields::update_as(MANAGER, &served, moment, &old, &mut new);
    let Ok(draft) = view.draft_at_once(&served, new) else { return };
    let key = Key::new("", &stored.head().name);
    let expect = Expect::Revision(stored.resource_version());
    let _ = view.store().commit(Kind::new(STORAGE), key, expect, |revision, _| Change::Put(draft.stamp(revision)));
}

/// Who registers, in managedFields.
const MANAGER: &str = "kube-apiserver";

//! StatefulSet: claims for its pods, and a spec of which much is immutable.

use crate::{
    Column, Context, NameRule, Row, Strategy, Traits,
    go_struct::{self, GoField, GoType},
    label_selector, persistent_volume_claim_spec,
    pod_spec::{self, Options},
    pod_template,
    rolling_update::{amount, validate_int_or_percent, validate_not_more_than_100_percent},
    table,
    update::{self, bump_generation_on_spec, clear_status, immutable, keep_other_side, same, start_generation},
    value::{at, field, items, items_mut, object_mut, set, set_default, set_default_nonzero, text, unset},
    workload::{self, number},
};
use minkapi_schema::{
    field::{Error, ErrorList, Path, invalid_each},
    names,
};
use serde_json::{Value, json};

const TEMPLATE: &[&str] = &["spec", "template"];

/// The strategy of StatefulSet.
#[derive(Debug)]
pub struct StatefulSet;

impl Strategy for StatefulSet {
    fn traits(&self) -> Traits {
        Traits { name: NameRule::Label, ..Traits::WITH_STATUS }
    }

    fn default(&self, object: &mut Value) {
        let Some(spec) = object_mut(object, "spec") else { return };
        set_default_nonzero(spec, "podManagementPolicy", "OrderedReady");
        set_default(spec, "replicas", 1);
        set_default(spec, "revisionHistoryLimit", 10);
        default_update_strategy(spec);
        if let Some(policy) = object_mut(spec, "persistentVolumeClaimRetentionPolicy") {
            set_default_nonzero(policy, "whenDeleted", "Retain");
            set_default_nonzero(policy, "whenScaled", "Retain");
        }
        items_mut(spec, "volumeClaimTemplates").iter_mut().for_each(default_claim_template);
        workload::default_template(object, TEMPLATE);
    }

    fn prepare_for_create(&self, _: &Context<'_>, object: &mut Value) {
        clear_status(object);
        start_generation(object);
        workload::drop_disabled_template_fields(object, None, TEMPLATE);
    }

    fn validate(&self, _: &Context<'_>, object: &Value) -> ErrorList {
        let template = at(object, TEMPLATE).unwrap_or(&Value::Null);
        validate_spec(object, &Checks::on_create(Options::for_template(template, None)))
    }

    fn warnings_on_create(&self, _: &Context<'_>, object: &Value) -> Vec<String> {
        let mut warnings = workload::template_warnings(object, None);
        warnings.extend(claim_warnings(object, ""));
        warnings.extend(history_warning(object));
        warnings
    }

    fn prepare_for_update(&self, cx: &Context<'_>, new: &mut Value, old: &Value) {
        keep_other_side(self.traits(), cx.subresource, new, old);
        if cx.subresource != "status" {
            workload::drop_disabled_template_fields(new, Some(old), TEMPLATE);
            bump_generation_on_spec(new, old);
        }
    }

    fn validate_update(&self, cx: &Context<'_>, new: &Value, old: &Value) -> ErrorList {
        if cx.subresource == "status" {
            return validate_status(new, old);
        }
        let options = Options::for_template(at(new, TEMPLATE).unwrap_or(&Value::Null), at(old, TEMPLATE));
        let mut checks = Checks { pod_template: true, ..Checks::on_update(options) };
        checks.pod_template = validate_spec(old, &checks).is_empty();
        let mut errors = validate_spec(new, &checks);
        let path = Path::new("spec");
        let of = |object, key| at(object, &["spec", key]);
        errors.extend(label_selector::immutable(of(new, "selector"), of(old, "selector"), &path.child("selector")));
        if !same(of(new, "volumeClaimTemplates"), of(old, "volumeClaimTemplates")) {
            let templates = of(new, "volumeClaimTemplates").and_then(Value::as_array).map(|list| go_struct::compact_list(list, CLAIM));
            let path = path.child("volumeClaimTemplates");
            errors.push(Error::invalid_printed(&path, templates.unwrap_or_else(|| "null".to_owned()), update::IMMUTABLE));
        }
        for key in ["serviceName", "podManagementPolicy"] {
            errors.extend(immutable(of(new, key), of(old, key), &path.child(key)));
        }
        errors
    }

    fn warnings_on_update(&self, cx: &Context<'_>, new: &Value, old: &Value) -> Vec<String> {
        if cx.subresource == "status" {
            return Vec::new();
        }
        let changed = number(new, &["metadata", "generation"]) != number(old, &["metadata", "generation"]);
        let mut warnings = if changed { workload::template_warnings(new, Some(old)) } else { Vec::new() };
        warnings.extend(claim_warnings(new, ".Spec"));
        warnings.extend(history_warning(new));
        warnings
    }

    fn complete_zero(&self, object: &mut Value) {
        set_default(&mut object["spec"], "replicas", 0);
    }

    fn columns(&self, _: &str) -> Option<&[Column]> {
        Some(COLUMNS)
    }

    fn row(&self, object: &Value, now_millis: i64, _: bool) -> Row {
        let [names, images] = workload::container_cells(at(object, TEMPLATE));
        let ready = format!("{}/{}", number(object, &["status", "readyReplicas"]), number(object, &["spec", "replicas"]));
        Row::of(vec![table::name(object), ready.into(), table::age(object, now_millis), names, images])
    }
}

fn default_update_strategy(spec: &mut Value) {
    let Some(strategy) = object_mut(spec, "updateStrategy") else { return };
    if text(strategy, "type").is_empty() {
        set(strategy, "type", "RollingUpdate");
        set_default(strategy, "rollingUpdate", json!({}));
    }
    if text(strategy, "type") == "RollingUpdate"
        && let Some(rolling) = crate::value::field_mut(strategy, "rollingUpdate")
    {
        set_default(rolling, "partition", 0);
        set_default(rolling, "maxUnavailable", 1);
    }
}

/// `PersistentVolumeClaim`.
const CLAIM: &[GoField] = &[
    go_struct::field(
        "ObjectMeta",
        "metadata",
        GoType::Embedded(&["name", "generateName", "namespace", "labels", "annotations", "ownerReferences", "finalizers"]),
    ),
    go_struct::field("Spec", "spec", GoType::Struct(persistent_volume_claim_spec::PRINTED)),
    go_struct::field(
        "Status",
        "status",
        GoType::Struct(&[
            go_struct::text("Phase", "phase"),
            go_struct::nullable("AccessModes", "accessModes"),
            go_struct::nullable("Capacity", "capacity"),
            go_struct::nullable("Conditions", "conditions"),
            go_struct::nullable("AllocatedResources", "allocatedResources"),
            go_struct::nullable("AllocatedResourceStatuses", "allocatedResourceStatuses"),
            go_struct::nullable("CurrentVolumeAttributesClassName", "currentVolumeAttributesClassName"),
            go_struct::nullable("ModifyVolumeStatus", "modifyVolumeStatus"),
            go_struct::nullable("HealthStatus", "healthStatus"),
        ]),
    ),
];

fn default_claim_template(claim: &mut Value) {
    set_default_nonzero(claim, "apiVersion", "v1");
    set_default_nonzero(claim, "kind", "PersistentVolumeClaim");
    if let Some(spec) = object_mut(claim, "spec") {
        pod_spec::default_claim_spec(spec);
    }
    if let Some(status) = object_mut(claim, "status") {
        set_default_nonzero(status, "phase", "Pending");
    }
}

/// Warnings for claim templates; upstream names their path differently on create and update.
fn claim_warnings(object: &Value, suffix: &str) -> Vec<String> {
    let spec = at(object, &["spec"]).unwrap_or(&Value::Null);
    let claims = items(spec, "volumeClaimTemplates").iter().enumerate();
    claims
        .flat_map(|(i, claim)| {
            let path = format!("spec.volumeClaimTemplates[{i}]{suffix}");
            persistent_volume_claim_spec::warnings(field(claim, "spec").unwrap_or(&Value::Null), &Path::new(&path))
        })
        .collect()
}

fn history_warning(object: &Value) -> Option<String> {
    (number(object, &["spec", "revisionHistoryLimit"]) < 0)
        .then(|| "spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended".to_owned())
}

/// What an update need not meet because it cannot change it, or because the stored object does not meet it.
struct Checks {
    service_name: bool,
    claim_templates: bool,
    pod_template: bool,
    options: Options,
}

impl Checks {
    const fn on_create(options: Options) -> Self {
        Self { service_name: true, claim_templates: true, pod_template: true, options }
    }

    const fn on_update(options: Options) -> Self {
        Self { service_name: false, claim_templates: false, pod_template: true, options }
    }
}

fn validate_spec(object: &Value, checks: &Checks) -> ErrorList {
    let (spec, path) = (object.get("spec").unwrap_or(&Value::Null), Path::new("spec"));
    let mut errors = ErrorList::new();
    let management = path.child("podManagementPolicy");
    match text(spec, "podManagementPolicy") {
        "OrderedReady" | "Parallel" => {}
        "" => errors.push(Error::required(&management, "")),
        other => errors.push(Error::invalid(&management, other, "must be 'OrderedReady' or 'Parallel'")),
    }
    errors.extend(validate_update_strategy(spec.get("updateStrategy").unwrap_or(&Value::Null), &path.child("updateStrategy")));
    errors.extend(validate_retention(spec, &path.child("persistentVolumeClaimRetentionPolicy")));
    if checks.claim_templates {
        let path = path.child("volumeClaimTemplates");
        for (i, claim) in items(spec, "volumeClaimTemplates").iter().enumerate() {
            let claim = field(claim, "spec").unwrap_or(&Value::Null);
            errors.extend(persistent_volume_claim_spec::validate(claim, None, &path.index(i).child("spec")));
        }
    }
    errors.extend(workload::validate_counts(spec, &["replicas", "minReadySeconds"], &path));
    if let Some(ordinals) = field(spec, "ordinals") {
        errors.extend(workload::validate_counts(ordinals, &["start"], &path.child("ordinals")));
    }
    let service = text(spec, "serviceName");
    if checks.service_name && !service.is_empty() {
        invalid_each(&mut errors, &path.child("serviceName"), service, names::is_dns1123_label(service));
    }
    errors.extend(workload::validate_selector(spec, &path, "statefulset"));
    errors.extend(validate_template(spec, checks, &path));
    errors.extend(workload::validate_endless(spec.get("template").unwrap_or(&Value::Null), &path.child("template"), "StatefulSet"));
    errors
}

fn validate_template(spec: &Value, checks: &Checks, path: &Path<'_>) -> ErrorList {
    let selector = field(spec, "selector");
    let template = with_claims(spec);
    let Some(matches) = label_selector::matches(selector, at(&template, &["metadata", "labels"])) else {
        return vec![Error::invalid_printed(&path.child("selector"), label_selector::printed(selector), "")];
    };
    let path = path.child("template");
    let mut errors: ErrorList = workload::selector_mismatch(&template, matches, &path).into_iter().collect();
    if checks.pod_template {
        errors.extend(pod_template::validate(&template, &path, &checks.options));
    }
    errors
}

/// The template as its pods will be: volumes for the claims, and a host name that the controller sets.
fn with_claims(spec: &Value) -> Value {
    let mut template = spec.get("template").cloned().unwrap_or_default();
    let Some(pod) = crate::value::field_mut(&mut template, "spec") else { return template };
    unset(pod, "subdomain");
    unset(pod, "hostname");
    let claims = items(spec, "volumeClaimTemplates").iter().map(|claim| at(claim, &["metadata"]).map_or("", |meta| text(meta, "name")));
    let mut volumes: Vec<Value> = claims.map(|name| json!({"name": name, "persistentVolumeClaim": {"claimName": name}})).collect();
    if !volumes.is_empty() {
        volumes.dedup();
        let claimed = volumes.clone();
        volumes.extend(items(pod, "volumes").iter().filter(|v| !claimed.iter().any(|c| c.get("name") == v.get("name"))).cloned());
        set(pod, "volumes", volumes);
    }
    template
}

const ROLLING_UPDATE: &[GoField] = &[go_struct::number("Partition", "partition"), go_struct::nullable("MaxUnavailable", "maxUnavailable")];
const UPDATE_STRATEGY: &[GoField] =
    &[go_struct::text("Type", "type"), go_struct::field("RollingUpdate", "rollingUpdate", GoType::Pointer(ROLLING_UPDATE))];

fn validate_update_strategy(strategy: &Value, path: &Path<'_>) -> ErrorList {
    let rolling_path = path.child("rollingUpdate");
    match (text(strategy, "type"), field(strategy, "rollingUpdate")) {
        ("", _) => vec![Error::required(path, "")],
        ("OnDelete", Some(rolling)) => {
            let printed = go_struct::compact(rolling, ROLLING_UPDATE);
            vec![Error::invalid_printed(&rolling_path, printed, "only allowed for updateStrategy 'RollingUpdate'")]
        }
        ("RollingUpdate", Some(rolling)) => validate_rolling_update(rolling, &rolling_path),
        ("OnDelete" | "RollingUpdate", None) => ErrorList::new(),
        _ => {
            let printed = go_struct::compact(strategy, UPDATE_STRATEGY);
            vec![Error::invalid_printed(path, printed, "must be 'RollingUpdate' or 'OnDelete'")]
        }
    }
}

fn validate_rolling_update(rolling: &Value, path: &Path<'_>) -> ErrorList {
    let mut errors = workload::validate_counts(rolling, &["partition"], path);
    if let Some(unavailable) = field(rolling, "maxUnavailable") {
        let path = path.child("maxUnavailable");
        errors.extend(validate_int_or_percent(Some(unavailable), &path));
        if amount(Some(unavailable)) == 0 {
            errors.push(Error::invalid(&path, unavailable.clone(), "cannot be 0"));
        }
        errors.extend(validate_not_more_than_100_percent(Some(unavailable), &path));
    }
    errors
}

fn validate_retention(spec: &Value, path: &Path<'_>) -> ErrorList {
    let Some(policy) = field(spec, "persistentVolumeClaimRetentionPolicy") else { return ErrorList::new() };
    ["whenDeleted", "whenScaled"]
        .into_iter()
        .filter(|key| !matches!(text(policy, key), "Retain" | "Delete"))
        .map(|key| Error::not_supported(&path.child(key), text(policy, key), &["Retain", "Delete"]))
        .collect()
}

fn validate_status(new: &Value, old: &Value) -> ErrorList {
    const COUNTS: &[&str] =
        &["replicas", "readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas", "observedGeneration", "collisionCount"];
    let (status, path) = (new.get("status").unwrap_or(&Value::Null), Path::new("status"));
    let mut errors = workload::validate_counts(status, COUNTS, &path);
    let bounded = ["readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas"];
    errors.extend(workload::validate_replica_bounds(status, &bounded, "status.readyReplicas", &path));
    errors.extend(workload::decremented_collision_count(new, old));
    errors
}

static COLUMNS: &[Column] = &[
    table::NAME,
    Column::new("Ready", "string", "", 0, "Number of the pod with ready state"),
    table::AGE,
    workload::CONTAINERS,
    workload::IMAGES,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::texts;

    fn stateful_set() -> Value {
        let mut object = json!({
            "metadata": {"name": "db", "generation": 1},
            "spec": {
                "serviceName": "db",
                "selector": {"matchLabels": {"app": "db"}},
                "template": {"metadata": {"labels": {"app": "db"}}, "spec": {"containers": [{"name": "a", "image": "x"}]}},
            },
        });
        StatefulSet.default(&mut object);
        object
    }

    #[test]
    fn defaults_update_one_pod_after_the_other_and_keep_claims() {
        let spec = &stateful_set()["spec"];
        assert_eq!(spec["updateStrategy"], json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 0, "maxUnavailable": 1}}));
        assert_eq!(spec["persistentVolumeClaimRetentionPolicy"], json!({"whenDeleted": "Retain", "whenScaled": "Retain"}));
        assert_eq!((&spec["podManagementPolicy"], &spec["replicas"]), (&json!("OrderedReady"), &json!(1)));
    }

    #[test]
    fn a_rolling_update_that_was_not_asked_for_in_detail_stays_so() {
        let mut object = json!({"spec": {"updateStrategy": {"type": "RollingUpdate"}}});
        StatefulSet.default(&mut object);
        assert_eq!(object["spec"]["updateStrategy"], json!({"type": "RollingUpdate"}));
    }

    #[test]
    fn what_identifies_its_pods_is_immutable() {
        let old = stateful_set();
        let mut new = old.clone();
        new["spec"]["serviceName"] = json!("other");
        new["spec"]["podManagementPolicy"] = json!("Parallel");
        assert_eq!(
            texts(&StatefulSet.validate_update(&Context::example(), &new, &old)),
            [
                "spec.serviceName: Invalid value: \"other\": field is immutable",
                "spec.podManagementPolicy: Invalid value: \"Parallel\": field is immutable"
            ]
        );
    }

    #[test]
    fn claims_replace_volumes_of_their_name() {
        let spec = json!({
            "volumeClaimTemplates": [{"metadata": {"name": "data"}}],
            "template": {"spec": {"hostname": "x", "volumes": [{"name": "data"}, {"name": "tmp"}]}},
        });
        assert_eq!(
            with_claims(&spec),
            json!({"spec": {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}, {"name": "tmp"}]}})
        );
    }
}

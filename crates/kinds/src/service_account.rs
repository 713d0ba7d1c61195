//! ServiceAccount: references to secrets are names only.

use crate::{
    Column, Context, DeletedAnswer, Row, Strategy, Traits, table,
    value::{at, items_mut, text},
};
use serde_json::{Value, json};

const ENFORCE_MOUNTABLE_SECRETS: &str = "kubernetes.io/enforce-mountable-secrets";

/// The strategy of ServiceAccount.
#[derive(Debug)]
pub struct ServiceAccount;

impl Strategy for ServiceAccount {
    fn traits(&self) -> Traits {
        Traits { deleted: DeletedAnswer::Object, name_on_update: true, ..Traits::DEFAULT }
    }

    fn prepare_for_create(&self, _: &Context<'_>, object: &mut Value) {
        keep_only_names(object);
    }

    fn prepare_for_update(&self, _: &Context<'_>, new: &mut Value, _: &Value) {
        keep_only_names(new);
    }

    fn warnings_on_create(&self, _: &Context<'_>, object: &Value) -> Vec<String> {
        if enforces_mountable_secrets(object) { vec![mountable_secrets_warning()] } else { Vec::new() }
    }

    fn warnings_on_update(&self, cx: &Context<'_>, new: &Value, old: &Value) -> Vec<String> {
        if enforces_mountable_secrets(old) { Vec::new() } else { self.warnings_on_create(cx, new) }
    }

    fn columns(&self, _: &str) -> Option<&[Column]> {
        Some(COLUMNS)
    }

    fn row(&self, object: &Value, now_millis: i64, _: bool) -> Row {
        Row::of(vec![table::name(object), table::age(object, now_millis)])
    }
}

fn keep_only_names(object: &mut Value) {
    for secret in items_mut(object, "secrets") {
        *secret = match text(secret, "name") {
            "" => json!({}),
            name => json!({"name": name}),
        };
    }
}

fn enforces_mountable_secrets(object: &Value) -> bool {
    at(object, &["metadata", "annotations", ENFORCE_MOUNTABLE_SECRETS]).is_some()
}

fn mountable_secrets_warning() -> String {
    format!(
        "metadata.annotations[{ENFORCE_MOUNTABLE_SECRETS}]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets"
    )
}

static COLUMNS: &[Column] = &[table::NAME, table::AGE];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_referred_to_by_name_alone() {
        let mut object = json!({"secrets": [{"name": "a", "kind": "Secret", "namespace": "b"}]});
        ServiceAccount.prepare_for_create(&Context::example(), &mut object);
        assert_eq!(object, json!({"secrets": [{"name": "a"}]}));
    }

    #[test]
    fn the_deprecated_annotation_warns_once() {
        let object = json!({"metadata": {"annotations": {ENFORCE_MOUNTABLE_SECRETS: "true"}}});
        assert_eq!(ServiceAccount.warnings_on_create(&Context::example(), &object).len(), 1);
        assert!(ServiceAccount.warnings_on_update(&Context::example(), &object, &object).is_empty());
    }
}

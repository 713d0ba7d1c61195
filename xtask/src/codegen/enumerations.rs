//! The values of enumerations, which stand in the OpenAPI code generated for Kubernetes, and their text form in
//! `xtask/data/enumerations.txt`: a line a field, with its struct, its name and its values as JSON.

use std::{collections::BTreeMap, fmt::Write, fs, path::Path};

/// Values by struct (its OpenAPI name) and field.
pub type Enumerations = BTreeMap<(String, String), Vec<String>>;

/// The generated code, below the module `kubernetes`.
const SOURCE: &str = "pkg/generated/openapi/zz_generated.openapi.go";

/// How functions of packages begin, and those packages in OpenAPI. API groups come first: `schema_k8sio_api_core_v1_Pod`.
const PACKAGES: &[(&str, &str)] = &[
    ("schema_k8sio_api_", "io.k8s.api."),
    ("schema_pkg_apis_apiextensions_", "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions."),
    ("schema_pkg_apis_apiregistration_", "io.k8s.kube-aggregator.pkg.apis.apiregistration."),
];

/// Reads the generated code of the module `kubernetes`.
pub fn scan(module: &Path) -> Result<Enumerations, String> {
    let path = module.join(SOURCE);
    let text = fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    let (mut found, mut of, mut field) = (Enumerations::new(), None, String::new());
    for line in text.lines() {
        if let Some(function) = line.strip_prefix("func ") {
            of = PACKAGES.iter().find_map(|(prefix, package)| {
                let (name, _) = function.strip_prefix(prefix)?.split_once('(')?;
                Some(format!("{package}{}", name.replace('_', ".")))
            });
        } else if let Some(name) = line.strip_prefix("\t\t\t\t\t\"").and_then(|l| l.strip_suffix("\": {")) {
            field = name.to_owned();
        } else if let Some(values) = line.trim_start().strip_prefix("Enum:") {
            let values = values.trim().strip_prefix("[]interface{}{").and_then(|v| v.strip_suffix("},"));
            let values = values.and_then(|v| serde_json::from_str(&format!("[{v}]")).ok());
            if let (Some(of), Some(values)) = (&of, values) {
                found.insert((of.clone(), field.clone()), values);
            }
        }
    }
    Ok(found)
}

/// The text form.
pub fn print(enumerations: &Enumerations) -> String {
    let mut out =
        String::from("# `cargo xtask codegen enumerations --go-modules ~/go/pkg/mod/k8s.io`; format: xtask/src/codegen/enumerations.rs\n");
    for ((of, field), values) in enumerations {
        let _ = writeln!(out, "{of} {field} {}", serde_json::Value::from(values.as_slice()));
    }
    out
}

/// Reads the text form.
pub fn parse(text: &str) -> Result<Enumerations, String> {
    let lines = text.lines().filter(|l| !l.starts_with('#') && !l.is_empty());
    lines
        .map(|line| {
            let mut parts = line.splitn(3, ' ');
            let mut next = || parts.next().ok_or_else(|| format!("enumerations.txt: {line:?} is no struct, field and values"));
            let (of, field, values) = (next()?, next()?, next()?);
            let values = serde_json::from_str(values).map_err(|e| format!("enumerations.txt: {values}: {e}"))?;
            Ok(((of.to_owned(), field.to_owned()), values))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_form_keeps_every_value() -> Result<(), String> {
        let text = "#\na.B c [\"X\",\"\"]\na.D e [\"Y Z\"]\n";
        let found = parse(text)?;
        assert_eq!(found.len(), 2);
        assert_eq!(parse(&print(&found))?, found);
        Ok(())
    }
}

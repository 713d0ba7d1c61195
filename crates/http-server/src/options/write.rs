//! `CreateOptions`, `UpdateOptions` and `PatchOptions`.

use super::{dry_run_values, refuse};
use crate::query::Query;
use minkapi_object::Status;
use minkapi_schema::field::{Error, Path};
use minkapi_view::{FieldValidation, PatchType, WriteOptions};

/// Which of the options a request has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WriteKind {
    Create,
    Update,
    Patch(PatchType),
}

impl WriteKind {
    const fn name(self) -> &'static str {
        match self {
            Self::Create => "CreateOptions",
            Self::Update => "UpdateOptions",
            Self::Patch(_) => "PatchOptions",
        }
    }
}

/// Bytes that a field manager may have.
const MANAGER_LENGTH: usize = 128;

/// Options of a write.
///
/// # Errors
/// 422 for values that are not among those known.
pub(crate) fn write_options(query: &Query<'_>, kind: WriteKind) -> Result<WriteOptions, Status> {
    let mut errors = Vec::new();
    let field_manager = query.text("fieldManager").to_owned();
    let force = query.flag("force");
    match kind {
        WriteKind::Patch(PatchType::Apply) if field_manager.is_empty() => {
            errors.push(Error::required(&Path::new("fieldManager"), "is required for apply patch"));
        }
        WriteKind::Patch(PatchType::Json | PatchType::Merge | PatchType::StrategicMerge) if force.is_some() => {
            errors.push(Error::forbidden(&Path::new("force"), "may not be specified for non-apply patch"));
        }
        _ => {}
    }
    check_manager(&field_manager, &mut errors);
    let dry_run = minkapi_view::is_dry_run(&dry_run_values(query), &mut errors);
    let field_validation = match query.text("fieldValidation") {
        "" | "Warn" => FieldValidation::Warn,
        "Strict" => FieldValidation::Strict,
        "Ignore" => FieldValidation::Ignore,
        other => {
            errors.push(Error::not_supported(&Path::new("fieldValidation"), other, &["", "Ignore", "Strict", "Warn"]));
            FieldValidation::Warn
        }
    };
    refuse(kind.name(), &errors)?;
    Ok(WriteOptions { dry_run, field_manager, field_validation, force: force.unwrap_or(false), uid: None })
}

fn check_manager(manager: &str, errors: &mut Vec<Error>) {
    let path = Path::new("fieldManager");
    if manager.len() > MANAGER_LENGTH {
        errors.push(Error::too_long(&path, MANAGER_LENGTH));
    }
    for (at, c) in manager.char_indices().filter(|(_, c)| !is_printable(*c)) {
        errors.push(Error::invalid(&path, manager, format!("invalid character U+{:04X} (at position {at})", u32::from(c))));
    }
}

/// Whether a character may stand in a manager's name, as Go's `unicode.IsPrint` decides.
pub(crate) fn is_printable(c: char) -> bool {
    c == ' '
        || !(c.is_control()
            || c.is_whitespace()
            || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e000}'..='\u{f8ff}'))
}

//! The flags as `/flagz` shows them.

use crate::args::Args;
use clap::{ArgMatches, CommandFactory as _};

/// All flags and their values, in order of the names.
pub fn values(given: &ArgMatches) -> Vec<(String, String)> {
    let command = Args::command();
    let value = |arg: &clap::Arg| {
        let texts: Vec<String> = match given.try_get_raw(arg.get_id().as_str()) {
            Ok(Some(values)) => values.map(|value| value.to_string_lossy().into_owned()).collect(),
            _ => Vec::new(),
        };
        let many = matches!(arg.get_action(), clap::ArgAction::Append);
        if many { format!("[{}]", texts.join(",")) } else { texts.join(",") }
    };
    let mut flags: Vec<_> = command.get_arguments().filter_map(|arg| Some((arg.get_long()?.to_owned(), value(arg)))).collect();
    flags.sort();
    flags
}

//! `/metrics/slis`: what the health checks said when they were asked for.

use super::{CONTENT_TYPE, Text};
use crate::exchange::{Exchange, Reply};
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

/// Results by check and endpoint (`readyz`).
#[derive(Debug, Default)]
pub(crate) struct Slis(Mutex<BTreeMap<(&'static str, &'static str), Results>>);

#[derive(Debug, Default, Clone, Copy)]
struct Results {
    last: bool,
    successes: u64,
    errors: u64,
}

impl Slis {
    /// A check was made for an endpoint.
    pub fn note(&self, check: &'static str, endpoint: &'static str, success: bool) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let results = all.entry((check, endpoint)).or_default();
        results.last = success;
        *(if success { &mut results.successes } else { &mut results.errors }) += 1;
    }

    /// Answers with all of it.
    pub fn serve(&self, exchange: &Exchange<'_>) -> Reply {
        exchange.reply(200, CONTENT_TYPE, crate::ResponseBody::full(self.text()))
    }

    fn text(&self) -> String {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut text = Text::default();
        let name = "kubernetes_healthcheck";
        text.family(name, "gauge", "1 if the check succeeded when it was made last.");
        for ((check, endpoint), results) in &all {
            text.sample(name, &format!("name=\"{check}\",type=\"{endpoint}\""), u8::from(results.last));
        }
        let name = "kubernetes_healthchecks_total";
        text.family(name, "counter", "How often checks were made, by result.");
        for ((check, endpoint), results) in &all {
            for (status, count) in [("error", results.errors), ("success", results.successes)].into_iter().filter(|(_, count)| *count > 0) {
                text.sample(name, &format!("name=\"{check}\",status=\"{status}\",type=\"{endpoint}\""), count);
            }
        }
        text.into_string()
    }
}

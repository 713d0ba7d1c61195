//! Documents about what is served, kept until that changes.

use crate::{discovery::Aggregated, openapi::OpenApi};
use minkapi_view::{Catalog, View};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

/// The documents of all views. Views without custom resources share theirs.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    by_view: Mutex<HashMap<String, Arc<Documents>>>,
}

/// The documents of one catalog, each made when it is first asked for.
#[derive(Debug)]
pub(crate) struct Documents {
    pub catalog: Arc<Catalog>,
    aggregated: OnceLock<Arc<Aggregated>>,
    /// OpenAPI documents.
    pub openapi: OpenApi,
}

impl Cache {
    /// The documents of what the view serves now.
    pub fn of(&self, view: &View, catalog: &Arc<Catalog>) -> Arc<Documents> {
        let name = if catalog.generation() == 0 { "" } else { view.name() };
        let mut by_view = self.by_view.lock().unwrap_or_else(PoisonError::into_inner);
        match by_view.get(name) {
            Some(known) if known.catalog.generation() == catalog.generation() => known.clone(),
            _ => {
                let documents = Arc::new(Documents { catalog: catalog.clone(), aggregated: OnceLock::new(), openapi: OpenApi::default() });
                by_view.insert(name.to_owned(), documents.clone());
                documents
            }
        }
    }

    /// Forgets a view that is gone.
    pub fn forget(&self, view: &str) {
        self.by_view.lock().unwrap_or_else(PoisonError::into_inner).remove(view);
    }
}

impl Documents {
    /// Aggregated discovery.
    pub fn aggregated(&self) -> Arc<Aggregated> {
        self.aggregated.get_or_init(|| Arc::new(Aggregated::new(&self.catalog))).clone()
    }
}

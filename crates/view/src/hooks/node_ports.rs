//! Node ports: those that are free are the ones that neither a stored Service holds nor a request that is under way.

use crate::View;
use minkapi_kinds::service_allocation::Held;
use minkapi_store::Kind;
use parking_lot::Mutex;
use std::{collections::BTreeSet, sync::Arc};

/// Ports that requests have taken and not stored yet, with the view that they were taken in.
#[derive(Debug, Default)]
pub(crate) struct PortsInFlight(Mutex<BTreeSet<(Arc<str>, i64)>>);

/// Ports taken by one request; given back when dropped.
pub(super) struct TakenPorts {
    view: View,
    dry_run: bool,
    ports: Vec<i64>,
}

impl TakenPorts {
    pub fn new(view: &View, dry_run: bool) -> Self {
        Self { view: view.clone(), dry_run, ports: Vec::new() }
    }

    /// Takes this port.
    pub fn take(&mut self, port: i64) -> Result<(), String> {
        let range = &self.view.config().node_ports;
        // As upstream: a dry run looks only for ports that are taken.
        if !self.dry_run && !u16::try_from(port).is_ok_and(|port| range.contains(&port)) {
            return Err(format!("provided port is not in the valid range. The range of valid ports is {}-{}", range.start(), range.end()));
        }
        let view = self.view.clone();
        let mut in_flight = view.shared.ports_in_flight.0.lock();
        let key = (view.store.name().clone(), port);
        if self.ports.contains(&port) || in_flight.contains(&key) || stored(&view).contains(&port) {
            return Err(minkapi_kinds::service_allocation::PORT_IN_USE.to_owned());
        }
        self.ports.push(port);
        if !self.dry_run {
            in_flight.insert(key);
        }
        Ok(())
    }

    /// Takes ports for Services that come from a sandbox, whatever the Services stored here hold.
    ///
    /// # Errors
    /// The port that a request is about to take; then none is taken.
    pub fn take_incoming(&mut self, ports: &[i64]) -> Result<(), i64> {
        let view = self.view.clone();
        let mut in_flight = view.shared.ports_in_flight.0.lock();
        let key = |port: &i64| (view.store.name().clone(), *port);
        if let Some(port) = ports.iter().find(|port| in_flight.contains(&key(port))) {
            return Err(*port);
        }
        in_flight.extend(ports.iter().map(key));
        self.ports.extend(ports);
        Ok(())
    }

    /// Takes any free port; the first ones of the range last, to leave them to those who ask for a port by number.
    pub fn take_next(&mut self) -> Option<i64> {
        if self.dry_run {
            // As upstream: a number that is not looked for.
            let port = self.ports.iter().max().map_or(32_769, |last| last + 1);
            self.ports.push(port);
            return Some(port);
        }
        let range = &self.view.config().node_ports;
        let (first, last) = (i64::from(*range.start()), i64::from(*range.end()));
        let size = last - first + 1;
        let reserved = if size <= 16 { 0 } else { (size / 32).clamp(16, 128) };
        let view = self.view.clone();
        let mut in_flight = view.shared.ports_in_flight.0.lock();
        let used = stored(&view);
        let name = view.store.name();
        let port = (first + reserved..=last)
            .chain(first..first + reserved)
            .find(|port| !used.contains(port) && !in_flight.contains(&(name.clone(), *port)))?;
        in_flight.insert((name.clone(), port));
        self.ports.push(port);
        Some(port)
    }
}

impl Drop for TakenPorts {
    fn drop(&mut self) {
        if !self.dry_run {
            let mut in_flight = self.view.shared.ports_in_flight.0.lock();
            for port in &self.ports {
                in_flight.remove(&(self.view.store.name().clone(), *port));
            }
        }
    }
}

/// The ports that the view's Services hold.
fn stored(view: &View) -> BTreeSet<i64> {
    // Services without such a port, which are most, are not parsed.
    let finder = memchr::memmem::Finder::new(b"odePort\":");
    let snapshot = view.snapshot();
    let services = snapshot.range(Kind::new("services"), None, None);
    services
        .filter(|(_, object)| finder.find(object.bytes()).is_some())
        .flat_map(|(_, object)| Held::by(&object.to_value()).ports)
        .collect()
}

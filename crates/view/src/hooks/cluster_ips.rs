//! Cluster IPs. As in kube-apiserver an address is taken by creating the IPAddress object of its name, so that every
//! view has addresses of its own and two writers never get the same.

use crate::{View, bootstrap};
use minkapi_store::{Change, Expect, Key, Kind};
use serde_json::{Value, json};
use std::{
    hash::{DefaultHasher, Hash, Hasher},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

const ADDRESSES: &str = "ipaddresses.networking.k8s.io";
const RANGES: &str = "servicecidrs.networking.k8s.io";

/// A range of addresses for Services, without its network and broadcast addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Range {
    v6: bool,
    first: u128,
    last: u128,
    /// How many of the first addresses are taken last, to leave them to those who ask for an address by name.
    reserved: u128,
}

impl Range {
    /// The range of a CIDR.
    pub fn parse(cidr: &str) -> Option<Self> {
        let (address, bits) = cidr.trim().split_once('/')?;
        let (address, bits): (IpAddr, u32) = (address.parse().ok()?, bits.parse().ok()?);
        let (v6, number, width) = match address {
            IpAddr::V4(a) => (false, u128::from(a.to_bits()), 32_u32),
            IpAddr::V6(a) => (true, a.to_bits(), 128),
        };
        let host_bits = width.checked_sub(bits).filter(|n| *n < 128)?;
        let size = 1_u128 << host_bits;
        let network = number & !(size - 1);
        // The last address of all may be in it.
        let last = (network + (size - 1)).saturating_sub(if v6 { 0 } else { 1 });
        let reserved = if size <= 16 { 0 } else { (size / 16).clamp(16, 256) };
        (last > network).then_some(Self { v6, first: network + 1, last, reserved })
    }

    /// `IPv4` or `IPv6`.
    pub const fn family(&self) -> &'static str {
        if self.v6 { "IPv6" } else { "IPv4" }
    }

    /// The address that the API's own Service has.
    pub fn first_address(&self) -> IpAddr {
        self.address(self.first)
    }

    /// The range as a CIDR.
    fn cidr(&self) -> String {
        let (width, outside) = if self.v6 { (128, 1) } else { (32, 2) };
        let size = self.last - self.first + 1 + outside;
        format!("{}/{}", self.address(self.first - 1), width - size.trailing_zeros())
    }

    fn contains(&self, ip: IpAddr) -> bool {
        let (v6, number) = match ip {
            IpAddr::V4(a) => (false, u128::from(a.to_bits())),
            IpAddr::V6(a) => (true, a.to_bits()),
        };
        v6 == self.v6 && (self.first..=self.last).contains(&number)
    }

    fn address(&self, number: u128) -> IpAddr {
        if self.v6 { Ipv6Addr::from_bits(number).into() } else { Ipv4Addr::from_bits(u32::try_from(number).unwrap_or(0)).into() }
    }

    /// All addresses, from some place on that depends on `seed`; the reserved ones last.
    fn addresses(&self, seed: u64) -> impl Iterator<Item = IpAddr> + use<> {
        let range = *self;
        let middle = range.first + range.reserved;
        let from = move |first: u128, last: u128| {
            let size = if last < first { 0 } else { last - first + 1 };
            let start = if size == 0 { 0 } else { u128::from(seed) % size };
            (0..size).map(move |i| first + (start + i) % size)
        };
        from(middle, range.last).chain(from(range.first, middle - 1)).map(move |number| range.address(number))
    }
}

/// The ranges that Services get addresses from: those of the ServiceCIDRs that are ready, the server's own first.
pub(super) fn ranges(view: &View) -> Vec<Range> {
    let snapshot = view.snapshot();
    let mut objects: Vec<Value> = snapshot
        .range(Kind::new(RANGES), None, None)
        .filter(|(_, object)| !object.head().deleting)
        .map(|(_, object)| object.to_value())
        .collect();
    objects.sort_by_key(|object| object["metadata"]["name"] != bootstrap::SERVICE_CIDR);
    let ready = |object: &Value| {
        let conditions = object["status"]["conditions"].as_array().map(Vec::as_slice).unwrap_or_default();
        conditions.iter().any(|c| c["type"] == "Ready" && c["status"] == "True")
    };
    let mut ranges: Vec<Range> = objects
        .iter()
        .filter(|object| ready(object))
        .flat_map(|object| object["spec"]["cidrs"].as_array().map(Vec::as_slice).unwrap_or_default())
        .filter_map(|cidr| Range::parse(cidr.as_str()?))
        .collect();
    if ranges.is_empty() {
        ranges.extend(view.config().service_cidr.split(',').filter_map(Range::parse));
    }
    ranges
}

/// Why an address was not taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refused {
    InUse,
    OutOfRange,
    /// Outside the only range that a dry run looks at.
    NotIn(String),
}

/// Takes an address for a Service.
pub(super) fn take(view: &View, ranges: &[Range], service: &Key, ip: &str, dry_run: bool) -> Result<(), Refused> {
    let address: IpAddr = ip.parse().map_err(|_| Refused::OutOfRange)?;
    if dry_run {
        // As upstream: whether it is free is not looked for.
        return match ranges.first() {
            Some(range) if !range.contains(address) => Err(Refused::NotIn(range.cidr())),
            _ => Ok(()),
        };
    }
    let range = ranges.iter().find(|range| range.contains(address)).ok_or(Refused::OutOfRange)?;
    if create(view, range, service, address) { Ok(()) } else { Err(Refused::InUse) }
}

/// Takes any free address of a family.
pub(super) fn take_next(view: &View, ranges: &[Range], service: &Key, family: &str, seed: &str, dry_run: bool) -> Option<String> {
    let mut ranges = ranges.iter().filter(|range| range.family() == family);
    if dry_run {
        // As upstream: the network's own address stands for one that is not looked for.
        return ranges.next().map(|range| range.address(range.first - 1).to_string());
    }
    let mut hasher = DefaultHasher::new();
    seed.hash(&mut hasher);
    let seed = hasher.finish();
    ranges.find_map(|range| {
        let mut addresses = range.addresses(seed);
        addresses.find(|address| create(view, range, service, *address)).map(|address| address.to_string())
    })
}

/// Makes the IPAddress of an address; false when there is one.
fn create(view: &View, range: &Range, service: &Key, address: IpAddr) -> bool {
    let name = address.to_string();
    if view.snapshot().get(Kind::new(ADDRESSES), &Key::new("", &name)).is_some() {
        return false;
    }
    bootstrap::store(view, ip_address(&name, range.family(), service.namespace(), service.name()))
}

/// The IPAddress of an address that a Service holds.
pub(crate) fn ip_address(ip: &str, family: &str, namespace: &str, service: &str) -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "IPAddress",
        "metadata": {
            "name": ip,
            "labels": {"ipaddress.kubernetes.io/ip-family": family, "ipaddress.kubernetes.io/managed-by": "ipallocator.k8s.io"},
        },
        "spec": {"parentRef": {"resource": "services", "namespace": namespace, "name": service}},
    })
}

/// Gives addresses back.
pub(super) fn release<'a>(view: &View, ips: impl IntoIterator<Item = &'a String>) {
    for ip in ips {
        let name = ip.parse().map_or_else(|_| ip.clone(), |address: IpAddr| address.to_string());
        // One that is gone already needs no release.
        let _ = view.store.commit(Kind::new(ADDRESSES), Key::new("", &name), Expect::Present, |_, _| Change::Delete);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_range_may_end_with_the_last_address_of_all() {
        let ends =
            |cidr: &str| Range::parse(cidr).map(|range| (range.address(range.first).to_string(), range.address(range.last).to_string()));
        let pair = |first: &str, last: &str| Some((first.to_owned(), last.to_owned()));
        assert_eq!(ends("255.255.255.0/24"), pair("255.255.255.1", "255.255.255.254"));
        assert_eq!(ends("ffff::/120"), pair("ffff::1", "ffff::ff"));
        assert_eq!(ends("ff00::/8"), pair("ff00::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"));
        assert_eq!(Range::parse("ff00::/8").map(|range| range.cidr()).as_deref(), Some("ff00::/8"));
        for none in ["10.0.0.0/32", "::/0", "10.0.0.0/33", "10.0.0.0"] {
            assert_eq!(ends(none), None, "{none}");
        }
    }

    #[test]
    fn every_address_but_those_of_the_network_is_handed_out_once() {
        let range = Range::parse("10.0.0.0/24").unwrap();
        let all: Vec<IpAddr> = range.addresses(77).collect();
        assert_eq!(all.len(), 254);
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 254);
        let low = |ip: &IpAddr| range.contains(*ip) && matches!(ip, IpAddr::V4(a) if a.octets()[3] <= 16);
        assert!(all.iter().rev().take(16).all(low), "the first sixteen are left to those who ask for them");
    }

    #[test]
    fn a_small_range_reserves_nothing() {
        let range = Range::parse("10.0.0.0/29").unwrap();
        assert_eq!(range.addresses(0).count(), 6);
        assert!(Range::parse("10.0.0.0/33").is_none());
    }

    #[test]
    fn a_range_knows_its_family() {
        let range = Range::parse("fd00::/112").unwrap();
        assert_eq!(range.family(), "IPv6");
        assert!(range.contains("fd00::1".parse().unwrap()));
        assert!(!range.contains("10.0.0.1".parse().unwrap()));
    }
}

//! Addresses, as literals and by the names of address objects.

use crate::tree::At;
use crossgate_diag::Spanned;
use ipnet::IpNet;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// An address with or without a prefix length; without one it is a host.
pub fn parse_net(text: &str) -> Option<IpNet> {
    text.parse()
        .ok()
        .or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

pub fn parse_range(text: &str) -> Option<(IpAddr, IpAddr)> {
    let (start, end) = text.split_once('-')?;
    let (start, end): (IpAddr, IpAddr) = (start.trim().parse().ok()?, end.trim().parse().ok()?);
    (start.is_ipv4() == end.is_ipv4() && start <= end).then_some((start, end))
}

/// Address objects by name, the virtual systems' before the shared ones.
pub struct AddressBook<'t> {
    objects: BTreeMap<&'t str, At<'t>>,
}

impl<'t> AddressBook<'t> {
    pub fn new(root: At<'t>) -> Self {
        let systems = root.below(&["devices"]).flat_map(|d| d.below(&["vsys"]));
        let all = systems.chain(root.get("shared"));
        let mut objects = BTreeMap::new();
        for object in all.flat_map(|section| section.below(&["address"])) {
            objects.entry(object.word()).or_insert(object);
        }
        Self { objects }
    }

    pub fn names(&self) -> Vec<&'t str> {
        self.objects.keys().copied().collect()
    }

    /// The network that a word says, or that the object of that name has. The span is where the
    /// word stands.
    pub fn net(&self, at: At<'_>) -> Option<Spanned<IpNet>> {
        let word = at.word();
        let net = parse_net(word).or_else(|| {
            let object = self.objects.get(word)?;
            parse_net(object.value(&["ip-netmask"])?.word())
        })?;
        Some(at.spanned(net))
    }

    pub fn address(&self, at: At<'_>) -> Option<Spanned<IpAddr>> {
        self.net(at).map(|net| net.map(|net| net.addr()))
    }
}

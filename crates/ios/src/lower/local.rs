//! Where connections start from, and who that end is by default.

use super::Lowering;
use crossgate_diag::{Finding, Spanned};
use crossgate_model::{Identity, LocalEnd, RemoteEnd};
use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr};

impl Lowering<'_, '_, '_> {
    /// An interface that connections start from, and its address where the file has one.
    /// It is of the peer's family, if that is known.
    pub(super) fn local_end(
        &mut self,
        name: &Spanned<String>,
        remote: Option<&RemoteEnd>,
    ) -> LocalEnd {
        let peer = remote.and_then(RemoteEnd::address);
        let fits = |net: &&Spanned<IpNet>| peer.is_none_or(|p| p.is_ipv4() == net.addr().is_ipv4());
        let known = self.index.find(&self.config.interfaces, name);
        let address = known.and_then(|interface| interface.addresses.iter().find(fits).copied());
        let learnt = known.and_then(|interface| interface.learnt_address);
        if address.is_none() && self.told_of.insert(name.value.clone()) {
            let why = match (known, learnt) {
                (None, _) => "is not in the file",
                (Some(_), Some(_)) => "learns its address elsewhere",
                (Some(_), None) => "has no address",
            };
            self.cx.push(
                Finding::note(
                    "address-unknown",
                    format!(
                        "interface `{}` {why}: its address must come from outside the file",
                        name.value
                    ),
                )
                .at(name.span, "connections start from it")
                .beside(learnt, "learnt here"),
            );
        }
        LocalEnd {
            interface: Some(name.clone()),
            address: address.map(|net| net.map(|net| net.addr())),
        }
    }

    /// A source given as an address: the interface that has it.
    pub(super) fn local_end_of(&mut self, address: Spanned<IpAddr>) -> LocalEnd {
        let interfaces = &self.config.interfaces;
        let interface = self.index.with_address(interfaces, address.value);
        if interface.is_none() {
            self.cx.push(
                Finding::note(
                    "address-unknown",
                    format!("no interface of the file has the address {}", address.value),
                )
                .at(address.span, "connections start from it"),
            );
        }
        LocalEnd {
            interface: interface.map(|interface| interface.name.clone()),
            address: Some(address),
        }
    }
}

/// The default identity is the local address; where that isn't known yet, the unspecified address
/// stands for it, until somebody assumes one.
pub(super) fn default_identity(local: &LocalEnd) -> Spanned<Identity> {
    let address = local
        .address
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |address| address.value);
    Spanned::default_of(Identity::Address(address))
}

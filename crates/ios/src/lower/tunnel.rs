//! Tunnel interfaces: one connection each, and a Child or several.

use super::child::Carrier;
use super::connection::Want;
use super::{Lowering, is_tunnel};
use crate::behaviour::{LIST_SELECTORS, VTI_SELECTORS};
use crate::config::interface::{Interface, TunnelEnd, TunnelMode};
use crate::config::ipsec_profile::IpsecProfile;
use crate::config::sa::only_ikev1;
use crossgate_diag::{Certainty, Finding, Span, Spanned};
use crossgate_model::{Initiation, LocalEnd, RemoteEnd, Selector, SelectorPair};
use std::net::IpAddr;

const ANY_V6: SelectorPair = SelectorPair {
    local: Selector::ANY_V6,
    remote: Selector::ANY_V6,
};

impl<'c> Lowering<'c, '_, '_> {
    /// What a tunnel interface asks for, if it is protected and complete.
    pub(super) fn tunnel(&mut self, interface: &'c Interface) -> Option<Want<'c>> {
        let tunnel = &interface.tunnel;
        let reference = tunnel.ipsec_profile.as_ref()?;
        if !is_tunnel(&interface.name) {
            self.refuse_template(interface);
            return None;
        }
        let any = self.mode_selectors(interface)?;
        let ipsec = self.named(&self.config.ipsec_profiles, reference);
        let remote = self.destination(interface);
        let local = self.source(interface, remote.as_ref());
        let ipsec = ipsec?;
        let profile = tunnel
            .ikev2_profile
            .as_ref()
            .or(ipsec.offer.ikev2_profile.as_ref());
        let Some(profile) = profile else {
            only_ikev1(&ipsec.offer, reference, "the IPsec profile", self.cx);
            let children = self.tunnel_children(interface, ipsec, any);
            let old = self.ikev1(reference.span, local, remote, children);
            self.legacy.extend(old);
            return None;
        };
        let profile = self.named(&self.config.profiles, profile)?;
        let children = self.tunnel_children(interface, ipsec, any);
        Some(Want {
            profile,
            local: local?,
            remote: remote?,
            initiation: initiation(ipsec),
            enabled: enabled(interface),
            children,
            pqc: ipsec.offer.pqc,
        })
    }

    /// A template is for peers that a FlexVPN server makes interfaces for.
    fn refuse_template(&mut self, interface: &Interface) {
        self.cx.push(
            Finding::warning(
                "not-obeyed",
                format!(
                    "{} is not obeyed: no peer gets an interface from it",
                    interface.name.value
                ),
            )
            .at(interface.name.span, "only `interface Tunnel` is a tunnel"),
        );
    }

    /// Any to any of the family that the mode carries; none where the mode isn't spoken.
    fn mode_selectors(&mut self, interface: &Interface) -> Option<SelectorPair> {
        let mode = interface.tunnel.mode;
        let instead = match mode.map(|mode| mode.value) {
            Some(TunnelMode::IpsecV4 | TunnelMode::IpsecV4OverV6) => {
                return Some(SelectorPair::ANY_V4);
            }
            Some(TunnelMode::IpsecV6 | TunnelMode::IpsecV6OverV4) => return Some(ANY_V6),
            Some(TunnelMode::IpsecDualOverlay) => "only IPv4 is carried through it",
            Some(TunnelMode::Gre) => "GRE inside IPsec is not spoken; the tunnel stays down",
            None => "the default mode, GRE, is not spoken; the tunnel stays down",
            Some(TunnelMode::Other) => "the tunnel stays down",
            Some(TunnelMode::Wrong) => return None,
        };
        let span = mode.and_then(|mode| mode.span).or(interface.name.span);
        self.cx.push(
            Finding::warning(
                "not-obeyed",
                format!(
                    "the mode of {} is not obeyed: {instead}",
                    interface.name.value
                ),
            )
            .at(span, "needs `tunnel mode ipsec ipv4`"),
        );
        matches!(
            mode.map(|mode| mode.value),
            Some(TunnelMode::IpsecDualOverlay)
        )
        .then_some(SelectorPair::ANY_V4)
    }

    fn source(&mut self, interface: &Interface, remote: Option<&RemoteEnd>) -> Option<LocalEnd> {
        match &interface.tunnel.source {
            Some(Spanned {
                value: TunnelEnd::Address(address),
                span,
            }) => {
                let (value, span) = (*address, *span);
                Some(self.local_end_of(Spanned { value, span }))
            }
            Some(Spanned {
                value: TunnelEnd::Name(name),
                span,
            }) => {
                let (value, span) = (name.clone(), *span);
                Some(self.local_end(&Spanned { value, span }, remote))
            }
            _ => self.incomplete(interface, "tunnel source"),
        }
    }

    fn destination(&mut self, interface: &Interface) -> Option<RemoteEnd> {
        let destination = interface.tunnel.destination.as_ref();
        let span = destination.and_then(|destination| destination.span);
        match destination.map(|destination| &destination.value) {
            Some(TunnelEnd::Address(address)) => {
                self.of_the_modes_family(interface, *address, span)?;
                Some(RemoteEnd::Address(Spanned {
                    value: *address,
                    span,
                }))
            }
            Some(TunnelEnd::Name(name)) => Some(RemoteEnd::Name(Spanned {
                value: name.clone(),
                span,
            })),
            Some(TunnelEnd::Dynamic) => Some(RemoteEnd::Any),
            Some(TunnelEnd::Wrong) => None,
            None => self.incomplete(interface, "tunnel destination"),
        }
    }

    /// The mode says of which family the addresses outside are.
    fn of_the_modes_family(
        &mut self,
        interface: &Interface,
        destination: IpAddr,
        span: Option<Span>,
    ) -> Option<()> {
        let mode = interface.tunnel.mode?;
        let Some(v6) = mode.value.is_outside_v6() else {
            return Some(());
        };
        if destination.is_ipv6() == v6 {
            return Some(());
        }
        let [found, expected] = if v6 {
            ["IPv4", "IPv6"]
        } else {
            ["IPv6", "IPv4"]
        };
        let name = &interface.name.value;
        self.cx.push(
            Finding::error(
                "incomplete-tunnel",
                format!("the mode of {name} is for {expected} outside, its destination is {found}"),
            )
            .at(span, "the tunnel can't come up")
            .beside(
                mode.span,
                match v6 {
                    true => "expected `ipsec ipv4`, with `v6-overlay` if it carries IPv6",
                    false => "expected `ipsec ipv6`, with `v4-overlay` if it carries IPv4",
                },
            ),
        );
        None
    }

    fn incomplete<T>(&mut self, interface: &Interface, missing: &str) -> Option<T> {
        self.cx.push(
            Finding::error(
                "incomplete-tunnel",
                format!(
                    "{} is protected, but has no `{missing}`",
                    interface.name.value
                ),
            )
            .at(interface.name.span, "the tunnel can't come up"),
        );
        None
    }

    fn tunnel_children(
        &mut self,
        interface: &'c Interface,
        ipsec: &'c IpsecProfile,
        any: SelectorPair,
    ) -> Vec<crossgate_model::Child> {
        let carrier = Carrier {
            name: interface.name.clone(),
            interface: Some(interface.name.clone()),
            enabled: enabled(interface),
            oversize: self.oversize(&interface.oversize),
        };
        let list = interface.tunnel.policy.as_ref();
        let Some(list) = list.filter(|list| self.is_known_to_release(list)) else {
            let pair = Spanned {
                value: any,
                span: interface.tunnel.mode.and_then(|mode| mode.span),
            };
            return self.children(&carrier, &ipsec.offer, vec![pair], VTI_SELECTORS);
        };
        let pairs = self.list_selectors(list);
        self.children(&carrier, &ipsec.offer, pairs, LIST_SELECTORS)
    }

    /// A router that doesn't know the line refuses it, and the tunnel stays from any to any.
    fn is_known_to_release(&mut self, list: &Spanned<String>) -> bool {
        if self.defaults.release.has_multi_sa_vti() {
            return true;
        }
        let version = self.config.version.as_ref().and_then(|v| v.span);
        self.cx.push(
            Finding::warning(
                "release-too-old",
                "this release has no `tunnel protection ipsec policy`",
            )
            .at(
                list.span,
                "that router refuses it, so the tunnel is from any to any",
            )
            .beside(version, "16.12 is the first that has it")
            .certain(Certainty::Doc),
        );
        false
    }
}

/// A router starts its static VTIs without waiting for traffic.
fn initiation(ipsec: &IpsecProfile) -> Spanned<Initiation> {
    ipsec.responder_only.map(|never| match never {
        true => Initiation::Never,
        false => Initiation::AtStart,
    })
}

fn enabled(interface: &Interface) -> Spanned<bool> {
    let shutdown = interface.shutdown.unwrap_or(Spanned::default_of(false));
    shutdown.map(|down| !down)
}

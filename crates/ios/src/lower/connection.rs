//! From what tunnels and maps want to connections: one for each profile, local end and peer.

use super::Lowering;
use super::local::default_identity;
use crate::behaviour;
use crate::config::Config;
use crate::config::profile::{Dpd, LocalMatch, MethodKind, Profile};
use crossgate_diag::{Finding, Span, Spanned};
use crossgate_model::behaviour::{Liveness, Retransmission};
use crossgate_model::{Auth, Child, Connection, IkeVersion, Initiation, LocalEnd, Nat, RemoteEnd};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

/// Where the file has no `nat keepalive` line (RFC 3948 §4).
const NAT_KEEPALIVE: Duration = Duration::from_secs(20);

/// What one tunnel interface or crypto map entry asks for.
pub(super) struct Want<'c> {
    pub profile: &'c Profile,
    pub local: LocalEnd,
    pub remote: RemoteEnd,
    pub initiation: Spanned<Initiation>,
    pub enabled: Spanned<bool>,
    pub children: Vec<Child>,
    /// `pqc` of what is offered for its Children.
    pub pqc: Option<Span>,
}

impl Want<'_> {
    /// What is equal where both are served by one IKE SA.
    fn ike_sa(&self) -> IkeSaKey {
        let interface = self.local.interface.as_ref();
        (
            self.profile.name.value.clone(),
            interface.map(|name| name.value.clone()),
            self.local.address.map(|address| address.value),
            remote_key(&self.remote),
        )
    }

    fn merge(&mut self, other: Self) {
        let eagerness = |initiation: Initiation| match initiation {
            Initiation::Never => 0,
            Initiation::OnTraffic => 1,
            Initiation::AtStart => 2,
        };
        if eagerness(other.initiation.value) > eagerness(self.initiation.value) {
            self.initiation = other.initiation;
        }
        if !self.enabled.value {
            self.enabled = other.enabled;
        }
        self.children.extend(other.children);
        self.pqc = self.pqc.or(other.pqc);
    }
}

impl<'c> Lowering<'c, '_, '_> {
    pub(super) fn connections(&mut self) -> Vec<Connection> {
        let wants = merged(self.wants());
        let names = names(&wants);
        let mut connections = Vec::new();
        for (want, name) in wants.into_iter().zip(names) {
            connections.extend(self.connection(want, name));
        }
        // Why a connection has no Child, findings have told.
        connections.retain(|connection| !connection.children.is_empty());
        connections
    }

    fn wants(&mut self) -> Vec<Want<'c>> {
        let mut wants = Vec::new();
        let mut maps: BTreeSet<&str> = BTreeSet::new();
        for interface in &self.config.interfaces {
            wants.extend(self.tunnel(interface));
            let map = interface.crypto_map.as_ref();
            let again = map.is_some_and(|map| !maps.insert(&map.value));
            wants.extend(self.crypto_map(interface, again));
        }
        wants
    }

    fn connection(&mut self, want: Want<'c>, name: Spanned<String>) -> Option<Connection> {
        let profile = want.profile;
        if !self.is_for(profile, &want.local) {
            return None;
        }
        let (local_auth, remote_auth) = self.authentication(profile, &want.remote)?;
        let proposals = self.ike_proposals(&want.local);
        let certificates = self.certificate_use(profile, [&local_auth.value, &remote_auth.value]);
        let post_quantum = self.post_quantum(profile, &want);
        let shutdown = profile.shutdown.filter(|shutdown| shutdown.value);
        let enabled = shutdown.map_or(want.enabled, |shutdown| shutdown.map(|down| !down));
        Some(Connection {
            name,
            version: Spanned::default_of(IkeVersion::V2),
            local_identity: profile
                .local_identity
                .clone()
                .unwrap_or_else(|| default_identity(&want.local)),
            remote_identities: profile.match_remote.clone(),
            local: want.local,
            remote: want.remote,
            proposals,
            local_auth,
            remote_auth,
            certificates,
            post_quantum,
            lifetime: profile
                .lifetime
                .unwrap_or(Spanned::default_of(behaviour::IKE_LIFETIME.value)),
            liveness: profile
                .dpd
                .or(self.config.ikev2.dpd)
                .map(|dpd| dpd.map(liveness)),
            nat: nat(profile, self.config),
            fragmentation: self.config.ikev2.fragmentation,
            initiation: want.initiation,
            enabled,
            children: want.children,
        })
    }

    /// A profile may be for certain addresses only, and is not found from others.
    fn is_for(&mut self, profile: &Profile, local: &LocalEnd) -> bool {
        let fits = |wanted: &Spanned<LocalMatch>| match (&wanted.value, local) {
            (LocalMatch::Address(wanted), LocalEnd { address, .. }) => {
                address.is_none_or(|address| address.value == *wanted)
            }
            (LocalMatch::Interface(wanted), LocalEnd { interface, .. }) => {
                interface.as_ref().is_none_or(|i| &i.value == wanted)
            }
        };
        if profile.match_local.is_empty() || profile.match_local.iter().any(fits) {
            return true;
        }
        let stated = profile.match_local.first().and_then(|wanted| wanted.span);
        let used = local.interface.as_ref().and_then(|name| name.span);
        self.cx.push(
            Finding::error(
                "profile-elsewhere",
                format!(
                    "IKEv2 profile `{}` is not for this local end",
                    profile.name.value
                ),
            )
            .at(stated, "only for this")
            .beside(used, "but used from here, so that no tunnel can use it"),
        );
        false
    }

    /// How both ends authenticate; nothing if the profile is incomplete, as IOS then ignores it.
    fn authentication(
        &mut self,
        profile: &'c Profile,
        remote: &RemoteEnd,
    ) -> Option<(Spanned<Auth>, Spanned<Auth>)> {
        let (local, first) = (profile.local_auth.as_ref(), profile.remote_auth.first());
        let missing = match (profile.match_remote.is_empty(), local, first) {
            (false, Some(local), Some(first)) => {
                for other in profile.remote_auth.iter().skip(1) {
                    self.cx.push(
                        Finding::warning("not-obeyed", "one method of the peer's is accepted")
                            .at(other.span, "not obeyed")
                            .beside(first.span, "this one is"),
                    );
                }
                let both = self.auths(profile, remote, local, first);
                return Some(both);
            }
            (true, ..) => "match identity remote",
            (_, None, _) => "authentication local",
            (_, _, None) => "authentication remote",
        };
        self.cx.push(
            Finding::error(
                "incomplete-profile",
                format!("IKEv2 profile `{}` has no `{missing}`", profile.name.value),
            )
            .at(
                profile.name.span,
                "incomplete, so that no tunnel can use it",
            ),
        );
        None
    }
}

/// Profile, own interface and address, and the peer.
type IkeSaKey = (String, Option<String>, Option<IpAddr>, RemoteKey);

/// Which kind of peer it is, and its address, name or network.
type RemoteKey = (u8, String);

fn remote_key(remote: &RemoteEnd) -> RemoteKey {
    let kind = match remote {
        RemoteEnd::Address(_) => 0,
        RemoteEnd::Name(_) => 1,
        RemoteEnd::Within(_) => 2,
        RemoteEnd::Any => 3,
    };
    (kind, remote.to_string())
}

fn merged(wants: Vec<Want<'_>>) -> Vec<Want<'_>> {
    let mut merged: Vec<Want<'_>> = Vec::new();
    let mut known: BTreeMap<IkeSaKey, usize> = BTreeMap::new();
    for want in wants {
        let at = *known.entry(want.ike_sa()).or_insert(merged.len());
        match merged.get_mut(at) {
            Some(known) => known.merge(want),
            None => merged.push(want),
        }
    }
    merged
}

/// The profile's name, with the peer where it serves several, and the local end where a peer is
/// reached from several.
fn names(wants: &[Want<'_>]) -> Vec<Spanned<String>> {
    let mut siblings: BTreeMap<&str, usize> = BTreeMap::new();
    let mut twins: BTreeMap<(&str, RemoteKey), usize> = BTreeMap::new();
    for want in wants {
        let profile = want.profile.name.value.as_str();
        *siblings.entry(profile).or_default() += 1;
        *twins
            .entry((profile, remote_key(&want.remote)))
            .or_default() += 1;
    }
    wants
        .iter()
        .map(|want| {
            let name = &want.profile.name.value;
            let siblings = siblings.get(name.as_str());
            let twins = twins.get(&(name.as_str(), remote_key(&want.remote)));
            let name = match (siblings, twins) {
                (Some(1), _) => name.clone(),
                (_, Some(1)) => format!("{name}/{}", want.remote),
                _ => format!("{name}/{}@{}", want.remote, end_name(&want.local)),
            };
            Spanned {
                value: name,
                span: want.profile.name.span,
            }
        })
        .collect()
}

fn end_name(local: &LocalEnd) -> String {
    match (&local.interface, &local.address) {
        (Some(interface), _) => interface.value.clone(),
        (None, Some(address)) => address.value.to_string(),
        (None, None) => "anywhere".into(),
    }
}

fn liveness(dpd: Dpd) -> Liveness {
    Liveness {
        interval: dpd.interval,
        on_demand: dpd.on_demand,
        retransmission: Retransmission {
            waits: vec![dpd.retry; behaviour::LIVENESS_TRIES.value],
        },
    }
}

pub(super) fn nat_of_all(config: &Config) -> Nat {
    let keepalive = config.ikev2.nat_keepalive;
    Nat {
        enabled: config.nat_transparency,
        force_encapsulation: Spanned::default_of(false),
        agrees_on_udp: false,
        keepalive: keepalive.unwrap_or(Spanned::default_of(NAT_KEEPALIVE)),
    }
}

fn nat(profile: &Profile, config: &Config) -> Nat {
    let all = nat_of_all(config);
    Nat {
        enabled: all.enabled,
        force_encapsulation: profile
            .force_encapsulation
            .unwrap_or(all.force_encapsulation),
        agrees_on_udp: all.agrees_on_udp,
        keepalive: profile.nat_keepalive.unwrap_or(all.keepalive),
    }
}

/// What the model calls a method that isn't a pre-shared key.
pub(super) fn signature(kind: MethodKind) -> Option<Auth> {
    match kind {
        MethodKind::PreShare => None,
        MethodKind::RsaSignature => Some(Auth::RsaSignature),
        MethodKind::EcdsaSignature => Some(Auth::EcdsaSignature),
        MethodKind::Eap => Some(Auth::Eap),
    }
}

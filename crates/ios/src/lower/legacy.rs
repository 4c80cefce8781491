//! What speaks IKEv1: connections that are never brought up, so that whoever judges the file can
//! tell which peer they are for.

use super::Lowering;
use super::connection::nat_of_all;
use super::local::default_identity;
use super::peers::Nets;
use super::proposals::prf_of;
use crate::config::isakmp::{IsakmpKey, IsakmpPolicy};
use crate::config::reasons::NO_IKEV1;
use crossgate_diag::{Certainty, Finding, Span, Spanned};
use crossgate_model::{
    Auth, CertificateUse, Child, Connection, IkeProposal, IkeVersion, Initiation, LocalEnd,
    PresharedKey, RemoteEnd,
};
use std::collections::BTreeMap;
use std::time::Duration;

/// Of an IKEv1 SA without a policy that says another.
const LIFETIME: Duration = Duration::from_secs(86_400);

/// Keys by whom they are for, with their places in the file's order.
#[derive(Default)]
pub(super) struct Keys<'c> {
    nets: Nets<(usize, &'c IsakmpKey)>,
    names: BTreeMap<&'c str, &'c IsakmpKey>,
}

impl<'c> Keys<'c> {
    fn new(keys: &'c [IsakmpKey]) -> Self {
        let mut all = Self::default();
        for (at, key) in keys.iter().enumerate() {
            if let Some(net) = key.address {
                all.nets.add(net.value, (at, key));
            }
            if let Some(name) = &key.hostname {
                all.names.entry(name).or_insert(key);
            }
        }
        all
    }

    /// The first that is for that peer.
    fn find(&self, remote: &RemoteEnd) -> Option<&'c IsakmpKey> {
        match remote {
            RemoteEnd::Address(address) => {
                let around = self.nets.around(address.value);
                around.min_by_key(|(at, _)| *at).map(|(_, key)| *key)
            }
            RemoteEnd::Name(name) => self.names.get(name.value.as_str()).copied(),
            RemoteEnd::Within(_) | RemoteEnd::Any => None,
        }
    }
}

impl Lowering<'_, '_, '_> {
    /// A connection by IKEv1. `by` is the line that makes it one.
    pub(super) fn ikev1(
        &mut self,
        by: Option<Span>,
        local: Option<LocalEnd>,
        remote: Option<RemoteEnd>,
        children: Vec<Child>,
    ) -> Option<Connection> {
        let (local, remote) = (local?, remote?);
        let policies = &self.config.isakmp.policies;
        let auth = self.ikev1_auth(&remote, by);
        let first = policies.first();
        Some(Connection {
            name: children.first()?.tunnel.clone(),
            version: Spanned {
                value: IkeVersion::V1,
                span: by,
            },
            local_identity: default_identity(&local),
            remote_identities: Vec::new(),
            local,
            remote,
            proposals: policies.iter().map(proposal).collect(),
            local_auth: auth.clone(),
            remote_auth: auth,
            certificates: CertificateUse::default(),
            post_quantum: None,
            lifetime: first.map_or(Spanned::default_of(LIFETIME), |policy| policy.lifetime),
            liveness: None,
            nat: nat_of_all(self.config),
            fragmentation: None,
            initiation: Spanned::default_of(Initiation::OnTraffic),
            enabled: Spanned::default_of(false),
            children,
        })
    }

    /// By the key for that peer; without one, by what the policies want.
    fn ikev1_auth(&mut self, remote: &RemoteEnd, by: Option<Span>) -> Spanned<Auth> {
        let isakmp = &self.config.isakmp;
        let keys = &mut self.index.isakmp_keys;
        let keys = keys.get_or_insert_with(|| Keys::new(&isakmp.keys));
        if let Some(known) = keys.find(remote) {
            return known.key.clone().map(Auth::Psk);
        }
        let preshared = isakmp.policies.iter().any(|policy| policy.preshared);
        let value = match preshared || isakmp.policies.is_empty() {
            true => Auth::Psk(PresharedKey::Missing),
            false => Auth::RsaSignature,
        };
        Spanned { value, span: by }
    }

    /// IKEv1's policies and keys: in use, or left over beside IKEv2.
    pub(super) fn tell_of_ikev1(&mut self, connections: &[Connection]) {
        let isakmp = &self.config.isakmp;
        let speaks = |version| connections.iter().any(|c| c.version.value == version);
        let lines = [&isakmp.policy_lines, &isakmp.key_lines];
        if speaks(IkeVersion::V1) || !speaks(IkeVersion::V2) {
            let kinds = ["crypto isakmp policy", "crypto isakmp key"];
            for (kind, lines) in kinds.iter().zip(lines) {
                self.cx.lacking_lines(kind, lines.clone(), NO_IKEV1);
            }
            return;
        }
        let mut all = lines.into_iter().flatten();
        let Some(first) = all.next() else { return };
        let finding = Finding::warning("ikev1-left-on", "IKEv1 is configured beside IKEv2")
            .at(*first, "lets a peer negotiate IKEv1; not obeyed here");
        let finding = all.fold(finding, |finding, span| finding.beside(*span, ""));
        self.cx.push(
            finding
                .certain(Certainty::Doc)
                .noted("IKEv1 is obsolete (RFC 9395)")
                .help("remove ISAKMP's policies and keys; IKEv2 uses neither"),
        );
    }
}

fn proposal(policy: &IsakmpPolicy) -> IkeProposal {
    let number = policy.priority.map(|number| number.to_string());
    IkeProposal {
        name: Some(number),
        encr: vec![policy.encr],
        integ: vec![policy.hash],
        prf: vec![policy.hash.map(prf_of)],
        groups: vec![policy.group],
    }
}

//! Proposals, policies, keyrings and profiles.

use super::Writer;
use super::names::{unused, word};
use crate::behaviour;
use crate::lower::proposals::{prf_of, smart_default};
use crate::words;
use crossgate_diag::Spanned;
use crossgate_model::{
    Auth, Connection, Fragmentation, Identity, IdentityMatch, IkeProposal, Limits, OuterDf,
    PresharedKey, RemoteEnd,
};
use std::net::IpAddr;
use std::time::Duration;

/// Of `dpd`, where a peer's schedule isn't one number of seconds between tries.
const RETRY: u64 = 3;
const NAT_KEEPALIVE: u64 = 20;

/// A proposal's name and its lines.
type Offer = (String, Vec<String>);

/// A local address, and the names of what is offered from it.
type OfferedFrom = (Option<IpAddr>, Vec<String>);

impl Writer<'_> {
    pub(super) fn ike(&mut self, connections: &[&Connection]) {
        self.offers(connections);
        self.trustpoints_of(connections);
        for connection in connections {
            self.keyring(connection);
        }
        for connection in connections {
            self.profile(connection);
        }
        self.globals(connections);
    }

    fn offers(&mut self, connections: &[&Connection]) {
        let mut offers: Vec<Offer> = Vec::new();
        let mut from: Vec<OfferedFrom> = Vec::new();
        for connection in connections {
            let names = self.offered_by(connection, &mut offers);
            let address = connection.local.address.map(|address| address.value);
            match from.iter_mut().find(|(known, _)| *known == address) {
                Some((_, known)) if *known != names => {
                    known.extend(names);
                    known.dedup();
                    self.cannot(format!(
                        "`{}` and another connection from the same address offer different IKE suites: here both offer both, because an IKEv2 policy goes by the local address",
                        connection.name.value
                    ));
                }
                Some(_) => {}
                None => from.push((address, names)),
            }
        }
        for (name, lines) in offers {
            self.because(
                format!("crypto ikev2 proposal {name}"),
                "what is offered for IKE SAs, in order of preference",
            );
            lines
                .into_iter()
                .for_each(|line| self.line(format!(" {line}")));
            self.line("!");
        }
        self.policies(&from);
    }

    /// The names of what a connection offers; none where it is the release's default.
    fn offered_by(&mut self, connection: &Connection, offers: &mut Vec<Offer>) -> Vec<String> {
        let default = smart_default(&behaviour::default_proposal(self.release).value);
        if let [only] = connection.proposals.as_slice()
            && only.name.is_none()
            && same_suites(only, &default)
        {
            return Vec::new();
        }
        let mut names = Vec::new();
        for proposal in &connection.proposals {
            let Some(lines) = self.proposal_lines(connection, proposal) else {
                continue;
            };
            let stated = proposal.name.as_ref().map(|name| word(name));
            let wanted = stated.unwrap_or_else(|| format!("{}-IKE", word(&connection.name)));
            let name = match offers
                .iter()
                .find(|(known, l)| *known == wanted && *l == lines)
            {
                Some((name, _)) => name.clone(),
                None => {
                    let name = unused(&wanted, offers.iter().map(|(name, _)| name.as_str()));
                    offers.push((name.clone(), lines));
                    name
                }
            };
            names.push(name);
        }
        names
    }

    /// Without what IOS-XE has no word for; nothing if too little is left.
    fn proposal_lines(
        &mut self,
        connection: &Connection,
        proposal: &IkeProposal,
    ) -> Option<Vec<String>> {
        let what = format!("IKE proposal of `{}`", connection.name.value);
        let encr = self.words_of(&what, &proposal.encr, words::ike_encr);
        let integ = self.words_of(&what, &proposal.integ, words::ike_integ);
        let prf = self.words_of(&what, &proposal.prf, words::ike_prf);
        let groups = self.words_of(&what, &proposal.groups, words::ike_group);
        if encr.is_empty() || groups.is_empty() {
            self.cannot(format!("{what} has nothing that IOS-XE offers"));
            return None;
        }
        let mut lines = vec![format!("encryption {}", encr.join(" "))];
        if !integ.is_empty() {
            lines.push(format!("integrity {}", integ.join(" ")));
        }
        // Without a line of its own, the PRF follows the integrity list.
        let follows = proposal.integ.iter().map(|integ| prf_of(integ.value));
        if !follows.eq(proposal.prf.iter().map(|prf| prf.value)) {
            lines.push(format!("prf {}", prf.join(" ")));
        }
        lines.push(format!("group {}", groups.join(" ")));
        Some(lines)
    }

    fn words_of<T: Copy>(
        &mut self,
        what: &str,
        values: &[Spanned<T>],
        word: fn(T) -> words::Said<&'static str>,
    ) -> Vec<&'static str> {
        let values = values.iter().map(|value| word(value.value));
        values.filter_map(|said| self.said(what, said)).collect()
    }

    fn policies(&mut self, from: &[OfferedFrom]) {
        let one_for_all = from.windows(2).all(|pair| match pair {
            [(_, a), (_, b)] => a == b,
            _ => true,
        });
        let needed = if one_for_all { 1 } else { from.len() };
        for (address, names) in from.iter().take(needed).filter(|(_, n)| !n.is_empty()) {
            let Some(first) = names.first() else { continue };
            self.because(
                format!("crypto ikev2 policy {first}-POLICY"),
                "a proposal that no policy names is never offered",
            );
            if let (Some(address), false) = (address, one_for_all) {
                self.because(
                    format!(" match address local {address}"),
                    "other local addresses offer something else",
                );
            }
            names
                .iter()
                .for_each(|name| self.line(format!(" proposal {name}")));
            self.line("!");
        }
    }

    fn keyring(&mut self, connection: &Connection) {
        let auths = [&connection.local_auth.value, &connection.remote_auth.value];
        if !auths.iter().any(|auth| matches!(auth, Auth::Psk(_))) {
            return;
        }
        let name = word(&connection.name);
        self.line(format!("crypto ikev2 keyring {name}-KEYS"));
        self.line(format!(" peer {name}"));
        let peer = match &connection.remote {
            RemoteEnd::Address(address) => format!("address {}", address.value),
            RemoteEnd::Name(host) => format!("hostname {}", word(host)),
            RemoteEnd::Within(_) | RemoteEnd::Any => "address 0.0.0.0 0.0.0.0".to_owned(),
        };
        self.because(format!("  {peer}"), "the key is for the peer at this end");
        let [ours, theirs] = auths.map(known);
        match (ours, theirs) {
            (Some(ours), Some(theirs)) if ours == theirs => {
                self.line(format!("  pre-shared-key {ours}"));
            }
            (ours, theirs) => {
                for (way, key) in [("local", ours), ("remote", theirs)] {
                    if let Some(key) = key {
                        self.line(format!("  pre-shared-key {way} {key}"));
                    }
                }
            }
        }
        self.line(" !");
        self.line("!");
        for auth in auths {
            if matches!(
                auth,
                Auth::Psk(PresharedKey::Encrypted | PresharedKey::Missing)
            ) {
                self.cannot(format!(
                    "the key of `{}` isn't known: set `pre-shared-key` for its peer",
                    connection.name.value
                ));
            }
        }
    }

    fn profile(&mut self, connection: &Connection) {
        let name = word(&connection.name);
        self.line(format!("crypto ikev2 profile {name}"));
        self.identities(connection);
        let auths = [
            ("remote", &connection.remote_auth.value),
            ("local", &connection.local_auth.value),
        ];
        for (way, auth) in auths {
            match method(auth) {
                Some(method) => self.line(format!(" authentication {way} {method}")),
                None => self.cannot(format!("`{name}`: {} has no word", auth.name())),
            }
        }
        if auths.iter().any(|(_, auth)| matches!(auth, Auth::Psk(_))) {
            self.line(format!(" keyring local {name}-KEYS"));
        }
        self.trustpoints(connection);
        self.timers(connection);
        let nat = &connection.nat;
        if nat.force_encapsulation.value {
            self.line(" nat force-encap");
        }
        let keepalive = nat.keepalive.as_secs().clamp(5, 3600);
        if keepalive != NAT_KEEPALIVE {
            self.line(format!(" nat keepalive {keepalive}"));
        }
        if connection.post_quantum.is_some() {
            self.cannot(format!(
                "`{name}` has post-quantum protection, which is left out"
            ));
        }
        if self.is_switched_off(connection) {
            self.because(" shutdown", "the connection is disabled");
        }
        self.line("!");
    }

    /// Off by itself, as opposed to by its interfaces.
    fn is_switched_off(&self, connection: &Connection) -> bool {
        let is_up = |name: &Spanned<String>| {
            let known = self.gateway.interface(name);
            known.is_none_or(|interface| interface.enabled.value)
        };
        let carriers = connection.children.iter().map(|child| {
            let carrier = child.tunnel_interface.as_ref();
            carrier.or(connection.local.interface.as_ref())
        });
        !connection.enabled.value && carriers.flatten().any(is_up)
    }

    fn identities(&mut self, connection: &Connection) {
        let what = format!("identities of `{}`", connection.name.value);
        let local = &connection.local_identity;
        if connection.remote_identities.is_empty() {
            self.line(" match identity remote any");
        }
        for wanted in &connection.remote_identities {
            let said = words::identity_match(wanted);
            if let Some(said) = self.said(&what, said) {
                let why = match &wanted.value {
                    IdentityMatch::Any => "whatever identity the peer shows",
                    _ => "the peer must show this identity",
                };
                self.because(format!(" match identity remote {said}"), why);
            }
        }
        let address = connection.local.address.map(|address| address.value);
        let by_default = match &local.value {
            Identity::Address(id) => id.is_unspecified() || Some(*id) == address,
            _ => false,
        };
        if !by_default && let Some(said) = self.said(&what, words::identity(local)) {
            self.because(
                format!(" identity local {said}"),
                "what the peer expects this end to be",
            );
        }
    }

    fn trustpoints(&mut self, connection: &Connection) {
        let certificates = &connection.certificates;
        let own = certificates.own.iter().map(|name| (name, "sign"));
        let trusted = certificates.trusted.iter().map(|name| (name, "verify"));
        let named: Vec<_> = own.chain(trusted).collect();
        for (name, role) in named {
            self.line(format!(" pki trustpoint {} {role}", word(name)));
        }
    }

    /// Trustpoints that connections name and the gateway has.
    fn trustpoints_of(&mut self, connections: &[&Connection]) {
        let mut names: Vec<String> = Vec::new();
        for certificates in connections.iter().map(|c| &c.certificates) {
            let named = certificates.own.iter().chain(&certificates.trusted);
            let defined = named.filter(|name| !certificates.undefined.contains(name));
            names.extend(defined.map(|name| word(name)));
        }
        names.sort_unstable();
        names.dedup();
        for name in names {
            self.cannot(format!("trustpoint {name} has to be enrolled by hand"));
            self.line(format!("crypto pki trustpoint {name}"));
            self.line("!");
        }
    }

    fn timers(&mut self, connection: &Connection) {
        let name = &connection.name.value;
        let seconds = connection.lifetime.as_secs();
        let kept = seconds.clamp(120, 86_400);
        self.because(
            format!(" lifetime {kept}"),
            "seconds; lifetimes are each end's own matter (RFC 7296 §2.8)",
        );
        if kept != seconds {
            self.cannot(format!("`{name}` lives {seconds} s: here it is {kept} s"));
        }
        let Some(liveness) = &connection.liveness else {
            return;
        };
        let interval = liveness.interval.as_secs();
        let kept = interval.clamp(10, 3600);
        if kept != interval {
            self.cannot(format!(
                "`{name}` asks whether its peer is alive after {interval} s: here it is {kept} s"
            ));
        }
        let waits = &liveness.retransmission.waits;
        let uniform = waits.windows(2).all(|pair| pair.first() == pair.last());
        let first = waits.first().map_or(RETRY, Duration::as_secs);
        let retry = if uniform && (2..=60).contains(&first) {
            first
        } else {
            RETRY
        };
        let kind = if liveness.on_demand {
            "on-demand"
        } else {
            "periodic"
        };
        self.because(
            format!(" dpd {kept} {retry} {kind}"),
            "seconds without anything from the peer, and seconds between tries",
        );
    }

    fn globals(&mut self, connections: &[&Connection]) {
        let before = self.lines.len();
        let fragments = connections.iter().map(|c| c.fragmentation.map(|f| f.value));
        if let Some(fragments) = self.common(fragments, "IKE fragmentation").flatten() {
            self.line(format!("crypto ikev2 fragmentation mtu {fragments}"));
        }
        let traversal = connections.iter().map(|c| c.nat.enabled.value);
        if self.common(traversal, "NAT traversal") == Some(false) {
            self.line("no crypto ipsec nat-transparency udp-encapsulation");
        }
        self.oversize(connections);
        let (limits, default) = (&self.gateway.limits, Limits::default());
        let lines = [
            (
                "cookie-challenge",
                limits.cookie_threshold,
                default.cookie_threshold,
                1000,
            ),
            (
                "limit max-in-negotation-sa",
                limits.max_half_open,
                default.max_half_open,
                60_000,
            ),
            (
                "limit max-sa",
                limits.max_ike_sas,
                default.max_ike_sas,
                60_000,
            ),
        ];
        for (command, value, default, most) in lines {
            if value.value != default.value && value.value <= most {
                self.line(format!("crypto ikev2 {command} {}", value.value));
            }
        }
        if self.lines.len() > before {
            self.line("!");
        }
    }

    /// What holds for the whole router: the first connection's value.
    /// Both have one value here for all, as far as the gateway's Children agree in it.
    fn oversize(&mut self, connections: &[&Connection]) {
        let children = || connections.iter().flat_map(|c| &c.children);
        let df = children().map(|child| child.oversize.outer_df.value);
        match self.common(df, "what becomes of DF") {
            Some(OuterDf::Clear) => self.line("crypto ipsec df-bit clear"),
            Some(OuterDf::Set) => self.line("crypto ipsec df-bit set"),
            Some(OuterDf::Copy) | None => {}
        }
        let cut = children().map(|child| child.oversize.fragmentation.value);
        if self.common(cut, "where packets are cut") == Some(Fragmentation::AfterEncryption) {
            self.line("crypto ipsec fragmentation after-encryption");
        }
    }

    fn common<T: PartialEq>(
        &mut self,
        mut values: impl Iterator<Item = T>,
        what: &str,
    ) -> Option<T> {
        let first = values.next()?;
        if !values.all(|other| other == first) {
            self.cannot(format!(
                "connections differ in {what}, which is one for all here"
            ));
        }
        Some(first)
    }
}

fn known(auth: &Auth) -> Option<String> {
    match auth {
        Auth::Psk(PresharedKey::Known(key)) => Some(words::key(key.expose())),
        _ => None,
    }
}

fn method(auth: &Auth) -> Option<&'static str> {
    match auth {
        Auth::Psk(_) => Some("pre-share"),
        Auth::RsaSignature | Auth::DigitalSignature => Some("rsa-sig"),
        Auth::EcdsaSignature => Some("ecdsa-sig"),
        Auth::Eap => Some("eap"),
    }
}

fn same_suites(a: &IkeProposal, b: &IkeProposal) -> bool {
    a.encr == b.encr && a.integ == b.integ && a.prf == b.prf && a.groups == b.groups
}

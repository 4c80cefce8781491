//! Which key is for which peer.

use super::Lowering;
use super::connection::signature;
use super::peers::PeersByEnd;
use crate::config::keyring::{Keyring, Peer};
use crate::config::profile::{Method, Profile};
use crossgate_diag::{Certainty, Finding, Spanned};
use crossgate_model::{Auth, Identity, IdentityMatch, PresharedKey, RemoteEnd};

/// The two directions of authentication.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Local,
    Remote,
}

impl<'c> Lowering<'c, '_, '_> {
    /// How this end and the peer prove who they are.
    pub(super) fn auths(
        &mut self,
        profile: &'c Profile,
        remote: &RemoteEnd,
        ours: &Spanned<Method>,
        theirs: &Spanned<Method>,
    ) -> (Spanned<Auth>, Spanned<Auth>) {
        let needs_keyring = [ours, theirs]
            .iter()
            .any(|m| signature(m.kind).is_none() && m.key.is_none());
        let peer = match needs_keyring {
            true => self.keyring_peer(profile, remote),
            false => None,
        };
        self.tell_undone([ours, theirs]);
        (
            self.auth(ours, peer, End::Local),
            self.auth(theirs, peer, End::Remote),
        )
    }

    /// One finding for both directions: the judge takes signatures as a router would.
    fn tell_undone(&mut self, methods: [&Spanned<Method>; 2]) {
        let undone = methods.map(|method| signature(method.kind).map(|auth| (auth, method.span)));
        let is_judged = !undone
            .iter()
            .flatten()
            .any(|(auth, _)| matches!(auth, Auth::Eap));
        let Some((first, _)) = undone.iter().flatten().next() else {
            return;
        };
        let code = if is_judged {
            "only-judged"
        } else {
            "not-obeyed"
        };
        let title = format!("authentication by {} is not done here", first.name());
        let mut error = Finding::error(code, title);
        for (_, span) in undone.iter().flatten() {
            error = error.at(*span, "only `pre-share` is");
        }
        self.cx.push(error);
    }

    fn auth(&mut self, method: &Spanned<Method>, peer: Option<&Peer>, end: End) -> Spanned<Auth> {
        let span = method.span;
        if let Some(value) = signature(method.kind) {
            return Spanned { value, span };
        }
        let kept = peer.and_then(|peer| match end {
            End::Local => peer.local_key.as_ref(),
            End::Remote => peer.remote_key.as_ref(),
        });
        let Some(key) = method.key.as_ref().or(kept) else {
            self.no_key(peer, end);
            let value = Auth::Psk(PresharedKey::Missing);
            return Spanned { value, span };
        };
        if matches!(key.value, PresharedKey::Encrypted) {
            self.encrypted(key);
        }
        key.clone().map(Auth::Psk)
    }

    fn no_key(&mut self, peer: Option<&Peer>, end: End) {
        // Without a peer, that was told already.
        let Some(peer) = peer else { return };
        let which = match end {
            End::Local => "local",
            End::Remote => "remote",
        };
        self.cx.push(
            Finding::error(
                "key-missing",
                format!("peer `{}` has no {which} pre-shared key", peer.name.value),
            )
            .at(peer.name.span, "lacks a `pre-shared-key` line"),
        );
    }

    fn encrypted(&mut self, key: &Spanned<PresharedKey>) {
        self.cx.push(
            Finding::warning(
                "key-not-comparable",
                "the key is written encrypted (type 6), so it can be neither used nor compared",
            )
            .at(key.span, "only the router that wrote it can decrypt it")
            .certain(Certainty::Doc),
        );
    }

    /// The peer of the profile's keyring that the remote end is.
    fn keyring_peer(&mut self, profile: &'c Profile, remote: &RemoteEnd) -> Option<&'c Peer> {
        let Some(name) = &profile.keyring else {
            self.cx.push(
                Finding::error(
                    "key-missing",
                    format!("IKEv2 profile `{}` has no keyring", profile.name.value),
                )
                .at(
                    profile.name.span,
                    "authenticates by pre-shared key without `keyring local`",
                ),
            );
            return None;
        };
        let keyring = self.named(&self.config.keyrings, name)?;
        let peer = self.index.peer(keyring, profile, remote);
        if peer.is_none() {
            self.cx.push(
                Finding::error(
                    "key-missing",
                    format!(
                        "keyring `{}` has no key for peer {remote}",
                        keyring.name.value
                    ),
                )
                .at(
                    keyring.name.span,
                    "no peer of it has that address, name or identity",
                )
                .beside(remote_span(remote), "the peer"),
            );
        }
        peer
    }
}

/// By the longest matching address, or by host name.
pub(crate) fn by_end<'c>(keyring: &'c Keyring, remote: &RemoteEnd) -> Option<&'c Peer> {
    PeersByEnd::new(keyring).find(remote)
}

/// By an identity that the profile accepts; for a peer from anywhere, by a key for all.
pub(crate) fn by_identity<'c>(keyring: &'c Keyring, profile: &Profile) -> Option<&'c Peer> {
    let accepted = |id: &Identity| profile.match_remote.iter().any(|m| m.matches(id));
    let by_id = |peer: &&Peer| peer.identity.as_ref().is_some_and(|id| accepted(id));
    let by_name = |peer: &&Peer| {
        let fqdn = peer
            .hostname
            .as_ref()
            .map(|name| Identity::Fqdn(name.value.clone()));
        fqdn.is_some_and(|id| is_exactly(profile, &id))
    };
    let for_all = |peer: &&Peer| peer.address.is_some_and(|net| net.prefix_len() == 0);
    let peers = || keyring.peers.iter();
    peers()
        .find(by_id)
        .or_else(|| peers().find(by_name))
        .or_else(|| peers().find(for_all))
}

fn is_exactly(profile: &Profile, id: &Identity) -> bool {
    profile
        .match_remote
        .iter()
        .any(|m| matches!(m.value, IdentityMatch::Exactly(_)) && m.matches(id))
}

fn remote_span(remote: &RemoteEnd) -> Option<crossgate_diag::Span> {
    match remote {
        RemoteEnd::Address(address) => address.span,
        RemoteEnd::Name(name) => name.span,
        RemoteEnd::Within(net) => net.span,
        RemoteEnd::Any => None,
    }
}

//! IKE_AUTH: who the ends are, that they are who they say, and the first Child SA (RFC 7296 §1.2).
//!
//! ```text
//!   initiator                                    responder
//!   HDR, SK {IDi, AUTH, SAi2, TSi, TSr}       -->
//!                                             <--  HDR, SK {IDr, AUTH, SAr2, TSi, TSr}
//!         without the Child                   <--  HDR, SK {IDr, AUTH, N(error)}
//!         not authenticated                   <--  HDR, SK {N(AUTHENTICATION_FAILED)}
//! ```

use crate::auth::{self, AuthRefusal, InitRecord, PeerAuthenticated};
use crate::channel::Channel;
use crate::child::Birth;
use crate::child::answer::{self, Circumstance};
use crate::child::offer::{ChildOffer, OfferFailed};
use crate::context::{Context, Ends};
use crate::effect::{Arrival, Effect, End};
use crate::exchange::Then;
use crate::identity;
use crate::nat::NatStatus;
use crate::payloads::{Payloads, notify};
use crate::proposal::ike::describe_suite;
use crate::sa::authenticating::Authenticating;
use crate::sa::closing::Closing;
use crate::sa::established::Established;
use crate::sa::responding::Responding;
use crate::sa::{IkeSa, Peering};
use crossgate_model::behaviour::FirstChildFailure;
use crossgate_model::event::{DeleteReason, Exchange, Side};
use crossgate_model::view::Role;
use crossgate_model::{Connection, EventKind, OutboundUse};
use crossgate_wire::ike::{ExchangeType, NotifyType, Payload};
use std::sync::Arc;

const EXCHANGE: Exchange = Exchange::IkeAuth;
const MESSAGE_ID: u32 = 1;

/// Sends our IKE_AUTH.
pub(crate) fn request(
    cx: &mut Context,
    peering: Peering,
    mut channel: Channel,
    record: InitRecord,
    nat: NatStatus,
    first_child: &str,
) -> Option<IkeSa> {
    let config = peering.config.clone();
    // 1. The Child that goes along; there is no KE payload for it (RFC 7296 §1.2).
    let configured = peering.child(first_child);
    let offer = configured
        .ok_or_else(|| "no Child is configured".to_owned())
        .and_then(|child| ChildOffer::new(cx, child, None, None, 0));
    let child = match offer {
        Ok(child) => child,
        Err(reason) => return hopeless(cx, &peering, first_child, reason),
    };
    // 2. Who we are, and the proof of it.
    let id = identity::to_wire(&config.local_identity.value);
    let proof = match auth::our_key(&config) {
        Ok(key) => auth::prove(&channel, &record, key, &id).map_err(|failure| failure.to_string()),
        Err(reason) => Err(reason.to_owned()),
    };
    let proof = match proof {
        Ok(proof) => proof,
        Err(reason) => return hopeless(cx, &peering, first_child, reason),
    };
    // 3. INITIAL_CONTACT, if we know of no other IKE SA with this peer (RFC 7296 §2.4).
    let mut payloads = vec![Payload::IdI(id)];
    if !is_in_contact(cx, &config) {
        payloads.push(notify(NotifyType::INITIAL_CONTACT));
    }
    payloads.push(Payload::Auth(proof));
    payloads.push(child.sa());
    payloads.extend(child.selectors());
    payloads.extend(child.resource_info());
    // 4. Off it goes; from port 4500, if there is a NAT or both ends would have none.
    let policy = cx.gateway.behaviour.retransmission.value.clone();
    let (ends, now) = (peering.ends, cx.now);
    match channel.request(&mut *cx.rng, EXCHANGE, &payloads, ends, &policy, now) {
        Ok(datagrams) => cx.transmit_all(ends, &datagrams),
        Err(failure) => cx.internal(&peering, failure),
    }
    let authenticating = Authenticating {
        peering,
        channel,
        record,
        nat,
        child,
    };
    Some(IkeSa::Authenticating(Box::new(authenticating)))
}

/// Whether an IKE SA with this peer stands. The notify speaks of identities, not of connections: of
/// two connections with one peer, the later one would have it delete what the other one stands on.
fn is_in_contact(cx: &Context, config: &Connection) -> bool {
    let all = cx.gateway.connections.iter();
    let mut of_peer = all.filter(|other| {
        other.name.value == config.name.value || identity::is_same_peer(other, config)
    });
    of_peer.any(|other| cx.book.live_of(&other.name.value).next().is_some())
}

fn hopeless(cx: &mut Context, peering: &Peering, child: &str, reason: String) -> Option<IkeSa> {
    let connection = peering.connection();
    let (child, why) = (child.to_owned(), reason.clone());
    cx.event(peering, Some(&child), EventKind::CannotStart { reason });
    cx.effects.push_back(Effect::ChildFailed {
        connection: connection.clone(),
        child,
        why,
    });
    cx.effects.push_back(Effect::IkeGone {
        connection,
        end: End::Hopeless,
    });
    None
}

impl Authenticating {
    /// The responder's answer.
    pub fn process(
        mut self: Box<Self>,
        cx: &mut Context,
        answer: &Payloads,
        ends: Ends,
    ) -> Option<IkeSa> {
        // 1. Without IDr the responder refused us as a whole; and what has a critical payload that we
        // don't know can't be accepted (RFC 7296 §2.5).
        let id = answer
            .id_r()
            .filter(|_| answer.unknown_critical().is_none());
        let Some(id) = id else {
            let event = self.refusal(answer);
            self.give_up(cx, event);
            return Some(self.closed_by_peer(cx));
        };
        // 2. It is who it should be, and proves it.
        let config = self.peering.config.clone();
        let verified = auth::verify_peer(&self.channel, &self.record, &config, id, answer.auth());
        let peer = match verified {
            Ok(peer) => peer,
            Err(refusal) => return Some(self.reject(cx, refusal)),
        };
        // An answer to what went to the other port before is as good.
        if ends.local.port() == self.peering.ends.local.port() {
            self.peering.ends.remote = ends.remote;
        }
        // 3. The IKE SA stands.
        let Self {
            peering,
            channel,
            record,
            nat,
            child,
        } = *self;
        let fragments = channel.fragment_to.is_some();
        let began = peering.born;
        let mut sa = Box::new(Established::new(cx, peering, channel, peer, nat, fragments));
        announce(cx, &sa, began, false);
        // 4. So does the Child, or only one of them.
        let takes_narrower = cx.gateway.behaviour.accepts_narrowed_answer.value;
        let then = match child.accept(answer, EXCHANGE, takes_narrower) {
            Ok((agreement, event)) => {
                let birth = Birth {
                    role: Role::Initiator,
                    nonce_i: &record.nonce_i,
                    nonce_r: &record.nonce_r,
                    outbound: OutboundUse::Immediately,
                    message_id: MESSAGE_ID,
                };
                sa.add_child(cx, agreement, birth, event);
                Then::Stay
            }
            Err(failed) => first_child_failed(cx, &mut sa, &child, failed),
        };
        sa.go_on(cx, then)
    }

    fn refusal(&self, answer: &Payloads) -> EventKind {
        match answer.error() {
            Some(error) if error.kind == NotifyType::AUTHENTICATION_FAILED => {
                EventKind::AuthenticationFailed {
                    refused_by: Side::Peer,
                    method: self.peering.config.local_auth.value.name().to_owned(),
                    identity: self.peering.config.local_identity.value.to_string(),
                }
            }
            Some(error) => EventKind::PeerRefused {
                exchange: EXCHANGE,
                notify: error.to_string(),
            },
            None => EventKind::MessageRejected {
                exchange: Some(EXCHANGE),
                reason: "the answer has neither IDr nor an error".to_owned(),
            },
        }
    }

    fn closed_by_peer(self: Box<Self>, cx: &Context) -> IkeSa {
        IkeSa::Closing(Closing::by_peer(cx, self.peering, self.channel))
    }

    /// The responder believes in an IKE SA that we can't: it is told so (RFC 7296 §2.21.2).
    fn reject(self: Box<Self>, cx: &mut Context, refusal: AuthRefusal) -> IkeSa {
        self.give_up(cx, refusal.event());
        let tell = vec![notify(NotifyType::AUTHENTICATION_FAILED)];
        IkeSa::Closing(Closing::by_us(cx, self.peering, self.channel, tell))
    }

    /// Authentic, and yet not readable.
    pub fn malformed(
        self: Box<Self>,
        cx: &mut Context,
        error: crossgate_wire::Error,
    ) -> Option<IkeSa> {
        let reason = error.to_string();
        self.give_up(
            cx,
            EventKind::MessageRejected {
                exchange: Some(EXCHANGE),
                reason,
            },
        );
        let tell = vec![notify(NotifyType::INVALID_SYNTAX)];
        Some(IkeSa::Closing(Closing::by_us(
            cx,
            self.peering,
            self.channel,
            tell,
        )))
    }
}

/// As initiator: whether the IKE SA stays without its first Child is this vendor's manner.
fn first_child_failed(
    cx: &mut Context,
    sa: &mut Established,
    offer: &ChildOffer,
    failed: OfferFailed,
) -> Then {
    sa.child_refused(cx, offer, failed);
    after_failure(cx)
}

fn after_failure(cx: &Context) -> Then {
    match cx.gateway.behaviour.first_child_failure.value {
        FirstChildFailure::KeepIkeSa => Then::Stay,
        FirstChildFailure::DeleteIkeSa => Then::Delete {
            reason: DeleteReason::FirstChildFailed,
            tell: Vec::new(),
        },
    }
}

impl Responding {
    /// The initiator's IKE_AUTH.
    pub fn process(
        mut self: Box<Self>,
        cx: &mut Context,
        asked: &Payloads,
        id: u32,
        ends: Ends,
    ) -> Option<IkeSa> {
        // The initiator may have moved to port 4500; so do we (RFC 7296 §2.23).
        self.peering.ends = ends;
        // The address may be another one as well; it counts like that of IKE_SA_INIT.
        self.candidates
            .retain(|config| config.remote.admits(ends.remote.ip()));
        if let Some(kind) = asked.unknown_critical() {
            let reason = format!("critical payload of unknown type {kind}");
            let unsupported = crossgate_wire::ike::Notify::unsupported_critical(kind);
            return Some(self.refuse(cx, rejected(reason), Payload::Notify(unsupported), id));
        }
        // 1. Who it says it is decides which connection is meant, and whether it proves it.
        let authenticated = self.authenticate(asked).and_then(|(config, peer)| {
            self.peering.config = config;
            // 2. Our own identity and proof.
            Ok((peer, self.prove()?))
        });
        let (peer, proof) = match authenticated {
            Ok(authenticated) => authenticated,
            Err(event) => {
                let failed = notify(NotifyType::AUTHENTICATION_FAILED);
                return Some(self.refuse(cx, event, failed, id));
            }
        };
        // 3. The IKE SA stands, whatever becomes of the Child.
        let began = self.peering.born;
        let Self {
            peering,
            channel,
            record,
            nat,
            fragments,
            ..
        } = *self;
        let mut sa = Box::new(Established::new(cx, peering, channel, peer, nat, fragments));
        if nat.any() {
            cx.event(&sa.peering, None, nat.event());
        }
        let first_contact = asked.notify(NotifyType::INITIAL_CONTACT).is_some();
        announce(cx, &sa, began, first_contact);
        // 4. The Child.
        let (ours, then) = first_child(cx, &mut sa, asked, &record);
        // 5. The answer, then whatever follows.
        sa.respond(
            cx,
            ExchangeType::IKE_AUTH,
            id,
            &[proof, ours].concat(),
            ends,
        );
        sa.go_on(cx, then)
    }

    /// IDr and AUTH.
    fn prove(&self) -> Result<Vec<Payload>, EventKind> {
        let config = &self.peering.config;
        let id = identity::to_wire(&config.local_identity.value);
        let key = auth::our_key(config).map_err(str::to_owned);
        let proof = key.and_then(|key| {
            auth::prove(&self.channel, &self.record, key, &id).map_err(|f| f.to_string())
        });
        match proof {
            Ok(proof) => Ok(vec![Payload::IdR(id), Payload::Auth(proof)]),
            Err(reason) => Err(EventKind::CannotStart { reason }),
        }
    }

    /// The connection whose peer has that identity; of several, one whose own identity is the one
    /// that the initiator wants to speak with (RFC 7296 §2.15, IDr).
    fn authenticate(
        &self,
        asked: &Payloads,
    ) -> Result<(Arc<Connection>, PeerAuthenticated), EventKind> {
        let Some(id) = asked.id_i() else {
            return Err(rejected("IDi is missing".to_owned()));
        };
        let said = identity::from_wire(id);
        let wanted = asked.id_r().and_then(identity::from_wire);
        let admitting = || {
            let admits =
                |c: &&Arc<Connection>| said.as_ref().is_some_and(|s| identity::admits(c, s));
            self.candidates.iter().filter(admits)
        };
        let is_wanted = |c: &&Arc<Connection>| wanted.as_ref() == Some(&c.local_identity.value);
        let config = admitting().find(is_wanted).or_else(|| admitting().next());
        let Some(config) = config else {
            let mut expected: Vec<String> = self
                .candidates
                .iter()
                .map(|c| identity::expected(c))
                .collect();
            expected.dedup();
            let (received, expected) = (identity::describe(id), expected.join(" or "));
            return Err(EventKind::IdentityUnmatched { received, expected });
        };
        let peer = auth::verify_peer(&self.channel, &self.record, config, id, asked.auth());
        peer.map(|peer| (config.clone(), peer))
            .map_err(AuthRefusal::event)
    }

    /// Protected, since keys exist, but the peer is nobody: the SA is over.
    fn refuse(
        mut self: Box<Self>,
        cx: &mut Context,
        event: EventKind,
        tell: Payload,
        id: u32,
    ) -> IkeSa {
        cx.event(&self.peering, None, event);
        let (exchange, ends) = (ExchangeType::IKE_AUTH, self.peering.ends);
        match self
            .channel
            .answer(&mut *cx.rng, exchange, id, &[tell], ends)
        {
            Ok(datagrams) => cx.transmit_all(ends, &datagrams),
            Err(failure) => cx.internal(&self.peering, failure),
        }
        IkeSa::Closing(Closing::by_peer(cx, self.peering, self.channel))
    }

    pub fn malformed(
        mut self: Box<Self>,
        cx: &mut Context,
        error: crossgate_wire::Error,
        id: u32,
        ends: Ends,
    ) -> Option<IkeSa> {
        self.peering.ends = ends;
        let syntax = notify(NotifyType::INVALID_SYNTAX);
        Some(self.refuse(cx, rejected(error.to_string()), syntax, id))
    }
}

/// As responder: SA, TSi and TSr, or the error in their place.
fn first_child(
    cx: &mut Context,
    sa: &mut Established,
    asked: &Payloads,
    record: &InitRecord,
) -> (Vec<Payload>, Then) {
    let circumstance = Circumstance {
        exchange: EXCHANGE,
        ike: sa.peering.id,
        rekeys: None,
    };
    let config = sa.peering.config.clone();
    match answer::answer(cx, &config, asked, circumstance) {
        Ok((agreement, ours)) => {
            let birth = Birth {
                role: Role::Responder,
                nonce_i: &record.nonce_i,
                nonce_r: &record.nonce_r,
                outbound: OutboundUse::AfterPeer,
                message_id: MESSAGE_ID,
            };
            sa.add_child(cx, agreement, birth, None);
            (ours, Then::Stay)
        }
        Err(refusal) => {
            let error = Payload::Notify(refusal.notify.clone());
            sa.refused_child(cx, refusal);
            (vec![error], after_failure(cx))
        }
    }
}

fn rejected(reason: String) -> EventKind {
    EventKind::MessageRejected {
        exchange: Some(EXCHANGE),
        reason,
    }
}

fn announce(cx: &mut Context, sa: &Established, began: crossgate_model::Time, first_contact: bool) {
    let suite = describe_suite(&sa.channel.suite);
    cx.event(
        &sa.peering,
        None,
        EventKind::IkeEstablished {
            suite,
            nat: sa.nat.any(),
        },
    );
    cx.effects.push_back(Effect::Established(Box::new(Arrival {
        id: sa.peering.id,
        connection: sa.peering.connection(),
        identity: sa.peer.identity().clone(),
        began,
        first_contact,
        by_us: sa.peering.role == Role::Initiator,
    })));
}

//! IKE_SA_INIT: algorithms, nonces and Diffie-Hellman (RFC 7296 §1.2), with its two detours, COOKIE
//! (§2.6) and INVALID_KE_PAYLOAD (§1.2).
//!
//! ```text
//!   initiator                                    responder
//!   HDR, [N(COOKIE)], SAi1, KEi, Ni, N(NAT…)  -->
//!                                             <--  HDR, SAr1, KEr, Nr, N(NAT…)
//!                                     or      <--  HDR, N(COOKIE) | N(INVALID_KE_PAYLOAD) | error
//! ```
//!
//! Nothing in this exchange is authentic before IKE_AUTH has covered it: an error here ends the
//! attempt, and another one follows later.

use crate::auth::{self, InitRecord};
use crate::channel::Channel;
use crate::child::offer::ke_payload;
use crate::context::{Context, Ends};
use crate::cookie::{Asker, CookieJar};
use crate::error::Failure;
use crate::fault::Fault;
use crate::keys;
use crate::limits::{IKE_PORT, MAX_INIT_ROUNDS};
use crate::nat;
use crate::payloads::{Payloads, notify};
use crate::proposal::describe_payload;
use crate::proposal::ike::{ChosenIke, IkeOffer};
use crate::sa::initiating::Initiating;
use crate::sa::responding::Responding;
use crate::sa::{IkeSa, Peering};
use crate::window::Outstanding;
use crossgate_crypto::{DhGroup, DhKeyPair, Secret};
use crossgate_model::event::{Exchange, Side};
use crossgate_model::view::Role;
use crossgate_model::{Connection, EventKind};
use crossgate_wire::ike::{
    Datagram, DhId, ExchangeType, Flags, Header, IkeSpi, Nonce, Notify, NotifyType, Payload,
    Proposal, SaPayload, build_message,
};
use std::net::SocketAddr;
use std::sync::Arc;

const EXCHANGE: Exchange = Exchange::IkeSaInit;

/// Begins a negotiation in which `first_child` goes into IKE_AUTH; an error says what lacks.
pub(crate) fn initiate(
    cx: &mut Context,
    config: &Arc<Connection>,
    first_child: &str,
) -> Result<Initiating, String> {
    // 1. Whatever is needed later is there.
    auth::check_keys(config)?;
    let remote = config
        .remote
        .address()
        .ok_or("the peer's address is not configured")?;
    let local = config.local.address.map(|address| address.value);
    let local = local.ok_or("the interface that it starts from has no address")?;
    let offer = IkeOffer::of(&config.proposals);
    let group = offer
        .first_group()
        .ok_or("no IKE proposal that can be computed is configured")?;
    // 2. Our SPI, nonce and key pair.
    let dh = cx.key_pair(group).map_err(|error| error.to_string())?;
    let ends = Ends {
        local: SocketAddr::new(local, IKE_PORT),
        remote: SocketAddr::new(remote, IKE_PORT),
    };
    let peering = Peering {
        id: cx.next_ike_id(),
        config: config.clone(),
        ends,
        role: Role::Initiator,
        spi_i: cx.ike_spi(),
        spi_r: IkeSpi::ZERO,
        born: cx.now,
    };
    // 3. The request.
    let nonce = cx.nonce();
    let message = request(&peering, &offer, &dh, &nonce, None).map_err(|e| e.to_string())?;
    let outstanding = send(cx, &peering, message);
    cx.event(&peering, None, EventKind::IkeStarted { by: Side::Us });
    Ok(Initiating {
        peering,
        first_child: first_child.to_owned(),
        offer,
        dh,
        nonce,
        cookie: None,
        request: outstanding,
        rounds: 0,
    })
}

fn request(
    peering: &Peering,
    offer: &IkeOffer,
    dh: &DhKeyPair,
    nonce: &[u8],
    cookie: Option<&Notify>,
) -> Result<Vec<u8>, Failure> {
    let config = &peering.config;
    let mut payloads: Vec<Payload> = cookie.cloned().map(Payload::Notify).into_iter().collect();
    payloads.push(Payload::Sa(SaPayload::new(offer.to_wire(&[]))));
    payloads.push(ke_payload(dh));
    payloads.push(Payload::Nonce(Nonce {
        data: nonce.to_vec(),
    }));
    payloads.extend(nat::detection(
        &config.nat,
        (peering.spi_i, IkeSpi::ZERO),
        peering.ends,
    ));
    payloads.extend(fragmentation(config));
    payloads.extend(nat::our_kind(&config.nat));
    let flags = Flags::new(true, false);
    let (spi_i, exchange) = (peering.spi_i, ExchangeType::IKE_SA_INIT);
    Ok(build_message(
        &Header::new(spi_i, IkeSpi::ZERO, exchange, flags, 0),
        &payloads,
    )?)
}

fn fragmentation(config: &Connection) -> Option<Payload> {
    let supported = notify(NotifyType::IKEV2_FRAGMENTATION_SUPPORTED);
    config.fragmentation.map(|_| supported)
}

fn send(cx: &mut Context, peering: &Peering, message: Vec<u8>) -> Outstanding {
    let policy = &cx.gateway.behaviour.retransmission.value;
    let outstanding = Outstanding::new(0, EXCHANGE, vec![message.clone()], policy, cx.now);
    cx.transmit(peering.ends, message);
    outstanding
}

impl Initiating {
    /// The answer to our request.
    pub fn process(
        mut self: Box<Self>,
        cx: &mut Context,
        datagram: &Datagram<'_>,
        ends: Ends,
    ) -> Option<IkeSa> {
        let header = datagram.header;
        let is_answer = header.exchange == ExchangeType::IKE_SA_INIT
            && header.flags.response()
            && !header.flags.initiator()
            && header.message_id == 0
            && ends.remote.ip() == self.peering.ends.remote.ip();
        if !is_answer {
            cx.count("unexpected-answer");
            return Some(IkeSa::Initiating(self));
        }
        let answer = Payloads(datagram.payloads.clone());
        // 1. A cookie: the same request again, with the cookie first (RFC 7296 §2.6).
        if let Some(cookie) = answer.notify(NotifyType::COOKIE) {
            cx.event(
                &self.peering,
                None,
                EventKind::CookieRequired { by: Side::Peer },
            );
            self.cookie = Some(cookie.clone());
            return self.again(cx);
        }
        // 2. Another group: again with a key pair of it, if we proposed it (RFC 7296 §1.2).
        if let Some(wanted) = answer.error().and_then(Notify::wanted_group) {
            let offered = self.dh.group().iana_id();
            cx.event(
                &self.peering,
                None,
                EventKind::InvalidKe {
                    offered,
                    wanted: wanted.0,
                },
            );
            return self.with_group(cx, wanted);
        }
        // 3. Any other error ends the attempt.
        if let Some(error) = answer.error() {
            let event = self.refusal(error);
            return self.fail(cx, event);
        }
        // 4. The choice is one that we offered, and the key exchange goes with it.
        match self.accept(&answer, header.responder_spi) {
            Ok(accepted) => self.authenticate(cx, datagram, &answer, accepted, ends),
            Err(event) => self.fail(cx, event),
        }
    }

    /// What follows a good answer: keys, and IKE_AUTH.
    fn authenticate(
        mut self: Box<Self>,
        cx: &mut Context,
        datagram: &Datagram<'_>,
        answer: &Payloads,
        accepted: Accepted,
        ends: Ends,
    ) -> Option<IkeSa> {
        // 5. Keys.
        self.peering.spi_r = datagram.header.responder_spi;
        let spis = (self.peering.spi_i, self.peering.spi_r);
        let Accepted {
            chosen,
            nonce_r,
            shared,
        } = accepted;
        let nonces = (self.nonce.as_slice(), nonce_r.as_slice());
        let mut channel = match new_channel(Role::Initiator, &chosen, &shared, nonces, spis) {
            Ok(channel) => channel,
            Err(failure) => return self.fail(cx, rejected(failure.to_string())),
        };
        channel.requests.next = 1;
        cx.outputs.push_back(keys::log(&self.peering, &channel));
        // 6. NAT detection, with the addresses that this answer had (RFC 7296 §2.23).
        let nat = nat::detect(&self.peering.config.nat, answer, spis, ends);
        if nat.floats() {
            self.peering.ends = nat::floated(self.peering.ends);
        }
        if nat.any() {
            cx.event(&self.peering, None, nat.event());
        }
        let size = self.peering.config.fragmentation.map(|size| size.value);
        channel.fragment_to = size.filter(|_| can_fragment(answer));
        // 7. What AUTH will cover.
        let request = self.request.datagrams.first().cloned().unwrap_or_default();
        let record = InitRecord {
            request,
            response: datagram.bytes().to_vec(),
            nonce_i: self.nonce,
            nonce_r,
        };
        super::ike_auth::request(cx, self.peering, channel, record, nat, &self.first_child)
    }

    fn refusal(&self, error: &Notify) -> EventKind {
        match error.kind {
            NotifyType::NO_PROPOSAL_CHOSEN => EventKind::NoProposalChosen {
                exchange: EXCHANGE,
                refused_by: Side::Peer,
                received: error.kind.to_string(),
                expected: self.offer.describe(),
            },
            _ => EventKind::PeerRefused {
                exchange: EXCHANGE,
                notify: error.to_string(),
            },
        }
    }

    fn with_group(mut self: Box<Self>, cx: &mut Context, wanted: DhId) -> Option<IkeSa> {
        let offered = |group: &DhGroup| group.iana_id() == wanted.0 && *group != self.dh.group();
        let retried = self.offer.groups().find(offered);
        let Some(group) = retried.filter(|_| !cx.has(Fault::NoRetryOnInvalidKe)) else {
            let event = EventKind::NoProposalChosen {
                exchange: EXCHANGE,
                refused_by: Side::Us,
                received: format!("wish for group {}", wanted.0),
                expected: self.offer.describe(),
            };
            return self.fail(cx, event);
        };
        match cx.key_pair(group) {
            Ok(dh) => self.dh = dh,
            Err(error) => cx.internal(&self.peering, error.into()),
        }
        self.again(cx)
    }

    /// The same nonce and SPI, with another cookie or group; AUTH will cover this message.
    fn again(mut self: Box<Self>, cx: &mut Context) -> Option<IkeSa> {
        self.rounds = self.rounds.saturating_add(1);
        if self.rounds > MAX_INIT_ROUNDS {
            let limit = u32::from(MAX_INIT_ROUNDS);
            return self.fail(
                cx,
                EventKind::LimitReached {
                    what: "IKE_SA_INIT rounds",
                    limit,
                },
            );
        }
        let cookie = self.cookie.as_ref();
        match request(&self.peering, &self.offer, &self.dh, &self.nonce, cookie) {
            Ok(message) => self.request = send(cx, &self.peering, message),
            Err(failure) => cx.internal(&self.peering, failure),
        }
        Some(IkeSa::Initiating(self))
    }

    fn accept(&self, answer: &Payloads, spi_r: IkeSpi) -> Result<Accepted, EventKind> {
        if let Some(kind) = answer.unknown_critical() {
            return Err(rejected(format!("critical payload of unknown type {kind}")));
        }
        let (Some(sa), Some(ke), Some(nonce)) = (answer.sa(), answer.ke(), answer.nonce()) else {
            return Err(rejected("SA, KE or nonce is missing".to_owned()));
        };
        if spi_r.is_zero() {
            return Err(rejected("the responder's SPI is zero".to_owned()));
        }
        let chosen = self
            .offer
            .accept(sa)
            .ok_or_else(|| EventKind::NoProposalChosen {
                exchange: EXCHANGE,
                refused_by: Side::Us,
                received: describe_payload(Some(sa)),
                expected: self.offer.describe(),
            })?;
        let ours = self.dh.group();
        if chosen.suite.dh != ours || ke.group.0 != ours.iana_id() {
            return Err(rejected(format!(
                "KE payload of {}, expected {ours}",
                ke.group
            )));
        }
        let shared = self
            .dh
            .agree(&ke.data)
            .map_err(|error| rejected(error.to_string()))?;
        let nonce_r = nonce.to_vec();
        Ok(Accepted {
            chosen,
            nonce_r,
            shared,
        })
    }
}

/// The responder's half, checked.
struct Accepted {
    chosen: ChosenIke,
    nonce_r: Vec<u8>,
    shared: Secret,
}

fn rejected(reason: String) -> EventKind {
    EventKind::MessageRejected {
        exchange: Some(EXCHANGE),
        reason,
    }
}

fn can_fragment(payloads: &Payloads) -> bool {
    payloads
        .notify(NotifyType::IKEV2_FRAGMENTATION_SUPPORTED)
        .is_some()
}

/// Nonces and SPIs are the initiator's and the responder's.
fn new_channel(
    role: Role,
    chosen: &ChosenIke,
    shared: &Secret,
    (nonce_i, nonce_r): (&[u8], &[u8]),
    spis: (IkeSpi, IkeSpi),
) -> Result<Channel, Failure> {
    let keys = keys::initial(
        &chosen.suite,
        keys::Inputs {
            shared,
            nonce_i,
            nonce_r,
            spis,
        },
    )?;
    Ok(Channel::new(role, spis, chosen.suite, keys)?)
}

/// A request of somebody unknown, and what the engine knows about the situation.
pub(crate) struct Arrived<'a, 'b> {
    pub datagram: &'a Datagram<'b>,
    pub ends: Ends,
    /// Connections that may be meant, best first; not empty.
    pub candidates: Vec<Arc<Connection>>,
    /// So many half-open SAs already that each asker must show that it is where it says.
    pub needs_cookie: bool,
}

/// Answers; a state is kept only if the peer gets an SPI of ours.
pub(crate) fn respond(
    cx: &mut Context,
    jar: &mut CookieJar,
    arrived: Arrived<'_, '_>,
) -> Option<Responding> {
    let header = arrived.datagram.header;
    let asked = Payloads(arrived.datagram.payloads.clone());
    match decide(cx, jar, &arrived, &asked) {
        Ok(responding) => Some(responding),
        Err(Unwilling { notify, event }) => {
            if let Some(event) = event
                && cx.unknown.allow(cx.now)
            {
                let name = arrived.candidates.first().map(|c| c.name.value.clone());
                cx.event_without_sa(name.as_deref(), Some(arrived.ends.remote), event);
            }
            if let Some(notify) = notify {
                refuse(cx, &header, notify, arrived.ends);
            }
            None
        }
    }
}

/// Why no SA comes of a request.
struct Unwilling {
    notify: Option<Notify>,
    event: Option<EventKind>,
}

impl Unwilling {
    fn malformed(reason: &str) -> Self {
        let reason = reason.to_owned();
        Self {
            notify: Some(Notify::new(NotifyType::INVALID_SYNTAX)),
            event: Some(EventKind::MessageRejected {
                exchange: Some(EXCHANGE),
                reason,
            }),
        }
    }
}

fn decide(
    cx: &mut Context,
    jar: &mut CookieJar,
    arrived: &Arrived<'_, '_>,
    asked: &Payloads,
) -> Result<Responding, Unwilling> {
    let (header, ends) = (arrived.datagram.header, arrived.ends);
    // 1. All is there, and nothing that must be understood is unknown.
    if let Some(kind) = asked.unknown_critical() {
        cx.count("unsupported-critical-payload");
        return Err(Unwilling {
            notify: Some(Notify::unsupported_critical(kind)),
            event: None,
        });
    }
    let (Some(sa), Some(ke), Some(nonce_i)) = (asked.sa(), asked.ke(), asked.nonce()) else {
        return Err(Unwilling::malformed("SA, KE or nonce is missing"));
    };
    // 2. Under load, the asker is where it says (RFC 7296 §2.6).
    if arrived.needs_cookie {
        check_cookie(cx, jar, arrived, asked, nonce_i)?;
    }
    // 3. The proposals, by the best connection that has one of them.
    let (candidates, chosen) = choose(&arrived.candidates, sa, ke.group)?;
    let Some(config) = candidates.first().cloned() else {
        return Err(Unwilling::malformed("no connection"));
    };
    // 4. The KE payload is of the chosen group (RFC 7296 §1.2).
    let wanted = chosen.suite.dh.iana_id();
    if ke.group.0 != wanted {
        let offered = ke.group.0;
        return Err(Unwilling {
            notify: Some(Notify::invalid_ke(DhId(wanted))),
            event: Some(EventKind::InvalidKe { offered, wanted }),
        });
    }
    // 5. Our half, and the keys.
    let spis = (header.initiator_spi, cx.ike_spi());
    let nonce_r = cx.nonce();
    let made = cx
        .agree(chosen.suite.dh, &ke.data)
        .map(|(dh, shared)| (ke_payload(&dh), shared));
    let (our_ke, shared) = made.map_err(|error| Unwilling::malformed(&error.to_string()))?;
    let nonces = (nonce_i, nonce_r.as_slice());
    let channel = new_channel(Role::Responder, &chosen, &shared, nonces, spis);
    let mut channel = channel.map_err(|failure| Unwilling::malformed(&failure.to_string()))?;
    channel.answers.expected = 1;
    let peering = Peering {
        id: cx.next_ike_id(),
        config,
        ends,
        role: Role::Responder,
        spi_i: spis.0,
        spi_r: spis.1,
        born: cx.now,
    };
    cx.outputs.push_back(keys::log(&peering, &channel));
    cx.event(&peering, None, EventKind::IkeStarted { by: Side::Peer });
    // 6. The answer, which AUTH will cover.
    let fragments = can_fragment(asked);
    let response = answer(&header, &peering, chosen.answer, our_ke, &nonce_r, asked)
        .map_err(|error| Unwilling::malformed(&error.to_string()))?;
    cx.transmit(ends, response.clone());
    let record = InitRecord {
        request: arrived.datagram.bytes().to_vec(),
        response,
        nonce_i: nonce_i.to_vec(),
        nonce_r,
    };
    // 7. The request was made before we had an SPI (RFC 7296 §2.23).
    let nat = nat::detect(&peering.config.nat, asked, (spis.0, IkeSpi::ZERO), ends);
    Ok(Responding {
        peering,
        candidates,
        channel,
        record,
        nat,
        fragments,
    })
}

fn answer(
    request: &Header,
    peering: &Peering,
    sa: Proposal,
    ke: Payload,
    nonce: &[u8],
    asked: &Payloads,
) -> Result<Vec<u8>, crossgate_wire::Error> {
    let nonce = Payload::Nonce(Nonce {
        data: nonce.to_vec(),
    });
    let mut payloads = vec![Payload::Sa(SaPayload::new(vec![sa])), ke, nonce];
    let spis = (peering.spi_i, peering.spi_r);
    payloads.extend(nat::detection(&peering.config.nat, spis, peering.ends));
    payloads.extend(fragmentation(&peering.config).filter(|_| can_fragment(asked)));
    payloads.extend(nat::our_kind(&peering.config.nat).filter(|_| nat::is_of_our_kind(asked)));
    let header = Header {
        responder_spi: peering.spi_r,
        ..request.response()
    };
    build_message(&header, &payloads)
}

fn check_cookie(
    cx: &mut Context,
    jar: &mut CookieJar,
    arrived: &Arrived<'_, '_>,
    asked: &Payloads,
    nonce: &[u8],
) -> Result<(), Unwilling> {
    let asker = Asker {
        nonce,
        address: arrived.ends.remote.ip(),
        spi: arrived.datagram.header.initiator_spi.as_bytes(),
    };
    let shown = asked.notify(NotifyType::COOKIE);
    if shown.is_some_and(|cookie| jar.accepts(cx.now, asker, &cookie.data)) {
        return Ok(());
    }
    let cookie = jar.bake(cx.now, asker, |len| cx.secret(len));
    Err(Unwilling {
        notify: cookie.map(|cookie| Notify::with_data(NotifyType::COOKIE, cookie)),
        event: Some(EventKind::CookieRequired { by: Side::Us }),
    })
}

/// The first candidate with a proposal in common decides; others that have the same suite stay
/// candidates until IKE_AUTH says who it is.
fn choose(
    candidates: &[Arc<Connection>],
    sa: &SaPayload,
    ke: DhId,
) -> Result<(Vec<Arc<Connection>>, ChosenIke), Unwilling> {
    let offers = || candidates.iter().map(|c| (c, IkeOffer::of(&c.proposals)));
    let chosen = offers().find_map(|(_, offer)| offer.choose(sa, Some(ke)));
    let Some(chosen) = chosen else {
        let mut expected: Vec<String> = offers().map(|(_, offer)| offer.describe()).collect();
        expected.dedup();
        return Err(Unwilling {
            notify: Some(Notify::new(NotifyType::NO_PROPOSAL_CHOSEN)),
            event: Some(EventKind::NoProposalChosen {
                exchange: EXCHANGE,
                refused_by: Side::Us,
                received: describe_payload(Some(sa)),
                expected: expected.join(" or "),
            }),
        });
    };
    let choice = SaPayload::new(vec![chosen.answer.clone()]);
    let with_suite = offers().filter(|(_, offer)| offer.choose(&choice, Some(ke)).is_some());
    Ok((
        with_suite
            .map(|(connection, _)| connection.clone())
            .collect(),
        chosen,
    ))
}

/// An answer that makes no state: only notifies, and no SPI of ours.
pub(crate) fn refuse(cx: &mut Context, request: &Header, notify: Notify, ends: Ends) {
    let payloads = [Payload::Notify(notify)];
    match build_message(&request.response(), &payloads) {
        Ok(message) => cx.transmit(ends, message),
        Err(_) => cx.count("internal-failure"),
    }
}
